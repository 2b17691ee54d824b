//! What the service allows, and how it says that there is no more.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::clock::Stamp;
use crate::record::{JobRecord, UploadRecord};
use crate::reply::Failure;
use crate::shared::Core;
use crate::store::Tables;

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
    /// Bytes of one line of an input file, its end not counted: 64 MiB. With those below the
    /// emulator's own choice, so that its memory stays bounded.
    pub line_bytes: u64,
    /// Upload sessions that have not ended: 10,000.
    pub open_uploads: usize,
    /// Connections at a time: 512. More wait to be accepted.
    pub connections: usize,
    /// How long the body of a request may stand still, in real time, before its connection
    /// closes: 60 s.
    pub body_idle: Duration,
    /// Bytes that the history keeps of requests: 32 MiB. The oldest go first.
    pub history_bytes: usize,
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
            line_bytes: 64 << 20,
            open_uploads: 10_000,
            connections: 512,
            body_idle: Duration::from_mins(1),
            history_bytes: 32 << 20,
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
    /// See [`Limits::line_bytes`].
    pub line_bytes: Option<u64>,
    /// See [`Limits::open_uploads`].
    pub open_uploads: Option<usize>,
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
            line_bytes: self.line_bytes.unwrap_or(limits.line_bytes),
            open_uploads: self.open_uploads.unwrap_or(limits.open_uploads),
            connections: limits.connections,
            body_idle: limits.body_idle,
            history_bytes: limits.history_bytes,
        }
    }
}

/// Checks the length of what a client calls a file or a job.
pub(crate) fn check_display_name(name: Option<&str>) -> Result<(), Failure> {
    const MOST: usize = 512;
    match name.map(|name| name.chars().count()) {
        Some(length) if length > MOST => Err(Failure::invalid(format!(
            "* display_name: must not be longer than {MOST} characters, has {length}.\n"
        ))),
        _ => Ok(()),
    }
}

/// What `bytes` of input count for.
pub(crate) fn tokens(bytes: u64) -> u64 {
    bytes.div_ceil(4)
}

/// Checks that an upload of `size` bytes may begin, beside the files and what other uploads have
/// or have said they will have.
pub(crate) fn check_upload(core: &Core, tables: &Tables, size: u64) -> Result<(), Failure> {
    let limits = core.limits();
    if size > limits.file_bytes {
        return Err(Failure::invalid(format!(
            "File size {size} exceeds the limit of {} bytes.",
            limits.file_bytes
        )));
    }
    let now = core.now();
    if open_uploads(tables, now).count() >= limits.open_uploads {
        return Err(too_many());
    }
    check_room(core, tables, "", size)
}

/// Checks that the upload `id` may have `size` bytes, beside the files and what other uploads have
/// or have said they will have.
pub(crate) fn check_room(core: &Core, tables: &Tables, id: &str, size: u64) -> Result<(), Failure> {
    let now = core.now();
    let others = open_uploads(tables, now).filter(|upload| upload.id != id);
    let reserved = others.map(|upload| {
        upload.declared_size.unwrap_or_else(|| {
            std::fs::metadata(core.store.upload_data(&upload.id)).map_or(0, |data| data.len())
        })
    });
    check_stored(core, tables, reserved.fold(size, u64::saturating_add))
}

/// Checks that `size` bytes more may be stored.
pub(crate) fn check_stored(core: &Core, tables: &Tables, size: u64) -> Result<(), Failure> {
    let (now, allowed) = (core.now(), core.limits().storage_bytes);
    let stored = tables.files.values().filter(|file| file.expires() > now);
    let all = stored.map(|file| file.size).fold(size, u64::saturating_add);
    if all > allowed { Err(storage_full(allowed)) } else { Ok(()) }
}

fn open_uploads(tables: &Tables, now: Stamp) -> impl Iterator<Item = &UploadRecord> {
    tables.uploads.values().filter(move |upload| upload.is_active() && upload.expires() > now)
}

/// Checks that one more job of `model` with so many tokens may begin.
pub(crate) fn check_job(core: &Core, model: &str, tokens: u64) -> Result<(), Failure> {
    let limits = core.limits();
    let now = core.now();
    let tables = core.store.tables();
    let live: Vec<&JobRecord> = tables.jobs.all().filter(|job| job.is_live(now)).collect();
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
