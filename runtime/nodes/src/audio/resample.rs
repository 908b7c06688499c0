//! A node that changes the sample rate.

use std::fmt;

use remotemedia_core::{Audio, Context, Fault, Flow, Kinds, Node, NodeInfo, Outcome, Packet, Time};
use schemars::JsonSchema;
use serde::Deserialize;

use super::clock::Clock;
use super::resampler::Resampler;

/// The sample rates that can be converted from; others need blocks of an absurd size.
const RATES: std::ops::RangeInclusive<u32> = 1_000..=768_000;

/// How sharp the filter is that keeps the output free of tones that it cannot hold.
///
/// A sharper filter keeps more of the treble (to within 1 dB), and lets the output lag further behind the input. Nothing
/// that the output cannot hold comes through at any quality. How far the output lags is given for rates that divide
/// well, such as 48000 to 16000; with others it is more, up to three seconds for rates without a common divisor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Quality {
    /// Keeps 86 % of the band; lags 192 frames of the lower rate (12 ms at 16000 Hz).
    Low,
    /// Keeps 96 % of the band; lags 768 frames of the lower rate (48 ms at 16000 Hz).
    #[default]
    Medium,
    /// Keeps 99 % of the band; lags 3072 frames of the lower rate (192 ms at 16000 Hz).
    High,
}

impl Quality {
    /// The length of the filter, in frames of the lower rate.
    fn span(self) -> u32 {
        match self {
            Quality::Low => 128,
            Quality::Medium => 512,
            Quality::High => 2048,
        }
    }
}

/// The parameters of `FastResampleNode`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResampleParameters {
    /// The sample rate of the output, in hertz.
    #[serde(default = "default_target_rate")]
    #[schemars(range(min = 8_000, max = 192_000))]
    pub target_rate: u32,
    /// How sharp the filter is.
    #[serde(default)]
    pub quality: Quality,
    /// 1 mixes all channels down to one, their mean. Without it the channels are kept.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1))]
    pub channels: Option<u32>,
}

fn default_target_rate() -> u32 {
    16_000
}

/// Changes the sample rate, and if asked to the number of channels.
///
/// The output is aligned with the input and lasts as long; what the filter still holds comes at the end of the stream.
/// Audio that is as it should be passes untouched. When the format of the input changes, the old stream is brought to
/// its end, and another one begins.
pub struct Resample {
    parameters: ResampleParameters,
    stream: Option<Stream>,
}

/// Input of one format.
struct Stream {
    input: [u32; 2],
    channels: u32,
    clock: Clock,
    /// Nothing where the rate is right already.
    resampler: Option<Resampler>,
}

impl Resample {
    /// A resampler.
    pub fn new(parameters: ResampleParameters) -> Resample {
        Resample { parameters, stream: None }
    }

    /// The stream that `audio` belongs to. The one before it is brought to its end.
    fn stream(&mut self, audio: &Audio, pts: Time, context: &mut Context<'_>) -> Result<&mut Stream, Fault> {
        let input = [audio.sample_rate(), audio.channels()];
        if self.stream.as_ref().is_none_or(|stream| stream.input != input) {
            // In this order: audio that cannot be converted leaves the old stream as it is.
            let stream = Stream::new(&self.parameters, input, pts)?;
            self.drain(context)?;
            return Ok(self.stream.insert(stream));
        }
        self.stream.as_mut().ok_or_else(|| Fault::new("the stream is gone"))
    }

    /// Emits what is left of the stream.
    fn drain(&mut self, context: &mut Context<'_>) -> Result<(), Fault> {
        let Some(mut stream) = self.stream.take() else { return Ok(()) };
        let Some(resampler) = &mut stream.resampler else { return Ok(()) };
        let samples = resampler.finish().map_err(Fault::new)?;
        if let Some(packet) = stream.packet(samples, self.parameters.target_rate)? {
            context.emit(packet);
        }
        Ok(())
    }
}

impl Stream {
    fn new(parameters: &ResampleParameters, input: [u32; 2], pts: Time) -> Result<Stream, Fault> {
        let [rate, channels] = input;
        let target = parameters.target_rate;
        let channels = parameters.channels.unwrap_or(channels);
        let resampler = if rate == target {
            None
        } else if RATES.contains(&rate) {
            let span = parameters.quality.span();
            Some(Resampler::new(rate, target, channels as usize, span).map_err(Fault::new)?)
        } else {
            let (low, high) = (RATES.start(), RATES.end());
            return Err(Fault::input(format!(
                "expected audio of {low} to {high} Hz, got {rate} Hz; correct the sample rate of the input"
            )));
        };
        Ok(Stream { input, channels, clock: Clock::new(pts, target), resampler })
    }

    fn packet(&mut self, samples: Vec<f32>, rate: u32) -> Result<Option<Packet>, Fault> {
        if samples.is_empty() {
            return Ok(None);
        }
        let audio = Audio::from_planes(samples, rate, self.channels).map_err(Fault::new)?;
        let pts = self.clock.advance(audio.frames());
        Ok(Some(Packet::audio(audio, pts)))
    }
}

impl Node for Resample {
    fn info(&self) -> NodeInfo {
        NodeInfo::filter(Kinds::AUDIO, Kinds::AUDIO)
    }

    fn initialize(&mut self, _context: &mut Context<'_>) -> Outcome {
        self.stream = None;
        Ok(Flow::Done)
    }

    fn process(&mut self, packet: Box<Packet>, context: &mut Context<'_>) -> Outcome {
        let Packet { pts, duration, index, metadata, data, .. } = *packet;
        let audio = data.into_audio()?;
        let rate = self.parameters.target_rate;
        let stream = self.stream(&audio, pts, context)?;
        let mixed = (stream.channels != audio.channels()).then(|| mix(&audio));
        let samples = match (&mut stream.resampler, mixed) {
            (Some(resampler), Some(mixed)) => resampler.push([&mixed[..]]),
            (Some(resampler), None) => {
                resampler.push((0..audio.channels() as usize).map(|channel| audio.plane(channel)))
            }
            (None, Some(mixed)) => Ok(mixed),
            (None, None) => {
                let data = remotemedia_core::Data::Audio(audio);
                context.emit(Packet { pts, duration, index, metadata, ..Packet::new(data) });
                return Ok(Flow::Done);
            }
        };
        if let Some(packet) = stream.packet(samples.map_err(Fault::new)?, rate)? {
            context.emit(Packet { metadata, ..packet });
        }
        Ok(Flow::Done)
    }

    fn flush(&mut self, context: &mut Context<'_>) -> Outcome {
        self.drain(context)?;
        Ok(Flow::Done)
    }

    fn cleanup(&mut self, _context: &mut Context<'_>) -> Outcome {
        self.stream = None;
        Ok(Flow::Done)
    }
}

impl fmt::Debug for Resample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Resample({:?})", self.parameters)
    }
}

/// The mean of all channels.
fn mix(audio: &Audio) -> Vec<f32> {
    let mut sum = audio.plane(0).to_vec();
    for channel in 1..audio.channels() as usize {
        for (sum, sample) in sum.iter_mut().zip(audio.plane(channel)) {
            *sum += sample;
        }
    }
    let scale = 1.0 / audio.channels() as f32;
    sum.iter_mut().for_each(|sample| *sample *= scale);
    sum
}
