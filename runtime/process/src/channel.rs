//! Channels: what connects a parent and one worker, and nobody else.
//!
//! Two rings of messages in shared memory without a name, and a pair of sockets. The sockets carry the files of blocks, once
//! each, and say when the other process has died.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::ops::Range;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use remotemedia_core::fault::{Point, check};
use remotemedia_core::{Buffer, Parcel, Piece};
use rustix::event::{PollFd, PollFlags};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, sockopt,
};
use rustix::process::{PidfdFlags, getppid, pidfd_open};

use crate::bell::Bell;
use crate::blocks::{Keeper, Lent, Shared};
use crate::loans::{self, Lease, Loans};
use crate::message::{Header, Kind, MOST_PARTS, Message, OWN, Part, inline_part, split};
use crate::parts::{Parts, Placed};
use crate::ring::{self, Nonsense, Reader, Writer};
use crate::shm::Segment;

/// What both sides must agree on: the first number says what it is, the second one changes with the layout.
const HELLO: [u64; 2] = [u64::from_le_bytes(*b"remotemd"), 2];

/// How many parts are read where they are at a time; others are copied. Whoever keeps all that comes must not keep the
/// other side from sending more, nor use up the files that a process may have.
const MOST_HELD: usize = 64;

/// How long is waited for what comes in a moment and rings no bell.
const MOMENT: Duration = Duration::from_millis(1);

/// How many files of blocks may come before the one that a message refers to: those of messages that were given up.
const MOST_AHEAD: usize = 2 * MOST_PARTS;

/// How long the file of a block may be on its way.
const PATIENCE: Duration = Duration::from_secs(1);

// Where things are in the memory of a channel.
const TO_WORKER: usize = 0;
const TO_PARENT: usize = ring::SIZE;
const LENT_TO_WORKER: usize = 2 * ring::SIZE;
const LENT_TO_PARENT: usize = LENT_TO_WORKER + loans::SIZE;
const SIZE: usize = LENT_TO_PARENT + loans::SIZE;

/// One end of a channel.
pub struct Channel {
    /// What this process knows it by.
    id: u64,
    socket: OwnedFd,
    /// The process that has made it, if that has started this one.
    parent: Option<OwnedFd>,
    out: Mutex<Out>,
    loans: Mutex<Loans>,
    incoming: Mutex<In>,
    bells: [Bell; 2],
    dead: AtomicBool,
    /// The last to go: what was lent is free by then.
    _keeper: Keeper,
}

/// What a sender has.
struct Out {
    ring: Writer,
    /// The blocks that the other side has the files of.
    sent: HashMap<u64, Weak<Segment>>,
}

/// What a receiver has.
struct In {
    memory: Arc<Segment>,
    ring: Reader,
    loans: usize,
    /// How many parts are read where they are.
    held: Arc<AtomicUsize>,
    /// By the numbers that the other side has given them.
    blocks: HashMap<u64, Arc<Segment>>,
    bytes: Vec<u8>,
}

/// Why nothing more comes of a channel or goes into it.
#[derive(Debug)]
pub enum Closed {
    /// The other process is gone.
    Gone,
    /// It has sent what cannot be.
    Nonsense,
    /// Memory or a file is not to be had, or there is no room before the deadline.
    Stuck(String),
}

impl Channel {
    /// A new channel: the parent's end, and the socket for the worker, which [`Channel::join`] takes. `payload` is given to
    /// the worker with it.
    pub fn new(payload: &[u8]) -> io::Result<(Channel, OwnedFd)> {
        check(Point::Shared)?;
        let (ours, theirs) =
            rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        let memory = Arc::new(Segment::new(SIZE)?);
        let given = Segment::new(payload.len().max(1))?;
        given.write(0, payload);
        let numbers = [HELLO[0], HELLO[1], u64::from(std::process::id()), payload.len() as u64];
        send_files(&ours, bytemuck::cast_slice(&numbers), &[memory.file(), given.file()])?;
        let (out, incoming) = ((TO_WORKER, LENT_TO_WORKER), (TO_PARENT, LENT_TO_PARENT));
        Ok((Channel::on(ours, None, &memory, out, incoming)?, theirs))
    }

