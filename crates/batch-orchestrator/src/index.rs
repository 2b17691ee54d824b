//! Which jobs are where: kept beside the jobs, so that no step has to look at all of them.

use std::collections::{BTreeMap, BTreeSet};

use batch_backend::JobName;

use crate::{InputId, Job, JobId, Ledger, Phase};

/// What can be told of all jobs without looking at each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Index {
    /// Not created yet, by model: each model's queue.
    pub(crate) planned: BTreeMap<u32, BTreeSet<JobId>>,
    pub(crate) intended: BTreeSet<JobId>,
    pub(crate) doubtful: BTreeSet<JobId>,
    pub(crate) waiting: BTreeMap<JobName, JobId>,
    /// Those of them that are asked to stop.
    pub(crate) stopping: BTreeSet<JobId>,
    pub(crate) fetching: BTreeSet<JobId>,
    /// Stuck, cut short, over, and with rows to be sent again.
    pub(crate) to_split: BTreeSet<JobId>,
    /// Live jobs and their tokens, by model.
    pub(crate) live: BTreeMap<u32, (usize, u64)>,
    pub(crate) over: usize,
    /// Jobs that were ever about to be created.
    pub(crate) attempted: usize,
    pub(crate) ledger: Ledger,
    /// Jobs that still have to be created, by input.
    wanted: BTreeMap<InputId, usize>,
    stored: BTreeSet<InputId>,
    /// Inputs that are wanted and do not lie at the service.
    pub(crate) unstored: BTreeSet<InputId>,
}

impl Index {
    /// Takes a job as it now is.
    pub(crate) fn add(&mut self, job: &Job) {
        let id = job.id;
        match &job.phase {
            Phase::Planned => {
                self.planned.entry(id.model).or_default().insert(id);
                *self.wanted.entry(id.input).or_default() += 1;
                self.refresh(id.input);
            }
            Phase::Intended => drop(self.intended.insert(id)),
            Phase::Doubtful(_) => drop(self.doubtful.insert(id)),
            Phase::Waiting(name) => {
                self.waiting.insert(name.clone(), id);
                if job.cancel_requested {
                    self.stopping.insert(id);
                }
            }
            Phase::Fetching { .. } => drop(self.fetching.insert(id)),
            Phase::Over(_) => self.over += 1,
        }
        if job.is_live() {
            let (jobs, tokens) = self.live.entry(id.model).or_default();
            *jobs += 1;
            *tokens = tokens.saturating_add(job.load.tokens);
        }
        if job.is_to_split() {
            self.to_split.insert(id);
        }
        self.attempted += usize::from(job.attempts > 0);
        let commitment = job.commitment();
        self.ledger.add(Some(commitment.committed));
        self.ledger.unknown += commitment.unknown;
    }

    /// Forgets a job as it was when it was added.
    pub(crate) fn remove(&mut self, job: &Job) {
        let id = job.id;
        match &job.phase {
            Phase::Planned => {
                if let Some(queue) = self.planned.get_mut(&id.model) {
                    queue.remove(&id);
                    if queue.is_empty() {
                        self.planned.remove(&id.model);
                    }
                }
                if let Some(jobs) = self.wanted.get_mut(&id.input) {
                    *jobs -= 1;
                    if *jobs == 0 {
                        self.wanted.remove(&id.input);
                    }
                }
                self.refresh(id.input);
            }
            Phase::Intended => drop(self.intended.remove(&id)),
            Phase::Doubtful(_) => drop(self.doubtful.remove(&id)),
            Phase::Waiting(name) => {
                self.waiting.remove(name);
                self.stopping.remove(&id);
            }
            Phase::Fetching { .. } => drop(self.fetching.remove(&id)),
            Phase::Over(_) => self.over -= 1,
        }
        if job.is_live()
            && let Some((jobs, tokens)) = self.live.get_mut(&id.model)
        {
            *jobs -= 1;
            *tokens = tokens.saturating_sub(job.load.tokens);
            if *jobs == 0 {
                self.live.remove(&id.model);
            }
        }
        self.to_split.remove(&id);
        self.attempted -= usize::from(job.attempts > 0);
        let commitment = job.commitment();
        self.ledger.take_back(Some(commitment.committed));
        self.ledger.unknown -= commitment.unknown;
    }

    /// Notes whether an input lies at the service.
    pub(crate) fn set_stored(&mut self, input: InputId, stored: bool) {
        if stored {
            self.stored.insert(input);
        } else {
            self.stored.remove(&input);
        }
        self.refresh(input);
    }

    /// Whether some job still has to be created from this input.
    pub(crate) fn is_wanted(&self, input: InputId) -> bool {
        self.wanted.contains_key(&input)
    }

    /// Jobs that exist at the service, or may.
    pub(crate) fn live_jobs(&self) -> usize {
        self.intended.len() + self.doubtful.len() + self.waiting.len()
    }

    fn refresh(&mut self, input: InputId) {
        if self.is_wanted(input) && !self.stored.contains(&input) {
            self.unstored.insert(input);
        } else {
            self.unstored.remove(&input);
        }
    }
}
