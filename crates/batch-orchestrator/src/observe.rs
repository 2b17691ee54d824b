//! Understands: from what an effect came to, to the events that follow from it.

use std::time::Duration;

use batch_backend::{
    BackendError, ErrorKind, JobName, JobSnapshot, JobState, StoredInput, UploadSession,
};

use crate::mind::{Asked, Hold, Mind, vanished};
use crate::policy::backoff;
use crate::{Ending, Event, Goal, InputId, JobId, StoredResult};

/// What an effect came to.
#[derive(Debug)]
pub(crate) enum Observation {
    Opened { input: InputId, result: Result<UploadSession, BackendError> },
    Stored { input: InputId, result: Result<StoredInput, BackendError> },
    Created { job: JobId, result: Result<JobSnapshot, BackendError> },
    Looked { job: JobId, result: Result<JobSnapshot, BackendError> },
    Listed { result: Result<Listing, BackendError> },
    Fetched { job: JobId, result: Result<Download, BackendError> },
    Cancelled { name: JobName, result: Result<(), BackendError> },
}

/// What a list showed.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// Jobs of this run, and watched ones.
    pub(crate) jobs: Vec<JobSnapshot>,
    /// Live jobs of others, as far as it went.
    pub(crate) foreign_live: usize,
    /// Whether it went to the last page.
    pub(crate) whole: bool,
}

/// What a download came to.
#[derive(Debug)]
pub(crate) enum Download {
    Kept(StoredResult),
    /// It ended inside a line, or has fewer rows than the service promised, and was not kept.
    Suspect(StoredResult),
    /// More bytes came than these, which is all that is taken, and it was not kept.
    TooLong(u64),
}

/// Something that failed and will be tried again, for the listener.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) what: String,
    pub(crate) wait: Duration,
}

/// What follows from an observation.
#[derive(Debug, Default)]
pub(crate) struct Reaction {
    pub(crate) events: Vec<Event>,
    pub(crate) trouble: Option<Trouble>,
}

/// Downloads that are not whole, each in another way, before they are given up.
const SUSPECT_FETCHES: u32 = 5;
/// A service that asks for a longer wait than this is not waited for.
pub(crate) const LONGEST_ASKED: Duration = Duration::from_hours(1);
/// Between looks at a job that lacks something it should have.
const SHORTEST_HOLD: Duration = Duration::from_millis(50);
const LONGEST_HOLD: Duration = Duration::from_secs(30);
/// Uploads of one input that got lost, before that is fatal.
const INPUT_LOSSES: u32 = 5;

impl Mind {
    /// Takes what an effect came to.
    pub(crate) fn observe(&mut self, seen: Observation, now: Duration) -> Reaction {
        let mut out = Reaction::default();
        match seen {
            Observation::Opened { input, result } => self.opened(input, result, now, &mut out),
            Observation::Stored { input, result } => self.stored(input, result, now, &mut out),
            Observation::Created { job, result } => self.created(job, result, now, &mut out),
            Observation::Looked { job, result } => {
                self.busy_jobs.remove(&job);
                match result {
                    Ok(snapshot) => {
                        self.held_jobs.remove(&job);
                        self.snapshot(job, snapshot, now, &mut out);
                    }
                    Err(error) if *error.kind() == ErrorKind::NotFound => {
                        self.missing(job, now, &mut out);
                    }
                    Err(error) => self.job_trouble(job, error, now, &mut out),
                }
            }
            Observation::Listed { result } => self.listed(result, now, &mut out),
            Observation::Fetched { job, result } => self.fetched(job, result, now, &mut out),
            Observation::Cancelled { name, result } => {
                self.cancel_done(&name, result, now, &mut out);
            }
        }
        out
    }

    fn opened(
        &mut self,
        input: InputId,
        result: Result<UploadSession, BackendError>,
        now: Duration,
        out: &mut Reaction,
    ) {
        self.busy_inputs.remove(&input);
        match result {
            Ok(session) => {
                self.opened_here.insert(input);
                out.events.push(Event::UploadOpened { input, session });
            }
            Err(error) => self.input_trouble(input, error, now, out),
        }
    }

