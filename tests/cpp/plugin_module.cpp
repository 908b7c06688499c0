// A plugin in C++: the type "Shout", and, if FAILS says so, a reason not to load it.

#include <remotemedia.hpp>

namespace rm = remotemedia;

namespace {

struct Shout : rm::Node {
    explicit Shout(std::string_view parameters) : mark(parameters == "{}" ? "!" : "?") {}
    void process(rm::PacketView in, rm::Call &call) override { call.emit(rm::text(std::string(in.text()) + mark)); }
    std::string mark;
};

void add_types(rm::Runtime &runtime)
{
    runtime.add_type<Shout>("Shout");
    if (FAILS)
        throw rm::Error(RM_ERR_STATE, "there is no licence");
}

} // namespace

const rm_plugin rm_plugin_entry = rm::plugin<add_types>("shout", "1.0");
