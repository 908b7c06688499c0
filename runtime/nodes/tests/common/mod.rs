//! What the tests of the nodes have in common: running a pipeline, making signals and measuring them.
#![allow(dead_code, missing_docs)]

use std::f64::consts::TAU;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use remotemedia_core::{Audio, Data, EdgeConfig, Error, Graph, Packet, Runtime, Session, SessionConfig, Time};
use serde_json::Value;

/// Everything that a pipeline gave, and how it ended.
pub struct Run {
    pub packets: Vec<Packet>,
    pub error: Option<Error>,
}

impl Run {
    /// The packets, where nothing went wrong.
    pub fn ok(self) -> Vec<Packet> {
        if let Some(error) = self.error {
            panic!("the session failed: {error}");
        }
        self.packets
    }

    /// The message of the error, where something did.
    pub fn message(&self) -> &str {
        match &self.error {
            Some(error) => &error.message,
            None => panic!("the session gave {} packets and no error", self.packets.len()),
        }
    }
}

pub fn runtime() -> Arc<Runtime> {
    let runtime = Runtime::new(2);
    remotemedia_nodes::register(runtime.registry());
    runtime
}

/// Runs a chain of nodes over `inputs`.
pub fn run(nodes: &[(&str, Value)], inputs: Vec<Packet>) -> Run {
    run_with(nodes, inputs, SessionConfig::default())
}

pub fn run_with(nodes: &[(&str, Value)], inputs: Vec<Packet>, config: SessionConfig) -> Run {
    let deadline = Some(Instant::now() + Duration::from_secs(60));
    let runtime = runtime();
    let mut graph = Graph::new();
    let mut last: Option<&str> = None;
    for (name, parameters) in nodes {
        if let Err(error) = graph.add_type(runtime.registry(), name, name, parameters.clone()) {
            return Run { packets: Vec::new(), error: Some(error) };
        }
        if let Some(last) = last {
            graph.connect(last, name, EdgeConfig::default()).expect("an edge");
        }
        last = Some(name);
    }
    let session = match Session::open(&runtime, &graph, config) {
        Ok(session) => session,
        Err(error) => return Run { packets: Vec::new(), error: Some(error) },
    };
    let feeder = {
        let session = Arc::clone(&session);
        std::thread::spawn(move || {
            // A refusal shows in the end of the session.
            let _ = inputs.into_iter().try_for_each(|packet| session.push(packet, deadline));
            session.end();
        })
    };
    let mut packets = Vec::new();
    let error = loop {
        match session.pull(deadline) {
            Ok(Some(packet)) => packets.push(packet),
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    feeder.join().expect("the feeder");
    session.wait(deadline);
    Run { packets, error }
}

pub fn audio(packet: &Packet) -> &Audio {
    match &packet.data {
        Data::Audio(audio) => audio,
        other => panic!("expected audio, got {other:?}"),
    }
}

pub fn json(packet: &Packet) -> &Value {
    match &packet.data {
        Data::Json(value) => value,
        other => panic!("expected JSON, got {other:?}"),
    }
}

/// The planes of all packets, one after the other.
pub fn planes(packets: &[Packet]) -> Vec<Vec<f32>> {
    let channels = packets.first().map_or(0, |packet| audio(packet).channels() as usize);
    (0..channels)
        .map(|channel| packets.iter().flat_map(|packet| audio(packet).plane(channel).iter().copied()).collect())
        .collect()
}

/// Planes cut into packets of these sizes in turn, timed from `start` nanoseconds.
pub fn packets(planes: &[Vec<f32>], rate: u32, sizes: &[usize], start: i64) -> Vec<Packet> {
    let frames = planes[0].len();
    let mut packets = Vec::new();
    let mut at = 0;
    for &size in sizes.iter().cycle() {
        let end = frames.min(at + size);
        let samples: Vec<f32> = planes.iter().flat_map(|plane| plane[at..end].iter().copied()).collect();
        let block = Audio::from_planes(samples, rate, planes.len() as u32).expect("audio");
        let pts = Time::from_nanos(start + Time::from_frames(at as u64, rate).raw());
        packets.push(Packet::audio(block, pts));
        at = end;
        if at == frames {
            return packets;
        }
    }
    unreachable!()
}

pub fn sine(frequency: f64, amplitude: f64, rate: u32, frames: usize) -> Vec<f32> {
    (0..frames).map(|n| (amplitude * (TAU * frequency * n as f64 / f64::from(rate)).sin()) as f32).collect()
}

/// The amplitude and the phase of the tone of `frequency` in `samples`, and how many decibels the rest is below it.
pub fn tone(samples: &[f32], frequency: f64, rate: u32) -> (f64, f64, f64) {
    let step = TAU * frequency / f64::from(rate);
    // Least squares over a sine and a cosine, which are not quite orthogonal over a part of a period.
    let (mut ss, mut cc, mut sc, mut xs, mut xc) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (n, &x) in samples.iter().enumerate() {
        let (s, c) = (step * n as f64).sin_cos();
        (ss, cc, sc) = (ss + s * s, cc + c * c, sc + s * c);
        (xs, xc) = (xs + f64::from(x) * s, xc + f64::from(x) * c);
    }
    let determinant = ss * cc - sc * sc;
    let (a, b) = ((xs * cc - xc * sc) / determinant, (xc * ss - xs * sc) / determinant);
    let (mut signal, mut noise) = (0.0, 0.0);
    for (n, &x) in samples.iter().enumerate() {
        let (s, c) = (step * n as f64).sin_cos();
        let fit = a * s + b * c;
        signal += fit * fit;
        noise += (f64::from(x) - fit).powi(2);
    }
    (a.hypot(b), b.atan2(a), 10.0 * (signal / noise.max(1e-300)).log10())
}

pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// A folder of its own for one test.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Folder {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder");
        Folder(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).expect("a file");
        path
    }

    /// The names of what is in it, sorted.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).expect("the folder");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
