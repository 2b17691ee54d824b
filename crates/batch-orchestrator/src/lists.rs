//! Understands lists: which doubtful jobs exist, which jobs have ended, which exist twice.

use std::time::Duration;

use batch_backend::{BackendError, ErrorKind, JobSnapshot};

use crate::mind::Mind;
use crate::observe::{Reaction, next_hold};
use crate::{Doubt, Event, Goal, Job, JobId, OnAmbiguous, Phase, Verdict, owner};

impl Mind {
    pub(crate) fn listed(
        &mut self,
        result: Result<Vec<JobSnapshot>, BackendError>,
        now: Duration,
        out: &mut Reaction,
    ) {
        let Some((begun, complete)) = self.listing.take() else { return };
        let jobs = match result {
            Ok(jobs) => jobs,
            Err(error) => {
                // A list that failed says nothing: nobody is absent because of it.
                self.settle.values_mut().for_each(|settle| settle.failed(now));
                let may_pass =
                    matches!(error.kind(), ErrorKind::Transient { .. } | ErrorKind::Quota { .. });
                if !may_pass && self.state.reached(Goal::Fetched) {
                    // A service that cannot list keeps no results from the user.
                    self.swept_end = true;
                }
                let hold = next_hold(self.list_trouble, &error, now);
                self.list_trouble = Some(hold);
                self.trouble(error, hold, now, out);
                return;
            }
        };
        self.list_trouble = None;
        for job in &jobs {
            self.hint(job);
        }
        self.hint_absent(&jobs);
        if !complete {
            return;
        }
        // What is adopted from this list is swept after the next one, which knows of it.
        let sweep = std::mem::take(&mut self.sweep_due);
        self.settle_doubts(&jobs, begun, out);
        if sweep {
            self.sweep(&jobs, out);
            self.swept_end = out.events.is_empty() && self.state.reached(self.policy.goal);
        }
    }

    /// A list is a hint only: the end of a job is read from a look at that job.
    fn hint(&mut self, seen: &JobSnapshot) {
        let waiting = self
            .state
            .jobs()
            .find(|job| matches!(&job.phase, Phase::Waiting(name) if *name == seen.name))
            .map(|job| job.id);
        if let Some(id) = waiting {
            let watch = self.watch.entry(id).or_default();
            watch.missing = None;
            watch.hinted |= seen.ended();
            watch.age = seen
                .created
                .zip(seen.observed)
                .and_then(|(created, observed)| observed.duration_since(created).ok());
        }
    }

    /// A job we wait for that the list does not show is looked at by its name.
    fn hint_absent(&mut self, listed: &[JobSnapshot]) {
        for job in self.state.jobs() {
            if let Phase::Waiting(name) = &job.phase
                && listed.iter().all(|seen| seen.name != *name)
            {
                self.watch.entry(job.id).or_default().hinted = true;
            }
        }
    }

    fn settle_doubts(&mut self, listed: &[JobSnapshot], begun: Duration, out: &mut Reaction) {
        let doubtful: Vec<Job> = self
            .state
            .jobs()
            .filter(|job| matches!(job.phase, Phase::Doubtful(_)))
            .cloned()
            .collect();
        for job in doubtful {
            let ours: Vec<&JobSnapshot> = self.of_job(job.id, listed).collect();
            let (fitting, odd): (Vec<_>, Vec<_>) =
                ours.into_iter().partition(|seen| self.fits(&job, seen));
            if let Some(first) = survivor(&fitting) {
                self.settle.remove(&job.id);
                out.events.push(Event::Created {
                    job: job.id,
                    name: first.name.clone(),
                    adopted: true,
                    created: first.created,
                });
                // Others of the same work, if there are any, are for the sweep.
                self.sweep_due |= fitting.len() > 1;
            } else if let Some(stranger) = odd.first() {
                self.settle.remove(&job.id);
                out.events.push(Event::Quarantined {
                    job: job.id,
                    name: Some(stranger.name.clone()),
                    reason: "it carries this job's mark but another model or input".to_owned(),
                });
            } else if self.settle.get_mut(&job.id).is_some_and(|settle| settle.absent(begun)) {
                self.settle.remove(&job.id);
                out.events.push(self.settled(&job));
            }
        }
    }

