//! What shall go wrong, and how jobs shall end, as data that a test or a file can hold.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Faults for requests and plans for jobs; the default does nothing out of the ordinary.
///
/// Fields named `…_ms` are real milliseconds, fields named `…_s` are emulated seconds.
/// Rules are tried in order and the first that matches and is not used up applies. Counters live
/// in the process: they begin anew after a restart.
///
/// ```
/// let script: gemini_emulator::Script = serde_json::from_str(r#"{
///   "faults": [
///     {"when": {"method": "POST", "path": ":batchGenerateContent"}, "times": 1,
///      "action": {"late": {"after_ms": 5000}}},
///     {"when": {"path": "/files"}, "skip": 2, "times": 1,
///      "action": {"answer": {"status": 503, "headers": {"Retry-After": "3"}}}}
///   ],
///   "jobs": [{"when": {"model": "*pro*"}, "plan": {"end": "BATCH_STATE_EXPIRED"}}]
/// }"#).unwrap();
/// assert_eq!(script.faults.len(), 2);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// Faults of single requests.
    pub faults: Vec<Fault>,
    /// How jobs run and end.
    pub jobs: Vec<JobRule>,
}

/// One fault: which requests, how often, what happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Which requests it is for; everything when empty.
    #[serde(default)]
    pub when: RequestMatch,
    /// How many matching requests pass unharmed before.
    #[serde(default)]
    pub skip: u64,
    /// How many requests it hits after that; for ever when absent.
    #[serde(default)]
    pub times: Option<u64>,
    /// What happens to a request that it hits.
    pub action: Action,
}

impl Fault {
    /// A fault that hits every request matching `method` (empty for any) and `path`.
    pub fn on(method: &str, path: &str, action: Action) -> Self {
        let when = RequestMatch { method: method.into(), path: path.into(), ..Default::default() };
        Self { when, skip: 0, times: None, action }
    }

    /// Limits it to `times` requests.
    #[must_use]
    pub fn times(self, times: u64) -> Self {
        Self { times: Some(times), ..self }
    }

    /// Lets the first `skip` matching requests pass.
    #[must_use]
    pub fn skip(self, skip: u64) -> Self {
        Self { skip, ..self }
    }

    /// Asks for a header as well; `*` in `value` stands for any run of characters.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.when.headers.insert(name.into(), value.into());
        self
    }
}

/// Which requests a fault is for; all that is given must match.
///
/// Patterns match anywhere in the text; `*` stands for any run of characters.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RequestMatch {
    /// The method; empty for any.
    pub method: String,
    /// A pattern for the path (without the query); empty for any.
    pub path: String,
    /// Patterns for headers by name, such as `x-goog-upload-command`.
    pub headers: BTreeMap<String, String>,
}

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// Answers this instead; nothing is applied.
    Answer(Canned),
    /// Closes the connection without reading the body; nothing is applied.
    Drop,
    /// Applies the request, then closes the connection without an answer.
    ApplyThenDrop,
    /// Closes the connection at once and applies the request later: a job exists and is listed
    /// only from then on, whether the client lives or not, and also after a restart.
    Late {
        /// When, in real milliseconds after the request came.
        after_ms: u64,
    },
    /// Waits, then answers as ever.
    Delay {
        /// How long, in real milliseconds.
        ms: u64,
    },
    /// Never answers.
    Hang,
    /// Takes so many bytes of the request's body, then closes the connection (uploads keep them).
    CutUpload {
        /// How many bytes are taken.
        bytes: u64,
    },
    /// Sends only the beginning of the answer's body.
    Truncate {
        /// How many bytes are sent.
        bytes: u64,
        /// What the answer says about its length.
        length: LengthSaid,
    },
    /// An upload chunk is taken only in part, and the answer says so.
    ShortSizeReceived {
        /// How many bytes of the chunk's end are thrown away.
        by: u64,
    },
    /// The upload session is forgotten before the request is looked at (404).
    LoseSession,
}

/// What a truncated answer says about its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LengthSaid {
    /// The length of the whole; the connection closes before.
    Right,
    /// No length: chunked, and ended as if all were well.
    Absent,
    /// The length of what is sent.
    Short,
}

/// An answer that stands in the script.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Canned {
    /// The status; without a body, a status of 400 or more brings Google's error body for it.
    pub status: u16,
    /// Headers by name.
    pub headers: BTreeMap<String, String>,
    /// The body, when it is text (HTML of a proxy, say).
    pub body: Option<String>,
    /// The body, when it is JSON.
    pub json: Option<serde_json::Value>,
}

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
    /// Whether a blank line follows each row of the result file.
    pub blank_lines: bool,
}

/// A state and how long it lasts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// The state's name on the wire.
    pub state: String,
    /// How long, in emulated seconds.
    pub lasts_s: f64,
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
