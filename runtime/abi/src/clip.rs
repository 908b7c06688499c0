//! Clips: short audio as bytes, for hosts with an object table, which make an object of bytes sooner than they read a struct.
//!
//! Samples and what belongs to them lie in one piece: sample rate and channels (`u32`), time and duration (`i64`), in the byte
//! order of the machine, then the planes. The copy costs less than what it spares; for long audio it does not.

use remotemedia_core::{Audio, Data, Packet, Time};

/// Bytes before the samples.
const HEADER: usize = 24;
/// Bytes of samples up to which audio is a clip.
const LONGEST: usize = 4096;

/// The clip of a packet, if it is short audio.
pub(crate) fn write(packet: &Packet) -> Option<Vec<u8>> {
    let Data::Audio(audio) = &packet.data else { return None };
    let samples = audio.buffer().bytes();
    if samples.len() > LONGEST {
        return None;
    }
    let mut clip = Vec::with_capacity(HEADER + samples.len());
    clip.extend_from_slice(&audio.sample_rate().to_ne_bytes());
    clip.extend_from_slice(&audio.channels().to_ne_bytes());
    clip.extend_from_slice(&packet.pts.raw().to_ne_bytes());
    clip.extend_from_slice(&packet.duration.raw().to_ne_bytes());
    clip.extend_from_slice(samples);
    Some(clip)
}

/// The packet of a clip; nothing if it is none.
pub(crate) fn read(clip: &[u8]) -> Option<Packet> {
    let (sample_rate, rest) = clip.split_first_chunk()?;
    let (channels, rest) = rest.split_first_chunk()?;
    let (pts, rest) = rest.split_first_chunk()?;
    let (duration, planes) = rest.split_first_chunk()?;
    let samples = planes.chunks_exact(size_of::<f32>());
    if !samples.remainder().is_empty() {
        return None;
    }
    let samples = samples.map(|sample| f32::from_ne_bytes([sample[0], sample[1], sample[2], sample[3]])).collect();
    let audio = Audio::from_planes(samples, u32::from_ne_bytes(*sample_rate), u32::from_ne_bytes(*channels)).ok()?;
    let duration = Time::from_nanos(i64::from_ne_bytes(*duration)).or(audio.duration());
    Some(Packet { duration, ..Packet::audio(audio, Time::from_nanos(i64::from_ne_bytes(*pts))) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(samples: usize) -> Packet {
        let samples = (0..samples).map(|at| at as f32).collect();
        Packet::audio(Audio::from_planes(samples, 48_000, 2).expect("audio"), Time::from_nanos(-7))
    }

    #[test]
    fn what_was_written_is_read() {
        for samples in [0, 2, 960, LONGEST / 4] {
            let given = packet(samples);
            let clip = write(&given).expect("short enough");
            assert_eq!(clip.len(), HEADER + samples * 4);
            let back = read(&clip).expect("a clip");
            assert_eq!((back.pts, back.duration), (given.pts, given.duration));
            let (Data::Audio(given), Data::Audio(back)) = (&given.data, &back.data) else { panic!("no audio") };
            assert_eq!((back.sample_rate(), back.channels()), (48_000, 2));
            assert_eq!(back.samples(), given.samples());
        }
    }

    #[test]
    fn a_duration_that_is_not_known_follows_from_the_samples() {
        let given = Packet { duration: Time::NONE, ..packet(960) };
        let back = read(&write(&given).expect("short enough")).expect("a clip");
        assert_eq!(back.duration, Time::from_nanos(10_000_000));
    }

    #[test]
    fn long_audio_and_other_data_are_no_clips() {
        assert!(write(&packet(LONGEST / 4 + 2)).is_none());
        assert!(write(&Packet::text("words")).is_none());
    }

    #[test]
    fn bytes_that_are_no_clip_are_refused() {
        let clip = write(&packet(4)).expect("short enough");
        assert!((0..HEADER).all(|length| read(&clip[..length]).is_none()));
        assert!(read(&clip[..HEADER + 3]).is_none(), "a torn sample");
        assert!(read(&clip[..HEADER + 4]).is_none(), "one sample for two channels");
        let silent_rate = [&0_u32.to_ne_bytes(), &clip[4..]].concat();
        assert!(read(&silent_rate).is_none(), "no sample rate");
    }
}
