//! Decoding audio files, and noticing when they are not whole.

use std::fmt;
use std::io::ErrorKind;
use std::ops::RangeInclusive;
use std::path::Path;

use symphonia::core::codecs::audio::well_known::{CODEC_ID_OPUS, CODEC_ID_SPEEX};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::{Error, Result as Decoded};
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::default::formats::{FlacReader, MpaReader, OggReader, WavReader};
use symphonia::default::get_codecs;

use super::mpeg::Header;
use super::planes::Planes;
use super::span::{CONVERT, Kind, Span};
use super::watch::{Flaw, MP3_SLACK, OGG_SLACK, Watch};

/// A WAV file that declares no audio and yet has more bytes than this was never finished.
const UNFINISHED_WAV: u64 = 64 * 1024;

/// The sizes that programs give to a WAV file that they write to a pipe, as they cannot know better.
const PIPED_WAV: [RangeInclusive<u64>; 2] = [0x7fff_ef00..=0x8000_0100, 0xffff_ef00..=0xffff_ffff];

const AGAIN: &str = "copy or export the file again";

/// The sample rate and the number of channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Hertz.
    pub rate: u32,
    /// Channels.
    pub channels: u32,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.channels == 1 { "" } else { "s" };
        write!(f, "{} channel{plural} at {} Hz", self.channels, self.rate)
    }
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
    watch: Watch,
    state: State,
}

enum State {
    Reading,
    /// What was decoded before the failure leaves first.
    Failed(String),
    Ended,
}

/// The stream inside the file that is being read.
#[derive(Default)]
struct Track {
    id: u32,
    rate: u32,
    /// How many frames it declares.
    declared: Option<u64>,
    /// By how many of them the declaration may be wrong in a good file.
    slack: u64,
    /// How many frames at its end it declares to be padding, and how many were found to be.
    padding: u64,
    trimmed: u64,
    /// Frames decoded before it.
    before: u64,
}

