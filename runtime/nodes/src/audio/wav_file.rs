//! Writing WAV files so that there is a whole one or none.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use hound::{WavSpec, WavWriter};
use remotemedia_core::fault::{Point, check};
use schemars::JsonSchema;
use serde::Deserialize;

use super::decoder::Format;

/// What a WAV file can hold: its sizes are written in 32 bits, and the header takes some of it.
const MOST_BYTES: u64 = u32::MAX as u64 - 1024;

/// More channels than this, hound cannot describe.
const MOST_CHANNELS: u32 = 1024;

/// How samples are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SampleFormat {
    /// 16-bit integers: rounded, and clipped to -1..=1.
    #[default]
    I16,
    /// 32-bit floats, as they are.
    F32,
}

/// A WAV file that is being written under another name, beside the one that it is to have. Dropped before it is
/// finished, it leaves nothing behind.
pub struct WavFile {
    path: PathBuf,
    temporary: PathBuf,
    writer: Option<WavWriter<BufWriter<File>>>,
    file: File,
    format: Format,
    samples: SampleFormat,
    frames: u64,
}

impl WavFile {
    /// Whether a file can be put at `path`; the error says why not, and what to do.
    pub fn check(path: &Path) -> Result<(), String> {
        let name = path.display();
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                return Err(format!("'{name}' is a folder; give the path of a file in it"));
            }
            // Putting a file in the place of a device would destroy it.
            Ok(metadata) if !metadata.is_file() => {
                return Err(format!("'{name}' is not a regular file and is not replaced; give another path"));
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(cannot(path, "write", &error)),
        }
        let Some(file_name) = path.file_name() else {
            return Err(format!("'{name}' names no file; give the path of a WAV file"));
        };
        let folder = folder(path);
        match fs::metadata(&folder) {
            Ok(metadata) if metadata.is_dir() => Ok(()),
            Ok(_) => Err(format!("cannot write '{name}': '{}' is not a folder; correct the path", folder.display())),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let (folder, file_name) = (folder.display(), file_name.display());
                Err(format!(
                    "cannot write '{file_name}': the folder '{folder}' does not exist; create it, or correct the path"
                ))
            }
            Err(error) => Err(cannot(path, "write", &error)),
        }
    }

    /// Begins the file that is to have `path`.
    pub fn create(path: &Path, format: Format, samples: SampleFormat) -> Result<WavFile, String> {
        WavFile::check(path)?;
        let (bits_per_sample, sample_format) = match samples {
            SampleFormat::I16 => (16, hound::SampleFormat::Int),
            SampleFormat::F32 => (32, hound::SampleFormat::Float),
        };
        let bytes_per_second = u64::from(format.rate) * u64::from(format.channels) * u64::from(bits_per_sample / 8);
        if format.channels > MOST_CHANNELS || bytes_per_second > u64::from(u32::MAX) {
            return Err(format!("a WAV file cannot hold {format}; resample or mix it down first"));
        }
        let spec =
            WavSpec { channels: format.channels as u16, sample_rate: format.rate, bits_per_sample, sample_format };
        // A link stays a link: the file that it leads to is replaced.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        let temporary = temporary(&path);
        let failed = |error| cannot(&path, "write", &error);
        check(Point::File).map_err(failed)?;
        let file = OpenOptions::new().write(true).create_new(true).open(&temporary).map_err(failed)?;
        let (writer, file) = match check(Point::File).and_then(|()| file.try_clone()) {
            Ok(clone) => (BufWriter::new(clone), file),
            Err(error) => {
                let _ = fs::remove_file(&temporary);
                return Err(failed(error));
            }
        };
        let mut wav = WavFile { path, temporary, writer: None, file, format, samples, frames: 0 };
        // From here on `wav` cleans up.
        match check(Point::File).map_err(hound::Error::IoError).and_then(|()| WavWriter::new(writer, spec)) {
            Ok(writer) => wav.writer = Some(writer),
            Err(error) => return Err(wav.explain(error)),
        }
        Ok(wav)
    }

    /// The format of what was written.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The frames written.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Adds `planes`, one a channel, equally long.
    pub fn write(&mut self, planes: &[&[f32]]) -> Result<(), String> {
        let frames = planes.first().map_or(0, |plane| plane.len());
        let width = match self.samples {
            SampleFormat::I16 => 2,
            SampleFormat::F32 => 4,
        };
        if (self.frames + frames as u64) * u64::from(self.format.channels) * width > MOST_BYTES {
            let (name, at) = (self.path.display(), self.frames as f64 / f64::from(self.format.rate));
            return Err(format!(
                "'{name}' would be larger than the 4 GiB that a WAV file can hold, after {at:.3} s; split the stream, \
                 or write fewer channels or a lower sample rate"
            ));
        }
        check(Point::File).map_err(|error| cannot(&self.path, "write", &error))?;
        let Some(writer) = &mut self.writer else { return Ok(()) };
        let samples = self.samples;
        let written =
            (0..frames).flat_map(|frame| planes.iter().map(move |plane| plane[frame])).try_for_each(|sample| {
                match samples {
                    // As a cast clips what does not fit, and takes what is not a number for silence.
                    SampleFormat::I16 => writer.write_sample((sample * 32768.0).round() as i16),
                    SampleFormat::F32 => writer.write_sample(sample),
                }
            });
        written.map_err(|error| self.explain(error))?;
        self.frames += frames as u64;
        Ok(())
    }

    /// Puts the file in its place.
    pub fn finish(mut self) -> Result<(), String> {
        if let Some(writer) = self.writer.take() {
            check(Point::File)
                .map_err(hound::Error::IoError)
                .and_then(|()| writer.finalize())
                .map_err(|error| self.explain(error))?;
        }
        // Without this a disk that is full, or fails, may only show after the old file is gone.
        check(Point::File).and_then(|()| self.file.sync_all()).map_err(|error| cannot(&self.path, "write", &error))?;
        let replaced = check(Point::File).and_then(|()| fs::rename(&self.temporary, &self.path));
        replaced.map_err(|error| cannot(&self.path, "replace", &error))?;
        self.temporary.clear();
        Ok(())
    }

    fn explain(&self, error: hound::Error) -> String {
        match error {
            hound::Error::IoError(error) => cannot(&self.path, "write", &error),
            error => format!("cannot write '{}': {error}", self.path.display()),
        }
    }
}

