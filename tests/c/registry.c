/* Node types of the host: made by name, from manifests and by hand. */

#include <stdatomic.h>

#include "check.h"
#include "fixture.h"
#include "recorder.h"

/* A type whose nodes say "prefix:" before what they take; the prefix is the id of the node. */
typedef struct type {
    atomic_int created, destroyed;
    char parameters[128];
    rm_status answer;
    rm_runtime runtime;
} type;

struct prefix {
    type *type;
    char text[32];
};

static rm_status put_before(void *user_data, const rm_packet *packet)
{
    const struct prefix *prefix = user_data;
    char words[128];
    snprintf(words, sizeof words, "%s:%.*s", prefix->text, (int)packet->size, (const char *)packet->data);
    rm_packet output = text(words);
    return rm_call_emit(&output);
}

static rm_status create(void *user_data, const char *id, size_t id_size, const char *json, size_t size, uint64_t *node)
{
    type *type = user_data;
    atomic_fetch_add(&type->created, 1);
    snprintf(type->parameters, sizeof type->parameters, "%.*s", (int)size, json);
    if (type->answer != RM_OK) {
        CHECK_OK(rm_call_fail(TEXT("not today"), NULL));
        return type->answer;
    }
    struct prefix *prefix = calloc(1, sizeof *prefix);
    CHECK(prefix != NULL && id_size < sizeof prefix->text);
    memcpy(prefix->text, id, id_size);
    rm_node_callbacks callbacks = {
        .struct_size = sizeof callbacks, .user_data = prefix, .destroy = free, .process = put_before};
    return rm_node_new(0, &callbacks, node);
}

static void destroy(void *user_data)
{
    atomic_fetch_add(&((type *)user_data)->destroyed, 1);
}

static rm_type_callbacks callbacks_of(type *type)
{
    return (rm_type_callbacks){
        .struct_size = sizeof(rm_type_callbacks), .user_data = type, .destroy = destroy, .create = create};
}

static void wrong_arguments_are_refused_and_destroyed(rm_runtime runtime)
{
    static const char bad[] = {(char)0x80};
    type type = {0};
    rm_type_callbacks callbacks = callbacks_of(&type);
    CHECK_STATUS(rm_runtime_add_type(runtime, TEXT("T"), NULL), RM_ERR_NULL);
    callbacks.struct_size = 8;
    CHECK_REFUSED(rm_runtime_add_type(runtime, TEXT("T"), &callbacks), RM_ERR_ARGUMENT, "sizeof(rm_type_callbacks)");
    CHECK_INT(type.destroyed, 0); /* there is no telling where it stands */
    callbacks = callbacks_of(&type);
    CHECK_STATUS(rm_runtime_add_type(0, TEXT("T"), &callbacks), RM_ERR_BAD_HANDLE);
    CHECK_INT(type.destroyed, 1);
    CHECK_STATUS(rm_runtime_add_type(runtime, NULL, 0, &callbacks), RM_ERR_ARGUMENT);
    CHECK_INT(type.destroyed, 2);
    CHECK_STATUS(rm_runtime_add_type(runtime, NULL, 1, &callbacks), RM_ERR_NULL);
    CHECK_INT(type.destroyed, 3);
    CHECK_STATUS(rm_runtime_add_type(runtime, bad, sizeof bad, &callbacks), RM_ERR_UTF8);
    CHECK_INT(type.destroyed, 4);
    callbacks.create = NULL;
    CHECK_STATUS(rm_runtime_add_type(runtime, TEXT("T"), &callbacks), RM_ERR_NULL);
    CHECK_INT(type.destroyed, 5);
    CHECK_INT(type.created, 0);
}

static void a_newer_one_is_refused_and_destroyed(rm_runtime runtime)
{
    type type = {0};
    struct {
        rm_type_callbacks known;
        uint64_t more;
    } newer = {callbacks_of(&type), 1};
    newer.known.struct_size = sizeof newer;
    CHECK_STATUS(rm_runtime_add_type(runtime, TEXT("T"), &newer.known), RM_ERR_UNSUPPORTED);
    CHECK_INT(type.destroyed, 1);
}

static rm_pipeline load(rm_runtime runtime, const char *manifest)
{
    rm_pipeline pipeline = 0;
    CHECK_OK(rm_pipeline_new(runtime, &pipeline));
    CHECK_OK(rm_pipeline_load(pipeline, manifest, strlen(manifest)));
    return pipeline;
}

static const char manifest[] = "{\"version\": \"v1\", \"nodes\": ["
                               "{\"id\": \"first\", \"node_type\": \"Prefix\", \"params\": {\"volume\": 11}},"
                               "{\"id\": \"second\", \"node_type\": \"PrefixNode\"}]}";

static void a_manifest_may_name_it(rm_runtime runtime)
{
    static type type; /* lives as long as the runtime */
    rm_type_callbacks callbacks = callbacks_of(&type);
    char types[1024] = "";
    size_t length = 0;
    CHECK_OK(rm_runtime_add_type(runtime, TEXT("PrefixNode"), &callbacks));
    CHECK_OK(rm_runtime_types(runtime, types, sizeof types - 1, &length));
    CHECK(strstr(types, "\"PrefixNode\"") != NULL);
    rm_pipeline pipeline = load(runtime, manifest);
    CHECK_INT(type.created, 0); /* each session makes nodes of its own */
    for (int i = 1; i <= 3; i++) {
        rm_session session = open_pipeline(pipeline, NULL);
        CHECK_INT(type.created, 2 * i);
        push_text(session, "x");
        expect_text(session, "second:first:x");
        finish(session);
    }
    CHECK_TEXT(type.parameters, "{}");
    CHECK_OK(rm_pipeline_free(pipeline));
    CHECK_OK(rm_pipeline_new(runtime, &pipeline));
    CHECK_OK(rm_pipeline_add_type(pipeline, TEXT("x"), TEXT("PrefixNode"), TEXT("{\"key\": [1, null, \"\\u00e9\"]}")));
    rm_session session = open_pipeline(pipeline, NULL);
    CHECK_TEXT(type.parameters, "{\"key\":[1,null,\"\xc3\xa9\"]}");
    finish(session);
    CHECK_OK(rm_pipeline_free(pipeline));
    CHECK_INT(type.destroyed, 0);
}

