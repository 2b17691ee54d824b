//! The two traits that a rule for judging rows implements.

use std::fmt;

use crate::{Needs, Row, Verdict};

/// A rule that judges one row at a time.
///
/// It is pure: the same row gives the same verdict, on any thread, in any order, with nothing read or written on the
/// side. It cannot fail: what it cannot judge is [`Verdict::Unscorable`]. It must not panic on any row.
pub trait Scorer: fmt::Debug + Send + Sync {
    /// The name shown in reports: printable ASCII without spaces, beginning with a lower-case letter.
    fn name(&self) -> &str;

    /// What of the dataset it looks at beside the result line.
    fn needs(&self) -> Needs;

    /// Judges one row; called for answered, truncated, blocked and empty rows only.
    fn score(&self, row: &Row<'_>) -> Verdict;
}

/// A rule that judges many rows at once, such as one that lives in another process. Every [`Scorer`] is one.
pub trait BatchScorer: Send {
    /// Judges rows: one verdict a row, in order.
    ///
    /// # Errors
    /// [`ScorerError`] if the rule as a whole broke down; a single row it cannot judge is [`Verdict::Unscorable`].
    fn score_batch(&mut self, rows: &[Row<'_>]) -> Result<Vec<Verdict>, ScorerError>;
}

impl<S: Scorer + ?Sized> BatchScorer for S {
    fn score_batch(&mut self, rows: &[Row<'_>]) -> Result<Vec<Verdict>, ScorerError> {
        Ok(rows.iter().map(|row| self.score(row)).collect())
    }
}

/// Why a [`BatchScorer`] broke down.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScorerError {
    /// The scorer gave another number of verdicts than it was given rows.
    #[error("scorer {scorer:?} gave {verdicts} verdicts for {rows} rows")]
    Count {
        /// The name of the scorer.
        scorer: String,
        /// The rows it was given.
        rows: usize,
        /// The verdicts it gave.
        verdicts: usize,
    },
    /// The scorer failed by its own account.
    #[error("scorer {scorer:?} failed")]
    Failed {
        /// The name of the scorer.
        scorer: String,
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
