//! What the service says when it says no: google.rpc.Status in JSON, or whatever came instead.

use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::lenient::{Field, nested, record, seconds, text};

/// google.rpc.Status, as it stands under `error` and in rows.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Status<'a> {
    #[serde(borrow)]
    pub(crate) code: Field<'a>,
    pub(crate) message: Field<'a>,
    #[serde(rename = "status")]
    word: Field<'a>,
    details: Field<'a>,
}

/// What an answer that is no success says, as far as it can be read.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ServiceError {
    /// The service's words, as they came; absent for HTML and other foreign bodies.
    pub(crate) message: Option<String>,
    /// `INVALID_ARGUMENT` and the like.
    pub(crate) status: Option<String>,
    /// `API_KEY_INVALID` and the like.
    pub(crate) reason: Option<String>,
    /// The quotas that are used up.
    pub(crate) quotas: Vec<String>,
    pub(crate) retry_delay: Option<Duration>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Envelope<'a> {
    #[serde(borrow)]
    error: Field<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Detail<'a> {
    #[serde(borrow)]
    reason: Field<'a>,
    metadata: Field<'a>,
    violations: Field<'a>,
    retry_delay: Field<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Quota<'a> {
    #[serde(borrow, rename = "quotaId")]
    id: Field<'a>,
    #[serde(rename = "quota_limit")]
    limit: Field<'a>,
    #[serde(rename = "quotaMetric", alias = "quota_metric")]
    metric: Field<'a>,
    subject: Field<'a>,
}

impl ServiceError {
    /// Reads a body: an object, a list of one, or something else entirely.
    pub(crate) fn read(body: &[u8]) -> Self {
        let Some(status) = std::str::from_utf8(body).ok().and_then(envelope) else {
            return Self::default();
        };
        let mut read =
            Self { message: text(status.message), status: text(status.word), ..Self::default() };
        for detail in nested::<Vec<&RawValue>>(status.details).unwrap_or_default() {
            read.take(&record(Some(detail)).unwrap_or_default());
        }
        read
    }

    fn take(&mut self, detail: &Detail<'_>) {
        self.reason = self.reason.take().or_else(|| text(detail.reason));
        let delay = text(detail.retry_delay).and_then(|delay| seconds(&delay));
        self.retry_delay = self.retry_delay.max(delay);
        let listed = nested::<Vec<&RawValue>>(detail.violations).unwrap_or_default();
        for quota in listed.into_iter().map(Some).chain([detail.metadata]) {
            let quota: Quota<'_> = record(quota).unwrap_or_default();
            let id = [quota.id, quota.limit, quota.metric, quota.subject];
            let id = id.into_iter().find_map(text);
            self.quotas.extend(id.filter(|id| !self.quotas.contains(id)));
        }
    }

    /// Whether the project's room for files is used up: no wait frees any.
    pub(crate) fn is_storage_full(&self) -> bool {
        let mut texts = self.quotas.iter().chain(&self.message);
        texts.any(|text| text.contains("file_storage"))
    }
}

fn envelope(body: &str) -> Option<Status<'_>> {
    let body = body.trim();
    let object = if body.starts_with('[') {
        serde_json::from_str::<Vec<&RawValue>>(body).ok()?.first()?.get()
    } else {
        body
    };
    let envelope: Envelope<'_> = serde_json::from_str(object).ok()?;
    record(envelope.error)
}
