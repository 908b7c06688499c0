/* Planes and frames. */
#include "element.h"

void planes_from_frames(gfloat *planes, const gfloat *frames, gsize count, guint channels)
{
    for (guint channel = 0; channel < channels; channel++)
        for (gsize frame = 0; frame < count; frame++)
            planes[channel * count + frame] = frames[frame * channels + channel];
}

void frames_from_planes(gfloat *frames, const gfloat *planes, gsize count, guint channels)
{
    for (guint channel = 0; channel < channels; channel++)
        for (gsize frame = 0; frame < count; frame++)
            frames[frame * channels + channel] = planes[channel * count + frame];
}
