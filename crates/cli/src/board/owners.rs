//! Which run of this machine owns what carries our mark.

use std::collections::BTreeMap;

use batch_backend::JobName;
use batch_orchestrator::{Goal, Job, JobId, RunState};
use run_store::{Listed, RunFolder, Runs};

use crate::context::store;
use crate::exit::Outcome;
use crate::grading;

/// The runs here, by the mark in the names of their jobs and files.
#[derive(Debug, Default)]
pub(super) struct Owners {
    by_tag: BTreeMap<String, Run>,
    /// Folders that could not be read: what they own cannot be told from orphans.
    pub(super) unread: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Run {
    pub(super) name: String,
    /// Whether it has all results that it will get.
    pub(super) done: bool,
    jobs: BTreeMap<JobId, Priced>,
}

/// What a job of a run costs, in millionths of a dollar.
#[derive(Debug, Clone, Default)]
pub(super) struct Priced {
    /// Its name at the service; what else carries its mark is a second job for the same work.
    name: Option<JobName>,
    /// At most, by the forecast.
    pub(super) forecast: Option<u64>,
    /// By what its results state.
    pub(super) spent: Option<u64>,
}

/// Whose something is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Owner<'a> {
    /// A run here, and which part of it.
    Run(&'a Run, &'a str),
    /// Made by this program, for a run that is not here.
    Orphan,
    /// Not made by this program.
    Stranger,
}

impl Owners {
    /// Reads every run in the folder of runs.
    pub(super) fn read(runs: &Runs) -> Outcome<Self> {
        let mut owners = Self::default();
        for listed in runs.list().map_err(|error| store(&error))? {
            match listed {
                Listed::Run(folder) => {
                    let tag = folder.manifest().tag.as_str().to_owned();
                    let name = folder.manifest().name.as_str().to_owned();
                    match grading::of_run(&folder) {
                        Ok(rounds) => owners.add_judges(&name, &rounds),
                        Err(_) => owners.unread.push(folder.paths().root().display().to_string()),
                    }
                    owners.by_tag.insert(tag, Run::of(name, &folder));
                }
                Listed::Unreadable(path, _) => owners.unread.push(path.display().to_string()),
                // Nothing is sent before a run is made.
                _ => {}
            }
        }
        Ok(owners)
    }

    /// Adds what was made to ask the judges of a run.
    fn add_judges(&mut self, run: &str, rounds: &[RunFolder]) {
        for round in rounds {
            let name = format!("{run} judge");
            let run = Run::of(name, round);
            self.by_tag.insert(round.manifest().tag.as_str().to_owned(), run);
        }
    }

    /// Whose a name of a job or a label of a file is.
    pub(super) fn of<'a>(&'a self, label: Option<&'a str>) -> Owner<'a> {
        let Some((tag, part)) = label.and_then(mark) else { return Owner::Stranger };
        self.by_tag.get(tag).map_or(Owner::Orphan, |run| Owner::Run(run, part))
    }
}

impl Run {
    /// A run whose journal cannot be read is not done: what it owns stays.
    fn of(name: String, folder: &RunFolder) -> Self {
        let state = || {
            let plan = folder.plan().ok()?;
            let replay = folder.replay().ok()?;
            RunState::replay(&plan, replay.events()).ok()
        };
        let Some(state) = state() else { return Self { name, done: false, jobs: BTreeMap::new() } };
        let priced = |job: &Job| {
            let (name, forecast) = (job.name.clone(), job.load.cost);
            (job.id, Priced { name, forecast, spent: job.spent })
        };
        let jobs = state.jobs().map(priced).collect();
        Self { name, done: state.reached(Goal::Fetched), jobs }
    }
}

/// The run's tag and the part of the run in `be1.TAG.PART`.
pub(super) fn mark(label: &str) -> Option<(&str, &str)> {
    label.strip_prefix("be1.")?.split_once('.')
}

impl Owner<'_> {
    /// The run and its part for people.
    pub(super) fn text(self) -> String {
        match self {
            Self::Run(run, part) => format!("{} {}", run.name, eval_report::sanitize(part)),
            Self::Orphan => "(a run that is not here)".to_owned(),
            Self::Stranger => "-".to_owned(),
        }
    }

    /// What a job of this name costs; nothing is known where no run here owns it.
    pub(super) fn price(self, job: &JobName) -> Priced {
        let Self::Run(run, part) = self else { return Priced::default() };
        let id = part.split_once(".a").and_then(|(id, _)| JobId::parse(id));
        let priced = id.and_then(|id| run.jobs.get(&id)).cloned().unwrap_or_default();
        let spent = priced.spent.filter(|_| priced.name.as_ref() == Some(job));
        Priced { spent, ..priced }
    }

    /// The run's name, for programs.
    pub(super) fn run(self) -> Option<String> {
        match self {
            Self::Run(run, _) => Some(run.name.clone()),
            Self::Orphan | Self::Stranger => None,
        }
    }

    /// Whether this program made it.
    pub(super) fn is_ours(self) -> bool {
        !matches!(self, Self::Stranger)
    }
}

#[cfg(test)]
impl Owners {
    pub(super) fn with(runs: &[(&str, &str, bool)]) -> Self {
        let run = |(tag, name, done): &(&str, &str, bool)| {
            (
                (*tag).to_owned(),
                Run { name: (*name).to_owned(), done: *done, jobs: BTreeMap::new() },
            )
        };
        Self { by_tag: runs.iter().map(run).collect(), unread: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_tell_whose_it_is() {
        let owners = Owners::with(&[("abc", "friday", true)]);
        let text = |label| owners.of(label).text();
        assert_eq!(text(Some("be1.abc.s0001.v0.m0.a1.00ff00ff")), "friday s0001.v0.m0.a1.00ff00ff");
        assert_eq!(text(Some("be1.other.s0001.v0")), "(a run that is not here)");
        for stranger in [None, Some("my-job"), Some("be1."), Some("be2.abc.s0001.v0")] {
            assert_eq!(text(stranger), "-", "{stranger:?}");
        }
    }
}
