//! What became of a gate: a condition that decides whether to go on.

use serde::{Deserialize, Serialize};

/// A gate and its outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GateResult {
    /// The gate as it was written.
    pub text: String,
    /// The scorer it is about.
    pub scorer: String,
    /// Whether it is met.
    pub outcome: GateOutcome,
    /// The rows it rests on.
    pub rows: u64,
    /// What was found: the difference to the baseline, or the share of passes, where the gate names a number.
    pub estimate: Option<f64>,
    /// The one-sided lower bound of `estimate`.
    pub low: Option<f64>,
    /// The one-sided upper bound of `estimate`.
    pub high: Option<f64>,
    /// What the bounds are held against: minus the margin, or the number less the margin.
    pub limit: f64,
    /// The one-sided confidence, 0.95 for 95 %.
    pub confidence: f64,
    /// It in a plain sentence, which may hold text from outside.
    pub sentence: String,
}

/// The three ways in which a gate can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateOutcome {
    /// It is met: the lower bound reaches the limit.
    Pass,
    /// It is not met: the upper bound is below the limit.
    Fail,
    /// The limit lies between the bounds: more rows would tell.
    TooLittleData,
}

impl GateOutcome {
    /// The word that stands before its sentence.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "passed",
            Self::Fail => "failed",
            Self::TooLittleData => "undecided",
        }
    }
}
