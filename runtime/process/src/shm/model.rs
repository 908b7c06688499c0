//! What loom is to know of a piece of shared memory: its numbers, and who reads and writes its bytes.

use loom::cell::UnsafeCell;

use crate::sync::AtomicU32;

/// How many bytes are watched: more than models use.
const MOST: usize = 256;
/// How many bytes are one place, which may not be written while it is read.
const PLACE: usize = 8;

pub struct Model {
    numbers: Vec<AtomicU32>,
    places: Vec<UnsafeCell<()>>,
}

impl Model {
    pub fn new(size: usize) -> Model {
        let size = size.min(MOST);
        let numbers = (0..size / size_of::<u32>()).map(|_| AtomicU32::new(0)).collect();
        Model { numbers, places: (0..size / PLACE).map(|_| UnsafeCell::new(())).collect() }
    }

    pub fn atomic(&self, offset: usize) -> &AtomicU32 {
        &self.numbers[offset / size_of::<u32>()]
    }

    pub fn read(&self, offset: usize, size: usize) {
        self.touched(offset, size).iter().for_each(|place| place.with(|_| ()));
    }

    pub fn write(&self, offset: usize, size: usize) {
        self.touched(offset, size).iter().for_each(|place| place.with_mut(|_| ()));
    }

    fn touched(&self, offset: usize, size: usize) -> &[UnsafeCell<()>] {
        &self.places[offset / PLACE..(offset + size).div_ceil(PLACE)]
    }
}
