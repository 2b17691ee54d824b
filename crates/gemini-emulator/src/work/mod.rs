//! Answers the rows of jobs in the background: made-up answers before the clock says that a job
//! has ended, real ones until there are no more rows.

mod part;
mod real;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};

use crate::answer::{self, Answerer};
use crate::record::{JobRecord, Progress, Source};
use crate::results::{Counts, Job, Settled};
use crate::script::JobError;
use crate::shared::Core;

/// How many jobs have answers made up at a time.
const TURNS: usize = 2;

/// How long a request waits for made-up answers that are late, in real time.
const PATIENCE: Duration = Duration::from_secs(20);

/// The jobs that are being answered.
#[derive(Debug)]
pub(crate) struct Works {
    live: Mutex<BTreeMap<String, Arc<Live>>>,
    turns: Semaphore,
}

impl Default for Works {
    fn default() -> Self {
        Self { live: Mutex::default(), turns: Semaphore::new(TURNS) }
    }
}

/// A job that is being answered.
#[derive(Debug, Default)]
struct Live {
    succeeded: AtomicU64,
    failed: AtomicU64,
    halt: watch::Sender<bool>,
    done: watch::Sender<bool>,
}

impl Live {
    fn count(&self, settled: &Settled) {
        if let Settled::Line { succeeded, .. } = settled {
            let counter = if *succeeded { &self.succeeded } else { &self.failed };
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn set(&self, counts: Counts) {
        self.succeeded.store(counts.succeeded, Ordering::Relaxed);
        self.failed.store(counts.failed, Ordering::Relaxed);
    }

    fn counts(&self) -> Counts {
        Counts {
            succeeded: self.succeeded.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }
}

impl Works {
    /// What has been answered so far of a job that is being answered.
    pub(crate) fn counts(&self, id: &str) -> Option<Counts> {
        self.live().get(id).map(|live| live.counts())
    }

    /// Ends the answering of a job; its rows stay as they are.
    pub(crate) fn halt(&self, id: &str) {
        if let Some(live) = self.live().get(id) {
            live.halt.send_replace(true);
        }
    }

    /// Ends the answering of all jobs.
    pub(crate) fn halt_all(&self) {
        for live in self.live().values() {
            live.halt.send_replace(true);
        }
    }

    fn live(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Arc<Live>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Goes on with the jobs that an earlier process left unanswered.
pub(crate) fn resume(core: &Arc<Core>) {
    let now = core.now();
    let open: Vec<JobRecord> = {
        let tables = core.store.tables();
        let expired = |job: &JobRecord| job.progress == Progress::Real && job.standing(now).ended;
        let wanted = |job: &&JobRecord| job.is_open() && !expired(job);
        tables.jobs.all().filter(wanted).cloned().collect()
    };
    for job in open {
        begin(core, job);
    }
}

/// Begins to answer a job whose input lies ready.
pub(crate) fn begin(core: &Arc<Core>, job: JobRecord) {
    let answerer = if core.answerer.name() == job.answers {
        Some(Arc::clone(&core.answerer))
    } else {
        answer::by_name(&job.answers, core.settings.seed, core.settings.judging)
    };
    let Some(answerer) = answerer else {
        tracing::warn!(job = %job.id, answers = ?job.answers, "the job waits for its own answers");
        return;
    };
    let live = Arc::new(Live::default());
    core.works.live().insert(job.id.clone(), Arc::clone(&live));
    let core = Arc::clone(core);
    tokio::spawn(async move {
        let id = job.id.clone();
        let end = answer(&core, &job, answerer, &live).await;
        if let Err(error) = conclude(&core, &job, end, live.counts()) {
            tracing::warn!(job = %id, ?error, "failed to record the end of a job's answering");
        }
        core.works.live().remove(&id);
        live.done.send_replace(true);
    });
}

/// How the answering of a job ends.
#[derive(Debug)]
enum End {
    Answered,
    /// Cancelled, deleted or expired: nobody wants the answers.
    Halted,
    /// The emulator stops; the next one goes on.
    Stopped,
}

async fn answer(
    core: &Arc<Core>,
    job: &JobRecord,
    answerer: Arc<dyn Answerer>,
    live: &Arc<Live>,
) -> io::Result<End> {
    if job.progress == Progress::Made {
        let Ok(_turn) = core.works.turns.acquire().await else { return Ok(End::Stopped) };
        let (core, job, live) = (Arc::clone(core), job.clone(), Arc::clone(live));
        let made = move || make(&core, &job, &*answerer, &live);
        return tokio::task::spawn_blocking(made).await.map_err(io::Error::other)?;
    }
    let mut halt = live.halt.subscribe();
    let mut stop = core.stopped.clone();
    tokio::select! {
        answered = real::answer(core, job, &*answerer, live) => answered.map(|()| End::Answered),
        _ = halt.wait_for(|halt| *halt) => Ok(End::Halted),
        // An error means that the emulator is gone: the same thing.
        _ = stop.wait_for(|stop| *stop) => Ok(End::Stopped),
        () = core.clock.sleep_until(job.latest()) => Ok(End::Halted),
    }
}

/// The job as its rows need it.
fn rows_of<'a>(core: &Core, job: &'a JobRecord) -> Job<'a> {
    Job {
        seed: core.settings.seed,
        index: job.index,
        model: job.model.split_once('/').map_or(job.model.as_str(), |(_, bare)| bare),
        kind: job.kind,
        plan: &job.plan,
        inlined: job.source == Source::Inlined,
    }
}

fn make(core: &Core, job: &JobRecord, answerer: &dyn Answerer, live: &Live) -> io::Result<End> {
    let stopped = || *core.stopped.borrow() || core.stopped.has_changed().is_err();
    let go_on = || !*live.halt.borrow() && !stopped();
    let input = BufReader::with_capacity(1 << 20, File::open(core.store.input(&job.id))?);
    let unfinished = core.store.results(&job.id).with_extension("data.tmp");
    let mut out = BufWriter::with_capacity(1 << 20, File::create(&unfinished)?);
    let counts = rows_of(core, job).make(answerer, input, &mut out, &go_on)?;
    out.flush()?;
    let Some(counts) = counts else {
        std::fs::remove_file(&unfinished)?;
        return Ok(if stopped() { End::Stopped } else { End::Halted });
    };
    std::fs::rename(unfinished, core.store.results(&job.id))?;
    live.set(counts);
    Ok(End::Answered)
}

/// Records the end, unless the next emulator is to go on.
fn conclude(core: &Core, job: &JobRecord, end: io::Result<End>, counts: Counts) -> io::Result<()> {
    let real = job.progress == Progress::Real;
    let mut tables = core.store.tables();
    let Some(mut job) = tables.jobs.get(&job.id).cloned() else { return Ok(()) };
    let now = core.now();
    let answered = match real {
        false if job.is_late(now) => Progress::Late { at: now },
        real => Progress::Answered { at: real.then_some(now) },
    };
    job.succeeded = counts.succeeded;
    job.failed = counts.failed;
    match end {
        Ok(End::Stopped) => return Ok(()),
        Ok(End::Answered) => job.progress = answered,
        Ok(End::Halted) => job.progress = Progress::Halted,
        Err(error) => {
            tracing::warn!(job = %job.id, ?error, "failed to answer a job's rows");
            let message = "Internal error encountered.".into();
            job.end = "BATCH_STATE_FAILED".into();
            job.error = Some(JobError { code: 13, message });
            job.has_output = false;
            job.progress = answered;
        }
    }
    let id = job.id.clone();
    core.store.put_job(&mut tables, job)?;
    core.store.drop_input(&id)
}

/// Waits until the made-up answers of a job (of all jobs) that has ended by the clock are there,
/// or until patience ends: then such a job shows as still running.
pub(crate) async fn settle(core: &Core, only: Option<&str>) {
    let due: Vec<watch::Receiver<bool>> = {
        let now = core.now();
        let tables = core.store.tables();
        let live = core.works.live();
        let due = |id: &String| {
            only.is_none_or(|only| only == id)
                && tables.jobs.get(id).is_some_and(|job| job.is_late(now))
        };
        live.iter().filter(|(id, _)| due(id)).map(|(_, live)| live.done.subscribe()).collect()
    };
    let all = async {
        for mut done in due {
            // An error means that it is gone, and so done.
            let _ = done.wait_for(|done| *done).await;
        }
    };
    if tokio::time::timeout(PATIENCE, all).await.is_err() {
        tracing::debug!("made-up answers are late");
    }
}
