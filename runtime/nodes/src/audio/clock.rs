//! The time of a frame in a stream.

use remotemedia_core::Time;

/// Counts the frames of a stream from where it starts.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Time,
    rate: u32,
    frames: u64,
}

impl Clock {
    /// A clock that starts at `start` and runs at `rate` frames a second.
    pub fn new(start: Time, rate: u32) -> Clock {
        Clock { start, rate, frames: 0 }
    }

    /// Counts `frames` more; the time at which they begin, not known if the start is not.
    pub fn advance(&mut self, frames: usize) -> Time {
        let passed = Time::from_frames(self.frames, self.rate);
        self.frames += frames as u64;
        match (self.start.nanos(), passed.nanos()) {
            (Some(start), Some(passed)) => Time::from_nanos(start.saturating_add(passed)),
            _ => Time::NONE,
        }
    }
}

#[cfg(test)]
mod tests {
    use remotemedia_core::Time;

    use super::Clock;

    #[test]
    fn times_come_from_the_count_so_they_do_not_drift() {
        let mut clock = Clock::new(Time::from_nanos(5), 3);
        assert_eq!(clock.advance(1).nanos(), Some(5));
        assert_eq!(clock.advance(1).nanos(), Some(333_333_338));
        assert_eq!(clock.advance(1).nanos(), Some(666_666_671));
        assert_eq!(clock.advance(0).nanos(), Some(1_000_000_005));
        assert_eq!(Clock::new(Time::NONE, 3).advance(1), Time::NONE);
    }
}
