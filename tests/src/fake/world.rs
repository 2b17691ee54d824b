//! What the fake service remembers: files, upload sessions, jobs, and what a client did wrong.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use base64::Engine as _;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::answers;
use super::knobs::{End, Knobs};

/// All state behind one lock.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) knobs: Knobs,
    pub(crate) base_url: String,
    pub(crate) files: BTreeMap<String, File>,
    pub(crate) sessions: BTreeMap<String, Session>,
    /// In order of creation.
    pub(crate) jobs: Vec<Job>,
    pub(crate) creates_seen: u64,
    pub(crate) requests: BTreeMap<String, u64>,
    pub(crate) violations: Vec<String>,
    drawn: u64,
}

#[derive(Debug)]
pub(crate) struct File {
    pub(crate) display_name: Option<String>,
    pub(crate) mime_type: String,
    pub(crate) content: Vec<u8>,
    created: Timestamp,
}

#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) declared: Option<usize>,
    pub(crate) display_name: Option<String>,
    pub(crate) mime_type: String,
    pub(crate) content: Vec<u8>,
    /// The file this upload became.
    pub(crate) file: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) name: String,
    pub(crate) display_name: Option<String>,
    pub(crate) model: String,
    pub(crate) file: String,
    /// Before this moment the service does not know the job.
    pub(crate) exists_from: Instant,
    pub(crate) deleted: bool,
    cancelled: bool,
    looks: u32,
    rows: usize,
    results: Vec<u8>,
    created: Timestamp,
}

impl World {
    pub(crate) fn new(base_url: String, knobs: Knobs) -> Self {
        Self {
            knobs,
            base_url,
            files: BTreeMap::new(),
            sessions: BTreeMap::new(),
            jobs: Vec::new(),
            creates_seen: 0,
            requests: BTreeMap::new(),
            violations: Vec::new(),
            drawn: 0x5eed,
        }
    }

    /// A name of `length` letters and digits that has not been given before.
    pub(crate) fn draw(&mut self, length: usize) -> String {
        const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        let mut name = String::with_capacity(length);
        for _ in 0..length {
            self.drawn = self.drawn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let index = usize::try_from((self.drawn >> 33) % 36).unwrap_or(0);
            name.push(char::from(LETTERS[index]));
        }
        name
    }

    pub(crate) fn violation(&mut self, what: impl Into<String>) {
        self.violations.push(what.into());
    }

    pub(crate) fn store(&mut self, session: &Session) -> String {
        let name = format!("files/{}", self.draw(12));
        let file = File {
            display_name: session.display_name.clone(),
            mime_type: session.mime_type.clone(),
            content: session.content.clone(),
            created: Timestamp::now(),
        };
        self.files.insert(name.clone(), file);
        name
    }

    pub(crate) fn file_resource(&self, name: &str) -> Option<Value> {
        let file = self.files.get(name)?;
        let digest = Sha256::digest(&file.content);
        let hex = answers::hex(&digest);
        let mut resource = json!({
            "name": name,
            "mimeType": file.mime_type,
            "sizeBytes": file.content.len().to_string(),
            "createTime": stamp(file.created),
            "updateTime": stamp(file.created),
            "expirationTime": stamp(file.created + Duration::from_hours(48)),
            "sha256Hash": base64::engine::general_purpose::STANDARD.encode(hex),
            "uri": format!("{}/v1beta/{name}", self.base_url),
            "state": "ACTIVE",
            "source": "UPLOADED",
        });
        if let Some(display_name) = &file.display_name {
            resource["displayName"] = json!(display_name);
        }
        Some(resource)
    }

