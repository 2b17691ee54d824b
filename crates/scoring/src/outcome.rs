//! What the service gave for a row, and the ledger of it: the one axis that no scorer decides.

use std::fmt;

/// What the service gave for a row.
///
/// The eight outcomes of a model's rows add up to the rows submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// A first candidate with at least one part.
    Answered,
    /// The answer was cut by the token limit (`MAX_TOKENS`), perhaps before anything of it came.
    Truncated,
    /// The prompt or the answer was withheld by a safety or policy rule.
    Blocked,
    /// A response in which there is nothing: no candidate, no content or no part.
    Empty,
    /// The service gave an error for this row instead of a response.
    Error,
    /// No line for this row was seen.
    Missing,
    /// Two lines for this row that differ.
    Conflict,
    /// A line for this row that is not what a result line can be.
    Unparsable,
}

impl Outcome {
    /// All outcomes, in the order in which they are shown.
    pub const ALL: [Self; 8] = [
        Self::Answered,
        Self::Truncated,
        Self::Blocked,
        Self::Empty,
        Self::Error,
        Self::Missing,
        Self::Conflict,
        Self::Unparsable,
    ];

    /// The name in reports: one lower-case word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Truncated => "truncated",
            Self::Blocked => "blocked",
            Self::Empty => "empty",
            Self::Error => "error",
            Self::Missing => "missing",
            Self::Conflict => "conflict",
            Self::Unparsable => "unparsable",
        }
    }

    /// Whether scorers see such a row: the model gave its answer, be it blocked or empty.
    ///
    /// ```
    /// use scoring::Outcome;
    /// assert!(Outcome::Blocked.is_scored());
    /// assert!(!Outcome::Error.is_scored(), "an error is missing data, not a wrong answer");
    /// ```
    pub fn is_scored(self) -> bool {
        matches!(self, Self::Answered | Self::Truncated | Self::Blocked | Self::Empty)
    }

    /// One byte for the dense array; 0 is `Missing`, so that a fresh array says that nothing came.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Missing => 0,
            Self::Answered => 1,
            Self::Truncated => 2,
            Self::Blocked => 3,
            Self::Empty => 4,
            Self::Error => 5,
            Self::Conflict => 6,
            Self::Unparsable => 7,
        }
    }

    pub(crate) fn of_code(code: u8) -> Self {
        match code {
            1 => Self::Answered,
            2 => Self::Truncated,
            3 => Self::Blocked,
            4 => Self::Empty,
            5 => Self::Error,
            6 => Self::Conflict,
            7 => Self::Unparsable,
            _ => Self::Missing,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How many rows had each outcome.
///
/// ```
/// use scoring::{Outcome, OutcomeCounts};
/// let mut counts = OutcomeCounts::default();
/// counts.add(Outcome::Answered, 58);
/// counts.add(Outcome::Error, 1);
/// counts.add(Outcome::Missing, 1);
/// assert_eq!((counts.total(), counts.seen_by_scorers(), counts.returned()), (60, 58, 59));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutcomeCounts([u64; 8]);

impl OutcomeCounts {
    /// Counts `rows` more rows with this outcome.
    pub fn add(&mut self, outcome: Outcome, rows: u64) {
        if let Some(count) = self.0.get_mut(usize::from(outcome.code())) {
            *count += rows;
        }
    }

    /// The rows with this outcome.
    pub fn get(&self, outcome: Outcome) -> u64 {
        self.0.get(usize::from(outcome.code())).copied().unwrap_or(0)
    }

    /// All rows: those submitted.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The rows that scorers see: answered, truncated, blocked and empty.
    pub fn seen_by_scorers(&self) -> u64 {
        self.iter().filter(|(outcome, _)| outcome.is_scored()).map(|(_, rows)| rows).sum()
    }

    /// The rows for which any line came back: all but the missing ones.
    pub fn returned(&self) -> u64 {
        self.total() - self.get(Outcome::Missing)
    }

    /// Every outcome with its count, in the order of [`Outcome::ALL`], zeros included.
    pub fn iter(&self) -> impl Iterator<Item = (Outcome, u64)> + '_ {
        Outcome::ALL.into_iter().map(|outcome| (outcome, self.get(outcome)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_outcomes_are_a_bijection() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::of_code(outcome.code()), outcome);
        }
        let codes: std::collections::BTreeSet<u8> =
            Outcome::ALL.iter().map(|outcome| outcome.code()).collect();
        assert_eq!(codes, (0..8).collect());
    }
}
