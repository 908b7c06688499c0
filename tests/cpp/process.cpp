// Nodes in a process of their own. The process is this very program: with an argument it is the worker.

#include "check.hpp"

#include <atomic>
#include <csignal>
#include <cstring>

static std::string program;

/// A node that sends what begins with an upper case letter to its second output.
static rm::NodeOptions router()
{
    rm::NodeOptions options;
    options.outputs = "lower,upper";
    return options;
}

/// A node that makes two packets.
static rm::NodeOptions source()
{
    rm::NodeOptions options;
    options.source = true;
    return options;
}

static void serve_router(rm::Runtime &runtime, rm::Service &service)
{
    const auto route = [](rm::PacketView in, rm::Call &call) {
        call.emit(in.with_port(in.text().front() <= 'Z' ? 1 : 0));
    };
    service.serve(runtime, rm::NodeHandle(route, router()), router());
}

static void serve_source(rm::Runtime &runtime, rm::Service &service)
{
    const auto count = [left = 2](rm::Call &call) mutable {
        call.emit(rm::text(std::to_string(left)));
        if (--left > 0)
            call.more();
    };
    service.serve(runtime, count, source());
}

/// The worker's side.
static int serve(int socket)
{
    rm::Runtime runtime;
    rm::Service service(socket);
    const auto payload = service.payload();
    const std::string made_of(reinterpret_cast<const char *>(payload.data()), payload.size());
    if (made_of == "refuse") {
        service.fail("no such node");
        return 1;
    }
    if (made_of == "router") {
        serve_router(runtime, service);
        return 0;
    }
    if (made_of == "source") {
        serve_source(runtime, service);
        return 0;
    }
    service.log(20, "worker", "made of " + made_of);
    service.serve(runtime, [&](rm::PacketView in, rm::Call &call) {
        if (in.text() == "die")
            std::raise(SIGKILL);
        if (in.text() == "fail")
            throw rm::Error(RM_ERR_INPUT, "not that");
        call.emit(rm::text(std::string(in.text()) + made_of));
    });
    return 0;
}

static rm::ProcessOptions process(const std::string &payload)
{
    rm::ProcessOptions options;
    options.command = {program, "--worker"};
    options.pack = [payload] { return payload; };
    return options;
}

static void calls_are_made_there(rm::Runtime &runtime)
{
    std::atomic<int> logged{0};
    rm::ProcessOptions options = process("!");
    options.on_log = [&](std::uint32_t level, std::string_view name, std::string_view text) {
        CHECK(level == 20 && name == "worker" && text == "made of !");
        logged++;
        throw 42; // has nobody to tell
    };
    rm::Session session = open(runtime, rm::in_process(options));
    session.push(rm::text("hello").with_pts(4ns));
    auto output = session.pull(patience);
    CHECK(output && output->pts() == 4ns);
    CHECK_EQUAL(output->text(), "hello!");
    finish(session);
    CHECK_EQUAL(logged.load(), 1);
}

static void a_failure_comes_back(rm::Runtime &runtime)
{
    rm::SessionOptions collect;
    collect.on_error = rm::OnError::collect;
    rm::Session session = open(runtime, rm::in_process(process("?")), collect);
    session.push(rm::text("fail"));
    auto output = session.pull(patience);
    CHECK(output);
    CHECK_EQUAL(output->failure().reason, "not that");
    CHECK_EQUAL(output->failure().status, RM_ERR_INPUT);
    session.push(rm::text("on"));
    expect(session, "on?");
    finish(session);
}

static void ports_are_there_too(rm::Runtime &runtime)
{
    rm::ProcessOptions options = process("router");
    options.node = router();
    rm::Pipeline pipeline(runtime);
    const auto shout = [](rm::PacketView in, rm::Call &call) { call.emit(rm::text(std::string(in.text()) + "!")); };
    pipeline.add("router", rm::in_process(options)).add("up", shout).add("low", pass);
    pipeline.connect("router/upper", "up").connect("router/lower", "low");
    rm::Session session(pipeline);
    session.push(rm::text("A"));
    expect(session, "A!");
    session.push(rm::text("a"));
    expect(session, "a");
    finish(session);
}

static void a_source_may_be_there(rm::Runtime &runtime)
{
    rm::ProcessOptions options = process("source");
    options.node = source();
    rm::Session session = open(runtime, rm::in_process(options));
    expect(session, "2");
    expect(session, "1");
    CHECK(session.pull(patience).ended());
}

static void a_death_is_told(rm::Runtime &runtime)
{
    rm::Session session = open(runtime, rm::in_process(process("")));
    session.push(rm::text("die"));
    CHECK_SAYS(THROWN(rm::NodeError, session.wait()).what(), "SIGKILL");
}

static void what_cannot_start_says_why(rm::Runtime &runtime)
{
    rm::Session refused = open(runtime, rm::in_process(process("refuse")));
    CHECK_SAYS(THROWN(rm::NodeError, refused.wait()).what(), "no such node");
    rm::ProcessOptions options = process("");
    options.pack = []() -> std::string { throw std::runtime_error("cannot be packed"); };
    rm::Session unpacked = open(runtime, rm::in_process(options));
    CHECK_SAYS(THROWN(rm::NodeError, unpacked.wait()).what(), "cannot be packed");
}

static void options_that_make_no_sense_are_refused()
{
    const auto kept = std::make_shared<int>(0);
    rm::ProcessOptions options;
    options.pack = [kept] { return std::string(); };
    CHECK_SAYS(THROWN(rm::Error, rm::in_process(options)).what(), "no program");
    options.command = {program};
    options.start_timeout = -1ns;
    CHECK_SAYS(THROWN(rm::Error, rm::in_process(options)).what(), "start_timeout");
    CHECK_EQUAL(kept.use_count(), 2); // that of `options`
    CHECK_EQUAL(THROWN(rm::Error, rm::Service(-1)).status(), RM_ERR_ARGUMENT);
}

int main(int count, char **arguments)
{
    program = arguments[0];
    if (count == 3 && std::strcmp(arguments[1], "--worker") == 0)
        return serve(std::atoi(arguments[2]));
    RUN_ON(calls_are_made_there);
    RUN_ON(a_failure_comes_back);
    RUN_ON(ports_are_there_too);
    RUN_ON(a_source_may_be_there);
    RUN_ON(a_death_is_told);
    RUN_ON(what_cannot_start_says_why);
    RUN(options_that_make_no_sense_are_refused);
}
