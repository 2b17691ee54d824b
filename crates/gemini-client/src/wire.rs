//! The JSON that the service speaks, read leniently: what is not needed may be absent, wrong or new.

use std::collections::BTreeMap;
use std::time::SystemTime;

use batch_backend::{
    JobCounts, JobError, JobName, JobSnapshot, JobState, JobToken, ModelId, OutputName,
};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::batches::InlineRow;
use crate::lenient::{Field, count, flag, integer, nested, record, text, time};
use crate::name;
use crate::service_error::Status;

/// A file, in an answer or under `file` in one.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct File<'a> {
    #[serde(borrow)]
    pub(crate) name: Field<'a>,
    #[serde(alias = "display_name")]
    pub(crate) display_name: Field<'a>,
    #[serde(alias = "mime_type")]
    pub(crate) mime_type: Field<'a>,
    #[serde(alias = "size_bytes")]
    pub(crate) size_bytes: Field<'a>,
    #[serde(alias = "create_time")]
    pub(crate) create_time: Field<'a>,
    #[serde(alias = "expiration_time")]
    pub(crate) expiration_time: Field<'a>,
    #[serde(alias = "sha256_hash")]
    pub(crate) sha256_hash: Field<'a>,
    pub(crate) state: Field<'a>,
}

/// The answer that ends an upload.
#[derive(Deserialize)]
pub(crate) struct Uploaded<'a> {
    #[serde(borrow)]
    pub(crate) file: &'a RawValue,
}

/// One page of a list of files, of jobs or of models.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Page<'a> {
    #[serde(borrow)]
    files: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    operations: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    models: Option<Vec<&'a RawValue>>,
    #[serde(alias = "next_page_token")]
    next_page_token: Field<'a>,
    unreachable: Field<'a>,
}

impl<'a> Page<'a> {
    /// Reads a page. An answer that only looks like an empty one is an error: whoever looks for a
    /// job must not take it for a list without that job.
    pub(crate) fn read(body: &'a [u8]) -> Result<Self, Nonsense> {
        let page: Self = object(body)?;
        let known = page.files.is_some()
            || page.operations.is_some()
            || page.models.is_some()
            || page.next_page_token.is_some()
            || page.unreachable.is_some();
        if !known && !object::<BTreeMap<String, &RawValue>>(body)?.is_empty() {
            return Err(Nonsense("the answer is no list".to_owned()));
        }
        let left_out: Vec<IgnoredAny> = nested(page.unreachable).unwrap_or_default();
        if !left_out.is_empty() {
            return Err(Nonsense("the service left a part of the list out".to_owned()));
        }
        Ok(page)
    }

    pub(crate) fn files(&self) -> &[&'a RawValue] {
        self.files.as_deref().unwrap_or_default()
    }

    pub(crate) fn operations(&self) -> &[&'a RawValue] {
        self.operations.as_deref().unwrap_or_default()
    }

    pub(crate) fn models(&self) -> &[&'a RawValue] {
        self.models.as_deref().unwrap_or_default()
    }

    pub(crate) fn next(&self) -> Option<String> {
        text(self.next_page_token).filter(|token| !token.is_empty())
    }
}

/// An answer that must be a JSON object: serde would also fill a struct from a list.
pub(crate) fn object<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Nonsense> {
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(Nonsense("the answer is no JSON object".to_owned()));
    }
    serde_json::from_slice(body)
        .map_err(|error| Nonsense(format!("the answer cannot be read: {error}")))
}

/// A model, as far as anyone asks.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Model<'a> {
    #[serde(borrow)]
    pub(crate) name: Field<'a>,
    pub(crate) display_name: Field<'a>,
    pub(crate) input_token_limit: Field<'a>,
    pub(crate) output_token_limit: Field<'a>,
    pub(crate) supported_generation_methods: Field<'a>,
}

/// A count of tokens.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Tokens<'a> {
    #[serde(borrow)]
    pub(crate) total_tokens: Field<'a>,
}

/// Any object.
#[derive(Deserialize)]
pub(crate) struct Anything {}

