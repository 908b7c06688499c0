// The other unit: it runs the node, beside one of its own.

#include "check.hpp"
#include "units.hpp"

static void two_units_share_the_header(rm::Runtime &runtime)
{
    rm::Pipeline pipeline(runtime);
    pipeline.add("first", append("!")).add("second", pass).connect("first", "second");
    rm::Session session(pipeline);
    session.push(rm::text("x"));
    expect(session, "x!");
    finish(session);
}

int main()
{
    RUN_ON(two_units_share_the_header);
}
