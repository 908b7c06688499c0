// Graphs: ports, edges and what they drop, packets that belong together, options of single nodes.

#include "check.hpp"

#include <future>

/// Text that begins with an upper case letter goes to the second output.
static void route(rm::PacketView in, rm::Call &call)
{
    call.emit(in.with_port(in.text().front() <= 'Z' ? 1 : 0));
}

/// Puts the number of the port before the text.
static void name_port(rm::PacketView in, rm::Call &call)
{
    call.emit(rm::text(std::to_string(in.port()).append(in.text())));
}

static rm::NodeOptions ports(std::string inputs, std::string outputs)
{
    rm::NodeOptions options;
    options.inputs = std::move(inputs);
    options.outputs = std::move(outputs);
    return options;
}

static void packets_go_from_port_to_port(rm::Runtime &runtime)
{
    rm::Pipeline pipeline(runtime);
    pipeline.add("router", rm::NodeHandle(route, ports("", "lower,upper")))
        .add("joiner", rm::NodeHandle(name_port, ports("first, second", "")))
        .connect("router/lower", "joiner/second")
        .connect("router/upper", "joiner/first");
    rm::Session session(pipeline);
    session.push(rm::text("a"));
    expect(session, "1a");
    session.push(rm::text("B"));
    expect(session, "0B");
    finish(session);
    pipeline.connect("router/lowre", "joiner/first");
    const auto error = THROWN(rm::Error, rm::Session{pipeline});
    CHECK_EQUAL(error.status(), RM_ERR_GRAPH);
    CHECK_SAYS(error.what(), "did you mean 'lower'?");
}

static void what_belongs_to_one_time_comes_together(rm::Runtime &runtime)
{
    rm::NodeOptions both = ports("left,right", "");
    both.match = 0ns;
    const auto lose = [](rm::PacketView in, rm::Call &call) {
        if (in.text() != "lost")
            call.emit(in);
    };
    rm::Pipeline pipeline(runtime);
    pipeline.add("start", pass)
        .add("fork", lose)
        .add("both", rm::NodeHandle(name_port, both))
        .connect("start", "both/left")
        .connect("start", "fork")
        .connect("fork", "both/right");
    rm::Session session(pipeline);
    nanoseconds pts{0};
    for (const char *text : {"a", "lost", "b"})
        session.push(rm::text(text).with_pts(pts += 1ms));
    for (const char *text : {"0a", "1a", "0b", "1b"})
        expect(session, text);
    finish(session);
}

/// What is left of 1 to 5 by an edge of two packets behind which a node stands still with 0.
static std::string squeeze(rm::Runtime &runtime, rm::Policy policy, int dropped)
{
    std::promise<void> reached, release;
    const auto gate = [&, waits = true](rm::PacketView in, rm::Call &call) mutable {
        if (std::exchange(waits, false)) {
            reached.set_value();
            release.get_future().wait();
        }
        call.emit(in);
    };
    rm::EdgeOptions edge;
    edge.policy = policy;
    edge.capacity = 2;
    rm::Pipeline pipeline(runtime);
    pipeline.add("a", pass).add("b", rm::NodeHandle(gate)).connect("a", "b", edge);
    rm::Session session(pipeline);
    session.push(rm::text("0"));
    reached.get_future().wait();
    for (const char *text : {"1", "2", "3", "4", "5"})
        session.push(rm::text(text));
    const std::string expected = "\"dropped_count\":" + std::to_string(dropped);
    await([&] { return session.metrics().find(expected) != std::string::npos; });
    release.set_value();
    session.end();
    std::string left;
    while (auto output = session.pull(patience))
        left += output->text();
    return left;
}

static void an_edge_drops_as_its_policy_says(rm::Runtime &runtime)
{
    CHECK_EQUAL(squeeze(runtime, rm::Policy::block, 0), "012345");
    CHECK_EQUAL(squeeze(runtime, rm::Policy::drop_oldest, 3), "045");
    CHECK_EQUAL(squeeze(runtime, rm::Policy::drop_newest, 3), "012");
    CHECK_EQUAL(squeeze(runtime, rm::Policy::latest, 4), "05");
}

static void a_node_may_have_options_of_its_own(rm::Runtime &runtime)
{
    int attempts = 0;
    rm::Pipeline pipeline(runtime);
    pipeline.add("node", [&](rm::PacketView in, rm::Call &call) {
        if (++attempts < 3)
            throw std::runtime_error("not yet");
        call.emit(in);
    });
    pipeline.configure("node", R"({"retries": 5, "retry_delay_ms": 1})");
    rm::Session session(pipeline);
    session.push(rm::text("x"));
    expect(session, "x");
    finish(session);
    CHECK_EQUAL(attempts, 3);
    CHECK_SAYS(THROWN(rm::Error, pipeline.configure("node", R"({"retrys": 1})")).what(), "retries");
    CHECK_EQUAL(THROWN(rm::Error, pipeline.configure("nobody", "{}")).status(), RM_ERR_GRAPH);
}

static void a_pipeline_describes_itself(rm::Runtime &runtime)
{
    rm::Pipeline pipeline(runtime);
    pipeline.add_type("first", "PassThrough").add_type("second", "PassThrough").connect("first", "second");
    const std::string shape = pipeline.describe();
    CHECK_SAYS(shape, "\"first\"");
    rm::Pipeline again(runtime);
    CHECK_EQUAL(again.load(shape).describe(), shape);
    again.add("own", pass);
    CHECK_SAYS(again.describe(), "null");
    rm::Pipeline third(runtime);
    CHECK_EQUAL(THROWN(rm::Error, third.load(again.describe())).status(), RM_ERR_MANIFEST);
}

static void what_makes_no_sense_is_refused(rm::Runtime &runtime)
{
    rm::Pipeline pipeline(runtime);
    pipeline.add("a", pass);
    CHECK_EQUAL(THROWN(rm::Error, pipeline.add("a", pass)).status(), RM_ERR_GRAPH);
    CHECK_EQUAL(THROWN(rm::Error, pipeline.add("", pass)).status(), RM_ERR_GRAPH);
    CHECK_EQUAL(THROWN(rm::Error, pipeline.connect("a", "b")).status(), RM_ERR_GRAPH);
    pipeline.connect("a", "a");
    CHECK_EQUAL(THROWN(rm::Error, rm::Session{pipeline}).status(), RM_ERR_GRAPH);
}

int main()
{
    RUN_ON(packets_go_from_port_to_port);
    RUN_ON(what_belongs_to_one_time_comes_together);
    RUN_ON(an_edge_drops_as_its_policy_says);
    RUN_ON(a_node_may_have_options_of_its_own);
    RUN_ON(a_pipeline_describes_itself);
    RUN_ON(what_makes_no_sense_is_refused);
}
