/* Handles: whatever number comes in, the answer is an error, never a crash. */

#include "check.h"
#include "fixture.h"
#include "recorder.h"

enum { ANY, RUNTIME, HOST, NODE, PIPELINE, SESSION, BUFFER, COMPLETION, SERVICE, RING };

static rm_packet packet = RM_PACKET_INIT;
static uint64_t handle;

static rm_status use_runtime(uint64_t it)
{
    return rm_pipeline_new(it, &handle);
}

static rm_status use_types(uint64_t it)
{
    size_t length;
    return rm_runtime_types(it, NULL, 0, &length);
}

static rm_status use_shutdown(uint64_t it)
{
    return rm_runtime_shutdown(it, 0, NULL);
}

static void ignore(void *user_data, void *object)
{
    (void)user_data, (void)object;
}

static rm_status use_new_host(uint64_t it)
{
    rm_host_callbacks callbacks = {.struct_size = sizeof callbacks, .retain = ignore, .release = ignore};
    return rm_host_new(it, &callbacks, &handle);
}

static rm_status create(void *user_data, const char *id, size_t id_size, const char *json, size_t size, uint64_t *node)
{
    (void)user_data, (void)id, (void)id_size, (void)json, (void)size, (void)node;
    return RM_ERR_NODE;
}

static rm_status use_add_type(uint64_t it)
{
    rm_type_callbacks callbacks = {.struct_size = sizeof callbacks, .create = create};
    return rm_runtime_add_type(it, TEXT("T"), &callbacks);
}

static rm_status use_add_node(uint64_t it)
{
    return rm_pipeline_add_node(it, TEXT("x"), 0);
}

static rm_status use_pipeline_type(uint64_t it)
{
    return rm_pipeline_add_type(it, TEXT("x"), TEXT("PassThrough"), NULL, 0);
}

static rm_status use_connect(uint64_t it)
{
    return rm_pipeline_connect(it, TEXT("x"), TEXT("y"), NULL);
}

static rm_status use_load(uint64_t it)
{
    return rm_pipeline_load(it, TEXT("{}"));
}

static rm_status use_open(uint64_t it)
{
    rm_session_config how = session_config();
    return rm_session_open(it, &how, &handle);
}

static rm_status use_push(uint64_t it)
{
    rm_packet words = text("");
    return rm_session_push(it, &words, 0);
}

static rm_status use_pull(uint64_t it)
{
    return rm_session_pull(it, &packet, 0);
}

static rm_status use_wait(uint64_t it)
{
    return rm_session_wait(it, 0);
}

static rm_status use_error(uint64_t it)
{
    return rm_session_error(it, &packet);
}

static rm_status use_metrics(uint64_t it)
{
    size_t length;
    return rm_session_metrics(it, NULL, 0, &length);
}

static rm_status use_report(uint64_t it)
{
    size_t length;
    return rm_session_report(it, NULL, 0, &length);
}

static rm_status use_trace(uint64_t it)
{
    size_t length;
    return rm_session_trace(it, NULL, 0, &length);
}

static rm_status use_flush(uint64_t it)
{
    return rm_session_flush(it, 0);
}

static rm_status use_insert(uint64_t it)
{
    return rm_session_insert(it, TEXT("x"), 0, TEXT("y"), TEXT("z"), 0);
}

static rm_status use_remove(uint64_t it)
{
    rm_status status = rm_session_remove(it, TEXT("x"), 0);
    return status == RM_ERR_GRAPH ? RM_OK : status;
}

static rm_status use_replace(uint64_t it)
{
    return rm_session_replace(it, TEXT("x"), 0, 0);
}

static rm_status use_configure(uint64_t it)
{
    return rm_pipeline_configure(it, TEXT("x"), TEXT("{}"));
}

static rm_status use_finish(uint64_t it)
{
    return rm_completion_finish(it, RM_OK, NULL);
}

