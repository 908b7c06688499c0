//! The pages of Ogg: whether they follow each other to the end.
//!
//! Symphonia decodes what is in them, but passes over those that are damaged or missing without a word.

use std::collections::HashMap;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::step::Step;

/// The header of a page, up to the table of its segments.
const HEADER: usize = 27;

/// The flag of the last page of a stream.
const LAST: u8 = 4;

/// How far a page is looked for behind something that is none: further than one can reach.
const SEARCH: u64 = 128 * 1024;

/// What there is to know about a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// The stream that it belongs to.
    pub stream: u32,
    /// The frames of the stream up to its end. Nothing where no packet ends in it.
    pub frames: Option<i64>,
    number: u32,
    last: bool,
}

/// The pages of a file, one after the other.
#[derive(Debug)]
pub struct Pages<R> {
    source: BufReader<R>,
    /// The number of the last page of each stream, and whether it was marked as such.
    streams: HashMap<u32, (u32, bool)>,
}

impl<R: Read + Seek> Pages<R> {
    /// The pages of `source`, which is at its start.
    pub fn new(source: R) -> Pages<R> {
        Pages { source: BufReader::new(source), streams: HashMap::new() }
    }

    /// The next page.
    pub fn next(&mut self) -> io::Result<Step<Page>> {
        let mut bytes = Vec::new();
        self.read(HEADER, &mut bytes)?;
        if !bytes.starts_with(b"OggS") {
            return self.stray(&bytes);
        }
        let Some(&count) = bytes.get(HEADER - 1) else { return Ok(Step::CutOff) };
        self.read(count.into(), &mut bytes)?;
        let body = bytes[HEADER..].iter().map(|size| usize::from(*size)).sum();
        let length = HEADER + usize::from(count) + body;
        self.read(body, &mut bytes)?;
        if bytes.len() < length {
            return Ok(Step::CutOff);
        }
        let page = Page::of(&bytes);
        let before = self.streams.insert(page.stream, (page.number, page.last));
        // A number that starts anew belongs to another stream of the same name.
        let missing = before.is_some_and(|(before, _)| page.number > before.saturating_add(1));
        let sum = word(&bytes, 22);
        bytes[22..26].fill(0);
        Ok(if missing || checksum(&bytes) != sum { Step::Broken } else { Step::Piece(page) })
    }

    fn read(&mut self, count: usize, bytes: &mut Vec<u8>) -> io::Result<()> {
        self.source.by_ref().take(count as u64).read_to_end(bytes).map(|_| ())
    }

    /// What it means that `bytes` come next, which are no page.
    fn stray(&mut self, bytes: &[u8]) -> io::Result<Step<Page>> {
        if bytes.is_empty() {
            let whole = self.streams.values().all(|(_, last)| *last);
            return Ok(if whole { Step::End } else { Step::CutOff });
        }
        if b"OggS".starts_with(bytes) {
            return Ok(Step::CutOff);
        }
        let mut rest = Vec::new();
        self.source.seek(SeekFrom::Current(-(bytes.len() as i64)))?;
        self.source.by_ref().take(SEARCH).read_to_end(&mut rest)?;
        if rest.windows(4).any(|window| window == b"OggS") {
            return Ok(Step::Broken);
        }
        self.source.seek(SeekFrom::End(0))?;
        self.stray(&[])
    }
}

impl Page {
    fn of(bytes: &[u8]) -> Page {
        let frames = i64::from(word(bytes, 10)) << 32 | i64::from(word(bytes, 6));
        Page {
            stream: word(bytes, 14),
            frames: Some(frames).filter(|frames| *frames >= 0),
            number: word(bytes, 18),
            last: bytes[5] & LAST != 0,
        }
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// The checksum of a page: a CRC of 32 bits, most significant bit first, that starts with 0.
fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |sum: u32, byte| sum << 8 ^ TABLE[usize::from((sum >> 24) as u8 ^ byte)])
}

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut sum = (byte as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            sum = sum << 1 ^ if sum >> 31 == 1 { 0x04c1_1db7 } else { 0 };
            bit += 1;
        }
        table[byte] = sum;
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::{Pages, Step, checksum};

    /// A page of 300 bytes.
    fn page(stream: u8, number: u8, last: bool) -> Vec<u8> {
        let mut page = b"OggS\0\0".to_vec();
        page[5] = if last { 4 } else { 0 };
        page.extend([number, 1, 0, 0, 0, 0, 0, 0]);
        page.extend([stream, 0, 0, 0, number, 0, 0, 0, 0, 0, 0, 0, 2, 255, 16]);
        page.extend([7; 271]);
        let sum = checksum(&page);
        page[22..26].copy_from_slice(&sum.to_le_bytes());
        page
    }

    /// How many pages there are, and what comes after them.
    fn follow(parts: &[&[u8]]) -> (usize, Step<()>) {
        let mut pages = Pages::new(Cursor::new(parts.concat()));
        let mut count = 0;
        loop {
            match pages.next().unwrap() {
                Step::Piece(page) => assert!(page.frames.is_some_and(|frames| (256..260).contains(&frames))),
                Step::Broken => return (count, Step::Broken),
                Step::CutOff => return (count, Step::CutOff),
                Step::End => return (count, Step::End),
            }
            count += 1;
        }
    }

    #[test]
    fn endings_are_told_apart() {
        let (first, second, last) = (&page(1, 0, false)[..], &page(1, 1, false)[..], &page(1, 2, true)[..]);
        assert_eq!(follow(&[first, second, last]), (3, Step::End));
        assert_eq!(follow(&[first, second, last, b"junk"]), (3, Step::End));
        assert_eq!(follow(&[first, second]), (2, Step::CutOff));
        assert_eq!(follow(&[first, second, b"junk"]), (2, Step::CutOff));
        for bytes in [1, 3, 20, 28, 299] {
            assert_eq!(follow(&[first, second, &last[..bytes]]), (2, Step::CutOff), "{bytes}");
        }
    }

    #[test]
    fn damage_is_found_where_it_is() {
        let (first, second, last) = (&page(1, 0, false)[..], &page(1, 1, false)[..], &page(1, 2, true)[..]);
        assert_eq!(follow(&[first, last]), (1, Step::Broken));
        assert_eq!(follow(&[first, second, b"junk", last]), (2, Step::Broken));
        let mut damaged = second.to_vec();
        damaged[200] ^= 1;
        assert_eq!(follow(&[first, &damaged, last]), (1, Step::Broken));
    }

    #[test]
    fn streams_may_be_side_by_side_or_one_after_the_other() {
        let (first, second, last) = (&page(1, 0, false)[..], &page(1, 1, false)[..], &page(1, 2, true)[..]);
        let (other, end) = (&page(2, 0, false)[..], &page(2, 1, true)[..]);
        assert_eq!(follow(&[first, other, second, end, last]), (5, Step::End));
        assert_eq!(follow(&[first, other, second, last]), (4, Step::CutOff));
        assert_eq!(follow(&[first, second, last, first, second, last]), (6, Step::End));
        assert_eq!(follow(&[first, second, last, first]), (4, Step::CutOff));
    }
}
