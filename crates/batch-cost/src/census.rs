//! What a forecast needs to know of a dataset, gathered row by row in constant memory.

use crate::fit::Pairs;
use crate::sizes::Sizes;

/// One row, as a forecast sees it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CensusRow {
    /// Bytes of the request as it will be sent.
    pub bytes: u64,
    /// The most tokens that may be answered, thinking included, if the request says so (`maxOutputTokens`).
    pub output_cap: Option<u64>,
    /// What the logged call took, if the dataset says so.
    pub logged: Option<Logged>,
}

/// What a logged call took, from its `usageMetadata`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Logged {
    /// Bytes of the request as it was logged; other than those to be sent where a variant edits it.
    pub bytes: u64,
    /// `promptTokenCount`.
    pub prompt: Option<u64>,
    /// `candidatesTokenCount` and `thoughtsTokenCount` together.
    pub output: Option<u64>,
}

/// What is known of a dataset under one variant: sizes, logged tokens, limits of answers.
///
/// ```
/// use batch_cost::{Census, CensusRow, Logged};
///
/// let mut census = Census::default();
/// let logged = Logged { bytes: 420, prompt: Some(80), output: Some(76) };
/// census.add(&CensusRow { bytes: 420, logged: Some(logged), output_cap: None });
/// census.add(&CensusRow { bytes: 500, ..CensusRow::default() });
/// assert_eq!((census.rows(), census.bytes()), (2, 920));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Census {
    pub(crate) sizes: Sizes,
    pub(crate) pairs: Pairs,
    /// Pairs whose request will be sent as long as it was logged.
    pub(crate) unchanged: u64,
    pub(crate) outputs: Outputs,
    pub(crate) capped_rows: u64,
    pub(crate) caps: u64,
}

/// Sums over logged output tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Outputs {
    pub(crate) count: u64,
    pub(crate) tokens: u128,
    pub(crate) squares: u128,
}

impl Census {
    /// Adds one row.
    pub fn add(&mut self, row: &CensusRow) {
        self.sizes.add(row.bytes);
        if let Some(cap) = row.output_cap {
            self.capped_rows = self.capped_rows.saturating_add(1);
            self.caps = self.caps.saturating_add(cap);
        }
        let Some(logged) = row.logged else { return };
        if let Some(prompt) = logged.prompt {
            self.pairs.add(logged.bytes, prompt);
            self.unchanged += u64::from(logged.bytes == row.bytes);
        }
        if let Some(output) = logged.output {
            // Counts are 32-bit numbers at the service.
            let tokens = u128::from(output.min(u32::MAX.into()));
            self.outputs.absorb(&Outputs { count: 1, tokens, squares: tokens * tokens });
        }
    }

    /// Adds the rows of another part of the dataset.
    pub fn absorb(&mut self, other: &Self) {
        self.sizes.absorb(&other.sizes);
        self.pairs.absorb(&other.pairs);
        self.outputs.absorb(&other.outputs);
        for (mine, theirs) in [
            (&mut self.unchanged, other.unchanged),
            (&mut self.capped_rows, other.capped_rows),
            (&mut self.caps, other.caps),
        ] {
            *mine = mine.saturating_add(theirs);
        }
    }

    /// Rows to be sent.
    pub fn rows(&self) -> u64 {
        self.sizes.rows
    }

    /// Bytes of the requests to be sent.
    pub fn bytes(&self) -> u64 {
        self.sizes.bytes
    }

    /// The logged pairs of bytes and tokens.
    pub fn pairs(&self) -> &Pairs {
        &self.pairs
    }
}

impl Outputs {
    fn absorb(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.tokens = self.tokens.saturating_add(other.tokens);
        self.squares = self.squares.saturating_add(other.squares);
    }
}
