#ifndef NEGATIVE_H
#define NEGATIVE_H

#include <remotemedia.h>

/* Makes a node that turns bright into dark. */
rm_status negative_new(rm_node *node);

#endif
