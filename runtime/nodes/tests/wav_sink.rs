//! The node that writes WAV files.

mod common;

use std::fs;
use std::path::Path;

use common::{Folder, Run, fixture, json as value, packets, planes, run, run_with, sine};
use remotemedia_core::{OnError, Packet, SessionConfig};
use serde_json::json;

fn write(path: &Path, format: &str, inputs: Vec<Packet>) -> Run {
    run(&[("WavSinkNode", json!({"path": path, "format": format}))], inputs)
}

fn read(path: &Path) -> Vec<Vec<f32>> {
    planes(&run(&[("AudioFileSourceNode", json!({"path": path, "block_size": 999}))], Vec::new()).ok())
}

#[test]
fn what_is_written_is_read_again() {
    let folder = Folder::new("round-trip");
    let input = [sine(440.0, 0.9, 22_050, 5000), sine(880.0, 0.3, 22_050, 5000), vec![-1.0; 5000]];
    for (format, step) in [("f32", 0.0), ("i16", 0.5 / 32768.0)] {
        let path = folder.path(&format!("{format}.wav"));
        let outputs = write(&path, format, packets(&input, 22_050, &[1024, 0, 1], 0)).ok();
        assert_eq!(outputs.len(), 1);
        let seconds = 5000.0 / 22_050.0;
        let expected = json!({"path": path, "frames": 5000, "seconds": seconds, "sample_rate": 22_050, "channels": 3});
        assert_eq!(value(&outputs[0]), &expected);
        let output = read(&path);
        for (before, after) in input.iter().zip(&output) {
            assert_eq!(before.len(), after.len());
            let worst = before.iter().zip(after).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst <= step, "{format}: {worst}");
        }
    }
    assert_eq!(folder.names(), ["f32.wav", "i16.wav"]);
}

#[test]
fn integers_are_rounded_and_clipped() {
    let folder = Folder::new("clip");
    let path = folder.path("clip.wav");
    let input = [0.0, 1.0, -1.0, 2.0, -2.0, 0.6 / 32768.0, -0.6 / 32768.0, f32::NAN, f32::INFINITY];
    write(&path, "i16", packets(&[input.to_vec()], 8000, &[100], 0)).ok();
    let samples: Vec<i16> =
        hound::WavReader::open(&path).expect("a WAV file").into_samples().map(Result::unwrap).collect();
    assert_eq!(samples, [0, 32767, -32768, 32767, -32768, 1, -1, 0, 32767]);
}

#[test]
fn nothing_makes_an_empty_file() {
    let folder = Folder::new("nothing");
    let path = folder.path("nothing.wav");
    let outputs = write(&path, "i16", Vec::new()).ok();
    let expected = json!({"path": path, "frames": 0, "seconds": 0.0, "sample_rate": 16_000, "channels": 1});
    assert_eq!(value(&outputs[0]), &expected);
    let file = hound::WavReader::open(&path).expect("a WAV file");
    assert_eq!((file.spec().sample_rate, file.spec().channels, file.duration()), (16_000, 1, 0));
    assert!(read(&path).is_empty());
}

#[test]
fn a_file_is_replaced_by_a_whole_one_only() {
    let folder = Folder::new("replace");
    let path = folder.file("out.wav", b"the old one");
    let mut inputs = packets(&[vec![0.5; 1000]], 8000, &[100], 0);
    inputs.extend(packets(&[vec![0.5; 1000]], 16_000, &[100], 0));
    let run = write(&path, "i16", inputs);
    let message = run.message();
    assert!(
        message.contains("expected 1 channel at 8000 Hz") && message.contains("got 1 channel at 16000 Hz"),
        "{message}"
    );
    assert!(message.contains("put a FastResampleNode before this node"), "{message}");
    assert_eq!(fs::read(&path).expect("the file"), b"the old one");
    assert_eq!(folder.names(), ["out.wav"]);
    write(&path, "i16", packets(&[vec![0.5; 1000]], 8000, &[100], 0)).ok();
    assert_eq!(read(&path), [vec![0.5; 1000]]);
    assert_eq!(folder.names(), ["out.wav"]);
}

