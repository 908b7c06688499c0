// Exceptions: a node that throws fails, and nothing passes through the library but a status.

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <remotemedia.h>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

constexpr std::int64_t patience = 20'000'000'000;

void check(bool condition, int line, const char *what)
{
    if (condition)
        return;
    std::fprintf(stderr, "%s:%d: %s\n", __FILE__, line, what);
    std::_Exit(1);
}

#define CHECK(condition) check((condition), __LINE__, #condition)

std::string last_error()
{
    std::size_t length = 0;
    CHECK(rm_last_error(nullptr, 0, &length) == RM_OK);
    std::string message(length, '\0');
    CHECK(rm_last_error(message.data(), message.size(), &length) == RM_OK);
    return message;
}

/// Throws what the text asks for, or passes it on.
class Thrower {
public:
    static inline std::atomic<int> alive{0};

    Thrower() { alive++; }
    ~Thrower() { alive--; }

    void process(const rm_packet &packet)
    {
        const std::string_view text(static_cast<const char *>(packet.data), packet.size);
        if (text == "runtime_error")
            throw std::runtime_error("thrown: \xc3\xa9");
        if (text == "bad_alloc")
            throw std::bad_alloc();
        if (text == "int")
            throw 42;
        CHECK(rm_call_emit(&packet) == RM_OK);
    }
};

/// Node callbacks for an object of any class with `process`: the pattern that a program in C++ needs once.
template <typename Node>
struct Trampoline {
    static void destroy(void *self) noexcept { delete static_cast<Node *>(self); }

    static rm_status process(void *self, const rm_packet *packet) noexcept
    {
        try {
            static_cast<Node *>(self)->process(*packet);
            return RM_OK;
        } catch (const std::bad_alloc &) {
            return RM_ERR_MEMORY;
        } catch (const std::exception &error) {
            const std::string_view message = error.what();
            rm_call_fail(message.data(), message.size(), nullptr);
            return RM_ERR_NODE;
        } catch (...) {
            return RM_ERR_NODE;
        }
    }

    static rm_node make(std::unique_ptr<Node> object)
    {
        rm_node_callbacks callbacks{};
        callbacks.struct_size = sizeof callbacks;
        callbacks.user_data = object.release();
        callbacks.destroy = destroy;
        callbacks.process = process;
        rm_node node = 0;
        CHECK(rm_node_new(0, &callbacks, &node) == RM_OK);
        return node;
    }
};

/// What comes of one text that goes through a node that may throw at it.
rm_status run(rm_runtime runtime, std::string_view text)
{
    const rm_node node = Trampoline<Thrower>::make(std::make_unique<Thrower>());
    rm_pipeline pipeline = 0;
    rm_session session = 0;
    rm_session_config how{};
    how.struct_size = sizeof how;
    CHECK(rm_pipeline_new(runtime, &pipeline) == RM_OK);
    CHECK(rm_pipeline_add_node(pipeline, "thrower", 7, node) == RM_OK);
    CHECK(rm_session_open(pipeline, &how, &session) == RM_OK);

    rm_packet packet{};
    packet.struct_size = sizeof packet;
    packet.kind = RM_KIND_TEXT;
    packet.data = text.data();
    packet.size = text.size();
    CHECK(rm_session_push(session, &packet, patience) == RM_OK);
    CHECK(rm_session_end(session) == RM_OK);
    const rm_status status = rm_session_wait(session, patience);

    CHECK(rm_session_free(session) == RM_OK);
    CHECK(rm_pipeline_free(pipeline) == RM_OK);
    CHECK(rm_node_free(node) == RM_OK);
    return status;
}

} // namespace

int main()
{
    rm_runtime_config config{};
    config.struct_size = sizeof config;
    config.abi_version = RM_ABI_VERSION;
    rm_runtime runtime = 0;
    CHECK(rm_runtime_new(&config, &runtime) == RM_OK);

    CHECK(run(runtime, "nothing") == RM_OK);
    CHECK(run(runtime, "runtime_error") == RM_ERR_NODE);
    CHECK(last_error() == "Node 'thrower' failed: thrown: \xc3\xa9 (at input 0, pts 0 ns)");
    CHECK(run(runtime, "bad_alloc") == RM_ERR_MEMORY);
    CHECK(run(runtime, "int") == RM_ERR_NODE);

    CHECK(rm_runtime_shutdown(runtime, patience, nullptr) == RM_OK);
    CHECK(rm_runtime_free(runtime) == RM_OK);
    CHECK(Thrower::alive == 0);
    return 0;
}
