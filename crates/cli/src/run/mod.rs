//! `batch-eval run`: a new run, or the same one again.

pub(crate) mod settings;

use batch_backend::ModelId;
use run_store::{Asked, Draft, NewRun, OwnName, RunFolder, StoreError};
use scoring::Scorer;
use serde::Deserialize;

use crate::args::{BadRows, PaceArgs, RunArgs, Until};
use crate::config::Config;
use crate::context::{Context, DEFAULT_SCORER, store};
use crate::exit::{Exit, Failure, Outcome};
use crate::expected::{self, Wish};
use crate::judge::Judging;
use crate::key::{self, Key};
use crate::money::{self, Forecasted, Quotes};
use crate::plugins::{self, Identity};
use crate::prepare::{self, Prepared, Recipe, Source};
use crate::sought::Sought;
use crate::steps::{self, Locked, Wishes};
use crate::{declared, service};

/// Model names as of a day; data, not code.
#[derive(Debug, Deserialize)]
struct Models {
    default_pair: Vec<String>,
    emulated_pair: Vec<String>,
}

impl Models {
    fn bundled() -> Outcome<Self> {
        serde_json::from_str(include_str!("../../data/models.json"))
            .map_err(|error| Failure::of(Exit::Bug, &error))
    }
}

/// What a run is made of, besides the dataset.
struct Wanted<'a> {
    args: &'a RunArgs,
    /// Flags over the settings file.
    config: Config,
    source: Source,
    key: Option<Key>,
    asked: Asked,
    /// What the scorers are.
    scorers: Vec<Identity>,
    /// Those that hold answers against a value, to find out whether any row has it.
    holding: Vec<Box<dyn Scorer>>,
}

/// Runs.
pub(crate) async fn run(context: &Context, args: &RunArgs) -> Outcome<()> {
    let wanted = wanted(context, args)?;
    let name = args.name.as_deref().map(OwnName::parse).transpose();
    let name = name.map_err(|error| Failure::usage(error.to_string()))?;
    let existing = || match &name {
        Some(name) => existing(context, &wanted, name),
        None => Ok(None),
    };
    let (run, forecasted) = match begin(existing, || draft(context, name.as_ref()))? {
        Begun::There(run) => {
            let forecasted = money::kept_forecast(run.folder.manifest());
            (run, forecasted)
        }
        Begun::New(draft) => make(context, &wanted, draft).await?,
    };
    money::tell(context, &forecasted)?;
    if args.dry_run {
        let state = steps::state(&run.folder)?;
        return steps::stopped_at(context, &run.folder, &state, Some(&forecasted));
    }
    let wishes = Wishes {
        pace: &PaceArgs::of(&wanted.config.pace, args.pace.until),
        key: wanted.key.as_ref(),
        accept_partial: wanted.config.accept_partial.unwrap_or(false),
        refetch: false,
        money: wanted.config.money.clone(),
        yes: args.yes,
        judges_again: false,
    };
    steps::go_on(context, run, &wishes).await
}

/// Finds out all that can be found out before anything is made or sent.
fn wanted<'a>(context: &Context, args: &'a RunArgs) -> Outcome<Wanted<'a>> {
    let config = args.as_config().over(context.config.clone());
    if context.config != Config::default() {
        let file = context.settings.display().to_string();
        context.ui.note(&format!(
            "settings   from {}, under what the flags say",
            eval_report::sanitize(&file)
        ));
    }
    config.check().map_err(Failure::usage)?;
    let words = match (args.datasets.as_slice(), &config.dataset) {
        ([], Some(dataset)) => std::slice::from_ref(dataset),
        (words, _) => words,
    };
    let source = Source::of(words)?;
    if source == Source::Stdin && args.service.key.api_key_stdin {
        return Err(Failure::usage("the dataset and the key cannot both come from standard input"));
    }
    source.check()?;
    prepare::check(&args.rows)?;
    let typed = typed_models(&config.models)?;
    let scorers = match config.scorers.as_slice() {
        [] => vec![DEFAULT_SCORER.to_owned()],
        scorers => scorers.to_vec(),
    };
    // A scorer that cannot be built is found out before anything is made or sent.
    if let Some(text) = &config.expected {
        Wish::parse(text)?;
    }
    let built = context.scorers(&scorers)?;
    expected::lacking(&built, config.expected.as_deref())?;
    expected::told(context, &built, config.expected.as_deref());
    Judging::of(&config).check_scorers(context, &built, config.expected.is_some())?;
    let identities = plugins::identities(&built);
    let holding = expected::holding(built, config.expected.as_deref())?;
    let scorer_names: Vec<String> = identities.iter().map(|scorer| scorer.name.clone()).collect();
    let key = key::read(&args.service.key)?;
    let emulated = is_emulated(args, &typed, key.is_some());
    let backend = service::named(&args.service, emulated)?;
    if !emulated && key.is_none() && args.pace.until != Some(Until::Prepared) {
        // Nothing is prepared that cannot be sent.
        let missing = key::missing();
        let next = missing.next.as_ref().map(|next| format!("{next}; --emulator needs none"));
        return Err(Failure { next, ..missing });
    }
    let models = models(args, typed, &source, emulated)?;
    let models: Vec<String> = models.iter().map(|model| model.as_str().to_owned()).collect();
    settings::check_conclusions(&config, &models, &scorer_names)?;
    let asked = Asked {
        backend,
        emulated,
        dataset: run_store::Dataset { label: source.label(), bytes: None, sha256: None },
        settings: settings::settings(&config, &models, emulated)?,
        models,
        variants: settings::variants(&config)?,
        scorers,
        rows: args.rows.words(config.bad_rows.unwrap_or(BadRows::Fail)),
        key_fingerprint: None,
    };
    context.desk.check(&asked, args.emulator)?;
    Ok(Wanted { args, config, source, key, asked, scorers: identities, holding })
}

