//! Chance without surprise: a small generator that is a function of its seed and a name.

use twox_hash::XxHash3_64;

/// Mixes named parts into one seed; equal parts give equal seeds on every machine.
pub(crate) fn mix(seed: u64, parts: &[&[u8]]) -> u64 {
    parts.iter().fold(seed, |state, part| XxHash3_64::oneshot_with_seed(state, part))
}

/// A splitmix64 generator.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number in 0..`n`; 0 when `n` is 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let n = u128::try_from(n).unwrap_or(1);
        usize::try_from((u128::from(self.roll()) * n) >> 64).unwrap_or(0)
    }

    /// A number in 0..1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit a float exactly")]
    pub(crate) fn unit(&mut self) -> f64 {
        (self.roll() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A bell-shaped number with mean 0 and deviation 1 (the sum of twelve even ones).
    pub(crate) fn bell(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }

    pub(crate) fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// An identifier of `n` characters of `[a-z0-9]`.
    pub(crate) fn id(&mut self, n: usize) -> String {
        const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        (0..n).map(|_| char::from(ALPHABET[self.below(ALPHABET.len())])).collect()
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers_in_range() {
        let (mut a, mut b) = (Dice::new(7), Dice::new(7));
        assert_eq!(a.id(36), b.id(36));
        let mean = (0..4_000).map(|_| a.bell()).sum::<f64>() / 4_000.0;
        assert!(mean.abs() < 0.1, "{mean}");
        assert!((0..1_000).all(|_| a.below(3) < 3));
        let mut items = [1, 2, 3, 4, 5, 6, 7, 8];
        a.shuffle(&mut items);
        assert_ne!(items, [1, 2, 3, 4, 5, 6, 7, 8]);
        items.sort_unstable();
        assert_eq!(items, [1, 2, 3, 4, 5, 6, 7, 8]);
    }
}