static void it_goes_with_its_runtime(void)
{
    type type = {0};
    rm_type_callbacks callbacks = callbacks_of(&type);
    rm_runtime runtime = start();
    CHECK_OK(rm_runtime_add_type(runtime, TEXT("Prefix"), &callbacks));
    rm_pipeline pipeline = load(runtime, manifest);
    finish(open_pipeline(pipeline, NULL));
    CHECK_OK(rm_runtime_free(runtime));
    CHECK_OK(rm_pipeline_free(pipeline));
    WAIT_FOR(atomic_load(&type.destroyed) > 0);
    CHECK_INT(type.destroyed, 1);
}

static void it_may_be_replaced(rm_runtime runtime)
{
    static type old, new; /* live as long as the runtime */
    rm_type_callbacks callbacks = callbacks_of(&old);
    CHECK_OK(rm_runtime_add_type(runtime, TEXT("Prefix"), &callbacks));
    rm_pipeline pipeline = load(runtime, manifest);
    callbacks = callbacks_of(&new);
    CHECK_OK(rm_runtime_add_type(runtime, TEXT("Prefix"), &callbacks));
    finish(open_pipeline(pipeline, NULL));
    CHECK_INT(old.created, 2); /* the pipeline was made with it, and keeps it */
    CHECK_INT(new.created, 0);
    CHECK_OK(rm_pipeline_free(pipeline));
    CHECK_INT(old.destroyed, 1);
    CHECK_INT(new.destroyed, 0);
}

/* Never comes back if the library calls `destroy` while it holds the lock of the types. */
static void look_back(void *user_data)
{
    type *type = user_data;
    size_t length = 0;
    rm_status status = rm_runtime_types(type->runtime, NULL, 0, &length);
    CHECK(status == RM_OK || status == RM_ERR_BAD_HANDLE); /* the latter when the runtime itself goes */
    atomic_fetch_add(&type->destroyed, 1);
}

static void *replace(void *user_data)
{
    type *type = user_data;
    rm_type_callbacks callbacks = callbacks_of(type);
    callbacks.destroy = look_back;
    for (int i = 0; i < 2; i++)
        CHECK_OK(rm_runtime_add_type(type->runtime, TEXT("Prefix"), &callbacks));
    return NULL;
}

static void destroy_may_use_the_library(void)
{
    type type = {.runtime = start()};
    pthread_t thread = start_thread(replace, &type);
    WAIT_FOR(atomic_load(&type.destroyed) == 1);
    join_thread(thread);
    stop(type.runtime);
}

static rm_status create_nothing(void *user_data, const char *id, size_t id_size, const char *json, size_t size,
                                uint64_t *node)
{
    (void)id, (void)id_size, (void)json, (void)size;
    if (user_data != NULL)
        *node = *(uint64_t *)user_data;
    return RM_OK;
}

static rm_status hand_on(void *user_data, const char *id, size_t id_size, const char *json, size_t size, uint64_t *node)
{
    (void)user_data, (void)id, (void)id_size, (void)json, (void)size;
    return rm_node_new(0, NULL, node);
}

static void expect_refusal(rm_runtime runtime, const rm_type_callbacks *callbacks, rm_status status, const char *why)
{
    rm_session_config how = session_config();
    rm_session session = 7;
    CHECK_OK(rm_runtime_add_type(runtime, TEXT("Prefix"), callbacks));
    rm_pipeline pipeline = load(runtime, manifest);
    CHECK_REFUSED(rm_session_open(pipeline, &how, &session), status, why);
    CHECK_OK(rm_pipeline_free(pipeline));
    CHECK_INT(session, 7);
}

static void the_reason_of_a_status_that_is_handed_on_is_told(rm_runtime runtime)
{
    rm_type_callbacks callbacks = {.struct_size = sizeof callbacks, .create = hand_on};
    expect_refusal(runtime, &callbacks, RM_ERR_NODE, "Node 'first' could not be made: rm_node_new: ");
}

static void a_node_that_cannot_be_made_ends_the_attempt(rm_runtime runtime)
{
    type type = {.answer = RM_ERR_MEMORY};
    rm_type_callbacks callbacks = callbacks_of(&type);
    expect_refusal(runtime, &callbacks, RM_ERR_MEMORY, "Node 'first' could not be made: not today");
    uint64_t odd[] = {0, 1, runtime};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        callbacks = (rm_type_callbacks){.struct_size = sizeof callbacks, .create = create_nothing};
        callbacks.user_data = &odd[i];
        expect_refusal(runtime, &callbacks, RM_ERR_NODE, "made no node");
    }
}

int main(void)
{
    RUN_ON(wrong_arguments_are_refused_and_destroyed);
    RUN_ON(a_newer_one_is_refused_and_destroyed);
    RUN_ON(a_manifest_may_name_it);
    RUN(it_goes_with_its_runtime);
    RUN_ON(it_may_be_replaced);
    RUN(destroy_may_use_the_library);
    RUN_ON(the_reason_of_a_status_that_is_handed_on_is_told);
    RUN_ON(a_node_that_cannot_be_made_ends_the_attempt);
    return 0;
}
