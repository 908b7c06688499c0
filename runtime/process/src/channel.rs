//! Channels: what connects a parent and one worker, and nobody else.
//!
//! Two rings of messages in shared memory without a name, and a pair of sockets. The sockets carry the files of blocks, once
//! each, and say when the other process has died.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use remotemedia_core::{Buffer, Parcel, Piece};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, SocketFlags, SocketType, sockopt,
};

use crate::bell::Bell;
use crate::blocks::{self, Lent, Shared};
use crate::loans::{self, Lease, Loans};
use crate::message::{Header, Kind, MOST_PARTS, Message, Part, inline_part, split};
use crate::ring::{self, Nonsense, Reader, Writer};
use crate::shm::Segment;

/// What both sides must agree on: the first number says what it is, the second one changes with the layout.
const HELLO: [u64; 2] = [u64::from_le_bytes(*b"remotemd"), 1];

/// Larger parts are not copied into the message, but lie in a block.
const MOST_INLINE: usize = 8 * 1024;
/// The most bytes of parts in a message.
const MOST_INLINE_IN_ALL: usize = 16 * 1024;
/// Parts from this size on are looked for in memory that is shared already.
const WORTH_LENDING: usize = 4 * 1024;

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
    socket: OwnedFd,
    out: Mutex<Out>,
    incoming: Mutex<In>,
    bells: [Bell; 2],
    dead: AtomicBool,
}

/// What a sender has.
struct Out {
    ring: Writer,
    loans: Loans,
    /// The blocks that the other side has the files of.
    sent: HashMap<u64, Weak<Segment>>,
}

/// What a receiver has.
struct In {
    memory: Arc<Segment>,
    ring: Reader,
    loans: usize,
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
        let (ours, theirs) =
            rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        let memory = Arc::new(Segment::new(SIZE)?);
        let given = Segment::new(payload.len().max(1))?;
        given.write(0, payload);
        let numbers = [HELLO[0], HELLO[1], memory.id(), payload.len() as u64];
        send_files(&ours, bytemuck::cast_slice(&numbers), &[memory.file(), given.file()])?;
        let (out, incoming) = ((TO_WORKER, LENT_TO_WORKER), (TO_PARENT, LENT_TO_PARENT));
        Ok((Channel::on(ours, &memory, out, incoming)?, theirs))
    }

    /// The worker's end, from the socket that it was started with, and the payload.
    pub fn join(socket: OwnedFd) -> io::Result<(Channel, Vec<u8>)> {
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
        let memory = Arc::new(Segment::open(memory, numbers[2])?);
        let payload = Segment::open(payload, 0)?;
        let length = usize::try_from(numbers[3]).ok().filter(|&length| length <= payload.size());
        let length = length.ok_or_else(|| refused("the payload is cut off"))?;
        if memory.size() < SIZE {
            return Err(refused("the memory of the channel is cut off"));
        }
        let (out, incoming) = ((TO_PARENT, LENT_TO_PARENT), (TO_WORKER, LENT_TO_WORKER));
        Ok((Channel::on(socket, &memory, out, incoming)?, payload.bytes(0, length).to_vec()))
    }

    fn on(
        socket: OwnedFd,
        memory: &Arc<Segment>,
        out: (usize, usize),
        incoming: (usize, usize),
    ) -> io::Result<Channel> {
        sockopt::set_socket_timeout(&socket, sockopt::Timeout::Recv, Some(PATIENCE))?;
        let writer = Writer::new(memory, out.0);
        let reader = Reader::new(memory, incoming.0);
        let bells = [writer.bell(), reader.bell()];
        let out = Out { ring: writer, loans: Loans::new(memory, out.1), sent: HashMap::new() };
        let incoming = In {
            memory: Arc::clone(memory),
            ring: reader,
            loans: incoming.1,
            blocks: HashMap::new(),
            bytes: Vec::new(),
        };
        Ok(Channel {
            socket,
            out: Mutex::new(out),
            incoming: Mutex::new(incoming),
            bells,
            dead: AtomicBool::new(false),
        })
    }

    /// The socket, which hangs up when the other process dies.
    pub fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
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
        fill: impl FnOnce(&mut Parts<'_>) -> Result<(), E>,
    ) -> Result<Result<(), E>, Closed> {
        let mut out = lock(&self.out);
        let mut parts =
            Parts { out: &mut out, socket: &self.socket, table: Vec::new(), inline: Vec::new(), error: None };
        let filled = fill(&mut parts);
        let Parts { table, inline, error, .. } = parts;
        if let (Err(_), _) | (_, Some(_)) = (&filled, &error) {
            table.iter().filter(|part| part.block != 0).for_each(|part| out.loans.cancel(part.loan));
            return match error {
                Some(error) => Err(Closed::Stuck(error)),
                None => Ok(filled),
            };
        }
        header.parts = table.len() as u32;
        let mut head = Vec::with_capacity(size_of::<Header>() + size_of_val(&*table));
        head.extend_from_slice(bytemuck::bytes_of(&header));
        head.extend_from_slice(bytemuck::cast_slice(&table));
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
        if tell {
            out.ring.tell();
        }
        Ok(Ok(()))
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
            if let Some(message) = incoming.take(&self.socket)? {
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

impl In {
    fn take(&mut self, socket: &OwnedFd) -> Result<Option<Message>, Closed> {
        let mut bytes = std::mem::take(&mut self.bytes);
        let read = self.ring.read(&mut bytes);
        let message = match read {
            Ok(true) => self.parse(&bytes, socket).map(Some),
            Ok(false) => Ok(None),
            Err(Nonsense) => Err(Closed::Nonsense),
        };
        self.bytes = bytes;
        message
    }

    fn parse(&mut self, bytes: &[u8], socket: &OwnedFd) -> Result<Message, Closed> {
        let (kind, header, table, inline) = split(bytes).ok_or(Closed::Nonsense)?;
        let mut parts = Vec::with_capacity(table.len());
        for part in &table {
            let buffer = match part.block {
                0 => Buffer::new(inline_part(part, inline).ok_or(Closed::Nonsense)?),
                _ => Buffer::new(Lent(self.shared_part(part, socket)?)),
            };
            parts.push(Piece { buffer, shared: part.shared != 0 });
        }
        Ok(Message { kind, header, parts })
    }

    fn shared_part(&mut self, part: &Part, socket: &OwnedFd) -> Result<Arc<Shared>, Closed> {
        let lease = Lease::new(&self.memory, self.loans, part.loan).ok_or(Closed::Nonsense)?;
        while !self.blocks.contains_key(&part.block) {
            let mut id = 0u64;
            let (size, files) = receive_files(socket, bytemuck::bytes_of_mut(&mut id)).map_err(|_| Closed::Nonsense)?;
            let [file] = <[OwnedFd; 1]>::try_from(files).map_err(|_| Closed::Nonsense)?;
            if size != size_of::<u64>() {
                return Err(Closed::Nonsense);
            }
            let block = Segment::open(file, id).map_err(|_| Closed::Nonsense)?;
            self.blocks.insert(id, Arc::new(block));
        }
        let block = &self.blocks[&part.block];
        let (offset, size) = (usize::try_from(part.offset), usize::try_from(part.size));
        let (Ok(offset), Ok(size)) = (offset, size) else { return Err(Closed::Nonsense) };
        if offset.checked_add(size).is_none_or(|end| end > block.size()) {
            return Err(Closed::Nonsense);
        }
        Ok(Shared::new(Arc::clone(block), offset, size, Some(Box::new(lease))))
    }
}

/// The parts of a message that is being made.
pub struct Parts<'a> {
    out: &'a mut Out,
    socket: &'a OwnedFd,
    table: Vec<Part>,
    inline: Vec<u8>,
    error: Option<String>,
}

impl Parcel for Parts<'_> {
    fn add(&mut self, bytes: &[u8]) {
        if self.error.is_some() {
        } else if self.table.len() == MOST_PARTS {
            self.error = Some(format!("the object has more than {MOST_PARTS} parts"));
        } else if let Err(error) = self.add_part(bytes) {
            self.error = Some(error.to_string());
        }
    }
}

