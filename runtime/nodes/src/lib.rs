//! The built-in nodes of remotemedia.

#![forbid(unsafe_code)]

pub mod audio;
mod calculator;
mod pass_through;

use remotemedia_core::Registry;

pub use calculator::{Calculator, CalculatorParameters, Operation};
pub use pass_through::{NoParameters, PassThrough};

/// Adds every built-in node type.
pub fn register(registry: &Registry) {
    registry.add_native("PassThrough", |_: NoParameters| Ok(PassThrough));
    registry.add_native("CalculatorNode", Calculator::new);
    registry.add_native("AudioFileSourceNode", |parameters| Ok(audio::FileSource::new(parameters)));
    registry.add_native("FastResampleNode", |parameters| Ok(audio::Resample::new(parameters)));
    registry.add_native("WavSinkNode", |parameters| Ok(audio::WavSink::new(parameters)));
}
