//! Numbers for tests: the same ones for a seed.

/// A generator (xorshift).
#[derive(Debug)]
pub struct Random(pub u64);

impl Random {
    /// Any number.
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below another one.
    pub fn below(&mut self, most: usize) -> usize {
        (self.next() % most as u64) as usize
    }

    /// A number as forgers like them: small, or near a limit, or any.
    pub fn odd(&mut self) -> u64 {
        let near = [0, 1, 4, 8, 512, 1 << 15, 1 << 17, 1 << 31, u64::from(u32::MAX), 1 << 32, 1 << 63, u64::MAX];
        match self.below(3) {
            0 => self.next() % 64,
            1 => near[self.below(near.len())].wrapping_add(self.next() % 5).wrapping_sub(2),
            _ => self.next(),
        }
    }

    /// So many bytes.
    pub fn bytes(&mut self, size: usize) -> Vec<u8> {
        (0..size).map(|_| self.next() as u8).collect()
    }
}
