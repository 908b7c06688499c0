//! The log: a bounded list of records that the program takes when it likes. Nobody is called.
//!
//! What the owner of a session is told anyway is at most information; what nobody would be told of else is a warning. While a
//! level is off, a record costs one relaxed load.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::suggest::nearest;
use crate::{Error, ErrorKind, Result};

/// How many records are kept. Another one pushes the oldest out.
const MOST_RECORDS: usize = 1024;

/// How many bytes the text of a record has at most.
pub const MOST_TEXT: usize = 1024;

/// The environment variable that sets the levels, as [`set_levels`] takes them.
const VARIABLE: &str = "REMOTEMEDIA_LOG";

/// How much a record matters. The numbers are those of Python's `logging`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// What only somebody who looks for an error wants to know.
    Debug = 10,
    /// What happens in the normal course.
    Info = 20,
    /// What nobody may have noticed.
    Warning = 30,
    /// A defect.
    Error = 40,
}

const OFF: u8 = u8::MAX;

const LEVELS: [(&str, u8); 6] = [
    ("debug", Level::Debug as u8),
    ("info", Level::Info as u8),
    ("warn", Level::Warning as u8),
    ("warning", Level::Warning as u8),
    ("error", Level::Error as u8),
    ("off", OFF),
];

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// Calls of the program that cannot be right.
    Misuse,
    /// Sessions that open, end, stall.
    Session,
    /// Nodes that fail.
    Node,
    /// Workers that are hired or refused.
    Worker,
    /// Processes that start and die.
    Process,
    /// Packets that are dropped.
    Packet,
    /// Plugins that are loaded or refused.
    Plugin,
}

const CATEGORIES: [&str; 7] = ["misuse", "session", "node", "worker", "process", "packet", "plugin"];

impl Category {
    /// What it is called.
    pub fn name(self) -> &'static str {
        CATEGORIES[self as usize]
    }
}

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Record {
    /// How much it matters.
    pub level: Level,
    /// What it is about.
    pub category: Category,
    /// When it happened, in nanoseconds since 1970.
    pub time: i64,
    /// How many records before it were pushed out.
    pub dropped: u64,
    /// What happened.
    pub text: String,
}

/// The least level of each category that is taken.
static LEAST: [AtomicU8; CATEGORIES.len()] = [const { AtomicU8::new(Level::Warning as u8) }; CATEGORIES.len()];

static RECORDS: Mutex<Records> = Mutex::new(Records { queue: VecDeque::new(), dropped: 0 });

struct Records {
    queue: VecDeque<Record>,
    /// How many were pushed out since one was taken.
    dropped: u64,
}

/// Writes a record, if its level is on; only then the text is made.
#[inline]
pub fn log(category: Category, level: Level, text: impl FnOnce() -> String) {
    if level as u8 >= LEAST[category as usize].load(Ordering::Relaxed) {
        write(category, level, text());
    }
}

#[cold]
fn write(category: Category, level: Level, mut text: String) {
    let end = (0..=MOST_TEXT.min(text.len())).rev().find(|&at| text.is_char_boundary(at));
    text.truncate(end.unwrap_or(0));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let record = Record { level, category, time: now.as_nanos() as i64, dropped: 0, text };
    let mut records = RECORDS.lock().unwrap_or_else(PoisonError::into_inner);
    if records.queue.len() == MOST_RECORDS {
        records.queue.pop_front();
        records.dropped += 1;
    }
    records.queue.push_back(record);
}

/// Takes the oldest record.
pub fn take() -> Option<Record> {
    let mut records = RECORDS.lock().unwrap_or_else(PoisonError::into_inner);
    let mut record = records.queue.pop_front()?;
    record.dropped = std::mem::take(&mut records.dropped);
    Some(record)
}

/// Sets which levels are taken: `warn`, or `info,session=debug,misuse=off`. A level alone is that of every category; what comes
/// later counts.
pub fn set_levels(text: &str) -> Result<()> {
    let mut least: Vec<u8> = LEAST.iter().map(|level| level.load(Ordering::Relaxed)).collect();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        match part.split_once('=') {
            None => least.fill(level_of(part)?),
            Some((category, level)) => least[category_of(category.trim())?] = level_of(level.trim())?,
        }
    }
    LEAST.iter().zip(least).for_each(|(level, new)| level.store(new, Ordering::Relaxed));
    Ok(())
}

/// Sets the levels that the environment asks for, the first time that it is called.
pub fn read_environment() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let Ok(text) = std::env::var(VARIABLE) else { return };
        if let Err(error) = set_levels(&text) {
            log(Category::Misuse, Level::Warning, || format!("{VARIABLE}: {error}"));
        }
    });
}

fn level_of(name: &str) -> Result<u8> {
    let found = LEVELS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, level)| *level).ok_or_else(|| unknown("level", name, LEVELS.map(|(known, _)| known).as_slice()))
}

fn category_of(name: &str) -> Result<usize> {
    CATEGORIES.iter().position(|known| *known == name).ok_or_else(|| unknown("category", name, &CATEGORIES))
}

fn unknown(what: &str, name: &str, known: &[&str]) -> Error {
    let hint = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean '{near}'?"),
        None => format!("use one of {}", known.join(", ")),
    };
    Error::new(ErrorKind::Argument, format!("'{name}' is no {what} of the log; {hint}"))
}
