use std::os::fd::AsFd;

use super::*;
use crate::message::{MOST_PARTS, OWN};
use crate::random::Random;

fn pair() -> (Channel, Channel) {
    let (parent, socket) = Channel::new(b"payload").unwrap();
    let (worker, payload) = Channel::join(socket).unwrap();
    assert_eq!(payload, b"payload");
    (parent, worker)
}

fn header(kind: Kind) -> Header {
    Header { kind: kind as u32, ..Header::default() }
}

fn send(channel: &Channel, parts: &[Vec<u8>]) {
    let texts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    channel.say(header(Kind::Process), &texts).unwrap();
}

fn receive(channel: &Channel) -> Result<Option<Message>, Closed> {
    channel.receive(Some(Instant::now()), || false)
}

/// Writes a message as it stands.
pub fn forge(channel: &Channel, bytes: &[u8]) {
    let mut out = lock(&channel.out);
    out.ring.write(bytes, &[], Some(Instant::now()), || true);
    out.ring.tell();
}

/// Has both rings count wrong.
pub fn spoil(channel: &Channel) {
    let incoming = lock(&channel.incoming);
    for ring in [TO_WORKER, TO_PARENT] {
        // What stands at its beginning: all that the two sides tell each other of their places.
        incoming.memory.write(ring, &[0x55; 8]);
        incoming.memory.write(ring + 64, &[0x55; 8]);
    }
    channel.bells.iter().for_each(Bell::ring_loud);
}

fn forged(header: Header, table: &[Part], inline: &[u8]) -> Vec<u8> {
    [bytemuck::bytes_of(&header), bytemuck::cast_slice(table), inline].concat()
}

#[test]
fn parts_of_any_number_and_size_arrive() {
    let (parent, worker) = pair();
    let mut random = Random(3);
    for round in 0..60 {
        let count = [0, 1, 3, 40, MOST_PARTS][random.below(5)];
        let largest = [10, 2_000, 20_000, 200_000][if count > 40 { random.below(3) } else { random.below(4) }];
        let parts: Vec<Vec<u8>> = (0..count).map(|_| vec![round; random.below(largest)]).collect();
        let (from, to) = if round % 2 == 0 { (&parent, &worker) } else { (&worker, &parent) };
        send(from, &parts);
        let message = receive(to).unwrap().unwrap();
        assert!(message.parts.iter().map(|part| part.buffer.bytes()).eq(parts.iter().map(Vec::as_slice)));
    }
}

#[test]
fn one_part_too_many_is_an_error_and_nothing_is_sent() {
    let (parent, worker) = pair();
    let parts = vec![Vec::new(); MOST_PARTS + 1];
    let texts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    assert!(matches!(parent.say(header(Kind::Process), &texts), Err(Closed::Stuck(_))));
    assert!(receive(&worker).unwrap().is_none());
}

#[test]
fn more_can_be_kept_than_can_be_lent() {
    let (parent, worker) = pair();
    let mut kept = Vec::new();
    for number in 0..3000u32 {
        send(&parent, &[vec![number as u8; 20_000]]);
        kept.push(receive(&worker).unwrap().unwrap());
    }
    for (number, message) in kept.iter().enumerate() {
        assert!(message.parts[0].buffer.bytes().iter().all(|&byte| byte == number as u8));
    }
    // Some more than are held: the tests beside this one take from the same pool.
    assert!(lock(&worker.incoming).blocks.len() <= 4 * MOST_HELD);
}

#[test]
fn what_comes_back_is_where_it_was_and_stays() {
    let (parent, worker) = pair();
    send(&parent, &[vec![7; 100_000]]);
    let there = receive(&worker).unwrap().unwrap();
    worker
        .send::<()>(
            header(Kind::Output),
            true,
            || false,
            |parts| {
                parts.add(&there.parts[0].buffer.bytes()[10..90_000]);
                Ok(())
            },
        )
        .unwrap()
        .unwrap();
    let back = receive(&parent).unwrap().unwrap();
    assert!(back.parts[0].shared);
    // Its file has not come a second time.
    assert!(lock(&parent.incoming).blocks.is_empty());
    drop((there, worker, parent));
    let (parent, worker) = pair();
    for _ in 0..20 {
        send(&parent, &[vec![9; 100_000]]);
        receive(&worker).unwrap().unwrap();
    }
    assert!(back.parts[0].buffer.bytes().iter().all(|&byte| byte == 7));
}

