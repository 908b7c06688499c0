// Sessions that are changed while they run.

#include "check.hpp"

#include <future>

static void shout(rm::PacketView in, rm::Call &call)
{
    call.emit(rm::text(std::string(in.text()) + "!"));
}

static void nodes_come_and_go(rm::Runtime &runtime)
{
    rm::Session session = open(runtime, pass);
    session.push(rm::text("1"));
    expect(session, "1");
    session.insert("loud", shout, "node", "");
    session.push(rm::text("2"));
    expect(session, "2!");
    CHECK(session.insert("louder", shout, "", "node", patience));
    session.push(rm::text("3"));
    expect(session, "3!!");
    session.remove("loud");
    session.push(rm::text("4"));
    expect(session, "4!");
    CHECK(session.remove("louder", patience));
    session.push(rm::text("5"));
    expect(session, "5");
    finish(session);
}

static void one_node_takes_the_place_of_another(rm::Runtime &runtime)
{
    rm::Session session = open(runtime, pass);
    session.replace("node", shout);
    session.push(rm::text("1"));
    expect(session, "1!");
    CHECK(session.replace("node", rm::NodeHandle(pass), patience));
    session.push(rm::text("2"));
    expect(session, "2");
    finish(session);
}

static void what_cannot_be_is_refused(rm::Runtime &runtime)
{
    const rm::NodeHandle node(pass);
    rm::Session session = open(runtime, node);
    CHECK_SAYS(THROWN(rm::Error, session.remove("nobody")).what(), "no node 'nobody'");
    CHECK_EQUAL(THROWN(rm::Error, session.insert("node", shout, "node", "")).status(), RM_ERR_GRAPH);
    CHECK_EQUAL(THROWN(rm::Error, session.insert("other", node, "node", "")).status(), RM_ERR_GRAPH);
    session.push(rm::text("1"));
    expect(session, "1");
    finish(session);
    CHECK_EQUAL(THROWN(rm::Error, session.replace("node", shout)).status(), RM_ERR_STATE);
}

static void a_node_that_cannot_start_changes_nothing(rm::Runtime &runtime)
{
    struct Broken : rm::Node {
        void initialize(rm::Call &) override { throw std::runtime_error("no device"); }
    };
    rm::Session session = open(runtime, pass);
    const auto error = THROWN(rm::Error, session.replace("node", std::make_unique<Broken>()));
    CHECK_EQUAL(error.status(), RM_ERR_NODE);
    CHECK_SAYS(error.what(), "no device");
    CHECK(!session.failure());
    session.push(rm::text("1"));
    expect(session, "1");
    finish(session);
}

static void one_whose_time_ran_out_comes_later(rm::Runtime &runtime)
{
    struct Slow : rm::Node {
        std::promise<void> go;
        void initialize(rm::Call &) override { go.get_future().wait(); }
        void process(rm::PacketView in, rm::Call &call) override { shout(in, call); }
    };
    const auto slow = std::make_shared<Slow>();
    rm::Session session = open(runtime, pass);
    session.ready(); // one that is still starting takes no change
    CHECK(!session.insert("slow", slow, "node", "", 1ms));
    session.push(rm::text("1"));
    expect(session, "1");
    slow->go.set_value();
    await([&] {
        session.push(rm::text("2"));
        auto output = session.pull(patience);
        return output && output->text() == "2!";
    });
    finish(session);
}

int main()
{
    RUN_ON(nodes_come_and_go);
    RUN_ON(one_node_takes_the_place_of_another);
    RUN_ON(what_cannot_be_is_refused);
    RUN_ON(a_node_that_cannot_start_changes_nothing);
    RUN_ON(one_whose_time_ran_out_comes_later);
}
