//! A backend in memory that is stricter than the real ones: for tests of everything above it.
//!
//! It changes the order of results, moves only when told ([`MemoryBackend::tick`]), forgets what
//! was deleted or expired, and fails calls as its script says, before or after they took effect.

mod control;
mod job;

use std::collections::{BTreeMap, VecDeque};
use std::fmt::{self, Write as _};
use std::io::Read;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use sha2::{Digest, Sha256};

pub use self::job::Course;
use self::job::Job;
use crate::{
    Applied, BackendError, BatchBackend, ByteSink, ErrorKind, Fetched, InputName, JobName, JobPage,
    JobSnapshot, JobSpec, ModelId, Operation, OutputName, PageToken, StoredInput, Upload,
    UploadSession,
};

/// Answers one input line with one result line (without line end), or with none at all.
pub type Responder = Arc<dyn Fn(&ModelId, &[u8]) -> Option<Vec<u8>> + Send + Sync>;

/// How the next call of a kind goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Fails with passing trouble; nothing happened.
    Before,
    /// Happens, and the answer is lost.
    After,
    /// Happens this many ticks later, and the answer is lost: the list cannot show it until then.
    Late(u32),
    /// Refused for good.
    Refused,
    /// Refused for a limit.
    Quota,
    /// Turned away, with the wait the service asks for.
    Asks(Duration),
    /// A download that ends after so many rows, and nobody can tell from the transfer.
    Short(usize),
    /// Not there, for this once.
    Gone,
}

#[derive(Default)]
struct World {
    tick: u32,
    next: u64,
    sessions: BTreeMap<String, (String, u64)>,
    inputs: BTreeMap<InputName, Arc<[u8]>>,
    jobs: Vec<Job>,
    faults: BTreeMap<&'static str, VecDeque<Fault>>,
    calls: BTreeMap<&'static str, u64>,
    courses: VecDeque<Course>,
    max_live: Option<usize>,
}

/// The backend. Clones share one world.
#[derive(Clone)]
pub struct MemoryBackend {
    world: Arc<Mutex<World>>,
    responder: Responder,
    page_size: usize,
}

impl fmt::Debug for MemoryBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryBackend").field("page_size", &self.page_size).finish_non_exhaustive()
    }
}

impl MemoryBackend {
    /// A backend whose jobs answer by `responder`.
    pub fn new(responder: Responder) -> Self {
        Self { world: Arc::default(), responder, page_size: 2 }
    }

    /// A backend that gives every input line back as its result.
    pub fn echo() -> Self {
        Self::new(Arc::new(|_, line| Some(line.to_vec())))
    }

