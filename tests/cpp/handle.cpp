// Handles: moved, not copied, and freed once.

#include "check.hpp"

#include <type_traits>

template <typename T>
constexpr bool moves_only = std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_assignable_v<T> &&
                            !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T>;

static_assert(moves_only<rm::Runtime> && moves_only<rm::Host> && moves_only<rm::NodeHandle>, "handles are moved");
static_assert(moves_only<rm::Pipeline> && moves_only<rm::Session> && moves_only<rm::Buffer>, "handles are moved");
static_assert(moves_only<rm::Completion> && moves_only<rm::Packet> && moves_only<rm::Service>, "handles are moved");
static_assert(!std::is_copy_constructible_v<rm::Call> && !std::is_move_constructible_v<rm::Call>, "a call stays");
static_assert(!std::is_convertible_v<rm_node, rm::NodeHandle>, "a number is no handle");

static std::uint64_t live()
{
    std::uint64_t count = 0;
    CHECK(rm_debug_live(0, &count) == RM_OK);
    return count;
}

static void a_handle_moves()
{
    rm::NodeHandle first(pass);
    const rm_node number = first.handle();
    CHECK(first && number != 0);
    rm::NodeHandle second(std::move(first));
    CHECK(!first && second.handle() == number);
    CHECK_EQUAL(live(), 1u);
    rm::NodeHandle third(pass);
    third = std::move(second); // frees what it had
    CHECK(!second && third.handle() == number);
    CHECK_EQUAL(live(), 1u);
    rm::NodeHandle &same = third;
    third = std::move(same);
    CHECK_EQUAL(third.handle(), number);
}

static void a_handle_is_given_up_and_taken_over()
{
    rm::NodeHandle node(pass);
    const rm_node number = node.release();
    CHECK(!node);
    CHECK_EQUAL(live(), 1u);
    const rm::NodeHandle again(number);
    CHECK_EQUAL(again.handle(), number);
}

static void each_frees_what_it_has(rm::Runtime &runtime)
{
    const std::uint64_t before = live();
    {
        rm::Pipeline pipeline(runtime);
        rm::NodeHandle node(pass);
        pipeline.add("node", node);
        rm::Session session(pipeline);
        session.push(rm::text("x"));
        auto output = session.pull(patience);
        CHECK_EQUAL(live(), before + 4); // with the output's buffer
        rm::Packet kept = std::move(*output);
        output = session.pull(0ns);
        CHECK(!output && !output.ended());
        CHECK_EQUAL(kept.text(), "x");
    }
    CHECK_EQUAL(live(), before);
}

static void what_has_been_moved_away_answers_an_error(rm::Runtime &runtime)
{
    rm::Session session = open(runtime, pass);
    rm::Session other = std::move(session);
    CHECK_EQUAL(THROWN(rm::Error, session.end()).status(), RM_ERR_BAD_HANDLE);
    finish(other);
}

static void a_constructor_that_throws_leaves_nothing()
{
    rm::Runtime runtime;
    rm::Runtime gone = std::move(runtime);
    CHECK_EQUAL(THROWN(rm::Error, rm::Pipeline{runtime}).status(), RM_ERR_BAD_HANDLE);
    CHECK_EQUAL(THROWN(rm::Error, (rm::Host{runtime, [] {}})).status(), RM_ERR_BAD_HANDLE);
    rm::Pipeline empty(gone);
    const auto error = THROWN(rm::Error, rm::Session{empty});
    CHECK_EQUAL(error.status(), RM_ERR_GRAPH);
    rm::SessionOptions options;
    options.on_event = [](rm::Event) {};
    CHECK_EQUAL(THROWN(rm::Error, (rm::Session{empty, options})).status(), RM_ERR_GRAPH);
}

int main()
{
    RUN(a_handle_moves);
    RUN(a_handle_is_given_up_and_taken_over);
    RUN_ON(each_frees_what_it_has);
    RUN_ON(what_has_been_moved_away_answers_an_error);
    RUN(a_constructor_that_throws_leaves_nothing);
}
