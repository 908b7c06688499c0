#ifndef ELEMENT_H
#define ELEMENT_H

#include <gst/audio/audio.h>
#include <remotemedia.h>

G_BEGIN_DECLS

#define TYPE_REMOTE_MEDIA (remote_media_get_type())
G_DECLARE_FINAL_TYPE(RemoteMedia, remote_media, REMOTE, MEDIA, GstElement)
GST_ELEMENT_REGISTER_DECLARE(remotemedia)

/* The element. The object lock guards what its comment says; the rest belongs to the thread that streams. */
struct _RemoteMedia {
    GstElement parent;
    GstPad *sink, *source;
    gchar *manifest;    /* [object lock] */
    guint max_buffers;  /* [object lock] */
    rm_runtime runtime; /* from READY to NULL, like the pipeline */
    rm_pipeline pipeline;
    rm_session session; /* [object lock] 0 for none */
    GstAudioInfo input;
    GstAudioInfo output; /* of the output node */
    GQueue held;         /* [object lock] events that go out with the next buffer, after its caps */
    gint flow;           /* [atomic] why the session has ended, if it has */
};

/* stream.c: the session of one segment in one format. */

/* Makes the runtime and the pipeline; FALSE after an error message. */
gboolean stream_prepare(RemoteMedia *self);
void stream_dispose(RemoteMedia *self);

/* Pushes samples, opening a session for the first, and waits while the pipeline is full. */
GstFlowReturn stream_push(RemoteMedia *self, GstBuffer *buffer);

/* Waits until everything that was pushed has gone out. */
GstFlowReturn stream_drain(RemoteMedia *self);

/* Gives up what is inside, and has no thread wait any longer. From any thread. */
void stream_cancel(RemoteMedia *self);

/* Waits until no thread of the library is at work for us. */
void stream_close(RemoteMedia *self);

/* output.c: what comes out of the session. */

/* Makes the node that sends the outputs on. */
rm_status output_new(RemoteMedia *self, rm_node *node);

/* Sends the events that were held. */
void output_release(RemoteMedia *self);

/* planes.c: the library has a plane for each channel, most elements of GStreamer have frames. */

void planes_from_frames(gfloat *planes, const gfloat *frames, gsize count, guint channels);
void frames_from_planes(gfloat *frames, const gfloat *planes, gsize count, guint channels);

G_END_DECLS

#endif
