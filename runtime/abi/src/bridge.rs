//! The bridge to a host: the engine's view of it, over the host's callbacks.

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use remotemedia_core::fault::{Point, fails};
use remotemedia_core::{Fault, Guest, Host, HostObject, Kinds, Lane, Packet, Parcel, Piece};

use crate::call::{Call, blame, collect, with_parcel};
use crate::clip;
use crate::error::{Failure, Outcome};
use crate::host::rm_host_callbacks;
use crate::objects::Objects;
use crate::packet::{PacketView, Reader, rm_packet};
use crate::parts::Parts;
use crate::status::*;
use crate::versioned::{Destroy, check_zero, read_struct};

/// How many workers a host may be asked for when its calls block.
const MOST_WORKERS: usize = 64;

/// A host, as the engine sees it.
pub(crate) struct Bridge {
    callbacks: rm_host_callbacks,
    objects: Option<Objects>,
    lane: Option<Arc<Lane>>,
    /// Its handle.
    id: AtomicU64,
    /// References to give back at the next chance, and whether a worker has been told.
    garbage: Mutex<Vec<usize>>,
    told: AtomicBool,
    this: Weak<Bridge>,
    _destroy: Destroy,
}

// SAFETY: the pointers in the tables are opaque to us, and the header demands that what they stand for can be used from
// the threads that it names for each function.
unsafe impl Send for Bridge {}
// SAFETY: as above.
unsafe impl Sync for Bridge {}

thread_local! {
    /// The host that this thread has entered, if any.
    static ENTERED: Cell<*const Bridge> = const { Cell::new(ptr::null()) };
}

impl Bridge {
    /// # Safety
    /// The functions and pointers in `callbacks` are what the header says.
    pub unsafe fn new(callbacks: rm_host_callbacks, destroy: Destroy) -> Outcome<Arc<Bridge>> {
        if callbacks.retain.is_none() || callbacks.release.is_none() {
            return Err(Failure::new(RM_ERR_NULL, "'retain' and 'release' of the rm_host_callbacks must be set"));
        }
        let objects = if callbacks.objects.is_null() {
            None
        } else {
            // SAFETY: not null, and the caller vouches for the rest.
            let table = unsafe { read_struct(callbacks.objects) }?;
            check_zero(table.reserved, "reserved")?;
            let complete = Objects::new(&table).ok_or_else(|| {
                Failure::new(RM_ERR_NULL, "every function and object of the rm_object_table must be set")
            })?;
            Some(complete)
        };
        Ok(Arc::new_cyclic(|this: &Weak<Bridge>| {
            let lane = callbacks.hire.map(|_| {
                let bridge = this.clone();
                let hire = move |_| bridge.upgrade().is_some_and(|bridge| bridge.hire());
                Lane::new(callbacks.parallel as usize, MOST_WORKERS, hire)
            });
            Bridge {
                callbacks,
                objects,
                lane,
                id: AtomicU64::new(0),
                garbage: Mutex::default(),
                told: AtomicBool::new(false),
                this: this.clone(),
                _destroy: destroy,
            }
        }))
    }

    pub fn lane(&self) -> Option<&Arc<Lane>> {
        self.lane.as_ref()
    }

    /// Whether the host can take objects apart.
    pub fn packs(&self) -> bool {
        self.callbacks.pack_object.is_some()
    }

    pub fn set_id(&self, id: u64) {
        self.id.store(id, Ordering::Release);
    }

    pub fn objects(&self) -> Option<&Objects> {
        self.objects.as_ref()
    }

    fn hire(&self) -> bool {
        let Some(hire) = self.callbacks.hire.filter(|_| !fails(Point::Host)) else { return false };
        // Any thread may come here: the lane waits for it when it closes, and refuses it afterwards.
        let Some(_guest) = self.lane.as_ref().and_then(|lane| lane.guest()) else { return false };
        // SAFETY: the host's function with the host's pointer; no lock is held here.
        unsafe { hire(self.callbacks.user_data) == RM_OK }
    }

    /// Takes over a reference that the host has given.
    pub fn adopt(&self, object: *mut c_void) -> Option<HostObject> {
        self.this.upgrade().map(|this| HostObject::new(object as usize, this))
    }

