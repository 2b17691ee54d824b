//! The table of jobs, by id and by age, so that a page of their list costs no more than its length.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::clock::Stamp;
use crate::record::JobRecord;

/// Where a job stands in the list. Jobs of one moment, as a clock that stands still makes them,
/// keep the order of their creation.
pub(crate) type Age = (Stamp, u64);

pub(crate) fn age(job: &JobRecord) -> Age {
    (job.created, job.index)
}

/// All jobs; deleted ones stay as marks, so that creates can be counted.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    by_id: BTreeMap<String, JobRecord>,
    by_age: BTreeMap<Age, String>,
    next_index: u64,
}

impl Jobs {
    pub(crate) fn insert(&mut self, job: JobRecord) {
        self.next_index = self.next_index.max(job.index + 1);
        // An age never changes: what is written again stays where it is.
        self.by_age.insert(age(&job), job.id.clone());
        self.by_id.insert(job.id.clone(), job);
    }

    pub(crate) fn get(&self, id: &str) -> Option<&JobRecord> {
        self.by_id.get(id)
    }

    pub(crate) fn contains(&self, id: &str) -> bool {
        self.by_id.contains_key(id)
    }

    /// In no order that means anything.
    pub(crate) fn all(&self) -> impl Iterator<Item = &JobRecord> {
        self.by_id.values()
    }

    /// The index of the next job: its place among all ever created.
    pub(crate) fn next_index(&self) -> u64 {
        self.next_index
    }

    /// Newest first, those older than `after`; all when that is nothing.
    pub(crate) fn newest_first(&self, after: Option<Age>) -> impl Iterator<Item = &JobRecord> {
        let end = after.map_or(Bound::Unbounded, Bound::Excluded);
        let older = self.by_age.range((Bound::Unbounded, end));
        older.rev().filter_map(|(_, id)| self.by_id.get(id))
    }
}

impl FromIterator<JobRecord> for Jobs {
    fn from_iter<I: IntoIterator<Item = JobRecord>>(records: I) -> Self {
        let mut jobs = Self::default();
        records.into_iter().for_each(|job| jobs.insert(job));
        jobs
    }
}
