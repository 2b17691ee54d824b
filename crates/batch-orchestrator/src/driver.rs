//! Acts: journals what the mind decided, begins its effects, and hands back what they came to.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use batch_backend::{
    BackendError, BatchBackend, ErrorKind, Operation, Payload, Progress, StoredInput, Upload,
    UploadSession,
};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tracing::{Instrument as _, debug, debug_span};

use crate::fetch::Fetch;
use crate::mind::{Effect, Finish, Mind};
use crate::observe::{Observation, Reaction};
use crate::pages::list;
use crate::{
    Clock, Event, IllegalEvent, InputId, JobId, Journal, Listener, Notice, Plan, Policy,
    ResultSink, RunState,
};

/// The world a run is driven in.
#[derive(Debug, Clone)]
pub struct World {
    /// The service.
    pub backend: Arc<dyn BatchBackend>,
    /// Where results go.
    pub sink: Arc<dyn ResultSink>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Who hears of progress.
    pub listener: Arc<dyn Listener>,
}

/// Why a session could not go on. What was journalled is safe; a later session goes on from it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DriveError {
    /// A call to the service failed in a way that waiting does not mend.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The journal took no more events; nothing may be assumed about the last one.
    #[error("failed to write the journal")]
    Journal(#[source] io::Error),
    /// Nothing is under way, nothing is due, and the goal is not reached: a bug, said rather than
    /// waited for.
    #[error("the run is stuck: nothing is under way and nothing is due")]
    Stuck,
    /// The journal holds an event that cannot follow: it is damaged, or this is a bug.
    #[error("the journal does not fit the run")]
    Illegal(#[from] IllegalEvent),
}

/// Drives a run towards its goal, from wherever `history` left it, until the goal is reached, the
/// deadline has passed, or `stop` completes. Dropping the future stops it just as well: what was
/// begun at the service goes on there, and the next session finds it.
///
/// Returns how the session ended and the state then.
///
/// # Errors
/// See [`DriveError`].
pub async fn drive(
    plan: Plan,
    policy: Policy,
    history: &[Event],
    journal: &mut dyn Journal,
    world: &World,
    stop: impl Future<Output = ()> + Send,
) -> Result<(Finish, RunState), DriveError> {
    let (finish, mind) = drive_mind(plan, policy, history, journal, world, stop).await?;
    Ok((finish, mind.state))
}

async fn drive_mind(
    plan: Plan,
    policy: Policy,
    history: &[Event],
    journal: &mut dyn Journal,
    world: &World,
    stop: impl Future<Output = ()> + Send,
) -> Result<(Finish, Mind), DriveError> {
    let state = RunState::replay(&plan, history)?;
    let mut mind = Mind::new(plan, policy, state);
    mind.looked = history.is_empty() && !mind.policy.made_before;
    let before = mind.policy.events_before.unwrap_or(history.len());
    mind.lost_here = lost(history.get(before..).unwrap_or_default());
    let payloads =
        mind.plan.inputs.iter().map(|input| (input.id, Arc::clone(&input.payload))).collect();
    let mut session = Session { mind, journal, world, payloads, tasks: FuturesUnordered::new() };
    let awakening = session.mind.awaken();
    session.record(&awakening)?;
    let span = debug_span!("run", tag = session.mind.plan.tag.as_str());
    let finish = session.work(stop).instrument(span).await?;
    debug!(examined = session.mind.examined, ?finish, "session over");
    Ok((finish, session.mind))
}

/// Jobs whose results could not be had.
fn lost(events: &[Event]) -> BTreeSet<JobId> {
    let lost = events.iter().filter(|event| matches!(event, Event::ResultsLost { .. }));
    lost.filter_map(Event::job).collect()
}

struct Session<'w> {
    mind: Mind,
    journal: &'w mut dyn Journal,
    world: &'w World,
    payloads: BTreeMap<InputId, Arc<dyn Payload>>,
    tasks: FuturesUnordered<BoxFuture<'static, Observation>>,
}

