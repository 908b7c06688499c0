//! Shared, read-only payload memory.

use std::fmt;
use std::sync::Arc;

/// Memory that somebody owns and everybody may read: a vector of ours, or memory of a host kept alive by its owner.
pub trait Memory: Send + Sync {
    /// The bytes. The same address and length for as long as the owner lives.
    fn bytes(&self) -> &[u8];

    /// The same to write, if the memory is ours.
    fn bytes_mut(&mut self) -> Option<&mut [u8]> {
        None
    }
}

impl Memory for Vec<u8> {
    fn bytes(&self) -> &[u8] {
        self
    }

    fn bytes_mut(&mut self) -> Option<&mut [u8]> {
        Some(self)
    }
}

impl Memory for Vec<f32> {
    fn bytes(&self) -> &[u8] {
        bytemuck::cast_slice(self)
    }

    fn bytes_mut(&mut self) -> Option<&mut [u8]> {
        Some(bytemuck::cast_slice_mut(self))
    }
}

impl Memory for Arc<str> {
    fn bytes(&self) -> &[u8] {
        self.as_bytes()
    }
}

/// A reference to payload memory. Cloning counts a reference; nothing is copied.
#[derive(Clone)]
pub struct Buffer(Arc<dyn Memory>);

impl Buffer {
    /// A buffer over memory that `owner` keeps alive.
    pub fn new(owner: impl Memory + 'static) -> Buffer {
        Buffer(Arc::new(owner))
    }

    /// The bytes.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        self.0.bytes()
    }

    /// The bytes to write; nothing if somebody else has the buffer, or the memory is not ours.
    pub fn bytes_mut(&mut self) -> Option<&mut [u8]> {
        Arc::get_mut(&mut self.0)?.bytes_mut()
    }

    /// The bytes as 32-bit floats; nothing if they are not aligned for that or not a whole number of floats.
    pub fn floats(&self) -> Option<&[f32]> {
        bytemuck::try_cast_slice(self.bytes()).ok()
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({} bytes)", self.bytes().len())
    }
}