    /// Another reference to the bridge itself.
    pub fn shared(&self) -> Option<Arc<Bridge>> {
        self.this.upgrade()
    }

    /// Whether an object is this host's.
    pub fn owns(&self, object: &HostObject) -> bool {
        ptr::addr_eq(Arc::as_ptr(object.host()), self)
    }

    /// Before a call of the host from a thread that may be none of its workers: it waits for the call when it closes.
    fn visit(&self) -> Result<Option<Guest<'_>>, Fault> {
        let closing = || Fault::new("its host is closing");
        match &self.lane {
            Some(lane) if lane.is_closed() => Err(closing()),
            Some(lane) if !lane.is_current() => lane.guest().map(Some).ok_or_else(closing),
            _ => Ok(None),
        }
    }

    fn release_now(&self, object: usize) {
        if let Some(release) = self.callbacks.release {
            // SAFETY: a reference of this host that was given to us and is given back here, once.
            unsafe { release(self.callbacks.user_data, object as *mut c_void) };
        }
    }

    /// Gives back what was noted.
    fn collect(&self) {
        self.told.store(false, Ordering::Release);
        self.collect_here();
    }

    /// The same while a worker is on its way to do it; the thread has entered the host already.
    pub fn collect_by_the_way(&self) {
        if self.told.load(Ordering::Acquire) {
            self.collect_here();
        }
    }

    fn collect_here(&self) {
        let garbage = std::mem::take(&mut *self.garbage.lock().unwrap_or_else(PoisonError::into_inner));
        if garbage.is_empty() {
            return;
        }
        let Some(objects) = self.objects() else {
            return garbage.into_iter().for_each(|object| self.release_now(object));
        };
        // SAFETY: between `enter` and `leave`, on a thread that may enter the host, each reference once.
        unsafe {
            let state = (objects.enter)();
            garbage.into_iter().for_each(|object| (objects.release)(object as *mut c_void));
            (objects.leave)(state);
        }
    }

    /// Does something between `enter` and `leave`, if the host has an object table.
    fn entered<T>(&self, work: impl FnOnce(&Objects) -> T) -> Option<T> {
        let objects = self.objects.as_ref()?;
        // SAFETY: on a thread that may enter the host, which it leaves here.
        let state = unsafe { (objects.enter)() };
        let before = mark_entered(self);
        let done = work(objects);
        mark_entered(before);
        // SAFETY: as above.
        unsafe { (objects.leave)(state) };
        Some(done)
    }

    /// The same where what the host calls meanwhile is no call of a node.
    fn inside<T>(&self, work: impl FnOnce(&Objects) -> T) -> Option<T> {
        self.entered(|objects| blame(Some(self), || work(objects)).0)
    }

    /// Has the object table put several parts together, if it can: the object, or why there is none.
    fn put_together(&self, parts: &mut Parts<'_>) -> Option<(Option<*mut c_void>, Option<Fault>)> {
        self.objects.as_ref()?.parting.as_ref()?;
        let put = self.entered(|objects| {
            let parting = objects.parting.as_ref()?;
            let bytes = parts.bytes();
            let (made, told) = blame(Some(self), || {
                let given = || {
                    parts.give();
                };
                // SAFETY: between `enter` and `leave`.
                unsafe { objects.read(parting, &bytes, given) }
            });
            if made == Some(objects.failed) {
                // SAFETY: a reference that the call has answered.
                unsafe { (objects.release)(objects.failed) };
            }
            Some((made.filter(|&made| made != objects.failed), told.fault))
        });
        put.flatten()
    }

    /// Makes an object of a packet.
    pub fn import(&self, packet: &Packet) -> Result<HostObject, Fault> {
        if let Some(imported) = self.import_clip(packet) {
            return Ok(imported);
        }
        let import =
            self.callbacks.import_packet.ok_or_else(|| Fault::input("its host cannot take data, only objects"))?;
        let view = PacketView::owned(packet, self).map_err(|failure| Fault::new(failure.message))?;
        let mut object = ptr::null_mut();
        let (status, told) = blame(Some(self), || {
            if fails(Point::Host) {
                return RM_ERR_NODE;
            }
            // SAFETY: the host's function with the host's pointer; the view lives until it returns.
            unsafe { import(self.callbacks.user_data, view.as_ptr(), &raw mut object) }
        });
        match self.adopt(object) {
            Some(imported) if status == RM_OK && !object.is_null() => Ok(imported),
            _ => Err(told.why(status).unwrap_or_else(|| Fault::input("its host could not make an object of the data"))),
        }
    }
}

