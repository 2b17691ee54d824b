//! Any bytes as an answer of success, where jobs and files are looked at and listed.

use gemini_client::batch_backend::{BackendError, ErrorKind, InputName, JobName, PageToken};
use gemini_client::{Cause, Client, RemoteJob};
use serde_json::Value;

use super::desk::{LARGEST_ANSWER, Reply, Request, Service, converse_once};
use super::{FILE, JOB, words};

const ENDS: [&str; 5] = ["SUCCEEDED", "PARTIALLY_SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED"];

/// Answers all with the same body.
#[derive(Debug, Clone)]
struct Same {
    body: Vec<u8>,
    targets: Vec<String>,
}

impl Service for Same {
    fn answer(&mut self, request: &Request) -> Reply {
        self.targets.push(request.target.clone());
        Reply::new(200, self.body.clone())
    }
}

/// The body of an answer about one job, of a list of jobs, about one file, of a list of files:
/// whatever it is, it is read as what it says or refused in words that can be shown.
pub fn operation_json(bytes: &[u8]) {
    let same = Same { body: bytes.to_vec(), targets: Vec::new() };
    let value = serde_json::from_slice(bytes).unwrap_or_default();
    let (same, ()) = converse_once(same, async |client| look(client, bytes, &value).await);
    assert!(same.targets.len() <= 5, "{:?}", same.targets);
    for target in &same.targets {
        let is_plain = target.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'#');
        assert!(is_plain && target.starts_with("/v1beta/"), "{target:?} was asked for");
    }
}

async fn look(client: &Client, bytes: &[u8], value: &Value) {
    let job = kept(client.get_job(&JobName::new(JOB)).await, bytes);
    if let Some(job) = &job {
        check_job(job, value);
        assert_eq!(job.snapshot.name.as_str(), JOB, "the answer tells of another job");
        assert_eq!(job.json.get().as_bytes(), bytes.trim_ascii());
    }
    let is_bare = value["name"] == JOB && value.as_object().is_some_and(|job| job.len() == 1);
    let is_refusable = is_doubled(bytes) || bytes.len() > LARGEST_ANSWER;
    assert!(job.is_some() || !is_bare || is_refusable, "a job was refused");

    if let Some(page) = kept(client.list_jobs(None).await, bytes) {
        // A job that is left out would be created again.
        let listed = value["operations"].as_array().map_or(0, Vec::len);
        assert!(value.is_null() || page.jobs.len() == listed, "{listed} jobs were listed");
        for job in &page.jobs {
            check_job(job, &value_of(job));
        }
        if let Some(next) = &page.next {
            assert!(!next.as_str().is_empty());
            kept(client.list_jobs(Some(next)).await, bytes);
        }
    }

    if let Some(file) = kept(client.get_file(&InputName::new(FILE)).await, bytes) {
        assert!(is_name("files/", file.name.as_str()), "{:?}", file.name);
        let is_digest = |hex: &String| hex.len() == 64 && hex.bytes().all(is_hex);
        assert!(file.sha256.as_ref().is_none_or(is_digest), "{:?}", file.sha256);
    }
    if let Some(page) = kept(client.list_files(None).await, bytes) {
        let listed = value["files"].as_array().map_or(0, Vec::len);
        assert!(value.is_null() || page.files.len() <= listed);
        assert!(page.files.iter().all(|file| is_name("files/", file.name.as_str())));
        let next: Option<&PageToken> = page.next.as_ref();
        assert!(next.is_none_or(|token| !token.as_str().is_empty()));
    }
}

/// What was read; a refusal is one of sense, and answers over the limit are never read.
fn kept<T>(read: Result<T, BackendError>, bytes: &[u8]) -> Option<T> {
    let error = match read {
        Ok(read) => {
            assert!(bytes.len() <= LARGEST_ANSWER, "{} bytes were taken in", bytes.len());
            return Some(read);
        }
        Err(error) => error,
    };
    words::check(&error);
    assert_eq!((error.kind(), Cause::of(&error)), (&ErrorKind::Protocol, Cause::Nonsense));
    None
}

/// Null for JSON that values cannot hold.
fn value_of(job: &RemoteJob) -> Value {
    serde_json::from_str(job.json.get()).unwrap_or_default()
}

fn check_job(job: &RemoteJob, value: &Value) {
    let snapshot = &job.snapshot;
    assert!(is_name("batches/", snapshot.name.as_str()), "{:?}", snapshot.name);
    assert!(snapshot.output.as_ref().is_none_or(|name| is_name("files/", name.as_str())));
    assert!(snapshot.input.as_ref().is_none_or(|name| is_name("files/", name.as_str())));
    let results = job.inline_results();
    assert!(results.iter().all(|result| job.json.get().contains(result.get())));
    // Whoever takes a job for ended may pay for another one.
    let state = value["metadata"]["state"].as_str().unwrap_or_default();
    let is_end = ENDS.iter().any(|end| state.ends_with(end)) || value["done"] == true;
    assert!(value.is_null() || is_end || !snapshot.ended(), "{:?} of {state:?}", snapshot.state);
}

fn is_name(folder: &str, name: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    name.strip_prefix(folder).is_some_and(|id| !id.is_empty() && id.bytes().all(is_plain))
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

/// Whether a member may be there twice, which `Value` does not show.
fn is_doubled(json: &[u8]) -> bool {
    json.split(|byte| *byte == b':').count() > 2
}
