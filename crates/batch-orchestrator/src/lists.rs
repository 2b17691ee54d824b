//! Understands lists: which doubtful jobs exist, which jobs have ended, which exist twice.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use batch_backend::{BackendError, ErrorKind, JobName, JobSnapshot, JobToken};

use crate::mind::Mind;
use crate::observe::{Listing, Reaction, next_hold};
use crate::{Doubt, Event, Goal, InputPhase, Job, JobId, OnAmbiguous, Phase, Verdict, owner};

impl Mind {
    pub(crate) fn listed(
        &mut self,
        result: Result<Listing, BackendError>,
        now: Duration,
        out: &mut Reaction,
    ) {
        let Some((begun, complete)) = self.listing.take() else { return };
        let Listing { jobs, foreign_live, whole } = match result {
            Ok(listing) => listing,
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
        // A list that did not go to the end has not seen them all.
        self.foreign_live = if whole { foreign_live } else { self.foreign_live.max(foreign_live) };
        for seen in &jobs {
            self.hint(seen, now, out);
        }
        self.hint_absent(&jobs);
        if !complete {
            return;
        }
        self.looked = true;
        // What is adopted from this list is swept after the next one, which knows of it.
        let sweep = std::mem::take(&mut self.sweep_due);
        self.settle_doubts(&jobs, (begun, now), out);
        if sweep {
            self.sweep(&jobs, out);
            self.swept_end = out.events.is_empty() && self.state.reached(self.policy.goal);
        }
    }

    /// A list is a hint only: the end of a job is read from a look at that job.
    fn hint(&mut self, seen: &JobSnapshot, now: Duration, out: &mut Reaction) {
        let Some(id) = self.state.waits_for(&seen.name).map(|job| job.id) else { return };
        let watch = self.watch.entry(id).or_default();
        watch.missing = None;
        watch.age = seen
            .created
            .zip(seen.observed)
            .and_then(|(created, observed)| observed.duration_since(created).ok());
        if seen.ended() {
            self.hinted.insert(id);
        } else {
            self.seen_alive(id, seen, now, out);
        }
    }

    /// A job we wait for that the list does not show is looked at by its name.
    fn hint_absent(&mut self, listed: &[JobSnapshot]) {
        let shown: BTreeSet<&JobName> = listed.iter().map(|seen| &seen.name).collect();
        for (name, job) in &self.state.index().waiting {
            if !shown.contains(name) {
                self.hinted.insert(*job);
            }
        }
    }

    /// Looks for second jobs once more when whatever may still become of a creation in doubt has.
    pub(crate) fn sweep_later(&mut self, now: Duration) {
        let at = now + self.policy.settle;
        self.sweep_at = Some(self.sweep_at.map_or(at, |due| due.min(at)));
    }

    fn settle_doubts(
        &mut self,
        listed: &[JobSnapshot],
        (begun, now): (Duration, Duration),
        out: &mut Reaction,
    ) {
        let doubtful: Vec<Job> = {
            let ids = self.state.index().doubtful.iter();
            ids.filter_map(|id| self.state.job(*id)).cloned().collect()
        };
        let by_job = self.by_job(listed);
        let (unproven, forgotten): (Vec<_>, Vec<_>) =
            self.forgotten(&by_job).into_iter().partition(|job| self.is_unproven(job));
        self.unproven = unproven.into_iter().map(|job| job.id).collect();
        for job in &forgotten {
            if job.is_over() {
                out.events.push(Event::Reopened { job: job.id });
            }
            let reason = "there is a job with its mark that the journal does not tell of";
            let (doubt, reason) = (Doubt::Unanswered, reason.to_owned());
            out.events.push(Event::Doubted { job: job.id, doubt, reason });
        }
        for job in doubtful.into_iter().chain(forgotten) {
            let ours = by_job.get(&job.id).cloned().unwrap_or_default();
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
                self.sweep_later(now);
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

    /// Jobs that were never created by what the journal tells, and are there: it lost lines, or the service was
    /// slower than the settle time.
    fn forgotten(&self, by_job: &BTreeMap<JobId, Vec<&JobSnapshot>>) -> Vec<Job> {
        let listed = by_job.iter().filter_map(|(id, ours)| Some((self.state.job(*id)?, ours)));
        let forgotten = listed.filter(|(job, ours)| self.is_forgotten(job, ours));
        forgotten.map(|(job, _)| job.clone()).collect()
    }

    fn is_forgotten(&self, job: &Job, ours: &[&JobSnapshot]) -> bool {
        match &job.phase {
            Phase::Planned => true,
            // A session with more money made it. An attempt that the journal tells of, and that was held not to
            // exist, is one too many.
            Phase::Over(Verdict::NotAfforded { .. }) => {
                ours.iter().any(|seen| self.is_untold(job, seen))
            }
            _ => false,
        }
    }

    /// Whether it is of an attempt that the journal does not tell of.
    fn is_untold(&self, job: &Job, seen: &JobSnapshot) -> bool {
        let owner = seen.token.as_ref().and_then(|token| owner(token, &self.plan.tag));
        owner.is_some_and(|(_, attempt)| attempt > job.attempts)
    }

    /// Whether a job that carries its mark may be of other rows: the journal may have lost an attempt whose
    /// inputs had the same numbers. It is told once the input is stored.
    fn is_unproven(&self, job: &Job) -> bool {
        self.state.added(job.id.input).is_some() && self.mark(job, 1).is_none()
    }

    /// Whether a list has to say, now that its input is stored, whether a job is the one that was seen.
    pub(crate) fn is_provable(&self) -> bool {
        let jobs = self.unproven.iter().filter_map(|id| self.state.job(*id));
        jobs.filter(|job| job.phase == Phase::Planned).any(|job| !self.is_unproven(job))
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

    /// Listed jobs by the job of the plan whose mark they carry.
    fn by_job<'s>(&self, listed: &'s [JobSnapshot]) -> BTreeMap<JobId, Vec<&'s JobSnapshot>> {
        let mut by_job: BTreeMap<JobId, Vec<&JobSnapshot>> = BTreeMap::new();
        for seen in listed {
            let owner = seen.token.as_ref().and_then(|token| owner(token, &self.plan.tag));
            // What a person gave to another job is that one's.
            let taken = |job: JobId| self.state.waits_for(&seen.name).is_some_and(|w| w.id != job);
            if let Some((job, _)) = owner.filter(|(job, _)| !taken(*job)) {
                by_job.entry(job).or_default().push(seen);
            }
        }
        by_job
    }

    fn fits(&self, job: &Job, seen: &JobSnapshot) -> bool {
        let model = self.plan.model(job.id);
        let of_input = seen.input.as_ref().is_none_or(|input| {
            // A mended journal does not know the input; the mark is bound to its bytes.
            job.inputs.is_empty() || job.inputs.contains(input)
        });
        let of_bytes = match self.has_bytes_of(job, seen) {
            // The name of an attempt's input is lost with its line.
            Some(true) => of_input || self.is_untold(job, seen),
            Some(false) => false,
            None => of_input,
        };
        of_bytes && seen.model.as_ref().is_none_or(|seen| Some(seen) == model)
    }

    /// Whether the mark is bound to the bytes that the job has, if those are known.
    fn has_bytes_of(&self, job: &Job, seen: &JobSnapshot) -> Option<bool> {
        let (_, attempt) = seen.token.as_ref().and_then(|token| owner(token, &self.plan.tag))?;
        self.mark(job, attempt).map(|mark| seen.token == Some(mark))
    }

    /// The mark of an attempt at a job, if its bytes are known.
    fn mark(&self, job: &Job, attempt: u32) -> Option<JobToken> {
        let tag = &self.plan.tag;
        match self.state.input(job.id.input) {
            Some(InputPhase::Stored(stored)) => {
                let model = self.plan.model(job.id)?;
                Some(job.id.token(tag, attempt, &stored.sha256, model))
            }
            _ => job.id.token_like(tag, attempt, job.token.as_ref()?),
        }
    }

    /// Finds second jobs for the same work. Which one stays is decided by what the service says
    /// alone, so that two copies of a run choose the same one. One that has ended is told of too:
    /// it was paid for.
    fn sweep(&mut self, listed: &[JobSnapshot], out: &mut Reaction) {
        for (id, ours) in self.by_job(listed) {
            let Some(job) = self.state.job(id).cloned() else {
                continue;
            };
            let live: Vec<&JobSnapshot> =
                ours.iter().copied().filter(|seen| !seen.ended()).collect();
            if self.is_forgotten(&job, &ours) {
                continue;
            }
            let kept = match &job.phase {
                Phase::Waiting(name) if live.iter().any(|seen| seen.name == *name) => {
                    survivor(&live)
                }
                // The service said no, and made it all the same.
                Phase::Over(Verdict::Refused(_)) if !self.state.was_sent_again(id) => {
                    survivor(&live)
                }
                Phase::Intended | Phase::Doubtful(_) => continue,
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
        if let Phase::Over(
            Verdict::Quarantined { name: Some(name), .. } | Verdict::Abandoned { name: Some(name) },
        ) = &job.phase
            && *name == extra.name
        {
            return;
        }
        if !job.extras.contains(&extra.name) {
            out.events.push(Event::ExtraFound { job: job.id, name: extra.name.clone() });
        }
        if !extra.ended() && !self.cancelled.contains_key(&extra.name) {
            self.cancels.insert(extra.name.clone(), job.id);
        }
    }
}

/// Of several jobs for the same work the one that stays: the oldest, then the first by name.
fn survivor<'s>(jobs: &[&'s JobSnapshot]) -> Option<&'s JobSnapshot> {
    jobs.iter().copied().min_by(|a, b| (a.created, &a.name).cmp(&(b.created, &b.name)))
}
