//! `batch-eval check`: all that `run` would find out, before anything is spent or made.

mod dataset;
mod folder;
mod service;

use std::path::{Path, PathBuf};

use batch_backend::ModelId;
use eval_report::sanitize;
use scoring::Scorer;
use serde_json::json;

use crate::args::CheckArgs;
use crate::checklist::{Checklist, Finding};
use crate::config::Config;
use crate::context::{Context, DEFAULT_SCORER};
use crate::exit::{Exit, Failure, Outcome};
use crate::expected::Fits;
use crate::judge::Judging;
use crate::key::{self, Key};
use crate::{expected, run};

pub(crate) use folder::folder;

/// What is looked at besides the settings.
const REST: &str = "dataset, models, scorers, key, service, prices, limits, folder and name were";

/// What became of the settings file: commands that are there to mend things go on without it.
#[derive(Debug)]
pub(crate) struct SettingsFile {
    pub(crate) named: Option<PathBuf>,
    pub(crate) problem: Option<Failure>,
    /// Whether the folder of the runs is named without it.
    pub(crate) is_folder_named: bool,
}

impl SettingsFile {
    /// How it stands.
    pub(crate) fn finding(&self) -> Finding {
        let default = Path::new(crate::config::NAME);
        let path = self.named.as_deref().unwrap_or(default);
        let shown = path.display().to_string();
        match &self.problem {
            Some(problem) => Finding::of("settings", problem),
            None if path.is_file() => Finding::good("settings", shown),
            None => Finding::skipped("settings", format!("no {shown} here; flags alone"))
                .next("`batch-eval init DATASET` writes one"),
        }
    }

    /// What stands for a thing that they say, where they cannot be read: what is meant instead is not known.
    pub(crate) fn hides(&self, subject: &'static str, what: &str) -> Option<Finding> {
        let text =
            || format!("{what} not looked at: the settings, which cannot be read, have a say");
        self.problem.as_ref().map(|_| Finding::skipped(subject, text()))
    }
}

/// What a run would be made of, as far as it can be made out.
struct Wanted {
    config: Config,
    models: Vec<ModelId>,
    key: Option<Key>,
    emulated: bool,
}

pub(crate) async fn check(
    context: &Context,
    args: &CheckArgs,
    settings: &SettingsFile,
) -> Outcome<()> {
    let mut list = Checklist::default();
    list.add(settings.finding());
    if let Some(hidden) = settings.hides("rest", REST) {
        list.add(hidden);
        return list.say(
            context.ui,
            "check",
            " Nothing was sent or made; mend the settings first.",
        );
    }
    let config = args.run.as_config().over(context.config.clone());
    if let Err(problem) = config.check() {
        list.add(Finding::bad("settings", Exit::Usage, problem));
    }
    let (key, key_finding) = key(args);
    let models = models(args, &config, key.is_some(), &mut list);
    let emulated = run::is_emulated(&args.run, &models, key.is_some());
    let wanted = Wanted { config, models, key, emulated };
    let expected = wanted.config.expected.as_deref();
    let built = context.scorers(&specs(&wanted.config));
    let scorers = scorers(context, &wanted.config, &built);
    // What cannot be built or looked up is told among the scorers.
    let holding = built.and_then(|built| expected::holding(built, expected)).unwrap_or_default();
    let (fits, unread) = match Fits::of(expected) {
        Ok(fits) => (fits, None),
        Err(failure) => (None, Some(failure)),
    };
    let looked = dataset::check(context, args, &wanted, &holding, fits);
    list.add(looked.finding);
    looked.more.into_iter().for_each(|more| list.add(more));
    list.add(scorers);
    if let Some(failure) = &unread {
        list.add(Finding::of("scorers", failure));
    }
    if let Err(failure) = conclusions(context, &wanted, looked.with_response) {
        list.add(Finding::of("settings", &failure));
    }
    service::check(context, args, &wanted, key_finding, &mut list).await;
    list.add(folder(context, looked.bytes));
    list.add(name(context, args));
    context.stop.failure().map_or(Ok(()), Err)?;
    let closing = match (wanted.emulated, args.offline) {
        (true, _) => " Nothing was sent or made; the built-in emulator would answer.",
        (false, true) => " Nothing was sent or made; the service was not asked.",
        (false, false) => {
            " Nothing was spent or made; `run` with the same words forecasts the cost."
        }
    };
    list.say(context.ui, "check", closing)
}

