#include "fake_host.h"

#include "check.h"
#include "fixture.h"

static _Thread_local int is_worker;

int on_worker(void)
{
    return is_worker;
}

static void *work(void *user_data)
{
    host *host = user_data;
    is_worker = 1;
    rm_status status = rm_worker_run(host->handle);
    CHECK(status == RM_OK || status == RM_ERR_BAD_HANDLE); /* the host may be gone before the thread has started */
    CHECK(!inside_host());
    return NULL;
}

static rm_status hire(void *user_data)
{
    host *host = user_data;
    if (atomic_load(&host->refusals) > 0) {
        atomic_fetch_sub(&host->refusals, 1);
        return RM_ERR_MEMORY;
    }
    pthread_mutex_lock(&host->lock);
    CHECK(host->hired < MOST_THREADS);
    host->threads[host->hired++] = start_thread(work, host);
    pthread_mutex_unlock(&host->lock);
    return RM_OK;
}

int host_hired(host *host)
{
    pthread_mutex_lock(&host->lock);
    int hired = host->hired;
    pthread_mutex_unlock(&host->lock);
    return hired;
}

static void host_retain(void *user_data, void *object)
{
    (void)user_data;
    retain(object);
}

static void host_release(void *user_data, void *object)
{
    host *host = user_data;
    if (host->lends && !is_worker)
        atomic_fetch_add(&host->strays, 1);
    release(object);
}

/* An object is its value as text. */
static rm_status export_object(void *user_data, void *user_object, uint32_t kinds, rm_packet *packet)
{
    static _Thread_local char digits[16];
    object *object = user_object;
    (void)user_data;
    if ((kinds & 1u << RM_KIND_TEXT) == 0 || object->value < 0) {
        CHECK_OK(rm_call_fail(TEXT("no such thing"), NULL));
        return RM_ERR_INPUT;
    }
    snprintf(digits, sizeof digits, "%d", object->value);
    *packet = text(digits);
    return RM_OK;
}

static rm_status import_packet(void *user_data, const rm_packet *packet, void **object)
{
    (void)user_data;
    CHECK_OK(rm_buffer_free(packet->buffer));
    if (packet->size == 0)
        return RM_ERR_INPUT;
    *object = new_object((int)packet->size);
    return RM_OK;
}

static void destroy(void *user_data)
{
    atomic_fetch_add(&((host *)user_data)->destroyed, 1);
}

rm_host_callbacks host_callbacks(host *host, int features)
{
    memset(host, 0, sizeof *host);
    pthread_mutex_init(&host->lock, NULL);
    host->lends = features & LENDS;
    return (rm_host_callbacks){
        .struct_size = sizeof(rm_host_callbacks),
        .user_data = host,
        .destroy = destroy,
        .hire = features & LENDS ? hire : NULL,
        .retain = host_retain,
        .release = host_release,
        .export_object = export_object,
        .import_packet = import_packet,
        .objects = features & HAS_TABLE ? &object_table : NULL,
    };
}

void host_start(host *host, rm_runtime runtime, int features)
{
    rm_host_callbacks callbacks = host_callbacks(host, features);
    CHECK_OK(rm_host_new(runtime, &callbacks, &host->handle));
}

void host_free(host *host)
{
    is_worker = 1; /* whoever lets the workers go does what is left for them */
    CHECK_OK(rm_host_free(host->handle));
    is_worker = 0;
    for (int i = 0; i < host_hired(host); i++)
        join_thread(host->threads[i]);
}

void host_is_gone(host *host)
{
    object *marks[] = {&none, &more, &done, &pending, &failed, &small, &large};
    WAIT_FOR(atomic_load(&host->destroyed) > 0);
    CHECK_INT(host->destroyed, 1);
    CHECK_INT(host->strays, 0);
    CHECK_INT(objects_alive(), 0);
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        CHECK_INT(marks[i]->references, 1);
}

void host_stop(host *host)
{
    WAIT_FOR(objects_alive() == 0);
    host_free(host);
    host_is_gone(host);
}

rm_packet object_packet(const host *host, object *object)
{
    return (rm_packet){
        .struct_size = sizeof(rm_packet),
        .kind = RM_KIND_OBJECT,
        .pts = RM_TIME_NONE,
        .duration = RM_TIME_NONE,
        .object = object,
        .host = host->handle,
    };
}

void push_object(rm_session session, const host *host, object *object)
{
    rm_packet packet = object_packet(host, object);
    CHECK_OK(rm_session_push(session, &packet, PATIENCE));
}

object *pull_object(rm_session session)
{
    rm_packet packet = RM_PACKET_INIT;
    CHECK_OK(rm_session_pull(session, &packet, PATIENCE));
    CHECK_INT(packet.kind, RM_KIND_OBJECT);
    CHECK_INT(packet.buffer, 0);
    return packet.object;
}
