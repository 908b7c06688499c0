//! What orders the accesses to shared memory, and puts to sleep: that of the system, or with the feature `loom` that of
//! loom, so that models can be made of the code that uses it.

#[cfg(feature = "loom")]
mod model;
#[cfg(not(feature = "loom"))]
mod system;

#[cfg(feature = "loom")]
pub use model::*;
#[cfg(not(feature = "loom"))]
pub use system::*;
