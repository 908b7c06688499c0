//! The nodes that may have become ready since they were last looked at, by their rank in the order of flow.

/// A set of ranks: of many nodes, those few are found at once that something has changed for.
pub(super) struct Stirred {
    words: Vec<u64>,
}

const BITS: usize = u64::BITS as usize;

impl Stirred {
    /// All of so many.
    pub fn all(count: usize) -> Stirred {
        let mut stirred = Stirred { words: Vec::new() };
        stirred.fill(count);
        stirred
    }

    /// From now on all of so many.
    pub fn fill(&mut self, count: usize) {
        self.words.clear();
        self.words.resize(count.div_ceil(BITS), u64::MAX);
        if let (Some(last), rest @ 1..) = (self.words.last_mut(), count % BITS) {
            *last = (1 << rest) - 1;
        }
    }

    pub fn insert(&mut self, rank: usize) {
        self.words[rank / BITS] |= 1 << (rank % BITS);
    }

    pub fn remove(&mut self, rank: usize) {
        self.words[rank / BITS] &= !(1 << (rank % BITS));
    }

    /// The highest one below `rank`.
    pub fn below(&self, rank: usize) -> Option<usize> {
        let mut at = rank / BITS;
        let mut word = self.words.get(at).map_or(0, |word| word & ((1 << (rank % BITS)) - 1));
        while word == 0 {
            at = at.checked_sub(1)?;
            word = self.words[at];
        }
        Some(at * BITS + word.ilog2() as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(stirred: &Stirred, count: usize) -> Vec<usize> {
        std::iter::successors(stirred.below(count), |&rank| stirred.below(rank)).collect()
    }

    #[test]
    fn all_of_them_from_the_highest() {
        for count in [0, 1, 63, 64, 65, 128, 200] {
            assert_eq!(members(&Stirred::all(count), count), (0..count).rev().collect::<Vec<_>>());
        }
    }

    #[test]
    fn only_those_that_are_in() {
        let mut stirred = Stirred::all(200);
        (0..200).for_each(|rank| stirred.remove(rank));
        assert_eq!(stirred.below(200), None);
        [0, 63, 64, 130, 199].into_iter().for_each(|rank| stirred.insert(rank));
        assert_eq!(members(&stirred, 200), [199, 130, 64, 63, 0]);
        assert_eq!(stirred.below(130), Some(64));
        stirred.fill(3);
        assert_eq!(members(&stirred, 3), [2, 1, 0]);
    }
}
