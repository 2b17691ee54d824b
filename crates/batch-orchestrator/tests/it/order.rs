//! What is about to happen is in the journal before it happens.

use std::sync::Arc;

use async_trait::async_trait;
use batch_backend::memory::MemoryBackend;
use batch_backend::{
    BackendError, BatchBackend, ByteSink, Fetched, InputName, JobName, JobPage, JobSnapshot,
    JobSpec, OutputName, PageToken, StoredInput, Upload, UploadSession,
};
use batch_orchestrator::{Event, MemoryJournal};

use crate::world::Sim;

/// Looks into the journal at each call that makes something at the service.
#[derive(Debug)]
struct Witness {
    inner: MemoryBackend,
    journal: MemoryJournal,
}

impl Witness {
    fn saw(&self, what: &str, is: impl Fn(&Event) -> bool) {
        assert!(self.journal.events().iter().any(is), "{what} is not in the journal yet");
    }
}

#[async_trait]
impl BatchBackend for Witness {
    fn identity(&self) -> String {
        self.inner.identity()
    }

    async fn open_upload(&self, label: &str, len: u64) -> Result<UploadSession, BackendError> {
        self.inner.open_upload(label, len).await
    }

    async fn upload(&self, upload: Upload<'_>) -> Result<StoredInput, BackendError> {
        let open = upload.session.clone();
        self.saw(
            "the session",
            |event| matches!(event, Event::UploadOpened { session, .. } if *session == open),
        );
        self.inner.upload(upload).await
    }

    async fn create(&self, spec: &JobSpec) -> Result<JobSnapshot, BackendError> {
        self.saw(
            "the intent",
            |event| matches!(event, Event::CreateIntended { token, .. } if *token == spec.token),
        );
        self.inner.create(spec).await
    }

    async fn get(&self, job: &JobName) -> Result<JobSnapshot, BackendError> {
        self.inner.get(job).await
    }

    async fn list(&self, page: Option<&PageToken>) -> Result<JobPage, BackendError> {
        self.inner.list(page).await
    }

    async fn cancel(&self, job: &JobName) -> Result<(), BackendError> {
        self.saw("the extra job", |event| {
            matches!(event, Event::ExtraFound { .. } | Event::CancelRequested { .. })
        });
        self.inner.cancel(job).await
    }

    async fn delete(&self, job: &JobName) -> Result<(), BackendError> {
        self.inner.delete(job).await
    }

    async fn fetch(
        &self,
        output: &OutputName,
        into: &mut dyn ByteSink,
    ) -> Result<Fetched, BackendError> {
        self.saw("the end", |event| matches!(event, Event::Ended { .. }));
        self.inner.fetch(output, into).await
    }

    async fn discard(&self, input: &InputName) -> Result<(), BackendError> {
        self.inner.discard(input).await
    }
}

#[tokio::test]
async fn every_act_follows_its_line() {
    let sim = Sim::new(&["sim-flash", "sim-pro"]);
    let witness = Witness { inner: sim.backend.clone(), journal: sim.journal.clone() };
    sim.session_through(Arc::new(witness)).await.unwrap();
    sim.assert_complete("witnessed");
}