impl Bridge {
    /// Makes an object of a packet that is short audio, if the host has a quicker way for that.
    fn import_clip(&self, packet: &Packet) -> Option<HostObject> {
        self.objects.as_ref()?.clips.as_ref()?;
        let clip = clip::write(packet)?;
        let made = self.inside(|objects| {
            // SAFETY: between `enter` and `leave`.
            objects.clips.as_ref().and_then(|clips| unsafe { objects.read(clips, &clip, || {}) })
        });
        made.flatten().and_then(|object| self.adopt(object))
    }

    /// The other way round.
    fn export_clip(&self, object: usize) -> Option<Packet> {
        self.objects.as_ref()?.clips.as_ref()?;
        let read = self.inside(|objects| {
            // SAFETY: between `enter` and `leave`, an object that the caller keeps.
            objects.clips.as_ref().and_then(|clips| unsafe { objects.write(clips, object as *mut c_void, clip::read) })
        });
        read.flatten().flatten()
    }
}

impl Host for Bridge {
    fn id(&self) -> u64 {
        self.id.load(Ordering::Acquire)
    }

    fn retain(&self, object: usize) {
        if let Some(objects) = self.objects.as_ref().filter(|_| is_entered(self)) {
            // SAFETY: a live reference of this host, which this thread has entered.
            unsafe { (objects.retain)(object as *mut c_void) };
        } else if let Some(retain) = self.callbacks.retain {
            // SAFETY: a live reference of this host, which the caller holds.
            unsafe { retain(self.callbacks.user_data, object as *mut c_void) };
        }
    }

    fn release(&self, object: usize) {
        if object == 0 {
            return;
        }
        match (&self.objects, &self.lane) {
            // SAFETY: this thread has entered the host, and the reference is given back once.
            (Some(objects), _) if is_entered(self) => unsafe { (objects.release)(object as *mut c_void) },
            (_, None) => self.release_now(object),
            (_, Some(lane)) => {
                self.garbage.lock().unwrap_or_else(PoisonError::into_inner).push(object);
                if !self.told.swap(true, Ordering::AcqRel) {
                    let this = self.this.clone();
                    // Once the lane is closed, what comes is given back when the bridge goes.
                    let _ = lane.note(move || {
                        if let Some(bridge) = this.upgrade() {
                            bridge.collect();
                        }
                    });
                }
            }
        }
    }

    fn pack(&self, object: HostObject, parcel: &mut dyn Parcel) -> Result<(), Fault> {
        let pack = self.callbacks.pack_object;
        let pack = pack.ok_or_else(|| Fault::input("its host cannot send objects to another process"))?;
        let _guest = self.visit()?;
        if fails(Point::Host) {
            return Err(Fault::input("its host could not take the object apart"));
        }
        let mut left = Some(object);
        let mut noting = Noting { parcel, given: false };
        self.entered(|objects| {
            let taken = left.as_ref().zip(objects.packing.as_ref()).and_then(|(object, packing)| {
                let first = |bytes: &[u8]| {
                    with_parcel(|parcel| {
                        parcel.add_first(bytes);
                        Ok(())
                    })
                };
                // SAFETY: between `enter` and `leave`, an object that is there until then.
                let write = || unsafe { objects.write(packing, object.object() as *mut c_void, first) };
                collect(Some(self), &mut noting, write).0
            });
            // Let go of here, where the host is entered.
            left = left.take().filter(|_| taken.is_none());
        });
        let Some(object) = left else { return Ok(()) };
        if noting.given {
            // Nothing else can follow: it would be taken for the rest of what was begun.
            return Err(Fault::input("its host could not take the object apart"));
        }
        let (status, told) = collect(Some(self), parcel, || {
            // SAFETY: the host's function with the host's pointer, and an object of it.
            unsafe { pack(self.callbacks.user_data, object.object() as *mut c_void) }
        });
        if status == RM_OK {
            return Ok(());
        }
        Err(told.why(status).unwrap_or_else(|| Fault::input("its host could not take the object apart")))
    }

