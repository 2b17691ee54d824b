//! Looks at running jobs: when, at which, what of it is worth a line in the journal, and which
//! jobs are stuck.

use std::time::Duration;

use batch_backend::{JobCounts, JobSnapshot};

use crate::decide::{ready, wake};
use crate::job::SPLITS;
use crate::mind::{Decision, Effect, Mind};
use crate::observe::Reaction;
use crate::{Event, Goal, JobId, Look, Pace, Phase, Then};

/// Up to so many jobs are looked at one by one; more are looked for in the list.
const SINGLE_LOOKS: usize = 3;
/// Looks at one job are journalled at least this far apart.
const NOTED_APART: Duration = Duration::from_secs(30);
/// After this a small change is journalled too.
const NOTED_ANYHOW: Duration = Duration::from_mins(30);
/// A change of one in so many rows is journalled at once.
const NOTED_SHARE: u64 = 20;

impl Mind {
    pub(crate) fn decide_looks(&mut self, now: Duration, out: &mut Decision) {
        // Jobs that wait for a place among the live ones need others to end, whatever the goal.
        let crowded = !self.blocked.is_empty();
        if self.policy.goal < Goal::Fetched && !crowded {
            return;
        }
        let crowded_by_others = crowded && self.foreign_live > 0;
        if self.state.index().waiting.is_empty() && !crowded_by_others {
            self.pace = None;
            return;
        }
        self.look_at_hinted(now, out);
        let resumed = self.watch.is_empty() && self.sweep_due;
        let (fixed, seed) = (self.policy.poll_interval, self.policy.seed);
        let pace = self.pace.get_or_insert_with(|| {
            let mut pace = Pace::new(now, fixed, seed);
            // A resumed session looks at once: its jobs may have ended long ago.
            if resumed {
                pace.hasten(now);
            }
            pace
        });
        if pace.next() > now {
            wake(out, pace.next());
            return;
        }
        let watched = self.watched(now);
        if watched.is_empty() && !crowded_by_others {
            self.pace = None;
            return;
        }
        let single = watched.len() <= SINGLE_LOOKS && !crowded_by_others;
        let requests = if single { u32::try_from(watched.len()).unwrap_or(1) } else { 1 };
        if let Some(pace) = &mut self.pace {
            pace.looked(now, requests);
            wake(out, pace.next());
        }
        let mut free = watched;
        free.retain(|job| !self.busy_jobs.contains(job) && ready(&self.held_jobs, job, now, out));
        if single {
            for job in free {
                self.look(job, out);
            }
        } else if (crowded_by_others || !free.is_empty()) && self.listing.is_none() {
            let names = free.iter().filter_map(|job| self.state.job(*job)?.name.clone());
            let watched = names.collect();
            self.listing = Some((now, crowded_by_others));
            out.effects.push(Effect::List { watched, whole: crowded_by_others });
        }
    }

    /// Jobs that are waited for and not given up as late.
    fn watched(&mut self, now: Duration) -> Vec<JobId> {
        let jobs: Vec<JobId> = self.state.index().waiting.values().copied().collect();
        self.examined += jobs.len() as u64;
        for job in &jobs {
            self.watch.entry(*job).or_default().since.get_or_insert(now);
        }
        jobs.into_iter().filter(|job| !self.is_late(*job, now)).collect()
    }

    fn look_at_hinted(&mut self, now: Duration, out: &mut Decision) {
        for job in self.hinted.iter().copied().collect::<Vec<_>>() {
            self.examined += 1;
            if !self.busy_jobs.contains(&job) && ready(&self.held_jobs, &job, now, out) {
                self.look(job, out);
            }
        }
    }

    fn look(&mut self, job: JobId, out: &mut Decision) {
        self.hinted.remove(&job);
        let Some(Phase::Waiting(name)) = self.state.job(job).map(|job| &job.phase) else { return };
        let name = name.clone();
        self.busy_jobs.insert(job);
        out.effects.push(Effect::Look { job, name });
    }