impl Decoder {
    /// Opens the audio file at `path`; the error says what is wrong with it, and what to do.
    pub fn open(path: &Path) -> Result<Decoder, String> {
        let name = path.display().to_string();
        let (kind, span) = Span::open(path)?;
        let (_, file) = Span::open(path)?;
        let stream = MediaSourceStream::new(Box::new(span), Default::default());
        let reader = read(kind, stream).map_err(|error| match error {
            Error::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
                format!("'{name}' is cut off before any audio; {AGAIN}")
            }
            // What is wrong with the content has no kind of its own.
            Error::IoError(error) if error.kind() != ErrorKind::Other => format!("cannot read '{name}': {error}"),
            Error::Unsupported(what) => format!("'{name}' cannot be decoded ({what}); {CONVERT}"),
            error => format!("'{name}' is damaged at its beginning ({error}); {AGAIN}"),
        })?;
        let (track, codec) = begin(&*reader, kind, 0).map_err(|what| format!("'{name}' {what}; {CONVERT}"))?;
        if kind == Kind::Wav && track.declared == Some(0) && file.len() > UNFINISHED_WAV {
            let bytes = file.len();
            return Err(format!(
                "'{name}' declares no audio but is {bytes} bytes long: its recorder did not finish it; \
                 repair its header, for example with ffmpeg -i IN out.wav"
            ));
        }
        Ok(Decoder {
            name,
            kind,
            reader,
            codec,
            track,
            format: None,
            planes: Planes::default(),
            scratch: Vec::new(),
            decoded: 0,
            watch: Watch::new(kind, file),
            state: State::Reading,
        })
    }

    /// The format, known once there is a block.
    pub fn format(&self) -> Option<Format> {
        self.format
    }

    /// The next `frames` frames, plane after plane. Fewer are the last before the end, or before the error that the
    /// next call returns; none are the end.
    pub fn block(&mut self, frames: usize) -> Result<Vec<f32>, String> {
        while self.planes.frames() < frames && matches!(self.state, State::Reading) {
            match self.decode() {
                Ok(true) => {}
                Ok(false) => self.state = State::Ended,
                Err(error) => self.state = State::Failed(error),
            }
        }
        if self.planes.frames() == 0
            && let State::Failed(error) = std::mem::replace(&mut self.state, State::Ended)
        {
            return Err(error);
        }
        Ok(self.planes.take(frames))
    }

    /// Decodes the next packet; `false` at the end.
    fn decode(&mut self) -> Result<bool, String> {
        let packet = match self.reader.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => return self.finish().map(|()| false),
            Err(Error::ResetRequired) => return self.next_track().map(|()| true),
            // The end of a WAV file that does not declare its length is simply where it ends.
            Err(error) if self.kind == Kind::Wav && self.track.declared.is_none() && is_end(&error) => {
                return Ok(false);
            }
            Err(error) => return Err(self.explain(&error)),
        };
        if packet.track_id != self.track.id {
            return Ok(true);
        }
        self.watch.packet(&packet).map_err(|flaw| self.flaw(flaw))?;
        self.track.trimmed += packet.trim_end.get();
        // The decoder of MP3 only says that something is wrong.
        if let Some(header) = Header::parse(&packet.data).filter(|_| self.kind == Kind::Mp3) {
            self.accept(Format { rate: header.sample_rate, channels: header.channels })?;
        }
        if let Err(error) = self.codec.decode(&packet) {
            return Err(self.flaw(Flaw::Damaged(error.to_string())));
        }
        let buffer = self.codec.last_decoded();
        if buffer.frames() > 0 {
            let format = Format { rate: buffer.spec().rate(), channels: buffer.num_planes() as u32 };
            buffer.copy_to_vecs_planar(&mut self.scratch);
            self.accept(format)?;
            self.planes.push(self.scratch.iter().map(Vec::as_slice));
            self.decoded += self.scratch.first().map_or(0, Vec::len) as u64;
        }
        self.watch.done(packet);
        Ok(true)
    }

    /// Takes the format from the first packet; others must be like it.
    fn accept(&mut self, format: Format) -> Result<(), String> {
        match self.format {
            Some(before) if before != format => {
                let (name, at) = (&self.name, self.seconds(self.decoded));
                Err(format!("'{name}' changes from {before} to {format} at {at}; split it there, or {CONVERT}"))
            }
            Some(_) => Ok(()),
            None if format.rate == 0 => Err(format!("'{}' declares a sample rate of 0 Hz; {AGAIN}", self.name)),
            None => {
                self.planes = Planes::new(format.channels as usize);
                self.format = Some(format);
                Ok(())
            }
        }
    }

    /// Goes over to the stream that was appended to this one.
    fn next_track(&mut self) -> Result<(), String> {
        self.check_length()?;
        let next = begin(&*self.reader, self.kind, self.decoded);
        (self.track, self.codec) = next.map_err(|what| {
            let at = self.seconds(self.decoded);
            format!("'{}' {what} from {at} on; {CONVERT}", self.name)
        })?;
        self.watch.restart();
        Ok(())
    }

    /// Whether the file, which seems to have ended, is whole.
    fn finish(&mut self) -> Result<(), String> {
        self.watch.end(self.track.declared.is_some()).map_err(|flaw| self.flaw(flaw))?;
        self.check_length()
    }

    fn check_length(&self) -> Result<(), String> {
        let Some(declared) = self.track.declared else { return Ok(()) };
        if self.decoded - self.track.before + self.track.slack < declared {
            return Err(self.cut_off());
        }
        // Symphonia drops whatever comes after the declared end.
        if self.kind == Kind::Mp3 && self.track.trimmed > self.track.padding + 2 * MP3_SLACK {
            let (name, end) = (&self.name, self.seconds(declared));
            return Err(format!(
                "'{name}' goes on after {end}, where its header says that it ends: it was put together from several \
                 files; write it anew, for example with ffmpeg -i IN out.flac"
            ));
        }
        Ok(())
    }

    fn flaw(&self, flaw: Flaw) -> String {
        let (name, at) = (&self.name, self.seconds(self.decoded));
        match flaw {
            Flaw::CutOff => self.cut_off(),
            Flaw::Damaged(what) => format!("'{name}' is damaged at {at}: {what}; {AGAIN}"),
            Flaw::Unreadable(why) => format!("cannot read '{name}' after {at}: {why}"),
        }
    }

    fn explain(&self, error: &Error) -> String {
        let (name, at) = (&self.name, self.seconds(self.decoded));
        match error {
            error if is_end(error) => self.cut_off(),
            Error::IoError(error) => self.flaw(Flaw::Unreadable(error.to_string())),
            Error::DecodeError(what) => self.flaw(Flaw::Damaged(what.to_string())),
            error => format!("'{name}' cannot be decoded after {at} ({error}); {CONVERT}"),
        }
    }

    fn cut_off(&self) -> String {
        let (name, at) = (&self.name, self.seconds(self.decoded));
        // The last page that is there, which is all that Ogg declares, is no promise.
        let declared = self.track.declared.filter(|_| self.kind != Kind::Ogg);
        let expected = declared.map(|frames| format!(" (expected {})", self.seconds(self.track.before + frames)));
        format!(
            "'{name}' is cut off after {at}{}: its end is missing or damaged; {AGAIN}",
            expected.unwrap_or_default()
        )
    }

    fn seconds(&self, frames: u64) -> String {
        let rate = self.format.map_or(self.track.rate, |format| format.rate).max(1);
        format!("{:.3} s", frames as f64 / f64::from(rate))
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decoder({:?} '{}', {} frames)", self.kind, self.name, self.decoded)
    }
}

