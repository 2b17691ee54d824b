//! The single decisions of the mind, one subject each: inputs, creations, lists, looks, downloads,
//! cancellations.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use batch_backend::{JobName, JobSpec, JobState, OutputName};

use crate::mind::{Decision, Effect, Hold, Mind};
use crate::settle::Settle;
use crate::{Doubt, Ending, Event, Goal, InputId, InputPhase, Job, JobId, Pace, Phase};

/// Uploads, creations and downloads under way at once.
const UPLOADS: usize = 2;
const CREATES: usize = 4;
const FETCHES: usize = 2;
/// Up to so many jobs are looked at one by one; more are looked for in the list.
const SINGLE_LOOKS: usize = 3;
/// An input that the service forgets sooner than this is uploaded again before a job is made of it.
const INPUT_MARGIN: Duration = Duration::from_hours(8);
/// One that was stored in this session is not looked at for its age before this.
const INPUT_FRESH: Duration = Duration::from_hours(24);

impl Mind {
    pub(crate) fn decide_inputs(&mut self, now: Duration, out: &mut Decision) {
        let waiting: Vec<(InputId, InputPhase)> = self
            .state
            .inputs()
            .filter(|(id, _)| self.state.is_wanted(*id) && !self.busy_inputs.contains(id))
            .map(|(id, phase)| (id, phase.clone()))
            .collect();
        for (input, phase) in waiting {
            if self.busy_inputs.len() >= UPLOADS || !ready(&self.held_inputs, &input, now, out) {
                continue;
            }
            let effect = match phase {
                InputPhase::Planned => Effect::OpenUpload { input },
                InputPhase::Open(session) => {
                    let resumed = !self.opened_here.remove(&input);
                    Effect::Upload { input, session, resumed }
                }
                InputPhase::Stored(_) => continue,
            };
            self.busy_inputs.insert(input);
            out.effects.push(effect);
        }
    }

    pub(crate) fn decide_creates(&mut self, now: Duration, wall: SystemTime, out: &mut Decision) {
        if self.policy.goal < Goal::Submitted {
            return;
        }
        let mut live = self.live();
        let mut creating = self.state.jobs().filter(|j| j.phase == Phase::Intended).count();
        let planned: Vec<Job> =
            self.state.jobs().filter(|j| j.phase == Phase::Planned).cloned().collect();
        for job in planned {
            let Some(InputPhase::Stored(stored)) = self.state.input(job.id.input).cloned() else {
                continue;
            };
            if live >= self.policy.max_live
                || creating >= CREATES
                || self.busy_jobs.contains(&job.id)
                || !ready(&self.held_jobs, &job.id, now, out)
            {
                continue;
            }
            let stale = stored.expires.is_some_and(|end| wall + INPUT_MARGIN > end);
            let fresh = self.stored_here.get(&job.id.input);
            let fresh = fresh.is_some_and(|at| now.saturating_sub(*at) < INPUT_FRESH);
            if stale && !fresh {
                let reason = "the service is about to forget it".to_owned();
                let lost = Event::InputLost { input: job.id.input, reason };
                if !out.events.contains(&lost) {
                    out.events.push(lost);
                }
                continue;
            }
            let Some(model) = self.plan.model(job.id).cloned() else { continue };
            let attempt = job.attempts + 1;
            let token = job.id.token(&self.plan.tag, attempt, &stored.sha256, &model);
            let spec = JobSpec { token: token.clone(), model, input: stored.name.clone() };
            let input = stored.name;
            out.events.push(Event::CreateIntended { job: job.id, attempt, token, input });
            out.effects.push(Effect::Create { job: job.id, spec });
            self.busy_jobs.insert(job.id);
            live += 1;
            creating += 1;
        }
    }