impl Session<'_> {
    async fn work(&mut self, stop: impl Future<Output = ()> + Send) -> Result<Finish, DriveError> {
        let mut stop = pin!(stop);
        loop {
            let (now, wall) = (self.world.clock.now(), self.world.clock.wall());
            let decision = self.mind.decide(now, wall);
            // The intent is on stable storage before the effect begins.
            self.record(&decision.events)?;
            for effect in decision.effects {
                debug!(?effect, "begin");
                let task = self.begin(effect);
                self.tasks.push(task);
            }
            for job in decision.overweight {
                self.world.listener.notice(&Notice::Overweight { job });
            }
            if self.tasks.is_empty()
                && let Some(error) = self.mind.fatal.take()
            {
                return Err(error.into());
            }
            if let Some(finish) = decision.finish {
                return Ok(finish);
            }
            if !decision.events.is_empty() && self.tasks.is_empty() {
                // What was journalled changes what there is to do, and nobody else will say so.
                continue;
            }
            let wait = decision.wake.map(|at| at.saturating_sub(now));
            if self.tasks.is_empty() && wait.is_none() {
                return Err(DriveError::Stuck);
            }
            if self.tasks.is_empty() && wait.is_some_and(|wait| wait > Duration::from_secs(1)) {
                self.announce_wait(wait.unwrap_or_default(), now);
            }
            let clock = Arc::clone(&self.world.clock);
            let timer = async move {
                match wait {
                    Some(wait) => clock.sleep(wait).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = &mut stop => return Ok(Finish::Stopped),
                Some(seen) = self.tasks.next(), if !self.tasks.is_empty() => self.take(seen)?,
                () = timer => {}
            }
        }
    }

    fn announce_wait(&self, wait: Duration, now: Duration) {
        self.world.listener.notice(&Notice::NextLook { wait });
        for (job, settle) in &self.mind.settle {
            let left = settle.left(now);
            self.world.listener.notice(&Notice::Settling { job: *job, left });
        }
    }

    fn record(&mut self, events: &[Event]) -> Result<(), DriveError> {
        for event in events {
            self.journal.append(event).map_err(DriveError::Journal)?;
            self.mind.apply(event)?;
            debug!(?event, "journalled");
            self.world.listener.notice(&Notice::Happened(event));
        }
        Ok(())
    }

    fn take(&mut self, seen: Observation) -> Result<(), DriveError> {
        debug!(?seen, "observed");
        self.announce_looks(&seen);
        let Reaction { events, trouble } = self.mind.observe(seen, self.world.clock.now());
        self.record(&events)?;
        if let Some(trouble) = trouble {
            let (what, wait) = (trouble.what.as_str(), trouble.wait);
            self.world.listener.notice(&Notice::Trouble { what, wait });
        }
        Ok(())
    }

    /// Tells of jobs that were seen at work; an end is told of by its event.
    fn announce_looks(&self, seen: &Observation) {
        let snapshots = match seen {
            Observation::Looked { result: Ok(snapshot), .. } => std::slice::from_ref(snapshot),
            Observation::Listed { result: Ok(listing) } => listing.jobs.as_slice(),
            _ => return,
        };
        for seen in snapshots.iter().filter(|seen| !seen.ended()) {
            let Some(job) = self.mind.state.waits_for(&seen.name).map(|job| job.id) else {
                continue;
            };
            let age = seen.created.zip(seen.observed).and_then(|(c, o)| o.duration_since(c).ok());
            let (name, state, counts) = (&seen.name, &seen.state, seen.counts);
            self.world.listener.notice(&Notice::Looked { job, name, state, counts, age });
        }
    }

    fn begin(&self, effect: Effect) -> BoxFuture<'static, Observation> {
        let world = self.world.clone();
        match effect {
            Effect::OpenUpload { input } => {
                let payload = self.payload(input);
                let label = format!("{}{input}", self.mind.plan.tag.prefix());
                Box::pin(async move {
                    let result = match checked(input, payload) {
                        Ok(payload) => world.backend.open_upload(&label, payload.len()).await,
                        Err(error) => Err(error),
                    };
                    Observation::Opened { input, result }
                })
            }
            Effect::Upload { input, session, resumed } => {
                let payload = self.payload(input);
                Box::pin(async move {
                    let result = match checked(input, payload) {
                        Ok(payload) => upload(&world, input, payload, &session, resumed).await,
                        Err(error) => Err(error),
                    };
                    Observation::Stored { input, result }
                })
            }
            Effect::Create { job, spec } => {
                let span = debug_span!("job", id = %job);
                Box::pin(
                    async move {
                        Observation::Created { job, result: world.backend.create(&spec).await }
                    }
                    .instrument(span),
                )
            }
            Effect::Look { job, name } => Box::pin(async move {
                Observation::Looked { job, result: world.backend.get(&name).await }
            }),
            Effect::List { watched, whole } => {
                let prefix = self.mind.plan.tag.prefix();
                Box::pin(async move {
                    let result = list(world.backend.as_ref(), &prefix, watched, whole).await;
                    Observation::Listed { result }
                })
            }
            Effect::Fetch { job, output, rows, accept, most } => Box::pin(async move {
                let result = Fetch { job, output, rows, accept, most }.run(&world).await;
                Observation::Fetched { job, result }
            }),
            Effect::Cancel { job: _, name } => Box::pin(async move {
                let result = world.backend.cancel(&name).await;
                Observation::Cancelled { name, result }
            }),
        }
    }

    /// The bytes of an input; one that an attempt added has to have the length it was added with.
    fn payload(&self, input: InputId) -> io::Result<Arc<dyn Payload>> {
        let Some(added) = self.mind.state.added(input) else {
            let absent = || io::Error::new(io::ErrorKind::NotFound, "the plan has no bytes for it");
            return self.payloads.get(&input).cloned().ok_or_else(absent);
        };
        let payload = self.mind.plan.again.open(added)?;
        if payload.len() == added.bytes {
            return Ok(payload);
        }
        let reason = format!("it was made with {} bytes and has {}", added.bytes, payload.len());
        Err(io::Error::new(io::ErrorKind::InvalidData, reason))
    }
}

#[derive(Debug)]
struct Sent {
    input: InputId,
    listener: Arc<dyn Listener>,
}

impl Progress for Sent {
    fn bytes(&self, done: u64, total: u64) {
        self.listener.notice(&Notice::Uploaded { input: self.input, done, total });
    }
}

/// The payload, if it still is what was to be sent: what is uploaded is paid for.
fn checked(
    input: InputId,
    payload: io::Result<Arc<dyn Payload>>,
) -> Result<Arc<dyn Payload>, BackendError> {
    let checked = payload.and_then(|payload| payload.check().map(|()| payload));
    checked.map_err(|error| unreadable(input, error))
}

fn unreadable(input: InputId, error: io::Error) -> BackendError {
    let reason = error.to_string();
    BackendError::new(Operation::Upload, format!("input {input}"), ErrorKind::Local, reason)
        .with_source(error)
}

async fn upload(
    world: &World,
    input: InputId,
    payload: Arc<dyn Payload>,
    session: &UploadSession,
    resumed: bool,
) -> Result<StoredInput, BackendError> {
    let progress = Sent { input, listener: Arc::clone(&world.listener) };
    let payload = payload.as_ref();
    world.backend.upload(Upload { session, resumed, payload, progress: &progress }).await
}

#[cfg(test)]
mod tests;
