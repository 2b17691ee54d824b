//! `batch-eval run`: a new run, or the same one again.

use std::time::Duration;

use batch_backend::ModelId;
use run_store::{
    Asked, BackendKind, Draft, NewRun, OnAmbiguous, OwnName, RunFolder, Settings, StoreError,
    Variant,
};
use serde::Deserialize;

use crate::args::{Ambiguous, RunArgs, Until};
use crate::context::{Context, DEFAULT_SCORER, store};
use crate::exit::{Failure, Outcome};
use crate::prepare::{self, Source};
use crate::steps::{self, Locked, Wishes};
use crate::{key, service};

/// Model names as of a day; data, not code.
#[derive(Debug, Deserialize)]
struct Models {
    default_pair: Vec<String>,
    emulated_pair: Vec<String>,
}

impl Models {
    fn bundled() -> Outcome<Self> {
        serde_json::from_str(include_str!("../data/models.json"))
            .map_err(|error| Failure::of(crate::Exit::Bug, &error))
    }
}

/// Runs.
pub(crate) async fn run(context: &Context, args: &RunArgs) -> Outcome<()> {
    if args.service.key.api_key.is_some() {
        return Err(key::refuse_argument());
    }
    let source = Source::of(args.dataset.as_deref());
    if source == Source::Stdin && args.service.key.api_key_stdin {
        return Err(Failure::usage("the dataset and the key cannot both come from standard input"));
    }
    let emulated = is_emulated(args);
    let models = models(args, &source, emulated)?;
    let scorers = match args.scorers.as_slice() {
        [] => vec![DEFAULT_SCORER.to_owned()],
        scorers => scorers.to_vec(),
    };
    // A scorer that cannot be built is found out before anything is made or sent.
    context.scorers(&scorers)?;
    let wishes =
        Wishes { pace: &args.pace, keys: &args.service.key, accept_partial: args.accept_partial };
    let asked = Asked {
        backend: service::named(&args.service, emulated)?,
        emulated,
        dataset: run_store::Dataset { label: source.label().to_owned(), bytes: None, sha256: None },
        models: models.iter().map(|model| model.as_str().to_owned()).collect(),
        variants: vec![Variant { name: "base".to_owned() }],
        scorers,
        settings: settings(args, emulated),
        key_fingerprint: None,
    };
    if !emulated && args.pace.until != Some(Until::Prepared) {
        // Without a key nothing is prepared that cannot be sent.
        key::read_early(&args.service.key)?;
    }
    let run = match &args.name {
        Some(text) => {
            let name = OwnName::parse(text).map_err(|error| Failure::usage(error.to_string()))?;
            named(context, args, asked, &source, &name)?
        }
        None => make(context, args, asked, &source, None)?,
    };
    steps::go_on(context, run, &wishes).await
}

/// Whether the run goes to the emulator in this process: when asked for, or when neither a key nor
/// an address names a service.
fn is_emulated(args: &RunArgs) -> bool {
    let service = args.service.base_url.is_some() || key::is_given(&args.service.key);
    args.emulator || !service
}

fn models(args: &RunArgs, source: &Source, emulated: bool) -> Outcome<Vec<ModelId>> {
    let bundled = Models::bundled()?;
    let names = match (args.models.as_slice(), emulated, source) {
        ([_, ..], _, _) => args.models.clone(),
        ([], true, _) => bundled.emulated_pair,
        ([], false, Source::Sample) if args.yes => bundled.default_pair,
        ([], false, Source::Sample) => {
            return Err(Failure::usage(
                "a key is set, so the bundled sample would go to the real service and cost money",
            )
            .safe("nothing was sent")
            .next("--emulator for the built-in emulator; -m MODEL or --yes to really send it"));
        }
        ([], false, _) => {
            return Err(Failure::usage("no model is named")
                .safe("nothing was sent")
                .next(format!("-m MODEL, such as -m {}", bundled.default_pair.join(" -m "))));
        }
    };
    let mut models = Vec::<ModelId>::new();
    for name in &names {
        let model = ModelId::parse(name).map_err(|error| Failure::usage(error.to_string()))?;
        if models.contains(&model) {
            return Err(Failure::usage(format!(
                "model {model} is named twice: that would cost twice"
            )));
        }
        models.push(model);
    }
    Ok(models)
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
fn named(
    context: &Context,
    args: &RunArgs,
    asked: Asked,
    source: &Source,
    name: &OwnName,
) -> Outcome<Locked> {
    let path = context.runs.folder().join(name.as_str());
    if std::fs::symlink_metadata(&path).is_err() {
        return make(context, args, asked, source, Some(name));
    }
    match RunFolder::open(&path) {
        Ok(folder) => {
            let dataset = source.identity(context)?;
            let asked = Asked { dataset, ..asked };
            same(&folder, &asked, args)?;
            context.ui.note(&format!("run        {} is there already: going on", name.as_str()));
            steps::lock(context, folder)
        }
        Err(StoreError::Unfinished { .. }) => make(context, args, asked, source, Some(name)),
        Err(error) => Err(store(&error)),
    }
}

/// Refuses a run of the same name that is another one.
fn same(folder: &RunFolder, asked: &Asked, args: &RunArgs) -> Outcome<()> {
    let manifest = folder.manifest();
    let mut wanted = asked.clone();
    if *args.dataset.as_deref().unwrap_or_default() == *"-" {
        return Err(Failure::usage(format!(
            "run {} exists, and standard input cannot be compared with it",
            manifest.name.as_str()
        ))
        .next(steps::resume(manifest)));
    }
    if asked.backend.kind == BackendKind::Emulator {
        wanted.backend.base_url.clone_from(&manifest.asked.backend.base_url);
    }
    let difference = manifest.asked.difference(&wanted);
    if difference.is_empty() {
        return Ok(());
    }
    let name = manifest.name.as_str();
    let mut failure = Failure::usage(format!("run {name} exists with other settings"));
    failure.causes = difference;
    Err(failure.safe("nothing was sent or changed").next(format!(
        "another --name, or `{}` to go on with it as it is",
        steps::resume(manifest)
    )))
}

/// Makes a new run folder with its input.
fn make(
    context: &Context,
    args: &RunArgs,
    asked: Asked,
    source: &Source,
    name: Option<&OwnName>,
) -> Outcome<Locked> {
    let session = Context::session();
    let new = NewRun { name, at: context.now(), entropy: Context::entropy(), session: &session };
    let draft: Draft = match context.runs.create(&new) {
        Err(StoreError::Unfinished { .. }) => context.runs.recreate(&new),
        created => created,
    }
    .map_err(|error| store(&error))?;
    let run = draft.name().as_str();
    if asked.emulated {
        context.ui.note(&format!(
            "run        {run}, on the built-in emulator: no key, no cost, made-up answers"
        ));
    } else {
        context.ui.note(&format!("run        {run}, on {}", asked.backend.base_url));
    }
    let mut transformer = prepare::transformer(args.bad_rows);
    if let Some(secret) = key::text(&args.service.key) {
        // Shorter texts are no real keys and may stand in any row.
        if secret.len() >= 16 {
            transformer = transformer.forbid(secret.as_bytes());
        }
    }
    let (dataset, made) = prepare::prepare(context, &draft, source, &transformer)?;
    prepare::tell(context, source.label(), &made);
    let asked = Asked { dataset, ..asked };
    let (folder, lock) =
        draft.commit(asked, made, &Context::program()).map_err(|error| store(&error))?;
    Ok(Locked { folder, lock })
}
