//! The single decisions of the mind, one subject each: inputs, lists, downloads, cancellations.

use std::collections::BTreeMap;
use std::time::Duration;

use batch_backend::{JobName, JobState};

use crate::mind::{Asked, Decision, Effect, Hold, Mind};
use crate::settle::Settle;
use crate::{Doubt, Ending, Goal, InputId, InputPhase, JobId, Phase};

/// Uploads and downloads under way at once.
const UPLOADS: usize = 2;
const FETCHES: usize = 2;
/// A job that goes on although the service saw nothing to stop is asked again so much later.
const CANCEL_AGAIN: Duration = Duration::from_mins(10);
/// Once a creation was in doubt, lists are asked for second jobs so often.
const SWEEPS_APART: Duration = Duration::from_hours(1);
/// Inputs that are considered for the next upload: more than are held back by trouble at once.
const UPLOADS_AHEAD: usize = 16;

impl Mind {
    pub(crate) fn decide_inputs(&mut self, now: Duration, out: &mut Decision) {
        let mut free = UPLOADS.saturating_sub(self.busy_inputs.len());
        if free == 0 {
            return;
        }
        for input in self.inputs_ahead() {
            if free == 0 {
                return;
            }
            self.examined += 1;
            if self.busy_inputs.contains(&input) || !ready(&self.held_inputs, &input, now, out) {
                continue;
            }
            let effect = match self.state.input(input) {
                Some(InputPhase::Planned) => Effect::OpenUpload { input },
                Some(InputPhase::Open(session)) => {
                    let (session, resumed) = (session.clone(), !self.opened_here.remove(&input));
                    Effect::Upload { input, session, resumed }
                }
                _ => continue,
            };
            self.busy_inputs.insert(input);
            out.effects.push(effect);
            free -= 1;
        }
    }

    /// Inputs to upload next: all of them when that is the goal, else those that the next jobs
    /// need, so that none lies at the service for long before it is used.
    fn inputs_ahead(&self) -> Vec<InputId> {
        let unstored = &self.state.index().unstored;
        if unstored.is_empty() {
            return Vec::new();
        }
        if self.policy.goal == Goal::Uploaded {
            let waits = |input: &&InputId| !self.busy_inputs.contains(input);
            return unstored.iter().filter(waits).take(UPLOADS_AHEAD).copied().collect();
        }
        let ledger = self.state.ledger();
        let affordable = |id: &JobId| {
            self.state.job(*id).is_some_and(|job| self.affords(&ledger, job.load.cost))
        };
        let wanted = self.window().into_iter().filter(affordable).map(|id| id.input);
        let mut inputs: Vec<InputId> = wanted.filter(|id| unstored.contains(id)).collect();
        inputs.dedup();
        inputs
    }

    pub(crate) fn decide_lists(&mut self, now: Duration, out: &mut Decision) {
        if self.policy.goal < Goal::Submitted {
            return;
        }
        if self.sweep_at.is_some_and(|at| at <= now) {
            (self.sweep_at, self.sweep_due) = (Some(now + SWEEPS_APART), true);
        }
        let (state, policy) = (&self.state, &self.policy);
        let late = self.sweep_at.filter(|_| policy.goal == Goal::Fetched);
        let first = !self.looked && !state.index().planned.is_empty();
        let mut due = (self.sweep_due || first || self.is_provable()).then_some(now).or(late);
        for job in state.index().doubtful.iter().copied() {
            let wait = match state.job(job).map(|job| &job.phase) {
                Some(Phase::Doubtful(Doubt::Declined)) => policy.settle_declined.min(policy.settle),
                _ => policy.settle,
            };
            let settle = self.settle.entry(job).or_insert_with(|| Settle::new(now, wait));
            due = Some(due.map_or(settle.next(), |at| at.min(settle.next())));
        }
        let Some(mut at) = due else { return };
        if let Some(hold) = self.list_trouble {
            at = at.max(hold.until);
        }
        if self.listing.is_some() {
            return;
        }
        if at <= now {
            self.listing = Some((now, true));
            let watched = self.state.index().waiting.keys().cloned().collect();
            out.effects.push(Effect::List { watched, whole: true });
        } else {
            wake(out, at);
        }
    }

