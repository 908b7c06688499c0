//! A node whose calls are made in another process.

use std::ffi::OsString;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use remotemedia_core::log::{Category, Level, log};
use remotemedia_core::{
    Context, ErrorKind, Fault, Flow, Host, Lane, NO_INDEX, Node, NodeInfo, Outcome, Packet, Parcel,
};

use serde_json::{Value, json};

use crate::channel::{Closed, SLICE};
use crate::codec::{add_packet, packet_header, read_error, read_packet};
use crate::message::{Header, Kind, Message};
use crate::worker::{Worker, describe};

/// How long after the deadline of a call it is waited for to end by itself.
const GRACE: Duration = Duration::from_secs(1);

/// How a worker is run.
#[derive(Clone)]
pub struct ProcessConfig {
    /// The program and its arguments; it is given the number of its socket as one more.
    pub command: Vec<OsString>,
    /// Gives what the program is to make the node of. Asked before each start.
    pub payload: Payload,
    /// How long it may take until the node is ready.
    pub start: Duration,
    /// How long it may take to clean up and exit, before it is killed.
    pub stop: Duration,
    /// How often it is started again after it has died.
    pub restarts: u32,
    /// How long is waited before that the first time; each time twice as long as before.
    pub restart_delay: Duration,
    /// Told of what the worker logs: level, name of the logger, text.
    pub log: Log,
}

/// What gives the payload of a worker.
pub type Payload = Arc<dyn Fn(&mut dyn Parcel) -> Result<(), Fault> + Send + Sync>;

/// What takes the log of a worker.
pub type Log = Arc<dyn Fn(u32, &str, &str) + Send + Sync>;

/// A node in a process of its own.
pub struct ProcessNode {
    config: ProcessConfig,
    info: NodeInfo,
    host: Option<Arc<dyn Host>>,
    /// What the metrics say of the process.
    facts: Arc<Mutex<Value>>,
    worker: Option<Worker>,
    restarts: u32,
    /// A message that was read and is to be dealt with by the next call.
    next: Option<Message>,
    /// Whether the worker is in a call that it has not said the end of.
    busy: bool,
    /// When the call that goes on must be over, and how long it may take.
    deadline: Option<(Instant, Duration)>,
    /// The number of the input that it was given.
    input: Option<u64>,
}

impl ProcessNode {
    /// A node that is as `info` says; `host` takes objects apart and puts them together, on its lane.
    pub fn new(config: ProcessConfig, info: NodeInfo, host: Option<Arc<dyn Host>>) -> ProcessNode {
        let facts = Arc::new(Mutex::new(json!({"pid": null, "restarts": 0, "worker": null})));
        // A call may wait for the process to be started again.
        let grace = GRACE.saturating_add(if config.restarts > 0 { config.start } else { Duration::ZERO });
        let info = NodeInfo { patient: true, grace, process: Some(Arc::clone(&facts)), ..info };
        ProcessNode {
            config,
            info,
            host,
            facts,
            worker: None,
            restarts: 0,
            next: None,
            busy: false,
            deadline: None,
            input: None,
        }
    }

    /// Starts the process and waits until its node is ready.
    fn start(&mut self, context: &Context<'_>) -> Result<(), Fault> {
        let program = self.config.command.first().map(|program| program.to_string_lossy().into_owned());
        let mut payload = Collected::default();
        (self.config.payload)(&mut payload)?;
        let worker = Worker::start(&self.config.command, &payload.0).map_err(|error| {
            let program = program.unwrap_or_default();
            Fault::new(format!("its process could not be started: {program}: {error}"))
        })?;
        log(Category::Process, Level::Info, || format!("process {} of a node has started", worker.id()));
        let deadline = Instant::now() + self.config.start;
        let worker = self.worker.insert(worker);
        self.busy = false;
        *lock(&self.facts) = json!({"pid": worker.id(), "restarts": self.restarts, "worker": null});
        let channel = Arc::clone(worker.channel());
        loop {
            let slice = (Instant::now() + SLICE).min(deadline);
            let received = channel.receive(Some(slice), || context.cancelled());
            match received {
                Ok(Some(message)) => match message.kind {
                    Kind::Ready => return Ok(()),
                    Kind::Fatal => return Err(self.ended(&message)),
                    _ => self.note(&message),
                },
                Ok(None) => {}
                Err(closed) => return Err(self.lost(&closed, "before its node was ready")),
            }
            // Whatever has come: a worker may log without an end.
            if context.cancelled() {
                return Err(self.give_up("the session was cancelled"));
            }
            if Instant::now() >= deadline {
                let most = self.config.start;
                let mut fault = self.give_up(&format!("its node was not ready within {most:?}"));
                fault.kind = ErrorKind::Deadline;
                return Err(fault);
            }
        }
    }

