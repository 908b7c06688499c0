#include "recorder.h"

#include "check.h"

static rm_status enter(recorder *recorder, char letter)
{
    pthread_mutex_lock(&recorder->lock);
    size_t length = strlen(recorder->calls);
    CHECK(length + 1 < sizeof recorder->calls);
    CHECK(strchr(recorder->calls, 'd') == NULL); /* nothing comes after `destroy` */
    recorder->calls[length] = letter;
    recorder->overlaps += recorder->inside++ > 0;
    pthread_mutex_unlock(&recorder->lock);
    if (recorder->failing != letter)
        return RM_OK;
    char message[] = "? is broken";
    message[0] = letter;
    CHECK_OK(rm_call_fail(message, strlen(message), NULL));
    return RM_ERR_NODE;
}

static rm_status leave(recorder *recorder, rm_status status)
{
    pthread_mutex_lock(&recorder->lock);
    recorder->inside--;
    pthread_mutex_unlock(&recorder->lock);
    return status;
}

static rm_status process(void *user_data, const rm_packet *packet)
{
    recorder *recorder = user_data;
    rm_status status = enter(recorder, 'p');
    if (status == RM_OK)
        status = recorder->process != NULL ? recorder->process(recorder, packet) : rm_call_emit(packet);
    return leave(recorder, status);
}

static rm_status resume(void *user_data)
{
    recorder *recorder = user_data;
    rm_status status = enter(recorder, 'r');
    if (status == RM_OK && recorder->resume != NULL)
        status = recorder->resume(recorder);
    return leave(recorder, status);
}

static rm_status initialize(void *user_data)
{
    return leave(user_data, enter(user_data, 'i'));
}

static rm_status flush(void *user_data)
{
    return leave(user_data, enter(user_data, 'f'));
}

static rm_status cleanup(void *user_data)
{
    return leave(user_data, enter(user_data, 'c'));
}

static void destroy(void *user_data)
{
    (void)leave(user_data, enter(user_data, 'd'));
}

rm_node_callbacks recorder_callbacks(recorder *recorder)
{
    return (rm_node_callbacks){
        .struct_size = sizeof(rm_node_callbacks),
        .user_data = recorder,
        .destroy = destroy,
        .initialize = initialize,
        .process = process,
        .resume = resume,
        .flush = flush,
        .cleanup = cleanup,
    };
}

rm_node recorder_node(recorder *recorder)
{
    return recorder_node_of(0, recorder);
}

rm_node recorder_node_of(rm_host host, recorder *recorder)
{
    rm_node_callbacks callbacks = recorder_callbacks(recorder);
    rm_node node = 0;
    CHECK_OK(rm_node_new(host, &callbacks, &node));
    return node;
}

static int matches(recorder *recorder, const char *expected, char *calls)
{
    pthread_mutex_lock(&recorder->lock);
    memcpy(calls, recorder->calls, sizeof recorder->calls);
    int same = recorder->inside == 0 && recorder->overlaps == 0 && strcmp(calls, expected) == 0;
    pthread_mutex_unlock(&recorder->lock);
    return same;
}

void recorder_check(const char *file, int line, recorder *recorder, const char *expected)
{
    char calls[sizeof recorder->calls];
    int64_t waited = 0;
    for (; !matches(recorder, expected, calls) && waited < PATIENCE / 4; waited += MILLISECOND)
        nap(MILLISECOND);
    check_text(file, line, "calls", calls, expected);
    check_int(file, line, "overlaps", recorder->overlaps, 0);
}

void recorder_await(recorder *recorder, char letter)
{
    int found = 0;
    for (int64_t waited = 0; !found; waited += MILLISECOND) {
        CHECK(waited < PATIENCE);
        pthread_mutex_lock(&recorder->lock);
        found = strchr(recorder->calls, letter) != NULL;
        pthread_mutex_unlock(&recorder->lock);
        if (!found)
            nap(MILLISECOND);
    }
}

void recorder_free(rm_node node, recorder *recorder)
{
    CHECK_OK(rm_node_free(node));
    recorder_await(recorder, 'd');
}
