#ifndef GAIN_H
#define GAIN_H

#include <remotemedia.h>

/* Makes a node that multiplies audio by `*gain`, which must outlive it. */
rm_status gain_new(const float *gain, rm_node *node);

#endif
