/*
 * A program of old: compiled with the header of an earlier time, it runs with the library of today.
 *
 * Every struct that it passes lies right before memory that nobody can read, so that a library which takes more of one
 * than the program has dies at it.
 */

#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include <remotemedia.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TEXT(literal) (literal), (sizeof(literal) - 1)
#define TIME INT64_C(20000000000)
#define CHECK(condition) ((condition) ? (void)0 : fail(__LINE__, #condition))

/* What these structs had when the header was this old. Those that are as large today are no proof, but do no harm. */
_Static_assert(sizeof(rm_runtime_config) == 16, "worker, worker_size and hooks came later");
_Static_assert(sizeof(rm_session_config) == 80, "caller and linger came later");
_Static_assert(sizeof(rm_host_callbacks) == 72, "pack_object and unpack_object came later");
_Static_assert(sizeof(rm_type_callbacks) == 32, "create_process came later");
_Static_assert(sizeof(rm_object_table) == 96, "pack, unpack, read_bytes and new_bytes came later");
_Static_assert(sizeof(rm_node_callbacks) == 128 && sizeof(rm_packet) == 104 && sizeof(rm_edge_config) == 16, "the rest");

/* The objects of this program's language: all the same. */
static int object, none, more, done, pending, failed;
static atomic_int references, ends;
static rm_host host;

_Noreturn static void fail(int line, const char *what)
{
    char message[512] = "";
    size_t length = 0;
    rm_last_error(message, sizeof message - 1, &length);
    fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, line, what, message);
    _Exit(1);
}

/* A copy of a struct that ends where the readable memory does. */
static void *at_the_edge(const void *source, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pages != MAP_FAILED);
    CHECK(mprotect(pages + page, page, PROT_NONE) == 0);
    return memcpy(pages + page - size, source, size);
}

static int32_t enter(void) { return 5; }
static void leave(int32_t state) { CHECK(state == 5); }
static void retain(void *any) { (void)any; references++; }
static void release(void *any) { (void)any; references--; }
static void clear(void) {}
static void destroy(void *unused) { (void)unused; ends++; }
static void host_retain(void *unused, void *any) { (void)unused; retain(any); }
static void host_release(void *unused, void *any) { (void)unused; release(any); }
static void on_event(void *unused, uint32_t event) { (void)unused; ends += event == RM_EVENT_ENDED; }

/* The one thing that can be called: it answers its argument. */
static void *call(void *callable, void *argument)
{
    CHECK(callable == &object && argument == &object);
    retain(argument);
    return argument;
}

static rm_runtime start(void)
{
    rm_runtime_config config = {.struct_size = sizeof config, .abi_version = RM_ABI_VERSION};
    rm_runtime runtime = 0;
    CHECK(rm_runtime_new(at_the_edge(&config, sizeof config), &runtime) == RM_OK);
    return runtime;
}

static rm_host new_host(rm_runtime runtime)
{
    rm_object_table table = {
        .struct_size = sizeof table, .enter = enter, .leave = leave, .retain = retain, .release = release, .call = call,
        .clear = clear, .none = &none, .more = &more, .done = &done, .pending = &pending, .failed = &failed};
    rm_host_callbacks callbacks = {
        .struct_size = sizeof callbacks, .destroy = destroy, .retain = host_retain, .release = host_release,
        .objects = at_the_edge(&table, sizeof table)};
    rm_host made = 0;
    CHECK(rm_host_new(runtime, at_the_edge(&callbacks, sizeof callbacks), &made) == RM_OK);
    return made;
}

/* Makes a node whose `process` is an object. */
static rm_status create(void *unused, const char *id, size_t id_size, const char *parameters, size_t parameters_size,
                        uint64_t *node)
{
    rm_node_callbacks callbacks = {.struct_size = sizeof callbacks, .destroy = destroy, .process_object = &object};
    (void)unused, (void)id, (void)id_size, (void)parameters, (void)parameters_size;
    return rm_node_new(host, at_the_edge(&callbacks, sizeof callbacks), node);
}

/* Two nodes of a type of the program's, in a row. */
static rm_session open_session(rm_runtime runtime)
{
    rm_type_callbacks type = {.struct_size = sizeof type, .destroy = destroy, .create = create};
    rm_edge_config edge = {.struct_size = sizeof edge, .policy = RM_EDGE_BLOCK, .capacity = 2};
    rm_session_config how = {.struct_size = sizeof how, .on_event = on_event, .trace = 8};
    rm_pipeline pipeline = 0;
    rm_session session = 0;
    CHECK(rm_runtime_add_type(runtime, TEXT("Old"), at_the_edge(&type, sizeof type)) == RM_OK);
    CHECK(rm_pipeline_new(runtime, &pipeline) == RM_OK);
    CHECK(rm_pipeline_add_type(pipeline, TEXT("a"), TEXT("Old"), NULL, 0) == RM_OK);
    CHECK(rm_pipeline_add_type(pipeline, TEXT("b"), TEXT("Old"), NULL, 0) == RM_OK);
    CHECK(rm_pipeline_connect(pipeline, TEXT("a"), TEXT("b"), at_the_edge(&edge, sizeof edge)) == RM_OK);
    CHECK(rm_session_open(pipeline, at_the_edge(&how, sizeof how), &session) == RM_OK);
    CHECK(rm_pipeline_free(pipeline) == RM_OK);
    return session;
}

/* One object goes through, and is the same when it comes out. */
static void pass_object(rm_session session)
{
    rm_packet packet = {
        .struct_size = sizeof packet, .kind = RM_KIND_OBJECT, .pts = RM_TIME_NONE, .duration = RM_TIME_NONE,
        .object = &object, .host = host};
    retain(&object);
    CHECK(rm_session_push(session, at_the_edge(&packet, sizeof packet), TIME) == RM_OK);
    rm_packet empty = {.struct_size = sizeof empty};
    rm_packet *output = at_the_edge(&empty, sizeof empty);
    CHECK(rm_session_pull(session, output, TIME) == RM_OK);
    CHECK(output->struct_size == sizeof empty);
    CHECK(output->kind == RM_KIND_OBJECT);
    CHECK(output->object == &object);
    CHECK(output->index == 0);
    release(&object);
    CHECK(rm_buffer_free(output->buffer) == RM_OK);
    CHECK(rm_session_end(session) == RM_OK);
    CHECK(rm_session_pull(session, output, TIME) == RM_END);
}

static void old_structs_are_enough(void)
{
    rm_runtime runtime = start();
    host = new_host(runtime);
    rm_session session = open_session(runtime);
    pass_object(session);
    CHECK(rm_session_free(session) == RM_OK);
    CHECK(rm_host_free(host) == RM_OK);
    CHECK(rm_runtime_free(runtime) == RM_OK);
    for (int i = 0; i < 20000 && atomic_load(&ends) < 5; i++)
        usleep(1000);
    CHECK(ends == 5); /* the session, two nodes, the type and the host */
    CHECK(references == 0);
}

int main(void)
{
    uint64_t left = 7;
    CHECK(rm_abi_version() >> 16 == RM_ABI_VERSION >> 16);
    old_structs_are_enough();
    CHECK(rm_debug_live(0, &left) == RM_OK && left == 0);
    return 0;
}