fn read(kind: Kind, stream: MediaSourceStream<'static>) -> Decoded<Box<dyn FormatReader>> {
    let options = FormatOptions::default();
    Ok(match kind {
        Kind::Wav => Box::new(WavReader::try_new(stream, options)?),
        Kind::Flac => Box::new(FlacReader::try_new(stream, options)?),
        Kind::Ogg => Box::new(OggReader::try_new(stream, options)?),
        Kind::Mp3 => Box::new(MpaReader::try_new(stream, options)?),
    })
}

/// Begins to decode the audio of `reader`.
fn begin(reader: &dyn FormatReader, kind: Kind, before: u64) -> Result<(Track, Box<dyn AudioDecoder>), String> {
    let track = reader.default_track(TrackType::Audio).ok_or("holds no audio that is supported")?;
    let parameters = track.codec_params.as_ref().and_then(|parameters| parameters.audio());
    let parameters = parameters.ok_or("holds no audio that is supported")?;
    let codec = get_codecs().make_audio_decoder(parameters, &AudioDecoderOptions::default());
    let codec = codec.map_err(|error| match parameters.codec {
        CODEC_ID_OPUS => "holds Opus audio, which is not supported".to_string(),
        CODEC_ID_SPEEX => "holds Speex audio, which is not supported".to_string(),
        _ => format!("holds audio that cannot be decoded ({error})"),
    })?;
    let slack = match kind {
        Kind::Wav | Kind::Flac => 0,
        Kind::Ogg => OGG_SLACK,
        // Whoever declares the delay of the encoder counts right.
        Kind::Mp3 if track.delay.is_some_and(|delay| delay > 0) => 0,
        Kind::Mp3 => MP3_SLACK,
    };
    let track = Track {
        id: track.id,
        rate: parameters.sample_rate.unwrap_or_default(),
        declared: track.num_frames.filter(|frames| kind != Kind::Wav || !is_piped(*frames, parameters)),
        slack,
        padding: track.padding.unwrap_or_default().into(),
        before,
        ..Track::default()
    };
    Ok((track, codec))
}

/// Whether a WAV file declares its `frames` only because it must declare something.
fn is_piped(frames: u64, parameters: &AudioCodecParameters) -> bool {
    let channels = parameters.channels.as_ref().map_or(0, |channels| channels.count()) as u64;
    let bytes = u64::from(parameters.bits_per_sample.unwrap_or_default().div_ceil(8));
    let bytes = frames.saturating_mul(channels * bytes);
    PIPED_WAV.iter().any(|sizes| sizes.contains(&bytes))
}

fn is_end(error: &Error) -> bool {
    matches!(error, Error::IoError(error) if error.kind() == ErrorKind::UnexpectedEof)
}