    /// Notes that a job was seen at work, by a look or in a list.
    pub(crate) fn seen_alive(
        &mut self,
        id: JobId,
        seen: &JobSnapshot,
        now: Duration,
        out: &mut Reaction,
    ) {
        let Some(job) = self.state.job(id) else { return };
        let watch = self.watch.entry(id).or_default();
        let look = Look::of(seen);
        if worth_noting(job.look.as_ref(), watch.noted.map(|at| now.saturating_sub(at)), &look) {
            watch.noted = Some(now);
            out.events.push(Event::Looked { job: id, look });
        }
        let patient = job.stuck.is_some() || job.cancel_requested;
        let Some(stuck) = self.policy.stuck.filter(|_| !patient) else { return };
        // Smaller jobs that are as slow say that the service is, so they are given longer.
        let longest = stuck.age.saturating_mul(1 << job.splits.min(SPLITS));
        let age = self.watch.get(&id).and_then(|watch| watch.age_at(now));
        if age.is_some_and(|age| age >= longest) {
            let whole = stuck.then == Then::Split && !job.may_split(seen.counts.total);
            let then = if whole { Then::Wait } else { stuck.then };
            out.events.push(Event::Stuck { job: id, then });
        }
    }
}

/// Whether a look tells enough beyond the last one that was journalled, `since` ago.
fn worth_noting(last: Option<&Look>, since: Option<Duration>, look: &Look) -> bool {
    let Some(last) = last else { return true };
    if since.is_some_and(|since| since < NOTED_APART) {
        return false;
    }
    if last.state != look.state {
        return true;
    }
    let moved = done(look.counts).abs_diff(done(last.counts));
    let total = look.counts.total.unwrap_or(0);
    let much = moved.saturating_mul(NOTED_SHARE) >= total.max(1);
    much || (last.counts != look.counts && since.is_none_or(|since| since >= NOTED_ANYHOW))
}

/// Rows of a job that are behind it, as far as told.
fn done(counts: JobCounts) -> u64 {
    match (counts.total, counts.pending) {
        (Some(total), Some(pending)) => total.saturating_sub(pending),
        _ => counts.succeeded.unwrap_or(0).saturating_add(counts.failed.unwrap_or(0)),
    }
}

#[cfg(test)]
mod tests {
    use batch_backend::JobState;

    use super::*;

    fn look(state: JobState, pending: u64) -> Look {
        let counts =
            JobCounts { total: Some(1_000), pending: Some(pending), ..JobCounts::default() };
        Look { state, counts, seen: None }
    }

    #[test]
    fn few_of_many_looks_are_noted() {
        let (mut last, mut noted_at, mut noted) = (None::<Look>, None, 0);
        for second in (0..36_000).step_by(10) {
            // One row every 36 seconds.
            let seen = look(JobState::Running, 1_000 - second / 36);
            let since = noted_at.map(|at| Duration::from_secs(second - at));
            if worth_noting(last.as_ref(), since, &seen) {
                (last, noted_at, noted) = (Some(seen), Some(second), noted + 1);
            }
        }
        assert!((18..=22).contains(&noted), "{noted} looks of 3,600 at a job of ten hours");
    }

    #[test]
    fn a_new_state_is_noted_and_nothing_new_is_not() {
        let queued = look(JobState::Queued, 1_000);
        let long = Some(Duration::from_hours(9));
        assert!(worth_noting(None, None, &queued));
        assert!(!worth_noting(Some(&queued), None, &queued), "not by the next session either");
        assert!(!worth_noting(Some(&queued), long, &queued));
        assert!(worth_noting(Some(&queued), long, &look(JobState::Running, 1_000)));
        let soon = Some(Duration::from_secs(1));
        assert!(!worth_noting(Some(&queued), soon, &look(JobState::Running, 0)));
        assert!(worth_noting(Some(&queued), long, &look(JobState::Queued, 999)));
    }
}
