//! Workers that do what none should: each is this very program, started once more to do it.

use std::env;
use std::os::fd::AsFd;

use remotemedia_core::{Data, Graph, Kinds, NodeOptions, OnError, Packet, Runtime, Session, SessionConfig, Slot, Time};

use super::*;
use crate::channel::Channel;
use crate::channel::tests::{forge, spoil};

const PATIENCE: Duration = Duration::from_secs(20);

fn header(kind: Kind) -> Header {
    Header { kind: kind as u32, pts: Time::NONE.raw(), duration: Time::NONE.raw(), ..Header::default() }
}

fn output(kinds: Kinds) -> Header {
    Header { data: kinds.bits(), ..header(Kind::Output) }
}

/// What a worker does wrong. It has got ready, and been given a packet.
fn misbehave(case: &str, channel: &Channel) {
    let say = |header, texts: &[&[u8]]| drop(channel.say(header, texts));
    let wait = || thread::sleep(PATIENCE);
    match case {
        "a message that is cut off" => forge(channel, &[1; 10]),
        "a kind that there is not" => forge(channel, &[0xff; 200]),
        "parts that there are not" => {
            let mut bytes = bytemuck::bytes_of(&output(Kinds::BYTES)).to_vec();
            bytes[12..16].copy_from_slice(&u32::MAX.to_ne_bytes());
            forge(channel, &bytes);
        }
        "a ring that cannot be" => spoil(channel),
        "no end of the log" => loop {
            say(header(Kind::Log), &[b"name", b"text"]);
        },
        "no end of what only a parent says" => loop {
            say(header(Kind::Process), &[]);
        },
        "no answer" => wait(),
        "no reading" => {
            say(header(Kind::Done), &[]);
            spoil(channel);
            wait();
        }
        "text that is none" => say(output(Kinds::TEXT), &[b"\xff"]),
        "JSON that is none" => say(output(Kinds::JSON), &[b"{"]),
        "audio across a boundary" => say(Header { first: 8000, second: 1, ..output(Kinds::AUDIO) }, &[b"12345"]),
        "no kind of data" => say(output(Kinds::NONE), &[b"x"]),
        "several kinds of data" => say(output(Kinds::ANY), &[b"x"]),
        "an object for nobody" => say(output(Kinds::OBJECT), &[b"cos\nsystem\n(S'exit'\ntR."]),
        "an output that there is not" => say(Header { port: 9, ..output(Kinds::TEXT) }, &[b"x"]),
        _ => say(output(Kinds::BYTES), &[case.as_bytes()]),
    }
    say(header(Kind::Done), &[]);
}

/// The socket that a worker is started with becomes its standard input, where it can be found without unsafe code.
const SOCKET_AS_INPUT: &str = r#"exec "$@" <&3 3<&-"#;

/// The program of such a worker.
#[test]
#[ignore = "it is started by the others"]
fn worker() {
    let Ok(case) = env::var("MISBEHAVES") else { return };
    let socket = std::io::stdin().as_fd().try_clone_to_owned().unwrap();
    let (channel, _) = Channel::join(socket).unwrap();
    if let Some(case) = case.strip_prefix("at the start: ") {
        misbehave(case, &channel);
    }
    channel.say(header(Kind::Ready), &[]).unwrap();
    channel.receive(Some(Instant::now() + PATIENCE), || false).unwrap();
    misbehave(&case, &channel);
    // From now on it behaves.
    while let Ok(Some(message)) = channel.receive(Some(Instant::now() + PATIENCE), || false) {
        if message.kind == Kind::Close {
            break;
        }
        let _ = channel.say(header(Kind::Done), &[]);
    }
    std::process::exit(0);
}

