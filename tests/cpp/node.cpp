// Nodes: objects, functions, sources; each called in order, and gone when nobody has it.

#include "check.hpp"

#include <atomic>
#include <memory>

/// Notes how it is called.
class Recorder : public rm::Node {
public:
    explicit Recorder(std::string &calls) : calls_(calls) {}
    ~Recorder() override { calls_ += 'd'; }

    void initialize(rm::Call &) override { calls_ += 'i'; }
    void process(rm::PacketView in, rm::Call &call) override
    {
        calls_ += 'p';
        left_ = in.text();
        call.more();
    }
    void resume(rm::Call &call) override
    {
        calls_ += 'r';
        call.emit(rm::text(left_.substr(0, 1)));
        left_.erase(0, 1);
        if (!left_.empty())
            call.more();
    }
    void flush(rm::Call &call) override
    {
        calls_ += 'f';
        call.emit(rm::text("end"));
    }
    void cleanup(rm::Call &) override { calls_ += 'c'; }

private:
    std::string &calls_;
    std::string left_;
};

static void every_function_is_called_in_order(rm::Runtime &runtime)
{
    std::string calls;
    {
        rm::Session session = open(runtime, std::make_unique<Recorder>(calls));
        session.push(rm::text("abc"));
        session.push(rm::text("d"));
        session.end();
        for (const char *text : {"a", "b", "c", "d", "end"})
            expect(session, text);
        finish(session);
    }
    CHECK_EQUAL(runtime.shutdown(patience), 0u);
    CHECK_EQUAL(calls, "iprrrprfcd");
}

static void what_is_not_overridden_does_nothing(rm::Runtime &runtime)
{
    class Nothing : public rm::Node {};
    rm::Session session = open(runtime, std::make_unique<Nothing>());
    session.push(rm::text("swallowed"));
    finish(session);
}

static void the_very_object_stays_with_who_shares_it(rm::Runtime &runtime)
{
    struct Counter : rm::Node {
        std::atomic<int> packets{0};
        void process(rm::PacketView, rm::Call &) override { packets++; }
    };
    const auto counter = std::make_shared<Counter>();
    {
        const rm::NodeHandle node(counter);
        rm::Session first = open(runtime, node), second = open(runtime, node);
        first.push(rm::text("x"));
        second.push(rm::text("y"));
        finish(first);
        finish(second);
    }
    CHECK_EQUAL(counter->packets.load(), 2);
    await([&] { return counter.use_count() == 1; });
}

static void a_function_may_have_a_state_that_only_moves(rm::Runtime &runtime)
{
    auto count = std::make_unique<int>(0);
    rm::Session session = open(runtime, [count = std::move(count)](rm::PacketView, rm::Call &call) {
        call.emit(rm::text(std::to_string(++*count)));
    });
    session.push(rm::text("x"));
    session.push(rm::text("y"));
    expect(session, "1");
    expect(session, "2");
    finish(session);
}

static void a_function_of_a_call_alone_is_a_source(rm::Runtime &runtime)
{
    rm::Session session = open(runtime, [left = 3](rm::Call &call) mutable {
        call.emit(rm::text(std::to_string(left)));
        if (--left > 0)
            call.more();
    });
    for (const char *text : {"3", "2", "1"})
        expect(session, text);
    CHECK(session.pull(patience).ended());
    CHECK_EQUAL(THROWN(rm::Error, session.push(rm::text("x"))).status(), RM_ERR_STATE);
}

static void a_class_may_be_a_source(rm::Runtime &runtime)
{
    struct Once : rm::Node {
        rm::NodeOptions options() const override
        {
            rm::NodeOptions options;
            options.source = true;
            return options;
        }
        void resume(rm::Call &call) override { call.emit(rm::json("[1, 2]")); }
    };
    rm::Session session = open(runtime, std::make_unique<Once>());
    auto output = session.pull(patience);
    CHECK(output);
    CHECK_EQUAL(output->json(), "[1,2]");
    CHECK(session.pull(patience).ended());
}

static void options_are_kept_to(rm::Runtime &runtime)
{
    rm::NodeOptions options;
    options.accepts = {rm::Kind::audio, rm::Kind::bytes};
    rm::Session session = open(runtime, rm::NodeHandle(pass, options));
    session.push(rm::text("x"));
    const auto error = THROWN(rm::NodeError, session.wait());
    CHECK_EQUAL(error.status(), RM_ERR_INPUT);
    CHECK_SAYS(error.what(), "expected audio or bytes, got text");
}

static void options_that_make_no_sense_are_refused()
{
    auto gone = std::make_shared<int>(0);
    rm::NodeOptions options;
    options.match = 1ms;
    const auto node = [gone](rm::PacketView, rm::Call &) {};
    CHECK_EQUAL(THROWN(rm::Error, rm::NodeHandle(node, options)).status(), RM_ERR_ARGUMENT);
    options = {};
    options.outputs = "a,a";
    CHECK_EQUAL(THROWN(rm::Error, rm::NodeHandle(node, options)).status(), RM_ERR_ARGUMENT);
    CHECK_EQUAL(gone.use_count(), 2); // that of `node`
    CHECK_EQUAL(THROWN(rm::Error, rm::NodeHandle(std::shared_ptr<rm::Node>())).status(), RM_ERR_NULL);
}

static void a_call_knows_the_tag_of_its_session(rm::Runtime &runtime)
{
    rm::SessionOptions options;
    options.tag = 4711;
    const auto tell = [](rm::PacketView, rm::Call &call) { call.emit(rm::text(std::to_string(call.tag()))); };
    rm::Session session = open(runtime, tell, options);
    session.push(rm::text("x"));
    expect(session, "4711");
    finish(session);
}

int main()
{
    RUN_ON(every_function_is_called_in_order);
    RUN_ON(what_is_not_overridden_does_nothing);
    RUN_ON(the_very_object_stays_with_who_shares_it);
    RUN_ON(a_function_may_have_a_state_that_only_moves);
    RUN_ON(a_function_of_a_call_alone_is_a_source);
    RUN_ON(a_class_may_be_a_source);
    RUN_ON(options_are_kept_to);
    RUN(options_that_make_no_sense_are_refused);
    RUN_ON(a_call_knows_the_tag_of_its_session);
}
