// Calls: what a node learns while it is called, and what it keeps beyond that.

#include "check.hpp"

#include <atomic>

static void a_long_call_learns_that_nobody_waits(rm::Runtime &runtime)
{
    std::atomic<bool> inside{false}, told{false};
    rm::Session session = open(runtime, [&](rm::PacketView, rm::Call &call) {
        CHECK(!call.cancelled());
        inside = true;
        await([&] { return call.cancelled(); });
        told = true;
    });
    session.push(rm::text("x"));
    await([&] { return inside.load(); });
    session.cancel();
    CHECK_EQUAL(THROWN(rm::Error, (void)session.wait(patience)).status(), RM_ERR_CANCELLED);
    CHECK(told);
}

static void a_node_keeps_what_it_was_given(rm::Runtime &runtime)
{
    const float samples[] = {0.5f, -0.25f};
    const float *where = nullptr;
    rm::Buffer kept;
    rm::Session session = open(runtime, [&](rm::PacketView in, rm::Call &call) {
        where = in.samples().data();
        kept = call.keep();
    });
    session.push(rm::audio(samples, 8000, 1));
    finish(session);
    CHECK(kept && kept.as<float>().data() == where && kept.as<float>().size() == 2);
    CHECK_EQUAL(kept.as<float>()[1], -0.25f);
    kept.write()[0] = std::byte{1}; // the packet has gone, so it is ours alone
    CHECK(kept.bytes()[0] == std::byte{1});
}

static void a_delay_hands_on_what_it_kept(rm::Runtime &runtime)
{
    rm::Buffer last;
    rm::Session session = open(runtime, [&](rm::PacketView in, rm::Call &call) {
        const rm::Buffer before = std::exchange(last, call.keep());
        if (before)
            call.emit(rm::bytes(before).with_metadata(in.metadata()));
    });
    const std::string words[] = {"one", "two"};
    session.push(rm::bytes(rm::as_bytes(words[0])));
    session.push(rm::bytes(rm::as_bytes(words[1])));
    auto output = session.pull(patience);
    CHECK(output && output->bytes().size() == 3 && output->bytes()[0] == std::byte{'o'});
    finish(session);
    last = {};
}

/// What a node has kept of a packet.
static std::string kept_of(rm::Runtime &runtime, const rm::PacketView &packet)
{
    rm::Buffer kept;
    rm::Session session = open(runtime, [&](rm::PacketView, rm::Call &call) { kept = call.keep(); });
    session.push(packet);
    finish(session);
    return {kept.as<char>().data(), kept.as<char>().size()};
}

static void text_and_json_are_kept_as_bytes(rm::Runtime &runtime)
{
    CHECK_EQUAL(kept_of(runtime, rm::text("a text")), "a text");
    CHECK_EQUAL(kept_of(runtime, rm::json("[1, 2]")), "[1,2]");
    CHECK_EQUAL(kept_of(runtime, rm::text("")), "");
}

static void what_cannot_be_kept_says_so(rm::Runtime &runtime)
{
    struct Early : rm::Node {
        void initialize(rm::Call &call) override { call.keep(); }
    };
    rm::Session session = open(runtime, std::make_unique<Early>());
    CHECK_SAYS(THROWN(rm::NodeError, (void)session.wait(patience)).what(), "in 'process' only");
    rm::Call none;
    CHECK_EQUAL(THROWN(rm::Error, none.keep()).status(), RM_ERR_REENTRANT);
    CHECK_EQUAL(THROWN(rm::Error, (void)none.cancelled()).status(), RM_ERR_REENTRANT);
}

int main()
{
    RUN_ON(a_long_call_learns_that_nobody_waits);
    RUN_ON(a_node_keeps_what_it_was_given);
    RUN_ON(a_delay_hands_on_what_it_kept);
    RUN_ON(text_and_json_are_kept_as_bytes);
    RUN_ON(what_cannot_be_kept_says_so);
}
