#ifndef FAILURE_H
#define FAILURE_H

#include <remotemedia.h>

/* End the program with a message if a call of FFmpeg's, or one of the library's, has failed; else answer what it answered. */
int check_av(int result, const char *what);
rm_status check_rm(rm_status status, const char *what);

/* The same for what cannot be made for lack of memory. */
void *check_memory(void *pointer);

#endif
