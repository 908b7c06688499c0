/* The log: what goes into it, at which levels, and how it is taken. */

#include "check.h"
#include "fixture.h"
#include "recorder.h"

enum { MOST_RECORDS = 1024 };

typedef struct taken {
    rm_log_record record;
    char category[16], text[RM_LOG_TEXT_MAX + 1];
} taken;

/* The next record; false at the end of the log. */
static int take(taken *taken)
{
    *taken = (struct taken){.record = RM_LOG_RECORD_INIT};
    rm_status status = rm_log_drain(&taken->record, taken->text, RM_LOG_TEXT_MAX);
    if (status == RM_END)
        return 0;
    CHECK_STATUS(status, RM_OK);
    snprintf(taken->category, sizeof taken->category, "%.*s", (int)taken->record.category_size, taken->record.category);
    CHECK_INT(strlen(taken->text), taken->record.text_size);
    return 1;
}

static void set_levels(const char *levels)
{
    CHECK_OK(rm_log_set_levels(levels, strlen(levels)));
}

/* An empty log with these levels. */
static void start_log(const char *levels)
{
    taken taken;
    set_levels(levels);
    while (take(&taken))
        continue;
}

static void expect_record(const char *category, uint32_t level, const char *words)
{
    taken taken;
    CHECK(take(&taken));
    CHECK_TEXT(taken.category, category);
    CHECK_INT(taken.record.level, level);
    if (strstr(taken.text, words) == NULL)
        check_text(__FILE__, __LINE__, "the text", taken.text, words);
}

static void expect_no_record(void)
{
    taken taken;
    if (take(&taken))
        check_text(__FILE__, __LINE__, taken.category, taken.text, "nothing");
}

static void misuse_names_the_function(void)
{
    rm_buffer buffer = 0;
    start_log("warn");
    CHECK_OK(rm_buffer_wrap("x", 1, NULL, NULL, &buffer));
    CHECK_OK(rm_buffer_free(buffer));
    CHECK_STATUS(rm_buffer_free(buffer), RM_ERR_BAD_HANDLE);
    expect_record("misuse", RM_LOG_WARNING, "rm_buffer_free: 0x6");
    CHECK_STATUS(rm_session_wait(7, 0), RM_ERR_BAD_HANDLE);
    expect_record("misuse", RM_LOG_WARNING, "rm_session_wait: 0x7 is not a live session handle");
    CHECK_STATUS(rm_session_metrics(7, NULL, 0, &(size_t){0}), RM_ERR_BAD_HANDLE);
    expect_record("misuse", RM_LOG_WARNING, "rm_session_metrics: 0x7");
    CHECK_STATUS(rm_call_defer(NULL), RM_ERR_REENTRANT);
    expect_record("misuse", RM_LOG_WARNING, "rm_call_defer: this works only inside a callback");
    CHECK_STATUS(rm_completion_free(7), RM_ERR_BAD_HANDLE); /* perhaps it was one a moment ago */
    expect_no_record();
}

static void records_have_a_time(void)
{
    taken taken;
    start_log("warn");
    struct timespec before, after;
    timespec_get(&before, TIME_UTC);
    CHECK_STATUS(rm_node_free(7), RM_ERR_BAD_HANDLE);
    timespec_get(&after, TIME_UTC);
    CHECK(take(&taken));
    CHECK(taken.record.time >= before.tv_sec * SECOND + before.tv_nsec);
    CHECK(taken.record.time <= after.tv_sec * SECOND + after.tv_nsec);
}

static void run_one(rm_runtime runtime, recorder *recorder, const rm_session_config *how)
{
    rm_node node = recorder_node(recorder);
    rm_session session = open_node(runtime, node, how);
    push_text(session, "x");
    CHECK_OK(rm_session_end(session));
    rm_packet packet = RM_PACKET_INIT;
    while (rm_session_pull(session, &packet, PATIENCE) == RM_OK)
        CHECK_OK(rm_buffer_free(packet.buffer));
    WAIT_FOR(rm_session_wait(session, 0) != RM_ERR_TIMEOUT);
    CHECK_OK(rm_session_free(session));
    recorder_free(node, recorder);
}

static void sessions_are_told_of_when_asked_for(rm_runtime runtime)
{
    recorder first = RECORDER, second = RECORDER;
    start_log("warn");
    run_one(runtime, &first, NULL);
    expect_no_record();
    set_levels("session=debug");
    run_one(runtime, &second, NULL);
    expect_record("session", RM_LOG_DEBUG, "opens: a");
    expect_record("session", RM_LOG_DEBUG, "ended after");
    expect_no_record();
}

static void failures_that_nobody_is_told_of_are_warnings(rm_runtime runtime)
{
    recorder recorders[3] = {RECORDER, RECORDER, RECORDER};
    rm_session_config skip = session_config();
    skip.on_error = RM_ON_ERROR_SKIP;
    for (int i = 0; i < 2; i++)
        recorders[i].failing = 'p';
    recorders[2].failing = 'c';
    start_log("warn");
    run_one(runtime, &recorders[0], &skip);
    expect_record("node", RM_LOG_WARNING, "Node 'a' failed: p is broken (at input 0)");
    expect_no_record();
    set_levels("node=info,session=info");
    run_one(runtime, &recorders[1], NULL);
    expect_record("node", RM_LOG_INFO, "Node 'a' failed: p is broken (at input 0)");
    expect_record("session", RM_LOG_INFO, "failed after");
    run_one(runtime, &recorders[2], NULL);
    expect_record("node", RM_LOG_INFO, "Node 'a' failed: c is broken");
}

