//! Counts as they stand in the report: whole numbers by name, never floats.

use scoring::{OutcomeCounts, Tally, TokenSums};
use serde::{Deserialize, Serialize};

/// How many rows had each outcome; they add up to the rows submitted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcomes {
    /// Rows with an answer.
    pub answered: u64,
    /// Rows whose answer was cut by the token limit.
    pub truncated: u64,
    /// Rows withheld by a safety or policy rule.
    pub blocked: u64,
    /// Rows with a response in which there is nothing.
    pub empty: u64,
    /// Rows with an error instead of a response.
    pub error: u64,
    /// Rows that did not come back.
    pub missing: u64,
    /// Rows with two results that differ.
    pub conflict: u64,
    /// Rows whose result cannot be read.
    pub unparsable: u64,
}

impl Outcomes {
    /// The outcomes by name, in the order in which they are shown.
    pub fn named(&self) -> [(&'static str, u64); 8] {
        [
            ("answered", self.answered),
            ("truncated", self.truncated),
            ("blocked", self.blocked),
            ("empty", self.empty),
            ("error", self.error),
            ("missing", self.missing),
            ("conflict", self.conflict),
            ("unparsable", self.unparsable),
        ]
    }

    /// All rows.
    pub fn total(&self) -> u64 {
        self.named().iter().map(|(_, rows)| rows).sum()
    }
}

impl From<&OutcomeCounts> for Outcomes {
    fn from(counts: &OutcomeCounts) -> Self {
        use scoring::Outcome;
        Self {
            answered: counts.get(Outcome::Answered),
            truncated: counts.get(Outcome::Truncated),
            blocked: counts.get(Outcome::Blocked),
            empty: counts.get(Outcome::Empty),
            error: counts.get(Outcome::Error),
            missing: counts.get(Outcome::Missing),
            conflict: counts.get(Outcome::Conflict),
            unparsable: counts.get(Outcome::Unparsable),
        }
    }
}

/// Tokens as the service stated them, summed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// Tokens of the requests, cached part included.
    pub prompt: u64,
    /// Tokens of the requests that came from a cache.
    pub cached: u64,
    /// Tokens of the answers.
    pub candidates: u64,
    /// Tokens of the models' thinking.
    pub thoughts: u64,
    /// Totals as stated.
    pub total: u64,
    /// Rows that stated any.
    pub rows: u64,
}

impl From<&TokenSums> for Tokens {
    fn from(sums: &TokenSums) -> Self {
        Self {
            prompt: sums.prompt,
            cached: sums.cached,
            candidates: sums.candidates,
            thoughts: sums.thoughts,
            total: sums.total,
            rows: sums.rows,
        }
    }
}

/// How often something was seen, by a name that came from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// The name.
    pub name: String,
    /// How many rows.
    pub rows: u64,
}

/// The rows that a scorer gave one label.
pub type LabelCount = Count;

/// A tally as a list, most frequent first; what a tally lumped together comes last, as `(others)`.
pub(crate) fn counts(tally: &Tally) -> Vec<Count> {
    let count = |(name, rows): (&str, u64)| Count { name: name.to_owned(), rows };
    let others = Some(("(others)", tally.others())).filter(|(_, rows)| *rows > 0);
    tally.iter().chain(others).map(count).collect()
}
