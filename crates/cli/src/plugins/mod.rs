//! Scorers from outside, as the program runs them: what they may see, and who is told of their troubles.

mod check;
mod example;
mod kept;
mod seal;

use std::cell::RefCell;
use std::error::Error;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use eval_report::sanitize;
use scorer_plugins::{Plugin, PluginError, PluginEvent, Settings};
use scoring::{Foreign, Registry, Scorer, ScorerError, SpecError};

use crate::exit::{Exit, Failure, Outcome};
use crate::grading::{self, Desk, Files};
use crate::ui::Ui;

pub(crate) use check::check;
pub(crate) use example::of as example;
pub(crate) use kept::{
    Identity, are_of_run, confirm_named, identities, identities_of_run, keep, marks, of_run,
    of_run_unfed,
};

/// The words before the colon of a scorer from outside.
pub(crate) const KINDS: [&str; 4] = ["exec", "jq", grading::KIND, "python"];

/// Where the texts of scorers come from, which says what they may do.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origin {
    /// The folder that paths in them are taken from; the one that the user stands in where it is `None`.
    pub(crate) folder: Option<PathBuf>,
    /// The run folder that names them, if programs may not be started just because it does.
    pub(crate) distrusted: Option<String>,
    /// The files of judges as a run keeps them; those on disk where it is `None`.
    pub(crate) files: Option<Files>,
}

/// The scorer that `text` names, from outside, built in, or of both.
///
/// The outer error is of the text, the inner one of what was started.
pub(crate) fn build(
    ui: Ui,
    registry: &Registry,
    desk: &Desk,
    text: &str,
    origin: &Origin,
) -> Result<Outcome<Box<dyn Scorer>>, SpecError> {
    let failed = RefCell::new(None);
    let construct = |text: &str, at: Range<usize>| {
        started(ui, desk, text, at.clone(), origin).map_err(|trouble| match trouble {
            Trouble::Text(error) => error,
            Trouble::Failed(failure) => {
                let error = SpecError::new(text, at, failure.what.clone());
                failed.replace(Some(failure));
                error
            }
        })
    };
    match registry.build_with(text, Foreign { kinds: &KINDS, construct: &construct }) {
        Ok(scorer) => Ok(Ok(scorer)),
        Err(error) => failed.take().map_or(Err(error), |failure| Ok(Err(failure))),
    }
}

enum Trouble {
    /// The text means nothing.
    Text(SpecError),
    /// What it means cannot be had.
    Failed(Failure),
}

fn started(
    ui: Ui,
    desk: &Desk,
    text: &str,
    at: Range<usize>,
    origin: &Origin,
) -> Result<Box<dyn Scorer>, Trouble> {
    let own = text.get(at.clone()).unwrap_or_default();
    if own.split_once(':').is_some_and(|(kind, _)| kind == grading::KIND) {
        return desk.scorer(text, &at, origin).map_err(Trouble::Text);
    }
    let unknown = || SpecError::new(text, at.clone(), "unknown scorer");
    let plugin = Plugin::parse(own).ok_or_else(unknown).map_err(Trouble::Text)?;
    let plugin = plugin.map_err(|error| Trouble::Text(error.within(text, at.start)))?;
    if let (Some(folder), true) = (&origin.distrusted, plugin.starts_programs()) {
        return Err(Trouble::Failed(distrusted(folder, own)));
    }
    let settings = settings(ui, origin.folder.as_deref());
    plugin.start(settings).map_err(|error| Trouble::Failed(broken(&error)))
}

/// Programs that only a folder names are not started: it may be anybody's.
fn distrusted(folder: &str, text: &str) -> Failure {
    let (folder, text) = (sanitize(folder), sanitize(text));
    let what = format!("{folder} wants to start {text}, and was not made by you on this machine");
    let next = format!(
        "look at what that would run; then add --trust-plugins, or name it yourself: --scorer '{text}'"
    );
    Failure::new(Exit::Scorer, what).safe("nothing was started").next(next)
}

/// A plugin that cannot be started, or broke down too often.
fn broken(error: &(dyn Error + 'static)) -> Failure {
    let mut failure = Failure::of(Exit::Scorer, error);
    failure.what = sanitize(&failure.what).into_owned();
    failure.next(
        "mend the scorer, which `batch-eval plugin check SCORER` tries out; \
         what was fetched stays here, and scoring it again costs nothing",
    )
}

/// A scorer that was given up in the middle of its work.
pub(crate) fn given_up(error: &ScorerError) -> Failure {
    let plugin = error.source().filter(|source| source.is::<PluginError>());
    broken(plugin.unwrap_or(error))
}

/// Without the key: plugins see `PATH`, `HOME` and `LANG`.
fn settings(ui: Ui, folder: Option<&Path>) -> Settings {
    let mut settings = Settings::default().allowed_of(std::env::vars_os());
    settings.folder = folder.map(Path::to_owned);
    settings.observer = Arc::new(move |event| match event {
        PluginEvent::Stderr(line) => ui.note(&format!("scorer     {}", sanitize(line))),
        PluginEvent::Restarted { why } => {
            ui.alarm(&format!("scorer     started again: it {}", sanitize(why)));
        }
        PluginEvent::RowLost { number, why } => {
            ui.alarm(&format!(
                "scorer     row {number} is unscorable: the scorer {}",
                sanitize(why)
            ));
        }
        _ => {}
    });
    settings
}
