//! Sets of rows: one bit a row, however many there are.

/// Rows of a run by their numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    words: Vec<u64>,
    count: u64,
}

/// Where the bit of a row is.
fn place(row: u64) -> (usize, u64) {
    (usize::try_from(row / 64).unwrap_or(usize::MAX), 1 << (row % 64))
}

impl Rows {
    pub(crate) fn insert(&mut self, row: u64) {
        let (at, bit) = place(row);
        if at >= self.words.len() {
            self.words.resize(at + 1, 0);
        }
        if let Some(word) = self.words.get_mut(at) {
            self.count += u64::from(*word & bit == 0);
            *word |= bit;
        }
    }

    pub(crate) fn has(&self, row: u64) -> bool {
        let (at, bit) = place(row);
        self.words.get(at).is_some_and(|word| word & bit != 0)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The rows in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        (0..).zip(&self.words).flat_map(|(at, word)| {
            let bits = (0..64).filter(move |bit| word >> bit & 1 == 1);
            bits.map(move |bit| at * 64 + bit)
        })
    }
}

impl FromIterator<u64> for Rows {
    fn from_iter<I: IntoIterator<Item = u64>>(rows: I) -> Self {
        let mut set = Self::default();
        rows.into_iter().for_each(|row| set.insert(row));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_out_in_order_and_once() {
        let rows = Rows::from_iter([700, 3, 63, 64, 0, 3]);
        assert_eq!(rows.iter().collect::<Vec<_>>(), [0, 3, 63, 64, 700]);
        assert_eq!((rows.count(), rows.is_empty()), (5, false));
        assert!(rows.has(63) && !rows.has(62) && !rows.has(1 << 40));
        assert!(Rows::default().is_empty());
    }
}