    /// Sees to it that there is a worker: one that has died is started again, if that was asked for.
    fn revive(&mut self, context: &Context<'_>) -> Result<(), Fault> {
        if let Some(worker) = &self.worker {
            if !worker.channel().is_dead() {
                return Ok(());
            }
            let fault = self.lost(&Closed::Gone, "between two calls");
            if self.restarts == self.config.restarts {
                return Err(fault);
            }
        }
        if self.restarts == self.config.restarts {
            return Err(Fault::new(match self.config.restarts {
                0 => "its process is gone, and is not to be started again".into(),
                times => format!("its process is gone, and was started again {times} times already"),
            }));
        }
        log(Category::Process, Level::Warning, || {
            format!(
                "a node's process is gone and is started again, {} time(s) left",
                self.config.restarts - self.restarts - 1
            )
        });
        let delay = self.config.restart_delay.saturating_mul(1 << self.restarts.min(16));
        self.restarts += 1;
        let until = Instant::now() + delay;
        Lane::while_waiting(|| {
            while Instant::now() < until && !context.cancelled() {
                thread::sleep(SLICE.min(until.saturating_duration_since(Instant::now())));
            }
        });
        self.start(context)
    }

    /// Lets a call that another session has given up come to its end, which may take as long as to stop the process.
    fn come_back(&mut self, context: &Context<'_>) -> Result<(), Fault> {
        self.allow(Some(self.config.stop));
        self.next = None;
        while self.busy {
            let message = self.receive(context)?;
            match message.kind {
                Kind::Done => self.busy = false,
                Kind::Fatal => return Err(self.ended(&message)),
                // A generator may go on for ever.
                _ if self.is_late() => return Err(self.miss_deadline()),
                _ => {}
            }
        }
        Ok(())
    }

    /// Says how long the call that goes on may take.
    fn allow(&mut self, most: Option<Duration>) {
        self.deadline = most.and_then(|most| Some((Instant::now().checked_add(most)?, most)));
    }

    fn begin(&mut self, header: Header, mut packet: Option<Box<Packet>>, context: &mut Context<'_>) -> Outcome {
        if self.busy {
            if let Err(fault) = self.come_back(context) {
                if context.cancelled() || self.restarts == self.config.restarts {
                    return Err(fault);
                }
            }
        }
        self.revive(context)?;
        self.allow(context.deadline());
        self.next = None;
        self.input = packet.as_ref().map(|packet| packet.index).filter(|&index| index != NO_INDEX);
        let Some(worker) = &self.worker else { return Err(Fault::new("its process is gone")) };
        let channel = Arc::clone(worker.channel());
        let sent = channel.send(
            header,
            true,
            || context.cancelled() || self.is_late(),
            |parts| match &mut packet {
                Some(packet) => add_packet(packet, parts),
                None => Ok(()),
            },
        );
        match sent {
            Ok(sent) => sent.map(|()| self.busy = true)?,
            Err(Closed::Stuck(_)) if self.is_late() => return Err(self.miss_deadline()),
            Err(Closed::Stuck(message)) => return Err(Fault::new(message)),
            Err(closed) => return Err(self.lost(&closed, &self.at())),
        }
        self.go_on(context)
    }

    /// Takes what comes of a call: one output, or the end of it.
    fn go_on(&mut self, context: &mut Context<'_>) -> Outcome {
        let mut fault: Option<Fault> = None;
        let mut emitted = false;
        loop {
            let message = match self.next.take() {
                Some(message) => message,
                None if emitted => match self.receive_now()? {
                    Some(message) => message,
                    None => return Ok(Flow::More),
                },
                None => self.receive(context)?,
            };
            match message.kind {
                // What has come out before a failure is not part of it.
                Kind::Output | Kind::Failed if emitted => {
                    self.next = Some(message);
                    return Ok(Flow::More);
                }
                Kind::Output => {
                    let packet = read_packet(message, self.host.as_ref());
                    match packet {
                        Ok(packet) => {
                            context.emit(packet);
                            emitted = true;
                        }
                        Err(error) => fault = Some(error),
                    }
                }
                Kind::Failed => fault = Some(read_error(&message, self.host.as_ref())),
                Kind::Done => {
                    self.busy = false;
                    return fault.map_or(Ok(Flow::Done), Err);
                }
                Kind::Fatal => return Err(self.ended(&message)),
                _ => {
                    self.note(&message);
                    if emitted {
                        return Ok(Flow::More);
                    }
                }
            }
        }
    }

    fn receive_now(&mut self) -> Result<Option<Message>, Fault> {
        let Some(worker) = &self.worker else { return Ok(None) };
        let received = worker.channel().receive(Some(Instant::now()), || true);
        // If it has died, the next call will see.
        received.or_else(|closed| match closed {
            Closed::Gone => Ok(None),
            closed => Err(self.lost(&closed, "in a call")),
        })
    }

