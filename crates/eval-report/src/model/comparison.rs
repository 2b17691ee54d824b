//! Two columns on the rows that were scored for both: how far apart they are, and what may be said of it.

use serde::{Deserialize, Serialize};

use super::figures::{Bounds, RowsForGap, Test};

/// A column against the baseline, by one scorer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The scorer's name.
    pub scorer: String,
    /// The title of the column.
    pub a: String,
    /// The title of the baseline.
    pub b: String,
    /// Rows scored for both.
    pub rows: u64,
    /// Rows submitted that were scored for one of them only, or for neither.
    pub left_out: u64,
    /// How verdicts fall, where they are passes and fails.
    pub table: Option<Flips>,
    /// The mean verdict of `a` less that of `b`, over the rows scored for both, in -1..=1; none without such rows.
    pub difference: Option<f64>,
    /// The same over all rows submitted, where a row without a verdict counts as wrong.
    pub difference_of_submitted: Option<f64>,
    /// The interval of `difference`; none where the rows do not tell.
    pub interval: Option<Bounds>,
    /// The test of `difference`; none where the rows do not tell.
    pub test: Option<Test>,
    /// The clusters that the rows come in, if they were named.
    pub clusters: Option<u64>,
    /// How many rows it would take to see a gap of five points.
    pub rows_for_gap: Option<RowsForGap>,
    /// The smallest gap that this many rows would show with power 0.8.
    pub detectable: Option<f64>,
    /// What may be concluded.
    pub finding: Finding,
    /// All of it in a plain sentence, which may hold text from outside.
    pub sentence: String,
}

/// What may be concluded from a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Finding {
    /// `a` is better than the baseline.
    Better,
    /// `a` is worse than the baseline.
    Worse,
    /// Neither is shown to be better.
    NoDifference,
    /// The rows do not tell.
    Nothing,
}

/// How the rows fall that both have a pass or fail on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flips {
    /// Rows that both pass.
    pub both: u64,
    /// Rows that only `a` passes.
    pub only_a: u64,
    /// Rows that only `b` passes.
    pub only_b: u64,
    /// Rows that neither passes.
    pub neither: u64,
}

/// Whether three or more columns differ at all, by one scorer: Cochran's Q, before any pair is looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Omnibus {
    /// The scorer's name.
    pub scorer: String,
    /// The titles of the columns.
    pub columns: Vec<String>,
    /// Rows with a pass or fail for all of them.
    pub rows: u64,
    /// The statistic.
    pub q: f64,
    /// Its degrees of freedom.
    pub df: u64,
    /// Its p value.
    pub p: f64,
    /// It in a plain sentence.
    pub sentence: String,
}
