//! Changing the sample rate of a stream of planar samples.

use audioadapter_buffers::direct::SequentialSlice;
use rubato::{Fft, FixedSync, Resampler as _, WindowFunction};

use super::planes::Planes;

/// A resampler for blocks of any size. What comes out does not depend on how what went in was divided.
///
/// It works in blocks of its own, of a whole number of frames on both sides, so that the ratio is exact however long
/// the stream. Its output is aligned with its input: the delay of the filter is taken off at the start, and what is
/// still in the filter comes out at the end.
pub struct Resampler {
    fft: Fft<f32>,
    rates: [u32; 2],
    channels: usize,
    input: Planes,
    /// Frames that are still to be dropped at the start.
    delay: usize,
    taken: u64,
    given: u64,
}

impl Resampler {
    /// A resampler from `from` to `to` hertz whose filter spans at least `span` frames of the lower of the two rates.
    pub fn new(from: u32, to: u32, channels: usize, span: u32) -> Result<Resampler, String> {
        let divisor = greatest_common_divisor(from, to);
        let (step_in, step_out) = (from / divisor, to / divisor);
        let mut steps = span.div_ceil(step_in.min(step_out));
        // The delay is half a block, and must be a whole number of frames on both sides.
        if step_in % 2 == 1 || step_out % 2 == 1 {
            steps = steps.next_multiple_of(2);
        }
        let block = step_in as usize * steps as usize;
        let window = WindowFunction::BlackmanHarris2;
        let fft = Fft::new_custom(from as usize, to as usize, block, 1, channels, window, FixedSync::Both)
            .map_err(|error| error.to_string())?;
        let delay = fft.output_delay();
        Ok(Resampler { fft, rates: [from, to], channels, input: Planes::new(channels), delay, taken: 0, given: 0 })
    }

    /// Takes as many samples for every channel, and gives what is ready, plane after plane.
    pub fn push<'a>(&mut self, planes: impl IntoIterator<Item = &'a [f32]>) -> Result<Vec<f32>, String> {
        let before = self.input.frames();
        self.input.push(planes);
        self.taken += (self.input.frames() - before) as u64;
        let mut output = Planes::new(self.channels);
        let block = self.fft.input_frames_next();
        while self.input.frames() >= block {
            let samples = self.input.take(block);
            self.convert(&samples, &mut output, u64::MAX)?;
        }
        Ok(output.take(usize::MAX))
    }

    /// Gives what is left, plane after plane: in all, as much as the whole input lasts.
    pub fn finish(&mut self) -> Result<Vec<f32>, String> {
        let [from, to] = self.rates.map(u128::from);
        let total = (u128::from(self.taken) * to + from / 2) / from;
        let total = u64::try_from(total).unwrap_or(u64::MAX);
        let block = self.fft.input_frames_next();
        let mut output = Planes::new(self.channels);
        while self.given < total {
            let rest = self.input.take(block);
            let frames = rest.len() / self.channels;
            let mut samples = vec![0.0; block * self.channels];
            for channel in 0..self.channels {
                let plane = &rest[channel * frames..(channel + 1) * frames];
                samples[channel * block..channel * block + frames].copy_from_slice(plane);
            }
            self.convert(&samples, &mut output, total)?;
        }
        Ok(output.take(usize::MAX))
    }

    /// Converts one block, and adds it to `output` up to frame `total` of the stream.
    fn convert(&mut self, samples: &[f32], output: &mut Planes, total: u64) -> Result<(), String> {
        let (frames_in, frames_out) = (self.fft.input_frames_next(), self.fft.output_frames_next());
        let mut converted = vec![0.0; frames_out * self.channels];
        let from = SequentialSlice::new(samples, self.channels, frames_in).map_err(|error| error.to_string())?;
        let mut to =
            SequentialSlice::new_mut(&mut converted, self.channels, frames_out).map_err(|error| error.to_string())?;
        self.fft.process_into_buffer(&from, &mut to, None).map_err(|error| error.to_string())?;
        let begin = self.delay.min(frames_out);
        let wanted = usize::try_from(total - self.given).unwrap_or(usize::MAX);
        let end = frames_out.min(begin.saturating_add(wanted));
        output.push(converted.chunks_exact(frames_out).map(|plane| &plane[begin..end]));
        self.delay -= begin;
        self.given += (end - begin) as u64;
        Ok(())
    }
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}
