//! Traces: every call of a session, for a viewer of time lines.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Value, json};

use crate::Time;
use crate::packet::NO_INDEX;

/// One call on a node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub node: usize,
    pub call: &'static str,
    /// Since the session was opened.
    pub start: Duration,
    pub length: Duration,
    pub thread: u64,
    pub index: u64,
    pub pts: Time,
}

/// The newest calls of a session.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    spans: VecDeque<Span>,
    /// How many are kept; none if 0.
    pub most: usize,
    lost: u64,
}

impl Trace {
    pub fn add(&mut self, spans: &mut Vec<Span>) {
        for span in spans.drain(..) {
            if self.spans.len() == self.most {
                self.spans.pop_front();
                self.lost += 1;
            }
            self.spans.push_back(span);
        }
    }

    /// In the trace event format, which Perfetto and Chrome's viewer open. `name` gives the id of a node.
    pub fn to_json(&self, session: u64, name: impl Fn(usize) -> String) -> Value {
        let micros = |time: Duration| time.as_nanos() as f64 / 1000.0;
        let events = self.spans.iter().map(|span| {
            let index = (span.index != NO_INDEX).then_some(span.index);
            json!({
                "name": name(span.node), "cat": span.call, "ph": "X",
                "ts": micros(span.start), "dur": micros(span.length), "pid": session, "tid": span.thread,
                "args": {"call": span.call, "input": index, "pts_ns": span.pts.nanos()},
            })
        });
        let events: Vec<Value> = events.collect();
        json!({"traceEvents": events, "displayTimeUnit": "ns", "otherData": {"lost_events": self.lost}})
    }
}
