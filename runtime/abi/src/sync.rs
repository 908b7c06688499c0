//! What handles and seats are guarded by: that of the system, or with the feature `loom` that of loom, so that models can be
//! made of the code that uses it.

#[cfg(feature = "loom")]
mod model;
#[cfg(not(feature = "loom"))]
mod system;

#[cfg(feature = "loom")]
pub(crate) use model::*;
#[cfg(not(feature = "loom"))]
pub(crate) use system::*;
