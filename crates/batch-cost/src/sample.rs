//! Which rows to look at closely: an even choice from a stream of unknown length, the same for the same seed.

/// A sample of a stream: every item has the same chance to be in it.
///
/// ```
/// use batch_cost::Reservoir;
///
/// let mut sample = Reservoir::new(50, 7);
/// (0..1_000_000_u64).for_each(|row| sample.offer(|| row));
/// let mut rows = sample.into_items();
/// rows.sort_unstable();
/// assert_eq!(rows.len(), 50);
/// ```
#[derive(Debug, Clone)]
pub struct Reservoir<T> {
    size: usize,
    seen: u64,
    state: u64,
    items: Vec<T>,
}

impl<T> Reservoir<T> {
    /// An empty sample that will hold at most `size` items; equal seeds choose equally.
    pub fn new(size: usize, seed: u64) -> Self {
        Self { size, seen: 0, state: mix(seed), items: Vec::new() }
    }

    /// Offers the next item of the stream, which is only made if it is taken.
    pub fn offer(&mut self, item: impl FnOnce() -> T) {
        self.seen = self.seen.saturating_add(1);
        if self.items.len() < self.size {
            self.items.push(item());
            return;
        }
        let place = usize::try_from(self.below(self.seen)).unwrap_or(usize::MAX);
        if let Some(taken) = self.items.get_mut(place) {
            *taken = item();
        }
    }

    /// How many items were offered.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// The sample, in no order that means anything.
    pub fn into_items(self) -> Vec<T> {
        self.items
    }

    /// A number in 0..`n`, by a wide product, whose bias is below 2^-32 for any file there is.
    fn below(&mut self, n: u64) -> u64 {
        self.state = self.state.wrapping_add(1);
        u64::try_from((u128::from(mix(self.state)) * u128::from(n)) >> 64).unwrap_or(0)
    }
}

/// The step of splitmix64 that makes equal-looking numbers unlike.
pub(crate) fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(size: usize, seed: u64, items: u64) -> Vec<u64> {
        let mut sample = Reservoir::new(size, seed);
        (0..items).for_each(|item| sample.offer(|| item));
        assert_eq!(sample.seen(), items);
        let mut items = sample.into_items();
        items.sort_unstable();
        items
    }

    #[test]
    fn the_seed_alone_decides() {
        assert_eq!(chosen(5, 1, 1_000), chosen(5, 1, 1_000));
        assert_ne!(chosen(5, 1, 1_000), chosen(5, 2, 1_000));
        assert_eq!(chosen(5, 1, 3), [0, 1, 2]);
        assert_eq!(chosen(0, 1, 3), []);
    }

    #[test]
    fn every_item_has_the_same_chance() {
        let mut times = [0_i32; 20];
        for seed in 0..4_000 {
            for item in chosen(5, seed, 20) {
                times[usize::try_from(item).unwrap()] += 1;
            }
        }
        // Expected 1,000 each, with a deviation of about 27.
        assert!(times.iter().all(|times| (times - 1_000).abs() < 140), "{times:?}");
    }
}
