/* The plugin that has the element. */
#include "element.h"

#define PACKAGE "remotemedia"

static gboolean initialise(GstPlugin *plugin)
{
    return GST_ELEMENT_REGISTER(remotemedia, plugin);
}

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, remotemedia, "Pipelines of remotemedia as an element", initialise,
                  REMOTEMEDIA_VERSION, GST_LICENSE_UNKNOWN, PACKAGE, PACKAGE)
