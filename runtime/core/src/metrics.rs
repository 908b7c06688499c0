//! What a session measures about itself, always.

use std::hint::black_box;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// The work of one node in one session.
#[derive(Clone, Debug, Default)]
pub struct NodeMetrics {
    /// The id of the node.
    pub node: String,
    /// Packets given to it, or made by it if it is a source.
    pub executions: u64,
    /// Of these, the ones that failed.
    pub errors: u64,
    /// Time spent in its executions.
    pub total: Duration,
    /// Time spent in its flush.
    pub flush: Duration,
    /// The shortest execution.
    pub min: Duration,
    /// The longest execution.
    pub max: Duration,
    /// Time spent on entering the host, apart from the calls themselves: in Python, on waiting for the GIL.
    pub waiting: Duration,
}

impl NodeMetrics {
    pub(crate) fn add(&mut self, other: &NodeMetrics) {
        if other.executions > 0 {
            self.min = if self.executions == 0 { other.min } else { self.min.min(other.min) };
            self.max = self.max.max(other.max);
        }
        self.executions += other.executions;
        self.errors += other.errors;
        self.total += other.total;
        self.flush += other.flush;
        self.waiting += other.waiting;
    }

    pub(crate) fn record(&mut self, time: Duration, failed: bool) {
        self.min = if self.executions == 0 { time } else { self.min.min(time) };
        self.max = self.max.max(time);
        self.total += time;
        self.executions += 1;
        self.errors += u64::from(failed);
    }

    fn to_json(&self) -> Value {
        let executions = self.executions.max(1) as f64;
        json!({
            "node_id": self.node,
            "execution_count": self.executions,
            "success_count": self.executions - self.errors,
            "error_count": self.errors,
            "success_rate": if self.executions == 0 { 1.0 } else { (self.executions - self.errors) as f64 / executions },
            "total_duration_us": micros(self.total),
            "avg_duration_us": micros(self.total) / executions,
            "min_duration_us": micros(self.min),
            "max_duration_us": micros(self.max),
            "flush_duration_us": micros(self.flush),
            "host_wait_us": micros(self.waiting),
        })
    }
}

/// The work of one session.
#[derive(Clone, Debug)]
pub struct SessionMetrics {
    /// Since the session was opened; fixed when it has ended.
    pub elapsed: Duration,
    /// Each node, in the order in which packets flow.
    pub nodes: Vec<NodeMetrics>,
    /// Errors that did not end the session, such as a failed cleanup.
    pub warnings: Vec<String>,
}

impl SessionMetrics {
    /// As JSON, times in microseconds.
    pub fn to_json(&self) -> Value {
        let calls: u64 = self.nodes.iter().map(|node| node.executions).sum();
        json!({
            "total_executions": calls,
            "metrics_overhead_us": micros(clock_cost()) * calls as f64,
            "total_duration_us": micros(self.elapsed),
            "total_duration_ms": micros(self.elapsed) / 1000.0,
            "node_metrics": self.nodes.iter().map(NodeMetrics::to_json).collect::<Vec<_>>(),
            "warnings": self.warnings,
        })
    }
}

/// What it costs to read the clock once, which is done once for each execution.
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
