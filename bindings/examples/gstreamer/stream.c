/* The session of one segment in one format: it opens with the first buffer, and has ended before the next one begins. */
#include <string.h>

#include "element.h"

/* Posts the failure of the last call on this thread; where a node failed, it names the node and the input. */
static void report(RemoteMedia *self, rm_status status)
{
    gchar message[512];
    size_t length = 0;
    rm_last_error(message, sizeof message - 1, &length);
    message[MIN(length, sizeof message - 1)] = '\0';
    GST_ELEMENT_ERROR(self, STREAM, FAILED, ("%s", message), ("status %d", (int)status));
}

/* What a call of the session means to the streaming thread. A failure is reported once. */
static GstFlowReturn flow_of(RemoteMedia *self, rm_status status)
{
    if (status == RM_OK)
        return GST_FLOW_OK;
    GstFlowReturn flow = (GstFlowReturn)g_atomic_int_get(&self->flow);
    if (flow != GST_FLOW_OK)
        return flow;
    if (status == RM_ERR_CANCELLED)
        return GST_FLOW_FLUSHING;
    report(self, status);
    g_atomic_int_set(&self->flow, GST_FLOW_ERROR);
    return GST_FLOW_ERROR;
}

/* A manifest is what has a brace or a second line, else the name of a file that has it. */
static gchar *read_manifest(RemoteMedia *self)
{
    GST_OBJECT_LOCK(self);
    gchar *text = g_strdup(self->manifest == NULL ? "" : self->manifest);
    GST_OBJECT_UNLOCK(self);
    if (strpbrk(text, "{\n") != NULL)
        return text;
    gchar *content = NULL;
    GError *error = NULL;
    if (!g_file_get_contents(text, &content, NULL, &error)) {
        GST_ELEMENT_ERROR(self, RESOURCE, OPEN_READ, ("the property 'manifest': %s", error->message), (NULL));
        g_error_free(error);
    }
    g_free(text);
    return content;
}

gboolean stream_prepare(RemoteMedia *self)
{
    gchar *manifest = read_manifest(self);
    if (manifest == NULL)
        return FALSE;
    rm_runtime_config config = RM_RUNTIME_CONFIG_INIT;
    rm_status status = rm_runtime_new(&config, &self->runtime);
    if (status == RM_OK)
        status = rm_pipeline_new(self->runtime, &self->pipeline);
    if (status == RM_OK)
        status = rm_pipeline_load(self->pipeline, manifest, strlen(manifest));
    g_free(manifest);
    if (status == RM_OK)
        return TRUE;
    report(self, status);
    stream_dispose(self);
    return FALSE;
}

void stream_dispose(RemoteMedia *self)
{
    rm_pipeline_free(self->pipeline);
    rm_runtime_free(self->runtime); /* waits for its threads */
    self->pipeline = self->runtime = 0;
}

static rm_session session_of(RemoteMedia *self)
{
    GST_OBJECT_LOCK(self);
    rm_session session = self->session;
    GST_OBJECT_UNLOCK(self);
    return session;
}

/* The planes of a buffer of frames, which lie in `packet->buffer`. */
static rm_status new_packet(const GstAudioInfo *info, GstBuffer *buffer, const GstMapInfo *frames, rm_packet *packet)
{
    void *planes = NULL;
    *packet = (rm_packet)RM_PACKET_INIT;
    packet->kind = RM_KIND_AUDIO;
    packet->pts = GST_BUFFER_PTS_IS_VALID(buffer) ? (int64_t)GST_BUFFER_PTS(buffer) : RM_TIME_NONE;
    packet->duration = GST_BUFFER_DURATION_IS_VALID(buffer) ? (int64_t)GST_BUFFER_DURATION(buffer) : RM_TIME_NONE;
    packet->size = frames->size;
    packet->sample_rate = (uint32_t)info->rate;
    packet->channels = (uint32_t)info->channels;
    rm_status status = rm_buffer_new(packet->size, &planes, &packet->buffer);
    if (status != RM_OK)
        return status;
    planes_from_frames(planes, (const gfloat *)frames->data, frames->size / (gsize)info->bpf, (guint)info->channels);
    packet->data = planes;
    return RM_OK;
}

static rm_status open_session(RemoteMedia *self)
{
    rm_session_config how = RM_SESSION_CONFIG_INIT;
    rm_session session = 0;
    GST_OBJECT_LOCK(self);
    how.capacity = self->max_buffers;
    GST_OBJECT_UNLOCK(self);
    rm_status status = output_new(self, &how.output);
    if (status == RM_OK)
        status = rm_session_open(self->pipeline, &how, &session);
    rm_node_free(how.output); /* the session keeps it */
    g_atomic_int_set(&self->flow, GST_FLOW_OK);
    GST_OBJECT_LOCK(self);
    self->session = session;
    GST_OBJECT_UNLOCK(self);
    return status;
}

GstFlowReturn stream_push(RemoteMedia *self, GstBuffer *buffer)
{
    GstMapInfo frames;
    rm_packet packet;
    rm_status status = session_of(self) == 0 ? open_session(self) : RM_OK;
    if (status != RM_OK)
        return flow_of(self, status);
    if (!gst_buffer_map(buffer, &frames, GST_MAP_READ)) {
        GST_ELEMENT_ERROR(self, RESOURCE, READ, (NULL), ("a buffer cannot be mapped"));
        return GST_FLOW_ERROR;
    }
    status = new_packet(&self->input, buffer, &frames, &packet);
    gst_buffer_unmap(buffer, &frames);
    if (status == RM_OK) {
        status = rm_session_push(session_of(self), &packet, -1); /* stream_cancel ends it */
        rm_buffer_free(packet.buffer);
    }
    return flow_of(self, status);
}

GstFlowReturn stream_drain(RemoteMedia *self)
{
    rm_session session = session_of(self);
    if (session == 0)
        return GST_FLOW_OK;
    rm_session_end(session);
    GstFlowReturn flow = flow_of(self, rm_session_wait(session, -1)); /* stream_cancel ends it */
    stream_close(self);
    return flow;
}

void stream_cancel(RemoteMedia *self)
{
    rm_session_cancel(session_of(self)); /* one that has gone meanwhile is no harm: a handle is never used again */
}

void stream_close(RemoteMedia *self)
{
    GST_OBJECT_LOCK(self);
    rm_session session = self->session;
    self->session = 0;
    GST_OBJECT_UNLOCK(self);
    rm_session_cancel(session);
    rm_session_wait(session, -1); /* for the call that may be running */
    rm_session_free(session);
}