    fn settled(&self, job: &Job) -> Event {
        let unanswered = job.phase == Phase::Doubtful(Doubt::Unanswered);
        if unanswered && self.policy.on_ambiguous == OnAmbiguous::Stop {
            let reason = "its creation was never answered and no such job is listed".to_owned();
            Event::Quarantined { job: job.id, name: None, reason }
        } else {
            Event::Settled { job: job.id }
        }
    }

    fn of_job<'s>(
        &self,
        id: JobId,
        listed: &'s [JobSnapshot],
    ) -> impl Iterator<Item = &'s JobSnapshot> + use<'s> {
        let tag = self.plan.tag.clone();
        listed.iter().filter(move |seen| {
            seen.token.as_ref().and_then(|token| owner(token, &tag)).is_some_and(|o| o.0 == id)
        })
    }

    fn fits(&self, job: &Job, seen: &JobSnapshot) -> bool {
        let model = self.plan.model(job.id);
        seen.model.as_ref().is_none_or(|seen| Some(seen) == model)
            && seen.input.as_ref().is_none_or(|input| job.inputs.contains(input))
    }

    /// Finds second jobs for the same work. Which one stays is decided by what the service says
    /// alone, so that two copies of a run choose the same one. One that has ended is told of too:
    /// it was paid for.
    fn sweep(&mut self, listed: &[JobSnapshot], out: &mut Reaction) {
        let known: Vec<Job> = self.state.jobs().filter(|job| job.attempts > 0).cloned().collect();
        for job in known {
            let ours: Vec<&JobSnapshot> = self.of_job(job.id, listed).collect();
            let live: Vec<&JobSnapshot> =
                ours.iter().copied().filter(|seen| !seen.ended()).collect();
            let kept = match &job.phase {
                Phase::Waiting(name) if live.iter().any(|seen| seen.name == *name) => {
                    survivor(&live)
                }
                // The service said no, and made it all the same.
                Phase::Over(Verdict::Refused(_)) => survivor(&live),
                Phase::Planned | Phase::Intended | Phase::Doubtful(_) => continue,
                _ => None,
            };
            let kept = kept.filter(|seen| self.fits(&job, seen));
            if let Some(seen) = kept.filter(|seen| job.name.as_ref() != Some(&seen.name)) {
                let (name, created) = (seen.name.clone(), seen.created);
                out.events.push(Event::Created { job: job.id, name, adopted: true, created });
            }
            let stays = kept.map(|seen| &seen.name).or(job.name.as_ref());
            for extra in ours.iter().filter(|seen| Some(&seen.name) != stays) {
                self.extra(&job, extra, out);
            }
        }
    }

    fn extra(&mut self, job: &Job, extra: &JobSnapshot, out: &mut Reaction) {
        if let Phase::Over(Verdict::Quarantined { name: Some(name), .. }) = &job.phase
            && *name == extra.name
        {
            return;
        }
        if !job.extras.contains(&extra.name) {
            out.events.push(Event::ExtraFound { job: job.id, name: extra.name.clone() });
        }
        if !extra.ended() && !self.cancelled.contains(&extra.name) {
            self.cancels.insert(extra.name.clone(), job.id);
        }
    }
}

/// Of several jobs for the same work the one that stays: the oldest, then the first by name.
fn survivor<'s>(jobs: &[&'s JobSnapshot]) -> Option<&'s JobSnapshot> {
    jobs.iter().copied().min_by(|a, b| (a.created, &a.name).cmp(&(b.created, &b.name)))
}
