//! The other side: what the worker process has, around its one node.
//!
//! The worker runs a session of its own, of three nodes: a source that makes packets of the parent's calls, the node, and a
//! sink that sends what comes of them. Behind each packet goes a mark; when it arrives at the sink, the call is over.

use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use remotemedia_core::{
    Context, Data, Fault, Flow, Host, Kinds, Lane, Node, NodeError, NodeInfo, Outcome, Packet, Parcel, Session, Time,
};
use rustix::process::{Signal, getpid, kill_process};

use crate::channel::{Channel, Closed};
use crate::codec::{add_error, add_object, add_packet, error_header, packet_header, read_packet};
use crate::message::{Header, Kind, Message};
use crate::parts::Parts;

/// How long a worker may clean up after its parent has died.
const LAST_MOMENTS: Duration = Duration::from_millis(500);
/// How often the source looks whether the session was given up.
const SLICE: Duration = Duration::from_millis(200);

/// The worker's end of what connects it with its parent.
#[derive(Clone, Debug)]
pub struct Service(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    channel: Channel,
    session: Mutex<Weak<Session>>,
}

impl Service {
    /// Takes up the connection by the socket that the process was started with; also gives the payload. From now on the
    /// process ends soon after its parent.
    pub fn join(socket: OwnedFd) -> io::Result<(Service, Vec<u8>)> {
        let (channel, payload) = Channel::join(socket)?;
        let service = Service(Arc::new(Inner { channel, session: Mutex::default() }));
        let watched = service.clone();
        thread::Builder::new().name("remotemedia-watch".into()).spawn(move || watched.watch())?;
        Ok((service, payload))
    }

    /// The nodes before and behind the worker's own, whose ports are named. Their calls are made on the lane of `host`.
    /// `kinds` are what the parent takes. A source needs the second of them only.
    pub fn nodes(
        &self,
        inputs: Vec<String>,
        outputs: Vec<String>,
        is_source: bool,
        kinds: Kinds,
        host: Option<Arc<dyn Host>>,
        lane: Option<Arc<Lane>>,
    ) -> (CallSource, ResultSink) {
        let source = NodeInfo {
            source: true,
            lane: lane.clone(),
            outputs: inputs,
            patient: true,
            ..NodeInfo::filter(Kinds::NONE, Kinds::ANY)
        };
        let sink = NodeInfo { lane, inputs: outputs, raw: true, patient: true, ..NodeInfo::filter(kinds, Kinds::NONE) };
        let source = CallSource { service: self.clone(), info: source, host };
        (source, ResultSink { service: self.clone(), info: sink, ends: is_source, told: true })
    }

    /// Sends a record of the log.
    pub fn log(&self, level: u32, name: &str, text: &str) {
        let header = Header { kind: Kind::Log as u32, first: level, ..Header::default() };
        // If the parent is gone, nobody is left to read it.
        let _ = self.0.channel.say(header, &[name.as_bytes(), text.as_bytes()]);
    }

    /// Says that there is no node, or that it cannot go on, and why, unless that is given up.
    pub fn fail(&self, fault: Fault, given_up: impl Fn() -> bool) {
        let header = error_header(Kind::Fatal, fault.kind, fault.object.is_some());
        let _ = self.0.channel.send::<()>(header, true, given_up, |parts| {
            parts.add(fault.message.as_bytes());
            if let Some(object) = fault.object {
                add_object(object, parts);
            }
            Ok(())
        });
    }

    fn belongs_to(&self, session: &Arc<Session>) {
        *self.0.session.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(session);
    }

    fn watch(&self) {
        self.0.channel.await_end_of_parent();
        self.0.channel.hang_up();
        let session = self.0.session.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
        if let Some(session) = session {
            session.cancel();
        }
        thread::sleep(LAST_MOMENTS);
        let _ = kill_process(getpid(), Signal::KILL);
    }
}

/// Makes packets of what the parent asks for.
pub struct CallSource {
    service: Service,
    info: NodeInfo,
    host: Option<Arc<dyn Host>>,
}

impl CallSource {
    /// What a message asks for, and whether more will come.
    fn take(&self, message: Message, context: &mut Context<'_>) -> Outcome {
        let port = message.header.port.min((self.info.outputs.len().max(1) - 1) as u32);
        match message.kind {
            Kind::Process => {
                let index = message.header.index;
                let packet = read_packet(message, self.host.as_ref());
                // One that cannot be read fails in the place of the node.
                let packet = packet.unwrap_or_else(|fault| {
                    let error = NodeError::new(fault, "(input)", index, Time::NONE);
                    Packet { index, ..Packet::new(Data::Failure(Arc::new(error))) }
                });
                context.emit(Packet { port, ..packet });
            }
            Kind::Flush => context.emit(Packet::new(Data::Flush)),
            Kind::Close => {
                context.session().cancel();
                return Ok(Flow::Done);
            }
            _ => return Err(Fault::new("the parent has sent a message that only a worker sends")),
        }
        context.emit(Packet { port, ..Packet::new(Data::Mark) });
        Ok(Flow::More)
    }