static void dropped_packets_are_told_of_when_asked_for(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    rm_session_config how = session_config();
    how.policy = RM_EDGE_LATEST;
    start_log("packet=debug");
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, &how);
    CHECK_OK(rm_session_ready(session, PATIENCE));
    for (int i = 0; i < 3; i++) {
        push_text(session, "x");
        WAIT_FOR(recorder.calls[i + 1] == 'p');
    }
    expect_record("packet", RM_LOG_DEBUG, "one dropped between 'a' and ");
    CHECK_OK(rm_session_free(session));
    recorder_free(node, &recorder);
}

static void the_oldest_go_when_nobody_takes_them(void)
{
    taken taken;
    start_log("warn");
    for (uint64_t i = 1; i <= MOST_RECORDS + 100; i++)
        CHECK_STATUS(rm_node_free(i), RM_ERR_BAD_HANDLE);
    CHECK(take(&taken));
    CHECK_INT(taken.record.dropped, 100);
    CHECK(strstr(taken.text, "0x65 ") != NULL); /* the 101st */
    for (int i = 1; i < MOST_RECORDS; i++) {
        CHECK(take(&taken));
        CHECK_INT(taken.record.dropped, 0);
    }
    expect_no_record();
}

static rm_status fail_at_length(recorder *recorder, const rm_packet *packet)
{
    char message[3000];
    (void)recorder, (void)packet;
    for (size_t i = 0; i < sizeof message; i += 2)
        memcpy(message + i, "\xc3\xa9", 2);
    CHECK_OK(rm_call_fail(message, sizeof message, NULL));
    return RM_ERR_NODE;
}

static void long_texts_are_cut_between_characters(rm_runtime runtime)
{
    taken taken;
    recorder recorder = RECORDER;
    recorder.process = fail_at_length;
    start_log("off,node=info");
    run_one(runtime, &recorder, NULL);
    CHECK(take(&taken));
    CHECK(taken.record.text_size <= RM_LOG_TEXT_MAX && taken.record.text_size >= RM_LOG_TEXT_MAX - 1);
    CHECK(memcmp(taken.text + taken.record.text_size - 2, "\xc3\xa9", 2) == 0);
}

static void a_small_buffer_gets_what_fits(void)
{
    char text[4] = "???";
    rm_log_record record = RM_LOG_RECORD_INIT;
    start_log("warn");
    CHECK_STATUS(rm_node_free(7), RM_ERR_BAD_HANDLE);
    CHECK_STATUS(rm_log_drain(NULL, text, 2), RM_ERR_NULL);
    CHECK_STATUS(rm_log_drain(&record, NULL, 2), RM_ERR_NULL);
    CHECK_OK(rm_log_drain(&record, text, 2));
    CHECK_TEXT(text, "rm?");
    CHECK(record.text_size > 10);
}

static void wrong_levels_change_nothing(void)
{
    start_log("off");
    CHECK_REFUSED(rm_log_set_levels(TEXT("debug,misuse=wran")), RM_ERR_ARGUMENT, "did you mean 'warn'?");
    CHECK_REFUSED(rm_log_set_levels(TEXT("debug,sesion=warn")), RM_ERR_ARGUMENT, "did you mean 'session'?");
    CHECK_REFUSED(rm_log_set_levels(TEXT("7")), RM_ERR_ARGUMENT, "use one of debug, info");
    CHECK_STATUS(rm_log_set_levels(NULL, 1), RM_ERR_NULL);
    expect_no_record();
    set_levels(" Error , misuse = WARNING ");
    CHECK_STATUS(rm_node_free(7), RM_ERR_BAD_HANDLE);
    expect_record("misuse", RM_LOG_WARNING, "rm_node_free");
}

/* The environment of this run has REMOTEMEDIA_LOG. */
static void the_environment_sets_the_levels(const char *value)
{
    stop(start());
    if (strcmp(value, "off,misuse=info") == 0) {
        CHECK_STATUS(rm_node_free(7), RM_ERR_BAD_HANDLE);
        expect_record("misuse", RM_LOG_WARNING, "rm_node_free");
        set_levels("off");
        stop(start()); /* does not look at the environment again */
        CHECK_STATUS(rm_node_free(7), RM_ERR_BAD_HANDLE);
    } else {
        expect_record("misuse", RM_LOG_WARNING, "REMOTEMEDIA_LOG: 'loud' is no level of the log; use one of");
    }
    expect_no_record();
}

int main(void)
{
    const char *environment = getenv("REMOTEMEDIA_LOG");
    if (environment != NULL) {
        the_environment_sets_the_levels(environment);
        return 0;
    }
    RUN(misuse_names_the_function);
    RUN(records_have_a_time);
    RUN_ON(sessions_are_told_of_when_asked_for);
    RUN_ON(failures_that_nobody_is_told_of_are_warnings);
    RUN_ON(dropped_packets_are_told_of_when_asked_for);
    RUN(the_oldest_go_when_nobody_takes_them);
    RUN_ON(long_texts_are_cut_between_characters);
    RUN(a_small_buffer_gets_what_fits);
    RUN(wrong_levels_change_nothing);
    return 0;
}
