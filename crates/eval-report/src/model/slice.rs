//! A column on the rows that share one value of a field.

use serde::{Deserialize, Serialize};

use super::Finding;
use super::figures::{Bounds, Test};
use crate::Estimate;

/// A column on one slice, by one scorer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Slice {
    /// The JSON Pointer of the field.
    pub field: String,
    /// The value: a text as it is, anything else as JSON; `(none)` for rows without the field, `(other values)` for
    /// those beyond the most that are told apart.
    pub value: String,
    /// The scorer's name.
    pub scorer: String,
    /// The title of the column.
    pub column: String,
    /// Rows of the slice.
    pub rows: u64,
    /// Rows of it with a verdict.
    pub scored: u64,
    /// Rows of it that passed.
    pub passes: u64,
    /// `passes / scored`; none without verdicts, or if they are grades or labels.
    pub accuracy: Option<Estimate>,
    /// The mean grade; none if there is no grade.
    pub mean: Option<f64>,
    /// The difference to the baseline on this slice; none for the baseline itself.
    pub difference: Option<SliceDifference>,
}

/// How far a column is from the baseline on a slice.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SliceDifference {
    /// Rows of the slice scored for both.
    pub rows: u64,
    /// The mean verdict of the column less that of the baseline, in -1..=1.
    pub value: f64,
    /// Its interval.
    pub interval: Option<Bounds>,
    /// Its test, adjusted over all slices of the scorer.
    pub test: Option<Test>,
}

impl SliceDifference {
    /// What may be concluded, by the p value that is adjusted for all slices and the interval.
    pub fn finding(&self) -> Finding {
        crate::fold::found(self.value, self.interval, self.test)
    }
}