/// The key, and how it stands before anybody was asked.
fn key(args: &CheckArgs) -> (Option<Key>, Finding) {
    let service = &args.run.service.key;
    match key::read(service) {
        Err(failure) => (None, Finding::of("key", &failure)),
        Ok(None) => (None, Finding::of("key", &key::missing())),
        Ok(Some(key)) => {
            let origin = key::origin(service).unwrap_or_default();
            (Some(key), Finding::good("key", format!("from {origin}")))
        }
    }
}

/// The models that the run would go to.
fn models(args: &CheckArgs, config: &Config, has_key: bool, list: &mut Checklist) -> Vec<ModelId> {
    let typed = match run::typed_models(&config.models) {
        Ok(typed) => typed,
        Err(failure) => {
            list.add(Finding::of("models", &failure));
            return Vec::new();
        }
    };
    let emulated = run::is_emulated(&args.run, &typed, has_key);
    match run::models(&args.run, typed, &dataset::source(args, config), emulated) {
        Ok(models) => models,
        Err(failure) => {
            list.add(Finding::of("models", &failure));
            Vec::new()
        }
    }
}

fn specs(config: &Config) -> Vec<String> {
    match config.scorers.as_slice() {
        [] => vec![DEFAULT_SCORER.to_owned()],
        specs => specs.to_vec(),
    }
}

/// Whether the baseline, the slices and the gates can be had, where nothing worse is in the way.
fn conclusions(context: &Context, wanted: &Wanted, with_response: Option<u64>) -> Outcome<()> {
    let Ok(scorers) = context.scorers(&specs(&wanted.config)) else { return Ok(()) };
    if wanted.models.is_empty() {
        return Ok(());
    }
    let models: Vec<String> = wanted.models.iter().map(|one| one.as_str().to_owned()).collect();
    let is_held = wanted.config.expected.is_some();
    Judging::of(&wanted.config).check_scorers(context, &scorers, is_held)?;
    let scorers: Vec<String> = scorers.iter().map(|scorer| scorer.name().to_owned()).collect();
    run::settings::check_conclusions(&wanted.config, &models, &scorers)?;
    with_response.map_or(Ok(()), |rows| Judging::of(&wanted.config).check_logged(rows))
}

fn scorers(context: &Context, config: &Config, built: &Outcome<Vec<Box<dyn Scorer>>>) -> Finding {
    let specs = specs(config);
    let built = match built {
        Ok(built) => built,
        Err(failure) => return Finding::of("scorers", failure),
    };
    let seen = expected::lacking(built, config.expected.as_deref());
    match seen.map(|()| expected::is_seen(context, built)) {
        Ok(false) if config.expected.is_some() => {
            let text = format!("{}; {}", specs.join(", "), expected::UNSEEN);
            Finding::note("scorers", text).facts(json!(specs))
        }
        Ok(_) => Finding::good("scorers", specs.join(", ")).facts(json!(specs)),
        Err(failure) => Finding::of("scorers", &failure),
    }
}

/// Whether the run's name is free.
fn name(context: &Context, args: &CheckArgs) -> Finding {
    let Some(name) = &args.run.name else {
        return Finding::skipped("name", "none given; the run gets one of its own");
    };
    if let Err(error) = run_store::OwnName::parse(name) {
        return Finding::bad("name", Exit::Usage, error.to_string());
    }
    if context.runs.folder().join(name).exists() {
        return Finding::note("name", format!("a run {} is there", sanitize(name)))
            .next("`run` goes on with it if its settings are the same, and refuses it otherwise");
    }
    Finding::good("name", format!("{} is free", sanitize(name)))
}
