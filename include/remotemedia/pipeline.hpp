// Pipeline: a graph of nodes.
#pragma once

#include "runtime.hpp"

namespace remotemedia {

/// What happens when an edge is full.
enum class Policy : std::uint32_t {
    /// What the session says, and for a session, `block`.
    standard = RM_EDGE_DEFAULT,
    /// Its producer waits.
    block = RM_EDGE_BLOCK,
    /// The oldest packet on it is dropped.
    drop_oldest = RM_EDGE_DROP_OLDEST,
    /// The packet that comes is dropped.
    drop_newest = RM_EDGE_DROP_NEWEST,
    /// It holds one packet: the latest.
    latest = RM_EDGE_LATEST,
};

/// How an edge is to be.
struct EdgeOptions {
    Policy policy = Policy::standard;
    /// How many packets it holds; 0 stands for what the session says.
    std::uint32_t capacity = 0;
};

/// A graph of nodes, from which sessions are opened; it may go before them. [any thread]
///
/// Its functions throw RM_ERR_GRAPH for an id that is taken or unknown. Texts are copied.
class Pipeline : public detail::Handle<rm_pipeline_free> {
public:
    explicit Pipeline(const Runtime &runtime) { detail::check(rm_pipeline_new(runtime.handle(), out())); }

    /// Adds a node, or what a NodeHandle is made of: the very one, shared by every session of the pipeline.
    Pipeline &add(std::string_view id, const NodeHandle &node)
    {
        detail::check(rm_pipeline_add_node(handle(), id.data(), id.size(), node.handle()));
        return *this;
    }

    /// Adds a node by the name of its type: each session makes one of its own. `parameters` is a JSON object. Throws
    /// RM_ERR_UNKNOWN_TYPE, with the nearest names, or RM_ERR_PARAMETERS.
    Pipeline &add_type(std::string_view id, std::string_view type, std::string_view parameters = "{}")
    {
        detail::check(rm_pipeline_add_type(handle(), id.data(), id.size(), type.data(), type.size(), parameters.data(),
                                           parameters.size()));
        return *this;
    }

    /// Adds an edge; each end is `id` or `id/port`. Whether there is such a port, Session finds out.
    Pipeline &connect(std::string_view from, std::string_view to, const EdgeOptions &options = {})
    {
        auto edge = detail::zeroed<rm_edge_config>();
        edge.policy = static_cast<std::uint32_t>(options.policy);
        edge.capacity = options.capacity;
        detail::check(rm_pipeline_connect(handle(), from.data(), from.size(), to.data(), to.size(), &edge));
        return *this;
    }

    /// Sets the options of a node, replacing those it had: a JSON object with `deadline_ms`, `on_error`, `retries`,
    /// `retry_delay_ms`. Throws RM_ERR_ARGUMENT for another key.
    Pipeline &configure(std::string_view id, std::string_view options)
    {
        detail::check(rm_pipeline_configure(handle(), id.data(), id.size(), options.data(), options.size()));
        return *this;
    }

    /// Adds the nodes and edges of a manifest, in JSON or YAML: all of them, or it throws, RM_ERR_MANIFEST for
    /// instance.
    Pipeline &load(std::string_view manifest)
    {
        detail::check(rm_pipeline_load(handle(), manifest.data(), manifest.size()));
        return *this;
    }

    /// The graph as a manifest in JSON. A node that was added as such has `null` for a type, and its ports instead of
    /// parameters; without such nodes, `load` takes it again.
    std::string describe() const
    {
        return detail::copy_text([this](char *buffer, std::size_t capacity, std::size_t *length) {
            return detail::check(rm_pipeline_describe(handle(), buffer, capacity, length));
        });
    }
};

} // namespace remotemedia
