/* Plugins: node types from shared libraries, and why some are refused. */

#include "check.h"
#include "fixture.h"

static rm_status load(rm_runtime runtime, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", PLUGIN_FOLDER, name);
    return rm_runtime_load_plugin(runtime, path, strlen(path));
}

static int has_type(rm_runtime runtime, const char *name)
{
    char types[4096], quoted[64];
    size_t length = 0;
    CHECK_OK(rm_runtime_types(runtime, types, sizeof types - 1, &length));
    CHECK(length < sizeof types);
    types[length] = '\0';
    snprintf(quoted, sizeof quoted, "\"%s\"", name);
    return strstr(types, quoted) != NULL;
}

static void its_types_can_be_named(rm_runtime runtime)
{
    CHECK_OK(load(runtime, "plugin_good.so"));
    CHECK(has_type(runtime, "Shout"));
    rm_pipeline pipeline = 0;
    CHECK_OK(rm_pipeline_new(runtime, &pipeline));
    CHECK_OK(rm_pipeline_add_type(pipeline, TEXT("a"), TEXT("Shout"), NULL, 0));
    rm_session session = open_pipeline(pipeline, NULL);
    push_text(session, "hey");
    expect_text(session, "hey!");
    finish(session);
    CHECK_OK(rm_pipeline_free(pipeline));
}

static void each_runtime_loads_it_once(rm_runtime runtime)
{
    rm_runtime other = start();
    CHECK_OK(load(runtime, "plugin_good.so"));
    CHECK_OK(load(runtime, "plugin_good.so"));
    CHECK(has_type(runtime, "Shout") && !has_type(other, "Shout"));
    CHECK_OK(load(other, "plugin_good.so"));
    CHECK(has_type(other, "Shout"));
    stop(other);
}

static void *load_it(void *runtime)
{
    CHECK_OK(load(*(rm_runtime *)runtime, "plugin_slow.so"));
    CHECK(has_type(*(rm_runtime *)runtime, "Shout"));
    return NULL;
}

static void threads_that_load_it_at_once_all_have_it(rm_runtime runtime)
{
    pthread_t loaders[4];
    for (int i = 0; i < 4; i++)
        loaders[i] = start_thread(load_it, &runtime);
    for (int i = 0; i < 4; i++)
        join_thread(loaders[i]);
}

static void the_log_has_its_name_and_version_once(rm_runtime runtime)
{
    rm_log_record record = RM_LOG_RECORD_INIT;
    char text[RM_LOG_TEXT_MAX + 1];
    CHECK_OK(rm_log_set_levels(TEXT("off,plugin=info")));
    while (rm_log_drain(&record, text, RM_LOG_TEXT_MAX) == RM_OK)
        continue;
    CHECK_OK(load(runtime, "plugin_good.so"));
    CHECK_OK(load(runtime, "plugin_good.so"));
    CHECK_OK(rm_log_drain(&record, text, RM_LOG_TEXT_MAX));
    text[record.text_size] = '\0';
    CHECK(strstr(text, "plugin_good.so' is loaded: shouting 1.2") != NULL);
    CHECK_STATUS(rm_log_drain(&record, text, RM_LOG_TEXT_MAX), RM_END);
    CHECK_OK(rm_log_set_levels(TEXT("warn")));
}

static void one_that_works_leaves_the_last_error_as_it_is(rm_runtime runtime)
{
    char message[128] = "";
    size_t length = 0;
    CHECK_STATUS(rm_runtime_load_plugin(runtime, TEXT("")), RM_ERR_ARGUMENT);
    CHECK_OK(load(runtime, "plugin_good.so"));
    CHECK_OK(rm_last_error(message, sizeof message - 1, &length));
    CHECK(strstr(message, "the path is empty") != NULL);
}

static void what_is_no_plugin_is_refused(rm_runtime runtime)
{
    CHECK_REFUSED(load(runtime, "plugin_nowhere.so"), RM_ERR_PLUGIN, "cannot open shared object file");
    CHECK_REFUSED(rm_runtime_load_plugin(runtime, TEXT(__FILE__)), RM_ERR_PLUGIN, "invalid ELF header");
    CHECK_REFUSED(load(runtime, "plugin_empty.so"), RM_ERR_PLUGIN, "it has no 'rm_plugin_entry'");
    CHECK_REFUSED(rm_runtime_load_plugin(runtime, TEXT("libc.so.6")), RM_ERR_PLUGIN, "./libc.so.6: cannot open");
    CHECK_REFUSED(rm_runtime_load_plugin(runtime, TEXT("")), RM_ERR_ARGUMENT, "the path is empty");
    CHECK_STATUS(rm_runtime_load_plugin(runtime, "a\0b", 3), RM_ERR_ARGUMENT);
    CHECK_STATUS(rm_runtime_load_plugin(runtime, NULL, 1), RM_ERR_NULL);
    CHECK_STATUS(rm_runtime_load_plugin(7, TEXT("x")), RM_ERR_BAD_HANDLE);
}

static void what_does_not_fit_is_refused(rm_runtime runtime)
{
    CHECK_REFUSED(load(runtime, "plugin_version.so"), RM_ERR_VERSION, "compiled for version 0x10001 of the ABI");
    CHECK_REFUSED(load(runtime, "plugin_small.so"), RM_ERR_PLUGIN, "struct_size of the rm_plugin is 8");
    CHECK_REFUSED(load(runtime, "plugin_nameless.so"), RM_ERR_PLUGIN, "its 'name' is not UTF-8");
    CHECK_REFUSED(load(runtime, "plugin_other.so"), RM_ERR_PLUGIN, "another copy of this library, ");
    CHECK(!has_type(runtime, "Shout"));
}

static void what_fails_leaves_nothing_behind(rm_runtime runtime)
{
    CHECK_REFUSED(load(runtime, "plugin_failing.so"), RM_ERR_PLUGIN, "init failed with status -100: no licence");
    CHECK(!has_type(runtime, "Shout"));
    CHECK_REFUSED(load(runtime, "plugin_silent.so"), RM_ERR_PLUGIN, "init failed with status -100: without saying why");
    CHECK_REFUSED(load(runtime, "plugin_taken.so"), RM_ERR_PLUGIN, "there is a node type 'PassThrough' already");
    CHECK(has_type(runtime, "PassThrough"));
    CHECK_OK(load(runtime, "plugin_good.so"));
}

int main(void)
{
    RUN_ON(its_types_can_be_named);
    RUN_ON(each_runtime_loads_it_once);
    RUN_ON(threads_that_load_it_at_once_all_have_it);
    RUN_ON(the_log_has_its_name_and_version_once);
    RUN_ON(one_that_works_leaves_the_last_error_as_it_is);
    RUN_ON(what_is_no_plugin_is_refused);
    RUN_ON(what_does_not_fit_is_refused);
    RUN_ON(what_fails_leaves_nothing_behind);
    return 0;
}
