//! Jobs at the service: creating one at most once, looking, listing, cancelling, deleting.

use std::io;

use batch_backend::{
    BackendError, ErrorKind, JobName, JobSnapshot, JobSpec, JobToken, ModelId, Operation, PageToken,
};
use reqwest::header::CONTENT_LENGTH;
use reqwest::{Method, Url};
use serde_json::value::RawValue;

use crate::client::Client;
use crate::error::About;
use crate::exchange::Call;
use crate::failure::{Answer, Failure};
use crate::files::{paged, raw, sense};
use crate::name;
use crate::policy::CallClass;
use crate::wire::{self, CreateBatch, CreateInline, CreateInput, CreateJob, InlineRequest, Page};

/// The largest body of an inline job: the service's own limit, beyond which nothing need be sent.
const MAX_INLINE: usize = 20 * 1024 * 1024;

/// A job at the service, as everything here reads it and as it came.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RemoteJob {
    /// What it comes to.
    pub snapshot: JobSnapshot,
    /// All of it, as it came: the long-running operation with its `metadata`.
    pub json: Box<RawValue>,
}

/// One page of a list of jobs.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct RemoteJobPage {
    /// The jobs, newest first; results of inline jobs are left out by the service.
    pub jobs: Vec<RemoteJob>,
    /// The next page, if there is one.
    pub next: Option<PageToken>,
}

/// One request of an inline job.
#[derive(Debug, Clone, Copy)]
pub struct InlineRow<'a> {
    /// Comes back beside the answer, under `metadata.key`.
    pub key: &'a str,
    /// The request: the body of a `generateContent`.
    pub request: &'a RawValue,
}

impl RemoteJob {
    pub(crate) fn read(json: &RawValue, answer: &Answer) -> Result<Self, wire::Nonsense> {
        let operation: wire::Operation<'_> = wire::object(json.get().as_bytes())?;
        Ok(Self { snapshot: operation.snapshot(answer.observed)?, json: json.to_owned() })
    }

    fn listed(json: &RawValue, answer: &Answer) -> Result<Self, wire::Nonsense> {
        let operation: wire::Operation<'_> = wire::object(json.get().as_bytes())?;
        Ok(Self { snapshot: operation.listed(answer.observed)?, json: json.to_owned() })
    }

    /// The results of an inline job, each with `response` or `error` and its `metadata.key`, in
    /// the service's order. Join them by key, never by place. Empty for a job of a file, and
    /// before the end.
    pub fn inline_results(&self) -> Vec<&RawValue> {
        wire::object::<wire::Operation<'_>>(self.json.get().as_bytes())
            .map(|operation| operation.inline_results())
            .unwrap_or_default()
    }
}

impl Client {
    /// Creates a job of an uploaded file, as [`BatchBackend::create`] does, and gives all of it.
    ///
    /// [`BatchBackend::create`]: batch_backend::BatchBackend::create
    ///
    /// # Errors
    /// Any [`BackendError`]. When its [`applied`](BackendError::applied) is `Maybe`, the job may
    /// exist: list the jobs and look for the token before anything is sent again.
    pub async fn create_job(&self, spec: &JobSpec) -> Result<RemoteJob, BackendError> {
        let about = self.about(Operation::Create, spec.token.as_str());
        if name::input(spec.input.as_str()).is_none() {
            return Err(about.odd("its input has no name of a file"));
        }
        let input = CreateInput { file_name: Some(spec.input.as_str()), requests: None };
        self.create_of(&spec.token, &spec.model, input, about).await
    }

