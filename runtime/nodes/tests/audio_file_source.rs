//! The node that reads audio files.

mod common;

use std::fs;
use std::path::Path;

use common::{Folder, Run, audio, fixture, packets, planes, run, sine, tone};
use serde_json::json;

/// What the fixtures hold; see `make_fixtures.py`.
const RATE: u32 = 22_050;
const FRAMES: usize = 11_025;

/// Those that can be cut in two.
const FIXTURES: [&str; 6] =
    ["sine.flac", "sine_unsized.flac", "sine.mp3", "sine_bare.mp3", "sine_vbr.mp3", "sine_long.ogg"];

fn read(path: &Path, block_size: u32) -> Run {
    run(&[("AudioFileSourceNode", json!({"path": path, "block_size": block_size}))], Vec::new())
}

/// Where the run stopped, in seconds, and what it said.
fn cut(run: &Run) -> (f64, &str) {
    let frames: usize = run.packets.iter().map(|packet| audio(packet).frames()).sum();
    (frames as f64 / f64::from(RATE), run.message())
}

fn assert_sines(path: &Path, frames: usize, quality: f64) {
    let packets = read(path, 1000).ok();
    let name = path.display();
    let count = packets.len();
    for (number, packet) in packets.iter().enumerate() {
        let block = audio(packet);
        assert_eq!((block.sample_rate(), block.channels()), (RATE, 2), "{name}");
        let expected = if number + 1 < count { 1000 } else { frames - 1000 * (count - 1) };
        assert_eq!(block.frames(), expected, "{name}: block {number}");
        let pts = number as u128 * 1000 * 1_000_000_000 / u128::from(RATE);
        assert_eq!(packet.pts.nanos(), Some(pts as i64), "{name}: block {number}");
        assert_eq!(packet.duration, block.duration());
    }
    let planes = planes(&packets);
    assert_eq!(planes[0].len(), frames, "{name}");
    for (plane, frequency, level) in [(&planes[0], 441.0, 0.5), (&planes[1], 882.0, 0.25)] {
        let (amplitude, phase, ratio) = tone(&plane[2000..9000], frequency, RATE);
        assert!((amplitude / level - 1.0).abs() < 0.02, "{name}: level {amplitude} instead of {level}");
        assert!(ratio > quality, "{name}: {ratio} dB");
        // 2000 frames are a whole number of periods, so the phase shows how the file is aligned.
        assert!(phase.abs() < 0.05, "{name}: phase {phase} at {frequency} Hz");
    }
}

#[test]
fn formats_without_loss_are_exact() {
    assert_sines(&fixture("sine.flac"), FRAMES, 70.0);
    assert_sines(&fixture("sine_unsized.flac"), FRAMES, 70.0);
    let exact = planes(&read(&fixture("sine.flac"), 4096).ok());
    assert_eq!(
        exact[0][1],
        (0.5f64 * (std::f64::consts::TAU * 441.0 / 22050.0).sin() * 32767.0).round() as f32 / 32768.0
    );
}

#[test]
fn formats_with_loss_keep_level_length_and_place() {
    for name in ["sine.mp3", "sine_vbr.mp3", "sine.ogg"] {
        assert_sines(&fixture(name), FRAMES, 20.0);
    }
    assert_sines(&fixture("sine_long.ogg"), 6 * FRAMES, 35.0);
    // Without a header nobody knows what the encoder added: its delay, and what fills the last frame.
    let packets = read(&fixture("sine_bare.mp3"), 1 << 20).ok();
    let frames = audio(&packets[0]).frames();
    assert!(frames > FRAMES && frames < FRAMES + 4 * 576 && frames.is_multiple_of(576), "{frames}");
}

