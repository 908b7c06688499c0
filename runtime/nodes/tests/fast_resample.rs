//! The node that changes sample rates.

mod common;

use common::{Run, audio, packets, planes, run, sine, tone};
use remotemedia_core::{Audio, Packet, Time};
use serde_json::{Value, json};

fn resample(parameters: Value, inputs: Vec<Packet>) -> Run {
    run(&[("FastResampleNode", parameters)], inputs)
}

/// One channel, resampled.
fn convert(plane: &[f32], from: u32, to: u32, quality: &str, sizes: &[usize]) -> Vec<f32> {
    let inputs = packets(&[plane.to_vec()], from, sizes, 0);
    let outputs = resample(json!({"target_rate": to, "quality": quality}), inputs).ok();
    planes(&outputs).pop().unwrap_or_default()
}

#[test]
fn a_tone_comes_out_as_it_went_in() {
    let input = sine(1000.0, 0.5, 44_100, 44_100);
    for (quality, expected) in [("low", 90.0), ("medium", 100.0), ("high", 100.0)] {
        let output = convert(&input, 44_100, 16_000, quality, &[1024]);
        assert_eq!(output.len(), 16_000);
        let (amplitude, phase, ratio) = tone(&output[4000..12_000], 1000.0, 16_000);
        assert!((amplitude - 0.5).abs() < 1e-3, "{quality}: {amplitude}");
        assert!(ratio > expected, "{quality}: {ratio} dB");
        // 4000 frames are a whole number of periods: any delay would show. A frame is 0.4 radians.
        assert!(phase.abs() < 1e-4, "{quality}: {phase}");
    }
}

#[test]
fn every_pair_of_rates_keeps_tone_place_and_length() {
    let rates = [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 192_000];
    let usual = rates.into_iter().flat_map(|from| rates.into_iter().map(move |to| (from, to)));
    let odd = [(44_101, 16_000), (16_000, 44_101), (12_345, 48_000), (192_000, 8_001)];
    for (from, to) in usual.chain(odd) {
        let input = sine(1000.0, 0.5, from, from as usize / 2);
        let output = convert(&input, from, to, "medium", &[4096]);
        let expected = (input.len() as f64 * f64::from(to) / f64::from(from)).round() as usize;
        assert_eq!(output.len(), expected, "{from} to {to}");
        let quarter = expected / 4;
        let middle = &output[quarter..3 * quarter];
        let (amplitude, phase, ratio) = tone(middle, 1000.0, to);
        assert!((amplitude - 0.5).abs() < 1e-3 && ratio > 90.0, "{from} to {to}: {amplitude}, {ratio} dB");
        let turn = std::f64::consts::TAU;
        let offset = (phase - turn * 1000.0 * quarter as f64 / f64::from(to)).rem_euclid(turn);
        assert!(offset.min(turn - offset) < 1e-3, "{from} to {to}: {offset}");
    }
}

#[test]
fn tones_that_the_output_cannot_hold_are_gone() {
    let input = sine(9000.0, 0.5, 44_100, 44_100);
    for quality in ["low", "medium", "high"] {
        let output = convert(&input, 44_100, 16_000, quality, &[1000]);
        let loudest = output[2000..14_000].iter().fold(0.0f32, |loudest, sample| loudest.max(sample.abs()));
        assert!(loudest < 1e-4, "{quality}: {loudest}");
    }
}

#[test]
fn quality_is_how_much_of_the_treble_is_kept() {
    // As documented, within 1 dB.
    for (quality, share) in [("low", 0.86), ("medium", 0.96), ("high", 0.99)] {
        let frequency = 8000.0 * share;
        let output = convert(&sine(frequency, 0.5, 48_000, 48_000), 48_000, 16_000, quality, &[999]);
        let (amplitude, _, _) = tone(&output[4000..12_000], frequency, 16_000);
        assert!(amplitude > 0.5 * 0.89, "{quality}: {amplitude}");
    }
}

#[test]
fn the_size_of_the_blocks_does_not_matter() {
    let input: Vec<f32> =
        sine(700.0, 0.4, 22_050, 9000).iter().zip(sine(5000.0, 0.3, 22_050, 9000)).map(|(a, b)| a + b).collect();
    for to in [8_000, 16_000, 48_000] {
        let whole = convert(&input, 22_050, to, "medium", &[9000]);
        assert_eq!(whole.len(), (9000.0 * f64::from(to) / 22_050.0).round() as usize);
        for sizes in [&[1][..], &[0, 1, 2, 0, 5], &[441], &[1024], &[8999, 1], &[3, 4000, 0, 17]] {
            assert!(convert(&input, 22_050, to, "medium", sizes) == whole, "{to} {sizes:?}");
        }
    }
}

#[test]
fn short_inputs_keep_their_length() {
    for frames in [0, 1, 2, 3, 10, 100, 511, 512, 513] {
        for (from, to) in [(44_100, 16_000), (16_000, 44_100), (8_000, 192_000)] {
            let output = convert(&vec![0.25; frames], from, to, "high", &[frames.max(1)]);
            let expected = (frames as f64 * f64::from(to) / f64::from(from)).round() as usize;
            assert_eq!(output.len(), expected, "{frames} from {from} to {to}");
        }
    }
}

