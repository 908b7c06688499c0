/* Gives files to a fuzzing program, one after the other, without a fuzzer: `program FOLDER…`. */
#include "fuzz.h"

#include <dirent.h>

static void replay(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL && fseek(file, 0, SEEK_END) == 0);
    long size = ftell(file);
    CHECK(size >= 0 && fseek(file, 0, SEEK_SET) == 0);
    uint8_t *data = malloc((size_t)size + 1);
    CHECK(data != NULL && fread(data, 1, (size_t)size, file) == (size_t)size);
    fclose(file);
    fprintf(stderr, "%s\n", path);
    LLVMFuzzerTestOneInput(data, (size_t)size);
    free(data);
}

int main(int count, char **arguments)
{
    int files = 0;
    for (int at = 1; at < count; at++) {
        DIR *folder = opendir(arguments[at]);
        CHECK(folder != NULL);
        for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
            if (entry->d_name[0] != '.') {
                replay(arguments[at], entry->d_name);
                files++;
            }
        }
        closedir(folder);
    }
    CHECK(files > 0);
    printf("%d files\n", files);
    return 0;
}