#[test]
fn wav_files_of_every_kind_are_read() {
    let folder = Folder::new("wav-kinds");
    for (bits, float) in [(8, false), (16, false), (24, false), (32, false), (32, true)] {
        for channels in [1, 2, 6] {
            let path = folder.path(&format!("{bits}-{float}-{channels}.wav"));
            let sample_format = if float { hound::SampleFormat::Float } else { hound::SampleFormat::Int };
            let spec = hound::WavSpec { channels, sample_rate: 8000, bits_per_sample: bits, sample_format };
            let mut writer = hound::WavWriter::create(&path, spec).expect("a file");
            for sample in sine(500.0, 0.5, 8000, 5000) {
                for _ in 0..channels {
                    let scale = f64::from(1u32 << (bits - 1));
                    match float {
                        true => writer.write_sample(sample),
                        false => writer.write_sample((f64::from(sample) * scale).round() as i32),
                    }
                    .expect("a sample");
                }
            }
            writer.finalize().expect("a file");
            let planes = planes(&read(&path, 777).ok());
            assert_eq!((planes.len(), planes[0].len()), (usize::from(channels), 5000));
            for plane in planes {
                let (amplitude, phase, ratio) = tone(&plane, 500.0, 8000);
                let step = 1.0 / f64::from(1u32 << (bits.min(24) - 1));
                assert!((amplitude - 0.5).abs() < step && phase.abs() < step, "{bits} {float}: {amplitude} {phase}");
                assert!(ratio > 6.0 * f64::from(bits.min(24)) - 8.0, "{bits} {float}: {ratio} dB");
            }
        }
    }
}

#[test]
fn blocks_of_any_size_hold_the_same() {
    let whole = planes(&read(&fixture("sine.ogg"), 1 << 20).ok());
    for size in [1, 63, 1024, 11_024, 11_025, 11_026] {
        assert_eq!(planes(&read(&fixture("sine.ogg"), size).ok()), whole, "{size}");
    }
}

#[test]
fn the_extension_does_not_matter() {
    let folder = Folder::new("extension");
    for name in ["sine.flac", "sine.mp3", "sine.ogg"] {
        let path = folder.file("audio.wav", fs::read(fixture(name)).expect("the fixture"));
        assert_sines(&path, FRAMES, 20.0);
    }
}

#[test]
fn files_that_are_cut_off_say_so_after_what_is_there() {
    let folder = Folder::new("cut-off");
    let all: Vec<(&str, Vec<u8>)> = FIXTURES
        .into_iter()
        .map(|name| (name, fs::read(fixture(name)).expect("the fixture")))
        .chain([("sine.wav", wav_bytes(&folder))])
        .collect();
    for (name, bytes) in all {
        // The tag at the end of the MP3 is no audio.
        let end = if name == "sine.mp3" { bytes.len() - 128 } else { bytes.len() };
        for part in [61, 71, 91, 99] {
            let path = folder.file(&format!("{part}-{name}"), &bytes[..end * part / 100]);
            let run = read(&path, 512);
            let (seconds, message) = cut(&run);
            assert!(message.contains("' is cut off after "), "{name} {part} %: {message}");
            assert!(message.contains(&format!("{part}-{name}")), "{message}");
            assert!(message.contains(&format!("after {seconds:.3} s")), "{name} {part} %: {seconds} {message}");
            assert!(seconds < 3.0 && seconds > if part == 61 { 0.0 } else { 0.1 }, "{name} {part} %: {seconds}");
            if ["sine.flac", "sine.mp3", "sine_vbr.mp3", "sine.wav"].contains(&name) {
                assert!(message.contains("(expected 0.500 s)"), "{name}: {message}");
            }
        }
    }
}

#[test]
fn one_byte_less_is_enough() {
    let folder = Folder::new("one-byte");
    for name in FIXTURES.into_iter().filter(|name| *name != "sine.mp3") {
        let bytes = fs::read(fixture(name)).expect("the fixture");
        let path = folder.file(name, &bytes[..bytes.len() - 1]);
        assert!(read(&path, 512).message().contains("is cut off after"), "{name}");
    }
    let bytes = wav_bytes(&folder);
    let run = read(&folder.file("one.wav", &bytes[..bytes.len() - 1]), 512);
    // All frames but the one that lacks its byte.
    assert_eq!(run.packets.iter().map(|packet| audio(packet).frames()).sum::<usize>(), FRAMES - 1);
    assert!(run.message().contains("is cut off after 0.500 s (expected 0.500 s)"), "{}", run.message());
}

