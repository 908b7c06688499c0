// Call: what a node may do while it is called.
#pragma once

#include "completion.hpp"

#include <exception>
#include <new>

namespace remotemedia {

/// The call that a node is in. It is good on the thread and for the length of the call only.
class Call {
public:
    Call() noexcept = default;
    Call(const Call &) = delete;
    Call &operator=(const Call &) = delete;

    /// Sends a packet on, in `process`, `resume` and `flush`. Throws RM_ERR_ARGUMENT or RM_ERR_UTF8 for one that
    /// makes no sense, RM_ERR_REENTRANT in other callbacks.
    void emit(const PacketView &packet) { detail::check(rm_call_emit(&packet.raw())); }

    /// The call fails, and why: what throwing an `Error` does, without an exception.
    void fail(std::string_view reason, rm_status status = RM_ERR_NODE) noexcept
    {
        if (rm_call_fail(reason.data(), reason.size(), nullptr) == RM_ERR_UTF8)
            fail("the reason that it gave is not UTF-8", status);
        answer_ = status < 0 ? status : RM_ERR_NODE;
    }

    /// There is more to come: `resume` is called when there is room. A source that does not say so has ended.
    void more() noexcept { answer_ = RM_MORE; }

    /// The outcome comes later, through the completion; until then the node is not called.
    Completion defer()
    {
        rm_completion completion = 0;
        detail::check(rm_call_defer(&completion));
        answer_ = RM_PENDING;
        return Completion(completion);
    }

    /// The number that the session was opened with (`SessionOptions::tag`).
    std::uint64_t tag() const
    {
        std::uint64_t tag = 0;
        detail::check(rm_call_tag(&tag));
        return tag;
    }

    /// Whether nobody waits for the outcome any more, because the session was cancelled, the runtime shut down, or the
    /// deadline missed: a long call had better return then.
    bool cancelled() const
    {
        std::uint32_t cancelled = 0;
        detail::check(rm_call_cancelled(&cancelled));
        return cancelled != 0;
    }

    /// The payload of the packet that `process` was given, to keep it beyond the call: without a copy, unless it is
    /// JSON or the message of a failure. Throws RM_ERR_REENTRANT in other callbacks, RM_ERR_UNSUPPORTED for an object.
    Buffer keep() const
    {
        rm_buffer kept = 0;
        detail::check(rm_call_keep(&kept));
        return Buffer(kept);
    }

    /// What the callback answers.
    rm_status answer() const noexcept { return answer_; }

private:
    rm_status answer_ = RM_OK;
};

namespace detail {

/// Makes the exception that is being handled the failure of the call.
inline void fail_by_exception(Call &call) noexcept
{
    try {
        throw;
    } catch (const Error &error) {
        call.fail(error.what(), error.status());
    } catch (const std::bad_alloc &) {
        call.fail("there is not enough memory", RM_ERR_MEMORY);
    } catch (const std::exception &error) {
        call.fail(error.what());
    } catch (...) {
        call.fail("an exception was thrown that is no std::exception");
    }
}

/// Runs what a callback is to do; whatever is thrown there ends here.
template <typename Body>
rm_status run(Body &&body) noexcept
{
    Call call;
    try {
        body(call);
    } catch (...) {
        fail_by_exception(call);
    }
    return call.answer();
}

/// Runs what a callback is to do that has nobody to tell how it went: what is thrown there is lost.
template <typename Body>
void run_untold(Body &&body) noexcept
{
    try {
        body();
    } catch (...) { // the callback answers nothing, and no exception may pass through the library
    }
}

/// The `destroy` of callbacks whose `user_data` is a T from the heap.
template <typename T>
void destroy(void *self) noexcept
{
    static_assert(std::is_nothrow_destructible_v<T>, "what the library is to destroy must not throw when it goes");
    delete static_cast<T *>(self);
}

} // namespace detail

} // namespace remotemedia