    /// The worker's end, from the socket that it was started with, and the payload.
    pub fn join(socket: OwnedFd) -> io::Result<(Channel, Vec<u8>)> {
        // What this process starts has nothing to do with it.
        rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
        let mut numbers = [0u64; 4];
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut numbers);
        sockopt::set_socket_timeout(&socket, sockopt::Timeout::Recv, Some(PATIENCE))?;
        let (size, files) = receive_files(&socket, bytes)?;
        let refused = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_string());
        if size != size_of_val(&numbers) || numbers[0] != HELLO[0] {
            return Err(refused("this is no channel of remotemedia"));
        }
        if numbers[1] != HELLO[1] {
            let (theirs, ours) = (numbers[1], HELLO[1]);
            return Err(refused(&format!(
                "the parent's library speaks version {theirs} of the channel, this one {ours}"
            )));
        }
        let [memory, payload] = <[OwnedFd; 2]>::try_from(files).map_err(|_| refused("the channel has no memory"))?;
        let memory = Arc::new(Segment::open(memory)?);
        let payload = Segment::open(payload)?;
        let length = usize::try_from(numbers[3]).ok().filter(|&length| length <= payload.size());
        let length = length.ok_or_else(|| refused("the payload is cut off"))?;
        if memory.size() < SIZE {
            return Err(refused("the memory of the channel is cut off"));
        }
        let (out, incoming) = ((TO_PARENT, LENT_TO_PARENT), (TO_WORKER, LENT_TO_WORKER));
        let parent = find_parent(numbers[2]);
        Ok((Channel::on(socket, parent, &memory, out, incoming)?, payload.bytes(0, length).to_vec()))
    }

    fn on(
        socket: OwnedFd,
        parent: Option<OwnedFd>,
        memory: &Arc<Segment>,
        out: (usize, usize),
        incoming: (usize, usize),
    ) -> io::Result<Channel> {
        sockopt::set_socket_timeout(&socket, sockopt::Timeout::Recv, Some(PATIENCE))?;
        let writer = Writer::new(memory, out.0);
        let reader = Reader::new(memory, incoming.0);
        let bells = [writer.bell(), reader.bell()];
        let loans = Loans::new(memory, out.1);
        let out = Out { ring: writer, sent: HashMap::new() };
        let incoming = In {
            memory: Arc::clone(memory),
            ring: reader,
            loans: incoming.1,
            held: Arc::default(),
            blocks: HashMap::new(),
            bytes: Vec::new(),
        };
        Ok(Channel {
            id: memory.id(),
            socket,
            parent,
            out: Mutex::new(out),
            loans: Mutex::new(loans),
            incoming: Mutex::new(incoming),
            bells,
            dead: AtomicBool::new(false),
            _keeper: Keeper::new(),
        })
    }

    /// Waits in a worker until its parent has died. The socket hangs up then, but not as long as another process has it
    /// too: one that the parent has forked.
    pub fn await_end_of_parent(&self) {
        let mut files = vec![PollFd::new(&self.socket, PollFlags::empty())];
        files.extend(self.parent.as_ref().map(|parent| PollFd::new(parent, PollFlags::IN)));
        while rustix::event::poll(&mut files, None).is_err() {}
    }

    /// Says that the other process is gone, and wakes whoever waits for it.
    pub fn hang_up(&self) {
        self.dead.store(true, Ordering::SeqCst);
        self.bells.iter().for_each(Bell::ring_loud);
    }

    /// Whether the other process is gone.
    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    /// Sends a message, whose parts `fill` adds. Waits for room as long as `given_up` does not say otherwise. Unless
    /// `tell`, the other side need not look at it before the next one.
    pub fn send<E>(
        &self,
        mut header: Header,
        tell: bool,
        given_up: impl Fn() -> bool,
        fill: impl FnOnce(&mut Parts) -> Result<(), E>,
    ) -> Result<Result<(), E>, Closed> {
        // A block that has come back is taken for this message, sooner than one that the processor has not in its cache.
        lock(&self.loans).take_back();
        // Nothing is locked meanwhile: it calls the host, which may do anything, also write to the log.
        let mut parts = Parts::default();
        let filled = fill(&mut parts);
        if filled.is_err() {
            return Ok(filled);
        }
        let Parts { table, inline, error, .. } = parts;
        if let Some(error) = error {
            return Err(Closed::Stuck(error));
        }
        header.parts = table.len() as u32;
        let mut out = lock(&self.out);
        let lent = table.iter().filter(|placed| placed.block.is_some()).count();
        self.wait_for_loans(&mut out, lent, &given_up)?;
        let mut head = Vec::with_capacity(size_of::<Header>() + table.len() * size_of::<Part>());
        head.extend_from_slice(bytemuck::bytes_of(&header));
        let mut late = Vec::new();
        for Placed { mut part, block } in table {
            if let Some((segment, hold)) = block {
                let returned = hold.lender().filter(|&(lender, _)| lender == self.id);
                if let Some((_, loan)) = returned {
                    part.shared = OWN + loan;
                } else if !out.sent.contains_key(&part.block) {
                    out.forget();
                    out.sent.insert(part.block, Arc::downgrade(&segment));
                    // The file goes first, unless too many are on their way already.
                    if !late.is_empty() || !self.send_block(&segment)? {
                        late.push(segment);
                    }
                }
                part.loan = lock(&self.loans).lend(hold).ok_or_else(|| Closed::Stuck("too much is lent".into()))?;
            }
            head.extend_from_slice(bytemuck::bytes_of(&part));
        }
        // Whoever waits for room wakes up at times, to see whether he is to give up.
        loop {
            let slice = Instant::now() + SLICE;
            if self.is_dead() {
                return Err(Closed::Gone);
            }
            if out.ring.write(&head, &inline, Some(slice), || self.is_dead()) {
                break;
            }
            if given_up() {
                return Err(Closed::Stuck("the call was given up".into()));
            }
        }
        if tell || !late.is_empty() {
            out.ring.tell();
        }
        for segment in late {
            while !self.send_block(&segment)? {
                // Given up halfway, the message can never be read: that is the end of the channel.
                if self.is_dead() || given_up() {
                    return Err(Closed::Gone);
                }
                thread::sleep(MOMENT);
            }
        }
        Ok(Ok(()))
    }

    /// Waits until so many more blocks can be lent: until the other side has read what was sent before.
    fn wait_for_loans(&self, out: &mut Out, count: usize, given_up: &impl Fn() -> bool) -> Result<(), Closed> {
        while !lock(&self.loans).has_room(count) {
            out.ring.tell();
            if self.is_dead() {
                return Err(Closed::Gone);
            }
            if given_up() {
                return Err(Closed::Stuck("the call was given up".into()));
            }
            thread::sleep(MOMENT);
        }
        Ok(())
    }

    /// Sends the file of a block; `false` if there is no room for it just now.
    fn send_block(&self, segment: &Segment) -> Result<bool, Closed> {
        match send_files(&self.socket, &segment.id().to_ne_bytes(), &[segment.file()]) {
            Ok(()) => Ok(true),
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::TOOMANYREFS.raw_os_error()) => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Closed::Gone),
            Err(error) => Err(Closed::Stuck(format!("shared memory cannot be given to the other process: {error}"))),
        }
    }

    /// Sends a message without anything that could go wrong in its parts.
    pub fn say(&self, header: Header, texts: &[&[u8]]) -> Result<(), Closed> {
        let sent = self.send::<()>(
            header,
            true,
            || false,
            |parts| {
                texts.iter().for_each(|text| parts.add(text));
                Ok(())
            },
        );
        sent.map(|_| ())
    }

    /// Has the other side look at what was sent.
    pub fn tell(&self) {
        lock(&self.out).ring.tell();
    }

    /// Takes the next message, waiting for it until `deadline`, or as long as `given_up` does not say otherwise.
    pub fn receive(&self, deadline: Option<Instant>, given_up: impl Fn() -> bool) -> Result<Option<Message>, Closed> {
        let mut incoming = lock(&self.incoming);
        loop {
            if let Some(message) = incoming.take(self)? {
                if message.kind == Kind::Forget {
                    incoming.blocks.remove(&message.header.index);
                    continue;
                }
                return Ok(Some(message));
            }
            if self.is_dead() {
                return Err(Closed::Gone);
            }
            let now = Instant::now();
            if given_up() || deadline.is_some_and(|deadline| deadline <= now) {
                return Ok(None);
            }
            incoming.ring.wait(deadline, || self.is_dead() || given_up());
        }
    }
}

