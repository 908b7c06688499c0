//! The ring: a real-time thread at one end, the mover at the other. Its two queues are another crate's, and not modelled; what
//! goes beside them is: the end, and the counts.

use std::sync::Arc;
use std::time::Duration;

use remotemedia_core::{
    ErrorKind, Form, Graph, Label, Ring, RingConfig, RingEnd, Runtime, Session, SessionConfig, Time,
};

use crate::session::passing;
use crate::{model, never};

const LABEL: Label = Label { form: Form::Bytes, pts: Time::NONE, duration: Time::NONE, index: 0, port: 0 };

fn session(runtime: &Arc<Runtime>) -> Arc<Session> {
    let mut graph = Graph::new();
    graph.add_instance("node", passing()).unwrap();
    Session::open(runtime, &graph, SessionConfig::default()).unwrap()
}

fn ring(session: &Arc<Session>, input: bool) -> (Ring, RingEnd) {
    Ring::new(session, RingConfig { input, capacity: 2, size: 1, period: Duration::from_millis(1) }).unwrap()
}

#[test]
fn what_is_pushed_before_the_end_is_in_the_session() {
    model(1, || {
        let runtime = Runtime::new(1);
        let session = session(&runtime);
        let (ring, RingEnd::Writer(mut end)) = ring(&session, true) else { panic!("an output ring") };
        end.push(LABEL, b"x").unwrap();
        ring.end().unwrap();
        assert_eq!(end.push(LABEL, b"y"), Err(ErrorKind::State));
        assert!(session.pull(None).unwrap().is_some());
        assert!(session.pull(None).unwrap().is_none());
        let stats = ring.stats();
        assert_eq!((stats.packets, stats.queued, stats.dropped), (1, 0, 0));
        drop(ring);
        assert_eq!(runtime.shutdown(never()), 0);
    });
}

#[test]
fn a_ring_that_goes_takes_its_mover_along() {
    model(1, || {
        let runtime = Runtime::new(1);
        let session = session(&runtime);
        let (ring, end) = ring(&session, true);
        drop((ring, end));
        session.cancel();
        assert!(session.wait(None));
        assert_eq!(runtime.shutdown(never()), 0);
    });
}

#[test]
fn a_reader_sees_every_packet_before_the_end() {
    model(1, || {
        let runtime = Runtime::new(1);
        let session = session(&runtime);
        let (ring, RingEnd::Reader(mut end)) = ring(&session, false) else { panic!("an input ring") };
        session.push(remotemedia_core::Packet::text("x"), None).unwrap();
        session.end();
        let mut count = 0;
        loop {
            match end.pull(1, |_| ()) {
                Ok(Some(_)) => count += 1,
                Ok(None) => break,
                Err(kind) => {
                    assert_eq!(kind, ErrorKind::Timeout);
                    loom::thread::yield_now();
                }
            }
        }
        assert_eq!((count, ring.stats().queued), (1, 0));
        assert_eq!(runtime.shutdown(never()), 0);
    });
}
