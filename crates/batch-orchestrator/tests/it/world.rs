//! A simulated world: a backend, a journal and a sink that outlive each session of the program.

use std::collections::BTreeSet;
use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use batch_backend::memory::MemoryBackend;
use batch_backend::{BatchBackend, BytesPayload, ModelId};
use batch_orchestrator::{
    Attempt, DriveError, Event, Finish, IllegalEvent, InputId, JobId, Journal, Listener, Load,
    MemoryInputs, MemoryJournal, MemorySink, NewInput, Plan, PlannedInput, Policy, RunState,
    RunTag, Silent, VirtualClock, Why, World, drive,
};

use crate::invariants::{self, Strict};

/// Virtual time of one tick of the backend.
pub(crate) const TICK: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub(crate) struct Sim {
    pub(crate) backend: MemoryBackend,
    pub(crate) journal: MemoryJournal,
    pub(crate) sink: MemorySink,
    pub(crate) policy: Policy,
    pub(crate) plan: Plan,
    pub(crate) again: MemoryInputs,
    /// The time of day when a session starts.
    pub(crate) wall: SystemTime,
    /// Ticks that passed while somebody waited, in all sessions.
    pub(crate) ticks: Arc<AtomicU64>,
    /// Whether two live jobs for one piece of work fail the test at once; off where the test
    /// breaks the bound on purpose.
    pub(crate) strict: bool,
}

/// A journal that dies at its `n`th line, before or after the line is safe.
#[derive(Debug)]
pub(crate) struct Mortal {
    pub(crate) inner: MemoryJournal,
    pub(crate) lines_left: u64,
    pub(crate) keeps_last: bool,
}

impl Journal for Mortal {
    fn append(&mut self, event: &Event) -> io::Result<()> {
        if self.lines_left == 0 {
            if self.keeps_last {
                self.inner.append(event)?;
            }
            return Err(io::Error::other("killed"));
        }
        self.lines_left -= 1;
        self.inner.append(event)
    }
}

pub(crate) fn job(model: u32) -> JobId {
    shard(1, model)
}

pub(crate) fn shard(shard: u32, model: u32) -> JobId {
    JobId { input: InputId { shard, variant: 0 }, model }
}

/// The three rows of a shard.
fn rows(shard: u32) -> Vec<u8> {
    (0..3).flat_map(|row| format!("{{\"key\":\"r{shard}.{row}\"}}\n").into_bytes()).collect()
}

impl Sim {
    pub(crate) fn new(models: &[&str]) -> Self {
        Self::sharded(models, 1, Load::default())
    }

    /// A run of so many shards, each of three rows and as heavy for every model.
    pub(crate) fn sharded(models: &[&str], shards: u32, load: Load) -> Self {
        let inputs = (1..=shards).map(|shard| {
            let id = InputId { shard, variant: 0 };
            let payload = Arc::new(BytesPayload::from(rows(shard)));
            PlannedInput::new(id, payload).with_loads(vec![load; models.len()])
        });
        let again = MemoryInputs::default();
        let models = models.iter().map(|name| ModelId::parse(name).unwrap()).collect();
        let plan = Plan::new(RunTag::parse("sim").unwrap(), inputs.collect(), models)
            .with_again(Arc::new(again.clone()));
        Self {
            backend: MemoryBackend::echo(),
            journal: MemoryJournal::default(),
            sink: MemorySink::default(),
            policy: Policy::default(),
            plan,
            again,
            wall: SystemTime::UNIX_EPOCH,
            ticks: Arc::default(),
            strict: true,
        }
    }

    /// Another copy of the run with the same events so far, at the same service.
    pub(crate) fn twin(&self) -> Self {
        let twin =
            Self { journal: MemoryJournal::default(), sink: MemorySink::default(), ..self.clone() };
        for event in self.journal.events() {
            twin.append(&event);
        }
        twin
    }

    /// One session of the program, to its end.
    pub(crate) async fn session(&self) -> Result<(Finish, RunState), DriveError> {
        self.session_with(&mut self.journal.clone()).await
    }

    pub(crate) async fn session_with(
        &self,
        journal: &mut dyn Journal,
    ) -> Result<(Finish, RunState), DriveError> {
        let backend = self.backend.clone();
        let backend: Arc<dyn BatchBackend> =
            if self.strict { Arc::new(Strict(backend)) } else { Arc::new(backend) };
        self.drive(backend, journal, Arc::new(Silent)).await
    }

    /// As [`session`](Self::session), heard by somebody.
    pub(crate) async fn session_heard_by(
        &self,
        listener: Arc<dyn Listener>,
    ) -> Result<(Finish, RunState), DriveError> {
        self.drive(Arc::new(self.backend.clone()), &mut self.journal.clone(), listener).await
    }

    /// As [`session`](Self::session), with another backend in front of the simulated one.
    pub(crate) async fn session_through(
        &self,
        backend: Arc<dyn BatchBackend>,
    ) -> Result<(Finish, RunState), DriveError> {
        self.drive(backend, &mut self.journal.clone(), Arc::new(Silent)).await
    }

