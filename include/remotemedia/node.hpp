// Node, NodeHandle: nodes of a program's own.
#pragma once

#include "call.hpp"

namespace remotemedia {

/// What the engine must know of a node before it runs.
struct NodeOptions {
    /// The kinds of packet that it takes; others are refused.
    Kinds accepts;
    /// The kinds of packet that it emits.
    Kinds emits;
    /// The names of its input ports, separated by commas; one port without a name if there are none.
    std::string inputs;
    /// The same for its output ports.
    std::string outputs;
    /// It makes packets by itself: `resume` is called until it does not ask for `more`.
    bool source = false;
    /// Packets of all inputs come as sets, whose times are no more than this apart.
    std::optional<std::chrono::nanoseconds> match;
};

/// The base of nodes with a state. `initialize` comes first, then `process` for each packet in order, `flush` at the
/// end of the stream, and `cleanup` once for each `initialize`, whatever happened. Calls never overlap, but may come
/// on different threads. Whatever a call throws, it fails with: an `Error` with its status, all else with
/// RM_ERR_NODE.
class Node {
public:
    virtual ~Node() = default;

    /// Asked once, when the NodeHandle is made.
    virtual NodeOptions options() const { return {}; }
    /// Makes ready. A failure ends the session.
    virtual void initialize(Call &) {}
    /// Takes one packet, which is there for the call only.
    virtual void process(PacketView, Call &) {}
    /// Goes on after `Call::more`; for a source, makes the next packet.
    virtual void resume(Call &) {}
    /// Gives what is left at the end of the stream.
    virtual void flush(Call &) {}
    /// Lets go of everything.
    virtual void cleanup(Call &) {}
};

namespace detail {

/// A function as a node: one that takes a packet processes, one that takes the call alone is a source.
template <typename Function>
class FunctionNode final : public Node {
public:
    static constexpr bool processes = std::is_invocable_v<Function &, PacketView, Call &>;
    static_assert(processes || std::is_invocable_v<Function &, Call &>,
                  "a node is a Node, a function (PacketView, Call &), or, for a source, a function (Call &)");
    static_assert(std::is_nothrow_destructible_v<Function>, "what a node has must not throw when it goes");

    FunctionNode(Function function, NodeOptions options) : function_(std::move(function)), options_(std::move(options))
    {
        options_.source = options_.source || !processes;
    }

    NodeOptions options() const override { return options_; }

    void process([[maybe_unused]] PacketView packet, [[maybe_unused]] Call &call) override
    {
        if constexpr (processes)
            function_(packet, call);
    }

    void resume([[maybe_unused]] Call &call) override
    {
        if constexpr (!processes)
            function_(call);
    }

private:
    Function function_;
    NodeOptions options_;
};

/// The callbacks of a node; `user_data` is a shared pointer to it, from the heap.
struct NodeCallbacks {
    using Owner = std::shared_ptr<Node>;

    static Node &node(void *self) noexcept { return **static_cast<Owner *>(self); }

    static rm_status process(void *self, const rm_packet *packet) noexcept
    {
        return run([&](Call &call) { node(self).process(PacketView(*packet), call); });
    }

    template <void (Node::*Method)(Call &)>
    static rm_status simple(void *self) noexcept
    {
        return run([&](Call &call) { (node(self).*Method)(call); });
    }

    static rm_node_callbacks of(Owner *owner, const NodeOptions &options) noexcept
    {
        auto table = zeroed<rm_node_callbacks>();
        table.flags = (options.source ? RM_NODE_SOURCE : 0u) | (options.match ? RM_NODE_MATCH : 0u);
        table.user_data = owner;
        table.destroy = destroy<Owner>;
        table.initialize = simple<&Node::initialize>;
        table.process = process;
        table.resume = simple<&Node::resume>;
        table.flush = simple<&Node::flush>;
        table.cleanup = simple<&Node::cleanup>;
        table.accepts = options.accepts.bits();
        table.emits = options.emits.bits();
        table.inputs = options.inputs.data();
        table.inputs_size = options.inputs.size();
        table.outputs = options.outputs.data();
        table.outputs_size = options.outputs.size();
        table.match_tolerance = options.match.value_or(std::chrono::nanoseconds()).count();
        return table;
    }
};

template <typename T>
constexpr bool is_pointer_to_node = std::is_convertible_v<T, std::shared_ptr<Node>>;

/// What may be a function; FunctionNode says if it is not one that a node can be made of.
template <typename T>
constexpr bool is_function_like = (std::is_class_v<T> || std::is_pointer_v<T>) && !is_pointer_to_node<T>;

} // namespace detail

/// A node as the engine has it. Pipelines and sessions keep the node alive; the handle may go before them. One object
/// gets one handle, which may be added to several pipelines: the calls of one handle never overlap.
///
/// The constructors throw RM_ERR_ARGUMENT for options that make no sense. [any thread]
class NodeHandle : public detail::Handle<rm_node_free> {
public:
    /// Takes over a handle of the C API.
    explicit NodeHandle(rm_node owned) noexcept : Handle(owned) {}

    /// Of a std::shared_ptr or std::unique_ptr to a Node. It is destroyed when the last that has it lets go: a worker
    /// perhaps. `host` is that of a Host whose threads are to make the calls, or 0 for the library's.
    template <typename Pointer, std::enable_if_t<detail::is_pointer_to_node<Pointer>, int> = 0>
    NodeHandle(Pointer node, rm_host host = 0) : NodeHandle(make(std::shared_ptr<Node>(std::move(node)), host))
    {
    }

    /// Of a function `(PacketView, Call &)`, or, for a source, `(Call &)`, which asks for `more` as long as it goes
    /// on.
    template <typename Function, std::enable_if_t<detail::is_function_like<Function>, int> = 0>
    NodeHandle(Function function, NodeOptions options = {}, rm_host host = 0)
        : NodeHandle(std::make_unique<detail::FunctionNode<Function>>(std::move(function), std::move(options)), host)
    {
    }

    NodeHandle(NodeHandle &&) noexcept = default;
    NodeHandle &operator=(NodeHandle &&) noexcept = default;

private:
    static rm_node make(std::shared_ptr<Node> node, rm_host host)
    {
        if (!node)
            throw Error(RM_ERR_NULL, "the pointer to the node is null");
        const NodeOptions options = node->options();
        auto owner = std::make_unique<std::shared_ptr<Node>>(std::move(node));
        const rm_node_callbacks table = detail::NodeCallbacks::of(owner.get(), options);
        rm_node made = 0;
        owner.release(); // `destroy` is called also on failure
        detail::check(rm_node_new(host, &table, &made));
        return made;
    }
};

} // namespace remotemedia