#[test]
fn messages_that_cannot_be_are_refused() {
    let part = Part { size: 8, ..Part::default() };
    let one = |part: Part| forged(Header { parts: 1, ..header(Kind::Process) }, &[part], &[0; 8]);
    let cases = [
        vec![],
        vec![1; 10],
        forged(header(Kind::Process), &[], &[])[..size_of::<Header>() - 1].to_vec(),
        forged(Header { kind: 0, ..Header::default() }, &[], &[]),
        forged(Header { kind: 999, ..Header::default() }, &[], &[]),
        forged(Header { parts: 1, ..header(Kind::Process) }, &[], &[]),
        forged(Header { parts: u32::MAX, ..header(Kind::Process) }, &[], &[]),
        forged(Header { parts: MOST_PARTS as u32 + 1, ..header(Kind::Process) }, &[part; MOST_PARTS + 1], &[]),
        one(Part { size: 9, ..part }),
        one(Part { offset: 1, ..part }),
        one(Part { size: u64::MAX, ..part }),
        one(Part { offset: u64::MAX, ..part }),
        // A loan that there is not, and what this side has never lent.
        one(Part { block: 1, loan: u32::MAX, ..part }),
        one(Part { block: 1, shared: OWN, ..part }),
        one(Part { block: 1, shared: u32::MAX, ..part }),
    ];
    for (number, bytes) in cases.iter().enumerate() {
        let (parent, worker) = pair();
        forge(&worker, bytes);
        assert!(matches!(receive(&parent), Err(Closed::Nonsense)), "case {number}");
    }
}

#[test]
fn a_block_is_not_read_beyond_its_end() {
    let (parent, worker) = pair();
    send(&worker, &[vec![1; 100_000]]);
    let kept = receive(&parent).unwrap().unwrap();
    let block = *lock(&parent.incoming).blocks.keys().next().unwrap();
    let size = lock(&parent.incoming).blocks[&block].size() as u64;
    let bad = [(size, 1), (0, size + 1), (u64::MAX, 1), (1, u64::MAX), (size - 1, 2), (u64::MAX, u64::MAX)];
    for (offset, size) in bad {
        let part = Part { size, offset, block, loan: 5, shared: 0 };
        forge(&worker, &forged(Header { parts: 1, ..header(Kind::Output) }, &[part], &[]));
        assert!(matches!(receive(&parent), Err(Closed::Nonsense)), "{offset} {size}");
    }
    assert!(kept.parts[0].buffer.bytes().iter().all(|&byte| byte == 1));
}

#[test]
fn a_returned_part_is_not_read_beyond_its_block() {
    let (parent, worker) = pair();
    send(&parent, &[vec![1; 100_000]]);
    let there = receive(&worker).unwrap().unwrap();
    for (offset, size) in [(0, 1 << 20), (u64::MAX, 2), (1 << 20, 1)] {
        let part = Part { size, offset, block: 1, loan: 0, shared: OWN };
        forge(&worker, &forged(Header { parts: 1, ..header(Kind::Output) }, &[part], &[]));
        assert!(matches!(receive(&parent), Err(Closed::Nonsense)));
    }
    drop(there);
}

#[test]
fn whoever_numbers_its_blocks_like_others_is_not_taken_for_them() {
    let (parent, worker) = pair();
    let (to_other, other) = pair();
    send(&to_other, &[vec![1; 100_000]]);
    let there = receive(&other).unwrap().unwrap();
    let number = *lock(&other.incoming).blocks.keys().next().unwrap();
    let block = Segment::new(100_000).unwrap();
    block.write(0, &[2; 100_000]);
    send_files(&worker.socket, &number.to_ne_bytes(), &[block.file()]).unwrap();
    let part = Part { size: 100_000, block: number, ..Part::default() };
    forge(&worker, &forged(Header { parts: 1, ..header(Kind::Output) }, &[part], &[]));
    let received = receive(&parent).unwrap().unwrap();
    to_other.say(header(Kind::Process), &[received.parts[0].buffer.bytes()]).unwrap();
    let passed_on = receive(&other).unwrap().unwrap();
    assert!(passed_on.parts[0].buffer.bytes().iter().all(|&byte| byte == 2));
    assert!(there.parts[0].buffer.bytes().iter().all(|&byte| byte == 1));
}

#[test]
fn files_without_an_end_are_refused() {
    let (parent, worker) = pair();
    let part = Part { size: 8, block: 7, ..Part::default() };
    forge(&worker, &forged(Header { parts: 1, ..header(Kind::Output) }, &[part], &[]));
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let block = Segment::new(8).unwrap();
            while !over.load(Ordering::SeqCst) {
                let _ = send_files(&worker.socket, &8u64.to_ne_bytes(), &[block.file()]);
            }
        });
        let received = receive(&parent);
        over.store(true, Ordering::SeqCst);
        assert!(matches!(received, Err(Closed::Nonsense)));
    });
}

