//! A backend of its own: a "service" that answers every row at once by shouting it back.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Read as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use batch_backend::{
    BackendError, BatchBackend, ByteSink, BytesPayload, ErrorKind, Fetched, InputName, JobCounts,
    JobName, JobPage, JobSnapshot, JobSpec, JobState, JobToken, ModelId, NoProgress, Operation,
    OutputName, PageToken, Payload as _, StoredInput, Upload, UploadSession,
};

#[derive(Debug, Default)]
struct Shouting {
    shelf: Mutex<BTreeMap<String, String>>,
    jobs: Mutex<Vec<JobSnapshot>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn absent(operation: Operation, what: &str) -> BackendError {
    BackendError::new(operation, what, ErrorKind::NotFound, "it is not there")
}

#[async_trait]
impl BatchBackend for Shouting {
    fn identity(&self) -> String {
        "shouting".to_owned()
    }

    async fn open_upload(&self, label: &str, _len: u64) -> Result<UploadSession, BackendError> {
        Ok(UploadSession::new(label))
    }

    async fn upload(&self, upload: Upload<'_>) -> Result<StoredInput, BackendError> {
        let name = upload.session.expose().to_owned();
        let mut text = String::new();
        let read = upload.payload.open_at(0).and_then(|mut from| from.read_to_string(&mut text));
        read.map_err(|error| {
            BackendError::new(Operation::Upload, &name, ErrorKind::Local, "it cannot be read")
                .with_source(error)
        })?;
        upload.progress.bytes(upload.payload.len(), upload.payload.len());
        locked(&self.shelf).insert(name.clone(), text);
        let (bytes, sha256) = (upload.payload.len(), String::new());
        Ok(StoredInput { name: InputName::new(name), bytes, sha256, expires: None })
    }

    async fn create(&self, spec: &JobSpec) -> Result<JobSnapshot, BackendError> {
        let input = spec.input.as_str();
        let text = locked(&self.shelf).get(input).cloned();
        let text = text.ok_or_else(|| absent(Operation::Create, input))?;
        let output = format!("{input}.{}", spec.model);
        locked(&self.shelf).insert(output.clone(), text.to_uppercase());
        let mut jobs = locked(&self.jobs);
        let job = JobSnapshot {
            name: JobName::new(format!("job-{}", jobs.len())),
            token: Some(spec.token.clone()),
            model: Some(spec.model.clone()),
            input: Some(spec.input.clone()),
            state: JobState::Succeeded,
            done: true,
            counts: JobCounts::default(),
            output: Some(OutputName::new(output)),
            error: None,
            created: None,
            observed: None,
        };
        jobs.push(job.clone());
        Ok(job)
    }

    async fn get(&self, job: &JobName) -> Result<JobSnapshot, BackendError> {
        let found = locked(&self.jobs).iter().find(|have| have.name == *job).cloned();
        found.ok_or_else(|| absent(Operation::Get, job.as_str()))
    }

    async fn list(&self, _page: Option<&PageToken>) -> Result<JobPage, BackendError> {
        let jobs = locked(&self.jobs).iter().rev().cloned().collect();
        Ok(JobPage { jobs, next: None })
    }

    async fn cancel(&self, job: &JobName) -> Result<(), BackendError> {
        self.get(job).await.map(drop)
    }

    async fn delete(&self, job: &JobName) -> Result<(), BackendError> {
        self.get(job).await?;
        locked(&self.jobs).retain(|have| have.name != *job);
        Ok(())
    }

    async fn fetch(
        &self,
        output: &OutputName,
        into: &mut dyn ByteSink,
    ) -> Result<Fetched, BackendError> {
        let text = locked(&self.shelf).get(output.as_str()).cloned();
        let text = text.ok_or_else(|| absent(Operation::Fetch, output.as_str()))?;
        into.write(text.as_bytes()).map_err(|error| {
            BackendError::new(
                Operation::Fetch,
                output.as_str(),
                ErrorKind::Local,
                "nobody takes it",
            )
            .with_source(error)
        })?;
        Ok(Fetched { bytes: text.len() as u64, length_checked: true })
    }

    async fn discard(&self, input: &InputName) -> Result<(), BackendError> {
        let gone = locked(&self.shelf).remove(input.as_str());
        gone.map(drop).ok_or_else(|| absent(Operation::Discard, input.as_str()))
    }
}

/// What any program does with any backend.
async fn walk(backend: &dyn BatchBackend) -> Result<String, Box<dyn Error>> {
    let payload = BytesPayload::from(b"a row\n".to_vec());
    let session = backend.open_upload("input", payload.len()).await?;
    let upload =
        Upload { session: &session, resumed: false, payload: &payload, progress: &NoProgress };
    let input = backend.upload(upload).await?.name;
    let (token, model) = (JobToken::new("t-1"), ModelId::parse("models/loud")?);
    let job = backend.create(&JobSpec { token, model, input: input.clone() }).await?;
    assert!(job.ended());
    assert_eq!(backend.list(None).await?.jobs, [job.clone()]);
    let mut results = Vec::new();
    backend.fetch(&job.output.ok_or("no results")?, &mut results).await?;
    backend.discard(&input).await?;
    backend.delete(&job.name).await?;
    let gone = backend.get(&job.name).await.err().ok_or("a deleted job is still there")?;
    assert_eq!(gone.kind(), &ErrorKind::NotFound);
    assert_eq!(gone.to_string(), "failed to look at job-0: it is not there");
    Ok(String::from_utf8(results)?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let results = walk(&Shouting::default()).await?;
    assert_eq!(results, "A ROW\n");
    println!("{results}");
    Ok(())
}