static rm_status use_fail(uint64_t it)
{
    return rm_completion_fail(it, TEXT("no"), NULL);
}

static rm_status use_new_ring(uint64_t it)
{
    rm_ring_config config = {.struct_size = sizeof config, .direction = RM_RING_INPUT, .size = 1};
    return rm_ring_new(it, &config, &handle);
}

static rm_status use_try_push(uint64_t it)
{
    rm_packet words = text("");
    return rm_ring_try_push(it, &words);
}

static rm_status use_try_pull(uint64_t it)
{
    char byte;
    return rm_ring_try_pull(it, &packet, &byte, 1);
}

static rm_status use_stats(uint64_t it)
{
    rm_ring_stats stats = RM_RING_STATS_INIT;
    return rm_ring_get_stats(it, &stats);
}

static rm_status use_describe(uint64_t it)
{
    size_t length;
    return rm_pipeline_describe(it, NULL, 0, &length);
}

static rm_status use_load_plugin(uint64_t it)
{
    return rm_runtime_load_plugin(it, TEXT(""));
}

static rm_status use_read(uint64_t it)
{
    const void *data;
    size_t size;
    return rm_buffer_read(it, &data, &size);
}

static rm_status use_write(uint64_t it)
{
    void *data;
    size_t size;
    return rm_buffer_write(it, &data, &size);
}

