#include "library.h"

#include <dlfcn.h>

#include "check.h"

/* ISO C has no way from an object to a function but its bytes. */
static void find(void *handle, const char *name, void *function)
{
    void *symbol = dlsym(handle, name);
    CHECK(symbol != NULL);
    memcpy(function, &symbol, sizeof symbol);
}

library library_open(const char *path)
{
    library found = {.handle = dlopen(path, RTLD_NOW | RTLD_LOCAL)};
    if (found.handle == NULL)
        check_fail(__FILE__, __LINE__, dlerror());
    find(found.handle, "rm_abi_version", &found.abi_version);
    find(found.handle, "rm_last_error", &found.last_error);
    find(found.handle, "rm_runtime_new", &found.runtime_new);
    find(found.handle, "rm_runtime_free", &found.runtime_free);
    find(found.handle, "rm_pipeline_new", &found.pipeline_new);
    find(found.handle, "rm_pipeline_add_node", &found.pipeline_add_node);
    find(found.handle, "rm_pipeline_free", &found.pipeline_free);
    find(found.handle, "rm_node_new", &found.node_new);
    find(found.handle, "rm_node_free", &found.node_free);
    find(found.handle, "rm_call_emit", &found.call_emit);
    find(found.handle, "rm_session_open", &found.session_open);
    find(found.handle, "rm_session_push", &found.session_push);
    find(found.handle, "rm_session_pull", &found.session_pull);
    find(found.handle, "rm_session_end", &found.session_end);
    find(found.handle, "rm_session_free", &found.session_free);
    find(found.handle, "rm_buffer_free", &found.buffer_free);
    return found;
}

int library_is_loaded(const char *path)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
    if (handle == NULL)
        return 0;
    CHECK_INT(dlclose(handle), 0);
    return 1;
}

static rm_status pass(void *user_data, const rm_packet *packet)
{
    return ((const library *)user_data)->call_emit(packet);
}

use use_begin(const library *library)
{
    use use = {.library = library};
    rm_runtime_config config = {.struct_size = sizeof config, .abi_version = RM_ABI_VERSION};
    rm_node_callbacks callbacks = {.struct_size = sizeof callbacks, .user_data = (void *)library, .process = pass};
    rm_session_config how = {.struct_size = sizeof how};
    rm_pipeline pipeline = 0;
    rm_node node = 0;
    CHECK_INT(library->runtime_new(&config, &use.runtime), RM_OK);
    CHECK_INT(library->pipeline_new(use.runtime, &pipeline), RM_OK);
    CHECK_INT(library->node_new(0, &callbacks, &node), RM_OK);
    CHECK_INT(library->pipeline_add_node(pipeline, TEXT("pass"), node), RM_OK);
    CHECK_INT(library->session_open(pipeline, &how, &use.session), RM_OK);
    CHECK_INT(library->pipeline_free(pipeline), RM_OK);
    CHECK_INT(library->node_free(node), RM_OK);
    return use;
}

void use_pass(const use *use, const char *words)
{
    rm_packet packet = {.struct_size = sizeof packet, .kind = RM_KIND_TEXT, .data = words, .size = strlen(words)};
    CHECK_INT(use->library->session_push(use->session, &packet, PATIENCE), RM_OK);
    CHECK_INT(use->library->session_pull(use->session, &packet, PATIENCE), RM_OK);
    CHECK_INT(packet.size, strlen(words));
    CHECK(memcmp(packet.data, words, packet.size) == 0);
    CHECK_INT(use->library->buffer_free(packet.buffer), RM_OK);
}

void use_end(const use *use)
{
    rm_packet packet = {.struct_size = sizeof packet};
    CHECK_INT(use->library->session_end(use->session), RM_OK);
    CHECK_INT(use->library->session_pull(use->session, &packet, PATIENCE), RM_END);
    CHECK_INT(use->library->session_free(use->session), RM_OK);
    CHECK_INT(use->library->runtime_free(use->runtime), RM_OK);
}