    /// Creates a job of requests that go along with the call, at most 20 MB of them. For more than
    /// a trial upload a file: results of inline jobs come in one piece with the job.
    ///
    /// # Errors
    /// As [`create_job`](Self::create_job); [`ErrorKind::Rejected`] for more than 20 MB.
    pub async fn create_inline(
        &self,
        token: &JobToken,
        model: &ModelId,
        rows: &[InlineRow<'_>],
    ) -> Result<RemoteJob, BackendError> {
        let about = self.about(Operation::Create, token.as_str());
        let requests = CreateInline { requests: rows.iter().map(InlineRequest::of).collect() };
        let input = CreateInput { file_name: None, requests: Some(requests) };
        self.create_of(token, model, input, about).await
    }

    async fn create_of(
        &self,
        token: &JobToken,
        model: &ModelId,
        input: CreateInput<'_>,
        about: About<'_>,
    ) -> Result<RemoteJob, BackendError> {
        let body =
            CreateJob { batch: CreateBatch { display_name: token.as_str(), input_config: input } };
        let json = serde_json::to_vec(&body)
            .map_err(|error| about.failed(Failure::Local(io::Error::other(error))))?;
        if json.len() > MAX_INLINE {
            let why = format!("its requests take {} bytes, over the limit of 20 MB", json.len());
            return Err(about.odd(&why).with_hint("upload them as a file"));
        }
        let path = format!("{}:batchGenerateContent", name::model_path(model));
        let call = Call::new(CallClass::Create, Method::POST, self.at(&path)).json(json);
        match self.call(&call, read_job).await.result {
            Ok(job) => Ok(job),
            Err(failure) => Err(self.failed_model(failure, model, about).await),
        }
    }

    /// Looks at a job, as [`BatchBackend::get`](batch_backend::BatchBackend::get) does, and gives
    /// all of it.
    ///
    /// # Errors
    /// Any [`BackendError`]; [`ErrorKind::Protocol`] when the answer tells of another job.
    pub async fn get_job(&self, job: &JobName) -> Result<RemoteJob, BackendError> {
        let about = self.about(Operation::Get, job.as_str());
        let call = Call::new(CallClass::Read, Method::GET, self.job_address(job, "", about)?);
        let read = |answer: &Answer| {
            let seen = read_job(answer)?;
            if seen.snapshot.name == *job {
                Ok(seen)
            } else {
                let why = format!("the answer tells of {}", seen.snapshot.name);
                Err(Failure::Unreadable(why))
            }
        };
        self.call(&call, read).await.result.map_err(|failure| about.failed(failure))
    }

    /// One page of the jobs of this project, newest first; `None` asks for the first page.
    ///
    /// # Errors
    /// Any [`BackendError`]; a page that failed says nothing about which jobs exist.
    pub async fn list_jobs(&self, page: Option<&PageToken>) -> Result<RemoteJobPage, BackendError> {
        let about = self.about(Operation::List, "jobs");
        let call = Call::new(CallClass::Read, Method::GET, paged(self.at("batches"), page));
        let tries = self.call(&call, read_jobs).await;
        tries.result.map_err(|failure| about.failed(failure))
    }

    pub(crate) async fn cancel_batch(&self, job: &JobName) -> Result<(), BackendError> {
        let about = self.about(Operation::Cancel, job.as_str());
        let url = self.job_address(job, ":cancel", about)?;
        let mut call = Call::new(CallClass::Change, Method::POST, url);
        call.headers.insert(CONTENT_LENGTH, 0.into());
        let error = match self.call(&call, |_| Ok(())).await.result {
            Ok(()) => return Ok(()),
            Err(failure) => about.failed(failure),
        };
        // A refusal may only mean that there is nothing left to cancel.
        if error.kind() == &ErrorKind::Rejected
            && self.get_job(job).await.is_ok_and(|seen| seen.snapshot.ended())
        {
            return Ok(());
        }
        Err(error)
    }

    pub(crate) async fn delete_batch(&self, job: &JobName) -> Result<(), BackendError> {
        let about = self.about(Operation::Delete, job.as_str());
        let url = self.job_address(job, "", about)?;
        let call = Call::new(CallClass::Change, Method::DELETE, url);
        let tries = self.call(&call, |_| Ok(())).await;
        match tries.result.map_err(|failure| about.failed(failure)) {
            // Gone after a try whose answer was lost: that try did it.
            Err(error) if tries.doubtful && error.kind() == &ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    fn job_address(
        &self,
        job: &JobName,
        verb: &str,
        about: About<'_>,
    ) -> Result<Url, BackendError> {
        if name::job(job.as_str()).is_none() {
            return Err(about.odd("this is no name of a job"));
        }
        Ok(self.at(&format!("{job}{verb}")))
    }
}

fn read_job(answer: &Answer) -> Result<RemoteJob, Failure> {
    sense(RemoteJob::read(raw(answer)?, answer))
}

/// Unlike files and models, no job is left out: whoever looks for one must not miss it.
fn read_jobs(answer: &Answer) -> Result<RemoteJobPage, Failure> {
    let page = sense(Page::read(&answer.body))?;
    let jobs = page.operations().iter().map(|json| RemoteJob::listed(json, answer));
    let jobs: Result<_, _> = jobs.collect();
    let hint = "a newer version may know what it is";
    let jobs = jobs.map_err(|wire::Nonsense(why)| Failure::Senseless { why, hint })?;
    Ok(RemoteJobPage { jobs, next: page.next().map(PageToken::new) })
}
