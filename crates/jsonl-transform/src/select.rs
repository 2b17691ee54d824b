//! Which rows of a dataset are taken: a range, those that a predicate likes, the first, a sample.

use std::{collections::BinaryHeap, fmt, ops::Range, str::FromStr, sync::Arc};

use twox_hash::XxHash3_64;

use crate::LeftOut;

/// Which rows are taken, decided in this order: range, predicate, head, sample.
///
/// A row counts whether it can be sent or not: what is bad about it is only told when it is taken. Rows are numbered from 0 in the dataset, lines that are blank left out; where nothing is
/// left out and nothing is bad, these are the numbers in the keys.
///
/// ```
/// use jsonl_transform::Selection;
/// // Of rows 100 to 199, the first ten that hold "spam".
/// let selection = Selection::new()
///     .rows("100..200".parse()?)
///     .keep(|row| Ok(row.windows(4).any(|window| window == b"spam")))
///     .head(10);
/// # Ok::<_, jsonl_transform::RowRangeError>(())
/// ```
#[derive(Clone, Default)]
pub struct Selection {
    rows: RowRange,
    keep: Option<Predicate>,
    head: Option<u64>,
    picked: Option<Arc<Picked>>,
}

type Predicate = Arc<dyn Fn(&[u8]) -> Result<bool, String> + Send + Sync>;

impl Selection {
    /// All rows.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes only rows with these numbers.
    #[must_use]
    pub fn rows(mut self, rows: RowRange) -> Self {
        self.rows = rows;
        self
    }

    /// Takes only rows for which `predicate` is true. It is given the row as it came, which is then
    /// known to be JSON no deeper than [`MAX_DEPTH`](crate::MAX_DEPTH).
    /// A row for which it gives an error is a bad row with that reason.
    #[must_use]
    pub fn keep(
        mut self,
        predicate: impl Fn(&[u8]) -> Result<bool, String> + Send + Sync + 'static,
    ) -> Self {
        self.keep = Some(Arc::new(predicate));
        self
    }

    /// Takes only the first `rows` of those that are left.
    #[must_use]
    pub fn head(mut self, rows: u64) -> Self {
        self.head = Some(rows);
        self
    }

    /// Takes only those that were drawn from the rows that are left; see
    /// [`Transformer::draw`](crate::Transformer::draw).
    #[must_use]
    pub fn picked(mut self, picked: Picked) -> Self {
        self.picked = Some(Arc::new(picked));
        self
    }

    /// Whether every row is taken.
    pub fn is_all(&self) -> bool {
        self.rows == RowRange::default()
            && self.keep.is_none()
            && self.head.is_none()
            && self.picked.is_none()
    }

    /// Whether row `number` of the dataset lies in the range.
    pub(crate) fn has_row(&self, number: u64) -> bool {
        self.rows.start <= number && number < self.rows.end
    }

    /// What the predicate says of a row, where there is one.
    pub(crate) fn likes(&self, row: &[u8]) -> Result<bool, String> {
        self.keep.as_ref().map_or(Ok(true), |keep| keep(row))
    }

    pub(crate) fn has_predicate(&self) -> bool {
        self.keep.is_some()
    }

    /// How many rows are taken at most, before a sample is drawn.
    pub(crate) fn most(&self) -> u64 {
        // A sample was drawn from the first rows only.
        if self.picked.is_some() { u64::MAX } else { self.head.unwrap_or(u64::MAX) }
    }

    /// The sample, once it is drawn.
    pub(crate) fn sample(&self) -> Option<&Picked> {
        self.picked.as_deref()
    }

    /// The same without a sample.
    pub(crate) fn without_sample(&self) -> Self {
        Self { picked: None, ..self.clone() }
    }
}

impl fmt::Debug for Selection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Selection")
            .field("rows", &self.rows)
            .field("keep", &self.keep.is_some())
            .field("head", &self.head)
            .field("picked", &self.picked.as_ref().map(|picked| picked.len()))
            .finish()
    }
}

/// Row numbers from 0, the end not included, written `A..B`, `A..` or `..B`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowRange {
    start: u64,
    end: u64,
}

impl Default for RowRange {
    fn default() -> Self {
        Self { start: 0, end: u64::MAX }
    }
}

impl From<Range<u64>> for RowRange {
    fn from(Range { start, end }: Range<u64>) -> Self {
        Self { start, end }
    }
}

/// A text is not a range of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("rows are written A..B, A.. or ..B, numbered from 0 and without B, as in 0..100")]
pub struct RowRangeError;

impl FromStr for RowRange {
    type Err = RowRangeError;

