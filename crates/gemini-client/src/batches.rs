//! Jobs at the service: creating one at most once, looking, listing, cancelling, deleting.

use std::io;

use batch_backend::{
    BackendError, ErrorKind, JobName, JobPage, JobSnapshot, JobSpec, Operation, PageToken,
};
use reqwest::header::CONTENT_LENGTH;
use reqwest::{Method, Url};

use crate::client::Client;
use crate::error::About;
use crate::exchange::Call;
use crate::failure::{Answer, Failure};
use crate::files::{paged, sense};
use crate::name;
use crate::policy::CallClass;
use crate::wire::{self, CreateBatch, CreateInput, CreateJob, Nonsense, Page};

impl Client {
    pub(crate) async fn create_batch(&self, spec: &JobSpec) -> Result<JobSnapshot, BackendError> {
        let about = self.about(Operation::Create, spec.token.as_str());
        if name::input(spec.input.as_str()).is_none() {
            return Err(odd_name(about, "its input has no name of a file"));
        }
        let body = CreateJob {
            batch: CreateBatch {
                display_name: spec.token.as_str(),
                input_config: CreateInput { file_name: spec.input.as_str() },
            },
        };
        let json = serde_json::to_vec(&body)
            .map_err(|error| about.failed(Failure::Local(io::Error::other(error))))?;
        let path = format!("{}:batchGenerateContent", name::model_path(&spec.model));
        let call = Call::new(CallClass::Create, Method::POST, self.at(&path)).json(json);
        let tries = self.call(&call, read_job).await;
        tries.result.map_err(|failure| about.failed(failure))
    }

    pub(crate) async fn get_batch(&self, job: &JobName) -> Result<JobSnapshot, BackendError> {
        let about = self.about(Operation::Get, job.as_str());
        let call = Call::new(CallClass::Read, Method::GET, self.job_address(job, "", about)?);
        let read = |answer: &Answer| {
            let snapshot = read_job(answer)?;
            if snapshot.name == *job {
                Ok(snapshot)
            } else {
                let why = format!("the answer tells of {}", snapshot.name);
                Err(Failure::Unreadable(why))
            }
        };
        self.call(&call, read).await.result.map_err(|failure| about.failed(failure))
    }

    pub(crate) async fn batch_page(
        &self,
        page: Option<&PageToken>,
    ) -> Result<JobPage, BackendError> {
        let about = self.about(Operation::List, "jobs");
        let call = Call::new(CallClass::Read, Method::GET, paged(self.at("batches"), page));
        let tries = self.call(&call, |answer| sense(read_jobs(answer))).await;
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
            && self.get_batch(job).await.is_ok_and(|snapshot| snapshot.ended())
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
            return Err(odd_name(about, "this is no name of a job"));
        }
        Ok(self.at(&format!("{job}{verb}")))
    }
}

fn odd_name(about: About<'_>, why: &str) -> BackendError {
    BackendError::new(about.operation, about.subject, ErrorKind::Rejected, why)
}

fn read_job(answer: &Answer) -> Result<JobSnapshot, Failure> {
    let operation: Result<wire::Operation<'_>, _> = wire::object(&answer.body);
    sense(operation.and_then(|operation| operation.snapshot(answer.observed)))
}

fn read_jobs(answer: &Answer) -> Result<JobPage, Nonsense> {
    let page = Page::read(&answer.body)?;
    let jobs: Result<_, _> = page
        .operations()
        .iter()
        .map(|json| {
            let operation: wire::Operation<'_> = wire::object(json.get().as_bytes())?;
            operation.listed(answer.observed)
        })
        .collect();
    Ok(JobPage { jobs: jobs?, next: page.next().map(PageToken::new) })
}