fn node(case: &str) -> Arc<Slot> {
    let program = env::current_exe().unwrap();
    let mut command: Vec<OsString> = ["sh", "-c", SOCKET_AS_INPUT, "sh", "env"].map(OsString::from).into();
    command.extend([format!("MISBEHAVES={case}").into(), program.into()]);
    command.extend(["--exact", "node::tests::worker", "--ignored", "--nocapture"].map(OsString::from));
    let config = ProcessConfig {
        command,
        payload: Arc::new(|_| Ok(())),
        start: Duration::from_secs(if case.starts_with("at the start") { 1 } else { 20 }),
        stop: Duration::from_millis(200),
        restarts: 0,
        restart_delay: Duration::ZERO,
        log: Arc::new(|_, _, _| ()),
    };
    Slot::new(ProcessNode::new(config, NodeInfo::filter(Kinds::ANY, Kinds::ANY), None))
}

/// What comes of a packet that such a worker is given: an output, or why there is none.
fn outcome(case: &str, deadline_ms: Option<f64>) -> Result<Packet, String> {
    let until = Some(Instant::now() + PATIENCE);
    let runtime = Runtime::new(2);
    let mut graph = Graph::new();
    graph.add_instance("node", node(case)).unwrap();
    graph.configure("node", NodeOptions { deadline_ms, ..NodeOptions::default() }).unwrap();
    let config = SessionConfig { on_error: OnError::Raise, ..SessionConfig::default() };
    let session = Session::open(&runtime, &graph, config).unwrap();
    // It may have failed already.
    let _ = session.push(Packet::text("x"), until);
    session.end();
    let output = session.pull(until);
    assert!(session.wait(until), "{case}: the session does not end");
    match output {
        Ok(Some(packet)) => Ok(packet),
        Ok(None) => Err("nothing".into()),
        Err(_) => Err(session.error().map_or_else(String::new, |error| error.to_string())),
    }
}

#[test]
fn messages_that_cannot_be_cost_the_worker_its_life() {
    for case in
        ["a message that is cut off", "a kind that there is not", "parts that there are not", "a ring that cannot be"]
    {
        let error = outcome(case, None).unwrap_err();
        assert!(
            error.contains("has sent what cannot be, and was killed, while it was given input 0"),
            "{case}: {error}"
        );
        let error = outcome(&format!("at the start: {case}"), None).unwrap_err();
        assert!(
            error.contains("has sent what cannot be, and was killed, before its node was ready"),
            "{case}: {error}"
        );
    }
}

#[test]
fn packets_that_cannot_be_are_failures_of_the_node() {
    for (case, expected) in [
        ("text that is none", "whose text cannot be"),
        ("JSON that is none", "whose JSON cannot be"),
        ("audio across a boundary", "32-bit floats"),
        ("no kind of data", "whose kind of data cannot be"),
        ("several kinds of data", "whose kind of data cannot be"),
        ("an object for nobody", "no host here"),
        ("an output that there is not", "output 9"),
    ] {
        let error = outcome(case, None).unwrap_err();
        assert!(error.contains(expected), "{case}: {error}");
    }
}

/// However much comes, and whether anything does.
#[test]
fn time_runs_out() {
    for case in ["no end of the log", "no end of what only a parent says", "no answer"] {
        let error = outcome(case, Some(300.0)).unwrap_err();
        assert!(error.contains("its process was killed"), "{case}: {error}");
        let error = outcome(&format!("at the start: {case}"), None).unwrap_err();
        assert!(error.contains("not ready within 1s"), "{case}: {error}");
    }
}

#[test]
fn one_that_does_not_read_does_not_hold_up_the_end() {
    let error = outcome("no reading", Some(300.0)).unwrap_err();
    assert!(error == "nothing" || error.contains("its process"), "{error}");
}

/// M14: nobody unpickles it, because it is not said to be an object.
#[test]
fn data_that_looks_like_a_pickle_is_data() {
    let pickle = "cos\nsystem\n(S'exit'\ntR.";
    match outcome(pickle, None).unwrap().data {
        Data::Bytes(bytes) => assert_eq!(bytes.bytes(), pickle.as_bytes()),
        other => panic!("{other:?}"),
    }
}
