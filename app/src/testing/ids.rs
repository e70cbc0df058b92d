use std::sync::atomic::{AtomicU64, Ordering};

use crate::ports::Ids;

/// "Randomness" that is the same in every run: never the same bytes twice from one seed.
#[derive(Debug, Default)]
pub struct SeededIds(AtomicU64);

/// The odd constant of `SplitMix64`, which makes its sequence visit every 64-bit state once.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

impl SeededIds {
    /// A sequence of its own per seed.
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    fn next(&self) -> u64 {
        let mut z = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

impl Ids for SeededIds {
    fn fill(&self, bytes: &mut [u8]) {
        for piece in bytes.chunks_mut(8) {
            let word = self.next().to_be_bytes();
            piece.copy_from_slice(&word[..piece.len()]);
        }
    }
}
