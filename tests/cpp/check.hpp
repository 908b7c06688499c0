// Checks that say where they failed, and end the program with 1; and what nearly every test needs.

#pragma once

#include <cstdio>
#include <cstdlib>
#include <remotemedia.hpp>
#include <sstream>
#include <string>
#include <thread>

namespace rm = remotemedia;

using std::chrono::nanoseconds;
using namespace std::chrono_literals;

/// Longer than anything takes here, under valgrind too, and less than a test is given.
constexpr nanoseconds patience = 20s;

/// Threads that still run are of no use, and neither is their cleaning up.
[[noreturn]] inline void check_fail(const char *file, int line, const std::string &what)
{
    std::fprintf(stderr, "%s:%d: %s\n", file, line, what.c_str());
    std::_Exit(1);
}

#define CHECK(condition) ((condition) ? void() : check_fail(__FILE__, __LINE__, #condition))
#define CHECK_EQUAL(actual, expected) check_equal(__FILE__, __LINE__, #actual, (actual), (expected))
/// The text has the words in it.
#define CHECK_SAYS(text, words) check_says(__FILE__, __LINE__, (text), (words))
/// The exception of this type that the statement throws.
#define THROWN(Exception, statement) thrown<Exception>(__FILE__, __LINE__, #statement, [&] { statement; })
/// Runs a test, which must leave no handle behind. RUN_ON gives it a runtime.
#define RUN(test) check_run(#test, test)
#define RUN_ON(test) check_run(#test, [] { check_on_runtime(test); })

template <typename Actual, typename Expected>
void check_equal(const char *file, int line, const char *what, const Actual &actual, const Expected &expected)
{
    if (actual == expected)
        return;
    std::ostringstream text;
    text << what << " is " << actual << ", not " << expected;
    check_fail(file, line, text.str());
}

inline void check_says(const char *file, int line, const std::string &text, const std::string &words)
{
    if (text.find(words) == std::string::npos)
        check_fail(file, line, "\"" + text + "\" is without \"" + words + "\"");
}

template <typename Exception, typename Body>
Exception thrown(const char *file, int line, const char *what, Body body)
{
    try {
        body();
    } catch (const Exception &exception) {
        return exception;
    } catch (const std::exception &other) {
        check_fail(file, line, std::string(what) + " throws something else: " + other.what());
    }
    check_fail(file, line, std::string(what) + " throws nothing");
}

template <typename Test>
void check_run(const char *name, Test test)
{
    test();
    std::uint64_t count = 0;
    CHECK(rm_debug_live(0, &count) == RM_OK);
    if (count != 0)
        check_fail(__FILE__, __LINE__, std::string(name) + " leaves " + std::to_string(count) + " handles");
    std::puts(name);
    std::fflush(stdout);
}

inline void check_on_runtime(void (*test)(rm::Runtime &))
{
    rm::Runtime runtime;
    test(runtime);
    CHECK_EQUAL(runtime.shutdown(patience), 0u);
}

/// Waits for another thread to make a condition true.
template <typename Condition>
void await(Condition condition)
{
    for (nanoseconds waited{0}; !condition(); waited += 1ms) {
        CHECK(waited < patience);
        std::this_thread::sleep_for(1ms);
    }
}

/// A session of one node, "node".
inline rm::Session open(rm::Runtime &runtime, const rm::NodeHandle &node, const rm::SessionOptions &options = {})
{
    rm::Pipeline pipeline(runtime);
    pipeline.add("node", node);
    return rm::Session(pipeline, options);
}

/// The next output, which must be this text.
inline void expect(rm::Session &session, const std::string &text)
{
    auto output = session.pull(patience);
    CHECK(output);
    CHECK_EQUAL(output->text(), text);
}

/// Ends a session, which must have nothing left.
inline void finish(rm::Session &session)
{
    session.end();
    CHECK(session.pull(patience).ended());
    CHECK(session.wait(patience));
}

/// A node that passes everything on.
inline void pass(rm::PacketView in, rm::Call &call)
{
    call.emit(in);
}
