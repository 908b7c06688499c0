//! Handles: 64-bit names of objects, which can be wrong without being dangerous.
//!
//! `kind:8 | generation:24 | index:32`. A slot that is freed gets a new generation, so an old handle to it names
//! nothing; a slot whose generations are used up is never used again.

use std::any::Any;
use std::sync::{Arc, PoisonError};

use crate::error::{Failure, Outcome};
use crate::status::*;
use crate::sync::{Global, RwLock};

/// A type of object that has handles.
pub(crate) trait Handled: Any + Send + Sync {
    /// The number of the kind, from 1.
    const KIND: u8;
    /// What the kind is called in messages.
    const NAME: &'static str;
}

const GENERATIONS: u32 = 1 << 24;

struct Slot {
    generation: u32,
    kind: u8,
    poisoned: bool,
    object: Option<Arc<dyn Any + Send + Sync>>,
}

struct Table {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

static TABLE: Global<RwLock<Table>> = Global::new(|| RwLock::new(Table { slots: Vec::new(), free: Vec::new() }));

/// Names an object.
pub(crate) fn insert<T: Handled>(object: Arc<T>) -> Outcome<u64> {
    let mut table = TABLE.get().write().unwrap_or_else(PoisonError::into_inner);
    let index = match table.free.pop() {
        Some(index) => index,
        None => {
            let index = u32::try_from(table.slots.len())
                .map_err(|_| Failure::new(RM_ERR_MEMORY, "every handle is in use; free some"))?;
            table.slots.push(Slot { generation: 0, kind: 0, poisoned: false, object: None });
            index
        }
    };
    let slot = &mut table.slots[index as usize];
    slot.kind = T::KIND;
    slot.poisoned = false;
    slot.object = Some(object);
    Ok(u64::from(T::KIND) << 56 | u64::from(slot.generation) << 32 | u64::from(index))
}

/// The object of a handle.
pub(crate) fn get<T: Handled>(handle: u64) -> Outcome<Arc<T>> {
    let table = TABLE.get().read().unwrap_or_else(PoisonError::into_inner);
    let slot = find::<T>(&table, handle)?;
    if slot.poisoned {
        let message = format!("this {} is broken by an earlier panic; free it", T::NAME);
        return Err(Failure::new(RM_ERR_POISONED, message));
    }
    let object = slot.object.clone().and_then(|object| object.downcast().ok());
    object.ok_or_else(|| bad::<T>(handle))
}

/// The object of a handle, or nothing for 0.
pub(crate) fn get_optional<T: Handled>(handle: u64) -> Outcome<Option<Arc<T>>> {
    if handle == 0 { Ok(None) } else { get(handle).map(Some) }
}

/// Works on an object that nothing but its name refers to; nothing if others do.
pub(crate) fn with_sole<T: Handled, R>(handle: u64, body: impl FnOnce(&mut T) -> R) -> Outcome<Option<R>> {
    let mut table = TABLE.get().write().unwrap_or_else(PoisonError::into_inner);
    find::<T>(&table, handle)?;
    let object = table.slots[handle as u32 as usize].object.as_mut();
    let sole = object.and_then(Arc::get_mut).and_then(|object| object.downcast_mut());
    Ok(sole.map(body))
}

/// Takes the name from an object. 0 is nothing.
pub(crate) fn remove<T: Handled>(handle: u64) -> Outcome<Option<Arc<T>>> {
    if handle == 0 {
        return Ok(None);
    }
    let mut table = TABLE.get().write().unwrap_or_else(PoisonError::into_inner);
    find::<T>(&table, handle)?;
    let index = handle as u32;
    let slot = &mut table.slots[index as usize];
    let object = slot.object.take();
    slot.generation += 1;
    if slot.generation < GENERATIONS {
        table.free.push(index);
    }
    drop(table);
    Ok(object.and_then(|object| object.downcast().ok()))
}

/// Marks the object of a handle, whatever it is, as broken.
pub(crate) fn poison(handle: u64) {
    let mut table = TABLE.get().write().unwrap_or_else(PoisonError::into_inner);
    if let Some(slot) = table.slots.get_mut(handle as u32 as usize) {
        slot.poisoned |= slot.generation == generation_of(handle) && slot.kind == kind_of(handle);
    }
}

/// How many objects of a kind have a name.
pub(crate) fn count(kind: u8) -> usize {
    let table = TABLE.get().read().unwrap_or_else(PoisonError::into_inner);
    table.slots.iter().filter(|slot| slot.object.is_some() && (kind == 0 || slot.kind == kind)).count()
}

fn find<T: Handled>(table: &Table, handle: u64) -> Outcome<&Slot> {
    let slot = table.slots.get(handle as u32 as usize).filter(|slot| {
        slot.object.is_some()
            && slot.generation == generation_of(handle)
            && slot.kind == kind_of(handle)
            && slot.kind == T::KIND
    });
    slot.ok_or_else(|| bad::<T>(handle))
}

fn bad<T: Handled>(handle: u64) -> Failure {
    Failure::new(RM_ERR_BAD_HANDLE, format!("{handle:#x} is not a live {} handle", T::NAME))
}

const fn kind_of(handle: u64) -> u8 {
    (handle >> 56) as u8
}

const fn generation_of(handle: u64) -> u32 {
    (handle >> 32) as u32 & (GENERATIONS - 1)
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;

    struct Thing(u32);
    impl Handled for Thing {
        const KIND: u8 = 201;
        const NAME: &'static str = "thing";
    }

    struct Other;
    impl Handled for Other {
        const KIND: u8 = 202;
        const NAME: &'static str = "other";
    }

    fn status<T>(outcome: Outcome<T>) -> rm_status {
        outcome.map_or_else(|failure| failure.status, |_| RM_OK)
    }

    #[test]
    fn wrong_handles_answer_errors() {
        let handle = insert(Arc::new(Thing(7))).ok().unwrap();
        assert_eq!(get::<Thing>(handle).ok().unwrap().0, 7);
        assert_eq!(status(get::<Other>(handle)), RM_ERR_BAD_HANDLE);
        for forged in [0, 1, u64::MAX, handle ^ 1 << 40, handle ^ 1 << 60, handle + 1_000_000] {
            assert_eq!(status(get::<Thing>(forged)), RM_ERR_BAD_HANDLE, "{forged:#x}");
        }
        poison(handle);
        assert_eq!(status(get::<Thing>(handle)), RM_ERR_POISONED);
        assert!(remove::<Thing>(handle).ok().unwrap().is_some());
        assert_eq!(status(remove::<Thing>(handle)), RM_ERR_BAD_HANDLE);
        assert!(remove::<Thing>(0).ok().unwrap().is_none());
    }
}
