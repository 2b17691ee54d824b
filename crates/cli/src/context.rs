//! What every command is given: the user, the clock, the signals, the runs, the scorers.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::SystemTime;

use batch_orchestrator::Clock as _;
use run_store::{RunFolder, Runs, Session, StoreError, StoreErrorKind};
use scoring::{Registry, Scorer};

use crate::config::Config;
use crate::exit::{Exit, Failure, Outcome};
use crate::grading::Desk;
use crate::judge::Judging;
use crate::meant;
use crate::money::Tariff;
use crate::plugins::{self, Origin};
use crate::stop::Stop;
use crate::time::SystemClock;
use crate::ui::Ui;

/// The scorer of a run that names none: the notebook's rule.
pub(crate) const DEFAULT_SCORER: &str = "function-call";

/// The wiring of one call of the program.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) ui: Ui,
    pub(crate) clock: SystemClock,
    pub(crate) stop: Stop,
    pub(crate) runs: Runs,
    pub(crate) registry: Registry,
    /// The prices that the registry's scorers see.
    pub(crate) tariff: Tariff,
    /// The settings file; empty where there is none.
    pub(crate) config: Config,
    /// What the flags say of conclusions.
    /// Where the settings come from that are no flags.
    pub(crate) settings: PathBuf,
    pub(crate) judging: Judging,
    /// The judges among the scorers that were last built.
    pub(crate) desk: Desk,
    /// Whether programs are started that only a run folder names.
    pub(crate) trust_plugins: bool,
    /// Whether runs are worked on also where the file system has no locks.
    pub(crate) no_lock: bool,
    /// Expected values in place of those that the run was made with.
    pub(crate) expected: OnceLock<String>,
    /// Where the values come from that scorers look at, and the names of those scorers.
    pub(crate) held: OnceLock<(String, Vec<String>)>,
}

impl Context {
    /// Program and version, for manifests.
    pub(crate) fn program() -> String {
        format!("batch-eval {}", env!("CARGO_PKG_VERSION"))
    }

    pub(crate) fn session() -> Session {
        Session::here(Self::program())
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.clock.wall()
    }

    /// A random number: chance enters the program here.
    pub(crate) fn entropy() -> u64 {
        RandomState::new().build_hasher().finish()
    }

    /// Writes into a report which of its scorers hold answers against what.
    pub(crate) fn tell_held(&self, report: &mut eval_report::Report) {
        if let Some((from, scorers)) = self.held.get() {
            report.expected = Some(from.clone());
            report.expecting.clone_from(scorers);
        }
    }

    pub(crate) fn find(&self, run: Option<&str>) -> Outcome<RunFolder> {
        self.runs.find(run).map_err(|error| {
            let failure = store(&error);
            let near = run
                .filter(|_| error.kind() == StoreErrorKind::NotFound)
                .and_then(|name| meant::in_folder(self.runs.folder(), name));
            match near {
                // A hint that names the run is worth more than one that leads to the list.
                Some(near) => Failure {
                    next: Some(format!("did you mean {}?", eval_report::sanitize(&near))),
                    ..failure
                },
                None => failure,
            }
        })
    }

    /// Builds scorers from the texts that the user gave.
    pub(crate) fn scorers(&self, specs: &[String]) -> Outcome<Vec<Box<dyn Scorer>>> {
        self.scorers_from(specs, &Origin::default())
    }

    /// Builds scorers from their texts, wherever those come from.
    pub(crate) fn scorers_from(
        &self,
        specs: &[String],
        origin: &Origin,
    ) -> Outcome<Vec<Box<dyn Scorer>>> {
        self.desk.clear();
        let build = |spec: &String| {
            plugins::build(self.ui, &self.registry, &self.desk, spec, origin).map_err(|error| {
                let failure = Failure::usage(format!("bad scorer: {error}\n{}", error.caret()));
                match error.hint() {
                    Some(hint) => failure.next(hint),
                    // What is wrong within a scorer is not mended by the names of others.
                    None if !error.to_string().starts_with("unknown scorer") => {
                        match plugins::example(&self.registry, spec) {
                            Some(example) => failure.next(example),
                            None => failure,
                        }
                    }
                    None => failure.next(format!(
                        "scorers: {}; not(…), all(…) and any(…) combine them; your own: \
                         jq:EXPRESSION, python:FILE.py[:FUNCTION], exec:COMMAND; a model: \
                         judge:rubric(model=\"MODEL\", rubric=\"…\")",
                        self.scorer_names()
                    )),
                }
            })?
        };
        let scorers: Vec<_> = specs.iter().map(build).collect::<Outcome<_>>()?;
        for (at, scorer) in scorers.iter().enumerate() {
            if scorers[..at].iter().any(|earlier| earlier.name() == scorer.name()) {
                let failure = Failure::usage(format!("scorer {} is named twice", scorer.name()));
                return Err(if scorer.name().contains("judge:") {
                    failure.next("name=\"…\" within a judge gives it a name of its own")
                } else {
                    failure
                });
            }
        }
        Ok(scorers)
    }

    fn scorer_names(&self) -> String {
        self.registry.names().map(|(name, _)| name).collect::<Vec<_>>().join(", ")
    }
}

/// Runs, made also where the file system has no locks if `no_lock` says so.
pub(crate) fn lockable(runs: Runs, no_lock: bool) -> Runs {
    if no_lock { runs.lock_where_possible() } else { runs }
}

/// A line that could not be written to a run's journal, as a failure.
pub(crate) fn unwritten(error: &io::Error) -> Failure {
    let of_folder = error.get_ref().and_then(|inner| inner.downcast_ref::<StoreError>());
    match of_folder.filter(|found| found.kind() != StoreErrorKind::Io) {
        Some(found) => store(found),
        None => Failure::io("failed to write the journal", error),
    }
}

/// A trouble with a run folder, as a failure.
pub(crate) fn store(error: &StoreError) -> Failure {
    let exit = match error.kind() {
        StoreErrorKind::NotFound | StoreErrorKind::Exists => Exit::Usage,
        StoreErrorKind::Io => Exit::Io,
        _ => Exit::RunFolder,
    };
    let failure = Failure::of(exit, error);
    match error.hint() {
        Some(hint) => failure.next(hint),
        None if exit == Exit::Usage => failure.next("`batch-eval runs` lists the runs"),
        None => failure,
    }
}