#[test]
fn times_follow_from_the_first_and_the_frames() {
    let start = 5_000_000_123;
    let inputs = packets(&[vec![0.1; 44_100]], 44_100, &[1000], start);
    let outputs = resample(json!({}), inputs).ok();
    let mut frames = 0;
    for packet in &outputs {
        let pts = start + Time::from_frames(frames, 16_000).raw();
        assert_eq!(packet.pts.nanos(), Some(pts));
        assert_eq!(packet.duration, audio(packet).duration());
        assert_eq!(audio(packet).sample_rate(), 16_000);
        frames += audio(packet).frames() as u64;
    }
    assert_eq!(frames, 16_000);
}

#[test]
fn audio_of_the_right_rate_passes_untouched() {
    let inputs = packets(&[sine(1000.0, 0.5, 16_000, 5000), vec![0.1; 5000]], 16_000, &[0, 7, 1000], 99);
    let before: Vec<(*const f32, Option<i64>, usize)> = inputs
        .iter()
        .map(|packet| (audio(packet).samples().as_ptr(), packet.pts.nanos(), audio(packet).frames()))
        .collect();
    let outputs = resample(json!({"target_rate": 16_000}), inputs).ok();
    let after: Vec<(*const f32, Option<i64>, usize)> = outputs
        .iter()
        .map(|packet| (audio(packet).samples().as_ptr(), packet.pts.nanos(), audio(packet).frames()))
        .collect();
    assert_eq!(after, before);
}

#[test]
fn channels_stay_apart_or_become_their_mean() {
    let input = [sine(1000.0, 0.5, 48_000, 24_000), sine(2000.0, 0.3, 48_000, 24_000), vec![0.2; 24_000]];
    let kept = planes(&resample(json!({}), packets(&input, 48_000, &[777], 0)).ok());
    assert_eq!(kept.len(), 3);
    assert!(tone(&kept[0][2000..6000], 1000.0, 16_000).2 > 90.0);
    assert!(tone(&kept[1][2000..6000], 2000.0, 16_000).2 > 90.0);
    for rate in [16_000, 48_000] {
        let parameters = json!({"target_rate": rate, "channels": 1});
        let mixed = planes(&resample(parameters, packets(&input, 48_000, &[777], 0)).ok());
        assert_eq!((mixed.len(), mixed[0].len()), (1, rate as usize / 2));
        let range = rate as usize / 8..rate as usize * 3 / 8;
        assert!((tone(&mixed[0][range.clone()], 1000.0, rate).0 - 0.5 / 3.0).abs() < 1e-3);
        assert!((tone(&mixed[0][range.clone()], 2000.0, rate).0 - 0.3 / 3.0).abs() < 1e-3);
        let mean = mixed[0][range.clone()].iter().sum::<f32>() / range.len() as f32;
        assert!((mean - 0.2 / 3.0).abs() < 1e-3, "{mean}");
    }
    let mono = packets(&[vec![0.5; 1600]], 16_000, &[100], 0);
    assert_eq!(planes(&resample(json!({"channels": 1}), mono).ok()), [vec![0.5; 1600]]);
}

#[test]
fn a_change_of_format_ends_one_stream_and_begins_another() {
    let mut inputs = packets(&[sine(1000.0, 0.5, 48_000, 24_000)], 48_000, &[1000], 0);
    inputs.extend(packets(&[sine(1000.0, 0.5, 44_100, 22_050), vec![0.0; 22_050]], 44_100, &[1000], 500_000_000));
    inputs.extend(packets(&[vec![0.25; 800]], 16_000, &[100], 1_000_000_000));
    let outputs = resample(json!({}), inputs).ok();
    let (mono, rest): (Vec<Packet>, Vec<Packet>) =
        outputs.into_iter().partition(|packet| audio(packet).channels() == 1);
    let last = mono.iter().position(|packet| packet.pts.nanos() == Some(1_000_000_000)).expect("the third stream");
    let frames = |packets: &[Packet]| packets.iter().map(|packet| audio(packet).frames()).sum::<usize>();
    assert_eq!((frames(&mono[..last]), frames(&rest), frames(&mono[last..])), (8000, 8000, 800));
    assert_eq!(rest[0].pts.nanos(), Some(500_000_000));
    assert!(tone(&planes(&mono[..last])[0][1000..7000], 1000.0, 16_000).2 > 90.0);
    assert!(tone(&planes(&rest)[0][1000..7000], 1000.0, 16_000).2 > 90.0);
}

#[test]
fn what_cannot_be_converted_says_so() {
    for rate in [1, 999, 768_001] {
        let block = Audio::from_planes(vec![0.0; 10], rate, 1).expect("audio");
        let run = resample(json!({}), vec![Packet::audio(block, Time::NONE)]);
        let expected = format!("expected audio of 1000 to 768000 Hz, got {rate} Hz");
        assert!(run.message().contains(&expected), "{}", run.message());
    }
    let run = resample(json!({}), vec![Packet::text("hello")]);
    assert!(run.message().contains("expected audio, got text"), "{}", run.message());
}

#[test]
fn parameters_are_checked() {
    for (parameters, expected) in [
        (json!({"target_rate": 7999}), "target_rate"),
        (json!({"target_rate": 192_001}), "target_rate"),
        (json!({"target_rate": "16000"}), "target_rate"),
        (json!({"quality": "best"}), "quality"),
        (json!({"channels": 2}), "channels"),
        (json!({"rate": 16_000}), "unknown key 'rate'"),
    ] {
        let run = resample(parameters, Vec::new());
        assert!(
            run.message().contains("Parameter validation failed") && run.message().contains(expected),
            "{}",
            run.message()
        );
    }
}