impl Parts<'_> {
    fn add_part(&mut self, bytes: &[u8]) -> io::Result<()> {
        let size = bytes.len() as u64;
        if bytes.len() >= WORTH_LENDING {
            if let Some((shared, offset)) = Shared::find(bytes) {
                let segment = Arc::clone(shared.segment());
                return self.lend(&segment, shared, Part { size, offset: offset as u64, shared: 1, ..Part::default() });
            }
        }
        if bytes.len() <= MOST_INLINE && self.inline.len() + bytes.len() <= MOST_INLINE_IN_ALL {
            let offset = self.inline.len() as u64;
            self.inline.extend_from_slice(bytes);
            self.table.push(Part { size, offset, ..Part::default() });
            return Ok(());
        }
        let block = blocks::take(bytes.len())?;
        block.write(0, bytes);
        self.lend(&block, Arc::clone(&block), Part { size, ..Part::default() })
    }

    fn lend<T: Send + Sync + 'static>(&mut self, segment: &Arc<Segment>, hold: Arc<T>, part: Part) -> io::Result<()> {
        let block = segment.id();
        if !self.out.sent.contains_key(&block) {
            self.forget();
            send_files(self.socket, &block.to_ne_bytes(), &[segment.file()])?;
            self.out.sent.insert(block, Arc::downgrade(segment));
        }
        let loan = self.out.loans.lend(hold).ok_or_else(|| {
            let message = format!("the other process still reads {} payloads; let go of some", loans::MOST);
            io::Error::new(io::ErrorKind::OutOfMemory, message)
        })?;
        self.table.push(Part { block, loan, ..part });
        Ok(())
    }

    /// Has the other side let go of the blocks that are no more.
    fn forget(&mut self) {
        let gone: Vec<u64> =
            self.out.sent.iter().filter(|(_, block)| block.strong_count() == 0).map(|(&id, _)| id).collect();
        for index in gone {
            let header = Header { kind: Kind::Forget as u32, index, ..Header::default() };
            // If there is no room just now, then with the next new block.
            if self.out.ring.write(bytemuck::bytes_of(&header), &[], Some(Instant::now()), || true) {
                self.out.sent.remove(&index);
            }
        }
    }
}

impl fmt::Debug for Parts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Parts({})", self.table.len())
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Channel(dead: {})", self.is_dead())
    }
}

fn send_files(socket: &OwnedFd, bytes: &[u8], files: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(files)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    rustix::net::sendmsg(socket, &[IoSlice::new(bytes)], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

fn receive_files(socket: &OwnedFd, bytes: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC;
    let received = rustix::net::recvmsg(socket, &mut [IoSliceMut::new(bytes)], &mut control, flags)?;
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
