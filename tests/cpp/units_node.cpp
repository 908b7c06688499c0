// The header needs nothing before it, and may be included again: in one unit, and in two of one program.

#include <remotemedia.hpp>
#include <remotemedia.hpp>

#include "units.hpp"

namespace {

class Append : public remotemedia::Node {
public:
    explicit Append(std::string words) : words(std::move(words)) {}

    void process(remotemedia::PacketView in, remotemedia::Call &call) override
    {
        call.emit(remotemedia::text(std::string(in.text()) + words));
    }

private:
    std::string words;
};

} // namespace

remotemedia::NodeHandle append(std::string words)
{
    return std::make_unique<Append>(std::move(words));
}
