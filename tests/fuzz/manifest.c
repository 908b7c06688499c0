/* Manifests in JSON and YAML: what can be read can be described, and read again. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rm_pipeline first = 0, second = 0;
    CHECK(rm_pipeline_new(the_runtime(), &first) == RM_OK);
    if (sound(rm_pipeline_load(first, (const char *)data, size)) == RM_OK) {
        size_t length = 0;
        CHECK(rm_pipeline_describe(first, NULL, 0, &length) == RM_OK);
        char *text = malloc(length);
        CHECK(text != NULL && rm_pipeline_describe(first, text, length, &length) == RM_OK);
        CHECK(rm_pipeline_new(the_runtime(), &second) == RM_OK);
        CHECK(rm_pipeline_load(second, text, length) == RM_OK);
        CHECK(rm_pipeline_free(second) == RM_OK);
        free(text);
    }
    CHECK(rm_pipeline_free(first) == RM_OK);
    return 0;
}
