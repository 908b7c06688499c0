//! Blocks: pieces of shared memory for payloads that are too large to be copied twice, used again and again.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use remotemedia_core::{Buffer, Memory};

use crate::shm::Segment;

/// The smallest block.
const SMALLEST: usize = 64 * 1024;
/// How many bytes of blocks that nobody uses are kept for the next payloads.
const KEPT: usize = 256 * 1024 * 1024;

/// Payload memory that other processes can be handed: a whole block, or a part of one that another process has lent.
pub struct Shared {
    segment: Arc<Segment>,
    offset: usize,
    size: usize,
    /// The channel that it came by, and the other side's number of the loan.
    lender: Option<(u64, u32)>,
    /// What is to end when nobody reads the memory any more.
    lease: Option<Box<dyn Send + Sync>>,
}

impl Shared {
    /// A part of a block, which is not used for anything else as long as this lives; `lease` ends with it.
    pub fn new(
        segment: Arc<Segment>,
        offset: usize,
        size: usize,
        lender: Option<(u64, u32)>,
        lease: Option<Box<dyn Send + Sync>>,
    ) -> Arc<Shared> {
        let shared = Arc::new(Shared { segment, offset, size, lender, lease });
        let address = shared.bytes().as_ptr() as usize;
        places().entry(address).or_default().push((Arc::downgrade(&shared), size));
        shared
    }

    /// The block that it is a part of.
    pub fn segment(&self) -> &Arc<Segment> {
        &self.segment
    }

    /// The shared memory that some bytes lie in, and where in its block they begin, if they do.
    pub fn find(bytes: &[u8]) -> Option<(Arc<Shared>, usize)> {
        let address = bytes.as_ptr() as usize;
        let (offset, found) = places().range(..=address).next_back().and_then(|(start, here)| {
            let offset = address - start;
            let mut large = here.iter().filter(|place| offset + bytes.len() <= place.1);
            // The first that is still there: what was lent is there for longer than what has come back to its place.
            Some((offset, large.find_map(|place| place.0.upgrade())?))
        })?;
        let offset = found.offset + offset;
        Some((found, offset))
    }

    fn bytes(&self) -> &[u8] {
        self.segment.bytes(self.offset, self.size)
    }
}

/// Shared memory as payload.
pub struct Lent(pub Arc<Shared>);

impl Memory for Lent {
    fn bytes(&self) -> &[u8] {
        self.0.bytes()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let address = self.segment.address() + self.offset;
        let mut places = places();
        if let Some(here) = places.get_mut(&address) {
            here.retain(|place| place.0.strong_count() > 0);
            if here.is_empty() {
                places.remove(&address);
            }
        }
        drop(places);
        drop(self.lease.take());
        if CHANNELS.load(Ordering::SeqCst) == 0 {
            // Beside the pool nobody has it but this.
            pool().retain(|block| !Arc::ptr_eq(block, &self.segment) || Arc::strong_count(block) > 2);
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shared({} bytes of {:?})", self.size, self.segment)
    }
}

/// What keeps payload memory as it is.
#[derive(Clone, Debug)]
pub enum Hold {
    /// The whole block: nobody takes it from the pool meanwhile.
    Block(Arc<Segment>),
    /// The part of a block that another process has lent.
    Part(Arc<Shared>),
}

impl Hold {
    /// The block.
    pub fn segment(&self) -> &Arc<Segment> {
        match self {
            Hold::Block(segment) => segment,
            Hold::Part(shared) => &shared.segment,
        }
    }

    /// The channel by which it was lent to this process, and the number of the loan there.
    pub fn lender(&self) -> Option<(u64, u32)> {
        match self {
            Hold::Block(_) => None,
            Hold::Part(shared) => shared.lender,
        }
    }
}

/// By address, with their sizes. Several may be in one place: what was lent, and what has come back.
type Places = BTreeMap<usize, Vec<(Weak<Shared>, usize)>>;

fn places() -> MutexGuard<'static, Places> {
    static PLACES: Mutex<Places> = Mutex::new(BTreeMap::new());
    PLACES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// New payload memory of `size` bytes, all of which other processes can be handed without a copy.
pub fn new_buffer(size: usize) -> io::Result<Buffer> {
    Ok(Buffer::new(Lent(Shared::new(take(size)?, 0, size, None, None))))
}

/// A block for `size` bytes that nobody else uses.
pub fn take(size: usize) -> io::Result<Arc<Segment>> {
    let wanted = size.max(SMALLEST).checked_next_power_of_two().ok_or(io::ErrorKind::OutOfMemory)?;
    let mut pool = pool();
    if let Some(block) = pool.iter().find(|block| block.size() == wanted && is_free(block)) {
        // What others did with it is over before they let go.
        fence(Ordering::Acquire);
        return Ok(Arc::clone(block));
    }
    let mut kept = 0;
    pool.retain(|block| {
        kept += block.size();
        kept <= KEPT || !is_free(block)
    });
    let block = Arc::new(Segment::new(wanted)?);
    pool.push(Arc::clone(&block));
    Ok(block)
}

/// The channels that payloads may go into.
static CHANNELS: AtomicUsize = AtomicUsize::new(0);

/// A channel, for which blocks are kept. With the last of them those go that nobody uses.
#[derive(Debug)]
pub struct Keeper(());

impl Keeper {
    /// One more channel.
    pub fn new() -> Keeper {
        CHANNELS.fetch_add(1, Ordering::SeqCst);
        Keeper(())
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if CHANNELS.fetch_sub(1, Ordering::SeqCst) == 1 {
            pool().retain(|block| !is_free(block));
        }
    }
}

fn pool() -> MutexGuard<'static, Vec<Arc<Segment>>> {
    static POOL: Mutex<Vec<Arc<Segment>>> = Mutex::new(Vec::new());
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The pool alone has those that are free.
fn is_free(block: &Arc<Segment>) -> bool {
    Arc::strong_count(block) == 1
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;

    /// Where memory is given back by one that another has meanwhile.
    #[test]
    fn memory_is_found_for_as_long_as_anybody_has_it() {
        let segment = Arc::new(Segment::new(4096).expect("memory"));
        let shared = |size, lender| Shared::new(Arc::clone(&segment), 1024, size, lender, None);
        let [first, second, part] = [shared(512, Some((1, 1))), shared(512, Some((1, 2))), shared(256, None)];
        let found = |offset, size| Shared::find(segment.bytes(offset, size)).map(|(shared, at)| (shared.lender, at));
        assert_eq!(found(1024, 512), Some((Some((1, 1)), 1024)));
        drop(first);
        assert_eq!(found(1024, 512), Some((Some((1, 2)), 1024)));
        assert_eq!(found(1100, 100), Some((Some((1, 2)), 1100)));
        drop(second);
        assert_eq!(found(1100, 100), Some((None, 1100)));
        assert_eq!(found(1024, 512), None, "more than what is left");
        drop(part);
        assert_eq!(found(1100, 100), None);
        assert!(!places().contains_key(&(segment.address() + 1024)));
    }
}