    /// The same world in pages of so many jobs.
    #[must_use]
    pub fn with_page_size(mut self, jobs: usize) -> Self {
        self.page_size = jobs.max(1);
        self
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn enter(&self, operation: Operation, subject: &str) -> Result<Option<Fault>, BackendError> {
        let mut world = self.world();
        *world.calls.entry(key(operation)).or_default() += 1;
        let fault = world.faults.get_mut(key(operation)).and_then(VecDeque::pop_front);
        let fail = |kind, reason: &str| Err(BackendError::new(operation, subject, kind, reason));
        match fault {
            Some(Fault::Before) => {
                fail(ErrorKind::Transient { retry_after: None }, "the service is unavailable")
            }
            Some(Fault::Refused) => fail(ErrorKind::Rejected, "the request was refused"),
            Some(Fault::Asks(wait)) => fail(
                ErrorKind::Transient { retry_after: Some(wait) },
                "the service asks for patience",
            ),
            Some(Fault::Gone) => fail(ErrorKind::NotFound, "it is not there"),
            Some(Fault::Quota) => {
                fail(ErrorKind::Quota { retry_after: None }, "the quota is used up")
            }
            other => Ok(other),
        }
    }
}

fn key(operation: Operation) -> &'static str {
    match operation {
        Operation::OpenUpload => "open_upload",
        Operation::Upload => "upload",
        Operation::Create => "create",
        Operation::Get => "get",
        Operation::List => "list",
        Operation::Cancel => "cancel",
        Operation::Delete => "delete",
        Operation::Fetch => "fetch",
        Operation::Discard => "discard",
        Operation::Count => "count",
        Operation::Ask => "ask",
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn lost(operation: Operation, subject: &str) -> BackendError {
    let kind = ErrorKind::Transient { retry_after: None };
    BackendError::new(operation, subject, kind, "the answer was lost").with_applied(Applied::Maybe)
}

fn absent(operation: Operation, subject: &str) -> BackendError {
    BackendError::new(operation, subject, ErrorKind::NotFound, "it is not there")
}

impl World {
    fn fresh(&mut self, prefix: &str) -> String {
        self.next += 1;
        format!("{prefix}/{:04}", self.next)
    }

    fn time(&self) -> SystemTime {
        job::time_at(self.tick)
    }

    fn visible(&self) -> impl Iterator<Item = &Job> {
        self.jobs.iter().filter(|job| !job.deleted && job.born <= self.tick)
    }

    /// Where a job stands among all: their numbers only grow.
    fn place(&self, number: u64) -> Option<usize> {
        self.jobs.binary_search_by_key(&number, |job| job.number).ok()
    }

    fn find(&self, operation: Operation, name: &JobName) -> Result<usize, BackendError> {
        job::number(name.as_str())
            .and_then(|number| self.place(number))
            .filter(|at| !self.jobs[*at].deleted && self.jobs[*at].born <= self.tick)
            .filter(|at| self.jobs[*at].name() == *name)
            .ok_or_else(|| absent(operation, name.as_str()))
    }

    /// Live jobs, also those that nobody can see yet.
    fn live_count(&self) -> usize {
        self.jobs.iter().filter(|job| !job.deleted && !job.ended(self.tick)).count()
    }
}

#[async_trait]
impl BatchBackend for MemoryBackend {
    fn identity(&self) -> String {
        "memory".to_owned()
    }

    async fn open_upload(&self, label: &str, len: u64) -> Result<UploadSession, BackendError> {
        self.enter(Operation::OpenUpload, label)?;
        let mut world = self.world();
        let id = world.fresh("sessions");
        world.sessions.insert(id.clone(), (label.to_owned(), len));
        Ok(UploadSession::new(id))
    }

    async fn upload(&self, upload: Upload<'_>) -> Result<StoredInput, BackendError> {
        let fault = self.enter(Operation::Upload, "an input")?;
        let local = |e: std::io::Error| {
            BackendError::new(Operation::Upload, "an input", ErrorKind::Local, "it cannot be read")
                .with_source(e)
        };
        let mut bytes = Vec::new();
        upload.payload.open_at(0).map_err(local)?.read_to_end(&mut bytes).map_err(local)?;
        let mut world = self.world();
        let (label, len) = world
            .sessions
            .remove(upload.session.expose())
            .ok_or_else(|| absent(Operation::Upload, "the session"))?;
        if bytes.len() as u64 != len {
            let reason = format!("{} bytes came, {len} were said", bytes.len());
            return Err(BackendError::new(Operation::Upload, label, ErrorKind::Rejected, reason));
        }
        upload.progress.bytes(len, len);
        let name = InputName::new(world.fresh("inputs"));
        let sha256 = hex(&Sha256::digest(&bytes));
        world.inputs.insert(name.clone(), bytes.into());
        if fault == Some(Fault::After) {
            return Err(lost(Operation::Upload, &label));
        }
        let expires = Some(world.time() + Duration::from_hours(48));
        Ok(StoredInput { name, bytes: len, sha256, expires })
    }

    async fn create(&self, spec: &JobSpec) -> Result<JobSnapshot, BackendError> {
        let fault = self.enter(Operation::Create, spec.model.as_str())?;
        let mut world = self.world();
        let lines = world
            .inputs
            .get(&spec.input)
            .cloned()
            .ok_or_else(|| absent(Operation::Create, spec.input.as_str()))?;
        if world.max_live.is_some_and(|most| world.live_count() >= most) {
            let (kind, subject) = (ErrorKind::Quota { retry_after: None }, spec.model.as_str());
            let reason = "as many jobs are alive as the quota allows";
            return Err(BackendError::new(Operation::Create, subject, kind, reason));
        }
        world.next += 1;
        let late = if let Some(Fault::Late(ticks)) = fault { ticks } else { 0 };
        let job = Job {
            number: world.next,
            token: spec.token.clone(),
            model: spec.model.clone(),
            input: spec.input.clone(),
            lines,
            course: world.courses.pop_front().unwrap_or_else(Course::success),
            born: world.tick + late,
            cancelled: None,
            deleted: false,
        };
        let snapshot = job.snapshot(world.tick);
        world.jobs.push(job);
        match fault {
            Some(_) => Err(lost(Operation::Create, spec.model.as_str())),
            None => Ok(snapshot),
        }
    }

    async fn get(&self, job: &JobName) -> Result<JobSnapshot, BackendError> {
        self.enter(Operation::Get, job.as_str())?;
        let world = self.world();
        let index = world.find(Operation::Get, job)?;
        Ok(world.jobs[index].snapshot(world.tick))
    }

    async fn list(&self, page: Option<&PageToken>) -> Result<JobPage, BackendError> {
        self.enter(Operation::List, "jobs")?;
        let world = self.world();
        let before = page.map_or(Ok(u64::MAX), |token| {
            token.as_str().parse::<u64>().map_err(|e| {
                BackendError::new(Operation::List, "jobs", ErrorKind::Rejected, "bad page token")
                    .with_source(e)
            })
        })?;
        let end = world.jobs.partition_point(|job| job.number < before);
        let visible = |job: &&Job| !job.deleted && job.born <= world.tick;
        let mut rest = world.jobs[..end].iter().rev().filter(visible);
        let taken: Vec<&Job> = rest.by_ref().take(self.page_size).collect();
        let more = rest.next().is_some();
        let next = taken.last().filter(|_| more).map(|j| PageToken::new(j.number.to_string()));
        Ok(JobPage { jobs: taken.into_iter().map(|j| j.snapshot(world.tick)).collect(), next })
    }

    async fn cancel(&self, job: &JobName) -> Result<(), BackendError> {
        let fault = self.enter(Operation::Cancel, job.as_str())?;
        let mut world = self.world();
        let index = world.find(Operation::Cancel, job)?;
        let tick = world.tick;
        let ended = world.jobs[index].snapshot(tick).ended();
        if !ended {
            world.jobs[index].cancelled.get_or_insert(tick);
        }
        if fault.is_some() { Err(lost(Operation::Cancel, job.as_str())) } else { Ok(()) }
    }

    async fn delete(&self, job: &JobName) -> Result<(), BackendError> {
        self.enter(Operation::Delete, job.as_str())?;
        let mut world = self.world();
        let index = world.find(Operation::Delete, job)?;
        world.jobs[index].deleted = true;
        Ok(())
    }

    async fn fetch(
        &self,
        output: &OutputName,
        into: &mut dyn ByteSink,
    ) -> Result<Fetched, BackendError> {
        let fault = self.enter(Operation::Fetch, output.as_str())?;
        let results = {
            let world = self.world();
            let job = job::number(output.as_str())
                .and_then(|number| world.place(number))
                .map(|at| &world.jobs[at])
                .filter(|job| !job.deleted && job.born <= world.tick)
                .filter(|job| job.output() == *output && job.step(world.tick).2)
                .ok_or_else(|| absent(Operation::Fetch, output.as_str()))?;
            let lines = job.lines.split(|b| *b == b'\n').filter(|line| !line.is_empty());
            // Last row first: nothing above may rely on the order.
            let rows = job.rows(world.tick);
            let results = lines.rev().filter_map(|line| (self.responder)(&job.model, line));
            results.take(rows).collect::<Vec<_>>()
        };
        let rows = match fault {
            Some(Fault::Short(rows)) => rows,
            _ => results.len(),
        };
        let mut bytes = 0;
        for mut line in results.into_iter().take(rows) {
            line.push(b'\n');
            into.write(&line).map_err(|e| {
                let reason = "the destination refused the bytes";
                BackendError::new(Operation::Fetch, output.as_str(), ErrorKind::Local, reason)
                    .with_source(e)
            })?;
            bytes += line.len() as u64;
            if fault == Some(Fault::After) {
                return Err(lost(Operation::Fetch, output.as_str()));
            }
        }
        Ok(Fetched { bytes, length_checked: !matches!(fault, Some(Fault::Short(_))) })
    }

    async fn discard(&self, input: &InputName) -> Result<(), BackendError> {
        self.enter(Operation::Discard, input.as_str())?;
        let gone = self.world().inputs.remove(input);
        gone.map(|_| ()).ok_or_else(|| absent(Operation::Discard, input.as_str()))
    }
}
