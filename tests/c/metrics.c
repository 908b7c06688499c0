/* Metrics: one JSON object for each session, at any time. */

#include "check.h"
#include "fixture.h"
#include "recorder.h"

/* The metrics of a session, as text that the caller frees. */
static char *metrics_of(rm_session session)
{
    size_t length = 0;
    CHECK_OK(rm_session_metrics(session, NULL, 0, &length));
    char *json = calloc(1, length + 256); /* they may grow meanwhile */
    CHECK(json != NULL);
    CHECK_OK(rm_session_metrics(session, json, length + 255, &length));
    CHECK(json[0] == '{' && json[length - 1] == '}');
    return json;
}

/* The number that follows the nth mention of a key. */
static double number(const char *json, const char *key, int nth)
{
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    for (; (json = strstr(json, quoted)) != NULL; nth--) {
        json += strlen(quoted);
        if (nth == 0)
            return strtod(json, NULL);
    }
    check_fail(__FILE__, __LINE__, key);
}

static rm_status nap_a_little(recorder *recorder, const rm_packet *packet)
{
    (void)recorder;
    nap(2 * MILLISECOND);
    return rm_call_emit(packet);
}

static void each_node_has_its_own(rm_runtime runtime)
{
    recorder slow = RECORDER, last = RECORDER;
    slow.process = nap_a_little;
    rm_node nodes[] = {recorder_node(&slow), recorder_node(&last)};
    rm_session session = open_chain(runtime, nodes, 2, NULL);
    for (int i = 0; i < 10; i++)
        push_text(session, "x");
    for (int i = 0; i < 10; i++)
        expect_text(session, "x");
    CHECK_OK(rm_session_end(session));
    expect_end(session);
    char *json = metrics_of(session), *again = metrics_of(session);
    CHECK_TEXT(again, json); /* fixed when the session has ended */
    CHECK_INT(number(json, "total_executions", 0), 20);
    CHECK_INT(number(json, "execution_count", 0), 10);
    CHECK_INT(number(json, "execution_count", 1), 10);
    CHECK_INT(number(json, "error_count", 0), 0);
    CHECK(strstr(json, "\"node_id\":\"a\"") < strstr(json, "\"node_id\":\"b\""));
    CHECK(number(json, "total_duration_us", 0) >= 20000); /* ten times 2 ms, in microseconds */
    CHECK(number(json, "min_duration_us", 0) >= 2000);
    CHECK(number(json, "max_duration_us", 0) <= number(json, "total_duration_us", 0));
    CHECK(strstr(json, "\"warnings\":[]") != NULL);
    free(json);
    free(again);
    CHECK_OK(rm_session_free(session));
    recorder_free(nodes[0], &slow);
    recorder_free(nodes[1], &last);
}

static void failures_are_counted(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    rm_session_config how = session_config();
    how.on_error = RM_ON_ERROR_SKIP;
    recorder.failing = 'p';
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, &how);
    for (int i = 0; i < 3; i++)
        push_text(session, "x");
    CHECK_OK(rm_session_end(session));
    expect_end(session);
    char *json = metrics_of(session);
    CHECK_INT(number(json, "execution_count", 0), 3);
    CHECK_INT(number(json, "error_count", 0), 3);
    CHECK_INT(number(json, "success_count", 0), 0);
    CHECK_INT(number(json, "success_rate", 0), 0);
    free(json);
    CHECK_OK(rm_session_free(session));
    recorder_free(node, &recorder);
}

static void a_failed_cleanup_is_a_warning(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    recorder.failing = 'c';
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, NULL);
    CHECK_OK(rm_session_end(session));
    expect_end(session);
    char *json = metrics_of(session);
    CHECK(strstr(json, "\"warnings\":[\"Node 'a' failed: c is broken\"]") != NULL);
    free(json);
    CHECK_OK(rm_session_free(session));
    recorder_free(node, &recorder);
}

static void they_are_there_before_anything_has_happened(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, NULL);
    char *json = metrics_of(session);
    CHECK_INT(number(json, "execution_count", 0), 0);
    CHECK(number(json, "success_rate", 0) > 0.99);
    free(json);
    finish(session);
    recorder_free(node, &recorder);
}

int main(void)
{
    RUN_ON(each_node_has_its_own);
    RUN_ON(failures_are_counted);
    RUN_ON(a_failed_cleanup_is_a_warning);
    RUN_ON(they_are_there_before_anything_has_happened);
    return 0;
}
