//! Creations: which job is next within limits and budget, and what its creation came to.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use batch_backend::{Applied, BackendError, ErrorKind, JobSnapshot, JobSpec};

use crate::decide::{ready, wake};
use crate::mind::{Decision, Effect, Hold, Mind};
use crate::observe::{LONGEST_ASKED, Reaction, Trouble};
use crate::policy::create_backoff;
use crate::{Doubt, Event, Goal, InputPhase, Job, JobId, Ledger};

/// Creations under way at once.
const CREATES: usize = 4;
/// So many of each model's next jobs are considered, and their inputs made ready.
const AHEAD: usize = 16;
/// An input that the service forgets sooner than this is uploaded again before a job is made of it.
const INPUT_MARGIN: Duration = Duration::from_hours(8);
/// One that was stored in this session is not looked at for its age before this.
const INPUT_FRESH: Duration = Duration::from_hours(24);
/// Creations that found their input gone, before it is held to be something else.
const CREATE_LOSSES: u32 = 3;

/// What there is still room for within one step.
struct Room {
    jobs: usize,
    creating: usize,
    /// Jobs whose creation is not answered for good: they may come back to the budget.
    undecided: usize,
    ledger: Ledger,
    /// Models that create nothing more in this step.
    closed: BTreeSet<u32>,
    /// Jobs created in this step.
    taken: Vec<JobId>,
}

/// Whether a job may be created now.
#[derive(PartialEq)]
enum Gate {
    Open,
    /// Not this one, maybe the next of its model.
    Skip,
    /// None of its model.
    Closed,
}

impl Mind {
    /// The next jobs of every model, in the order of the plan.
    pub(crate) fn window(&self) -> Vec<JobId> {
        let queues = self.state.index().planned.values();
        let mut jobs: Vec<JobId> =
            queues.flat_map(|queue| queue.iter().take(AHEAD)).copied().collect();
        jobs.sort_unstable();
        jobs
    }

    pub(crate) fn decide_creates(&mut self, now: Duration, wall: SystemTime, out: &mut Decision) {
        self.blocked.clear();
        if self.policy.goal < Goal::Submitted || !self.looked {
            return;
        }
        let mut room = self.room();
        if room.jobs == 0 && self.policy.budget.is_none() {
            // The usual state of a large run: nobody has to be asked.
            self.blocked = self.state.index().planned.keys().copied().collect();
            return;
        }
        for id in self.window() {
            self.examined += 1;
            let Some(job) = self.state.job(id).filter(|_| !room.closed.contains(&id.model)) else {
                continue;
            };
            let job = job.clone();
            match self.gate(&job, &room, now, out) {
                Gate::Open => self.create(&job, now, wall, &mut room, out),
                Gate::Skip => {}
                Gate::Closed => drop(room.closed.insert(id.model)),
            }
        }
    }

    fn room(&self) -> Room {
        let index = self.state.index();
        let alive = index.live_jobs() + self.foreign_live;
        Room {
            jobs: self.policy.limits.live_jobs.saturating_sub(alive),
            creating: index.intended.len(),
            undecided: index.intended.len() + index.doubtful.len(),
            ledger: index.ledger,
            closed: BTreeSet::new(),
            taken: Vec::new(),
        }
    }

    fn gate(&mut self, job: &Job, room: &Room, now: Duration, out: &mut Decision) -> Gate {
        let model = job.id.model;
        if let Some(budget) = self.policy.budget
            && !room.ledger.affords(budget, job.load.cost)
        {
            if self.may_leave_money(room) {
                self.blocked.insert(model);
            } else {
                out.events.push(Event::NotAfforded { job: job.id, budget });
            }
            return Gate::Skip;
        }
        if room.jobs == 0 || !self.fits_tokens(job, room) {
            self.blocked.insert(model);
            return Gate::Closed;
        }
        if let Some(hold) = self.throttle.get(&model) {
            if hold.until > now {
                wake(out, hold.until);
                return Gate::Closed;
            }
            if self.probes(model) {
                return Gate::Closed;
            }
        }
        let busy = room.creating >= CREATES
            || self.busy_jobs.contains(&job.id)
            || self.unproven.contains(&job.id);
        let free = !busy && ready(&self.held_jobs, &job.id, now, out);
        if free { Gate::Open } else { Gate::Skip }
    }

    /// Whether what others were forecast to cost may still come back to the budget: a job in doubt
    /// may turn out not to exist, and one that runs may cost less. Whoever only wants jobs created
    /// does not wait for those to end.
    fn may_leave_money(&self, room: &Room) -> bool {
        let index = self.state.index();
        let runs = !index.waiting.is_empty() || !index.fetching.is_empty();
        room.undecided > 0 || (runs && self.policy.goal == Goal::Fetched)
    }

    /// Whether the tokens of a job fit beside those of its model's live jobs. A job that is too
    /// heavy for the limit alone fits when there is no other.
    fn fits_tokens(&self, job: &Job, room: &Room) -> bool {
        let model = job.id.model;
        let Some(limit) = self.token_limit(model) else { return true };
        let (jobs, tokens) = self.state.index().live.get(&model).copied().unwrap_or_default();
        let taken = room.taken.iter().filter(|id| id.model == model);
        let taken: Vec<u64> =
            taken.filter_map(|id| self.state.job(*id)).map(|job| job.load.tokens).collect();
        let alone = jobs == 0 && taken.is_empty();
        let sum = taken.iter().fold(tokens, |sum, tokens| sum.saturating_add(*tokens));
        alone || sum.saturating_add(job.load.tokens) <= limit
    }

