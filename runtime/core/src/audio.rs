//! Audio: 32-bit float samples, planar.

use crate::{Buffer, Time};

/// A block of audio: `channels` planes of equally many samples, one plane after the other, nominally within -1..=1.
///
/// As a matrix this is `(channels, frames)` in row-major order, which is what NumPy users expect.
#[derive(Clone, Debug)]
pub struct Audio {
    buffer: Buffer,
    sample_rate: u32,
    channels: u32,
}

impl Audio {
    /// Audio over `buffer`; the error says what does not fit.
    pub fn new(buffer: Buffer, sample_rate: u32, channels: u32) -> Result<Audio, String> {
        if sample_rate == 0 {
            return Err("audio needs a sample rate above 0 Hz".into());
        }
        if channels == 0 {
            return Err("audio needs at least one channel".into());
        }
        let samples = buffer.floats().ok_or("audio samples must be 32-bit floats, aligned to 4 bytes")?.len();
        if samples % channels as usize != 0 {
            return Err(format!("{samples} samples do not divide into {channels} channels of equal length"));
        }
        Ok(Audio { buffer, sample_rate, channels })
    }

    /// Audio from samples of our own, plane after plane.
    pub fn from_planes(samples: Vec<f32>, sample_rate: u32, channels: u32) -> Result<Audio, String> {
        Audio::new(Buffer::new(samples), sample_rate, channels)
    }

    /// All samples, plane after plane.
    pub fn samples(&self) -> &[f32] {
        self.buffer.floats().unwrap_or_default()
    }

    /// The samples of one channel.
    pub fn plane(&self, channel: usize) -> &[f32] {
        let frames = self.frames();
        &self.samples()[channel * frames..(channel + 1) * frames]
    }

    /// The number of samples in each channel.
    pub fn frames(&self) -> usize {
        self.samples().len() / self.channels as usize
    }

    /// Samples a second, in hertz.
    pub fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    /// The number of channels.
    pub fn channels(&self) -> u32 {
        self.channels
    }

    /// How long the block lasts.
    pub fn duration(&self) -> Time {
        Time::from_frames(self.frames() as u64, self.sample_rate)
    }

    /// The memory of the samples.
    pub fn buffer(&self) -> &Buffer {
        &self.buffer
    }
}
