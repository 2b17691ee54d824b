//! The suite that every backend passes: the contract of [`BatchBackend`] as checks.
//!
//! ```
//! use batch_backend::conformance;
//! use batch_backend::memory::MemoryBackend;
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! conformance::all(&MemoryBackend::echo()).await;
//! # });
//! ```

#![expect(clippy::expect_used, reason = "a suite says what is wrong by panicking")]

use async_trait::async_trait;

use crate::memory::MemoryBackend;
use crate::{
    BackendError, BatchBackend, BytesPayload, ErrorKind, InputName, JobName, JobSnapshot, JobSpec,
    JobState, JobToken, ModelId, NoProgress, StoredInput, Upload, UploadSession,
};

/// A backend under test, with a way to let time pass.
#[async_trait]
pub trait Subject: Send + Sync {
    /// The backend.
    fn backend(&self) -> &dyn BatchBackend;

    /// Lets jobs make some progress: a step of a simulated clock.
    async fn advance(&self);

    /// An input row the service takes, without line end, that carries `key`.
    fn request_line(&self, key: &str) -> Vec<u8>;
}

#[async_trait]
impl Subject for MemoryBackend {
    fn backend(&self) -> &dyn BatchBackend {
        self
    }

    async fn advance(&self) {
        self.tick();
    }

