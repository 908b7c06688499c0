/* Writes a WAV file for other programs to read: 1.5 s of 440 Hz at half of full scale, mono, 16 bits, 44100 Hz. */

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { RATE = 44100, FRAMES = RATE * 3 / 2 };

static void little(FILE *file, uint32_t value, int bytes)
{
    for (; bytes > 0; bytes--, value >>= 8)
        fputc((int)(value & 255), file);
}

int main(int count, char **arguments)
{
    FILE *file = count == 2 ? fopen(arguments[1], "wb") : NULL;
    if (file == NULL) {
        fprintf(stderr, "usage: %s FILE\n", arguments[0]);
        return EXIT_FAILURE;
    }
    fputs("RIFF", file);
    little(file, 36 + FRAMES * 2, 4);
    fputs("WAVEfmt ", file);
    little(file, 16, 4);
    little(file, 1, 2); /* integers */
    little(file, 1, 2); /* channels */
    little(file, RATE, 4);
    little(file, RATE * 2, 4);
    little(file, 2, 2);
    little(file, 16, 2);
    fputs("data", file);
    little(file, FRAMES * 2, 4);
    for (int i = 0; i < FRAMES; i++)
        little(file, (uint32_t)lround(16384 * sin(6.283185307179586 * 440 * i / RATE)), 2);
    return fclose(file) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
