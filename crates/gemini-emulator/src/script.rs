//! What shall go wrong, and how jobs shall end, as data that a test or a file can hold.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

mod action;
mod chaos;
mod parse;
mod plan;

pub use action::{Action, Canned, LengthSaid, Refusal};
pub use chaos::{Chaos, JobRates, Rates};
pub use parse::ScriptError;
pub use plan::{JobError, JobMatch, JobPlan, JobRule, Phase, RowError, Rows};

use crate::limits::LimitChanges;

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
    /// Limits that differ from those the emulator was started with.
    pub limits: LimitChanges,
    /// Faults by seeded chance, for requests and jobs that no rule above is for.
    pub chaos: Option<Chaos>,
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
    /// A pattern for the query as it was sent (`pageToken=`, say); empty for any.
    pub query: String,
    /// Patterns for headers by name, such as `x-goog-upload-command`.
    pub headers: BTreeMap<String, String>,
}