impl Drop for WavFile {
    fn drop(&mut self) {
        self.writer = None;
        if !self.temporary.as_os_str().is_empty() {
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

impl fmt::Debug for WavFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WavFile('{}', {}, {} frames)", self.path.display(), self.format, self.frames)
    }
}

fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// A name beside `path` that nobody else uses.
fn temporary(path: &Path) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // Not the whole name: with the rest added it might be too long.
    let start: String = name.chars().take(32).collect();
    folder(path).join(format!(".{start}.{}-{number}.part", process::id()))
}

fn cannot(path: &Path, what: &str, error: &io::Error) -> String {
    let (name, folder) = (path.display(), folder(path));
    let folder = folder.display();
    match error.kind() {
        ErrorKind::PermissionDenied => {
            format!("no permission to {what} '{name}'; allow writing in '{folder}', or choose another folder")
        }
        ErrorKind::ReadOnlyFilesystem => {
            format!("cannot {what} '{name}': its disk is read-only; choose another folder")
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            format!("cannot {what} '{name}': the disk is full ({error}); free some space, or choose another folder")
        }
        _ => format!("cannot {what} '{name}': {error}; check the path and the disk, or choose another folder"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};
    use std::path::Path;

    use super::{cannot, temporary};

    #[test]
    fn errors_name_the_file_and_the_way_out() {
        let of = |kind| cannot(Path::new("/x/y.wav"), "write", &Error::from(kind));
        assert!(
            of(ErrorKind::PermissionDenied).starts_with("no permission to write '/x/y.wav'; allow writing in '/x'")
        );
        assert!(of(ErrorKind::StorageFull).contains("'/x/y.wav': the disk is full"));
        assert!(of(ErrorKind::ReadOnlyFilesystem).contains("read-only"));
        assert!(of(ErrorKind::TimedOut).starts_with("cannot write '/x/y.wav': "));
    }

    #[test]
    fn temporary_names_are_beside_the_file_and_different() {
        let path = Path::new("/x/y.wav");
        let (one, other) = (temporary(path), temporary(path));
        assert_eq!((one.parent(), one == other), (path.parent(), false));
        assert_eq!(temporary(Path::new("y.wav")).parent(), Some(Path::new(".")));
    }
}
