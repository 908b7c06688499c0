// Buffers: memory that is shared, and let go once, when nobody reads it any more.

#include "check.hpp"

#include <atomic>
#include <memory>
#include <numeric>
#include <vector>

static void a_container_is_handed_over_without_a_copy(rm::Runtime &runtime)
{
    std::vector<float> samples(480, 0.25f);
    const float *where = samples.data();
    rm::Session session = open(runtime, pass);
    session.push(rm::audio(rm::Buffer::of(std::move(samples)), 48000, 1));
    auto output = session.pull(patience);
    CHECK(output);
    CHECK(output->samples().data() == where);
    CHECK_EQUAL(output->samples()[479], 0.25f);
    finish(session);
}

static void memory_is_let_go_after_the_last_reader(rm::Runtime &runtime)
{
    static const char memory[] = "static";
    std::atomic<int> released{0};
    {
        rm::Session session = open(runtime, pass);
        auto output = [&] {
            const auto buffer = rm::Buffer::wrap({reinterpret_cast<const std::byte *>(memory), 6}, [&] { released++; });
            session.push(rm::bytes(buffer));
            session.push(rm::bytes(buffer.bytes().subspan(1, 3)).in(buffer));
            auto first = session.pull(patience);
            CHECK(first && static_cast<const void *>(first->bytes().data()) == memory);
            return session.pull(patience);
        }();
        CHECK(output && static_cast<const void *>(output->bytes().data()) == memory + 1);
        CHECK_EQUAL(released.load(), 0);
        finish(session);
    }
    await([&] { return released == 1; });
}

static void memory_is_let_go_when_it_is_refused()
{
    int released = 0;
    const auto nothing = [&] { rm::Buffer::wrap({nullptr, 5}, [&] { released++; }); };
    CHECK_EQUAL(THROWN(rm::Error, nothing()).status(), RM_ERR_NULL);
    CHECK_EQUAL(released, 1);
}

static void bytes_must_lie_in_their_buffer(rm::Runtime &runtime)
{
    rm::Session session = open(runtime, pass);
    const auto buffer = rm::Buffer::of(std::string("inside"));
    const std::string other = "outside";
    CHECK_EQUAL(THROWN(rm::Error, session.push(rm::bytes(rm::as_bytes(other)).in(buffer))).status(), RM_ERR_ARGUMENT);
    finish(session);
}

static void shared_memory_is_filled_first(rm::Runtime &runtime)
{
    const auto count = [](rm::Span<std::byte> memory) {
        for (std::size_t at = 0; at < memory.size(); at++)
            memory[at] = static_cast<std::byte>(at);
    };
    const auto buffer = rm::Buffer::share(100, count);
    CHECK_EQUAL(buffer.as<std::uint8_t>()[99], 99);
    rm::Session session = open(runtime, pass);
    session.push(rm::bytes(buffer));
    auto output = session.pull(patience);
    CHECK(output && output->bytes().data() == buffer.bytes().data());
    finish(session);
    CHECK_EQUAL(THROWN(int, rm::Buffer::share(8, [](rm::Span<std::byte>) { throw 42; })), 42);
}

static void new_memory_is_filled_first()
{
    const auto ramp = [](rm::Span<float> samples) {
        CHECK_EQUAL(samples.size(), 100u);
        CHECK_EQUAL(reinterpret_cast<std::uintptr_t>(samples.data()) % 64, 0u);
        std::iota(samples.begin(), samples.end(), 0.0f);
    };
    const auto buffer = rm::Buffer::make<float>(100, ramp);
    CHECK_EQUAL(buffer.as<float>()[99], 99.0f);
    CHECK_EQUAL(buffer.bytes().size(), 400u);
    CHECK_EQUAL(THROWN(int, rm::Buffer::make(8, [](rm::Span<std::byte>) { throw 42; })), 42);
    for (const std::size_t count : {SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 4})
        CHECK_EQUAL(THROWN(rm::Error, rm::Buffer::make<float>(count, ramp)).status(), RM_ERR_MEMORY);
}

static void whoever_is_alone_writes_in_place(rm::Runtime &runtime)
{
    auto buffer = rm::Buffer::make(2, [](rm::Span<std::byte>) {});
    buffer.write()[1] = std::byte{7};
    CHECK(buffer.bytes()[1] == std::byte{7});
    rm::Session session = open(runtime, pass);
    session.push(rm::bytes(buffer));
    auto output = session.pull(patience);
    CHECK_EQUAL(THROWN(rm::Error, buffer.write()).status(), RM_ERR_STATE);
    finish(session);
    output = {};
    CHECK_EQUAL(buffer.write().size(), 2u);
    auto others = rm::Buffer::of(std::string("not the library's"));
    CHECK_EQUAL(THROWN(rm::Error, others.write()).status(), RM_ERR_STATE);
}

static void a_handle_is_taken_over()
{
    auto made = rm::Buffer::make(3, [](rm::Span<std::byte> bytes) { bytes[2] = std::byte{5}; });
    const void *where = made.bytes().data();
    const rm::Buffer buffer(made.release());
    CHECK(buffer.bytes().data() == where && buffer.bytes().size() == 3 && buffer.bytes()[2] == std::byte{5});
    CHECK_EQUAL(THROWN(rm::Error, rm::Buffer(7)).status(), RM_ERR_BAD_HANDLE);
}

static void a_node_hands_on_what_it_makes(rm::Runtime &runtime)
{
    rm::Session session = open(runtime, [](rm::PacketView in, rm::Call &call) {
        const auto ramp = [](rm::Span<float> samples) { std::iota(samples.begin(), samples.end(), 0.0f); };
        call.emit(rm::audio(rm::Buffer::make<float>(in.frames(), ramp), in.sample_rate(), 1));
    });
    session.push(rm::audio(std::vector<float>(100), 8000, 1));
    auto output = session.pull(patience);
    CHECK(output && output->plane(0)[99] == 99.0f);
    finish(session);
}

int main()
{
    RUN_ON(a_container_is_handed_over_without_a_copy);
    RUN_ON(memory_is_let_go_after_the_last_reader);
    RUN(memory_is_let_go_when_it_is_refused);
    RUN_ON(bytes_must_lie_in_their_buffer);
    RUN_ON(shared_memory_is_filled_first);
    RUN(new_memory_is_filled_first);
    RUN_ON(whoever_is_alone_writes_in_place);
    RUN(a_handle_is_taken_over);
    RUN_ON(a_node_hands_on_what_it_makes);
}