    /// Tells the parent, if it is there, why it will not hear of a call that it waits for.
    fn tell_why(&self, closed: Closed, context: &Context<'_>) {
        let fault = match closed {
            Closed::Gone => return,
            Closed::Nonsense => Fault::new("the parent has sent what cannot be"),
            Closed::Stuck(message) => Fault::new(message),
        };
        self.service.fail(fault, || context.cancelled());
    }
}

impl Node for CallSource {
    fn info(&self) -> NodeInfo {
        self.info.clone()
    }

    fn initialize(&mut self, context: &mut Context<'_>) -> Outcome {
        self.service.belongs_to(context.session());
        Ok(Flow::Done)
    }

    fn process(&mut self, _packet: Box<Packet>, _context: &mut Context<'_>) -> Outcome {
        Ok(Flow::Done)
    }

    fn resume(&mut self, context: &mut Context<'_>) -> Outcome {
        let channel = &self.service.0.channel;
        loop {
            let until = Instant::now() + SLICE;
            match channel.receive(Some(until), || context.cancelled()) {
                Ok(Some(message)) => return self.take(message, context),
                Ok(None) if context.cancelled() => return Ok(Flow::Done),
                Ok(None) => {}
                Err(closed) => {
                    self.tell_why(closed, context);
                    context.session().cancel();
                    return Ok(Flow::Done);
                }
            }
        }
    }
}

/// Sends what comes of the calls.
pub struct ResultSink {
    service: Service,
    info: NodeInfo,
    /// Whether the end of the stream is the end of a call: of a source's only one.
    ends: bool,
    /// Whether the parent has been told of what was sent.
    told: bool,
}

impl ResultSink {
    fn send(
        &mut self,
        header: Header,
        tell: bool,
        context: &Context<'_>,
        fill: impl FnOnce(&mut Parts) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.told = tell;
        match self.service.0.channel.send(header, tell, || context.cancelled(), fill) {
            Ok(filled) => filled,
            Err(Closed::Stuck(message)) => Err(Fault::new(message)),
            Err(Closed::Gone | Closed::Nonsense) => {
                context.session().cancel();
                Err(Fault::new("the parent is gone"))
            }
        }
    }

    fn send_error(&mut self, error: &NodeError, context: &Context<'_>) -> Result<(), Fault> {
        let header = error_header(Kind::Failed, error.kind, error.object().is_some());
        self.send(Header { index: error.index, ..header }, false, context, |parts| {
            add_error(error, parts);
            Ok(())
        })
    }

    fn say(&mut self, kind: Kind, context: &Context<'_>) -> Outcome {
        self.send(Header { kind: kind as u32, ..Header::default() }, true, context, |_| Ok(()))?;
        Ok(Flow::Done)
    }
}

impl Node for ResultSink {
    fn info(&self) -> NodeInfo {
        self.info.clone()
    }

    /// The last of the three, so that the node is ready.
    fn initialize(&mut self, context: &mut Context<'_>) -> Outcome {
        self.service.belongs_to(context.session());
        self.say(Kind::Ready, context)
    }

    fn process(&mut self, mut packet: Box<Packet>, context: &mut Context<'_>) -> Outcome {
        match &packet.data {
            Data::Mark => return self.say(Kind::Done, context),
            Data::Failure(error) => self.send_error(error, context)?,
            _ => {
                let header = packet_header(Kind::Output, &packet);
                // What cannot be sent is a failure of the node that gave it.
                if let Err(fault) = self.send(header, false, context, |parts| add_packet(&mut packet, parts)) {
                    let error = NodeError::new(fault, context.node_id(), packet.index, packet.pts);
                    self.send_error(&error, context)?;
                }
            }
        }
        Ok(Flow::Done)
    }

    fn flush(&mut self, context: &mut Context<'_>) -> Outcome {
        if self.ends { self.say(Kind::Done, context) } else { Ok(Flow::Done) }
    }

    /// Tells what the worker has measured.
    fn cleanup(&mut self, context: &mut Context<'_>) -> Outcome {
        let metrics = context.session().metrics().to_json().to_string();
        let header = Header { kind: Kind::Metrics as u32, ..Header::default() };
        self.send(header, true, context, |parts| {
            parts.add(metrics.as_bytes());
            Ok(())
        })?;
        Ok(Flow::Done)
    }

    fn leave(&mut self) {
        if !std::mem::replace(&mut self.told, true) {
            self.service.0.channel.tell();
        }
    }
}

impl fmt::Debug for CallSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CallSource({:?})", self.info)
    }
}

impl fmt::Debug for ResultSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResultSink({:?})", self.info)
    }
}
