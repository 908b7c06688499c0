//! Nodes for audio: from files, to other sample rates, to files.

mod clock;
mod decoder;
mod file_source;
mod mpeg;
mod ogg;
mod planes;
mod resample;
mod resampler;
mod span;
mod step;
mod watch;
mod wav_file;
mod wav_sink;

pub use file_source::{FileSource, FileSourceParameters};
pub use resample::{Quality, Resample, ResampleParameters};
pub use wav_file::SampleFormat;
pub use wav_sink::{WavSink, WavSinkParameters};
