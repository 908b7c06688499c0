#ifndef SOFTEN_H
#define SOFTEN_H

#include <remotemedia.h>

/* Makes a node that halves audio. */
rm_status soften_new(rm_node *node);

#endif