#[test]
fn files_whose_size_can_change_are_refused() {
    use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
    for seals in [SealFlags::empty(), SealFlags::GROW, SealFlags::SHRINK] {
        let (parent, worker) = pair();
        let file = memfd_create("forged", MemfdFlags::ALLOW_SEALING).unwrap();
        ftruncate(&file, 4096).unwrap();
        fcntl_add_seals(&file, seals).unwrap();
        send_files(&worker.socket, &7u64.to_ne_bytes(), &[file.as_fd()]).unwrap();
        let part = Part { size: 8, block: 7, ..Part::default() };
        forge(&worker, &forged(Header { parts: 1, ..header(Kind::Output) }, &[part], &[]));
        assert!(matches!(receive(&parent), Err(Closed::Nonsense)));
    }
}

#[test]
fn a_part_that_there_is_no_memory_for_is_no_crash() {
    let (parent, worker) = pair();
    let huge = Segment::new(1 << 45).unwrap();
    send_files(&worker.socket, &7u64.to_ne_bytes(), &[huge.file()]).unwrap();
    let mut kept = Vec::new();
    let refused = (0..MOST_HELD + 2).find_map(|_| {
        // Those before are read where they are.
        let part = Part { size: 1 << 45, block: 7, ..Part::default() };
        forge(&worker, &forged(Header { parts: 1, ..header(Kind::Output) }, &[part], &[]));
        receive(&parent).map(|message| kept.push(message)).err()
    });
    assert!(matches!(refused, Some(Closed::Stuck(message)) if message.contains("no memory for")));
}

#[test]
fn whoever_does_not_take_its_files_is_given_up() {
    let (parent, _worker) = pair();
    let buffers: Vec<Buffer> = (0..500).map(|_| crate::new_buffer(5_000).unwrap()).collect();
    let until = Instant::now() + Duration::from_millis(100);
    let sent = parent.send::<()>(
        header(Kind::Process),
        true,
        || until <= Instant::now(),
        |parts| {
            buffers.iter().for_each(|buffer| parts.add(buffer.bytes()));
            Ok(())
        },
    );
    assert!(matches!(sent, Err(Closed::Gone)));
}

#[test]
fn random_messages_do_no_harm() {
    let mut random = Random(5);
    let mut refused = 0;
    for _ in 0..300 {
        let (parent, worker) = pair();
        for _ in 0..random.below(8) {
            let count = random.below(4) as u32;
            let kind = Header { kind: 1 + random.below(13) as u32, parts: count, ..Header::default() };
            let table: Vec<Part> = (0..count)
                .map(|_| Part {
                    size: random.odd(),
                    offset: random.odd(),
                    block: 0,
                    loan: random.odd() as u32,
                    shared: random.below(2) as u32,
                })
                .collect();
            let size = random.below(300);
            let mut bytes = forged(kind, &table, &random.bytes(size));
            if random.below(3) == 0 {
                bytes.truncate(random.below(bytes.len()));
            }
            forge(&worker, &bytes);
            refused += u32::from(matches!(receive(&parent), Err(Closed::Nonsense)));
        }
    }
    assert!(refused > 100, "only {refused}");
}

#[test]
fn another_version_is_refused() {
    let (socket, other) =
        rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
    let memory = Segment::new(SIZE).unwrap();
    for (numbers, expected) in [
        ([HELLO[0], HELLO[1] + 1, 1, 0], "speaks version"),
        ([1, HELLO[1], 1, 0], "no channel"),
        ([HELLO[0], HELLO[1], 1, 1 << 40], "cut off"),
    ] {
        send_files(&socket, bytemuck::cast_slice(&numbers), &[memory.file(), memory.file()]).unwrap();
        let error = Channel::join(other.try_clone().unwrap()).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    let small = Segment::new(100).unwrap();
    send_files(&socket, bytemuck::cast_slice(&[HELLO[0], HELLO[1], 1, 0]), &[small.file(), small.file()]).unwrap();
    assert!(Channel::join(other.try_clone().unwrap()).unwrap_err().to_string().contains("cut off"));
    send_files(&socket, b"short", &[small.file()]).unwrap();
    assert!(Channel::join(other.try_clone().unwrap()).is_err());
    drop(socket);
    assert!(Channel::join(other).is_err());
}
