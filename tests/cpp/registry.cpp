// Node types of the program: made by name, from manifests and by hand.

#include "check.hpp"

#include <memory>

/// Puts its parameters before each text.
class Prefix : public rm::Node {
public:
    explicit Prefix(std::string_view parameters) : parameters_(parameters) {}
    void process(rm::PacketView in, rm::Call &call) override
    {
        call.emit(rm::text(parameters_ + std::string(in.text())));
    }

private:
    std::string parameters_;
};

static const char manifest[] = R"(
version: v1
nodes:
  - {id: first, node_type: Prefix, params: {volume: 11}}
  - {id: second, node_type: Prefix}
)";

static void a_class_is_a_type(rm::Runtime &runtime)
{
    runtime.add_type<Prefix>("Prefix");
    CHECK_SAYS(runtime.types(), "\"Prefix\"");
    rm::Pipeline pipeline(runtime);
    pipeline.load(manifest);
    for (int round = 0; round < 2; round++) {
        rm::Session session(pipeline);
        session.push(rm::text("x"));
        expect(session, "{}{\"volume\":11}x");
        finish(session);
    }
}

static void a_function_makes_nodes(rm::Runtime &runtime)
{
    std::string made;
    runtime.add_type("Prefix", [&](std::string_view id, std::string_view parameters) {
        made.append(id).append(parameters);
        return pass;
    });
    rm::Pipeline pipeline(runtime);
    pipeline.add_type("node", "Prefix", R"({"key": null})");
    CHECK_EQUAL(made, "");
    rm::Session session(pipeline);
    CHECK_EQUAL(made, "node{\"key\":null}");
    session.push(rm::text("x"));
    expect(session, "x");
    finish(session);
}

static void built_in_types_stand_beside_them(rm::Runtime &runtime)
{
    rm::Pipeline pipeline(runtime);
    pipeline.add_type("first", "PassThrough").add("second", pass).connect("first", "second");
    rm::Session session(pipeline);
    session.push(rm::text("x"));
    expect(session, "x");
    finish(session);
    const auto error = THROWN(rm::Error, pipeline.add_type("third", "PassThruogh"));
    CHECK_EQUAL(error.status(), RM_ERR_UNKNOWN_TYPE);
    CHECK_SAYS(error.what(), "PassThrough");
}

/// What a session says whose only node cannot be made.
template <typename Create>
static std::string fail_to_make(rm::Runtime &runtime, Create create)
{
    runtime.add_type("Broken", create);
    rm::Pipeline pipeline(runtime);
    pipeline.add_type("node", "Broken");
    const auto error = THROWN(rm::Error, rm::Session{pipeline});
    CHECK_EQUAL(error.status(), RM_ERR_NODE);
    return error.what();
}

static void what_cannot_make_nodes_says_why(rm::Runtime &runtime)
{
    using Text = std::string_view;
    CHECK_SAYS(fail_to_make(runtime, [](Text, Text) -> rm::NodeHandle { throw std::runtime_error("not today"); }),
               "Node 'node' could not be made: not today");
    CHECK_SAYS(fail_to_make(runtime, [](Text, Text) -> rm::NodeHandle { throw 42; }), "no std::exception");
    CHECK_SAYS(fail_to_make(runtime, [](Text, Text) { return std::unique_ptr<Prefix>(); }), "is null");
    CHECK_SAYS(fail_to_make(runtime, [](Text, Text) { return rm::NodeHandle(rm_node(0)); }), "made no node");
}

static void what_makes_no_sense_is_refused(rm::Runtime &runtime)
{
    const auto kept = std::make_shared<int>(0);
    const auto create = [kept](std::string_view, std::string_view) { return pass; };
    CHECK_EQUAL(THROWN(rm::Error, runtime.add_type("", create)).status(), RM_ERR_ARGUMENT);
    CHECK_EQUAL(THROWN(rm::Error, runtime.add_type("Name", nullptr)).status(), RM_ERR_NULL);
    CHECK_EQUAL(kept.use_count(), 2); // that of `create`
    rm::Pipeline pipeline(runtime);
    CHECK_EQUAL(THROWN(rm::Error, pipeline.load("nodes: [")).status(), RM_ERR_MANIFEST);
    CHECK_EQUAL(THROWN(rm::Error, pipeline.add_type("x", "PassThrough", "[]")).status(), RM_ERR_ARGUMENT);
    const char *parameters = R"({"target_rate": "fast"})";
    CHECK_EQUAL(THROWN(rm::Error, pipeline.add_type("x", "FastResampleNode", parameters)).status(), RM_ERR_PARAMETERS);
}

static void a_type_that_is_replaced_goes(rm::Runtime &runtime)
{
    const auto kept = std::make_shared<int>(0);
    runtime.add_type("Prefix", [kept](std::string_view, std::string_view) { return pass; });
    CHECK_EQUAL(kept.use_count(), 2);
    runtime.add_type<Prefix>("Prefix");
    CHECK_EQUAL(kept.use_count(), 1);
}

static void a_type_may_make_nodes_in_processes(rm::Runtime &runtime)
{
    std::string given;
    runtime.add_type(
        "Apart", [](std::string_view, std::string_view) { return pass; },
        [&](std::string_view id, std::string_view parameters, std::string_view options) -> rm::NodeHandle {
            given.append(id).append(parameters).append(options);
            throw std::runtime_error("no process");
        });
    rm::Pipeline pipeline(runtime);
    pipeline.load(R"({"version": "v1", "nodes": [
        {"id": "node", "node_type": "Apart", "executor": "process", "process": {"restarts": 3}}]})");
    CHECK_SAYS(THROWN(rm::Error, rm::Session{pipeline}).what(), "no process");
    CHECK_SAYS(given, "node{}{");
    CHECK_SAYS(given, "\"restarts\":3");
}

int main()
{
    RUN_ON(a_class_is_a_type);
    RUN_ON(a_function_makes_nodes);
    RUN_ON(built_in_types_stand_beside_them);
    RUN_ON(what_cannot_make_nodes_says_why);
    RUN_ON(what_makes_no_sense_is_refused);
    RUN_ON(a_type_that_is_replaced_goes);
    RUN_ON(a_type_may_make_nodes_in_processes);
}
