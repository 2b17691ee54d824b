//! A service that is down for hours, from whichever call on: whatever the run was about, it is done once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use batch_backend::memory::{Fault, MemoryBackend};
use batch_backend::{
    BackendError, BatchBackend, ByteSink, Fetched, InputName, JobName, JobPage, JobSnapshot,
    JobSpec, Operation, OutputName, PageToken, StoredInput, Upload, UploadSession,
};
use batch_orchestrator::{DriveError, Finish, Load};

use crate::world::{Sim, TICK};

/// A service that goes down at the first call of a kind, for so long; nothing gets through then.
#[derive(Debug)]
struct Down {
    service: MemoryBackend,
    at: Operation,
    /// What comes of the call that it goes down at.
    first: Fault,
    /// In ticks.
    lasting: u64,
    ticks: Arc<AtomicU64>,
    /// The tick at which it is back; 0 while it has not gone down yet.
    back: AtomicU64,
    /// Whether a call came to nothing while it was down.
    felt: AtomicBool,
}

impl Down {
    fn meets(&self, operation: Operation) {
        let (now, back) = (self.ticks.load(Ordering::Relaxed), self.back.load(Ordering::Relaxed));
        if back == 0 && operation == self.at {
            self.back.store(now + self.lasting, Ordering::Relaxed);
            self.service.fail(operation, [self.first]);
        } else if now < back {
            self.felt.store(true, Ordering::Relaxed);
            self.service.fail(operation, [Fault::Before]);
        }
    }
}

#[async_trait]
impl BatchBackend for Down {
    fn identity(&self) -> String {
        self.service.identity()
    }

    async fn open_upload(&self, label: &str, len: u64) -> Result<UploadSession, BackendError> {
        self.meets(Operation::OpenUpload);
        self.service.open_upload(label, len).await
    }

    async fn upload(&self, upload: Upload<'_>) -> Result<StoredInput, BackendError> {
        self.meets(Operation::Upload);
        self.service.upload(upload).await
    }

    async fn create(&self, spec: &JobSpec) -> Result<JobSnapshot, BackendError> {
        self.meets(Operation::Create);
        self.service.create(spec).await
    }

    async fn get(&self, job: &JobName) -> Result<JobSnapshot, BackendError> {
        self.meets(Operation::Get);
        self.service.get(job).await
    }

    async fn list(&self, page: Option<&PageToken>) -> Result<JobPage, BackendError> {
        self.meets(Operation::List);
        self.service.list(page).await
    }

    async fn cancel(&self, job: &JobName) -> Result<(), BackendError> {
        self.meets(Operation::Cancel);
        self.service.cancel(job).await
    }

    async fn delete(&self, job: &JobName) -> Result<(), BackendError> {
        self.service.delete(job).await
    }

    async fn fetch(
        &self,
        output: &OutputName,
        into: &mut dyn ByteSink,
    ) -> Result<Fetched, BackendError> {
        self.meets(Operation::Fetch);
        self.service.fetch(output, into).await
    }

    async fn discard(&self, input: &InputName) -> Result<(), BackendError> {
        self.service.discard(input).await
    }
}

/// The calls of a run, each with what may come of the one that the service goes down at: nothing, or
/// that it was done and nobody was told.
const CALLS: [(Operation, &[Fault]); 6] = [
    (Operation::OpenUpload, &[Fault::Before]),
    (Operation::Upload, &[Fault::Before, Fault::After]),
    (Operation::Create, &[Fault::Before, Fault::After, Fault::Late(30)]),
    (Operation::Get, &[Fault::Before]),
    (Operation::List, &[Fault::Before]),
    (Operation::Fetch, &[Fault::Before, Fault::After]),
];

/// A run of four jobs through an outage; how many sessions it took.
async fn through(at: Operation, first: Fault, hours: u64) -> u32 {
    let what = format!("down for {hours} h at {at:?}, {first:?}");
    let sim = Sim::sharded(&["sim-flash", "sim-pro"], 2, Load::default());
    let down = Arc::new(Down {
        service: sim.backend.clone(),
        at,
        first,
        lasting: hours * 3_600 / TICK.as_secs(),
        ticks: Arc::clone(&sim.ticks),
        back: AtomicU64::default(),
        felt: AtomicBool::default(),
    });
    for sessions in 1..20 {
        match sim.session_through(Arc::clone(&down) as Arc<dyn BatchBackend>).await {
            Ok((finish, _)) => {
                assert_eq!(finish, Finish::Reached, "{what}");
                assert!(down.felt.load(Ordering::Relaxed), "{what}: nobody noticed");
                sim.assert_complete(&what);
                let created = sim.backend.history().len();
                assert_eq!(created, 4, "{what}: each job was made once");
                return sessions;
            }
            // The person who is told so comes back later.
            Err(DriveError::Backend(_)) => {}
            Err(error) => panic!("{what}: {error}"),
        }
    }
    panic!("{what}: it does not end");
}

#[tokio::test]
async fn an_outage_of_hours_at_any_call_is_sat_out_and_everything_is_done_once() {
    for (at, firsts) in CALLS {
        for first in firsts {
            for hours in [1, 5] {
                assert_eq!(through(at, *first, hours).await, 1, "{hours} h at {at:?}, {first:?}");
            }
        }
    }
}

#[tokio::test]
async fn an_outage_beyond_all_patience_ends_sessions_and_not_the_run() {
    for (at, firsts) in CALLS {
        for first in firsts {
            let sessions = through(at, *first, 30).await;
            // Without the last sweep a run is whole: it is tried for a while, and again by the next session.
            let least = if at == Operation::List { 1 } else { 2 };
            assert!((least..=10).contains(&sessions), "{sessions} sessions at {at:?}, {first:?}");
        }
    }
}

#[tokio::test]
async fn the_wait_between_tries_grows_while_a_service_is_down() {
    let sim = Sim::new(&["sim-flash"]);
    let down = Arc::new(Down {
        service: sim.backend.clone(),
        at: Operation::OpenUpload,
        first: Fault::Before,
        lasting: Duration::from_hours(5).as_secs() / TICK.as_secs(),
        ticks: Arc::clone(&sim.ticks),
        back: AtomicU64::default(),
        felt: AtomicBool::default(),
    });
    sim.session_through(down).await.unwrap();
    let tries = sim.backend.calls(Operation::OpenUpload);
    assert!((20..=60).contains(&tries), "{tries} tries in five hours");
}