/* Every function that takes a handle first, and the kind that it takes. */
static const struct {
    rm_status (*call)(uint64_t);
    int kind;
    int frees;
} functions[] = {
    {use_runtime, RUNTIME, 0},       {use_types, RUNTIME, 0},          {use_shutdown, RUNTIME, 0},
    {use_new_host, RUNTIME, 0},      {use_add_type, RUNTIME, 0},       {rm_runtime_free, RUNTIME, 1},
    {rm_worker_run, HOST, 0},        {rm_host_free, HOST, 1},          {rm_node_free, NODE, 1},
    {use_add_node, PIPELINE, 0},     {use_pipeline_type, PIPELINE, 0}, {use_connect, PIPELINE, 0},
    {use_load, PIPELINE, 0},         {use_open, PIPELINE, 0},          {rm_pipeline_free, PIPELINE, 1},
    {use_push, SESSION, 0},          {use_pull, SESSION, 0},           {rm_session_end, SESSION, 0},
    {rm_session_cancel, SESSION, 0}, {use_wait, SESSION, 0},           {use_error, SESSION, 0},
    {use_report, SESSION, 0},        {use_trace, SESSION, 0},          {use_flush, SESSION, 0},
    {use_insert, SESSION, 0},        {use_remove, SESSION, 0},         {use_replace, SESSION, 0},
    {use_configure, PIPELINE, 0},    {use_metrics, SESSION, 0},       {rm_session_free, SESSION, 1},    {rm_buffer_free, BUFFER, 1},
    {use_finish, COMPLETION, 0},     {use_fail, COMPLETION, 0},        {rm_completion_free, COMPLETION, 1},
    {use_new_ring, SESSION, 0},      {use_try_push, RING, 0},          {use_try_pull, RING, 0},
    {rm_ring_end, RING, 0},          {use_stats, RING, 0},             {rm_ring_free, RING, 1},
    {use_describe, PIPELINE, 0},     {use_load_plugin, RUNTIME, 0},    {use_read, BUFFER, 0},
    {use_write, BUFFER, 0},
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

/* One of each kind that lives outside a callback. */
static void make_all(uint64_t handles[7])
{
    rm_host_callbacks host = {.struct_size = sizeof host, .retain = ignore, .release = ignore};
    recorder *recorder = calloc(1, sizeof *recorder);
    pthread_mutex_init(&recorder->lock, NULL);
    rm_node_callbacks node = recorder_callbacks(recorder);
    node.destroy = free;
    handles[ANY] = 0;
    handles[RUNTIME] = start();
    CHECK_OK(rm_host_new(handles[RUNTIME], &host, &handles[HOST]));
    handles[NODE] = make_node(&node);
    handles[PIPELINE] = make_chain(handles[RUNTIME], &handles[NODE], 1);
    handles[SESSION] = open_pipeline(handles[PIPELINE], NULL);
    CHECK_OK(rm_buffer_wrap("abc", 3, NULL, NULL, &handles[BUFFER]));
}

static void free_all(uint64_t handles[7])
{
    CHECK_OK(rm_session_free(handles[SESSION]));
    CHECK_OK(rm_buffer_free(handles[BUFFER]));
    CHECK_OK(rm_pipeline_free(handles[PIPELINE]));
    CHECK_OK(rm_node_free(handles[NODE]));
    CHECK_OK(rm_host_free(handles[HOST]));
    stop(handles[RUNTIME]);
}

static void every_function_refuses(uint64_t wrong, int unless_kind)
{
    for (int i = 0; i < FUNCTIONS; i++) {
        handle = 7;
        if (functions[i].kind != unless_kind)
            CHECK_STATUS(functions[i].call(wrong), RM_ERR_BAD_HANDLE);
        CHECK_INT(handle, 7);
    }
}

static void zero_is_refused_and_freeing_it_does_nothing(void)
{
    for (int i = 0; i < FUNCTIONS; i++)
        CHECK_STATUS(functions[i].call(0), functions[i].frees ? RM_OK : RM_ERR_BAD_HANDLE);
}

static void another_kind_is_refused(void)
{
    uint64_t handles[7];
    make_all(handles);
    for (int kind = RUNTIME; kind <= BUFFER; kind++) {
        CHECK_INT(handles[kind] >> 56, kind);
        every_function_refuses(handles[kind], kind);
    }
    CHECK_REFUSED(rm_session_wait(handles[NODE], 0), RM_ERR_BAD_HANDLE, "is not a live session handle");
    free_all(handles);
}

static void stale_and_forged_ones_are_refused(void)
{
    uint64_t handles[7], again[7];
    make_all(handles);
    for (int kind = RUNTIME; kind <= BUFFER; kind++)
        for (int bit = 0; bit < 64; bit++)
            if (bit >= 20) /* below, the index of another live object may be met */
                every_function_refuses(handles[kind] ^ UINT64_C(1) << bit, ANY);
    free_all(handles);
    make_all(again);
    for (int kind = RUNTIME; kind <= BUFFER; kind++) {
        CHECK(handles[kind] != again[kind]);
        every_function_refuses(handles[kind], ANY);
    }
    free_all(again);
}

static void random_ones_are_refused(void)
{
    uint64_t handles[7], random = 88172645463325252u;
    make_all(handles);
    for (int round = 0; round < 2000; round++) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        uint64_t kind = random % 10, index = random >> 8 & 15, generation = 1000 + (random >> 40 & 255);
        every_function_refuses(random | UINT64_C(1) << 63, ANY);
        every_function_refuses(kind << 56 | generation << 32 | index, ANY);
    }
    free_all(handles);
}

static void the_living_are_counted(void)
{
    uint64_t handles[7], count = 0;
    make_all(handles);
    for (uint8_t kind = RUNTIME; kind <= BUFFER; kind++) {
        CHECK_OK(rm_debug_live(kind, &count));
        CHECK_INT(count, 1);
    }
    CHECK_OK(rm_debug_live(ANY, &count));
    CHECK_INT(count, 6);
    CHECK_OK(rm_debug_live(200, &count));
    CHECK_INT(count, 0);
    CHECK_STATUS(rm_debug_live(ANY, NULL), RM_ERR_NULL);
    free_all(handles);
}

int main(void)
{
    RUN(zero_is_refused_and_freeing_it_does_nothing);
    RUN(another_kind_is_refused);
    RUN(stale_and_forged_ones_are_refused);
    RUN(random_ones_are_refused);
    RUN(the_living_are_counted);
    return 0;
}
