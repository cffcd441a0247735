//! Numbers that nobody outside can guess.

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit as _, StreamCipher as _};

/// A stream of random numbers.
pub(crate) struct Random(ChaCha20);

impl Random {
    /// The stream of a seed.
    pub(crate) fn new(seed: &[u8; 32]) -> Self {
        Self(ChaCha20::new(seed.into(), &[0; 12].into()))
    }

    fn next(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.0.apply_keystream(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// A number from 0 to below `end`, which is at least 1.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let wide = u128::from(self.next()) * end as u128;
        // The upper half of a product is below either factor.
        usize::try_from(wide >> 64).unwrap_or(0)
    }

    /// Whether something happens that has this chance, from 0 to 1.
    pub(crate) fn happens(&mut self, chance: f64) -> bool {
        const BITS: u32 = 30;
        let drawn = u32::try_from(self.next() >> (64 - BITS)).unwrap_or(0);
        f64::from(drawn) < chance * f64::from(1_u32 << BITS)
    }
}