#[test]
fn a_failure_before_the_sink_leaves_nothing() {
    let folder = Folder::new("before");
    let mut bytes = fs::read(fixture("sine.flac")).expect("the fixture");
    bytes.truncate(bytes.len() / 2);
    let (source, path) = (folder.file("half.flac", bytes), folder.path("out.wav"));
    let nodes = [
        ("AudioFileSourceNode", json!({"path": source})),
        ("FastResampleNode", json!({})),
        ("WavSinkNode", json!({"path": path})),
    ];
    let run = run(&nodes, Vec::new());
    assert!(run.message().contains("is cut off after"), "{}", run.message());
    assert_eq!(folder.names(), ["half.flac"]);
}

#[test]
fn packets_of_another_format_can_be_skipped() {
    let folder = Folder::new("skip");
    let path = folder.path("out.wav");
    let mut inputs = packets(&[vec![0.5; 100]], 8000, &[100], 0);
    inputs.extend(packets(&[vec![0.5; 100]], 16_000, &[100], 0));
    inputs.extend(packets(&[vec![0.25; 100]], 8000, &[100], 0));
    let config = SessionConfig { on_error: OnError::Skip, ..SessionConfig::default() };
    run_with(&[("WavSinkNode", json!({"path": path}))], inputs, config).ok();
    assert_eq!(read(&path), [[vec![0.5; 100], vec![0.25; 100]].concat()]);
}

#[test]
fn paths_that_cannot_be_written_say_so_at_once() {
    let folder = Folder::new("unwritable");
    folder.file("file", b"x");
    let message = write(&folder.path("no/such/out.wav"), "i16", Vec::new()).message().to_string();
    assert!(
        message.contains("cannot write 'out.wav': the folder '") && message.contains("does not exist; create it"),
        "{message}"
    );
    let message = write(&folder.path(""), "i16", Vec::new()).message().to_string();
    assert!(message.contains("is a folder; give the path of a file in it"), "{message}");
    let message = write(&folder.path("file/out.wav"), "i16", Vec::new()).message().to_string();
    assert!(message.contains("file/out.wav'"), "{message}");
    #[cfg(unix)]
    {
        let message = write(Path::new("/dev/null"), "i16", Vec::new()).message().to_string();
        assert!(message.contains("'/dev/null' is not a regular file and is not replaced"), "{message}");
    }
    assert_eq!(folder.names(), ["file"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_link_stays_a_link() {
    let folder = Folder::new("link");
    let (target, link) = (folder.file("target.wav", b"old"), folder.path("link.wav"));
    std::os::unix::fs::symlink(&target, &link).expect("a link");
    write(&link, "i16", packets(&[vec![0.5; 100]], 8000, &[100], 0)).ok();
    assert!(fs::symlink_metadata(&link).expect("the link").is_symlink());
    assert_eq!(read(&target), [vec![0.5; 100]]);
}

#[test]
fn other_data_is_refused() {
    let folder = Folder::new("other");
    let run = write(&folder.path("out.wav"), "i16", vec![Packet::text("hello")]);
    assert!(run.message().contains("expected audio, got text"), "{}", run.message());
    assert!(folder.names().is_empty());
}

#[test]
fn parameters_are_checked() {
    for (parameters, expected) in [
        (json!({}), "path"),
        (json!({"path": ""}), "path"),
        (json!({"path": "x.wav", "format": "i24"}), "format"),
        (json!({"path": "x.wav", "fromat": "i16"}), "did you mean 'format'?"),
    ] {
        let run = run(&[("WavSinkNode", parameters)], Vec::new());
        assert!(
            run.message().contains("Parameter validation failed") && run.message().contains(expected),
            "{}",
            run.message()
        );
    }
}
