// A node that is a C++ class: text goes in, JSON comes out, for each line and at the end for all of them.

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <remotemedia.h>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

constexpr std::int64_t second = 1'000'000'000;

/// Turns a failed call into an exception with the library's message.
rm_status check(rm_status status)
{
    if (status >= 0)
        return status;
    std::size_t length = 0;
    rm_last_error(nullptr, 0, &length);
    std::string message(length, '\0');
    rm_last_error(message.data(), message.size(), &length);
    throw std::runtime_error(message);
}

/// Owns a handle, whatever it names.
template <rm_status (*release)(std::uint64_t)>
class Handle {
public:
    explicit Handle(std::uint64_t value = 0) : value(value) {}
    Handle(const Handle &) = delete;
    Handle &operator=(const Handle &) = delete;
    ~Handle() { release(value); } // 0 does nothing

    std::uint64_t *out() { return &value; }
    operator std::uint64_t() const { return value; }

private:
    std::uint64_t value;
};

rm_packet text_packet(std::uint32_t kind, std::string_view text)
{
    rm_packet packet{};
    packet.struct_size = sizeof packet;
    packet.kind = kind;
    packet.pts = packet.duration = RM_TIME_NONE;
    packet.data = text.data(); // without a buffer, so copied by the call that the packet is given to
    packet.size = text.size();
    return packet;
}

class WordCount {
public:
    /// A node that owns a counter, from now until `destroy`.
    static void make(rm_node *node)
    {
        auto counter = std::make_unique<WordCount>();
        rm_node_callbacks callbacks{};
        callbacks.struct_size = sizeof callbacks;
        callbacks.user_data = counter.release(); // `destroy` is called also if rm_node_new fails
        callbacks.destroy = [](void *self) noexcept { delete static_cast<WordCount *>(self); };
        callbacks.process = [](void *self, const rm_packet *packet) noexcept {
            return guard([&] { static_cast<WordCount *>(self)->process(*packet); });
        };
        callbacks.flush = [](void *self) noexcept { return guard([&] { static_cast<WordCount *>(self)->flush(); }); };
        callbacks.accepts = 1u << RM_KIND_TEXT;
        callbacks.emits = 1u << RM_KIND_JSON;
        check(rm_node_new(0, &callbacks, node));
    }

private:
    /// No exception may pass through the library: it becomes the failure of the call.
    template <typename Body>
    static rm_status guard(Body body) noexcept
    {
        try {
            body();
            return RM_OK;
        } catch (const std::exception &error) {
            const std::string_view message = error.what();
            rm_call_fail(message.data(), message.size(), nullptr);
        } catch (...) {
        }
        return RM_ERR_NODE;
    }

    void process(const rm_packet &packet)
    {
        std::istringstream line{std::string(static_cast<const char *>(packet.data), packet.size)};
        std::size_t count = 0;
        for (std::string word; line >> word; count++)
            seen.insert(word);
        total += count;
        emit("{\"words\": " + std::to_string(count) + "}");
    }

    void flush()
    {
        emit("{\"total\": " + std::to_string(total) + ", \"different\": " + std::to_string(seen.size()) + "}");
    }

    static void emit(const std::string &json)
    {
        const rm_packet packet = text_packet(RM_KIND_JSON, json);
        check(rm_call_emit(&packet));
    }

    std::size_t total = 0;
    std::set<std::string> seen;
};

void print_outputs(rm_session session)
{
    rm_packet packet{};
    packet.struct_size = sizeof packet;
    while (check(rm_session_pull(session, &packet, 10 * second)) != RM_END) {
        const Handle<rm_buffer_free> buffer(packet.buffer); // `data` lies in it
        std::printf("%.*s\n", static_cast<int>(packet.size), static_cast<const char *>(packet.data));
    }
}

void run()
{
    rm_runtime_config config{};
    config.struct_size = sizeof config;
    config.abi_version = RM_ABI_VERSION;
    Handle<rm_runtime_free> runtime;
    check(rm_runtime_new(&config, runtime.out()));

    Handle<rm_node_free> counter;
    Handle<rm_pipeline_free> pipeline;
    WordCount::make(counter.out());
    check(rm_pipeline_new(runtime, pipeline.out()));
    check(rm_pipeline_add_node(pipeline, "count", 5, counter));

    rm_session_config how{};
    how.struct_size = sizeof how;
    Handle<rm_session_free> session;
    check(rm_session_open(pipeline, &how, session.out()));
    for (const std::string_view line : {"the quick brown fox", "jumps over", "the lazy dog"}) {
        const rm_packet packet = text_packet(RM_KIND_TEXT, line);
        check(rm_session_push(session, &packet, 10 * second));
    }
    check(rm_session_end(session));
    print_outputs(session);
}

} // namespace

int main()
{
    try {
        run();
        return EXIT_SUCCESS;
    } catch (const std::exception &error) {
        std::fprintf(stderr, "%s\n", error.what());
        return EXIT_FAILURE;
    }
}
