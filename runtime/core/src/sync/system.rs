//! Locks, atomics, threads and time as the operating system has them.

pub use rtrb::{Consumer, Producer, RingBuffer};
pub use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, atomic};
pub use std::thread;
pub use std::thread_local;
pub use std::time::Instant;
