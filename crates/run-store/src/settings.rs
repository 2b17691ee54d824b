//! How a run goes about it: variants, patience, limits, budget.

use std::collections::BTreeMap;
use std::time::Duration;

use batch_backend::{ModelId, ModelIdError};
use batch_orchestrator::StuckAfter;
use serde::{Deserialize, Serialize};

/// One way of asking: edits to every request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// The edits, as they were written; `None` for requests as they came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edits: Option<String>,
}

impl Variant {
    /// Requests as they came, under this name.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), edits: None }
    }
}

/// How a run goes about it; durations in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Time between two looks at a job; `None` for the default schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll_interval_ms: Option<u64>,
    /// How long lists are watched before a doubtful job counts as absent.
    pub settle_ms: u64,
    /// How long jobs are waited for.
    pub deadline_ms: u64,
    /// What to do once a doubtful job turned out absent.
    pub on_ambiguous: OnAmbiguous,
    /// How often rows that failed or did not come are sent again.
    #[serde(default, skip_serializing_if = "is_default")]
    pub retry_rows: u32,
    /// What is done about jobs that take too long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stuck: Option<Stuck>,
    /// How much may be at the service at once, and in one input.
    #[serde(default, skip_serializing_if = "is_default")]
    pub limits: Limits,
    /// What the run may cost, in millionths of a dollar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<u64>,
    /// The most bytes that are taken of one job's results; `None` for what the program thinks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_result_bytes: Option<u64>,
}

impl Default for Settings {
    /// What a run goes by that was asked for nothing else.
    fn default() -> Self {
        Self {
            poll_interval_ms: None,
            settle_ms: 600_000,
            deadline_ms: 180_000_000,
            on_ambiguous: OnAmbiguous::Retry,
            retry_rows: 0,
            stuck: None,
            limits: Limits::default(),
            budget: None,
            max_result_bytes: None,
        }
    }
}

/// The age from which a job is stuck, and what is done then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stuck {
    /// The age by the service's time, in milliseconds.
    pub after_ms: u64,
    /// What is done.
    pub then: Then,
}

/// What is done about a job that takes too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Then {
    /// It is waited for.
    Wait,
    /// It is cancelled; what came is kept.
    Cancel,
    /// It is cancelled, and the missing rows are sent again in smaller inputs.
    Split,
}

impl From<Stuck> for StuckAfter {
    fn from(stuck: Stuck) -> Self {
        let then = match stuck.then {
            Then::Wait => batch_orchestrator::Then::Wait,
            Then::Cancel => batch_orchestrator::Then::Cancel,
            Then::Split => batch_orchestrator::Then::Split,
        };
        Self { age: Duration::from_millis(stuck.after_ms), then }
    }
}

/// How much may be at the service at once, and in one input; `None` for what the program thinks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Limits {
    /// Jobs alive in the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_jobs: Option<u64>,
    /// Tokens of the live jobs of a model, by its name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub live_tokens: BTreeMap<String, u64>,
    /// Rows of one input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard_rows: Option<u64>,
    /// Bytes of one input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard_bytes: Option<u64>,
}

impl Limits {
    /// What of them is for the orchestrator.
    ///
    /// # Errors
    /// For a model that cannot be one.
    pub fn live(&self) -> Result<batch_orchestrator::Limits, ModelIdError> {
        let live_tokens = self.live_tokens.iter();
        let live_tokens = live_tokens.map(|(model, most)| Ok((ModelId::parse(model)?, *most)));
        let live_tokens = live_tokens.collect::<Result<_, _>>()?;
        let default = batch_orchestrator::Limits::default();
        let live_jobs = self.live_jobs.and_then(|most| usize::try_from(most).ok());
        let live_jobs = live_jobs.unwrap_or(default.live_jobs);
        Ok(batch_orchestrator::Limits { live_jobs, live_tokens })
    }
}

/// What to do once a job whose creation was not answered turned out absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OnAmbiguous {
    /// Create it again.
    Retry,
    /// Stop and let a person decide.
    Stop,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
