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
        self.create_batch(spec).await
    }

    async fn get(&self, job: &JobName) -> Result<JobSnapshot, BackendError> {
        self.get_batch(job).await
    }

    async fn list(&self, page: Option<&PageToken>) -> Result<JobPage, BackendError> {
        self.batch_page(page).await
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
        self.remove_file(input).await
    }
}