    fn token_limit(&self, model: u32) -> Option<u64> {
        let model = self.plan.models.get(usize::try_from(model).ok()?)?;
        self.policy.limits.live_tokens.get(model).copied()
    }

    /// Whether a job of this model finds out just now whether its quota is still used up.
    fn probes(&self, model: u32) -> bool {
        let index = self.state.index();
        index.intended.iter().chain(&index.doubtful).any(|job| job.model == model)
    }

    fn create(
        &mut self,
        job: &Job,
        now: Duration,
        wall: SystemTime,
        room: &mut Room,
        out: &mut Decision,
    ) {
        let id = job.id;
        let Some(InputPhase::Stored(stored)) = self.state.input(id.input).cloned() else {
            // Jobs go in the order of their shards, so the next ones of the model wait for its
            // upload, unless trouble holds that up.
            let held = self.held_inputs.get(&id.input).is_some_and(|hold| hold.until > now);
            if !held {
                room.closed.insert(id.model);
            }
            return;
        };
        let stale = stored.expires.is_some_and(|end| wall + INPUT_MARGIN > end);
        let fresh = self.stored_here.get(&id.input);
        let fresh = fresh.is_some_and(|at| now.saturating_sub(*at) < INPUT_FRESH);
        if stale && !fresh {
            let reason = "the service is about to forget it".to_owned();
            let lost = Event::InputLost { input: id.input, reason };
            if !out.events.contains(&lost) {
                out.events.push(lost);
            }
            return;
        }
        let Some(model) = self.plan.model(id).cloned() else { return };
        let attempt = job.attempts + 1;
        let token = id.token(&self.plan.tag, attempt, &stored.sha256, &model);
        if self.token_limit(id.model).is_some_and(|limit| job.load.tokens > limit) {
            out.overweight.push(id);
        }
        let spec = JobSpec { token: token.clone(), model, input: stored.name.clone() };
        out.events.push(Event::CreateIntended { job: id, attempt, token, input: stored.name });
        out.effects.push(Effect::Create { job: id, spec });
        self.busy_jobs.insert(id);
        room.jobs -= 1;
        room.creating += 1;
        room.undecided += 1;
        room.ledger.add(job.load.cost);
        room.taken.push(id);
        if self.throttle.contains_key(&id.model) {
            room.closed.insert(id.model);
        }
    }

    /// Takes what the creation of a job came to.
    pub(crate) fn created(
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
                self.held_jobs.remove(&job);
                self.throttle.remove(&job.model);
                if self.state.job(job).is_some_and(|job| job.attempts > 1) {
                    self.sweep_later(now);
                }
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
            ErrorKind::Rejected => {
                // Nobody asks again, so the advice is kept with the reason.
                let hint = error.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
                out.events.push(Event::Refused { job, reason: format!("{reason}{hint}") });
            }
            ErrorKind::NotFound if self.losses(input) >= CREATE_LOSSES => {
                // Sent again and again, and each time it was not there: it is not the input.
                out.events.push(Event::Refused { job, reason });
            }
            ErrorKind::NotFound => {
                *self.input_losses.entry(input).or_default() += 1;
                let declined =
                    Event::Doubted { job, doubt: Doubt::Declined, reason: reason.clone() };
                out.events.push(declined);
                if matches!(self.state.input(input), Some(InputPhase::Stored(_))) {
                    out.events.push(Event::InputLost { input, reason });
                }
            }
            ErrorKind::Transient { retry_after } | ErrorKind::Quota { retry_after } => {
                let asked = retry_after.unwrap_or_default();
                self.declined(job, asked, error, now, out);
            }
            _ => {
                out.events.push(Event::Doubted { job, doubt: Doubt::Declined, reason });
                self.fatal.get_or_insert(error);
            }
        }
    }

    /// A creation was turned away for now. Trouble holds back this job, a used-up quota the whole
    /// model; other models go on in both cases.
    fn declined(
        &mut self,
        job: JobId,
        asked: Duration,
        error: BackendError,
        now: Duration,
        out: &mut Reaction,
    ) {
        let quota = matches!(error.kind(), ErrorKind::Quota { .. });
        let last = if quota { self.throttle.get(&job.model) } else { self.held_jobs.get(&job) };
        let since = last.map_or(now, |hold| hold.since);
        let tries = if quota {
            // Several that were sent in one breath are one refusal.
            let again = last.is_some_and(|hold| hold.until <= now);
            last.map_or(1, |hold| hold.tries.saturating_add(u32::from(again)))
        } else {
            let tries = self.declines.entry(job).or_default();
            *tries += 1;
            *tries
        };
        let wait = create_backoff(tries).max(asked.min(LONGEST_ASKED));
        let hold = Hold { since, tries, until: now + wait };
        if quota {
            self.throttle.insert(job.model, hold);
        } else {
            self.held_jobs.insert(job, hold);
        }
        let reason = error.to_string();
        out.events.push(Event::Doubted { job, doubt: Doubt::Declined, reason: reason.clone() });
        out.trouble = Some(Trouble { what: reason, wait });
        // A quota that our own jobs use up is free again when they end, however long that takes.
        let own = quota && !self.state.index().waiting.is_empty();
        let lasting = !own && now.saturating_sub(since) > self.policy.patience;
        if lasting || asked > LONGEST_ASKED {
            self.fatal.get_or_insert(error);
        }
    }
}

#[cfg(test)]
mod tests;
