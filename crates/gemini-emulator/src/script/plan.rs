//! How jobs shall run and end, and what becomes of their rows.

use serde::{Deserialize, Serialize};

/// One plan and the jobs that it is for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JobRule {
    /// Which jobs; everything when empty.
    pub when: JobMatch,
    /// How many jobs it is for; all when absent.
    pub times: Option<u64>,
    /// What becomes of them.
    pub plan: JobPlan,
}

/// Which jobs a plan is for; all that is given must match.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JobMatch {
    /// A pattern for the model's name; empty for any.
    pub model: String,
    /// A pattern for the display name; empty for any.
    pub display_name: String,
    /// The job's place among all ever created here, from 0.
    pub index: Option<u64>,
}

/// How a job runs and ends.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JobPlan {
    /// States before the end, in order; pending and running by the emulator's timings when empty.
    pub phases: Vec<Phase>,
    /// The last state, any text; `BATCH_STATE_SUCCEEDED` when absent.
    pub end: Option<String>,
    /// The error beside the last state; FAILED, CANCELLED and EXPIRED have one of their own.
    pub error: Option<JobError>,
    /// Whether there is a result file; by default only after states ending in `SUCCEEDED`.
    pub output: Option<bool>,
    /// Emulated seconds between the end and the output's name showing up.
    pub late_output_s: f64,
    /// Real milliseconds for which the job can be got but is not in the list.
    pub list_lag_ms: u64,
    /// The job goes on to its end although it was cancelled.
    pub ignores_cancel: bool,
    /// What the answers give as `modelVersion`.
    pub model_version: Option<String>,
    /// Rows that fail with an internal error.
    pub failing: Rows,
    /// Rows that are not in the results.
    pub missing: Rows,
    /// Rows that are there twice.
    pub doubled: Rows,
    /// Rows whose prompt is blocked.
    pub blocked: Rows,
    /// Rows whose answer ends in the middle, with `MAX_TOKENS`.
    pub truncated: Rows,
    /// Rows whose candidate has no content.
    pub empty: Rows,
    /// Rows of which only the first half of the line is there (not for inlined requests).
    pub unparsable: Rows,
    /// What failing rows say; code 13 when absent.
    pub row_error: Option<RowError>,
    /// Rows of keys that nobody sent, after all others.
    pub foreign: u64,
    /// Whether a blank line follows each row of the result file.
    pub blank_lines: bool,
}

impl JobPlan {
    /// Every choice of rows by its name.
    pub(crate) fn choices(&self) -> [(&'static str, &Rows); 7] {
        [
            ("missing", &self.missing),
            ("failing", &self.failing),
            ("blocked", &self.blocked),
            ("truncated", &self.truncated),
            ("empty", &self.empty),
            ("unparsable", &self.unparsable),
            ("doubled", &self.doubled),
        ]
    }
}

/// A state and how long it lasts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// The state's name on the wire.
    pub state: String,
    /// How long, in emulated seconds; unless `polls` is given.
    #[serde(default)]
    pub lasts_s: f64,
    /// Until the job was got so often in this state, instead of by time (lists do not count).
    #[serde(default)]
    pub polls: Option<u64>,
}

/// The error of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobError {
    /// A `google.rpc.Code`, such as 13 for an internal error.
    pub code: i32,
    /// What it says.
    pub message: String,
}

/// The error of a row.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RowError {
    /// A `google.rpc.Code`, such as 8 for exhausted resources.
    pub code: i32,
    /// What it says.
    pub message: String,
    /// Its details, each an object with an `@type`; no field when empty.
    pub details: Vec<serde_json::Value>,
    /// Whether the row has it under `status` and not under `error`.
    pub as_status: bool,
}

/// A choice of rows: by line, by key, or by chance; a row is chosen if any of them says so.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rows {
    /// Line numbers of the input, from 1.
    pub lines: Vec<u64>,
    /// Keys.
    pub keys: Vec<String>,
    /// A share of all rows in 0..=1, by the seed.
    pub share: f64,
}
