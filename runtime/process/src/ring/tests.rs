use super::*;
use crate::random::Random;

fn ring() -> (Arc<Segment>, Writer, Reader) {
    let memory = Arc::new(Segment::new(2 * SIZE).unwrap());
    let (writer, reader) = (Writer::new(&memory, SIZE), Reader::new(&memory, SIZE));
    (memory, writer, reader)
}

#[test]
fn messages_of_any_length_arrive_in_order() {
    let (_, mut writer, mut reader) = ring();
    let mut random = Random(7);
    let (mut sent, mut bytes) = (std::collections::VecDeque::new(), Vec::new());
    for _ in 0..20_000 {
        let size = if random.below(10) == 0 { random.below(LONGEST + 1) } else { random.below(200) };
        let (head, body) = (random.bytes(size / 3), random.bytes(size - size / 3));
        while !writer.write(&head, &body, Some(Instant::now()), || false) {
            assert!(reader.read(&mut bytes).unwrap());
            assert_eq!(Some(&bytes), sent.pop_front().as_ref());
        }
        sent.push_back([head, body].concat());
    }
    while reader.read(&mut bytes).unwrap() {
        assert_eq!(Some(&bytes), sent.pop_front().as_ref());
    }
    assert!(sent.is_empty());
}

#[test]
fn the_counters_may_run_over() {
    let (memory, mut writer, mut reader) = ring();
    let start = 0u32.wrapping_sub(ROOM as u32 / 2);
    for counter in [WRITTEN, READ] {
        memory.atomic(SIZE + counter).store(start, Ordering::SeqCst);
    }
    (writer.written, reader.read) = (start, start);
    let mut bytes = Vec::new();
    for number in 0..1000u32 {
        assert!(writer.write(&number.to_ne_bytes(), &[1; 1000], None, || false));
        assert!(reader.read(&mut bytes).unwrap());
        assert_eq!(bytes[..4], number.to_ne_bytes());
    }
}

#[test]
fn a_forged_ring_is_refused_or_read_within_its_bounds() {
    let mut random = Random(11);
    let (mut refused, mut bytes) = (0, Vec::new());
    for _ in 0..3000 {
        let (memory, mut writer, mut reader) = ring();
        for _ in 0..random.below(4) {
            let size = random.below(1000);
            writer.write(&[3; 8], &vec![5; size], None, || false);
            if random.below(2) == 0 {
                reader.read(&mut bytes).unwrap();
            }
        }
        // What is outside would be seen in what is read.
        memory.write(0, &[0xee; SIZE]);
        memory.write(SIZE + WRITTEN, &(random.odd() as u32).to_ne_bytes());
        memory.write(SIZE + READ, &(random.odd() as u32).to_ne_bytes());
        let at = SIZE + BYTES + 8 * random.below(300);
        memory.write(at, &(random.odd() as u32).to_ne_bytes());
        for _ in 0..50 {
            match reader.read(&mut bytes) {
                Ok(false) => break,
                Ok(true) => assert!(bytes.len() <= LONGEST && !bytes.contains(&0xee)),
                Err(Nonsense) => {
                    refused += 1;
                    break;
                }
            }
        }
        // Nor does a writer whose reader counts wrong go beyond its own bounds, or wait for ever.
        writer.write(&[9; 100], &[9; 100], Some(Instant::now()), || true);
        let mut before = vec![0; SIZE];
        memory.read(0, &mut before);
        assert!(before.iter().all(|&byte| byte == 0xee));
    }
    assert!(refused > 300, "only {refused}");
}
