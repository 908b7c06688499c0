//! Media time: signed nanoseconds with an explicit "none".

/// A point in media time or a length of it, in nanoseconds.
///
/// `i64::MIN` is reserved for "not known", so that a time crosses the C ABI as one integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// The time that is not known.
    pub const NONE: Time = Time(i64::MIN);

    /// A time of `nanos` nanoseconds; `i64::MIN` is [`Time::NONE`].
    pub const fn from_nanos(nanos: i64) -> Time {
        Time(nanos)
    }

    /// The time of `frames` samples per channel at `rate` hertz, rounded down.
    pub fn from_frames(frames: u64, rate: u32) -> Time {
        if rate == 0 {
            return Time::NONE;
        }
        let nanos = u128::from(frames) * 1_000_000_000 / u128::from(rate);
        i64::try_from(nanos).map_or(Time::NONE, Time)
    }

    /// The nanoseconds, or nothing if the time is not known.
    pub const fn nanos(self) -> Option<i64> {
        if self.0 == i64::MIN { None } else { Some(self.0) }
    }

    /// The integer that crosses the ABI: nanoseconds, or `i64::MIN`.
    pub const fn raw(self) -> i64 {
        self.0
    }

    /// This time, or `other` where this one is not known.
    pub const fn or(self, other: Time) -> Time {
        if self.0 == i64::MIN { other } else { self }
    }
}

impl Default for Time {
    fn default() -> Time {
        Time::NONE
    }
}

#[cfg(test)]
mod tests {
    use super::Time;

    #[test]
    fn frames_become_nanoseconds_without_overflow() {
        assert_eq!(Time::from_frames(48_000, 48_000).nanos(), Some(1_000_000_000));
        assert_eq!(Time::from_frames(u64::MAX, 1), Time::NONE);
        assert_eq!(Time::from_frames(1, 0), Time::NONE);
    }

    #[test]
    fn none_gives_way() {
        assert_eq!(Time::NONE.or(Time::from_nanos(7)).nanos(), Some(7));
        assert_eq!(Time::from_nanos(0).or(Time::from_nanos(7)).nanos(), Some(0));
    }
}
