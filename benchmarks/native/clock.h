/* Seconds, by a clock that only goes forward. */
#ifndef CLOCK_H
#define CLOCK_H

#include <time.h>

static inline double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

#endif