    fn stored(
        &mut self,
        input: InputId,
        result: Result<StoredInput, BackendError>,
        now: Duration,
        out: &mut Reaction,
    ) {
        self.busy_inputs.remove(&input);
        match result {
            Ok(stored) => {
                self.held_inputs.remove(&input);
                self.stored_here.insert(input, now);
                out.events.push(Event::InputStored { input, stored });
            }
            Err(error) if *error.kind() == ErrorKind::NotFound => {
                let losses = self.input_losses.entry(input).or_default();
                *losses += 1;
                if *losses >= INPUT_LOSSES {
                    self.fatal.get_or_insert(error);
                } else {
                    out.events.push(Event::InputLost { input, reason: error.to_string() });
                }
            }
            Err(error) => self.input_trouble(input, error, now, out),
        }
    }

    pub(crate) fn losses(&self, input: InputId) -> u32 {
        self.input_losses.get(&input).copied().unwrap_or(0)
    }

    fn snapshot(&mut self, id: JobId, seen: JobSnapshot, now: Duration, out: &mut Reaction) {
        // A look that was under way while another job was adopted says nothing of that one.
        if self.state.waits_for(&seen.name).is_none_or(|job| job.id != id) {
            return;
        }
        let settle = self.policy.settle;
        let watch = self.watch.entry(id).or_default();
        watch.looks += 1;
        watch.missing = None;
        watch.age = seen
            .created
            .zip(seen.observed)
            .and_then(|(created, observed)| observed.duration_since(created).ok());
        if !seen.ended() {
            self.seen_alive(id, &seen, now, out);
            return;
        }
        let promises_results =
            matches!(seen.state, JobState::Succeeded | JobState::PartiallySucceeded);
        if promises_results && seen.output.is_none() {
            let since = *watch.nameless.get_or_insert(now);
            if now.saturating_sub(since) < settle {
                self.hinted.insert(id);
                let until = now + (settle / 16).clamp(SHORTEST_HOLD, LONGEST_HOLD);
                self.held_jobs.insert(id, Hold { since, tries: 1, until });
                return;
            }
        }
        let ending = Ending {
            state: seen.state,
            error: seen.error,
            counts: seen.counts,
            output: seen.output,
        };
        out.events.push(Event::Ended { job: id, ending });
    }

    /// A look found nothing: a complete list is asked, and only lasting absence is believed.
    fn missing(&mut self, job: JobId, now: Duration, out: &mut Reaction) {
        let settle = self.policy.settle;
        let watch = self.watch.entry(job).or_default();
        let since = *watch.missing.get_or_insert(now);
        if now.saturating_sub(since) < settle {
            self.sweep_due = true;
            let until = now + (settle / 16).clamp(SHORTEST_HOLD, LONGEST_HOLD);
            self.held_jobs.insert(job, Hold { since, tries: 1, until });
            return;
        }
        let ending = Ending {
            state: vanished(),
            error: None,
            counts: batch_backend::JobCounts::default(),
            output: None,
        };
        out.events.push(Event::Ended { job, ending });
    }

    fn fetched(
        &mut self,
        job: JobId,
        result: Result<Download, BackendError>,
        now: Duration,
        out: &mut Reaction,
    ) {
        self.busy_jobs.remove(&job);
        match result {
            Ok(Download::Kept(result)) => {
                self.held_jobs.remove(&job);
                out.events.push(Event::Fetched { job, result });
            }
            Ok(Download::Suspect(result)) => self.suspect(job, result, now, out),
            Ok(Download::TooLong(most)) => {
                // The next process asks once more: it may be told to take more.
                let reason = format!("they are longer than {most} bytes, and no more are taken");
                out.events.push(Event::ResultsLost { job, reason });
            }
            Err(error) if *error.kind() == ErrorKind::NotFound => {
                let hold = next_hold(self.held_jobs.get(&job).copied(), &error, now);
                let since = *self.watch.entry(job).or_default().gone.get_or_insert(now);
                if now.saturating_sub(since) >= self.policy.settle {
                    // The next process asks once more: it may have been the wrong key.
                    out.events.push(Event::ResultsLost { job, reason: error.to_string() });
                } else {
                    self.held_jobs.insert(job, hold);
                    let wait = hold.until.saturating_sub(now);
                    out.trouble = Some(Trouble { what: error.to_string(), wait });
                }
            }
            Err(error) => self.job_trouble(job, error, now, out),
        }
    }

