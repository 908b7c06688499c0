//! Objects of the host program that ride in packets.

use std::fmt;
use std::mem;
use std::sync::Arc;

use crate::{Buffer, Fault, Kinds, Packet};

/// The program, or language, that created an object and that alone can look inside it.
pub trait Host: Send + Sync {
    /// A number by which the binding knows the host.
    fn id(&self) -> u64;

    /// Counts one more reference, for the host to keep. The caller holds one.
    fn retain(&self, object: usize);

    /// Takes back one reference. Called from any thread, also under the engine's locks: it must only make a note,
    /// and let the host's own worker do the rest.
    fn release(&self, object: usize);

    /// Takes an object apart, for another process to put it together: calls `parcel` for each part, in order, and lets go of
    /// the object. Called without any lock, on a worker of the host.
    fn pack(&self, _object: HostObject, _parcel: &mut dyn Parcel) -> Result<(), Fault> {
        Err(Fault::input("its host cannot send objects to another process"))
    }

    /// Puts together what [`Host::pack`] has taken apart in another process. Called as that is.
    fn unpack(&self, _parts: &[Piece]) -> Result<HostObject, Fault> {
        Err(Fault::input("its host cannot take objects from another process"))
    }

    /// Converts an object into one of the `accepted` kinds of data, with what it knows of its time. Called without any
    /// lock, on any thread.
    fn export(&self, object: usize, accepted: Kinds) -> Result<Packet, String>;
}

/// A part of an object that has come from another process.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Its bytes.
    pub buffer: Buffer,
    /// Whether somebody else has the very memory, so that it must not be changed.
    pub shared: bool,
}

/// What takes the parts of an object.
pub trait Parcel {
    /// Takes one more part, whose bytes are copied unless they are shared with the other process already.
    fn add(&mut self, bytes: &[u8]);

    /// The same for one that is to come before all others.
    fn add_first(&mut self, bytes: &[u8]);
}

/// One reference to an object of a host. Dropping it gives the reference back.
pub struct HostObject {
    reference: Reference,
    host: Arc<dyn Host>,
}

/// A lone reference costs nothing; only fan-out pays for a count.
enum Reference {
    Lone(usize),
    Shared(Arc<Counted>),
    Taken,
}

struct Counted {
    object: usize,
    host: Arc<dyn Host>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.host.release(self.object);
    }
}

impl HostObject {
    /// Takes over one reference to `object`.
    pub fn new(object: usize, host: Arc<dyn Host>) -> HostObject {
        HostObject { reference: Reference::Lone(object), host }
    }

    /// The host's own name for the object.
    pub fn object(&self) -> usize {
        match &self.reference {
            Reference::Lone(object) => *object,
            Reference::Shared(counted) => counted.object,
            Reference::Taken => 0,
        }
    }

    /// The host that the object belongs to.
    pub fn host(&self) -> &Arc<dyn Host> {
        &self.host
    }

    /// Another reference to the same object. The host is not asked: the two share one of its references.
    pub fn share(&mut self) -> HostObject {
        if let Reference::Lone(object) = self.reference {
            let host = Arc::clone(&self.host);
            self.reference = Reference::Shared(Arc::new(Counted { object, host }));
        }
        let reference = match &self.reference {
            Reference::Shared(counted) => Reference::Shared(Arc::clone(counted)),
            Reference::Lone(_) | Reference::Taken => Reference::Taken,
        };
        HostObject { reference, host: Arc::clone(&self.host) }
    }

    /// Takes over a reference to another object of the same host, and hands the one to this object to the caller for good, if
    /// it was alone.
    #[inline]
    pub fn exchange(&mut self, object: usize) -> Option<usize> {
        match mem::replace(&mut self.reference, Reference::Lone(object)) {
            Reference::Lone(before) => Some(before),
            Reference::Shared(_) | Reference::Taken => None,
        }
    }

    /// Hands a reference to the caller for good.
    pub fn into_raw(mut self) -> usize {
        let object = self.object();
        match self.reference {
            Reference::Lone(_) => self.reference = Reference::Taken,
            Reference::Shared(_) => self.host.retain(object),
            Reference::Taken => {}
        }
        object
    }
}

impl Drop for HostObject {
    fn drop(&mut self) {
        if let Reference::Lone(object) = self.reference {
            self.host.release(object);
        }
    }
}

impl fmt::Debug for HostObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HostObject({:#x})", self.object())
    }
}