/// A job: the service wraps it as a long-running operation.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Operation<'a> {
    #[serde(borrow)]
    name: Field<'a>,
    metadata: Field<'a>,
    done: Field<'a>,
    response: Field<'a>,
    error: Field<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Metadata<'a> {
    #[serde(borrow)]
    name: Field<'a>,
    model: Field<'a>,
    #[serde(alias = "display_name")]
    display_name: Field<'a>,
    #[serde(alias = "input_config")]
    input_config: Field<'a>,
    output: Field<'a>,
    #[serde(alias = "create_time")]
    create_time: Field<'a>,
    #[serde(alias = "batch_stats")]
    batch_stats: Field<'a>,
    state: Field<'a>,
    error: Field<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Stats<'a> {
    #[serde(borrow, rename = "requestCount", alias = "request_count")]
    total: Field<'a>,
    #[serde(rename = "successfulRequestCount", alias = "successful_request_count")]
    succeeded: Field<'a>,
    #[serde(rename = "failedRequestCount", alias = "failed_request_count")]
    failed: Field<'a>,
    #[serde(rename = "pendingRequestCount", alias = "pending_request_count")]
    pending: Field<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct InputConfig<'a> {
    #[serde(borrow, alias = "file_name")]
    file_name: Field<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Output<'a> {
    #[serde(borrow, alias = "responses_file")]
    responses_file: Field<'a>,
    #[serde(alias = "inlined_responses")]
    inlined_responses: Field<'a>,
}

/// An answer about a job that makes no sense, and why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Nonsense(pub(crate) String);

impl<'a> Operation<'a> {
    /// The results of an inline job, from either place.
    pub(crate) fn inline_results(&self) -> Vec<&'a RawValue> {
        let metadata: Metadata<'a> = record(self.metadata).unwrap_or_default();
        // A list in an object of the same name: so it is on the wire.
        let listed = |field: Field<'a>| {
            let output: Output<'a> = record(field)?;
            let inner: Output<'a> = record(output.inlined_responses)?;
            nested::<Vec<&'a RawValue>>(inner.inlined_responses)
        };
        listed(metadata.output).or_else(|| listed(self.response)).unwrap_or_default()
    }
}

impl Operation<'_> {
    /// The job it tells of. A result file under a name that could not be asked for is an error.
    pub(crate) fn snapshot(&self, observed: Option<SystemTime>) -> Result<JobSnapshot, Nonsense> {
        let metadata: Metadata<'_> = record(self.metadata).unwrap_or_default();
        let output = self.output(&metadata)?;
        self.with_output(&metadata, output, observed)
    }

    /// The job as a list shows it: one odd result file of another's job must not hide all jobs.
    pub(crate) fn listed(&self, observed: Option<SystemTime>) -> Result<JobSnapshot, Nonsense> {
        let metadata: Metadata<'_> = record(self.metadata).unwrap_or_default();
        let output = self.output(&metadata).unwrap_or_default();
        self.with_output(&metadata, output, observed)
    }

    fn with_output(
        &self,
        metadata: &Metadata<'_>,
        output: Option<OutputName>,
        observed: Option<SystemTime>,
    ) -> Result<JobSnapshot, Nonsense> {
        let done = flag(self.done);
        let error = job_error(self.error).or_else(|| job_error(metadata.error));
        let state = match text(metadata.state) {
            Some(state) => state_of(&state),
            None => state_of_bare(done, error.as_ref(), self.response.is_some()),
        };
        let input: Option<InputConfig<'_>> = record(metadata.input_config);
        Ok(JobSnapshot {
            name: self.job_name(metadata)?,
            token: text(metadata.display_name).map(JobToken::new),
            model: text(metadata.model).and_then(|model| ModelId::parse(&model).ok()),
            input: input.and_then(|config| name::input(&text(config.file_name)?)),
            state,
            done,
            counts: record(metadata.batch_stats).map(|stats| counts(&stats)).unwrap_or_default(),
            output,
            error,
            created: time(metadata.create_time),
            observed,
        })
    }

    fn job_name(&self, metadata: &Metadata<'_>) -> Result<JobName, Nonsense> {
        let given = text(self.name).or_else(|| text(metadata.name));
        let given = given.ok_or_else(|| Nonsense("the job has no name".to_owned()))?;
        name::job(&given).ok_or_else(|| Nonsense(format!("unexpected name of a job: {given}")))
    }

    fn output(&self, metadata: &Metadata<'_>) -> Result<Option<OutputName>, Nonsense> {
        let file = |field| record::<Output<'_>>(field).and_then(|o| text(o.responses_file));
        let Some(given) = file(metadata.output).or_else(|| file(self.response)) else {
            return Ok(None);
        };
        let wrong = || Nonsense(format!("unexpected name of a file of results: {given}"));
        name::output(&given).map(Some).ok_or_else(wrong)
    }
}

