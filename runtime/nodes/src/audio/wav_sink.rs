//! A node that writes a WAV file.

use std::path::Path;

use remotemedia_core::{Context, Fault, Flow, Kinds, Node, NodeInfo, Outcome, Packet};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::decoder::Format;
use super::wav_file::{SampleFormat, WavFile};

/// The format of a file without audio.
const EMPTY: Format = Format { rate: 16_000, channels: 1 };

/// The parameters of `WavSinkNode`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WavSinkParameters {
    /// The file to write. A file of that name is replaced when the new one is whole.
    #[schemars(length(min = 1))]
    pub path: String,
    /// How samples are written.
    #[serde(default)]
    pub format: SampleFormat,
}

/// Writes the audio that it takes to a WAV file, and at the end of the stream emits what it wrote.
///
/// The file has the sample rate and the channels of the first packet, and all others must have the same. A stream
/// without packets makes a file of 0 frames, mono at 16000 Hz. The file appears when the stream has ended well: a run
/// that fails leaves what was there before.
#[derive(Debug)]
pub struct WavSink {
    parameters: WavSinkParameters,
    file: Option<WavFile>,
    /// Why a part of the stream is missing in the file, which therefore must not appear.
    failure: Option<String>,
}

impl WavSink {
    /// A sink that begins its file with the first packet.
    pub fn new(parameters: WavSinkParameters) -> WavSink {
        WavSink { parameters, file: None, failure: None }
    }

    fn begin(&self, format: Format) -> Result<WavFile, Fault> {
        WavFile::create(Path::new(&self.parameters.path), format, self.parameters.format).map_err(Fault::new)
    }

    fn reset(&mut self) {
        self.file = None;
        self.failure = None;
    }
}

impl Node for WavSink {
    fn info(&self) -> NodeInfo {
        NodeInfo::filter(Kinds::AUDIO, Kinds::JSON)
    }

    fn initialize(&mut self, _context: &mut Context<'_>) -> Outcome {
        self.reset();
        // Better now than after the work.
        WavFile::check(Path::new(&self.parameters.path)).map_err(Fault::new)?;
        Ok(Flow::Done)
    }

    fn process(&mut self, packet: Box<Packet>, _context: &mut Context<'_>) -> Outcome {
        let audio = packet.data.into_audio()?;
        if let Some(failure) = &self.failure {
            return Err(Fault::new(format!("not written after the failure before: {failure}")));
        }
        let format = Format { rate: audio.sample_rate(), channels: audio.channels() };
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let file = self.begin(format)?;
                self.file.insert(file)
            }
        };
        if file.format() != format {
            let (path, before) = (&self.parameters.path, file.format());
            return Err(Fault::input(format!(
                "expected {before}, as '{path}' has it, got {format}; put a FastResampleNode before this node"
            )));
        }
        let planes: Vec<&[f32]> = (0..audio.channels() as usize).map(|channel| audio.plane(channel)).collect();
        if let Err(failure) = file.write(&planes) {
            // What was written is of no use: it gives its space back.
            self.file = None;
            self.failure = Some(failure.clone());
            return Err(Fault::new(failure));
        }
        Ok(Flow::Done)
    }

    fn flush(&mut self, context: &mut Context<'_>) -> Outcome {
        if let Some(failure) = &self.failure {
            return Err(Fault::new(format!("'{}' was not made: {failure}", self.parameters.path)));
        }
        let file = match self.file.take() {
            Some(file) => file,
            None => self.begin(EMPTY)?,
        };
        let (Format { rate, channels }, frames) = (file.format(), file.frames());
        file.finish().map_err(Fault::new)?;
        context.emit(Packet::json(json!({
            "path": self.parameters.path,
            "frames": frames,
            "seconds": frames as f64 / f64::from(rate),
            "sample_rate": rate,
            "channels": channels,
        })));
        Ok(Flow::Done)
    }

    fn cleanup(&mut self, _context: &mut Context<'_>) -> Outcome {
        self.reset();
        Ok(Flow::Done)
    }
}
