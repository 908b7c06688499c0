// What must not compile. REFUSED says which.

#include <remotemedia.hpp>

namespace rm = remotemedia;

struct Throws {
    ~Throws() noexcept(false) {}
    void operator()(rm::PacketView, rm::Call &) {}
};

struct NoNode {};

void refused(rm::Session &session);

void refused([[maybe_unused]] rm::Session &session)
{
#if REFUSED == 1
    rm::NodeHandle node(Throws{});
#elif REFUSED == 2
    rm::NodeHandle node(std::make_unique<NoNode>());
#elif REFUSED == 3
    session.push(rm::text("x"), std::chrono::seconds(1)); // would lose the packet, and nobody would know
#elif REFUSED == 4
    rm::Buffer::wrap({}, [thrower = Throws{}] {});
#endif
}
