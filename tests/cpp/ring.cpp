// Rings: what a real-time thread pushes and pulls.

#include "check.hpp"

#include <array>

static_assert(noexcept(std::declval<rm::Ring &>().try_push(std::declval<const rm::PacketView &>())), "push");
static_assert(noexcept(std::declval<rm::Ring &>().try_pull(rm::Span<std::byte>())), "pull");
static_assert(std::is_trivially_copyable_v<rm::RingPulled>, "nothing in it allocates");

using Memory = std::array<std::byte, 64>;

static rm::RingOptions options(rm::Direction direction, std::uint32_t capacity = 0)
{
    rm::RingOptions options;
    options.direction = direction;
    options.size = sizeof(Memory);
    options.capacity = capacity;
    return options;
}

/// Pulls until the ring has something to say.
static rm::RingPulled pull_soon(rm::Ring &ring, Memory &memory)
{
    rm::RingPulled pulled = ring.try_pull(memory);
    await([&] {
        if (pulled.status() == RM_ERR_TIMEOUT)
            pulled = ring.try_pull(memory);
        return pulled.status() != RM_ERR_TIMEOUT;
    });
    return pulled;
}

static void packets_go_in_and_come_out(rm::Runtime &runtime)
{
    Memory memory;
    rm::Session session = open(runtime, pass);
    rm::Ring in(session, options(rm::Direction::input)), out(session, options(rm::Direction::output));
    const float samples[] = {0.5f, -0.5f, 0.25f, 0};
    CHECK_EQUAL(in.try_push(rm::audio(samples, 4000, 2).with_pts(3s)), RM_OK);
    CHECK_EQUAL(in.try_push(rm::text("words")), RM_OK);
    auto audio = pull_soon(out, memory);
    CHECK(audio && audio->kind() == rm::Kind::audio && audio->sample_rate() == 4000 && audio->channels() == 2);
    CHECK(static_cast<const void *>(audio->samples().data()) == memory.data());
    CHECK(audio->pts() == nanoseconds(3s) && audio->plane(1)[0] == 0.25f);
    auto text = pull_soon(out, memory);
    CHECK(text && (*text).text() == "words");
    in.end();
    auto end = pull_soon(out, memory);
    CHECK(!end && end.ended() && end.status() == RM_END);
    CHECK_EQUAL(in.stats().packets, 2u);
    CHECK_EQUAL(out.stats().packets, 2u);
    CHECK(in.stats().dropped == 0 && in.stats().queued == 0 && out.stats().dropped == 0);
    CHECK(session.wait(patience));
}

static void full_and_empty_are_answers(rm::Runtime &runtime)
{
    Memory memory;
    rm::SessionOptions how;
    how.capacity = 1;
    rm::Session session = open(runtime, pass, how);
    rm::Ring in(session, options(rm::Direction::input, 1)), out(session, options(rm::Direction::output, 1));
    const auto empty = out.try_pull(memory);
    CHECK(!empty && !empty.ended() && empty.status() == RM_ERR_TIMEOUT);
    // Nobody takes the outputs, so there is room for so many and no more.
    rm_status status = RM_OK;
    await([&] {
        status = in.try_push(rm::text("x"));
        return in.stats().overruns > 20;
    });
    CHECK_EQUAL(in.try_push(rm::text("x")), RM_ERR_TIMEOUT);
    CHECK_EQUAL(status, RM_ERR_TIMEOUT);
    CHECK(out.stats().underruns > 0);
    session.cancel();
}

static void what_makes_no_sense_is_refused(rm::Runtime &runtime)
{
    Memory memory;
    rm::Session session = open(runtime, pass);
    CHECK_EQUAL(THROWN(rm::Error, rm::Ring(session, rm::RingOptions())).status(), RM_ERR_ARGUMENT); // no size
    rm::Ring in(session, options(rm::Direction::input)), out(session, options(rm::Direction::output));
    CHECK_EQUAL(in.try_push(rm::json("[]")), RM_ERR_UNSUPPORTED);
    CHECK_EQUAL(in.try_push(rm::text(std::string(sizeof(Memory) + 1, 'x'))), RM_ERR_ARGUMENT);
    CHECK_EQUAL(in.try_pull(memory).status(), RM_ERR_ARGUMENT);
    CHECK_EQUAL(out.try_push(rm::text("x")), RM_ERR_ARGUMENT);
    CHECK_EQUAL(out.try_pull(rm::Span<std::byte>(memory).subspan(0, 8)).status(), RM_ERR_ARGUMENT);
    CHECK_EQUAL(THROWN(rm::Error, out.end()).status(), RM_ERR_STATE);
    finish(session);
}

static void a_failure_comes_after_what_was_before_it(rm::Runtime &runtime)
{
    Memory memory;
    rm::Session session = open(runtime, [](rm::PacketView in, rm::Call &call) {
        if (in.text() == "bad")
            throw rm::Error(RM_ERR_INPUT, "too bad");
        call.emit(in);
    });
    rm::Ring in(session, options(rm::Direction::input)), out(session, options(rm::Direction::output));
    CHECK_EQUAL(in.try_push(rm::text("good")), RM_OK);
    CHECK_EQUAL(in.try_push(rm::text("bad")), RM_OK);
    CHECK(pull_soon(out, memory)->text() == "good");
    CHECK_EQUAL(pull_soon(out, memory).status(), RM_ERR_INPUT);
    CHECK(session.failure() && session.failure()->reason.find("too bad") != std::string::npos);
}

int main()
{
    RUN_ON(packets_go_in_and_come_out);
    RUN_ON(full_and_empty_are_answers);
    RUN_ON(what_makes_no_sense_is_refused);
    RUN_ON(a_failure_comes_after_what_was_before_it);
}
