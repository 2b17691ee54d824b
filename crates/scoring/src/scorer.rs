//! The two traits that a rule for judging rows implements.

use std::borrow::Cow;
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

    /// Which version of the rule it is: another one wherever the same row could get another verdict under the same name.
    ///
    /// With the name it makes the [fingerprint](crate::fingerprint) by which scorings are told apart.
    fn version(&self) -> Cow<'_, str> {
        Cow::Borrowed("1")
    }

    /// Judges one row; called for answered, truncated, blocked and empty rows only.
    fn score(&self, row: &Row<'_>) -> Verdict;

    /// Whether it would rather judge many rows at once, because each call costs a way to another process.
    ///
    /// A [pass](crate::Pass) then calls [`score_all`](Self::score_all) instead, as it does with a [`BatchScorer`].
    fn prefers_batches(&self) -> bool {
        false
    }

    /// Judges rows: one verdict a row, in order, each as [`score`](Self::score) would.
    ///
    /// # Errors
    /// [`ScorerError`] if the rule as a whole broke down, which only one that is not pure can.
    fn score_all(&self, rows: &[Row<'_>]) -> Result<Vec<Verdict>, ScorerError> {
        Ok(rows.iter().map(|row| self.score(row)).collect())
    }
}

/// A rule that judges many rows at once, such as one that lives in another process. Every [`Scorer`] is one.
///
/// It is called from one thread at a time with rows in the order of their lines. How many come at once depends on
/// their length alone, and a verdict must not depend on it.
pub trait BatchScorer: Send {
    /// The name shown in reports, as [`Scorer::name`].
    fn name(&self) -> &str;

    /// What of the dataset it looks at beside the result line.
    fn needs(&self) -> Needs;

    /// Judges rows: one verdict a row, in order.
    ///
    /// # Errors
    /// [`ScorerError`] if the rule as a whole broke down; a single row it cannot judge is [`Verdict::Unscorable`].
    fn score_batch(&mut self, rows: &[Row<'_>]) -> Result<Vec<Verdict>, ScorerError>;
}

impl<S: Scorer + ?Sized> BatchScorer for S {
    fn name(&self) -> &str {
        Scorer::name(self)
    }

    fn needs(&self) -> Needs {
        Scorer::needs(self)
    }

    fn score_batch(&mut self, rows: &[Row<'_>]) -> Result<Vec<Verdict>, ScorerError> {
        self.score_all(rows)
    }
}

/// One judge of a pass, of either kind; its position among the others is that of its column in the scores.
pub enum Judge<'a> {
    /// Judges rows on all threads, each as it is read.
    Pure(&'a dyn Scorer),
    /// Judges batches of rows in the order of their lines.
    Batch(&'a mut dyn BatchScorer),
}

impl Judge<'_> {
    /// The name of the scorer.
    pub fn name(&self) -> &str {
        match self {
            Self::Pure(scorer) => scorer.name(),
            Self::Batch(scorer) => scorer.name(),
        }
    }

    /// What the scorer looks at beside the result line.
    pub fn needs(&self) -> Needs {
        match self {
            Self::Pure(scorer) => scorer.needs(),
            Self::Batch(scorer) => scorer.needs(),
        }
    }
}

impl fmt::Debug for Judge<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if matches!(self, Self::Pure(_)) { "Pure" } else { "Batch" };
        f.debug_tuple(kind).field(&self.name()).finish()
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