    fn unpack(&self, parts: &[Piece]) -> Result<HostObject, Fault> {
        let unpack = self.callbacks.unpack_object;
        let unpack = unpack.ok_or_else(|| Fault::input("its host cannot take objects from another process"))?;
        let _guest = self.visit()?;
        if fails(Point::Host) {
            return Err(Fault::input("its host could not put the object together"));
        }
        if let [only] = parts {
            let made = self.inside(|objects| {
                let bytes = only.buffer.bytes();
                // SAFETY: between `enter` and `leave`.
                objects.packing.as_ref().and_then(|packing| unsafe { objects.read(packing, bytes, || {}) })
            });
            if let Some(made) = made.flatten().and_then(|object| self.adopt(object)) {
                return Ok(made);
            }
        }
        let is_several = parts.len() > 1;
        let mut parts = Parts::new(parts).map_err(|failure| Fault::new(failure.message))?;
        let put = if is_several { self.put_together(&mut parts) } else { None };
        let (object, fault) = put.unwrap_or_else(|| {
            let mut object = ptr::null_mut();
            let (status, told) = blame(Some(self), || {
                let (first, count) = parts.give();
                // SAFETY: the host's function with the host's pointer; the parts live until it returns.
                unsafe { unpack(self.callbacks.user_data, first, count, &raw mut object) }
            });
            (Some(object).filter(|object| status == RM_OK && !object.is_null()), told.why(status))
        });
        let made = object.and_then(|object| self.adopt(object));
        made.ok_or_else(|| fault.unwrap_or_else(|| Fault::input("its host could not put the object together")))
    }

    fn export(&self, object: usize, accepted: Kinds) -> Result<Packet, String> {
        let export = self.callbacks.export_object.ok_or("its host cannot turn objects into data")?;
        let _guest = self.visit().map_err(|fault| fault.message)?;
        let clip = if accepted.meets(Kinds::AUDIO) { self.export_clip(object) } else { None };
        if let Some(packet) = clip {
            return Ok(packet);
        }
        let mut packet = rm_packet::empty();
        let (status, told) = blame(Some(self), || {
            if fails(Point::Host) {
                return RM_ERR_NODE;
            }
            // SAFETY: the host's function with the host's pointer; the packet is ours and lives until it returns.
            unsafe { export(self.callbacks.user_data, object as *mut c_void, accepted.bits(), &raw mut packet) }
        });
        if status != RM_OK {
            return Err(told.why(status).map_or_else(|| format!("expected {accepted}"), |fault| fault.message));
        }
        // SAFETY: filled by the host, which vouches for its pointers.
        let packet = unsafe { Reader { bridge: Some(self), given: None }.read(&raw const packet) };
        packet.map_err(|failure| failure.message)
    }
}

/// What takes the parts of an object, and whether it was given any.
struct Noting<'a> {
    parcel: &'a mut dyn Parcel,
    given: bool,
}

impl Parcel for Noting<'_> {
    fn add(&mut self, bytes: &[u8]) {
        self.given = true;
        self.parcel.add(bytes);
    }

    fn add_first(&mut self, bytes: &[u8]) {
        self.given = true;
        self.parcel.add_first(bytes);
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.collect();
    }
}

/// Marks this thread as being inside a host.
pub(crate) fn mark_entered(bridge: *const Bridge) -> *const Bridge {
    ENTERED.replace(bridge)
}

fn is_entered(bridge: &Bridge) -> bool {
    ptr::eq(ENTERED.get(), bridge)
}

/// While it lives, this thread counts as outside of every host: it is in a call that came from one.
pub(crate) struct Outside(*const Bridge);

impl Outside {
    pub fn enter() -> Outside {
        let before = ENTERED.get();
        if !before.is_null() {
            ENTERED.set(ptr::null());
        }
        Outside(before)
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        if !self.0.is_null() {
            ENTERED.set(self.0);
        }
    }
}

impl Call {
    /// The host that the call is made on.
    pub fn bridge(&self) -> Option<&Bridge> {
        // SAFETY: set for the length of a call by somebody who holds the bridge for longer.
        unsafe { self.bridge.as_ref() }
    }
}