/// Whether the run goes to the emulator in this process: when asked for, or when neither a key nor
/// an address names a service and no model does either. Made-up figures never stand under a real
/// model's name by accident.
pub(crate) fn is_emulated(args: &RunArgs, models: &[ModelId], has_key: bool) -> bool {
    let made_up = models.iter().all(|model| model.as_str().starts_with("sim-"));
    args.emulator || (!has_key && args.service.base_url.is_none() && made_up)
}

pub(crate) fn typed_models(names: &[String]) -> Outcome<Vec<ModelId>> {
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

pub(crate) fn models(
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

/// The model of the emulator's that a name is nearly that of.
fn misspelt(model: &str) -> Outcome<Option<String>> {
    let known = Models::bundled()?.emulated_pair;
    let near = scoring::nearest(model, known.iter().map(String::as_str));
    let is_slip = |near: &&str| *near != model && near.len().abs_diff(model.len()) < 2;
    Ok(near.filter(is_slip).map(str::to_owned))
}

/// What a call has to do with a run.
#[derive(Debug, PartialEq, Eq)]
enum Begun<R, D> {
    /// Go on with it.
    There(R),
    /// Make it.
    New(D),
}

/// Finds the run, or begins it: one that another process made in between is there, too.
fn begin<R, D>(
    mut existing: impl FnMut() -> Outcome<Option<R>>,
    create: impl FnOnce() -> Result<D, StoreError>,
) -> Outcome<Begun<R, D>> {
    if let Some(run) = existing()? {
        return Ok(Begun::There(run));
    }
    match create() {
        Ok(draft) => Ok(Begun::New(draft)),
        Err(error @ StoreError::Exists { .. }) => {
            existing()?.map(Begun::There).ok_or_else(|| store(&error))
        }
        Err(error) => Err(store(&error)),
    }
}

/// A new run, in the place of one whose creation was cut off if that has its name.
fn draft(context: &Context, name: Option<&OwnName>) -> Result<Draft, StoreError> {
    let session = Context::session();
    let new = NewRun { name, at: context.now(), entropy: Context::entropy(), session: &session };
    match context.runs.create(&new) {
        Err(StoreError::Unfinished { .. }) => context.runs.recreate(&new),
        created => created,
    }
}

/// The run of that name, to be gone on with, if there is one and it is the same.
fn existing(context: &Context, wanted: &Wanted<'_>, name: &OwnName) -> Outcome<Option<Locked>> {
    let path = context.runs.folder().join(name.as_str());
    if std::fs::symlink_metadata(&path).is_err() {
        return Ok(None);
    }
    match RunFolder::open(&path) {
        Ok(folder) => {
            same(context, &folder, wanted)?;
            context.ui.note(&format!("run        {} is there already: going on", name.as_str()));
            steps::lock(context, folder).map(Some)
        }
        Err(StoreError::Unfinished { .. }) => Ok(None),
        Err(error) => Err(store(&error)),
    }
}

/// Refuses a run of the same name that is another one. Of its patience only what was typed counts, and
/// what holds for this call alone does not.
fn same(context: &Context, folder: &RunFolder, wanted: &Wanted<'_>) -> Outcome<()> {
    let manifest = folder.manifest();
    let name = manifest.name.as_str();
    if wanted.source == Source::Stdin {
        let what = format!("run {name} exists, and standard input cannot be compared with it");
        return Err(Failure::usage(what).next(steps::resume(manifest)));
    }
    let asked = Asked {
        dataset: wanted.source.identity(context)?,
        settings: settings::asked_again(&wanted.config, &wanted.asked, &manifest.asked.settings),
        key_fingerprint: manifest.asked.key_fingerprint.clone(),
        ..wanted.asked.clone()
    };
    let mut difference = manifest.asked.difference(&asked);
    difference.extend(expected::differs(folder, wanted.config.expected.as_deref())?);
    difference.extend(context.desk.differs(folder)?);
    if difference.is_empty() {
        return Ok(());
    }
    let mut failure = Failure::usage(format!("run {name} exists with other settings"));
    failure.causes = difference;
    let next = format!(
        "another --name, or `{}` to go on with it, which also takes another --budget",
        steps::resume(manifest)
    );
    Err(failure.safe("nothing was sent or changed").next(next))
}

/// Makes a new run folder with its inputs, and a forecast of what they cost.
async fn make(
    context: &Context,
    wanted: &Wanted<'_>,
    draft: Draft,
) -> Outcome<(Locked, Forecasted)> {
    let run = draft.name().as_str();
    if wanted.asked.emulated {
        for model in &wanted.asked.models {
            if let Some(near) = misspelt(model)? {
                context.ui.note(&format!(
                    "note       {model} is answered like any name by the emulator, which lists {near}: is that meant?"
                ));
            }
        }
        context.ui.note(&format!(
            "run        {run}, on the built-in emulator: no key, no cost, made-up answers"
        ));
    } else {
        context.ui.note(&format!("run        {run}, on {}", wanted.asked.backend.base_url));
    }
    let edits = wanted.asked.variants.iter().map(prepare::edits).collect::<Outcome<Vec<_>>>()?;
    let bad_rows = wanted.config.bad_rows.unwrap_or(BadRows::Fail);
    let mut transformer =
        prepare::transformer(context, &wanted.source, &wanted.args.rows, bad_rows)?.variants(edits);
    if let Some(secret) = wanted.key.as_ref().and_then(Key::forbidden) {
        transformer = transformer.forbid(secret);
    }
    let recipe = Recipe {
        source: &wanted.source,
        transformer,
        variants: wanted.asked.variants.len(),
        limits: &wanted.asked.settings.limits,
        dedupe: wanted.args.rows.dedupe,
    };
    let conclusions = Judging::of(&wanted.config);
    let mut sought = Sought::fields(&conclusions).and_of(&wanted.holding).and_labels(&context.desk);
    let Prepared { dataset, mut made, with_response } =
        prepare::prepare(context, &draft, &recipe, &mut sought)?;
    let lacking = sought.missing().map(|(_, failure)| Err(failure)).next().unwrap_or(Ok(()));
    let lacking = lacking.and_then(|()| conclusions.check_logged(with_response));
    lacking.map_err(|failure| failure.safe("nothing was sent"))?;
    let key = wanted.key.as_ref().filter(|_| !wanted.asked.emulated);
    let quotes = Quotes::of(&wanted.asked.backend, &wanted.config.money, context.now())?;
    let client = key.map(|key| service::client_of(&wanted.asked.backend, Some(key))).transpose()?;
    let paths = draft.paths();
    money::keep(paths, &wanted.config.money)?;
    context.desk.keep_files(paths)?;
    conclusions.keep(paths)?;
    expected::keep(context, paths, wanted.config.expected.as_deref())?;
    plugins::keep(paths, draft.tag().as_str(), &wanted.asked.scorers, &wanted.scorers)?;
    let forecasted =
        money::forecast(context, paths, &wanted.asked, &mut made, &quotes, client.as_ref()).await?;
    let mark = |key: &Key| key.mark(draft.tag().as_str(), &wanted.asked.backend);
    let key_fingerprint = key.map(mark);
    let asked = Asked { dataset, key_fingerprint, ..wanted.asked.clone() };
    let (folder, lock) =
        draft.commit(asked, made, &Context::program()).map_err(|error| store(&error))?;
    prepare::tell(context, &folder);
    let names = wanted.scorers.iter().map(|scorer| scorer.name.as_str());
    declared::tell_of_run(context, &folder, names);
    steps::tell_of_no_lock(context, &lock);
    Ok((Locked { folder, lock, is_new: true }, forecasted))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// What comes of it when these looks find these runs, and making it ends so.
    fn begun(
        looks: &[Option<&'static str>],
        made: Result<(), StoreError>,
    ) -> Outcome<Begun<&'static str, ()>> {
        let mut looks = looks.iter().copied();
        begin(|| Ok(looks.next().unwrap()), || made)
    }

    fn exists() -> Result<(), StoreError> {
        Err(StoreError::Exists { path: PathBuf::from("runs/named") })
    }

    #[test]
    fn a_slip_in_the_name_of_an_emulated_model_is_told_from_other_names() {
        let near = |model: &str| misspelt(model).unwrap();
        assert_eq!(near("sim-flsh").as_deref(), Some("sim-flash"));
        for model in ["sim-flash", "sim-pro", "sim-a", "sim-flash-lite", "sim-judge"] {
            assert_eq!(near(model), None, "{model}");
        }
    }

    #[test]
    fn a_run_that_another_process_makes_at_the_same_time_is_gone_on_with() {
        let there = |looks: &[_], made| begun(looks, made).unwrap();
        assert_eq!(there(&[Some("old")], exists()), Begun::There("old"));
        assert_eq!(there(&[None], Ok(())), Begun::New(()));
        assert_eq!(there(&[None, Some("just made")], exists()), Begun::There("just made"));
        // One without a name has the name of a run only by a clash.
        assert_eq!(begun(&[None, None], exists()).unwrap_err().exit, Exit::Usage);
        // What is no run is not looked at a second time.
        let foreign = Err(StoreError::Foreign { path: PathBuf::from("runs/named") });
        assert_eq!(begun(&[None], foreign).unwrap_err().exit, Exit::Usage);
    }
}
