//! Rows that are sent again: who has a claim to them, and that nobody pays for them twice.

use std::collections::BTreeSet;

use super::{InputPhase, RunState, illegal};
use crate::job::SPLITS;
use crate::{Attempt, Event, IllegalEvent, Job, JobId, NewInput, Phase, Verdict, Why};

impl RunState {
    /// Takes an attempt whole or not at all.
    pub(super) fn attempted(
        &mut self,
        attempt: &Attempt,
        event: &Event,
    ) -> Result<(), IllegalEvent> {
        if let Err(what) = self.may_attempt(attempt) {
            let subject = attempt.of.first().map_or("the run".to_owned(), |id| format!("job {id}"));
            return Err(illegal(subject, event, what));
        }
        let split = attempt.why == Why::Split;
        let of = || attempt.of.iter().filter_map(|id| self.job(*id));
        let round = of().map(|job| job.round).max().unwrap_or(0) + u32::from(!split);
        let splits = of().map(|job| job.splits + 1).filter(|_| split).max().unwrap_or(0);
        for (job, input) in attempt.jobs().zip(&attempt.inputs) {
            self.inputs.insert(input.id, InputPhase::Planned);
            self.added.insert(input.id, *input);
            let mut job = Job::new(job).with_load(input.load);
            (job.round, job.splits, job.rows) = (round, splits, Some(input.rows));
            self.insert(job);
        }
        for id in &attempt.of {
            self.heirs.entry(*id).or_default().extend(attempt.jobs());
            if let Some(job) = self.jobs.get_mut(id)
                && (split || job.is_to_split())
            {
                // Whatever its missing rows are sent again for, they are seen to.
                self.index.remove(job);
                job.split = true;
                self.index.add(job);
            }
        }
        self.attempts.push(attempt.clone());
        Ok(())
    }

    /// Why an attempt cannot be taken: rows must not be at the service twice, nor names be reused.
    fn may_attempt(&self, attempt: &Attempt) -> Result<(), String> {
        let cell = |id: &JobId| (id.input.variant, id.model);
        let Some(first) = attempt.of.first() else {
            return Err("without any job whose rows these are".to_owned());
        };
        for id in &attempt.of {
            let Some(job) = self.job(*id) else { return Err(format!("{id} not in the plan")) };
            let free = if attempt.why == Why::Asked { Job::is_done_with } else { Job::is_settled };
            if let Some(job) = self.holds(job, free) {
                let over = if job.is_over() { ", but not for good" } else { "" };
                return Err(format!("{}{over}, of job {}", job.phase.name(), job.id));
            }
            if cell(id) != cell(first) {
                return Err(format!("of another model or variant than {first}"));
            }
            if attempt.why == Why::Split && job.split {
                return Err("split before".to_owned());
            }
            if attempt.why == Why::Split && job.splits >= SPLITS {
                return Err("split often enough".to_owned());
            }
        }
        let mut next = self.next_shard();
        for NewInput { id, .. } in &attempt.inputs {
            if id.shard < next || id.variant != first.input.variant {
                return Err(format!("with the input {id}, which is none of its own"));
            }
            next = id.shard + 1;
        }
        Ok(())
    }

    /// Whether the rows of a job are sent again and that is not over.
    pub fn is_under_way_again(&self, job: JobId) -> bool {
        self.descendants(job).any(|heir| !heir.is_over())
    }

    /// Whether rows of a job were put into other jobs.
    pub fn was_sent_again(&self, job: JobId) -> bool {
        self.heirs.get(&job).is_some_and(|heirs| !heirs.is_empty())
    }

    /// Whether an [`Attempt`] may name this job: it was at the service or was refused there, it is
    /// over, and it is not to come back by itself, nor is any job that had its rows since.
    ///
    /// Not so where the budget may bear it later, its results may still be fetched, it waits for a
    /// person or was given up by one, or was called off before it was sent: its rows might then be
    /// paid for twice, or against somebody's word.
    pub fn may_send_again(&self, job: &Job) -> bool {
        self.holds(job, Job::is_settled).is_none()
    }

    /// The same for an attempt that a person asked for: it may also name jobs that were called off
    /// before they were sent, or given up.
    pub fn may_send_if_asked(&self, job: &Job) -> bool {
        self.holds(job, Job::is_done_with).is_none()
    }

    /// The job that still has a claim to this one's rows, if one does; `free` tells those that have
    /// none.
    fn holds<'s>(&'s self, job: &'s Job, free: fn(&Job) -> bool) -> Option<&'s Job> {
        // A heir that was called off before it was sent is nothing to anybody.
        let idle = |heir: &&Job| heir.phase != Phase::Over(Verdict::NeverSent);
        let heirs = self.descendants(job.id).filter(idle);
        std::iter::once(job).chain(heirs).find(|job| !free(job))
    }

    /// All jobs that had rows of this one after it.
    fn descendants(&self, job: JobId) -> impl Iterator<Item = &Job> {
        let (mut found, mut next) = (BTreeSet::new(), vec![job]);
        while let Some(job) = next.pop() {
            let heirs = self.heirs.get(&job).into_iter().flatten();
            next.extend(heirs.filter(|heir| found.insert(**heir)));
        }
        found.into_iter().filter_map(|heir| self.job(heir))
    }

    /// Whether the event would bring a job back to the service whose rows other jobs have now.
    /// Fetching its results again is another matter: that costs nothing.
    pub(super) fn would_revive(&self, id: JobId, event: &Event) -> bool {
        let back = match event {
            Event::Created { .. } | Event::Adopted { .. } => true,
            Event::Reopened { .. } => self.job(id).is_some_and(|job| {
                let had = |verdict: &Verdict| {
                    matches!(verdict, Verdict::Results { .. } | Verdict::ResultsLost { .. })
                };
                !matches!(&job.phase, Phase::Over(verdict) if had(verdict))
            }),
            _ => false,
        };
        back && self.was_sent_again(id)
    }
}
