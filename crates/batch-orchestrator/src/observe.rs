//! Understands: from what an effect came to, to the events that follow from it.

use std::time::Duration;

use batch_backend::{
    Applied, BackendError, ErrorKind, JobName, JobSnapshot, JobState, StoredInput, UploadSession,
};

use crate::mind::{Hold, Mind};
use crate::policy::{backoff, create_backoff};
use crate::{Doubt, Ending, Event, InputId, InputPhase, JobId, StoredResult};

/// What an effect came to.
#[derive(Debug)]
pub(crate) enum Observation {
    Opened {
        input: InputId,
        result: Result<UploadSession, BackendError>,
    },
    Stored {
        input: InputId,
        result: Result<StoredInput, BackendError>,
    },
    Created {
        job: JobId,
        result: Result<JobSnapshot, BackendError>,
    },
    Looked {
        job: JobId,
        result: Result<JobSnapshot, BackendError>,
    },
    /// Jobs of this run, or watched ones, that a list showed.
    Listed {
        result: Result<Vec<JobSnapshot>, BackendError>,
    },
    Fetched {
        job: JobId,
        result: Result<Download, BackendError>,
    },
    Cancelled {
        name: JobName,
        result: Result<(), BackendError>,
    },
}

/// What a download came to.
#[derive(Debug)]
pub(crate) enum Download {
    Kept(StoredResult),
    /// It ended without a line end and was not kept.
    Cut(StoredResult),
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

/// Looks at a finished job whose results have no name yet, before that is taken as its end.
const NAMELESS_LOOKS: u32 = 5;
/// Downloads that end differently each time, before they are given up.
const CUT_FETCHES: u32 = 5;
/// Failed downloads of results that are said to be gone, before that is believed.
const GONE_FETCHES: u32 = 3;
/// Uploads of one input that got lost, before that is fatal.
const INPUT_LOSSES: u32 = 5;
/// How long a job must be absent from looks and lists before it is held to have vanished.
const VANISHED_AFTER: Duration = Duration::from_mins(10);

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
                self.stored_here.insert(input);
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

    fn created(
        &mut self,
        job: JobId,
        result: Result<JobSnapshot, BackendError>,
        now: Duration,
        out: &mut Reaction,
    ) {
        self.busy_jobs.remove(&job);
        let error = match result {
            Ok(made) => {
                self.declines.remove(&job);
                let JobSnapshot { name, created, .. } = made;
                out.events.push(Event::Created { job, name, adopted: false, created });
                return;
            }
            Err(error) => error,
        };
        let reason = error.to_string();
        if error.applied() == Applied::Maybe {
            out.events.push(Event::Doubted { job, doubt: Doubt::Unanswered, reason });
            return;
        }
        let input = job.input;
        match error.kind() {
            ErrorKind::Rejected => out.events.push(Event::Refused { job, reason }),
            ErrorKind::NotFound if self.stored_here.contains(&input) => {
                // The input was uploaded in this very session: what is missing is the model.
                out.events.push(Event::Refused { job, reason });
            }
            ErrorKind::NotFound => {
                let declined =
                    Event::Doubted { job, doubt: Doubt::Declined, reason: reason.clone() };
                out.events.push(declined);
                if matches!(self.state.input(input), Some(InputPhase::Stored(_))) {
                    out.events.push(Event::InputLost { input, reason });
                }
            }
            ErrorKind::Transient { retry_after } | ErrorKind::Quota { retry_after } => {
                let tries = self.declines.entry(job).or_default();
                *tries += 1;
                let wait = create_backoff(*tries).max(retry_after.unwrap_or_default());
                let since = self.held_jobs.get(&job).map_or(now, |hold| hold.since);
                self.held_jobs.insert(job, Hold { since, tries: *tries, until: now + wait });
                let doubted =
                    Event::Doubted { job, doubt: Doubt::Declined, reason: reason.clone() };
                out.events.push(doubted);
                out.trouble = Some(Trouble { what: reason, wait });
                if now.saturating_sub(since) > self.policy.patience {
                    self.fatal.get_or_insert(error);
                }
            }
            _ => {
                out.events.push(Event::Doubted { job, doubt: Doubt::Declined, reason });
                self.fatal.get_or_insert(error);
            }
        }
    }

    fn snapshot(&mut self, id: JobId, seen: JobSnapshot, now: Duration, out: &mut Reaction) {
        let watch = self.watch.entry(id).or_default();
        watch.missing = None;
        watch.age = seen
            .created
            .zip(seen.observed)
            .and_then(|(created, observed)| observed.duration_since(created).ok());
        if !seen.ended() {
            return;
        }
        let promises_results =
            matches!(seen.state, JobState::Succeeded | JobState::PartiallySucceeded);
        if promises_results && seen.output.is_none() && watch.nameless < NAMELESS_LOOKS {
            watch.nameless += 1;
            watch.hinted = true;
            let until = now + backoff(watch.nameless);
            self.held_jobs.insert(id, Hold { since: now, tries: 1, until });
            return;
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
        let watch = self.watch.entry(job).or_default();
        let since = *watch.missing.get_or_insert(now);
        if now.saturating_sub(since) < VANISHED_AFTER {
            self.sweep_due = true;
            let until = now + Duration::from_secs(30);
            self.held_jobs.insert(job, Hold { since, tries: 1, until });
            return;
        }
        let ending = Ending {
            state: JobState::Other("vanished".to_owned()),
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
            Ok(Download::Cut(result)) => {
                let watch = self.watch.entry(job).or_default();
                watch.cut = Some(result.sha256);
                watch.cuts += 1;
                if watch.cuts >= CUT_FETCHES {
                    let reason = "every download ended inside a line, each time elsewhere";
                    out.events.push(Event::ResultsLost { job, reason: reason.to_owned() });
                }
            }
            Err(error) if *error.kind() == ErrorKind::NotFound => {
                let hold = next_hold(self.held_jobs.get(&job).copied(), &error, now);
                if hold.tries >= GONE_FETCHES {
                    out.events.push(Event::ResultsLost { job, reason: error.to_string() });
                } else {
                    self.held_jobs.insert(job, hold);
                    out.trouble = Some(Trouble {
                        what: error.to_string(),
                        wait: hold.until.saturating_sub(now),
                    });
                }
            }
            Err(error) => self.job_trouble(job, error, now, out),
        }
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
            Err(error) if *error.kind() != ErrorKind::NotFound => {
                let hold = next_hold(self.cancel_trouble, &error, now);
                self.cancel_trouble = Some(hold);
                self.trouble(error, hold, now, out);
            }
            _ => {
                self.cancel_trouble = None;
                self.cancels.remove(name);
                self.cancelled.insert(name.clone());
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
        out.trouble =
            Some(Trouble { what: error.to_string(), wait: hold.until.saturating_sub(now) });
        if is_fatal(&error) || lasting {
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
    let asked = match error.kind() {
        ErrorKind::Transient { retry_after } | ErrorKind::Quota { retry_after } => *retry_after,
        _ => None,
    };
    let tries = last.map_or(1, |hold| hold.tries + 1);
    let wait = backoff(tries).max(asked.unwrap_or_default());
    Hold { since: last.map_or(now, |hold| hold.since), tries, until: now + wait }
}
