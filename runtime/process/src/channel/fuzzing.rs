//! What a hostile peer may do to a channel, as a script of bytes: for programs that look for those that do harm.

use std::time::Instant;

use super::{Channel, Closed, SIZE, lock, send_files};
use crate::codec::{read_error, read_packet};
use crate::message::{Header, Kind};
use crate::ring::LONGEST;
use crate::shm::Segment;

/// How many messages are taken: more than a script of some kilobytes can hold, so that a ring that gives some for ever is seen.
const MOST: usize = 100_000;

/// How many payloads are lent to the peer: whatever their size, the ring has room for them.
const MOST_LENT: u32 = 8;

/// Has a peer do what `script` says, and takes whatever comes of it.
///
/// Each step is a byte for what is done, and what that needs: a message as it stands, the file of a block, bytes anywhere in the
/// memory that both sides have, or a payload that the other side lends to the peer first.
///
/// # Panics
/// If the receiver has a defect.
pub fn receive(script: &[u8]) {
    let (victim, socket) = Channel::new(b"payload").expect("memory for a channel");
    let (peer, _) = Channel::join(socket).expect("the other end of the channel");
    let mut script = Script(script);
    // Into a ring without room, or a broken one, nothing is sent: that would wait.
    let mut room = MOST_LENT;
    while let Some(step) = script.byte() {
        match step % 4 {
            0 => forge(&peer, &mut script),
            1 => lend(&peer, &mut script),
            2 => {
                room = 0;
                poke(&peer, &mut script);
            }
            _ if room == 0 => {}
            _ => {
                room -= 1;
                be_lent(&victim, &mut script);
            }
        }
    }
    // What is waited for from now on does not come.
    let _ = rustix::net::shutdown(&peer.socket, rustix::net::Shutdown::Both);
    take_all(&victim);
}

fn take_all(victim: &Channel) {
    for _ in 0..MOST {
        match victim.receive(Some(Instant::now()), || false) {
            Ok(Some(message)) => {
                let fault = read_error(&message, None);
                let bytes = message.parts.iter().flat_map(|part| part.buffer.bytes()).map(|&byte| u64::from(byte));
                std::hint::black_box((fault, bytes.sum::<u64>()));
                std::hint::black_box(read_packet(message, None).is_ok());
            }
            Ok(None) | Err(Closed::Nonsense | Closed::Gone | Closed::Stuck(_)) => return,
        }
    }
    panic!("a ring of some kilobytes had more than {MOST} messages");
}

/// A message that is as it should be, or not.
fn forge(peer: &Channel, script: &mut Script<'_>) {
    let size = usize::from(script.number());
    lock(&peer.out).ring.write(script.bytes(size.min(LONGEST)), &[], Some(Instant::now()), || true);
}

/// The file of a block by a number of the peer's choice, with as many zeros as it likes.
fn lend(peer: &Channel, script: &mut Script<'_>) {
    let (id, size) = (u64::from(script.number()), usize::from(script.number()));
    if let Ok(segment) = Segment::new(size.max(1)) {
        let _ = send_files(&peer.socket, &id.to_ne_bytes(), &[segment.file()]);
    }
}

/// Bytes where they do not belong: counters, lengths, marks of loans.
fn poke(peer: &Channel, script: &mut Script<'_>) {
    let memory = lock(&peer.incoming).memory.clone();
    let (page, offset, size) = (script.number(), script.number(), usize::from(script.byte().unwrap_or(0)));
    let bytes = script.bytes(size);
    let start = (usize::from(page) << 12 | usize::from(offset)) % SIZE;
    memory.write(start, &bytes[..bytes.len().min(SIZE - start)]);
}

/// A payload for the peer, which it may pretend to give back.
fn be_lent(victim: &Channel, script: &mut Script<'_>) {
    let payload = vec![7; usize::from(script.number())];
    let header = Header { kind: Kind::Process as u32, ..Header::default() };
    let sent = victim.send::<()>(
        header,
        true,
        || true,
        |parts| {
            remotemedia_core::Parcel::add(parts, &payload);
            Ok(())
        },
    );
    std::hint::black_box(sent.is_ok());
}

/// The rest of a script.
struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    fn number(&mut self) -> u16 {
        u16::from_le_bytes([self.byte().unwrap_or(0), self.byte().unwrap_or(0)])
    }

    fn bytes(&mut self, size: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(size.min(self.0.len()));
        self.0 = rest;
        bytes
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    /// What was found once, and what led there.
    #[test]
    fn the_corpus_does_no_harm() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus/channel");
        let files: Vec<_> = fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(!files.is_empty());
        files.iter().for_each(|file| super::receive(&fs::read(file).unwrap()));
    }
}