    async fn drive(
        &self,
        backend: Arc<dyn BatchBackend>,
        journal: &mut dyn Journal,
        listener: Arc<dyn Listener>,
    ) -> Result<(Finish, RunState), DriveError> {
        let history = self.journal.events();
        let (plan, policy) = (self.plan.clone(), self.policy.clone());
        let world = self.world(backend, listener);
        let ended = drive(plan, policy, &history, journal, &world, pending()).await;
        let seen = ended.as_ref().ok().map(|(finish, state)| (finish, state));
        invariants::check(self, history.len(), seen);
        ended
    }

    pub(crate) fn world(
        &self,
        backend: Arc<dyn BatchBackend>,
        listener: Arc<dyn Listener>,
    ) -> World {
        let (service, ticks) = (self.backend.clone(), Arc::clone(&self.ticks));
        let ticked = AtomicU64::new(0);
        let clock = VirtualClock::new(move |now| {
            let due = now.as_secs() / TICK.as_secs();
            for _ in ticked.swap(due, Ordering::Relaxed)..due {
                service.tick();
                ticks.fetch_add(1, Ordering::Relaxed);
            }
        });
        clock.set_wall(self.wall);
        let sink = Arc::new(self.sink.clone());
        World { backend, sink, clock: Arc::new(clock), listener }
    }

    pub(crate) fn append(&self, event: &Event) {
        self.journal.clone().append(event).unwrap();
    }

    pub(crate) fn state(&self) -> RunState {
        RunState::replay(&self.plan, &self.journal.events()).unwrap()
    }

    /// The keys of the rows that are here for a job.
    pub(crate) fn kept_rows(&self, job: JobId) -> BTreeSet<Vec<u8>> {
        lines(&self.sink.kept(job).unwrap_or_default())
    }

    /// Rows of a job's input that did not come.
    pub(crate) fn missing_rows(&self, job: JobId) -> Vec<Vec<u8>> {
        let kept = self.kept_rows(job);
        self.input_rows(job.input).into_iter().filter(|row| !kept.contains(row)).collect()
    }

    fn input_rows(&self, input: InputId) -> BTreeSet<Vec<u8>> {
        let planned = self.plan.inputs.iter().find(|planned| planned.id == input);
        let payload = if let Some(planned) = planned {
            Arc::clone(&planned.payload)
        } else {
            let (print, load) = (None, Load::default());
            let added = NewInput { id: input, rows: 0, bytes: 0, print, load };
            self.plan.again.open(&added).unwrap()
        };
        let mut bytes = Vec::new();
        payload.open_at(0).unwrap().read_to_end(&mut bytes).unwrap();
        lines(&bytes)
    }

    /// Sends the missing rows of a job again in so many inputs, as whoever drives a run does.
    pub(crate) fn send_again(&self, job: JobId, why: Why, parts: usize, load: Load) -> Event {
        let event = self.attempt(job, why, parts, load);
        self.append(&event);
        event
    }

    /// What the state says to the rows of a job in one more input; nothing is journalled.
    pub(crate) fn try_again(&self, job: JobId, why: Why) -> Result<(), IllegalEvent> {
        self.state().apply(&self.attempt(job, why, 1, Load::default()))
    }

    fn attempt(&self, job: JobId, why: Why, parts: usize, load: Load) -> Event {
        let rows = self.missing_rows(job);
        let (first, variant) = (self.state().next_shard(), job.input.variant);
        let chunks = rows.chunks(rows.len().div_ceil(parts).max(1));
        let inputs = (first..).zip(chunks).map(|(shard, rows)| {
            let id = InputId { shard, variant };
            let bytes: Vec<u8> = rows.iter().flat_map(|row| [row, &b"\n"[..]].concat()).collect();
            let len = bytes.len() as u64;
            self.again.put(id, Arc::new(BytesPayload::from(bytes)));
            NewInput { id, rows: rows.len() as u64, bytes: len, print: None, load }
        });
        Event::Attempted { attempt: Attempt { why, of: vec![job], inputs: inputs.collect() } }
    }

    /// Jobs at the service that were never cancelled, by job of the plan.
    pub(crate) fn living(&self, job: JobId) -> usize {
        let prefix = job.prefix(&self.plan.tag);
        let ours = self.backend.history().into_iter();
        ours.filter(|(token, cancelled)| token.starts_with(&prefix) && !cancelled).count()
    }

    /// Every job has exactly one living counterpart at the service and all its rows are here.
    pub(crate) fn assert_complete(&self, what: &str) {
        for id in self.plan.jobs() {
            assert_eq!(self.living(id), 1, "{what}: living jobs of {id}");
            assert_eq!(self.kept_rows(id).len(), 3, "{what}: rows of {id}");
        }
    }
}

fn lines(bytes: &[u8]) -> BTreeSet<Vec<u8>> {
    bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect()
}
