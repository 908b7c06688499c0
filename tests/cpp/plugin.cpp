// Plugins: shared libraries of C++ that bring node types.

#include "check.hpp"

static void its_types_can_be_named(rm::Runtime &runtime)
{
    runtime.load_plugin(PLUGIN_GOOD);
    runtime.load_plugin(PLUGIN_GOOD); // is there already
    CHECK_SAYS(runtime.types(), "\"Shout\"");
    rm::Pipeline pipeline(runtime);
    pipeline.add_type("shout", "Shout");
    rm::Session session(pipeline);
    session.push(rm::text("hello"));
    expect(session, "hello!");
    finish(session);
}

static void each_runtime_loads_its_own(rm::Runtime &runtime)
{
    rm::Runtime other;
    other.load_plugin(PLUGIN_GOOD);
    CHECK_SAYS(other.types(), "\"Shout\"");
    CHECK(runtime.types().find("Shout") == std::string::npos);
    CHECK_EQUAL(other.shutdown(patience), 0u);
}

static void what_its_function_throws_is_why_it_is_refused(rm::Runtime &runtime)
{
    const auto error = THROWN(rm::Error, runtime.load_plugin(PLUGIN_FAILING));
    CHECK_EQUAL(error.status(), RM_ERR_PLUGIN);
    CHECK_SAYS(error.what(), "there is no licence");
    CHECK(runtime.types().find("Shout") == std::string::npos);
    rm::Session session = open(runtime, pass); // the runtime is still its owner's
    session.push(rm::text("x"));
    expect(session, "x");
    finish(session);
}

static void what_is_not_there_is_refused(rm::Runtime &runtime)
{
    CHECK_EQUAL(THROWN(rm::Error, runtime.load_plugin("/nowhere.so")).status(), RM_ERR_PLUGIN);
    CHECK_EQUAL(THROWN(rm::Error, runtime.load_plugin("")).status(), RM_ERR_ARGUMENT);
}

int main()
{
    RUN_ON(its_types_can_be_named);
    RUN_ON(each_runtime_loads_its_own);
    RUN_ON(what_its_function_throws_is_why_it_is_refused);
    RUN_ON(what_is_not_there_is_refused);
}
