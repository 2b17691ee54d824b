//! What the service allows, and how it says that there is no more.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::record::JobRecord;
use crate::reply::Failure;
use crate::shared::Core;

/// What the service allows.
///
/// ```
/// let limits = gemini_emulator::Limits::default();
/// assert_eq!(limits.concurrent_jobs, 100);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of one file: 2 GiB.
    pub file_bytes: u64,
    /// Bytes of all files together: 20 GiB.
    pub storage_bytes: u64,
    /// Jobs that have not ended: 100.
    pub concurrent_jobs: usize,
    /// Tokens of all jobs of one model that have not ended, a token for every four bytes of
    /// input; no limit by default, as the service's own depends on the tier.
    pub enqueued_tokens: Option<u64>,
    /// Bytes of a JSON body, inlined requests included: 20 MiB.
    pub body_bytes: usize,
    /// What chunks of an upload must be a multiple of, the last one apart: 8 MiB.
    pub granularity: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 2 << 30,
            storage_bytes: 20 << 30,
            concurrent_jobs: 100,
            enqueued_tokens: None,
            body_bytes: 20 << 20,
            granularity: 8 << 20,
        }
    }
}

/// Limits that a script changes; those absent stay as they were.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitChanges {
    /// See [`Limits::file_bytes`].
    pub file_bytes: Option<u64>,
    /// See [`Limits::storage_bytes`].
    pub storage_bytes: Option<u64>,
    /// See [`Limits::concurrent_jobs`].
    pub concurrent_jobs: Option<usize>,
    /// See [`Limits::enqueued_tokens`].
    pub enqueued_tokens: Option<u64>,
    /// See [`Limits::body_bytes`].
    pub body_bytes: Option<usize>,
    /// See [`Limits::granularity`].
    pub granularity: Option<u64>,
}

impl LimitChanges {
    pub(crate) fn apply(&self, limits: &Limits) -> Limits {
        Limits {
            file_bytes: self.file_bytes.unwrap_or(limits.file_bytes),
            storage_bytes: self.storage_bytes.unwrap_or(limits.storage_bytes),
            concurrent_jobs: self.concurrent_jobs.unwrap_or(limits.concurrent_jobs),
            enqueued_tokens: self.enqueued_tokens.or(limits.enqueued_tokens),
            body_bytes: self.body_bytes.unwrap_or(limits.body_bytes),
            // Nothing is a multiple of zero.
            granularity: self.granularity.unwrap_or(limits.granularity).max(1),
        }
    }
}

/// What `bytes` of input count for.
pub(crate) fn tokens(bytes: u64) -> u64 {
    bytes.div_ceil(4)
}

/// Checks that one more file of `size` bytes may be stored.
pub(crate) fn check_room(core: &Core, size: u64) -> Result<(), Failure> {
    let limits = core.limits();
    if size > limits.file_bytes {
        return Err(Failure::invalid(format!(
            "File size {size} exceeds the limit of {} bytes.",
            limits.file_bytes
        )));
    }
    let now = core.now();
    let tables = core.store.tables();
    let stored = tables.files.values().filter(|file| file.expires() > now);
    let stored = stored.map(|file| file.size).fold(0, u64::saturating_add);
    if stored.saturating_add(size) > limits.storage_bytes {
        return Err(storage_full(limits.storage_bytes));
    }
    Ok(())
}

/// Checks that one more job of `model` with so many tokens may begin.
pub(crate) fn check_job(core: &Core, model: &str, tokens: u64) -> Result<(), Failure> {
    let limits = core.limits();
    let now = core.now();
    let tables = core.store.tables();
    let live: Vec<&JobRecord> = tables.jobs.values().filter(|job| job.is_live(now)).collect();
    if live.len() >= limits.concurrent_jobs {
        return Err(too_many());
    }
    let Some(allowed) = limits.enqueued_tokens else { return Ok(()) };
    let queued = live.iter().filter(|job| job.model == model).map(|job| job.tokens);
    if queued.fold(tokens, u64::saturating_add) > allowed {
        return Err(too_many_tokens(model, allowed));
    }
    Ok(())
}

const RATE_LIMITS: &str = "https://ai.google.dev/gemini-api/docs/rate-limits";

/// The service's usual 429: it names no quota and gives no time.
pub(crate) fn too_many() -> Failure {
    let message = "You exceeded your current quota, please check your plan and billing details. \
                   For more information on this error, head to: \
                   https://ai.google.dev/gemini-api/docs/rate-limits.";
    Failure::of(429, message).detail("Help", help())
}

fn help() -> serde_json::Value {
    json!({ "links": [{ "description": "Learn more about Gemini API quotas", "url": RATE_LIMITS }]})
}

pub(crate) fn storage_full(allowed: u64) -> Failure {
    let quota = json!({ "violations": [{
        "quotaMetric": "generativelanguage.googleapis.com/file_storage_bytes",
        "quotaId": "FileStorageBytesPerProject",
        "quotaValue": allowed.to_string(),
    }]});
    let message = "You have exceeded the file storage quota of your project \
                   (file_storage_bytes). Please delete files and try again.";
    Failure::of(429, message).detail("QuotaFailure", quota)
}

pub(crate) fn too_many_tokens(model: &str, allowed: u64) -> Failure {
    let bare = model.split_once('/').map_or(model, |(_, bare)| bare);
    let quota = json!({ "violations": [{
        "quotaMetric": "generativelanguage.googleapis.com/batch_enqueued_tokens",
        "quotaId": "BatchEnqueuedTokensPerProjectPerModel",
        "quotaDimensions": { "model": bare, "location": "global" },
        "quotaValue": allowed.to_string(),
    }]});
    let mut failure = too_many();
    failure = failure.detail("QuotaFailure", quota);
    failure
}
