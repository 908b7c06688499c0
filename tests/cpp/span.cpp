// Spans: made of what has elements in a row, and of nothing else.

#include "check.hpp"

#include <array>
#include <list>
#include <vector>

template <typename From, typename To>
constexpr bool converts = std::is_convertible_v<From, rm::Span<To>>;

struct Base {
    int number;
};
struct Derived : Base {};

static_assert(converts<std::vector<float> &, float> && converts<const std::vector<float> &, const float>, "a vector");
static_assert(converts<rm::Span<float>, const float> && !converts<rm::Span<const float>, float>, "const is added only");
static_assert(!converts<const std::vector<float> &, float>, "what is const stays so");
static_assert(!converts<std::vector<double> &, float> && !converts<std::list<float> &, float>, "other elements");
static_assert(!converts<std::vector<Derived> &, Base>, "elements of another size");
static_assert(!converts<int, float> && !converts<std::nullptr_t, float>, "no container at all");

static void a_span_sees_what_is_there()
{
    std::array<int, 4> numbers = {1, 2, 3, 4};
    const rm::Span<int> span = numbers;
    CHECK(span.data() == numbers.data() && span.size() == 4 && !span.empty());
    span[1] = 7;
    CHECK_EQUAL(numbers[1], 7);
    int sum = 0;
    for (const int number : span.subspan(1, 2))
        sum += number;
    CHECK_EQUAL(sum, 10);
    CHECK(rm::Span<int>().empty());
}

static void values_are_bytes()
{
    const std::vector<std::uint32_t> numbers = {1, 2};
    CHECK_EQUAL(rm::as_bytes(numbers).size(), 8u);
    CHECK(static_cast<const void *>(rm::as_bytes(numbers).data()) == numbers.data());
    CHECK(rm::as_bytes(std::string()).empty());
}

int main()
{
    RUN(a_span_sees_what_is_there);
    RUN(values_are_bytes);
}
