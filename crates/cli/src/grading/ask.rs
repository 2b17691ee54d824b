//! Asks judges about the answers of a run: a run of its own in the run's folder, through the same rooms.

use std::fs;

use batch_backend::ModelId;
use batch_cost::{Limits, Money, UsageTier};
use batch_orchestrator::{Goal, InputPhase, RunState};
use jsonl_transform::{BadRowPolicy, RefusalPolicy, Transformer};
use model_judge::JudgeSpec;
use run_store::{Asked, Draft, NewRun, OwnName, RunFolder, Settings, StoreError, Variant};

use super::lacking::{self, Lacking};
use super::rounds::damaged;
use super::{questions, rounds};
use crate::args::PaceArgs;
use crate::config::MoneyConfig;
use crate::context::{Context, lockable, store};
use crate::exit::{Exit, Failure, Outcome};
use crate::key::Key;
use crate::money::{self, Quotes, Wish};
use crate::prepare::{self, Prepared, Recipe, Source};
use crate::rows::RowBook;
use crate::service;
use crate::sought::Sought;
use crate::steps::{self, Locked, Wishes};
use crate::verdict::{afforded, refused, undecided};

/// A run whose answers are judged, and how this call wants that.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) folder: &'a RunFolder,
    pub(crate) state: &'a RunState,
    pub(crate) wishes: &'a Wishes<'a>,
    /// The command that goes on with it.
    pub(crate) again: &'a str,
    /// Whether somebody wants this very scoring, be the run called off or not.
    pub(crate) is_wished: bool,
}

