//! How large the requests are: a histogram in constant memory, for prices that depend on a row's length.

/// Buckets for each doubling.
const STEPS: u32 = 4;

/// Rows by their bytes, four buckets to a doubling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    buckets: Vec<Bucket>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Bucket {
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { rows: 0, bytes: 0, buckets: vec![Bucket::default(); (u64::BITS * STEPS) as usize] }
    }
}

impl Bucket {
    fn absorb(&mut self, other: Self) {
        self.rows = self.rows.saturating_add(other.rows);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

impl Sizes {
    pub(crate) fn add(&mut self, bytes: u64) {
        let row = Bucket { rows: 1, bytes };
        if let Some(bucket) = self.buckets.get_mut(place(bytes)) {
            bucket.absorb(row);
        }
        self.count(row);
    }

    pub(crate) fn absorb(&mut self, other: &Self) {
        for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            mine.absorb(*theirs);
        }
        self.count(Bucket { rows: other.rows, bytes: other.bytes });
    }

    fn count(&mut self, more: Bucket) {
        let mut all = Bucket { rows: self.rows, bytes: self.bytes };
        all.absorb(more);
        (self.rows, self.bytes) = (all.rows, all.bytes);
    }

    /// The buckets that hold rows, the smallest rows first.
    pub(crate) fn filled(&self) -> impl Iterator<Item = &Bucket> {
        self.buckets.iter().filter(|bucket| bucket.rows > 0)
    }
}

/// The bucket of a size: its highest bit and the two below it.
fn place(bytes: u64) -> usize {
    let bytes = bytes.max(1);
    let doubling = bytes.ilog2();
    let step = if doubling >= 2 { (bytes >> (doubling - 2)) & 3 } else { 0 };
    doubling as usize * STEPS as usize + usize::try_from(step).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_rise_and_are_narrow() {
        assert!((1..100_000).is_sorted_by_key(place));
        let mut sizes = Sizes::default();
        for bytes in [0, 1, 1_000, 1_023, 1_024, 1_279, 1_280, u64::MAX] {
            sizes.add(bytes);
        }
        let rows: Vec<u64> = sizes.filled().map(|bucket| bucket.rows).collect();
        assert_eq!(rows, [2, 2, 2, 1, 1]);
        assert_eq!((sizes.rows, sizes.bytes), (8, u64::MAX));
    }
}
