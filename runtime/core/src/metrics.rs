//! What a session measures about itself, always.

use std::hint::black_box;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::Histogram;

/// The work of one node in one session.
#[derive(Clone, Debug, Default)]
pub struct NodeMetrics {
    /// The id of the node.
    pub node: String,
    /// How long each execution took: one for a packet given to it, or made by it if it is a source.
    pub executions: Histogram,
    /// Of these, the ones that failed.
    pub errors: u64,
    /// Packets that were tried again.
    pub retries: u64,
    /// Time spent in its calls, the ones that go on with an execution included.
    pub total: Duration,
    /// Time spent in its flush.
    pub flush: Duration,
    /// Time spent on entering the host, apart from the calls themselves: in Python, on waiting for the GIL.
    pub waiting: Duration,
    /// Packets that wait for the node.
    pub queued: usize,
    /// The most that ever did.
    pub most_queued: usize,
    /// Packets that were dropped before they came to the node.
    pub dropped: u64,
    /// What a node in a process of its own says of that.
    pub process: Option<Value>,
}

/// One edge of a session.
#[derive(Clone, Debug)]
pub struct EdgeMetrics {
    /// The node that packets come from, or `(input)`.
    pub from: String,
    /// The node that packets go to, or `(output)`.
    pub to: String,
    /// How many packets it holds.
    pub capacity: usize,
    /// What happens when it is full.
    pub policy: &'static str,
    /// Packets on it.
    pub queued: usize,
    /// The most that ever were.
    pub most_queued: usize,
    /// Packets that it dropped.
    pub dropped: u64,
}

/// How long packets took from their source to an output.
#[derive(Clone, Debug)]
pub struct PathMetrics {
    /// The source that they came from, or `(input)`.
    pub from: String,
    /// The node that they left by.
    pub to: String,
    /// The times.
    pub latency: Histogram,
}

/// The work of one session.
#[derive(Clone, Debug)]
pub struct SessionMetrics {
    /// Since the session was opened; fixed when it has ended.
    pub elapsed: Duration,
    /// Each node, in the order in which packets flow.
    pub nodes: Vec<NodeMetrics>,
    /// Each edge.
    pub edges: Vec<EdgeMetrics>,
    /// Each way through the graph that a packet has taken.
    pub paths: Vec<PathMetrics>,
    /// Errors that did not end the session, such as a failed cleanup.
    pub warnings: Vec<String>,
}

impl NodeMetrics {
    fn to_json(&self) -> Value {
        let executions = self.executions.count();
        let mean = micros(self.total) / executions.max(1) as f64;
        let succeeded = executions - self.errors.min(executions);
        let mut json = times(&self.executions);
        let rest = json!({
            "node_id": self.node,
            "execution_count": executions,
            "success_count": succeeded,
            "error_count": self.errors,
            "retry_count": self.retries,
            "dropped_count": self.dropped,
            "success_rate": if executions == 0 { 1.0 } else { succeeded as f64 / executions as f64 },
            "total_duration_us": micros(self.total),
            "avg_duration_us": mean,
            "flush_duration_us": micros(self.flush),
            "host_wait_us": micros(self.waiting),
            "queue_depth": self.queued,
            "max_queue_depth": self.most_queued,
        });
        json.extend(rest.as_object().cloned().unwrap_or_default());
        json.extend(self.process.clone().map(|process| ("process".into(), process)));
        Value::Object(json)
    }
}

impl EdgeMetrics {
    fn to_json(&self) -> Value {
        json!({
            "from": self.from,
            "to": self.to,
            "capacity": self.capacity,
            "policy": self.policy,
            "queue_depth": self.queued,
            "max_queue_depth": self.most_queued,
            "dropped_count": self.dropped,
        })
    }
}

impl PathMetrics {
    fn to_json(&self) -> Value {
        let mut json = times(&self.latency);
        json.insert("from".into(), self.from.clone().into());
        json.insert("to".into(), self.to.clone().into());
        json.insert("count".into(), self.latency.count().into());
        json.insert(
            "avg_duration_us".into(),
            (micros(self.latency.total()) / self.latency.count().max(1) as f64).into(),
        );
        Value::Object(json)
    }
}

impl SessionMetrics {
    /// As JSON, times in microseconds.
    pub fn to_json(&self) -> Value {
        let calls: u64 = self.nodes.iter().map(|node| node.executions.count()).sum();
        json!({
            "total_executions": calls,
            "metrics_overhead_us": micros(clock_cost()) * calls as f64,
            "total_duration_us": micros(self.elapsed),
            "total_duration_ms": micros(self.elapsed) / 1000.0,
            "node_metrics": self.nodes.iter().map(NodeMetrics::to_json).collect::<Vec<_>>(),
            "edge_metrics": self.edges.iter().map(EdgeMetrics::to_json).collect::<Vec<_>>(),
            "path_metrics": self.paths.iter().map(PathMetrics::to_json).collect::<Vec<_>>(),
            "warnings": self.warnings,
        })
    }
}

fn times(histogram: &Histogram) -> Map<String, Value> {
    let times = [
        ("min_duration_us", histogram.min()),
        ("p50_duration_us", histogram.quantile(0.5)),
        ("p99_duration_us", histogram.quantile(0.99)),
        ("max_duration_us", histogram.max()),
    ];
    times.into_iter().map(|(name, time)| (name.into(), micros(time).into())).collect()
}

/// What it costs to read the clock once, which is done at most once for each execution.
fn clock_cost() -> Duration {
    const READS: u32 = 64;
    static COST: OnceLock<Duration> = OnceLock::new();
    *COST.get_or_init(|| {
        let start = Instant::now();
        (1..READS).for_each(|_| {
            black_box(Instant::now());
        });
        start.elapsed() / READS
    })
}

fn micros(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1000.0
}
