//! `batch-eval run`: a new run, or the same one again.

use std::time::Duration;

use batch_backend::ModelId;
use run_store::{
    Asked, Draft, NewRun, OnAmbiguous, OwnName, RunFolder, Settings, StoreError, Variant,
};
use serde::Deserialize;

use crate::args::{Ambiguous, RunArgs, Until};
use crate::context::{Context, DEFAULT_SCORER, store};
use crate::exit::{Exit, Failure, Outcome};
use crate::key::{self, Key};
use crate::prepare::{self, Source};
use crate::service;
use crate::steps::{self, Locked, Wishes};

/// Model names as of a day; data, not code.
#[derive(Debug, Deserialize)]
struct Models {
    default_pair: Vec<String>,
    emulated_pair: Vec<String>,
}

impl Models {
    fn bundled() -> Outcome<Self> {
        serde_json::from_str(include_str!("../data/models.json"))
            .map_err(|error| Failure::of(Exit::Bug, &error))
    }
}

/// What a run is made of, besides the dataset.
struct Wanted<'a> {
    args: &'a RunArgs,
    source: Source,
    key: Option<Key>,
    asked: Asked,
}

/// Runs.
pub(crate) async fn run(context: &Context, args: &RunArgs) -> Outcome<()> {
    let source = Source::of(args.dataset.as_deref());
    if source == Source::Stdin && args.service.key.api_key_stdin {
        return Err(Failure::usage("the dataset and the key cannot both come from standard input"));
    }
    source.check()?;
    let typed = typed_models(&args.models)?;
    let scorers = match args.scorers.as_slice() {
        [] => vec![DEFAULT_SCORER.to_owned()],
        scorers => scorers.to_vec(),
    };
    // A scorer that cannot be built is found out before anything is made or sent.
    context.scorers(&scorers)?;
    let key = key::read(&args.service.key)?;
    let emulated = is_emulated(args, &typed, key.is_some());
    let backend = service::named(&args.service, emulated)?;
    if !emulated && key.is_none() && args.pace.until != Some(Until::Prepared) {
        // Nothing is prepared that cannot be sent.
        return Err(key::missing());
    }
    let models = models(args, typed, &source, emulated)?;
    let asked = Asked {
        backend,
        emulated,
        dataset: run_store::Dataset { label: source.label().to_owned(), bytes: None, sha256: None },
        models: models.iter().map(|model| model.as_str().to_owned()).collect(),
        variants: vec![Variant { name: "base".to_owned() }],
        scorers,
        settings: settings(args, emulated),
        key_fingerprint: None,
    };
    let wanted = Wanted { args, source, key, asked };
    let run = match &args.name {
        Some(text) => {
            let name = OwnName::parse(text).map_err(|error| Failure::usage(error.to_string()))?;
            named(context, &wanted, &name)?
        }
        None => make(context, &wanted, None)?,
    };
    let accept_partial = args.accept_partial;
    let key = wanted.key.as_ref();
    let wishes = Wishes { pace: &args.pace, key, accept_partial, refetch: false };
    steps::go_on(context, run, &wishes).await
}

/// Whether the run goes to the emulator in this process: when asked for, or when neither a key nor
/// an address names a service and no model does either. Made-up figures never stand under a real
/// model's name by accident.
fn is_emulated(args: &RunArgs, models: &[ModelId], has_key: bool) -> bool {
    let made_up = models.iter().all(|model| model.as_str().starts_with("sim-"));
    args.emulator || (!has_key && args.service.base_url.is_none() && made_up)
}

fn typed_models(names: &[String]) -> Outcome<Vec<ModelId>> {
    let mut models = Vec::<ModelId>::new();
    for name in names {
        let model = ModelId::parse(name).map_err(|error| Failure::usage(error.to_string()))?;
        if models.contains(&model) {
            let what = format!("model {model} is named twice: that would cost twice");
            return Err(Failure::usage(what));
        }
        models.push(model);
    }
    Ok(models)
}

fn models(
    args: &RunArgs,
    typed: Vec<ModelId>,
    source: &Source,
    emulated: bool,
) -> Outcome<Vec<ModelId>> {
    if !typed.is_empty() {
        return Ok(typed);
    }
    let bundled = Models::bundled()?;
    match (emulated, source) {
        (true, _) => typed_models(&bundled.emulated_pair),
        (false, Source::Sample) if args.yes => typed_models(&bundled.default_pair),
        (false, Source::Sample) => Err(Failure::usage(
            "a key is set, so the bundled sample would go to the real service and cost money",
        )
        .safe("nothing was sent")
        .next("--emulator for the built-in emulator; -m MODEL or --yes to really send it")),
        (false, _) => Err(Failure::usage("no model is named")
            .safe("nothing was sent")
            .next(format!("-m MODEL, such as -m {}", bundled.default_pair.join(" -m ")))),
    }
}

