//! The frames of MPEG audio: where they begin, and whether they follow each other to the end.
//!
//! Symphonia decodes them, but passes over what lies between them, and over a last one that is cut off, without a word.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::span::leading_tag;
use super::step::Step;

/// Kilobits a second of layer III, by the index in the header: of MPEG 1, and of MPEG 2 and 2.5.
const BIT_RATES: [[u32; 15]; 2] = [
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

/// Bytes that hold the frames that prove that there are frames.
const ENOUGH: u64 = 8 * 1024;

/// The header of a frame of layer III.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Hertz.
    pub sample_rate: u32,
    /// 1 or 2.
    pub channels: u32,
    /// Samples a channel.
    pub samples: u32,
    /// The whole frame in bytes.
    pub bytes: u64,
}

impl Header {
    /// The header in the first four of `bytes`. Nothing for other layers, which we do not decode.
    pub fn parse(bytes: &[u8]) -> Option<Header> {
        let &[0xff, second, third, fourth, ..] = bytes else { return None };
        if second & 0xe6 != 0xe2 {
            return None;
        }
        // MPEG 1, 2 or 2.5, each with half the rates of the one before.
        let (version, shift) = match second >> 3 & 3 {
            3 => (0, 0),
            2 => (1, 1),
            0 => (1, 2),
            _ => return None,
        };
        let rate = [44_100, 48_000, 32_000].get(usize::from(third >> 2 & 3))?;
        let sample_rate = rate >> shift;
        let bit_rate = BIT_RATES[version].get(usize::from(third >> 4)).filter(|rate| **rate > 0)? * 1000;
        let samples = if version == 0 { 1152 } else { 576 };
        let padding = u32::from(third >> 1 & 1);
        let channels = if fourth >> 6 == 3 { 1 } else { 2 };
        Some(Header {
            sample_rate,
            channels,
            samples,
            bytes: u64::from(samples / 8 * bit_rate / sample_rate + padding),
        })
    }

    /// Whether both can belong to one stream.
    fn like(&self, other: &Header) -> bool {
        (self.sample_rate, self.samples) == (other.sample_rate, other.samples)
    }
}

/// Where the first frame begins, within the first `limit` bytes of `source`.
pub fn first_frame(source: &mut (impl Read + Seek), limit: u64) -> io::Result<Option<u64>> {
    source.seek(SeekFrom::Start(0))?;
    let mut bytes = Vec::new();
    source.take(limit + ENOUGH).read_to_end(&mut bytes)?;
    let limit = usize::try_from(limit).map_or(bytes.len(), |limit| limit.min(bytes.len()));
    Ok((0..limit).find(|start| is_start(&bytes[*start..])).map(|start| start as u64))
}

/// Whether `bytes` start with frames that follow each other: three, or however many there are up to the end.
fn is_start(bytes: &[u8]) -> bool {
    let Some(first) = Header::parse(bytes) else { return false };
    let mut at = 0;
    for count in 1..=3 {
        at += first_bytes(&bytes[at..]);
        match bytes.get(at..) {
            Some([]) => return true,
            Some(rest) if rest.len() < 4 => return count > 1,
            Some(rest) => {
                if !Header::parse(rest).is_some_and(|header| header.like(&first)) {
                    return false;
                }
            }
            // One frame without its end proves nothing.
            None => return count > 1,
        }
    }
    true
}

fn first_bytes(bytes: &[u8]) -> usize {
    Header::parse(bytes).map_or(bytes.len(), |header| header.bytes as usize)
}

/// The frames of a file, one after the other.
#[derive(Debug)]
pub struct Frames<R> {
    source: BufReader<R>,
    first: Option<Header>,
    at: u64,
    end: u64,
}

impl<R: Read + Seek> Frames<R> {
    /// The frames of `source`, of `end` bytes, which starts with one.
    pub fn new(source: R, end: u64) -> Frames<R> {
        Frames { source: BufReader::new(source), first: None, at: 0, end }
    }

    /// The header of the next frame, in its four bytes.
    pub fn next(&mut self) -> io::Result<Step<[u8; 4]>> {
        while self.at < self.end {
            let mut bytes = Vec::new();
            self.source.by_ref().take(10).read_to_end(&mut bytes)?;
            let mut header = Header::parse(&bytes);
            if header.is_some_and(|header| self.first.is_some_and(|first| !header.like(&first)))
                && !self.starts_anew()?
            {
                header = None;
            }
            // Files that were put together from others have the others' tags inside.
            let length = match (header, leading_tag(&bytes)) {
                (Some(header), _) => header.bytes,
                (None, Some(length)) => length,
                (None, None) => return self.stray(&bytes),
            };
            self.at += length;
            if self.at > self.end {
                return Ok(Step::CutOff);
            }
            self.source.seek_relative(length as i64 - bytes.len() as i64)?;
            if let Some(header) = header {
                self.first = Some(header);
                return Ok(Step::Piece([bytes[0], bytes[1], bytes[2], bytes[3]]));
            }
        }
        Ok(Step::End)
    }

