//! A simulated world: a backend, a journal and a sink that outlive each session of the program.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use batch_backend::memory::MemoryBackend;
use batch_backend::{BatchBackend, BytesPayload, ModelId};
use batch_orchestrator::{
    DriveError, Event, Finish, InputId, JobId, Journal, MemoryJournal, MemorySink, Plan,
    PlannedInput, Policy, RunState, RunTag, Silent, VirtualClock, World, drive,
};

/// Virtual time of one tick of the backend.
const TICK: Duration = Duration::from_secs(10);

pub(crate) struct Sim {
    pub(crate) backend: MemoryBackend,
    pub(crate) journal: MemoryJournal,
    pub(crate) sink: MemorySink,
    pub(crate) policy: Policy,
    pub(crate) plan: Plan,
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
    JobId { input: InputId { shard: 1, variant: 0 }, model }
}

impl Sim {
    pub(crate) fn new(models: &[&str]) -> Self {
        let lines = b"{\"key\":\"r0\"}\n{\"key\":\"r1\"}\n{\"key\":\"r2\"}\n".to_vec();
        let input = PlannedInput {
            id: InputId { shard: 1, variant: 0 },
            payload: Arc::new(BytesPayload::from(lines)),
        };
        let plan = Plan {
            tag: RunTag::parse("sim").unwrap(),
            inputs: vec![input],
            models: models.iter().map(|name| ModelId::parse(name).unwrap()).collect(),
        };
        Self {
            backend: MemoryBackend::echo(),
            journal: MemoryJournal::default(),
            sink: MemorySink::default(),
            policy: Policy::default(),
            plan,
        }
    }

    /// One session of the program, to its end.
    pub(crate) async fn session(&self) -> Result<(Finish, RunState), DriveError> {
        self.session_with(&mut self.journal.clone()).await
    }

    pub(crate) async fn session_with(
        &self,
        journal: &mut dyn Journal,
    ) -> Result<(Finish, RunState), DriveError> {
        let history = self.journal.events();
        let (plan, policy) = (self.plan.clone(), self.policy.clone());
        drive(plan, policy, &history, journal, &self.world(), pending()).await
    }

    /// As [`session`](Self::session), with another backend in front of the simulated one.
    pub(crate) async fn session_through(
        &self,
        backend: Arc<dyn BatchBackend>,
    ) -> Result<(Finish, RunState), DriveError> {
        let world = World { backend, ..self.world() };
        let (plan, policy) = (self.plan.clone(), self.policy.clone());
        let history = self.journal.events();
        drive(plan, policy, &history, &mut self.journal.clone(), &world, pending()).await
    }

    fn world(&self) -> World {
        let backend = self.backend.clone();
        let ticked = AtomicU64::new(0);
        let clock = VirtualClock::new(move |now| {
            let due = now.as_secs() / TICK.as_secs();
            for _ in ticked.swap(due, Ordering::Relaxed)..due {
                backend.tick();
            }
        });
        World {
            backend: Arc::new(self.backend.clone()),
            sink: Arc::new(self.sink.clone()),
            clock: Arc::new(clock),
            listener: Arc::new(Silent),
        }
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
            let kept = self.sink.kept(id).unwrap_or_else(|| panic!("{what}: results of {id}"));
            let rows = kept.split(|b| *b == b'\n').filter(|line| !line.is_empty()).count();
            assert_eq!(rows, 3, "{what}: rows of {id}");
        }
    }
}
