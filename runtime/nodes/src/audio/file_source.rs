//! A source that reads an audio file.

use std::path::PathBuf;

use remotemedia_core::{Audio, Context, Fault, Flow, Kinds, Node, NodeInfo, Outcome, Packet, Time};
use schemars::JsonSchema;
use serde::Deserialize;

use super::clock::Clock;
use super::decoder::Decoder;

/// The parameters of `AudioFileSourceNode`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileSourceParameters {
    /// The file: WAV, FLAC, MP3 or Ogg Vorbis. What it is shows in its content, whatever its name.
    #[schemars(length(min = 1))]
    pub path: String,
    /// How many frames (samples a channel) each block has; the last may have fewer.
    #[serde(default = "default_block_size")]
    #[schemars(range(min = 1, max = 1_048_576))]
    pub block_size: u32,
}

fn default_block_size() -> u32 {
    1024
}

/// Reads an audio file and emits it block by block, timed from 0.
///
/// A file that is cut off or damaged yields what comes before, and then a fault.
#[derive(Debug)]
pub struct FileSource {
    parameters: FileSourceParameters,
    stream: Option<(Decoder, Option<Clock>)>,
}

impl FileSource {
    /// A source that opens its file when it is initialised.
    pub fn new(parameters: FileSourceParameters) -> FileSource {
        FileSource { parameters, stream: None }
    }
}

impl Node for FileSource {
    fn info(&self) -> NodeInfo {
        NodeInfo::source(Kinds::AUDIO)
    }

    fn initialize(&mut self, _context: &mut Context<'_>) -> Outcome {
        let path = PathBuf::from(&self.parameters.path);
        self.stream = Some((Decoder::open(&path).map_err(Fault::new)?, None));
        Ok(Flow::Done)
    }

    fn process(&mut self, packet: Box<Packet>, _context: &mut Context<'_>) -> Outcome {
        let kind = packet.data.kind();
        Err(Fault::input(format!("a file source takes no input, got {kind}; remove the edge that leads to it")))
    }

    fn resume(&mut self, context: &mut Context<'_>) -> Outcome {
        let Some((decoder, clock)) = &mut self.stream else { return Ok(Flow::Done) };
        let samples = decoder.block(self.parameters.block_size as usize).map_err(Fault::new)?;
        let Some(format) = decoder.format().filter(|_| !samples.is_empty()) else { return Ok(Flow::Done) };
        let audio = Audio::from_planes(samples, format.rate, format.channels).map_err(Fault::new)?;
        let clock = clock.get_or_insert_with(|| Clock::new(Time::from_nanos(0), format.rate));
        let pts = clock.advance(audio.frames());
        context.emit(Packet::audio(audio, pts));
        Ok(Flow::More)
    }

    fn cleanup(&mut self, _context: &mut Context<'_>) -> Outcome {
        self.stream = None;
        Ok(Flow::Done)
    }
}
