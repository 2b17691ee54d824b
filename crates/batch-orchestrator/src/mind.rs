//! Decides: from the state of the run, what this session remembers, and the time, to events that
//! must be journalled and effects that may then begin. Never waits, never acts.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use batch_backend::{BackendError, JobName, JobSpec, JobState, OutputName, UploadSession};

use crate::settle::Settle;
use crate::{
    Doubt, Event, Goal, IllegalEvent, InputId, Job, JobId, Ledger, OnAmbiguous, Pace, Phase, Plan,
    Policy, RunState, Then, Verdict,
};

/// How long the last sweep of a run is tried while lists fail.
const END_PATIENCE: Duration = Duration::from_mins(2);

/// The state of a job that the service does not know any more.
pub(crate) fn vanished() -> JobState {
    JobState::Other("vanished".to_owned())
}

/// Something to do at the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    OpenUpload {
        input: InputId,
    },
    Upload {
        input: InputId,
        session: UploadSession,
        resumed: bool,
    },
    Create {
        job: JobId,
        spec: JobSpec,
    },
    Look {
        job: JobId,
        name: JobName,
    },
    /// All pages, or only as many as it takes to see `watched`. Of other people's jobs only those
    /// among `watched` are kept.
    List {
        watched: BTreeSet<JobName>,
        whole: bool,
    },
    Fetch {
        job: JobId,
        output: OutputName,
        rows: Option<u64>,
        accept: Option<String>,
        /// The most bytes that are taken.
        most: u64,
    },
    Cancel {
        job: JobId,
        name: JobName,
    },
}

/// What to do next.
#[derive(Debug, Default)]
pub(crate) struct Decision {
    /// To be journalled first, in this order.
    pub(crate) events: Vec<Event>,
    /// To be begun then.
    pub(crate) effects: Vec<Effect>,
    /// Jobs that are created although they alone are heavier than the model's limit.
    pub(crate) overweight: Vec<JobId>,
    /// When to decide again at the latest.
    pub(crate) wake: Option<Duration>,
    /// Set when there is nothing left to do and nothing under way.
    pub(crate) finish: Option<Finish>,
}

/// How a session ended without an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finish {
    /// The goal is reached.
    Reached,
    /// What is left is older than the deadline; it runs on at the service.
    Deadline,
    /// Stopped from outside; jobs run on at the service.
    Stopped,
    /// Jobs that were stuck are cut short and what came of them is here: whoever drives makes
    /// inputs of their missing rows, journals an [`Event::Attempted`](crate::Event) for each, and
    /// drives on.
    Split(Vec<JobId>),
}

/// What this session remembers of something that failed and will be tried again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hold {
    pub(crate) since: Duration,
    pub(crate) tries: u32,
    pub(crate) until: Duration,
}

/// What this session remembers of a job it waits for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watch {
    /// Since when it has been over without the results it should have.
    pub(crate) nameless: Option<Duration>,
    /// Looks answered in this session.
    pub(crate) looks: u32,
    /// Since when the service says that there is no such job.
    pub(crate) missing: Option<Duration>,
    /// Its age at the last look, by the service's time.
    pub(crate) age: Option<Duration>,
    /// When this session began to wait for it: its age where the service names no times.
    pub(crate) since: Option<Duration>,
    /// When a look at it was last journalled.
    pub(crate) noted: Option<Duration>,
    /// Digest of a result file that seemed not whole.
    pub(crate) suspect: Option<String>,
    /// How often it came like that.
    pub(crate) suspects: u32,
    /// Since when its results are said not to be there.
    pub(crate) gone: Option<Duration>,
}

/// When a job was asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// And the service took it.
    Heard(Duration),
    /// And the service said that there is nothing to stop.
    InVain(Duration),
}

