//! Rings: packets to and from threads that must never wait.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use remotemedia_core::{Ring, RingConfig, RingEnd};

use crate::error::{Failure, Outcome};
use crate::guard::{guard, guard_on};
use crate::handle;
use crate::seat::Seat;
use crate::session::Session;
use crate::status::*;
use crate::text::{check_out, write_out};
use crate::versioned::{Versioned, check_zero, read_struct, write_struct};

/// Packets on their way between a session and a thread that must never wait. 0 is never valid.
pub type rm_ring = u64;

/// From the real-time thread into the session.
pub const RM_RING_INPUT: u32 = 1;
/// Out of the session to the real-time thread.
pub const RM_RING_OUTPUT: u32 = 2;

/// How a ring is to be.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct rm_ring_config {
    /// `sizeof(rm_ring_config)`.
    pub struct_size: u32,
    /// RM_RING_INPUT or RM_RING_OUTPUT.
    pub direction: u32,
    /// How many packets it holds; 0 stands for 16. At most 65536.
    pub capacity: u32,
    /// 0.
    pub reserved: u32,
    /// How many bytes the largest packet has. So much is allocated for each, at once.
    pub size: usize,
    /// How often, in nanoseconds, the library looks for what the real-time thread has done, since that cannot wake it; 0
    /// stands for a millisecond. At most a second.
    pub period: i64,
}

// SAFETY: integers may all be zero; `struct_size` is first.
unsafe impl Versioned for rm_ring_config {
    const NAME: &'static str = "rm_ring_config";
    const FIRST_SIZE: usize = size_of::<rm_ring_config>();
}

/// What has become of the packets of a ring.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct rm_ring_stats {
    /// `sizeof(rm_ring_stats)`.
    pub struct_size: u32,
    /// How many packets lie in it.
    pub queued: u32,
    /// How many packets were pushed, or pulled.
    pub packets: u64,
    /// How often a push found it full.
    pub overruns: u64,
    /// How often a pull found it empty, before the end.
    pub underruns: u64,
    /// How many packets were left out: larger than `size`, without data, not what they said, or of no use to a session that
    /// takes no more.
    pub dropped: u64,
}

// SAFETY: integers may all be zero; `struct_size` is first.
unsafe impl Versioned for rm_ring_stats {
    const NAME: &'static str = "rm_ring_stats";
    const FIRST_SIZE: usize = size_of::<rm_ring_stats>();
}

pub(crate) const KIND: u8 = 9;

/// How many rings there may be at once.
const MOST: usize = 1024;
const GENERATIONS: u32 = 1 << 24;

/// The ends that real-time threads have; made with the first ring.
static SEATS: OnceLock<Box<[Seat<RingEnd>]>> = OnceLock::new();

/// The rings of everybody else.
static RINGS: Mutex<Rings> = Mutex::new(Rings { live: BTreeMap::new(), free: Vec::new(), generations: Vec::new() });

struct Rings {
    live: BTreeMap<u64, Arc<Ring>>,
    free: Vec<u32>,
    /// How often each seat has been given away so far.
    generations: Vec<u32>,
}

fn rings() -> MutexGuard<'static, Rings> {
    RINGS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Rings {
    fn insert(&mut self, ring: Ring, end: RingEnd) -> Outcome<u64> {
        let index = match self.free.pop() {
            Some(index) => index,
            None if self.generations.len() == MOST => {
                return Err(Failure::new(RM_ERR_MEMORY, format!("all of {MOST} rings are in use; free some")));
            }
            None => {
                self.generations.push(0);
                self.generations.len() as u32 - 1
            }
        };
        let generation = self.generations[index as usize];
        let handle = u64::from(KIND) << 56 | u64::from(generation) << 32 | u64::from(index);
        let seats = SEATS.get_or_init(|| (0..MOST).map(|_| Seat::new()).collect());
        seats[index as usize].seat(handle, end);
        self.live.insert(handle, Arc::new(ring));
        Ok(handle)
    }

    /// A seat is free again, unless its generations are used up.
    fn retire(&mut self, handle: u64) {
        let index = handle as u32;
        let generation = &mut self.generations[index as usize];
        *generation += 1;
        if *generation < GENERATIONS {
            self.free.push(index);
        }
    }

    fn get(&self, handle: u64) -> Outcome<Arc<Ring>> {
        self.live.get(&handle).cloned().ok_or_else(|| bad(handle))
    }
}

/// How many rings there are.
pub(crate) fn count() -> usize {
    rings().live.len()
}