fn wav_bytes(folder: &Folder) -> Vec<u8> {
    let path = folder.path("whole.wav");
    let spec =
        hound::WavSpec { channels: 2, sample_rate: RATE, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut writer = hound::WavWriter::create(&path, spec).expect("a file");
    for sample in sine(441.0, 0.5, RATE, FRAMES) {
        for _ in 0..2 {
            writer.write_sample((sample * 32767.0) as i16).expect("a sample");
        }
    }
    writer.finalize().expect("a file");
    fs::read(path).expect("the file")
}

#[test]
fn damage_in_the_middle_is_named_with_its_time() {
    let folder = Folder::new("damage");
    for name in FIXTURES {
        let bytes = fs::read(fixture(name)).expect("the fixture");
        let (mut zeroed, mut removed) = (bytes.clone(), bytes.clone());
        let middle = bytes.len() * 6 / 10;
        zeroed[middle..middle + 400].fill(0);
        removed.drain(middle..middle + 400);
        for (what, bytes) in [("zeroed", zeroed), ("removed", removed)] {
            let run = read(&folder.file(&format!("{what}-{name}"), bytes), 512);
            let (seconds, message) = cut(&run);
            assert!(
                message.contains(&format!("' is damaged at {seconds:.3} s: ")),
                "{what} {name}: {seconds} {message}"
            );
            assert!(seconds > 0.1, "{what} {name}: {seconds}");
        }
    }
}

#[test]
fn tags_around_the_audio_are_no_audio() {
    let folder = Folder::new("tags");
    let mut id3v1 = [b' '; 128];
    id3v1[..3].copy_from_slice(b"TAG");
    // A tag with a picture in it that looks like frames.
    let picture = [0xff, 0xfb, 0x90, 0x64].repeat(5000);
    let mut id3v2 = b"ID3\x04\x00\x00\x00\x01\x1c\x20".to_vec();
    id3v2.extend(&picture);
    assert_eq!(id3v2.len(), 10 + (1 << 14 | 0x1c << 7 | 0x20));
    let mut ape = picture.clone();
    ape.extend(b"APETAGEX\xd0\x07\x00\x00");
    ape.extend((picture.len() as u32 + 32).to_le_bytes());
    ape.extend([0; 16]);
    for name in ["sine_vbr.mp3", "sine.flac"] {
        let bytes = fs::read(fixture(name)).expect("the fixture");
        assert_sines(&folder.file(name, [&id3v2, &bytes[..], &ape, &id3v1].concat()), FRAMES, 20.0);
    }
}

#[test]
fn files_that_are_no_audio_say_what_they_are() {
    let folder = Folder::new("no-audio");
    let mut seed = 1u32;
    let mut noise = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as u8
    };
    let garbage: Vec<u8> = (0..300_000).map(|_| noise()).collect();
    let cases: [(&str, &[u8], &str); 9] = [
        ("empty.wav", b"", "is empty (0 bytes)"),
        ("tag.mp3", b"ID3\x04\x00\x00\x00\x00\x00\x00", "is not audio in a supported format"),
        ("garbage.mp3", &garbage, "is not audio in a supported format"),
        ("text.wav", b"RIFF is a word", "a RIFF file of another kind than WAVE"),
        ("text.txt", b"hello", "is not audio in a supported format"),
        ("one", b"x", "is not audio in a supported format"),
        ("film.mp4", b"\0\0\0\x20ftypisom....", "is an MP4 or M4A file, which is not supported"),
        ("half.wav", b"RIFF\x24\0\0\0WAVEfmt ", "is cut off before any audio"),
        ("half.flac", b"fLaC\x00\x00\x00\x22", "is cut off before any audio"),
    ];
    for (name, bytes, expected) in cases {
        let path = folder.file(name, bytes);
        let run = read(&path, 1024);
        let message = run.message();
        assert!(
            message.contains(&format!("'{}' {expected}", path.display())) || message.contains(expected),
            "{message}"
        );
        assert!(message.contains(name) && message.contains("; "), "{message}");
        assert!(run.packets.is_empty());
    }
    for half in ["sine.ogg", "sine.flac"] {
        let bytes = fs::read(fixture(half)).expect("the fixture");
        let message = read(&folder.file(half, &bytes[..60]), 1024).message().to_string();
        assert!(message.contains("is cut off before any audio"), "{message}");
    }
}

#[test]
fn paths_that_lead_nowhere_say_so() {
    let folder = Folder::new("paths");
    let message = read(&folder.path("missing.wav"), 1024).message().to_string();
    assert!(message.contains("missing.wav' does not exist; correct the path"), "{message}");
    let message = read(Path::new("missing.wav"), 1024).message().to_string();
    assert!(message.contains("'missing.wav' does not exist in the current folder '/"), "{message}");
    let message = read(&folder.path(""), 1024).message().to_string();
    assert!(message.contains("is a folder; give the path of an audio file in it"), "{message}");
    #[cfg(unix)]
    {
        let message = read(Path::new("/dev/null"), 1024).message().to_string();
        assert!(message.contains("'/dev/null' is not a regular file"), "{message}");
    }
}