    pub(crate) fn decide_fetches(&mut self, now: Duration, out: &mut Decision) {
        if self.policy.goal < Goal::Fetched {
            return;
        }
        let fetching = &self.state.index().fetching;
        let under_way = self.busy_jobs.iter().filter(|job| fetching.contains(job)).count();
        let mut free = FETCHES.saturating_sub(under_way);
        let mut chosen = Vec::new();
        for id in fetching {
            if free == 0 {
                break;
            }
            self.examined += 1;
            if !self.busy_jobs.contains(id) && ready(&self.held_jobs, id, now, out) {
                chosen.push(*id);
                free -= 1;
            }
        }
        for job in chosen {
            let Some(Phase::Fetching { output, ending }) = self.state.job(job).map(|j| &j.phase)
            else {
                continue;
            };
            let accept = self.watch.get(&job).and_then(|watch| watch.suspect.clone());
            let (output, rows) = (output.clone(), promised_rows(ending));
            let most = self.most_bytes(job);
            out.effects.push(Effect::Fetch { job, output, rows, accept, most });
            self.busy_jobs.insert(job);
        }
    }

    /// The most bytes that are taken of a job's results. Of an input of which nobody said how many rows it has,
    /// each byte may be one.
    fn most_bytes(&self, id: JobId) -> u64 {
        let told = self.state.job(id).and_then(|job| job.rows);
        let planned = || self.plan.inputs.iter().find(|input| input.id == id.input);
        let rows = told.or_else(|| planned().map(|input| input.payload.len()));
        self.policy.most_bytes(rows.unwrap_or_default())
    }

    pub(crate) fn decide_cancels(&mut self, now: Duration, out: &mut Decision) {
        for id in &self.state.index().stopping {
            let name = self.state.job(*id).and_then(|job| job.name.as_ref());
            let is_due = |name: &&JobName| match self.cancelled.get(*name) {
                None => true,
                Some(Asked::Heard(_)) => false,
                Some(Asked::InVain(at)) => now.saturating_sub(*at) >= CANCEL_AGAIN,
            };
            if let Some(name) = name.filter(is_due) {
                self.cancels.insert(name.clone(), *id);
            }
        }
        if let Some(hold) = self.cancel_trouble
            && hold.until > now
            && !self.cancels.is_empty()
        {
            wake(out, hold.until);
            return;
        }
        for (name, job) in &self.cancels {
            if self.cancelling.insert(name.clone()) {
                out.effects.push(Effect::Cancel { job: *job, name: name.clone() });
            }
        }
    }
}

/// How many rows the service says a job has results for, as far as it says.
fn promised_rows(ending: &Ending) -> Option<u64> {
    let counts = ending.counts;
    match (counts.succeeded, counts.failed) {
        (None, None) if ending.state == JobState::Succeeded => counts.total,
        (None, None) => None,
        (succeeded, failed) => Some(succeeded.unwrap_or(0).saturating_add(failed.unwrap_or(0))),
    }
}

/// Whether nothing holds `id` back; else notes when it may go on.
pub(crate) fn ready<K: Ord>(
    holds: &BTreeMap<K, Hold>,
    id: &K,
    now: Duration,
    out: &mut Decision,
) -> bool {
    match holds.get(id) {
        Some(hold) if hold.until > now => {
            wake(out, hold.until);
            false
        }
        _ => true,
    }
}

pub(crate) fn wake(out: &mut Decision, at: Duration) {
    out.wake = Some(out.wake.map_or(at, |wake| wake.min(at)));
}

#[cfg(test)]
mod tests;