fn state_of(state: &str) -> JobState {
    let bare = state.strip_prefix("BATCH_STATE_").or_else(|| state.strip_prefix("JOB_STATE_"));
    match bare.unwrap_or(state) {
        "PENDING" | "QUEUED" => JobState::Queued,
        "RUNNING" | "CANCELLING" | "UPDATING" => JobState::Running,
        "SUCCEEDED" => JobState::Succeeded,
        "PARTIALLY_SUCCEEDED" => JobState::PartiallySucceeded,
        "FAILED" => JobState::Failed,
        "CANCELLED" => JobState::Cancelled,
        "EXPIRED" => JobState::Expired,
        _ => JobState::Other(state.to_owned()),
    }
}

/// What can be told of a job whose state is not told.
fn state_of_bare(done: bool, error: Option<&JobError>, response: bool) -> JobState {
    const CANCELLED: i64 = 1;
    match error {
        Some(error) if done && error.code == Some(CANCELLED) => JobState::Cancelled,
        Some(_) if done => JobState::Failed,
        None if done && response => JobState::Succeeded,
        _ => JobState::Other("STATE_UNSPECIFIED".to_owned()),
    }
}

/// Zero counters are left out on the wire, so beside a total an absent one is a zero.
fn counts(stats: &Stats<'_>) -> JobCounts {
    let total = count(stats.total);
    let read = |field: Field<'_>| match field {
        None => total.map(|_| 0),
        given => count(given),
    };
    JobCounts {
        total,
        succeeded: read(stats.succeeded),
        failed: read(stats.failed),
        pending: read(stats.pending),
    }
}

fn job_error(field: Field<'_>) -> Option<JobError> {
    let status: Status<'_> = record(field)?;
    Some(JobError { code: integer(status.code), message: text(status.message).unwrap_or_default() })
}

/// The body that opens an upload session.
#[derive(Serialize)]
pub(crate) struct StartUpload<'a> {
    pub(crate) file: StartFile<'a>,
}

/// What is said of the file to come.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StartFile<'a> {
    pub(crate) display_name: &'a str,
    pub(crate) mime_type: &'a str,
    pub(crate) size_bytes: String,
}

/// The body that creates a job.
#[derive(Serialize)]
pub(crate) struct CreateJob<'a> {
    pub(crate) batch: CreateBatch<'a>,
}

/// The job to be.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateBatch<'a> {
    pub(crate) display_name: &'a str,
    pub(crate) input_config: CreateInput<'a>,
}

/// What it reads.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateInput<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) requests: Option<CreateInline<'a>>,
}

/// Requests that go along: a list in an object of the same name.
#[derive(Serialize)]
pub(crate) struct CreateInline<'a> {
    pub(crate) requests: Vec<InlineRequest<'a>>,
}

/// One of them.
#[derive(Serialize)]
pub(crate) struct InlineRequest<'a> {
    request: &'a RawValue,
    metadata: InlineMetadata<'a>,
}

#[derive(Serialize)]
struct InlineMetadata<'a> {
    key: &'a str,
}

impl<'a> InlineRequest<'a> {
    pub(crate) fn of(row: &InlineRow<'a>) -> Self {
        Self { request: row.request, metadata: InlineMetadata { key: row.key } }
    }
}
