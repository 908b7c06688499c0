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

/// A host whose objects are of two parts, the first of which is given last.
struct Parting;

impl Host for Parting {
    fn id(&self) -> u64 {
        1
    }

    fn retain(&self, _object: usize) {}

    fn release(&self, _object: usize) {}

    fn pack(&self, _object: HostObject, parcel: &mut dyn Parcel) -> Result<(), Fault> {
        parcel.add(b"second");
        parcel.add_first(b"first");
        Ok(())
    }

    fn unpack(&self, parts: &[Piece]) -> Result<HostObject, Fault> {
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.buffer.bytes()).collect();
        assert_eq!(parts, [&b"first"[..], b"second"]);
        Ok(HostObject::new(2, Arc::new(Parting)))
    }

    fn export(&self, _object: usize, _accepted: Kinds) -> Result<Packet, String> {
        Err("no data".into())
    }
}

#[test]
fn an_object_and_its_metadata_are_not_taken_for_each_other() {
    let host: Arc<dyn Host> = Arc::new(Parting);
    let metadata: Arc<serde_json::Map<String, Value>> = Arc::new([("a".into(), 1.into())].into_iter().collect());
    let object = Data::Object(HostObject::new(1, Arc::clone(&host)));
    let mut packet = Packet { metadata: Some(Arc::clone(&metadata)), ..Packet::new(object) };
    let header = packet_header(Kind::Process, &packet);
    let mut parts = Collected::default();
    add_packet(&mut packet, &mut parts).unwrap();
    let parts = parts.0.into_iter().map(|part| Piece { buffer: Buffer::new(part), shared: false }).collect();
    let read = read_packet(Message { kind: Kind::Process, header, parts }, Some(&host)).unwrap();
    assert_eq!(read.metadata, Some(metadata));
    assert!(matches!(&read.data, Data::Object(object) if object.object() == 2));
}
