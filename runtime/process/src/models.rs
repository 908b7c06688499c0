//! Models of what two processes share: the ring, the bell, the loans. See `docs/contributing.md`.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use loom::sync::atomic::AtomicBool;
use loom::thread;

use crate::bell::Bell;
use crate::blocks::Hold;
use crate::loans::{Lease, Loans};
use crate::ring::{Reader, SIZE, Writer};
use crate::shm::Segment;
use crate::sync::Ordering;

fn model(most: usize, body: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.max(Some(most));
    builder.check(body);
}

fn segment(size: usize) -> Arc<Segment> {
    Arc::new(Segment::new(size).unwrap())
}

#[test]
fn messages_arrive_whole_and_in_order_where_there_is_little_room() {
    model(2, || {
        let memory = segment(SIZE);
        let (mut writer, mut reader) = (Writer::new(&memory, 0), Reader::new(&memory, 0));
        let sender = thread::spawn(move || {
            for number in 0..3u8 {
                assert!(writer.write(&[number; 3], &[number; 5], None, || false));
                writer.tell();
            }
        });
        let mut bytes = Vec::new();
        for number in 0..3u8 {
            assert!(reader.wait(None, || false));
            assert!(reader.read(&mut bytes).unwrap());
            assert_eq!(bytes, [number; 8]);
        }
        sender.join().unwrap();
    });
}

#[test]
fn whoever_sleeps_at_a_bell_hears_of_news() {
    model(3, || {
        let bell = Bell::new(&segment(8), 0);
        let news = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
        let ringers = [0, 1].map(|at| {
            let (bell, news) = (bell.clone(), Arc::clone(&news));
            thread::spawn(move || {
                news[at].store(true, Ordering::Relaxed);
                bell.ring();
            })
        });
        assert!(bell.wait(None, || news.iter().all(|news| news.load(Ordering::Relaxed))));
        ringers.into_iter().for_each(|ringer| ringer.join().unwrap());
    });
}

#[test]
fn a_process_that_dies_is_noticed_by_whoever_waits_for_it() {
    model(3, || {
        let memory = segment(SIZE);
        let reader = Reader::new(&memory, 0);
        let (bell, dead) = (reader.bell(), Arc::new(AtomicBool::new(false)));
        let dies = Arc::clone(&dead);
        let watch = thread::spawn(move || {
            dies.store(true, Ordering::Relaxed);
            bell.ring_loud();
        });
        assert!(!reader.wait(None, || dead.load(Ordering::Relaxed)));
        watch.join().unwrap();
    });
}

#[test]
fn what_was_lent_is_used_again_only_after_it_was_read() {
    model(3, || {
        let (table, block) = (segment(64), segment(8));
        let mut loans = Loans::new(&table, 0);
        block.write(0, &[1; 8]);
        let loan = loans.lend(Hold::Block(Arc::clone(&block))).unwrap();
        let lease = Lease::new(&table, 0, loan, &Arc::new(AtomicUsize::new(0))).unwrap();
        let lent = Arc::clone(&block);
        let reader = thread::spawn(move || {
            let mut bytes = [0; 8];
            lent.read(0, &mut bytes);
            assert_eq!(bytes, [1; 8]);
            drop(lease);
        });
        while !loans.has_room(crate::loans::MOST) {
            thread::yield_now();
        }
        block.write(0, &[2; 8]);
        reader.join().unwrap();
    });
}
