//! The part of a file that is audio, and what kind it is.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use remotemedia_core::fault::{Point, check};
use symphonia::core::io::MediaSource;

use super::mpeg;

/// The kinds of audio file that we read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// RIFF WAVE.
    Wav,
    /// Native FLAC.
    Flac,
    /// Ogg, with Vorbis or FLAC inside.
    Ogg,
    /// MPEG audio layer III.
    Mp3,
}

/// What a user may give us by mistake: the bytes at an offset that tell it, and its name.
const OTHERS: [(usize, &[u8], &str); 9] = [
    (4, b"ftyp", "an MP4 or M4A file"),
    (0, b"FORM", "an AIFF file"),
    (0, b"RF64", "an RF64 file (a WAV of more than 4 GiB)"),
    (0, b"\x1a\x45\xdf\xa3", "a Matroska or WebM file"),
    (0, b"caff", "a Core Audio file"),
    (0, b"#!AMR", "an AMR file"),
    (0, b"\x30\x26\xb2\x75", "a Windows Media file"),
    (0, b"RIFF", "a RIFF file of another kind than WAVE"),
    (0, b"MAC ", "a Monkey's Audio file"),
];

/// How far into a file the first frame of an MP3 is looked for: encoders and editors leave padding before it.
const MP3_SEARCH: u64 = 64 * 1024;

/// A file between the tags around it. Reading ends at its end, so that no tag is ever taken for audio.
#[derive(Debug)]
pub struct Span {
    file: File,
    start: u64,
    end: u64,
    position: u64,
    seekable: bool,
}

impl Span {
    /// Opens the audio file at `path`; the error says what is wrong with it, and what to do.
    pub fn open(path: &Path) -> Result<(Kind, Span), String> {
        let failed = |error| cannot_open(path, &error);
        let metadata = fs::metadata(path).map_err(failed)?;
        let name = path.display();
        if metadata.is_dir() {
            return Err(format!("'{name}' is a folder; give the path of an audio file in it"));
        }
        if !metadata.is_file() {
            return Err(format!("'{name}' is not a regular file; copy what it yields to a file first"));
        }
        if metadata.len() == 0 {
            return Err(format!("'{name}' is empty (0 bytes); copy or export the file again"));
        }
        let file = check(Point::File).and_then(|()| File::open(path)).map_err(failed)?;
        let mut span = Span { file, start: 0, end: metadata.len(), position: 0, seekable: true };
        let unreadable = |error| format!("cannot read '{name}': {error}");
        let kind = span.trim().map_err(unreadable)?;
        let kind = kind.ok_or_else(|| match span.other() {
            Some(other) => format!("'{name}' is {other}, which is not supported; {CONVERT}"),
            None => format!("'{name}' is not audio in a supported format; {CONVERT}"),
        })?;
        // Symphonia guesses the length of an MP3 without a header from its size if it can seek, and a guess must not
        // be taken for what the file declares.
        span.seekable = kind != Kind::Mp3;
        span.seek(SeekFrom::Start(0)).map_err(unreadable)?;
        Ok((kind, span))
    }

    /// The bytes of the span.
    pub fn len(&self) -> u64 {
        self.end - self.start
    }

    /// The last `count` bytes of the span, or all of them if there are fewer.
    pub fn tail(&mut self, count: usize) -> io::Result<Vec<u8>> {
        let from = self.len().saturating_sub(count as u64);
        self.bytes(from, count)
    }