    fn request_line(&self, key: &str) -> Vec<u8> {
        format!(r#"{{"key":"{key}"}}"#).into_bytes()
    }
}

/// How many steps of [`Subject::advance`] a job may take to its end.
const PATIENCE: usize = 1_000;

/// Runs every check.
///
/// # Panics
/// When the backend breaks the contract; the message says which part.
pub async fn all(subject: &dyn Subject) {
    upload_keeps_every_byte(subject).await;
    upload_goes_on_in_its_session(subject).await;
    lost_session_is_not_found(subject).await;
    job_runs_to_its_results(subject).await;
    create_is_not_idempotent(subject).await;
    list_pages_to_every_job(subject).await;
    cancel_ends_a_job(subject).await;
    absent_things_are_not_found(subject).await;
    deleted_job_is_gone(subject).await;
}

fn model() -> ModelId {
    ModelId::parse("sim-flash").expect("a plain name")
}

fn lines(subject: &dyn Subject, keys: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for key in keys {
        bytes.extend(subject.request_line(key));
        bytes.push(b'\n');
    }
    bytes
}

async fn store(subject: &dyn Subject, label: &str, bytes: Vec<u8>) -> StoredInput {
    let backend = subject.backend();
    let session = backend.open_upload(label, bytes.len() as u64).await.expect("a session opens");
    let payload = BytesPayload::from(bytes);
    let upload =
        Upload { session: &session, resumed: false, payload: &payload, progress: &NoProgress };
    backend.upload(upload).await.expect("the upload ends")
}

async fn submit(subject: &dyn Subject, token: &str, keys: &[&str]) -> JobSnapshot {
    let input = store(subject, token, lines(subject, keys)).await;
    let spec = JobSpec { token: JobToken::new(token), model: model(), input: input.name };
    subject.backend().create(&spec).await.expect("the job is created")
}

async fn run_to_end(subject: &dyn Subject, job: &JobName) -> JobSnapshot {
    for _ in 0..PATIENCE {
        let snapshot = subject.backend().get(job).await.expect("the job can be looked at");
        if snapshot.ended() {
            return snapshot;
        }
        subject.advance().await;
    }
    panic!("{job} did not end within {PATIENCE} steps");
}

async fn everything(backend: &dyn BatchBackend) -> Result<Vec<JobSnapshot>, BackendError> {
    let (mut jobs, mut page) = (Vec::new(), None);
    loop {
        let answer = backend.list(page.as_ref()).await?;
        jobs.extend(answer.jobs);
        match answer.next {
            Some(next) => page = Some(next),
            None => return Ok(jobs),
        }
    }
}

/// The stored input has the length and the digest of what was sent.
pub async fn upload_keeps_every_byte(subject: &dyn Subject) {
    let bytes = lines(subject, &["a", "b"]);
    let len = bytes.len() as u64;
    let one = store(subject, "be1.conformance.bytes", bytes.clone()).await;
    let two = store(subject, "be1.conformance.bytes", bytes).await;
    assert_eq!(one.bytes, len, "the stored length is the sent length");
    assert_eq!(one.sha256.len(), 64, "the digest is a SHA-256 in hex");
    assert_eq!(one.sha256, two.sha256, "equal bytes have equal digests");
    assert_ne!(one.name, two.name, "each upload makes an input of its own");
}

/// An upload that is resumed at its very start ends like any other.
pub async fn upload_goes_on_in_its_session(subject: &dyn Subject) {
    let backend = subject.backend();
    let bytes = lines(subject, &["resumed"]);
    let session = backend
        .open_upload("be1.conformance.resumed", bytes.len() as u64)
        .await
        .expect("a session opens");
    let kept = UploadSession::new(session.expose());
    let payload = BytesPayload::from(bytes.clone());
    let upload = Upload { session: &kept, resumed: true, payload: &payload, progress: &NoProgress };
    let stored = backend.upload(upload).await.expect("a resumed upload ends");
    assert_eq!(stored.bytes, bytes.len() as u64);
}

/// A session that the service does not know is not found.
pub async fn lost_session_is_not_found(subject: &dyn Subject) {
    let backend = subject.backend();
    let real = backend.open_upload("be1.conformance.lost", 3).await.expect("a session opens");
    let lost = foreign_session(real.expose());
    let payload = BytesPayload::from(b"{}\n".to_vec());
    let upload = Upload { session: &lost, resumed: true, payload: &payload, progress: &NoProgress };
    let error = backend.upload(upload).await.expect_err("a foreign session is refused");
    assert_eq!(error.kind(), &ErrorKind::NotFound, "{error}");
}

/// The same address with another id in it: every digit and the letters `q` and `z` swapped, in the
/// query where there is one.
fn foreign_session(real: &str) -> UploadSession {
    let from = real.find("upload_id=").unwrap_or(0);
    let end = real[from..].find('&').map_or(real.len(), |n| from + n);
    let id: String = real[from..end].chars().map(flip).collect();
    UploadSession::new(format!("{}{id}{}", &real[..from], &real[end..]))
}

/// A job goes from the start to an end, keeps what it was made of, and gives every row once.
pub async fn job_runs_to_its_results(subject: &dyn Subject) {
    let keys = ["r00000001-0000aaaa", "r00000002-0000bbbb", "r00000003-0000cccc"];
    let made = submit(subject, "be1.conformance.run", &keys).await;
    assert!(!made.ended(), "a new job is not over");
    assert_eq!(made.token, Some(JobToken::new("be1.conformance.run")), "the mark is kept");
    assert_eq!(made.model, Some(model()), "the model is kept");
    let ended = run_to_end(subject, &made.name).await;
    assert_eq!(ended.state, JobState::Succeeded);
    let mut output = ended.output;
    for _ in 0..PATIENCE {
        if output.is_some() {
            break;
        }
        subject.advance().await;
        output = subject.backend().get(&made.name).await.expect("the job is there").output;
    }
    let output = output.expect("a succeeded job names its results");
    let mut bytes = Vec::new();
    let fetched = subject.backend().fetch(&output, &mut bytes).await.expect("results come");
    assert_eq!(fetched.bytes, bytes.len() as u64, "the count is of the bytes given");
    let text = String::from_utf8(bytes).expect("results are text");
    for key in keys {
        assert_eq!(text.matches(key).count(), 1, "{key} is answered once");
    }
    let mut again = Vec::new();
    subject.backend().fetch(&output, &mut again).await.expect("results come again");
    assert_eq!(again.len() as u64, fetched.bytes, "a second fetch gives the same bytes");
}

/// The same spec twice makes two jobs: whoever wants one must not ask twice.
pub async fn create_is_not_idempotent(subject: &dyn Subject) {
    let input = store(subject, "be1.conformance.twice", lines(subject, &["k"])).await;
    let token = JobToken::new("be1.conformance.twice");
    let spec = JobSpec { token, model: model(), input: input.name };
    let one = subject.backend().create(&spec).await.expect("created");
    let two = subject.backend().create(&spec).await.expect("created again");
    assert_ne!(one.name, two.name);
}

/// Following the page tokens shows every job exactly once, the newest first.
pub async fn list_pages_to_every_job(subject: &dyn Subject) {
    let mut names = Vec::new();
    for n in 0..5 {
        names.push(submit(subject, &format!("be1.conformance.list.{n}"), &["k"]).await.name);
    }
    let mut listed = everything(subject.backend()).await.expect("lists are whole");
    for _ in 0..PATIENCE {
        if names.iter().all(|name| listed.iter().any(|job| job.name == *name)) {
            break;
        }
        subject.advance().await;
        listed = everything(subject.backend()).await.expect("lists are whole");
    }
    let ours: Vec<&JobName> =
        listed.iter().map(|job| &job.name).filter(|name| names.contains(name)).collect();
    let newest_first: Vec<&JobName> = names.iter().rev().collect();
    assert_eq!(ours, newest_first, "each job once, newest first");
    let marks = listed.iter().filter_map(|job| job.token.as_ref());
    let ours = marks.filter(|t| t.as_str().starts_with("be1.conformance.list.")).count();
    assert_eq!(ours, 5, "lists carry the mark");
}

/// A cancelled job ends, and cancelling it again does no harm.
pub async fn cancel_ends_a_job(subject: &dyn Subject) {
    let made = submit(subject, "be1.conformance.cancel", &["k"]).await;
    subject.backend().cancel(&made.name).await.expect("cancel is taken");
    let ended = run_to_end(subject, &made.name).await;
    assert!(ended.state.is_end(), "{:?}", ended.state);
    subject.backend().cancel(&made.name).await.expect("cancelling an ended job does no harm");
}

/// What is not there is said to be not there.
pub async fn absent_things_are_not_found(subject: &dyn Subject) {
    let made = submit(subject, "be1.conformance.absent", &["k"]).await;
    let flipped: String = made.name.as_str().chars().map(flip).collect();
    let ghost = JobName::new(flipped);
    let backend = subject.backend();
    let kinds = [
        backend.get(&ghost).await.expect_err("no such job").kind().clone(),
        backend.cancel(&ghost).await.expect_err("no such job").kind().clone(),
        backend.delete(&ghost).await.expect_err("no such job").kind().clone(),
    ];
    assert_eq!(kinds, [ErrorKind::NotFound, ErrorKind::NotFound, ErrorKind::NotFound]);
    let stored = store(subject, "be1.conformance.discard", lines(subject, &["k"])).await;
    backend.discard(&stored.name).await.expect("an input can be removed");
    let error = backend.discard(&stored.name).await.expect_err("it is gone");
    assert_eq!(error.kind(), &ErrorKind::NotFound, "{error}");
    let spec = JobSpec {
        token: JobToken::new("be1.conformance.noinput"),
        model: model(),
        input: InputName::new(stored.name.as_str()),
    };
    let error = backend.create(&spec).await.expect_err("no job without its input");
    assert_eq!(error.kind(), &ErrorKind::NotFound, "{error}");
    assert_eq!(error.applied(), crate::Applied::No, "a definite answer is definite");
}

/// Swaps digits and keeps the rest, so that a name stays well-formed and names nothing.
fn flip(c: char) -> char {
    match c.to_digit(10) {
        Some(digit) => char::from_digit(9 - digit, 10).unwrap_or(c),
        None if c == 'q' => 'z',
        None if c == 'z' => 'q',
        None => c,
    }
}

/// A deleted job is neither found nor listed.
pub async fn deleted_job_is_gone(subject: &dyn Subject) {
    let made = submit(subject, "be1.conformance.delete", &["k"]).await;
    run_to_end(subject, &made.name).await;
    let backend = subject.backend();
    backend.delete(&made.name).await.expect("an ended job can be deleted");
    let error = backend.get(&made.name).await.expect_err("it is gone");
    assert_eq!(error.kind(), &ErrorKind::NotFound, "{error}");
    let listed = everything(backend).await.expect("lists are whole");
    assert!(listed.iter().all(|job| job.name != made.name), "it is not listed");
}
