//! Decoding audio files, and noticing when they are not whole.

use std::io::ErrorKind;
use std::path::Path;

use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::{Error, Result as Decoded};
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::packet::Packet;
use symphonia::default::formats::{FlacReader, MpaReader, OggReader, WavReader};

use super::mpeg::{self, Ending, Header};
use super::planes::Planes;
use super::span::{CONVERT, Kind, Span};

/// Frames by which the times in an Ogg file may be off: the muxer wrote them, and some are sloppy. A page that is lost
/// is several times as long.
const OGG_SLACK: u64 = 1024;

/// A WAV file that declares no audio and yet has so many bytes was never finished.
const UNFINISHED_WAV: u64 = 64 * 1024;

/// The sample rate and the number of channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Hertz.
    pub rate: u32,
    /// Channels.
    pub channels: u32,
}

/// An audio file that is being decoded.
pub struct Decoder {
    name: String,
    kind: Kind,
    reader: Box<dyn FormatReader>,
    codec: Box<dyn AudioDecoder>,
    track: Track,
    format: Option<Format>,
    planes: Planes,
    scratch: Vec<Vec<f32>>,
    /// Frames decoded, over all tracks that follow each other.
    decoded: u64,
    /// The last packet, to be found again at the end of the file.
    last: Box<[u8]>,
    /// The same file again, for what the reader does not tell.
    file: Span,
}

/// The stream inside the file that is being read.
struct Track {
    id: u32,
    /// How many frames it declares.
    declared: Option<u64>,
    /// By how many frames the declaration may be wrong in a good file.
    slack: u64,
    /// Frames decoded before it.
    before: u64,
    /// Where the next packet is to begin.
    next: Option<i64>,
    /// Frames at its end that are not to be heard, as declared and as found.
    padding: u64,
    trimmed: u64,
}

impl Decoder {
    /// Opens the audio file at `path`.
    pub fn open(path: &Path) -> Result<Decoder, String> {
        let name = path.display().to_string();
        let (kind, span) = Span::open(path)?;
        let (_, file) = Span::open(path)?;
        let stream = MediaSourceStream::new(Box::new(span), Default::default());
        let reader = read(kind, stream).map_err(|error| match error {
            Error::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
                format!("'{name}' is cut off within its header; {AGAIN}")
            }
            Error::Unsupported(what) => format!("'{name}' cannot be decoded ({what}); {CONVERT}"),
            error => format!("'{name}' has a damaged header ({error}); {AGAIN}"),
        })?;
        let (track, codec) = begin(&*reader, kind, 0).map_err(|what| format!("'{name}' {what}; {CONVERT}"))?;
        if kind == Kind::Wav && track.declared == Some(0) && file.len() > UNFINISHED_WAV {
            let bytes = file.len();
            return Err(format!(
                "'{name}' declares no audio but is {bytes} bytes long: its recorder did not finish it; \
                 repair the header, for example with ffmpeg -i IN out.wav"
            ));
        }
        let (planes, scratch) = (Planes::default(), Vec::new());
        Ok(Decoder { name, kind, reader, codec, track, format: None, planes, scratch, decoded: 0, last: [].into(), file })
    }

    /// The format, known once there is a block.
    pub fn format(&self) -> Option<Format> {
        self.format
    }

    /// The next `frames` frames, plane after plane. Fewer are the last before the end, or before the error that the
    /// next call returns; none are the end.
    pub fn block(&mut self, frames: usize) -> Result<Vec<f32>, String> {
        let mut failure = None;
        while self.planes.frames() < frames && failure.is_none() {
            match self.decode() {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            Some(error) if self.planes.frames() == 0 => Err(error),
            _ => Ok(self.planes.take(frames)),
        }
    }
}