    /// Whether frames of another format follow here.
    fn starts_anew(&mut self) -> io::Result<bool> {
        let position = self.source.stream_position()?;
        let mut bytes = Vec::new();
        self.source.seek(SeekFrom::Start(self.at))?;
        self.source.by_ref().take(ENOUGH).read_to_end(&mut bytes)?;
        self.source.seek(SeekFrom::Start(position))?;
        Ok(is_start(&bytes))
    }

    /// What it means that `bytes` come next, which are no frame.
    fn stray(&mut self, bytes: &[u8]) -> io::Result<Step<[u8; 4]>> {
        if bytes.len() < 4 && bytes[0] == 0xff {
            return Ok(Step::CutOff);
        }
        self.source.seek(SeekFrom::Start(self.at + 1))?;
        if self.first.is_some_and(|first| frames_in(&mut self.source, &first)) {
            return Ok(Step::Broken);
        }
        self.at = self.end;
        Ok(Step::End)
    }
}

/// Whether there are frames like `first` in what is left of `source`.
fn frames_in(source: &mut impl Read, first: &Header) -> bool {
    let mut bytes = Vec::new();
    // What is no frame is either short, or a tag of a kind that we do not know, which may be of any length.
    if source.take(1024 * 1024).read_to_end(&mut bytes).is_err() {
        return false;
    }
    let starts = |at: &usize| Header::parse(&bytes[*at..]).is_some_and(|header| header.like(first));
    (0..bytes.len()).filter(starts).any(|at| is_start(&bytes[at..]))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::{Frames, Header, Step, first_frame};

    /// A frame of MPEG 1, layer III, 128 kb/s, 44100 Hz, stereo.
    fn frame() -> Vec<u8> {
        let mut frame = vec![0; 417];
        frame[..4].copy_from_slice(&[0xff, 0xfb, 0x90, 0x00]);
        frame
    }

    #[test]
    fn headers_tell_the_length_of_the_frame() {
        let header = Header { sample_rate: 44_100, channels: 2, samples: 1152, bytes: 417 };
        assert_eq!(Header::parse(&frame()), Some(header));
        let header = Header { sample_rate: 22_050, channels: 1, samples: 576, bytes: 208 + 1 };
        assert_eq!(Header::parse(&[0xff, 0xf3, 0x82, 0xc0]), Some(header));
        assert_eq!(Header::parse(&[0xff, 0xfd, 0x90, 0x00]), None, "layer II");
        assert_eq!(Header::parse(&[0xff, 0xfb, 0x00, 0x00]), None, "free format");
        assert_eq!(Header::parse(&[0xff; 4]), None);
        assert_eq!(Header::parse(&[0xff, 0xfb]), None);
    }

    #[test]
    fn the_first_frame_is_found_behind_junk() {
        let mut file = vec![0xff; 100];
        file.extend(frame().repeat(4));
        assert_eq!(first_frame(&mut Cursor::new(file), 65536).unwrap(), Some(100));
        assert_eq!(first_frame(&mut Cursor::new(frame()), 65536).unwrap(), Some(0));
        assert_eq!(first_frame(&mut Cursor::new(&frame()[..400]), 65536).unwrap(), None);
        assert_eq!(first_frame(&mut Cursor::new(b""), 65536).unwrap(), None);
    }

    /// How many frames there are, and what comes after them.
    fn follow(parts: &[&[u8]]) -> (usize, Step<()>) {
        let bytes = parts.concat();
        let end = bytes.len() as u64;
        let mut frames = Frames::new(Cursor::new(bytes), end);
        let mut count = 0;
        loop {
            match frames.next().unwrap() {
                Step::Piece(header) => assert_eq!(header, frame()[..4]),
                Step::Broken => return (count, Step::Broken),
                Step::CutOff => return (count, Step::CutOff),
                Step::End => return (count, Step::End),
            }
            count += 1;
        }
    }

    #[test]
    fn endings_are_told_apart() {
        let whole = &frame().repeat(5)[..];
        assert_eq!(follow(&[whole]), (5, Step::End));
        assert_eq!(follow(&[&whole[..whole.len() - 1]]), (4, Step::CutOff));
        assert_eq!(follow(&[&whole[..417 * 4 + 2]]), (4, Step::CutOff));
        assert_eq!(follow(&[whole, &[0; 999]]), (5, Step::End));
        assert_eq!(follow(&[whole, b"ID3\x04\x00\x00\x00\x00\x00\x01x", whole]), (10, Step::End));
        assert_eq!(follow(&[whole, &[0; 999], whole]), (5, Step::Broken));
    }
}