    /// Waits for what comes of a call. What the worker tells beside it is taken on the way, and holds nothing up.
    fn receive(&mut self, context: &Context<'_>) -> Result<Message, Fault> {
        loop {
            let Some(worker) = &self.worker else { return Err(Fault::new("its process is gone")) };
            let channel = Arc::clone(worker.channel());
            let slice = Instant::now() + SLICE;
            let until = self.deadline.map_or(slice, |(deadline, _)| deadline.min(slice));
            let received = channel.receive(Some(until), || context.cancelled());
            match received {
                Ok(Some(message)) if message.kind.is_result() => return Ok(message),
                Ok(Some(message)) => self.note(&message),
                Ok(None) => {}
                Err(closed) => return Err(self.lost(&closed, &self.at())),
            }
            if context.cancelled() {
                return Err(Fault::new("the session was cancelled"));
            }
            if self.is_late() {
                return Err(self.miss_deadline());
            }
        }
    }

    /// Whether the call that goes on should be over.
    fn is_late(&self) -> bool {
        self.deadline.is_some_and(|(deadline, _)| deadline <= Instant::now())
    }

    fn miss_deadline(&mut self) -> Fault {
        let most = self.deadline.map_or(Duration::ZERO, |(_, most)| most);
        let mut fault = self.give_up(&format!("the call has not returned within {most:?}; its process was killed"));
        fault.kind = ErrorKind::Deadline;
        fault
    }

    fn at(&self) -> String {
        match self.input {
            Some(index) => format!("while it was given input {index}"),
            None => "in a call".into(),
        }
    }

    fn note(&self, message: &Message) {
        match message.kind {
            Kind::Log => (self.config.log)(message.header.first, &message.text(0), &message.text(1)),
            Kind::Metrics => lock(&self.facts)["worker"] = serde_json::from_str(&message.text(0)).unwrap_or_default(),
            _ => {}
        }
    }

    /// The worker has died or is not to be believed any more: why.
    fn lost(&mut self, closed: &Closed, when: &str) -> Fault {
        self.busy = false;
        let Some(worker) = self.worker.take() else { return Fault::new("its process is gone") };
        let id = worker.id();
        let what = match closed {
            Closed::Gone => describe(worker.wait(Duration::from_secs(1))),
            Closed::Nonsense => "has sent what cannot be, and was killed".into(),
            Closed::Stuck(message) => return Fault::new(message.clone()),
        };
        log(Category::Process, Level::Info, || format!("process {id} of a node {what}, {when}"));
        Fault::new(format!("its process {id} {what}, {when}"))
    }

    fn give_up(&mut self, message: &str) -> Fault {
        self.worker = None;
        self.busy = false;
        Fault::new(message)
    }

    /// The worker has said that it cannot go on: why.
    fn ended(&mut self, message: &Message) -> Fault {
        let fault = read_error(message, self.host.as_ref());
        self.stop();
        fault
    }

    /// Has the worker clean up and exit, and kills it if it takes too long.
    fn stop(&mut self) {
        self.next = None;
        self.busy = false;
        let Some(worker) = self.worker.take() else { return };
        let channel = Arc::clone(worker.channel());
        let deadline = Instant::now() + self.config.stop;
        let is_over = || Instant::now() >= deadline;
        let close = Header { kind: Kind::Close as u32, ..Header::default() };
        let _ = channel.send::<()>(close, true, is_over, |_| Ok(()));
        if self.info.source {
            worker.terminate();
        }
        Lane::while_waiting(|| {
            // What it says to the end is heard: outputs of a call that was given up, and the log.
            while let Ok(Some(message)) = channel.receive(Some(deadline), || false) {
                self.note(&message);
                if is_over() {
                    break;
                }
            }
            worker.wait(deadline.saturating_duration_since(Instant::now()));
        });
    }
}

impl Node for ProcessNode {
    fn info(&self) -> NodeInfo {
        self.info.clone()
    }

    fn initialize(&mut self, context: &mut Context<'_>) -> Outcome {
        self.restarts = 0;
        self.start(context)?;
        Ok(Flow::Done)
    }

    fn process(&mut self, packet: Box<Packet>, context: &mut Context<'_>) -> Outcome {
        self.begin(packet_header(Kind::Process, &packet), Some(packet), context)
    }

    fn resume(&mut self, context: &mut Context<'_>) -> Outcome {
        if self.info.source && self.next.is_none() && self.worker.is_none() {
            return Err(Fault::new("its process is gone"));
        }
        // As for a node that runs here, each output has the time of a call.
        self.allow(context.deadline());
        self.go_on(context)
    }

    fn flush(&mut self, context: &mut Context<'_>) -> Outcome {
        self.begin(Header { kind: Kind::Flush as u32, index: NO_INDEX, ..Header::default() }, None, context)
    }

    fn cleanup(&mut self, _context: &mut Context<'_>) -> Outcome {
        self.stop();
        Ok(Flow::Done)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Default)]
struct Collected(Vec<u8>);

impl Parcel for Collected {
    fn add(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn add_first(&mut self, bytes: &[u8]) {
        self.0.splice(0..0, bytes.iter().copied());
    }
}

impl fmt::Debug for ProcessConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProcessConfig({:?})", self.command)
    }
}

impl fmt::Debug for ProcessNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProcessNode({:?})", self.worker)
    }
}

#[cfg(test)]
mod tests;