/// How often a wait looks whether it is to be given up.
pub const SLICE: Duration = Duration::from_millis(50);

impl Out {
    /// Has the other side let go of the blocks that are no more.
    fn forget(&mut self) {
        let gone: Vec<u64> =
            self.sent.iter().filter(|(_, block)| block.strong_count() == 0).map(|(&id, _)| id).collect();
        for index in gone {
            let header = Header { kind: Kind::Forget as u32, index, ..Header::default() };
            // If there is no room just now, then with the next new block.
            if self.ring.write(bytemuck::bytes_of(&header), &[], Some(Instant::now()), || true) {
                self.sent.remove(&index);
            }
        }
    }
}

impl In {
    fn take(&mut self, channel: &Channel) -> Result<Option<Message>, Closed> {
        let mut bytes = std::mem::take(&mut self.bytes);
        let read = self.ring.read(&mut bytes);
        let message = match read {
            Ok(true) => self.parse(&bytes, channel).map(Some),
            Ok(false) => Ok(None),
            Err(Nonsense) => Err(Closed::Nonsense),
        };
        self.bytes = bytes;
        message
    }

    fn parse(&mut self, bytes: &[u8], channel: &Channel) -> Result<Message, Closed> {
        let (kind, header, table, inline) = split(bytes).ok_or(Closed::Nonsense)?;
        let mut parts = Vec::with_capacity(table.len());
        for part in &table {
            let buffer = match part.block {
                0 => Buffer::new(inline_part(part, inline).ok_or(Closed::Nonsense)?),
                _ => self.shared_part(part, channel)?,
            };
            parts.push(Piece { buffer, shared: part.shared != 0 });
        }
        Ok(Message { kind, header, parts })
    }