/// Whether the judges on the desk have been asked all that there is to ask: then no request is made.
pub(crate) fn is_asked(context: &Context, folder: &RunFolder, state: &RunState) -> Outcome<bool> {
    let sources = rounds::sources(state);
    for judge in context.desk.judges() {
        let print = judge.spec.fingerprint();
        if rounds::seen(folder, &print).as_ref() != Some(&sources) {
            return Ok(false);
        }
        for round in rounds::of_judge(folder, &print)? {
            if !steps::state(&round)?.reached(Goal::Fetched) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Asks every judge on the desk what it was not asked yet, and waits for the answers. The caller has the run's lock.
pub(crate) async fn ask(context: &Context, asking: Asking<'_>) -> Outcome<()> {
    for judge in context.desk.judges() {
        let asked = one(context, asking, &judge.spec).await;
        asked.map_err(|failure| failure.next(asking.again))?;
    }
    Ok(())
}

async fn one(context: &Context, asking: Asking<'_>, spec: &JudgeSpec) -> Outcome<()> {
    let folder = asking.folder;
    let print = spec.fingerprint();
    for round in rounds::of_judge(folder, &print)? {
        genuine(folder, spec, &round)?;
        finish(context, asking, round, None).await?;
    }
    let sources = rounds::sources(asking.state);
    let again = if asking.wishes.judges_again {
        lacking::of_judge(context, folder, &print)?
    } else {
        Lacking::default()
    };
    if again.is_empty() && rounds::seen(folder, &print).as_ref() == Some(&sources) {
        return Ok(());
    }
    if !asking.is_wished && asking.state.jobs().any(|job| job.called_off) {
        let name = &spec.name;
        context.ui.note(&format!("judge      {name} is not asked, for the run was cancelled"));
        return Ok(());
    }
    if let Some(run) = make(context, asking, spec, &again).await? {
        finish(context, asking, run.folder.clone(), Some(run)).await?;
    }
    rounds::see(folder, &print, &sources)
}

/// Fails for a round that asks another model or another service than it should: it was not made by us.
fn genuine(folder: &RunFolder, spec: &JudgeSpec, round: &RunFolder) -> Outcome<()> {
    let (of_run, own) = (&folder.manifest().asked, &round.manifest().asked);
    let same = own.backend == of_run.backend && own.emulated == of_run.emulated;
    if same && own.models == [spec.model.as_str()] {
        return Ok(());
    }
    Err(damaged(round, "it does not ask the judge that it is for, at the service of the run")
        .safe("nothing was sent"))
}

/// Goes on with a round until its answers are here. One that was just made comes with its lock.
async fn finish(
    context: &Context,
    asking: Asking<'_>,
    round: RunFolder,
    made: Option<Locked>,
) -> Outcome<()> {
    let before = steps::state(&round)?;
    let own = before.ledger().committed;
    let others = rounds::committed(asking.folder)?.saturating_sub(own);
    let others = others.saturating_add(asking.state.ledger().committed);
    let whole = budget(asking);
    let left = whole.map(|budget| budget.saturating_sub(others));
    if before.reached(Goal::Fetched) && before.affordable(left).is_empty() {
        return settled(&round, &before);
    }
    if before.inputs().all(|(_, phase)| *phase == InputPhase::Planned) {
        agreed(context, asking, &round, others)?;
    }
    let pace = PaceArgs { until: None, ..asking.wishes.pace.clone() };
    let money = MoneyConfig {
        budget: left.map(Money::from_micros),
        ask_above: None,
        prices: asking.wishes.money.prices.clone(),
    };
    let wishes = Wishes {
        pace: &pace,
        key: asking.wishes.key,
        accept_partial: true,
        refetch: false,
        money,
        yes: asking.wishes.yes,
        judges_again: false,
    };
    let run = made.map_or_else(|| steps::lock(context, round.clone()), Ok)?;
    let emulator = asking.folder.paths().emulator();
    let state = steps::fetch(context, run, &wishes, emulator).await?;
    settled(&round, &state)
}

/// Fails when something of a round waits for a person or for money.
fn settled(round: &RunFolder, state: &RunState) -> Outcome<()> {
    undecided(state)?;
    refused(round, state)?;
    afforded(round, state)
}

/// What the run may cost, judges included, in millionths of a dollar.
fn budget(asking: Asking<'_>) -> Option<u64> {
    let stored = asking.folder.manifest().asked.settings.budget;
    asking.wishes.money.budget.map(Money::micros).or(stored)
}

/// Fails when a round that was never begun may not begin.
fn agreed(context: &Context, asking: Asking<'_>, round: &RunFolder, committed: u64) -> Outcome<()> {
    let money = MoneyConfig {
        budget: budget(asking).map(Money::from_micros),
        ask_above: asking.wishes.money.ask_above.or(context.config.money.ask_above),
        prices: None,
    };
    let cost = money::remembered(round.manifest().made.forecast.as_ref());
    let wish = Wish {
        what: "the judge",
        cost: &cost,
        committed: Money::from_micros(committed),
        yes: asking.wishes.yes,
        command: asking.again,
    };
    money::consent(context, &wish, &money)
}

/// Makes a round of all that was not asked yet, or is asked again; nothing where there is no such thing.
async fn make(
    context: &Context,
    asking: Asking<'_>,
    spec: &JudgeSpec,
    again: &Lacking,
) -> Outcome<Option<Locked>> {
    let folder = asking.folder;
    let print = spec.fingerprint();
    let earlier = rounds::of_judge(folder, &print)?;
    let rows = rounds::place(folder, &print).join("questions.jsonl");
    let mut file = folder.paths().create_file(&rows).map_err(|error| store(&error))?;
    let mut book = RowBook::open(context, folder, asking.state, &[])?;
    let asked = questions::write(context, &mut book, spec, (&earlier, again), &mut file)?;
    drop(book);
    if asked == 0 {
        return Ok(None);
    }
    file.commit().map_err(|error| store(&error))?;
    context.ui.note(&format!(
        "judge      {} asks {}, {asked} question{}",
        spec.name,
        eval_report::sanitize(&spec.model),
        if asked == 1 { "" } else { "s" }
    ));
    let source = Source::Files(vec![rows.to_string_lossy().into_owned()]);
    let round = draft(context, folder, &print, earlier.len() + 1)?;
    let run = commit(context, asking, spec, &source, round).await;
    let removed = fs::remove_file(&rows);
    let run = run?;
    removed.map_err(|error| Failure::io(format!("failed to remove {}", rows.display()), &error))?;
    Ok(Some(run))
}

fn draft(context: &Context, folder: &RunFolder, print: &str, number: usize) -> Outcome<Draft> {
    let runs = lockable(rounds::runs(folder, print), context.no_lock);
    let name = OwnName::parse(&rounds::name(number)).map_err(|error| store(&error))?;
    let session = Context::session();
    let new = NewRun {
        name: Some(&name),
        at: context.now(),
        entropy: Context::entropy(),
        session: &session,
    };
    match runs.create(&new) {
        Err(StoreError::Unfinished { .. }) => runs.recreate(&new),
        created => created,
    }
    .map_err(|error| store(&error))
}

async fn commit(
    context: &Context,
    asking: Asking<'_>,
    spec: &JudgeSpec,
    source: &Source,
    draft: Draft,
) -> Outcome<Locked> {
    let parent = asking.folder.manifest();
    let model = ModelId::parse(&spec.model).map_err(|error| Failure::usage(error.to_string()))?;
    service::trusted(context, parent, asking.wishes.key)?;
    let settings = settings(&parent.asked.settings, model.as_str(), parent.asked.emulated);
    let key = asking.wishes.key.filter(|_| !parent.asked.emulated);
    let dedupe = sends_equal_rows_once(&parent.asked);
    let mut transformer = Transformer::new()
        .dedupe(dedupe)
        .bad_rows(BadRowPolicy::Fail)
        .refusals(RefusalPolicy::Warn)
        .variants(vec![jsonl_transform::Edits::new()]);
    if let Some(secret) = key.and_then(Key::forbidden) {
        transformer = transformer.forbid(secret);
    }
    let recipe = Recipe { source, transformer, variants: 1, limits: &settings.limits, dedupe };
    let Prepared { dataset, mut made, .. } =
        prepare::prepare(context, &draft, &recipe, &mut Sought::default())?;
    let backend = parent.asked.backend.clone();
    let prices = MoneyConfig {
        budget: budget(asking).map(Money::from_micros),
        prices: money::kept(asking.folder.paths())
            .or_else(|| asking.wishes.money.prices.clone())
            .or_else(|| context.config.money.prices.clone()),
        ..MoneyConfig::default()
    };
    let quotes = Quotes::of(&backend, &prices, context.now())?;
    money::keep(draft.paths(), &prices)?;
    let client = key.map(|key| service::client_of(&backend, Some(key))).transpose()?;
    let mut asked = Asked {
        backend,
        emulated: parent.asked.emulated,
        dataset,
        rows: None,
        models: vec![model.as_str().to_owned()],
        variants: vec![Variant::named("base")],
        scorers: Vec::new(),
        settings,
        key_fingerprint: None,
    };
    let paths = draft.paths();
    let forecasted =
        money::forecast(context, paths, &asked, &mut made, &quotes, client.as_ref()).await?;
    money::tell(context, &forecasted)?;
    asked.key_fingerprint = key.map(|key| key.mark(draft.tag().as_str(), &asked.backend));
    let (folder, lock) =
        draft.commit(asked, made, &Context::program()).map_err(|error| store(&error))?;
    Ok(Locked { folder, lock, is_new: true })
}

/// Whether a run was made with `--dedupe`: then equal questions are paid for once too.
fn sends_equal_rows_once(asked: &Asked) -> bool {
    asked.rows.iter().any(|words| words.split(' ').any(|word| word == "--dedupe"))
}

/// The settings of the run, for the judge's model; its budget is held by what is left of the run's.
fn settings(of_run: &Settings, model: &str, emulated: bool) -> Settings {
    let mut settings = Settings { budget: None, retry_rows: 0, ..of_run.clone() };
    let known = || Limits::builtin().enqueued_tokens(model, UsageTier::One);
    let live = &mut settings.limits.live_tokens;
    let cap = live.get(model).copied().or_else(|| (!emulated).then(known).flatten());
    live.retain(|_, _| false);
    live.extend(cap.map(|cap| (model.to_owned(), cap)));
    settings
}

/// A failure after which what was judged so far can still be reported.
pub(crate) fn leaves_a_report(failure: &Failure) -> bool {
    matches!(failure.exit, Exit::Quota | Exit::Ambiguous | Exit::Verification | Exit::Usage)
}
