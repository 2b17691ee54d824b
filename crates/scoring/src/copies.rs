//! Rows that were not sent because an equal one was: which row's answer is theirs too.

/// For each row that was sent, the rows with the same request that were not: its answer counts for them too.
///
/// Takes 16 bytes a copy, and a bit for each row up to the last copy.
///
/// ```
/// use scoring::Copies;
/// // Row 0 was sent; 3 and 4 ask the same.
/// let copies = Copies::new([(4, 0), (3, 0)]);
/// assert_eq!(copies.of(0).collect::<Vec<_>>(), [3, 4]);
/// assert_eq!(copies.of(3).count(), 0);
/// assert_eq!((copies.len(), copies.has(3), copies.has(0)), (2, true, false));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Copies {
    /// `(first, copy)`, sorted.
    pairs: Vec<(u64, u64)>,
    /// One bit a row: whether it is a copy.
    bits: Vec<u64>,
}

impl Copies {
    pub(crate) const NONE: Self = Self { pairs: Vec::new(), bits: Vec::new() };

    /// From pairs of a copy and the row that was sent in its place, in any order.
    pub fn new(pairs: impl IntoIterator<Item = (u64, u64)>) -> Self {
        let mut pairs: Vec<_> = pairs.into_iter().map(|(copy, first)| (first, copy)).collect();
        pairs.sort_unstable();
        pairs.dedup();
        let mut bits = Vec::new();
        for (_, copy) in &pairs {
            let Some((word, bit)) = place(*copy) else { continue };
            if word >= bits.len() {
                bits.resize(word + 1, 0);
            }
            if let Some(word) = bits.get_mut(word) {
                *word |= bit;
            }
        }
        Self { pairs, bits }
    }

    /// How many copies there are.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Whether a row is a copy, so that it was not sent.
    pub fn has(&self, row: u64) -> bool {
        place(row)
            .and_then(|(word, bit)| Some(self.bits.get(word)? & bit))
            .is_some_and(|bit| bit != 0)
    }

    /// The copies of a row that was sent, in order.
    pub fn of(&self, first: u64) -> impl Iterator<Item = u64> + '_ {
        let start = self.pairs.partition_point(|(of, _)| *of < first);
        let rest = self.pairs.get(start..).unwrap_or_default();
        rest.iter().take_while(move |(of, _)| *of == first).map(|(_, copy)| *copy)
    }
}

fn place(row: u64) -> Option<(usize, u64)> {
    Some((usize::try_from(row / 64).ok()?, 1 << (row % 64)))
}
