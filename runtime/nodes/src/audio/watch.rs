//! Watching whether a file is whole while it is decoded.
//!
//! Decoders are made to go on over damage. Here audio that is missing is a failure, so the file is followed a second
//! time, by its structure alone.

use std::io;

use symphonia::core::packet::Packet;

use super::mpeg::Frames;
use super::ogg::Pages;
use super::span::{Kind, Span};
use super::step::Step;

/// Frames by which the times in an Ogg file may be off: the muxer wrote them, and some are sloppy.
pub const OGG_SLACK: u64 = 1024;

/// Frames by which an MP3 may be shorter than it declares: simple encoders count the frame that holds the declaration.
pub const MP3_SLACK: u64 = 1152;

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Its end is missing.
    CutOff,
    /// Something is missing in it, or does not belong in it.
    Damaged(String),
    /// It cannot be read.
    Unreadable(String),
}

/// Follows a file packet by packet.
pub struct Watch {
    structure: Structure,
    /// Where the next packet is to begin.
    next: Option<i64>,
}

enum Structure {
    /// A WAV file is one block of samples, and declares how many.
    Plain,
    /// The checksums of FLAC are with its packets. What comes after the last one shows at the end.
    Packets { file: Span, last: Box<[u8]> },
    /// Pages, up to so many frames.
    Pages { pages: Pages<Span>, frames: i64 },
    /// The packets of MP3 are its frames.
    Frames(Frames<Span>),
}

impl Watch {
    /// A watch over `file`, which is at its start.
    pub fn new(kind: Kind, file: Span) -> Watch {
        let structure = match kind {
            Kind::Wav => Structure::Plain,
            Kind::Flac => Structure::Packets { file, last: Box::default() },
            Kind::Ogg => Structure::Pages { pages: Pages::new(file), frames: i64::MIN },
            Kind::Mp3 => {
                let end = file.len();
                Structure::Frames(Frames::new(file, end))
            }
        };
        Watch { structure, next: None }
    }

    /// Forgets where the next packet is to begin: another stream does.
    pub fn restart(&mut self) {
        self.next = None;
    }

    /// Whether `packet`, which comes next, follows the one before it.
    pub fn packet(&mut self, packet: &Packet) -> Result<(), Flaw> {
        let begin = packet.pts.get();
        let slack = match &mut self.structure {
            // Their times are counted by Symphonia and prove nothing.
            Structure::Plain => return Ok(()),
            Structure::Frames(frames) => return find(frames, &packet.data),
            Structure::Packets { .. } => 0,
            Structure::Pages { pages, frames } => {
                pass(pages, frames, packet.track_id, begin)?;
                OGG_SLACK
            }
        };
        let missing = self.next.map_or(0, |next| begin.saturating_sub(next)).max(0) as u64;
        self.next = Some(begin.saturating_add_unsigned(packet.block_dur().get()));
        if missing > slack {
            return Err(Flaw::Damaged(format!("{missing} frames are missing")));
        }
        Ok(())
    }

    /// Keeps a packet that was decoded.
    pub fn done(&mut self, packet: Packet) {
        if let Structure::Packets { last, .. } = &mut self.structure {
            *last = packet.data;
        }
    }

    /// Whether the file, from which no packet comes any more, has ended well. `sized`: whether it declares its length.
    pub fn end(&mut self, sized: bool) -> Result<(), Flaw> {
        match &mut self.structure {
            Structure::Plain => Ok(()),
            Structure::Packets { .. } if sized => Ok(()),
            // Of a length that nobody knows, what is left over at the end tells.
            Structure::Packets { file, last } => match file.tail(last.len()).map_err(unreadable)? {
                tail if *tail == **last => Ok(()),
                _ => Err(Flaw::CutOff),
            },
            Structure::Pages { pages, .. } => rest(|| pages.next()),
            Structure::Frames(frames) => rest(|| frames.next()),
        }
    }
}

/// Follows the frames up to the one that is `data`.
fn find(frames: &mut Frames<Span>, data: &[u8]) -> Result<(), Flaw> {
    loop {
        match frames.next().map_err(unreadable)? {
            // The frame that declares the length holds no audio and makes no packet.
            Step::Piece(header) if !data.starts_with(&header) => {}
            Step::Piece(_) => return Ok(()),
            Step::CutOff => return Err(Flaw::CutOff),
            Step::Broken | Step::End => return Err(broken()),
        }
    }
}

/// Follows the pages to the one that frame `begin` of `stream` is in.
fn pass(pages: &mut Pages<Span>, frames: &mut i64, stream: u32, begin: i64) -> Result<(), Flaw> {
    while *frames <= begin {
        match pages.next().map_err(unreadable)? {
            Step::Piece(page) if page.stream == stream => *frames = page.frames.unwrap_or(*frames),
            Step::Piece(_) => {}
            Step::Broken => return Err(broken()),
            // If it comes too early, that shows when no packet comes any more.
            Step::CutOff | Step::End => *frames = i64::MAX,
        }
    }
    Ok(())
}

/// Follows what is left.
fn rest<T>(mut next: impl FnMut() -> io::Result<Step<T>>) -> Result<(), Flaw> {
    loop {
        match next().map_err(unreadable)? {
            Step::Piece(_) => {}
            Step::Broken => return Err(broken()),
            Step::CutOff => return Err(Flaw::CutOff),
            Step::End => return Ok(()),
        }
    }
}

fn broken() -> Flaw {
    Flaw::Damaged("something is missing there, or does not belong there".into())
}

fn unreadable(error: io::Error) -> Flaw {
    Flaw::Unreadable(error.to_string())
}