    fn from_str(text: &str) -> Result<Self, RowRangeError> {
        let (start, end) = text.split_once("..").ok_or(RowRangeError)?;
        let number = |text: &str, default| match text {
            "" => Ok(default),
            _ if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                text.parse().map_err(|_| RowRangeError)
            }
            _ => Err(RowRangeError),
        };
        let range = Self { start: number(start, 0)?, end: number(end, u64::MAX)? };
        let is_empty_text = start.is_empty() && end.is_empty();
        if is_empty_text || range.start >= range.end {
            return Err(RowRangeError);
        }
        Ok(range)
    }
}

/// How many rows to draw, and the seed that decides which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// How many; all, if there are no more.
    pub rows: u64,
    /// The same seed draws the same rows of the same dataset, on every machine.
    pub seed: u64,
}

impl Sample {
    /// Draws from a dataset of `total` rows, where that number is known and all are wanted.
    ///
    /// ```
    /// use jsonl_transform::Sample;
    /// let picked = Sample { rows: 3, seed: 7 }.of(1000);
    /// assert_eq!((picked.len(), picked.of()), (3, 1000));
    /// ```
    pub fn of(self, total: u64) -> Picked {
        let mut draw = Draw::new(self);
        (0..total).for_each(|row| draw.offer(row));
        draw.finish(LeftOut::default(), total)
    }
}

/// The rows that were drawn from a dataset, by their numbers in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picked {
    rows: Vec<u64>,
    of: u64,
    left: LeftOut,
    rows_in: u64,
}

impl Picked {
    /// How many rows were drawn.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether no row was drawn.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many rows they were drawn from.
    pub fn of(&self) -> u64 {
        self.of
    }

    pub(crate) fn has(&self, row: u64) -> bool {
        self.rows.binary_search(&row).is_ok()
    }

    /// How many rows the dataset had in all.
    pub(crate) fn rows_in(&self) -> u64 {
        self.rows_in
    }

    /// How many rows were left out before the sample was drawn.
    pub(crate) fn left(&self) -> LeftOut {
        self.left
    }
}

/// Draws while rows pass: those with the least hashes of seed and number stay, 16 bytes each.
///
/// Every set of so many rows is equally likely, over the seeds, however many rows there will be.
#[derive(Debug)]
pub(crate) struct Draw {
    sample: Sample,
    least: BinaryHeap<(u64, u64)>,
    offered: u64,
}

impl Draw {
    pub(crate) fn new(sample: Sample) -> Self {
        Self { sample, least: BinaryHeap::new(), offered: 0 }
    }

    /// Takes note of row `row`.
    pub(crate) fn offer(&mut self, row: u64) {
        self.offered += 1;
        let hash = XxHash3_64::oneshot_with_seed(self.sample.seed, &row.to_le_bytes());
        if (self.least.len() as u64) < self.sample.rows {
            self.least.push((hash, row));
        } else if let Some(mut greatest) = self.least.peek_mut()
            && (hash, row) < *greatest
        {
            *greatest = (hash, row);
        }
    }

    pub(crate) fn finish(self, left: LeftOut, rows_in: u64) -> Picked {
        let mut rows: Vec<_> = self.least.into_iter().map(|(_, row)| row).collect();
        rows.sort_unstable();
        Picked { rows, of: self.offered, left, rows_in }
    }
}

#[cfg(test)]
mod tests {
    use super::{RowRange, Sample};

    #[test]
    fn ranges_are_read_in_the_ways_they_are_written() {
        for (text, range) in
            [("0..1", 0..1), ("10..20", 10..20), ("..5", 0..5), ("7..", 7..u64::MAX)]
        {
            assert_eq!(text.parse(), Ok(RowRange::from(range)), "{text}");
        }
        for text in [
            "",
            "..",
            "5",
            "5..5",
            "6..5",
            "-1..5",
            "+1..5",
            "1...5",
            "1..=5",
            "a..b",
            " 1..2",
            "0..18446744073709551616",
        ] {
            assert!(text.parse::<RowRange>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_sample_is_the_same_everywhere() {
        // Written down once: another platform or version must draw these rows too.
        let picked = Sample { rows: 5, seed: 42 }.of(1000);
        assert_eq!(picked.rows, GOLDEN);
        assert_eq!(Sample { rows: 9, seed: 42 }.of(3).rows, [0, 1, 2]);
        assert!(Sample { rows: 0, seed: 42 }.of(3).is_empty());
    }

    const GOLDEN: [u64; 5] = [215, 266, 407, 580, 801];

    #[test]
    fn every_row_is_drawn_equally_often() {
        let (rows, total, seeds) = (5, 20_usize, 4000);
        let mut drawn = vec![0_i64; total];
        for seed in 0..seeds {
            let picked = Sample { rows, seed }.of(total as u64);
            assert_eq!(picked.len(), 5);
            picked
                .rows
                .iter()
                .for_each(|&place| drawn[usize::try_from(place).expect("small")] += 1);
        }
        // Each count is binomial around 1000 with a deviation of 27; seven deviations never happen.
        assert!(drawn.iter().all(|count| (count - 1000).abs() < 190), "{drawn:?}");
    }
}
