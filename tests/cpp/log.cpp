// The log: what is written, taken, and left out.

#include "check.hpp"

static void forget()
{
    while (rm::drain_log()) {
    }
}

static void what_happened_is_taken_record_by_record()
{
    const auto before = std::chrono::system_clock::now();
    rm::set_log_levels("off,misuse=info");
    forget();
    CHECK_EQUAL(rm_buffer_free(7), RM_ERR_BAD_HANDLE);
    const auto record = rm::drain_log();
    CHECK(record && record->category == "misuse" && record->level >= rm::LogLevel::info);
    CHECK_SAYS(record->text, "0x7");
    CHECK_EQUAL(record->dropped, 0u);
    CHECK(record->time >= before - 1s && record->time <= std::chrono::system_clock::now() + 1s);
    CHECK(!rm::drain_log());
}

static void what_is_off_is_not_written()
{
    rm::set_log_levels("off");
    CHECK_EQUAL(rm_buffer_free(7), RM_ERR_BAD_HANDLE);
    CHECK(!rm::drain_log());
}

static void a_long_text_is_cut()
{
    rm::set_log_levels("off,plugin=info");
    rm::Runtime runtime;
    const std::string path(3 * RM_LOG_TEXT_MAX, 'x');
    CHECK_EQUAL(THROWN(rm::Error, runtime.load_plugin(path)).status(), RM_ERR_PLUGIN);
    const auto record = rm::drain_log();
    CHECK(record && record->category == "plugin");
    CHECK(record->text.size() <= RM_LOG_TEXT_MAX && record->text.size() > RM_LOG_TEXT_MAX / 2);
}

static void levels_that_there_are_not_change_nothing()
{
    rm::set_log_levels("off");
    CHECK_EQUAL(THROWN(rm::Error, rm::set_log_levels("misuse=info,loud")).status(), RM_ERR_ARGUMENT);
    CHECK_EQUAL(rm_buffer_free(7), RM_ERR_BAD_HANDLE);
    CHECK(!rm::drain_log());
}

int main()
{
    RUN(what_happened_is_taken_record_by_record);
    RUN(what_is_off_is_not_written);
    RUN(a_long_text_is_cut);
    RUN(levels_that_there_are_not_change_nothing);
}
