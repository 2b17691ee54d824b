//! The client as a batch backend: every method of the contract, by name.

use async_trait::async_trait;
use batch_backend::{
    BackendError, BatchBackend, ByteSink, Fetched, InputName, JobName, JobPage, JobSnapshot,
    JobSpec, OutputName, PageToken, StoredInput, Upload, UploadSession,
};

use crate::client::Client;

#[async_trait]
impl BatchBackend for Client {
    fn identity(&self) -> String {
        format!("gemini {}", self.base_url())
    }

    async fn open_upload(&self, label: &str, len: u64) -> Result<UploadSession, BackendError> {
        self.start(label, len).await
    }

    async fn upload(&self, upload: Upload<'_>) -> Result<StoredInput, BackendError> {
        self.send(&upload).await
    }

    async fn create(&self, spec: &JobSpec) -> Result<JobSnapshot, BackendError> {
        Ok(self.create_job(spec).await?.snapshot)
    }

    async fn get(&self, job: &JobName) -> Result<JobSnapshot, BackendError> {
        Ok(self.get_job(job).await?.snapshot)
    }

    async fn list(&self, page: Option<&PageToken>) -> Result<JobPage, BackendError> {
        let page = self.list_jobs(page).await?;
        let jobs = page.jobs.into_iter().map(|job| job.snapshot).collect();
        Ok(JobPage { jobs, next: page.next })
    }

    async fn cancel(&self, job: &JobName) -> Result<(), BackendError> {
        self.cancel_batch(job).await
    }

    async fn delete(&self, job: &JobName) -> Result<(), BackendError> {
        self.delete_batch(job).await
    }

    async fn fetch(
        &self,
        output: &OutputName,
        into: &mut dyn ByteSink,
    ) -> Result<Fetched, BackendError> {
        self.download(output, into).await
    }

    async fn discard(&self, input: &InputName) -> Result<(), BackendError> {
        self.delete_file(input).await
    }
}
