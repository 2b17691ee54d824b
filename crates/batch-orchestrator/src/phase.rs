//! Where a job stands, and what became of it: plain words without rules.

use batch_backend::{JobName, OutputName};

use crate::{Doubt, Ending, StoredResult};

/// Where a job stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// Nothing has been sent.
    Planned,
    /// The request to create it may be under way.
    Intended,
    /// It may exist or not; lists will tell.
    Doubtful(Doubt),
    /// It exists and is not known to be over.
    Waiting(JobName),
    /// It is over and its results are to be fetched.
    Fetching {
        /// How it ended.
        ending: Ending,
        /// What to fetch.
        output: OutputName,
    },
    /// Nothing more will happen.
    Over(Verdict),
}

/// What became of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Results are stored.
    Results {
        /// How the job ended.
        ending: Ending,
        /// What is stored.
        result: StoredResult,
    },
    /// It ended without any results.
    NoResults(Ending),
    /// It had results and they cannot be had.
    ResultsLost {
        /// How the job ended.
        ending: Ending,
        /// Why they cannot be had.
        reason: String,
    },
    /// The service would not create it.
    Refused(String),
    /// A person has to decide.
    Quarantined {
        /// What was found.
        name: Option<JobName>,
        /// What is wrong.
        reason: String,
    },
    /// A person decided that it is not created again; it may exist all the same.
    Abandoned {
        /// What had been found, if something had.
        name: Option<JobName>,
    },
    /// It was never created because the budget would not bear it.
    NotAfforded {
        /// The budget of that moment, in millionths of a dollar.
        budget: u64,
    },
    /// It was stopped before it was ever sent.
    NeverSent,
}

impl Phase {
    /// The phase in one lower-case word, for messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Intended => "intended",
            Self::Doubtful(_) => "doubtful",
            Self::Waiting(_) => "waiting",
            Self::Fetching { .. } => "fetching",
            Self::Over(_) => "over",
        }
    }
}