    /// Up to `count` bytes at `offset` of the span.
    fn bytes(&mut self, offset: u64, count: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.seek(SeekFrom::Start(offset))?;
        self.by_ref().take(count as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Leaves out the tags and finds out what is between them.
    fn trim(&mut self) -> io::Result<Option<Kind>> {
        while let Some(length) = leading_tag(&self.bytes(0, 10)?) {
            self.start = self.end.min(self.start + length);
        }
        let magic = self.bytes(0, 12)?;
        if magic.starts_with(b"RIFF") && magic.ends_with(b"WAVE") {
            return Ok(Some(Kind::Wav));
        }
        if magic.starts_with(b"OggS") {
            return Ok(Some(Kind::Ogg));
        }
        while let Some(length) = trailing_tag(&self.tail(160)?) {
            self.end = self.start.max(self.end.saturating_sub(length));
        }
        if magic.starts_with(b"fLaC") {
            return Ok(Some(Kind::Flac));
        }
        // Data that merely looks like one frame is too common to search in files that are known to be something else.
        if self.other().is_none()
            && let Some(first) = mpeg::first_frame(self, MP3_SEARCH)?
        {
            self.start += first;
            return Ok(Some(Kind::Mp3));
        }
        Ok(None)
    }

    fn other(&mut self) -> Option<&'static str> {
        let magic = self.bytes(0, 16).ok()?;
        let found =
            |(offset, bytes, _): &&(usize, &[u8], &str)| magic.get(*offset..).is_some_and(|at| at.starts_with(bytes));
        OTHERS.iter().find(found).map(|(_, _, name)| *name)
    }
}

/// What to do with a file that we cannot read.
pub const CONVERT: &str = "WAV, FLAC, MP3 and Ogg Vorbis are: convert it, for example with ffmpeg -i IN out.flac";

fn cannot_open(path: &Path, error: &io::Error) -> String {
    let name = path.display();
    match error.kind() {
        ErrorKind::NotFound if path.is_relative() => {
            let folder = std::env::current_dir().unwrap_or_default();
            format!("'{name}' does not exist in the current folder '{}'; correct the path", folder.display())
        }
        ErrorKind::NotFound => format!("'{name}' does not exist; correct the path"),
        ErrorKind::PermissionDenied => {
            format!("no permission to read '{name}'; allow it with chmod +r, or run as a user who may read it")
        }
        _ => format!("cannot open '{name}': {error}"),
    }
}

/// The length of the ID3v2 tag that starts with `bytes`.
pub fn leading_tag(bytes: &[u8]) -> Option<u64> {
    let &[b'I', b'D', b'3', major, minor, flags, a, b, c, d, ..] = bytes else { return None };
    // The size is written in the low seven bits of each byte, so that it never looks like the start of a frame.
    if major == 0xff || minor == 0xff || [a, b, c, d].iter().any(|byte| byte & 0x80 != 0) {
        return None;
    }
    let size = [a, b, c, d].iter().fold(0, |size, byte| size << 7 | u64::from(*byte));
    let footer = if flags & 0x10 != 0 { 10 } else { 0 };
    Some(10 + size + footer)
}

/// The length of the ID3v1, APE or Lyrics3 tag that ends with `bytes`.
fn trailing_tag(bytes: &[u8]) -> Option<u64> {
    let last = |count: usize| bytes.len().checked_sub(count).map(|from| &bytes[from..]);
    if last(128).is_some_and(|tag| tag.starts_with(b"TAG")) {
        return Some(128);
    }
    if let Some(footer) = last(32).filter(|footer| footer.starts_with(b"APETAGEX")) {
        let word = |at: usize| footer[at..at + 4].iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        let header = if word(20) >> 31 != 0 { 32 } else { 0 };
        return Some(word(12).max(32) + header);
    }
    let size = last(15).filter(|footer| footer.ends_with(b"LYRICS200"))?;
    std::str::from_utf8(&size[..6]).ok()?.parse::<u64>().ok().map(|size| size + 15)
}

impl Read for Span {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.len().saturating_sub(self.position);
        let count = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        check(Point::File)?;
        let count = self.file.read(&mut buffer[..count])?;
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for Span {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(offset) => self.len().checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        let position = position.ok_or(ErrorKind::InvalidInput)?;
        self.file.seek(SeekFrom::Start(self.start.saturating_add(position)))?;
        self.position = position;
        Ok(position)
    }
}

impl MediaSource for Span {
    fn is_seekable(&self) -> bool {
        self.seekable
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.len())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};
    use std::path::Path;

    use super::{cannot_open, leading_tag, trailing_tag};

    #[test]
    fn tags_have_their_length() {
        assert_eq!(leading_tag(b"ID3\x04\x00\x00\x00\x00\x01\x02"), Some(10 + 130));
        assert_eq!(leading_tag(b"ID3\x04\x00\x10\x00\x00\x00\x01"), Some(21));
        assert_eq!(leading_tag(b"ID3\x04\x00\x00\x00\x00\x80\x02"), None);
        let mut id3v1 = [0; 128];
        id3v1[..3].copy_from_slice(b"TAG");
        assert_eq!(trailing_tag(&id3v1), Some(128));
        let mut ape = [0; 32];
        ape[..8].copy_from_slice(b"APETAGEX");
        ape[12] = 100;
        assert_eq!(trailing_tag(&ape), Some(100));
        ape[23] = 0x80;
        assert_eq!(trailing_tag(&ape), Some(132));
        assert_eq!(trailing_tag(b"......000100LYRICS200"), Some(115));
        assert_eq!(trailing_tag(b"......no tag at all.."), None);
        assert_eq!(trailing_tag(b""), None);
    }

    #[test]
    fn errors_name_the_file_and_the_way_out() {
        let of = |kind| cannot_open(Path::new("/x/y.wav"), &Error::from(kind));
        assert_eq!(of(ErrorKind::NotFound), "'/x/y.wav' does not exist; correct the path");
        assert!(of(ErrorKind::PermissionDenied).contains("no permission to read '/x/y.wav'; allow it with chmod +r"));
        assert!(of(ErrorKind::TimedOut).starts_with("cannot open '/x/y.wav': "));
    }
}
