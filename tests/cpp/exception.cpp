// Exceptions: whatever is thrown, and in whatever function, fails the node, and nothing passes through the library.

#include "check.hpp"

#include <atomic>
#include <memory>
#include <new>

/// Throws what a text asks for, or does nothing.
static void throw_as(std::string_view what)
{
    if (what == "runtime_error")
        throw std::runtime_error("thrown: \xc3\xa9");
    if (what == "input")
        throw rm::Error(RM_ERR_INPUT, "not that");
    if (what == "fine")
        throw rm::Error(RM_OK, "nothing is wrong");
    if (what == "bad_alloc")
        throw std::bad_alloc();
    if (what == "int")
        throw 42;
    if (what == "bytes")
        throw std::runtime_error("\xff\xfe");
}

/// Throws in one of its functions.
class Thrower : public rm::Node {
public:
    static inline std::atomic<int> cleaned{0};

    Thrower(char where, std::string what) : where_(where), what_(std::move(what)) {}

    void initialize(rm::Call &) override { throw_at('i'); }
    void process(rm::PacketView, rm::Call &call) override
    {
        throw_at('p');
        call.more();
    }
    void resume(rm::Call &) override { throw_at('r'); }
    void flush(rm::Call &) override { throw_at('f'); }
    void cleanup(rm::Call &) override
    {
        cleaned++;
        throw_at('c');
    }

private:
    void throw_at(char where) const
    {
        if (where == where_)
            throw_as(what_);
    }

    char where_;
    std::string what_;
};

/// What a session says that is given one packet, for such a node.
static rm::NodeError fail(rm::Runtime &runtime, char where, const char *what)
{
    rm::Session session = open(runtime, std::make_unique<Thrower>(where, what));
    try {
        session.push(rm::text("x").with_pts(5ns));
    } catch (const rm::NodeError &) {
        CHECK(where == 'i'); // it may have failed before
    }
    session.end();
    return THROWN(rm::NodeError, session.wait());
}

static void every_function_may_throw(rm::Runtime &runtime)
{
    Thrower::cleaned = 0;
    for (const char where : {'i', 'p', 'r', 'f'}) {
        const rm::NodeError error = fail(runtime, where, "runtime_error");
        CHECK_EQUAL(error.status(), RM_ERR_NODE);
        CHECK_EQUAL(error.failure().node, "node");
        CHECK_EQUAL(error.failure().reason, "thrown: \xc3\xa9");
        CHECK_EQUAL(error.failure().status, RM_ERR_NODE);
        CHECK_SAYS(error.what(), "Node 'node' failed: thrown: \xc3\xa9");
        CHECK_EQUAL(error.failure().index.has_value(), where == 'p' || where == 'r');
        if (error.failure().index)
            CHECK(*error.failure().index == 0 && error.failure().pts == 5ns);
    }
    CHECK_EQUAL(Thrower::cleaned.load(), 4);
}

static void cleanup_may_throw(rm::Runtime &runtime)
{
    for (const char *what : {"runtime_error", "int"}) {
        rm::Session session = open(runtime, std::make_unique<Thrower>('c', what));
        finish(session); // it has ended well all the same
    }
}

static void what_is_thrown_says_what_the_failure_is(rm::Runtime &runtime)
{
    CHECK_EQUAL(fail(runtime, 'p', "input").status(), RM_ERR_INPUT);
    CHECK_EQUAL(fail(runtime, 'p', "bad_alloc").status(), RM_ERR_MEMORY);
    CHECK_EQUAL(fail(runtime, 'p', "fine").failure().reason, "nothing is wrong");
    for (const char where : {'i', 'p', 'r', 'f'})
        CHECK_EQUAL(fail(runtime, where, "int").failure().reason, "an exception was thrown that is no std::exception");
    CHECK_SAYS(fail(runtime, 'p', "bytes").failure().reason, "not UTF-8");
}

static void a_call_may_fail_without_an_exception(rm::Runtime &runtime)
{
    rm::Session session =
        open(runtime, [](rm::PacketView, rm::Call &call) { call.fail("too loud", RM_ERR_INPUT); });
    session.push(rm::text("x"));
    const auto error = THROWN(rm::NodeError, session.wait());
    CHECK_EQUAL(error.status(), RM_ERR_INPUT);
    CHECK_EQUAL(error.failure().reason, "too loud");
}

static void a_refused_packet_fails_its_node(rm::Runtime &runtime)
{
    rm::Session session = open(runtime, [](rm::PacketView, rm::Call &call) { call.emit(rm::json("{")); });
    session.push(rm::text("x"));
    CHECK_SAYS(THROWN(rm::NodeError, session.wait()).what(), "is not JSON");
    rm::Session other = open(runtime, [](rm::PacketView in, rm::Call &call) { call.emit(rm::text(in.json())); });
    other.push(rm::text("x"));
    CHECK_EQUAL(THROWN(rm::NodeError, other.wait()).failure().reason, "expected json, got text");
}

static void what_is_given_over_goes_however_it_ends(rm::Runtime &runtime)
{
    const auto alive = std::make_shared<int>(0);
    {
        rm::Session session = open(runtime, [alive](rm::PacketView, rm::Call &) { throw_as("int"); });
        session.push(rm::text("x"));
        CHECK_EQUAL(THROWN(rm::NodeError, session.wait()).status(), RM_ERR_NODE);
    }
    await([&] { return alive.use_count() == 1; });
}

int main()
{
    RUN_ON(every_function_may_throw);
    RUN_ON(cleanup_may_throw);
    RUN_ON(what_is_thrown_says_what_the_failure_is);
    RUN_ON(a_call_may_fail_without_an_exception);
    RUN_ON(a_refused_packet_fails_its_node);
    RUN_ON(what_is_given_over_goes_however_it_ends);
}