    pub(crate) fn decide_lists(&mut self, now: Duration, out: &mut Decision) {
        let doubtful: Vec<(JobId, Doubt)> = self
            .state
            .jobs()
            .filter_map(|job| match job.phase {
                Phase::Doubtful(doubt) => Some((job.id, doubt)),
                _ => None,
            })
            .collect();
        if self.policy.goal < Goal::Submitted {
            return;
        }
        let mut due = self.sweep_due.then_some(now);
        for (job, doubt) in doubtful {
            let wait = match doubt {
                Doubt::Unanswered => self.policy.settle,
                Doubt::Declined => self.policy.settle_declined.min(self.policy.settle),
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
            out.effects.push(Effect::List { until: None });
        } else {
            wake(out, at);
        }
    }

    pub(crate) fn decide_looks(&mut self, now: Duration, out: &mut Decision) {
        // Jobs that wait for a place among the live ones need others to end, whatever the goal.
        let crowded = self.policy.goal == Goal::Submitted && self.is_crowded();
        if self.policy.goal < Goal::Fetched && !crowded {
            return;
        }
        let watched: Vec<(JobId, JobName)> = self
            .state
            .jobs()
            .filter_map(|job| match &job.phase {
                Phase::Waiting(name) if !self.is_late(job.id, now) => Some((job.id, name.clone())),
                _ => None,
            })
            .collect();
        if watched.is_empty() {
            self.pace = None;
            return;
        }
        let never_seen = watched.iter().all(|(job, _)| !self.watch.contains_key(job));
        for (job, name) in &watched {
            let watch = self.watch.entry(*job).or_default();
            watch.since.get_or_insert(now);
            let hinted = watch.hinted;
            if hinted && !self.busy_jobs.contains(job) && ready(&self.held_jobs, job, now, out) {
                self.look(*job, name.clone(), out);
            }
        }
        let (fixed, seed) = (self.policy.poll_interval, self.policy.seed);
        let pace = self.pace.get_or_insert_with(|| {
            let mut pace = Pace::new(now, fixed, seed);
            // A resumed session looks at once: its jobs may have ended long ago.
            if never_seen && self.sweep_due {
                pace.hasten(now);
            }
            pace
        });
        if pace.next() > now {
            wake(out, pace.next());
            return;
        }
        let single = watched.len() <= SINGLE_LOOKS;
        pace.looked(now, if single { u32::try_from(watched.len()).unwrap_or(1) } else { 1 });
        wake(out, pace.next());
        let free: Vec<_> = watched
            .into_iter()
            .filter(|(job, _)| !self.busy_jobs.contains(job))
            .filter(|(job, _)| ready(&self.held_jobs, job, now, out))
            .collect();
        if single {
            for (job, name) in free {
                self.look(job, name, out);
            }
        } else if !free.is_empty() && self.listing.is_none() {
            let until = free.into_iter().map(|(_, name)| name).collect();
            self.listing = Some((now, false));
            out.effects.push(Effect::List { until: Some(until) });
        }
    }

    /// Jobs that exist at the service, or may.
    fn live(&self) -> usize {
        let alive = |phase: &Phase| {
            matches!(phase, Phase::Intended | Phase::Doubtful(_) | Phase::Waiting(_))
        };
        self.state.jobs().filter(|job| alive(&job.phase)).count()
    }

    pub(crate) fn is_crowded(&self) -> bool {
        self.live() >= self.policy.max_live
            && self.state.jobs().any(|job| job.phase == Phase::Planned)
    }

    fn look(&mut self, job: JobId, name: JobName, out: &mut Decision) {
        self.watch.entry(job).or_default().hinted = false;
        self.busy_jobs.insert(job);
        out.effects.push(Effect::Look { job, name });
    }

    pub(crate) fn decide_fetches(&mut self, now: Duration, out: &mut Decision) {
        if self.policy.goal < Goal::Fetched {
            return;
        }
        let wanted: Vec<(JobId, Ending, OutputName)> = self
            .state
            .jobs()
            .filter_map(|job| match &job.phase {
                Phase::Fetching { output, ending } => {
                    Some((job.id, ending.clone(), output.clone()))
                }
                _ => None,
            })
            .collect();
        let busy = |(job, ..): &&(JobId, Ending, OutputName)| self.busy_jobs.contains(job);
        let mut under_way = wanted.iter().filter(busy).count();
        for (job, ending, output) in wanted {
            let free = under_way < FETCHES && !self.busy_jobs.contains(&job);
            if free && ready(&self.held_jobs, &job, now, out) {
                let accept = self.watch.get(&job).and_then(|watch| watch.suspect.clone());
                self.busy_jobs.insert(job);
                under_way += 1;
                let rows = promised_rows(&ending);
                out.effects.push(Effect::Fetch { job, output, rows, accept });
            }
        }
    }

    pub(crate) fn decide_cancels(&mut self, now: Duration, out: &mut Decision) {
        let asked: Vec<(JobName, JobId)> = self
            .state
            .jobs()
            .filter_map(|job| match &job.phase {
                Phase::Waiting(name) if job.cancel_requested => Some((name.clone(), job.id)),
                _ => None,
            })
            .filter(|(name, _)| !self.cancelled.contains(name))
            .collect();
        self.cancels.extend(asked);
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
fn ready<K: Ord>(holds: &BTreeMap<K, Hold>, id: &K, now: Duration, out: &mut Decision) -> bool {
    match holds.get(id) {
        Some(hold) if hold.until > now => {
            wake(out, hold.until);
            false
        }
        _ => true,
    }
}

fn wake(out: &mut Decision, at: Duration) {
    out.wake = Some(out.wake.map_or(at, |wake| wake.min(at)));
}
