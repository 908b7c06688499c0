use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use remotemedia_core::{Buffer, Piece};

use super::*;
use crate::blocks::{Lent, Shared};
use crate::random::Random;
use crate::shm::Segment;

#[test]
fn packets_that_cannot_be_are_errors() {
    let mut random = Random(13);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..20_000 {
        let data = if random.below(2) == 0 { 1 << random.below(10) } else { random.odd() as u32 };
        let metadata = if random.below(4) == 0 { METADATA } else { 0 };
        let header = Header {
            data: data | metadata,
            first: random.odd() as u32,
            second: random.odd() as u32,
            pts: random.odd() as i64,
            duration: random.odd() as i64,
            index: random.odd(),
            ..Header::default()
        };
        let parts = (0..random.below(4))
            .map(|_| {
                let size = random.below(40);
                let bytes = if random.below(3) == 0 { b"{\"a\": 1}".to_vec() } else { random.bytes(size) };
                Piece { buffer: Buffer::new(bytes), shared: false }
            })
            .collect();
        match read_packet(Message { kind: Kind::Process, header, parts }, None) {
            Ok(_) => read += 1,
            Err(_) => refused += 1,
        }
    }
    assert!(read > 100 && refused > 1000, "{read} {refused}");
}

#[test]
fn errors_that_cannot_be_are_errors_all_the_same() {
    let mut random = Random(17);
    for _ in 0..1000 {
        let header = Header { first: random.odd() as u32, ..Header::default() };
        let size = random.below(30);
        let parts = (0..random.below(3)).map(|_| Piece { buffer: Buffer::new(random.bytes(size)), shared: false });
        let message = Message { kind: Kind::Failed, header, parts: parts.collect() };
        let fault = read_error(&message, None);
        assert!(fault.object.is_none());
    }
}

/// What is checked is what is used, though whoever has sent it writes to it all the while.
#[test]
fn text_that_changes_under_way_is_refused_or_whole() {
    const SIZE: usize = 4096;
    let memory = Arc::new(Segment::new(SIZE).unwrap());
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                memory.write(SIZE / 2, b"\xff");
                memory.write(SIZE / 2, b"x");
            }
        });
        memory.write(0, &[b'x'; SIZE / 2]);
        memory.write(SIZE / 2, &[b'x'; SIZE / 2]);
        let (mut read, mut refused, mut broken) = (0, 0, 0);
        for _ in 0..20_000 {
            let lent = Lent(Shared::new(Arc::clone(&memory), 0, SIZE, None, None));
            let parts = vec![Piece { buffer: Buffer::new(lent), shared: true }];
            let header = Header { data: Kinds::TEXT.bits(), ..Header::default() };
            let message = Message { kind: Kind::Output, header, parts };
            let is_text = |text: &str| std::str::from_utf8(text.as_bytes()).is_ok();
            broken += i32::from(!is_text(&message.text(0)));
            match read_packet(message, None) {
                Ok(Packet { data: Data::Text(text), .. }) if is_text(&text) => read += 1,
                Ok(_) => broken += 1,
                Err(_) => refused += 1,
            }
        }
        over.store(true, Ordering::Relaxed);
        assert!(read > 0 && refused > 0 && broken == 0, "{read} {refused} {broken}");
    });
}