fn bad(handle: u64) -> Failure {
    Failure::new(RM_ERR_BAD_HANDLE, format!("{handle:#x} is not a live ring handle"))
}

/// Makes a ring between a session and a thread that must never wait, such as the callback of a sound card. All memory is
/// allocated here. A thread of the library moves packets between the ring and the session, and waits in the other's stead.
///
/// Ownership: `*ring` receives a handle that `rm_ring_free` ends. The ring keeps the session's memory alive, but
/// `rm_session_free` cancels it all the same.
/// Threads: any.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_NULL, RM_ERR_ARGUMENT, RM_ERR_UNSUPPORTED, RM_ERR_STATE (an input ring for a pipeline that
/// takes no input), RM_ERR_MEMORY.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_ring_new(session: u64, config: *const rm_ring_config, ring: *mut rm_ring) -> rm_status {
    guard_on(session, || {
        check_out(ring, "ring")?;
        // SAFETY: the caller vouches for `config`.
        let config = read_config(unsafe { read_struct(config) }?)?;
        let session = handle::get::<Session>(session)?;
        let (made, end) = Ring::new(session.core(), config)?;
        let handle = rings().insert(made, end)?;
        // SAFETY: the caller vouches for `ring`.
        unsafe { write_out(ring, handle, "ring") }?;
        Ok(RM_OK)
    })
}

fn read_config(raw: rm_ring_config) -> Outcome<RingConfig> {
    check_zero(raw.reserved, "reserved")?;
    let wrong = |message: String| Err(Failure::new(RM_ERR_ARGUMENT, message));
    let input = match raw.direction {
        RM_RING_INPUT => true,
        RM_RING_OUTPUT => false,
        other => return wrong(format!("direction is {other}; use RM_RING_INPUT or RM_RING_OUTPUT")),
    };
    let period = match raw.period {
        0 => 1_000_000,
        period @ 1..=1_000_000_000 => period as u64,
        other => return wrong(format!("period is {other}; use nanoseconds, a second at most")),
    };
    if raw.size == 0 {
        return wrong("size is 0; it is the number of bytes of the largest packet".into());
    }
    let capacity = if raw.capacity == 0 { 16 } else { raw.capacity as usize };
    Ok(RingConfig { input, capacity, size: raw.size, period: Duration::from_nanos(period) })
}

/// Says that no more packets will be pushed into an input ring: after those that are in it the session's input ends, as by
/// `rm_session_end`.
///
/// Ownership: none.
/// Threads: any that may wait a little.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_STATE (an output ring).
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn rm_ring_end(ring: rm_ring) -> rm_status {
    guard(|| {
        let ring = rings().get(ring)?;
        Ok(ring.end()?)
    })
}

/// Says what has become of the packets of a ring. `stats->struct_size` is the caller's to set.
///
/// Ownership: the caller's struct.
/// Threads: any that may wait a little.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_NULL, RM_ERR_ARGUMENT (`struct_size`).
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_ring_get_stats(ring: rm_ring, stats: *mut rm_ring_stats) -> rm_status {
    guard(|| {
        let ring = rings().get(ring)?;
        let (now, input) = (ring.stats(), ring.is_input());
        let value = rm_ring_stats {
            struct_size: size_of::<rm_ring_stats>() as u32,
            queued: now.queued as u32,
            packets: now.packets,
            overruns: if input { now.misses } else { 0 },
            underruns: if input { 0 } else { now.misses },
            dropped: now.dropped,
        };
        // SAFETY: the caller vouches for `stats`.
        unsafe { write_struct(stats, value) }
    })
}

/// Lets a ring go, with the packets in it. Waits for a call of it that is going on, and until nothing more is taken out of the
/// session for it: some milliseconds.
///
/// Ownership: the handle is dead afterwards. The session goes on.
/// Threads: any that may wait a little.
/// Errors: RM_ERR_BAD_HANDLE. 0 does nothing.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn rm_ring_free(ring: rm_ring) -> rm_status {
    guard(|| {
        if ring == 0 {
            return Ok(());
        }
        let end = seat(ring).ok().and_then(|seat| seat.clear(ring)).ok_or_else(|| bad(ring))?;
        let mut rings = rings();
        let freed = rings.live.remove(&ring);
        rings.retire(ring);
        drop(rings);
        drop((end, freed));
        Ok(())
    })
}

/// Where the end of a ring is found, if the ring is there.
pub(crate) fn seat(ring: rm_ring) -> Result<&'static Seat<RingEnd>, rm_status> {
    SEATS.get().and_then(|seats| seats.get(ring as u32 as usize)).ok_or(RM_ERR_BAD_HANDLE)
}