    /// Makes a job of a stored file; the caller has checked that the file is there.
    pub(crate) fn add_job(
        &mut self,
        model: &str,
        display_name: Option<String>,
        file: &str,
        exists_from: Instant,
    ) -> String {
        let name = format!("batches/{}", self.draw(36));
        let content = &self.files[file].content;
        let results = answers::result_file(content, model, &self.knobs);
        self.jobs.push(Job {
            name: name.clone(),
            display_name,
            model: format!("models/{model}"),
            file: file.to_owned(),
            exists_from,
            deleted: false,
            cancelled: false,
            looks: 0,
            rows: content.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).count(),
            results,
            created: Timestamp::now(),
        });
        name
    }

    /// The job of this name, if the service knows it by `now`.
    pub(crate) fn job(&mut self, name: &str, now: Instant) -> Option<&mut Job> {
        self.jobs.iter_mut().find(|job| job.name == name && job.exists_from <= now && !job.deleted)
    }

    /// The result file of an ended job.
    pub(crate) fn results(&self, file: &str) -> Option<&[u8]> {
        let id = file.strip_prefix("files/batch-")?;
        let ended = |job: &&Job| job.name == format!("batches/{id}") && job.ended(&self.knobs);
        let job = self.jobs.iter().find(ended)?;
        (job.end(&self.knobs).has_results()).then_some(job.results.as_slice())
    }

    /// What the test wants to know afterwards.
    pub(crate) fn ledger(&self) -> Value {
        let jobs: Vec<Value> = self
            .jobs
            .iter()
            .map(|job| {
                json!({
                    "name": job.name, "displayName": job.display_name, "model": job.model,
                    "file": job.file, "cancelled": job.cancelled, "deleted": job.deleted,
                    "looks": job.looks, "rows": job.rows,
                })
            })
            .collect();
        json!({
            "createsSeen": self.creates_seen, "jobs": jobs,
            "requests": self.requests, "violations": self.violations,
        })
    }
}

impl Job {
    /// Somebody has looked: the job moves on by one.
    pub(crate) fn look(&mut self) {
        self.looks += 1;
    }

    pub(crate) fn cancel(&mut self, knobs: &Knobs) {
        self.cancelled |= !self.ended(knobs);
    }

    fn ended(&self, knobs: &Knobs) -> bool {
        self.cancelled || self.looks > knobs.looks.0 + knobs.looks.1
    }

    fn end(&self, knobs: &Knobs) -> End {
        if self.cancelled { End::Cancelled } else { knobs.end }
    }

    /// The Operation as Google shows it: zero counters and `done: false` left out.
    pub(crate) fn operation(&self, knobs: &Knobs) -> Value {
        let ended = self.ended(knobs);
        let end = self.end(knobs);
        let state = match self.looks {
            _ if ended => end.word(),
            looks if looks <= knobs.looks.0 => "PENDING",
            _ => "RUNNING",
        };
        let mut counts = json!({"requestCount": self.rows.to_string()});
        if ended && end.has_results() {
            let (good, bad) = answers::count(&self.results);
            for (name, count) in [("successfulRequestCount", good), ("failedRequestCount", bad)] {
                if count > 0 {
                    counts[name] = json!(count.to_string());
                }
            }
        } else if !ended {
            counts["pendingRequestCount"] = json!(self.rows.to_string());
        }
        let mut metadata = json!({
            "@type": "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch",
            "model": self.model,
            "inputConfig": {"fileName": self.file},
            "createTime": stamp(self.created),
            "updateTime": stamp(self.created),
            "batchStats": counts,
            "state": format!("BATCH_STATE_{state}"),
            "name": self.name,
        });
        if let Some(display_name) = &self.display_name {
            metadata["displayName"] = json!(display_name);
        }
        let mut operation = json!({"name": self.name});
        if ended {
            metadata["endTime"] = json!(stamp(self.created));
            operation["done"] = json!(true);
            self.show_end(knobs, end, &mut metadata, &mut operation);
        }
        operation["metadata"] = metadata;
        operation
    }

    fn show_end(&self, knobs: &Knobs, end: End, metadata: &mut Value, operation: &mut Value) {
        let shown_from = knobs.looks.0 + knobs.looks.1 + knobs.late_output;
        if end.has_results() && self.looks > shown_from {
            let file = format!("files/{}", self.name.replace("batches/", "batch-"));
            metadata["output"] = json!({"responsesFile": file});
            operation["response"] = json!({
                "@type": "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatchOutput",
                "responsesFile": file,
            });
        } else if matches!(end, End::Failed | End::Cancelled | End::Expired) {
            let code = if end == End::Failed { 13 } else { 1 };
            let message = format!("the job has {}", end.word().to_ascii_lowercase());
            operation["error"] = json!({"code": code, "message": message});
        }
    }
}

fn stamp(at: Timestamp) -> String {
    format!("{at:.9}")
}