    fn shared_part(&mut self, part: &Part, channel: &Channel) -> Result<Buffer, Closed> {
        let lease = Lease::new(&self.memory, self.loans, part.loan, &self.held).ok_or(Closed::Nonsense)?;
        if let Some(loan) = part.shared.checked_sub(OWN) {
            // It comes back to where it was: kept as what it was lent of, whatever becomes of the other process. That need
            // not keep it as well: whoever collects what comes back would run it out of loans.
            let hold = lock(&channel.loans).hold(loan).ok_or(Closed::Nonsense)?;
            let segment = Arc::clone(hold.segment());
            let range = range(part, &segment).ok_or(Closed::Nonsense)?;
            return Ok(Buffer::new(Lent(Shared::new(segment, range.start, range.len(), None, Some(Box::new(hold))))));
        }
        for _ in 0..MOST_AHEAD {
            if self.blocks.contains_key(&part.block) {
                break;
            }
            let mut id = 0u64;
            let (size, files) = receive_files(&channel.socket, bytemuck::bytes_of_mut(&mut id)).map_err(refused)?;
            let [file] = <[OwnedFd; 1]>::try_from(files).map_err(|_| Closed::Nonsense)?;
            if size != size_of::<u64>() {
                return Err(Closed::Nonsense);
            }
            let block = Segment::open(file).map_err(refused)?;
            self.blocks.insert(id, Arc::new(block));
        }
        let block = self.blocks.get(&part.block).ok_or(Closed::Nonsense)?;
        let range = range(part, block).ok_or(Closed::Nonsense)?;
        if self.held.load(Ordering::Relaxed) > MOST_HELD {
            return copied(block.bytes(range.start, range.len())).map(Buffer::new).map_err(Closed::Stuck);
        }
        let lender = Some((channel.id, part.loan));
        let shared = Shared::new(Arc::clone(block), range.start, range.len(), lender, Some(Box::new(lease)));
        Ok(Buffer::new(Lent(shared)))
    }
}

/// A copy of bytes whose number another process has said: an error where there is no memory for so many.
pub fn copied(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(bytes.len()).map_err(|_| format!("there is no memory for {} bytes", bytes.len()))?;
    copy.extend_from_slice(bytes);
    Ok(copy)
}

/// The process of a number, if it has started this one and lives.
fn find_parent(id: u64) -> Option<OwnedFd> {
    let parent = getppid().filter(|parent| i64::from(parent.as_raw_nonzero().get()) == id as i64)?;
    let file = pidfd_open(parent, PidfdFlags::empty()).ok()?;
    // If it has died meanwhile, the number may be that of another one.
    (getppid() == Some(parent)).then_some(file)
}

/// Why the file of a block was not taken: it did not come, or was another one, or the system refused it.
fn refused(error: io::Error) -> Closed {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::InvalidData => Closed::Nonsense,
        _ => Closed::Stuck(format!("shared memory of the other process cannot be taken: {error}")),
    }
}

/// The bytes of a part, if they lie in its block.
fn range(part: &Part, block: &Segment) -> Option<Range<usize>> {
    let start = usize::try_from(part.offset).ok()?;
    let end = start.checked_add(usize::try_from(part.size).ok()?)?;
    (end <= block.size()).then_some(start..end)
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Channel(dead: {})", self.is_dead())
    }
}

fn send_files(socket: &OwnedFd, bytes: &[u8], files: &[BorrowedFd<'_>]) -> io::Result<()> {
    check(Point::Shared)?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(files)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    rustix::net::sendmsg(socket, &[IoSlice::new(bytes)], &mut control, SendFlags::NOSIGNAL | SendFlags::DONTWAIT)?;
    Ok(())
}

fn receive_files(socket: &OwnedFd, bytes: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
    check(Point::Shared)?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC;
    let received = rustix::net::recvmsg(socket, &mut [IoSliceMut::new(bytes)], &mut control, flags)?;
    // Files for which this process has no number left are lost.
    if received.flags.contains(ReturnFlags::CTRUNC) {
        return Err(rustix::io::Errno::MFILE.into());
    }
    let mut files = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(given) = message {
            files.extend(given);
        }
    }
    Ok((received.bytes, files))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
#[cfg(test)]
pub mod tests;