    /// A download that seems not whole is fetched again; two alike are what the service has.
    fn suspect(&mut self, job: JobId, result: StoredResult, now: Duration, out: &mut Reaction) {
        let watch = self.watch.entry(job).or_default();
        let lines = result.lines;
        watch.suspect = Some(result.sha256);
        watch.suspects += 1;
        if watch.suspects >= SUSPECT_FETCHES {
            let reason = "no download was whole, and no two were alike";
            out.events.push(Event::ResultsLost { job, reason: reason.to_owned() });
            return;
        }
        let wait = backoff(watch.suspects);
        let hold = Hold { since: now, tries: watch.suspects, until: now + wait };
        self.held_jobs.insert(job, hold);
        let what = format!("the results came with {lines} lines and seem not whole");
        out.trouble = Some(Trouble { what, wait });
    }

    fn cancel_done(
        &mut self,
        name: &JobName,
        result: Result<(), BackendError>,
        now: Duration,
        out: &mut Reaction,
    ) {
        self.cancelling.remove(name);
        match result {
            // Refused: it has ended in between. Gone: there is nothing to stop. Whatever still runs is asked later.
            Err(error) if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Rejected) => {
                let hold = next_hold(self.cancel_trouble, &error, now);
                self.cancel_trouble = Some(hold);
                self.trouble(error, hold, now, out);
            }
            answer => {
                self.cancel_trouble = None;
                self.cancels.remove(name);
                let asked = if answer.is_ok() { Asked::Heard(now) } else { Asked::InVain(now) };
                self.cancelled.insert(name.clone(), asked);
            }
        }
    }

    fn input_trouble(
        &mut self,
        input: InputId,
        error: BackendError,
        now: Duration,
        out: &mut Reaction,
    ) {
        let hold = next_hold(self.held_inputs.get(&input).copied(), &error, now);
        self.held_inputs.insert(input, hold);
        self.trouble(error, hold, now, out);
    }

    fn job_trouble(&mut self, job: JobId, error: BackendError, now: Duration, out: &mut Reaction) {
        let hold = next_hold(self.held_jobs.get(&job).copied(), &error, now);
        self.held_jobs.insert(job, hold);
        self.trouble(error, hold, now, out);
    }

    /// Trouble that may pass is waited out for as long as the policy has patience; the rest ends
    /// the session.
    pub(crate) fn trouble(
        &mut self,
        error: BackendError,
        hold: Hold,
        now: Duration,
        out: &mut Reaction,
    ) {
        let lasting = now.saturating_sub(hold.since) > self.policy.patience;
        let wait = hold.until.saturating_sub(now);
        out.trouble = Some(Trouble { what: error.to_string(), wait });
        if !(is_fatal(&error) || lasting || asked_wait(&error) > LONGEST_ASKED) {
            return;
        }
        if self.policy.goal == Goal::Fetched && self.state.reached(Goal::Fetched) {
            // All results are here: the sweep was the last act, and failing at it takes nothing
            // from the user but its news.
            self.swept_end = true;
            self.cancels.clear();
        } else {
            self.fatal.get_or_insert(error);
        }
    }
}

/// Whether waiting cannot mend it. An answer that cannot be understood may come from a proxy on the
/// way and pass like any other trouble.
fn is_fatal(error: &BackendError) -> bool {
    matches!(error.kind(), ErrorKind::Auth | ErrorKind::Rejected | ErrorKind::Local)
}

pub(crate) fn next_hold(last: Option<Hold>, error: &BackendError, now: Duration) -> Hold {
    let tries = last.map_or(1, |hold| hold.tries.saturating_add(1));
    let wait = backoff(tries).max(asked_wait(error).min(LONGEST_ASKED));
    Hold { since: last.map_or(now, |hold| hold.since), tries, until: now + wait }
}

/// The wait that the service asked for.
fn asked_wait(error: &BackendError) -> Duration {
    match error.kind() {
        ErrorKind::Transient { retry_after } | ErrorKind::Quota { retry_after } => {
            retry_after.unwrap_or_default()
        }
        _ => Duration::ZERO,
    }
}