/// The deciding part of a session.
#[derive(Debug)]
pub(crate) struct Mind {
    pub(crate) plan: Plan,
    pub(crate) policy: Policy,
    pub(crate) state: RunState,
    pub(crate) busy_inputs: BTreeSet<InputId>,
    pub(crate) busy_jobs: BTreeSet<JobId>,
    pub(crate) held_inputs: BTreeMap<InputId, Hold>,
    pub(crate) held_jobs: BTreeMap<JobId, Hold>,
    pub(crate) opened_here: BTreeSet<InputId>,
    /// When inputs were stored in this session.
    pub(crate) stored_here: BTreeMap<InputId, Duration>,
    pub(crate) input_losses: BTreeMap<InputId, u32>,
    pub(crate) declines: BTreeMap<JobId, u32>,
    /// Models whose quota is used up: one job at a time probes whether it still is.
    pub(crate) throttle: BTreeMap<u32, Hold>,
    /// Models whose next job waits for others to end.
    pub(crate) blocked: BTreeSet<u32>,
    /// Other people's live jobs, as the last list showed them.
    pub(crate) foreign_live: usize,
    pub(crate) settle: BTreeMap<JobId, Settle>,
    pub(crate) watch: BTreeMap<JobId, Watch>,
    /// Jobs that a list shows as over, or not at all: to be looked at at once.
    pub(crate) hinted: BTreeSet<JobId>,
    pub(crate) pace: Option<Pace>,
    /// Whether nothing can be at the service that the journal does not tell of, or a complete list was looked
    /// through for it: before, nothing is created.
    pub(crate) looked: bool,
    /// Jobs of which one with the mark was listed while the bytes of their inputs were not known: they are not
    /// created before another list.
    pub(crate) unproven: BTreeSet<JobId>,
    /// Jobs whose results could not be had in this process before: it does not ask again.
    pub(crate) lost_here: BTreeSet<JobId>,
    /// The list under way: when it was begun and whether it goes to the last page.
    pub(crate) listing: Option<(Duration, bool)>,
    pub(crate) list_trouble: Option<Hold>,
    /// Whether a sweep for second jobs is due: at the start of a resumed run and at every end.
    pub(crate) sweep_due: bool,
    pub(crate) swept_end: bool,
    /// When a sweep is due because a creation was in doubt: a second job may show up late.
    pub(crate) sweep_at: Option<Duration>,
    /// Since when the last sweep has been tried.
    pub(crate) end_since: Option<Duration>,
    /// Jobs to be cancelled, and those whose cancellation is under way.
    pub(crate) cancels: BTreeMap<JobName, JobId>,
    pub(crate) cancelling: BTreeSet<JobName>,
    /// When the service took their cancellation.
    pub(crate) cancelled: BTreeMap<JobName, Asked>,
    pub(crate) cancel_trouble: Option<Hold>,
    pub(crate) fatal: Option<BackendError>,
    /// Jobs examined so far: what a step costs.
    pub(crate) examined: u64,
}

impl Mind {
    pub(crate) fn new(plan: Plan, policy: Policy, state: RunState) -> Self {
        let sweep_due = state.has_created() && policy.goal == Goal::Fetched;
        Self {
            plan,
            policy,
            state,
            busy_inputs: BTreeSet::new(),
            busy_jobs: BTreeSet::new(),
            held_inputs: BTreeMap::new(),
            held_jobs: BTreeMap::new(),
            opened_here: BTreeSet::new(),
            stored_here: BTreeMap::new(),
            input_losses: BTreeMap::new(),
            declines: BTreeMap::new(),
            throttle: BTreeMap::new(),
            blocked: BTreeSet::new(),
            foreign_live: 0,
            settle: BTreeMap::new(),
            watch: BTreeMap::new(),
            hinted: BTreeSet::new(),
            pace: None,
            looked: true,
            unproven: BTreeSet::new(),
            lost_here: BTreeSet::new(),
            listing: None,
            list_trouble: None,
            sweep_due,
            swept_end: false,
            sweep_at: None,
            end_since: None,
            cancels: BTreeMap::new(),
            cancelling: BTreeSet::new(),
            cancelled: BTreeMap::new(),
            cancel_trouble: None,
            fatal: None,
            examined: 0,
        }
    }

    /// Events that make an earlier session's end plain: a creation that was intended and never
    /// told of may or may not have happened, and what was given up is tried once more.
    pub(crate) fn awaken(&self) -> Vec<Event> {
        let affordable = self.state.affordable(self.policy.budget);
        self.state.jobs().filter_map(|job| self.awakened(job, &affordable)).collect()
    }

    fn awakened(&self, job: &Job, affordable: &BTreeSet<JobId>) -> Option<Event> {
        let retry = self.policy.on_ambiguous == OnAmbiguous::Retry;
        let promised = |state: &JobState| {
            matches!(state, JobState::Succeeded | JobState::PartiallySucceeded)
                || *state == vanished()
        };
        match &job.phase {
            Phase::Intended => Some(Event::Doubted {
                job: job.id,
                doubt: Doubt::Unanswered,
                reason: "the program stopped while the answer was awaited".to_owned(),
            }),
            Phase::Over(Verdict::NotAfforded { .. }) => {
                affordable.contains(&job.id).then_some(Event::Reopened { job: job.id })
            }
            _ if self.policy.goal < Goal::Fetched => None,
            Phase::Over(Verdict::ResultsLost { .. }) => {
                (!self.lost_here.contains(&job.id)).then_some(Event::Reopened { job: job.id })
            }
            _ if self.state.was_sent_again(job.id) => None,
            Phase::Over(Verdict::NoResults(ending)) if promised(&ending.state) => {
                // A person may have given its counterpart to another job.
                let taken = job.name.as_ref().is_some_and(|n| self.state.waits_for(n).is_some());
                (!taken).then_some(Event::Reopened { job: job.id })
            }
            Phase::Over(Verdict::Quarantined { name: None, .. }) if retry => {
                Some(Event::Reopened { job: job.id })
            }
            _ => None,
        }
    }