fn settings(args: &RunArgs, emulated: bool) -> Settings {
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let default = batch_orchestrator::Policy::default();
    let settle = if emulated { service::EMULATED_SETTLE } else { default.settle };
    Settings {
        poll_interval_ms: args.pace.poll_interval.map(millis),
        settle_ms: millis(args.pace.settle.unwrap_or(settle)),
        deadline_ms: millis(args.pace.deadline.unwrap_or(default.deadline)),
        on_ambiguous: match args.pace.on_ambiguous {
            Some(Ambiguous::Stop) => OnAmbiguous::Stop,
            _ => OnAmbiguous::Retry,
        },
    }
}

/// The run of that name: gone on with when it is the same, made when there is none.
fn named(context: &Context, wanted: &Wanted<'_>, name: &OwnName) -> Outcome<Locked> {
    let path = context.runs.folder().join(name.as_str());
    if std::fs::symlink_metadata(&path).is_err() {
        return make(context, wanted, Some(name));
    }
    match RunFolder::open(&path) {
        Ok(folder) => {
            same(context, &folder, wanted)?;
            context.ui.note(&format!("run        {} is there already: going on", name.as_str()));
            steps::lock(context, folder)
        }
        Err(StoreError::Unfinished { .. }) => make(context, wanted, Some(name)),
        Err(error) => Err(store(&error)),
    }
}

/// Refuses a run of the same name that is another one. Only what was typed counts: patience is no
/// part of what a run is.
fn same(context: &Context, folder: &RunFolder, wanted: &Wanted<'_>) -> Outcome<()> {
    let manifest = folder.manifest();
    let name = manifest.name.as_str();
    if wanted.source == Source::Stdin {
        let what = format!("run {name} exists, and standard input cannot be compared with it");
        return Err(Failure::usage(what).next(steps::resume(manifest)));
    }
    let asked = Asked {
        dataset: wanted.source.identity(context)?,
        settings: manifest.asked.settings.clone(),
        key_fingerprint: manifest.asked.key_fingerprint.clone(),
        ..wanted.asked.clone()
    };
    let difference = manifest.asked.difference(&asked);
    if difference.is_empty() {
        return Ok(());
    }
    let mut failure = Failure::usage(format!("run {name} exists with other settings"));
    failure.causes = difference;
    let next = format!("another --name, or `{}` to go on with it", steps::resume(manifest));
    Err(failure.safe("nothing was sent or changed").next(next))
}

/// Makes a new run folder with its input.
fn make(context: &Context, wanted: &Wanted<'_>, name: Option<&OwnName>) -> Outcome<Locked> {
    let session = Context::session();
    let new = NewRun { name, at: context.now(), entropy: Context::entropy(), session: &session };
    let draft: Draft = match context.runs.create(&new) {
        Err(StoreError::Unfinished { .. }) => context.runs.recreate(&new),
        created => created,
    }
    .map_err(|error| store(&error))?;
    let run = draft.name().as_str();
    if wanted.asked.emulated {
        context.ui.note(&format!(
            "run        {run}, on the built-in emulator: no key, no cost, made-up answers"
        ));
    } else {
        context.ui.note(&format!("run        {run}, on {}", wanted.asked.backend.base_url));
    }
    let mut transformer = prepare::transformer(wanted.args.bad_rows);
    if let Some(secret) = wanted.key.as_ref().and_then(Key::forbidden) {
        transformer = transformer.forbid(secret);
    }
    let (dataset, made) = prepare::prepare(context, &draft, &wanted.source, &transformer)?;
    let key = wanted.key.as_ref().filter(|_| !wanted.asked.emulated);
    let key_fingerprint = key.map(|key| key.fingerprint(draft.tag().as_str()));
    let asked = Asked { dataset, key_fingerprint, ..wanted.asked.clone() };
    let (folder, lock) =
        draft.commit(asked, made, &Context::program()).map_err(|error| store(&error))?;
    prepare::tell(context, &folder);
    Ok(Locked { folder, lock })
}
