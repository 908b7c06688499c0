/* What goes wrong ends these programs. */
#include "failure.h"

#include <libavutil/error.h>
#include <stdio.h>
#include <stdlib.h>

int check_av(int result, const char *what)
{
    if (result >= 0)
        return result;
    char message[AV_ERROR_MAX_STRING_SIZE];
    fprintf(stderr, "%s: %s\n", what, av_make_error_string(message, sizeof message, result));
    exit(EXIT_FAILURE);
}

rm_status check_rm(rm_status status, const char *what)
{
    if (status >= 0)
        return status;
    char message[512];
    size_t length = 0;
    rm_last_error(message, sizeof message, &length);
    if (length > sizeof message)
        length = sizeof message;
    fprintf(stderr, "%s: %.*s (status %d)\n", what, (int)length, message, (int)status);
    exit(EXIT_FAILURE);
}

void *check_memory(void *pointer)
{
    if (pointer == NULL)
        check_av(AVERROR(ENOMEM), "allocate");
    return pointer;
}