    pub(crate) fn affords(&self, ledger: &Ledger, cost: Option<u64>) -> bool {
        self.policy.budget.is_none_or(|budget| ledger.affords(budget, cost))
    }

    /// Takes one journalled event.
    pub(crate) fn apply(&mut self, event: &Event) -> Result<(), IllegalEvent> {
        self.state.apply(event)
    }

    /// What to do at `now`. The events are *not* applied yet; the effects rely on them.
    pub(crate) fn decide(&mut self, now: Duration, wall: SystemTime) -> Decision {
        let mut out = Decision::default();
        if self.fatal.is_none() {
            self.decide_creates(now, wall, &mut out);
            self.decide_inputs(now, &mut out);
            self.decide_lists(now, &mut out);
            self.decide_looks(now, &mut out);
            self.decide_fetches(now, &mut out);
            self.decide_cancels(now, &mut out);
        }
        if out.events.is_empty() && out.effects.is_empty() && self.idle() {
            out.events = self.borne_after_all();
            if out.events.is_empty() {
                out.finish = self.finish(&mut out.wake, now);
            }
        }
        out
    }

    /// Jobs that were turned down for others that came to nothing: the money that is left at the end is theirs.
    fn borne_after_all(&self) -> Vec<Event> {
        if self.fatal.is_some() || !self.state.reached(self.policy.goal) {
            return Vec::new();
        }
        let affordable = self.state.affordable(self.policy.budget);
        affordable.into_iter().map(|job| Event::Reopened { job }).collect()
    }

    fn idle(&self) -> bool {
        self.busy_inputs.is_empty()
            && self.busy_jobs.is_empty()
            && self.listing.is_none()
            && self.cancelling.is_empty()
    }

    fn finish(&mut self, wake: &mut Option<Duration>, now: Duration) -> Option<Finish> {
        let goal = self.policy.goal;
        if let Some(split) = self.splits() {
            return Some(split);
        }
        if self.state.reached(goal) && self.cancels.is_empty() {
            if goal != Goal::Fetched || self.swept_end || !self.state.has_created() {
                return Some(Finish::Reached);
            }
            // The last act of a run: one complete list, in search of second jobs. A service that
            // will not list for a while does not keep the results from the user.
            let since = *self.end_since.get_or_insert(now);
            if now.saturating_sub(since) > END_PATIENCE {
                return Some(Finish::Reached);
            }
            self.sweep_due = true;
            *wake = Some(self.list_trouble.map_or(now, |hold| hold.until.max(now)));
            return None;
        }
        self.is_overdue(now).then_some(Finish::Deadline)
    }

    /// Stuck jobs whose missing rows are for the caller now. While a creation is in doubt nobody
    /// is disturbed.
    fn splits(&self) -> Option<Finish> {
        let wanted = self.policy.goal == Goal::Fetched
            && self.policy.stuck.is_some_and(|stuck| stuck.then == Then::Split)
            && self.state.index().doubtful.is_empty();
        let jobs: Vec<JobId> = self.state.to_split().filter(|_| wanted).collect();
        (!jobs.is_empty()).then_some(Finish::Split(jobs))
    }

    /// Whether all that is left are late jobs, and jobs that wait for those to end.
    fn is_overdue(&mut self, now: Duration) -> bool {
        let (goal, index) = (self.policy.goal, self.state.index());
        let undecided = !index.intended.is_empty() || !index.doubtful.is_empty();
        let to_fetch = goal == Goal::Fetched && !index.fetching.is_empty();
        if goal < Goal::Submitted || undecided || to_fetch || index.waiting.is_empty() {
            return false;
        }
        self.examined += index.waiting.len() as u64;
        (goal == Goal::Fetched || !self.blocked.is_empty())
            && index.planned.keys().all(|model| self.blocked.contains(model))
            && index.waiting.values().all(|job| self.is_late(*job, now))
    }

    pub(crate) fn is_late(&self, id: JobId, now: Duration) -> bool {
        // A job that was not looked at, or that a list shows as over, may have ended long ago.
        let looked = self.watch.get(&id).filter(|watch| watch.looks > 0);
        let Some(watch) = looked.filter(|_| !self.hinted.contains(&id)) else { return false };
        // One that was just asked to stop is given the time to do so.
        let stopped = self.state.job(id).and_then(|job| self.cancelled.get(job.name.as_ref()?));
        let stops = stopped.is_some_and(|asked| match asked {
            Asked::Heard(at) => now.saturating_sub(*at) <= self.policy.settle,
            Asked::InVain(_) => false,
        });
        !stops && watch.age_at(now).is_some_and(|age| age > self.policy.deadline)
    }
}

impl Watch {
    /// How old the job is by the service's time, or by ours where it names none.
    pub(crate) fn age_at(&self, now: Duration) -> Option<Duration> {
        self.age.or_else(|| self.since.map(|since| now.saturating_sub(since)))
    }
}
