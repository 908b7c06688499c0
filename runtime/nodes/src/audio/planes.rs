//! A queue of planar samples.

/// Samples that wait, one plane a channel: what comes in blocks of one size leaves in blocks of another.
#[derive(Debug, Default)]
pub struct Planes {
    planes: Vec<Vec<f32>>,
    /// Samples at the start of each plane that have left. They are dropped when new ones come, so that taking small
    /// blocks does not move the rest each time.
    taken: usize,
}

impl Planes {
    /// An empty queue of `channels` planes.
    pub fn new(channels: usize) -> Planes {
        Planes { planes: vec![Vec::new(); channels], taken: 0 }
    }

    /// The number of samples in each plane.
    pub fn frames(&self) -> usize {
        self.planes.first().map_or(0, |plane| plane.len() - self.taken)
    }

    /// Adds as many samples to every plane, in the order of the channels.
    pub fn push<'a>(&mut self, samples: impl IntoIterator<Item = &'a [f32]>) {
        for (plane, samples) in self.planes.iter_mut().zip(samples) {
            plane.drain(..self.taken);
            plane.extend_from_slice(samples);
        }
        self.taken = 0;
    }

    /// Takes up to `frames` samples of every plane, plane after plane in one vector.
    pub fn take(&mut self, frames: usize) -> Vec<f32> {
        let frames = frames.min(self.frames());
        let end = self.taken + frames;
        let mut block = Vec::with_capacity(frames * self.planes.len());
        for plane in &self.planes {
            block.extend_from_slice(&plane[self.taken..end]);
        }
        self.taken = end;
        block
    }
}

#[cfg(test)]
mod tests {
    use super::Planes;

    #[test]
    fn blocks_leave_in_order_and_plane_after_plane() {
        let mut planes = Planes::new(2);
        planes.push([&[1.0, 2.0, 3.0][..], &[-1.0, -2.0, -3.0][..]]);
        assert_eq!(planes.take(2), [1.0, 2.0, -1.0, -2.0]);
        planes.push([&[4.0][..], &[-4.0][..]]);
        assert_eq!(planes.frames(), 2);
        assert_eq!(planes.take(9), [3.0, 4.0, -3.0, -4.0]);
        assert!(planes.take(1).is_empty());
    }
}