#[test]
fn a_recording_that_was_not_finished_is_not_taken_for_silence() {
    let folder = Folder::new("unfinished");
    let mut bytes = wav_bytes(&folder).repeat(2);
    bytes[4..8].copy_from_slice(&36u32.to_le_bytes());
    bytes[40..44].fill(0);
    let message = read(&folder.file("open.wav", &bytes), 1024).message().to_string();
    assert!(message.contains("declares no audio but is"), "{message}");
    // What is written to a pipe does not know its length when it starts: it lasts as long as it does.
    for size in [0xffff_ffff_u32, 0x7fff_f000, 0x7fff_ffff, 0x8000_0000] {
        bytes[4..8].copy_from_slice(&size.saturating_add(36).to_le_bytes());
        bytes[40..44].copy_from_slice(&size.to_le_bytes());
        let stream = read(&folder.file("stream.wav", &bytes[..44 + 4001]), 1024).ok();
        assert_eq!(planes(&stream)[0].len(), 1000, "{size:x}");
    }
    let empty = read(&folder.file("zero.wav", &wav_bytes(&folder)[..44]), 1024);
    assert!(empty.message().contains("is cut off after 0.000 s (expected 0.500 s)"), "{}", empty.message());
}

#[test]
fn ogg_files_one_after_the_other_are_one_stream() {
    let folder = Folder::new("chain");
    let one = fs::read(fixture("sine.ogg")).expect("the fixture");
    let mut other = one.clone();
    let chain = |other: &[u8]| folder.file("chain.ogg", [&one[..], other].concat());
    // The same serial number again is how careless tools put files together, and is read all the same.
    assert_eq!(planes(&read(&chain(&other), 4096).ok())[0].len(), 2 * FRAMES);
    other.truncate(other.len() - 100);
    let run = read(&chain(&other), 4096);
    assert!(run.message().contains("is cut off after 0.500 s"), "{}", run.message());
}

#[test]
fn mp3_files_put_together_are_not_cut_in_silence() {
    let folder = Folder::new("joined");
    let bare = fs::read(fixture("sine_bare.mp3")).expect("the fixture");
    let one = planes(&read(&fixture("sine_bare.mp3"), 4096).ok())[0].len();
    let joined = read(&folder.file("bare.mp3", bare.repeat(3)), 4096).ok();
    assert_eq!(planes(&joined)[0].len(), 3 * one);
    let with_header = fs::read(fixture("sine_vbr.mp3")).expect("the fixture");
    let run = read(&folder.file("header.mp3", with_header.repeat(3)), 4096);
    assert!(run.message().contains("goes on after 0.500 s, where its header says that it ends"), "{}", run.message());
}

#[test]
fn mp3_files_that_change_their_format_say_so() {
    let folder = Folder::new("change");
    let stereo = fs::read(fixture("sine_bare.mp3")).expect("the fixture");
    // Frames of MPEG 1, layer III, 44100 Hz, mono, that hold silence.
    let mut mono = vec![0; 417];
    mono[..4].copy_from_slice(&[0xff, 0xfb, 0x90, 0xc0]);
    let run = read(&folder.file("change.mp3", [stereo, mono.repeat(5)].concat()), 4096);
    let expected = "changes from 2 channels at 22050 Hz to 1 channel at 44100 Hz at 0.";
    assert!(run.message().contains(expected), "{}", run.message());
}

#[test]
fn a_source_takes_no_input() {
    let input = packets(&[vec![0.0; 10]], 8000, &[10], 0);
    let nodes = [("PassThrough", json!({})), ("AudioFileSourceNode", json!({"path": fixture("sine.flac")}))];
    assert!(run(&nodes, input).error.is_some());
}

#[test]
fn parameters_are_checked() {
    for (parameters, expected) in [
        (json!({}), "path"),
        (json!({"path": ""}), "path"),
        (json!({"path": "x", "block_size": 0}), "block_size"),
        (json!({"path": "x", "block_size": 1_048_577}), "block_size"),
        (json!({"path": "x", "blocksize": 1}), "did you mean 'block_size'?"),
    ] {
        let run = run(&[("AudioFileSourceNode", parameters)], Vec::new());
        assert!(
            run.message().contains("Parameter validation failed") && run.message().contains(expected),
            "{}",
            run.message()
        );
    }
}
