//! Histograms of durations: constant work for each, quantiles within seven percent.

use std::time::Duration;

/// Each power of two is cut into this many buckets.
const CUTS: u64 = 16;
const CUT_BITS: u32 = CUTS.trailing_zeros();

/// How often each duration was seen.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    /// As long as the longest duration seen needs.
    buckets: Vec<u32>,
    count: u64,
    total: Duration,
    min: Duration,
    max: Duration,
}

impl Histogram {
    /// Counts a duration that was seen so many times.
    pub fn record(&mut self, time: Duration, times: u32) {
        let bucket = bucket_of(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        if bucket >= self.buckets.len() {
            self.buckets.resize(bucket + 1, 0);
        }
        self.buckets[bucket] = self.buckets[bucket].saturating_add(times);
        self.min = if self.count == 0 { time } else { self.min.min(time) };
        self.max = self.max.max(time);
        self.total += time * times;
        self.count += u64::from(times);
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their sum.
    pub fn total(&self) -> Duration {
        self.total
    }

    /// The shortest.
    pub fn min(&self) -> Duration {
        self.min
    }

    /// The longest.
    pub fn max(&self) -> Duration {
        self.max
    }

    /// The duration that this share of all, 0 to 1, does not exceed; zero if there is none.
    pub fn quantile(&self, share: f64) -> Duration {
        let rank = (share * self.count as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (bucket, &count) in self.buckets.iter().enumerate() {
            seen += u64::from(count);
            if seen >= rank {
                return Duration::from_nanos(middle_of(bucket)).clamp(self.min, self.max);
            }
        }
        self.max
    }
}

fn bucket_of(nanos: u64) -> usize {
    if nanos < CUTS {
        return nanos as usize;
    }
    let power = nanos.ilog2();
    let cut = (nanos >> (power - CUT_BITS)) - CUTS;
    (u64::from(power - CUT_BITS + 1) * CUTS + cut) as usize
}

/// The middle of what falls into a bucket.
fn middle_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < CUTS {
        return bucket;
    }
    let width = 1u64 << (bucket / CUTS - 1);
    (CUTS + bucket % CUTS) * width + width / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_near_the_truth() {
        let mut histogram = Histogram::default();
        for micros in 1..=1000 {
            histogram.record(Duration::from_micros(micros), 1);
        }
        for (share, micros) in [(0.5, 500.0), (0.99, 990.0), (0.0, 1.0), (1.0, 1000.0)] {
            let found = histogram.quantile(share).as_nanos() as f64 / 1000.0;
            assert!((found / micros - 1.0).abs() < 0.07, "{share}: {found} instead of {micros}");
        }
        assert_eq!(histogram.max(), Duration::from_micros(1000));
        assert_eq!(Histogram::default().quantile(0.5), Duration::ZERO);
    }

    #[test]
    fn buckets_follow_each_other() {
        let mut before = 0;
        for nanos in (0..10_000).chain([u64::MAX / 2, u64::MAX]) {
            let bucket = bucket_of(nanos);
            assert!(bucket >= before && bucket < 1024);
            before = bucket;
        }
    }
}
