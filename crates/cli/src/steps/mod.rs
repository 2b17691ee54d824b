//! From a run folder to its report: what `run` and `resume` share.

mod part;
mod standing;
mod story;
mod travel;

pub(crate) use part::fetch;
pub(crate) use standing::stopped_at;
use story::{Story, with_doubts};
pub(crate) use travel::{guard, policy};

use std::cell::OnceCell;
use std::error::Error as _;
use std::io;
use std::time::SystemTime;

use batch_backend::BackendError;
use batch_orchestrator::{Clock as _, DriveError, Event, Goal, InputPhase, Journal as _, RunState};
use run_store::{FileJournal, Lock, Manifest, Replay, RunFolder, StoreError, StoreErrorKind};
use serde_json::json;

use crate::again;
use crate::args::{PaceArgs, Until};
use crate::config::MoneyConfig;
use crate::context::{Context, store, unwritten};
use crate::exit::{Exit, Failure, Outcome};
use crate::judge::{self, Judged};
use crate::key::Key;
use crate::money::{self, Quotes, Wish};
use crate::plugins;
use crate::service;
use crate::ui::Ui;
use crate::verdict::{afforded, on_purpose, refused, undecided, verdict};

/// A run that is locked and about to be worked on.
#[derive(Debug)]
pub(crate) struct Locked {
    pub(crate) folder: RunFolder,
    pub(crate) lock: Lock,
    /// Whether this process made it, so that nothing can have been sent that its journal does not tell of.
    pub(crate) is_new: bool,
}

/// How this call wants the run to be worked on.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "they are flags of commands, each for itself")]
pub(crate) struct Wishes<'a> {
    pub(crate) pace: &'a PaceArgs,
    pub(crate) key: Option<&'a Key>,
    pub(crate) accept_partial: bool,
    /// Whether results that are here are fetched again.
    pub(crate) refetch: bool,
    /// A budget in place of the run's own, and prices in place of the built-in ones.
    pub(crate) money: MoneyConfig,
    /// Whether what would be asked is agreed to.
    pub(crate) yes: bool,
    /// Whether judges are asked again what failed at the service or never came.
    pub(crate) judges_again: bool,
}

/// Takes the lock of a run.
pub(crate) fn lock(context: &Context, folder: RunFolder) -> Outcome<Locked> {
    let (session, now) = (Context::session(), context.now());
    let lock = if context.no_lock {
        folder.lock_where_possible(&session, now)
    } else {
        folder.lock(&session, now)
    };
    let lock = lock.map_err(|error| store(&error))?;
    tell_of_no_lock(context, &lock);
    Ok(Locked { folder, lock, is_new: false })
}

/// Warns where nothing keeps others from a run.
pub(crate) fn tell_of_no_lock(context: &Context, lock: &Lock) {
    if !lock.is_held() {
        context.ui.alarm(
            "warning: the file system of this run has no locks: nothing keeps a second process from it, \
             and two at once may pay for the same work twice and damage the journal",
        );
    }
}

/// Opens the journal of a locked run.
pub(crate) fn open(context: &Context, run: &Locked) -> Outcome<(FileJournal, Replay)> {
    let clock = context.clock;
    let clock = Box::new(move || clock.wall());
    FileJournal::open(&run.folder, &run.lock, &Context::session(), clock)
        .map_err(|error| store(&error))
}

/// Where a run stands by its journal.
pub(crate) fn state(folder: &RunFolder) -> Outcome<RunState> {
    let plan = folder.plan().map_err(|error| store(&error))?;
    let replay = folder.replay().map_err(|error| store(&error))?;
    RunState::replay(&plan, replay.events()).map_err(|error| Failure::of(Exit::RunFolder, &error))
}

/// The prices that stood when the run was made; those it was made with, if the user brought some.
pub(crate) fn quotes(
    context: &Context,
    folder: &RunFolder,
    wished: &MoneyConfig,
) -> Outcome<Quotes> {
    let manifest = folder.manifest();
    let own = || context.config.money.prices.clone();
    let stored = manifest.asked.settings.budget.map(batch_cost::Money::from_micros);
    let kept = money::kept(folder.paths());
    let money = MoneyConfig {
        budget: wished.budget.or(stored),
        prices: kept.or_else(|| wished.prices.clone()).or_else(own),
        ..MoneyConfig::default()
    };
    Quotes::of(&manifest.asked.backend, &money, manifest.created)
}

/// Writes events into the journal of a locked run that nobody works on.
pub(crate) fn write_down(context: &Context, run: &Locked, events: &[Event]) -> Outcome<()> {
    let (mut journal, replay) = open(context, run)?;
    let failed = |error| unwritten(&error);
    for event in with_doubts(replay.was_mended(), events.to_vec()) {
        journal.append(&event).map_err(failed)?;
    }
    journal.end("decided").map_err(failed)
}

/// Works on a run until it is as far as wished.
pub(crate) async fn go_on(context: &Context, run: Locked, wishes: &Wishes<'_>) -> Outcome<()> {
    let (mut journal, replay) = open(context, &run)?;
    let Locked { folder, lock, is_new } = run;
    greet(context, &folder, &replay)?;
    let mut story = Story::of(&folder, &mut journal, &replay, context.now())?;
    story.is_new = is_new;
    if wishes.refetch {
        story.refetch()?;
    }
    let until = wishes.pace.until;
    let before = story.state()?;
    if until == Some(Until::Prepared) {
        story.end("prepared")?;
        return stopped_at(context, &folder, &before, None);
    }
    if let Err(refused) = agreed(context, &folder, &before, wishes) {
        story.end("not agreed")?;
        return Err(refused);
    }
    let quotes = quotes(context, &folder, &wishes.money)?;
    // Started when there is something to score: what keeps them from it keeps nothing from being fetched.
    let scorers = OnceCell::new();
    let judge = |story: &Story<'_>, state: &RunState| {
        if scorers.get().is_none() {
            let _ = scorers.set(plugins::of_run(context, &folder)?);
        }
        let scorers = scorers.get().map(Vec::as_slice).unwrap_or_default();
        judge::run(context, &folder, state, scorers, &quotes, story.elapsed(context.now()))
    };
    let (state, judged) = loop {
        let state = travel::travel(context, &mut story, wishes).await?;
        if matches!(until, Some(Until::Uploaded | Until::Submitted | Until::Fetched)) {
            story.end("reached")?;
            undecided(&state)?;
            refused(&folder, &state)?;
            afforded(&folder, &state)?;
            return stopped_at(context, &folder, &state, None);
        }
        let judged = judge(&story, &state)?;
        if !is_more(context, &mut story, &state, &judged, wishes)? {
            break (state, judged);
        }
    };
    let once_more = || judge(&story, &state);
    let (judged, asked) =
        part::graded(context, &folder, &state, wishes, judged, &once_more).await?;
    story.end("reached")?;
    drop(lock);
    let ended = verdict(&folder, &state, &judged, wishes.accept_partial).and(asked);
    if until == Some(Until::Scored) {
        ended?;
        return stopped_at(context, &folder, &state, None);
    }
    judge::show(context, &folder, &judged, ended.as_ref().err())?;
    if let Some(note) = on_purpose(&folder, &judged) {
        context.ui.note(&format!("note       {note}"));
    }
    // In JSON the failure stands in the report event, which is the last one.
    ended.map_err(|failure| if context.ui.json { failure.already_said() } else { failure })
}

/// Says which run this is, and what was found in its journal.
fn greet(context: &Context, folder: &RunFolder, replay: &Replay) -> Outcome<()> {
    context.stop.goes_on_with(resume(folder.manifest()));
    for repair in &replay.repairs {
        context.ui.note(&format!(
            "note       a line that an earlier session could not finish was set aside as {}",
            repair.kept_as
        ));
    }
    if context.ui.json { Ui::object(&opening(folder)) } else { Ok(()) }
}

/// Writes down what jobs cost, and whether there is more to send: jobs that the budget bears after
/// all, or rows again.
fn is_more(
    context: &Context,
    story: &mut Story<'_>,
    state: &RunState,
    judged: &Judged,
    wishes: &Wishes<'_>,
) -> Outcome<bool> {
    let manifest = story.folder.manifest();
    story.add(judged.spent.clone())?;
    if !state.reached(Goal::Fetched) {
        return Ok(false);
    }
    // What jobs really cost may leave enough for some that the budget did not bear before.
    if !judged.spent.is_empty() && !story.state()?.affordable(budget(manifest, wishes)).is_empty() {
        return Ok(true);
    }
    let rounds = wishes.pace.retry_rows.unwrap_or(manifest.asked.settings.retry_rows);
    if rounds == 0 || judged.errors + judged.missing == 0 {
        return Ok(false);
    }
    if !again::unknown(story.folder, state)?.is_empty() {
        return Ok(false);
    }
    let again = again::round(context, story.folder, state, rounds)?;
    let is_more = !again.is_empty();
    story.add(again)?;
    Ok(is_more)
}

/// What the run may cost, in millionths of a dollar.
fn budget(manifest: &Manifest, wishes: &Wishes<'_>) -> Option<u64> {
    wishes.money.budget.map(batch_cost::Money::micros).or(manifest.asked.settings.budget)
}

/// Whether nothing of a run has been sent.
pub(crate) fn is_untouched(state: &RunState) -> bool {
    state.inputs().all(|(_, phase)| *phase == InputPhase::Planned)
}

/// Fails when a run that was never begun may not begin: whichever command begins it, and however
/// often the words are said.
fn agreed(
    context: &Context,
    folder: &RunFolder,
    before: &RunState,
    wishes: &Wishes<'_>,
) -> Outcome<()> {
    if !is_untouched(before) {
        return Ok(());
    }
    let manifest = folder.manifest();
    let stored = manifest.asked.settings.budget.map(batch_cost::Money::from_micros);
    let money = MoneyConfig {
        budget: wishes.money.budget.or(stored),
        ask_above: wishes.money.ask_above.or(context.config.money.ask_above),
        prices: None,
    };
    let mut forecast = money::remembered(manifest.made.forecast.as_ref());
    // Rows sent again are paid for again; at most all of them are.
    let rounds = wishes.pace.retry_rows.unwrap_or(manifest.asked.settings.retry_rows);
    let most = forecast.cost.high.micros().saturating_mul(u64::from(rounds) + 1);
    forecast.cost.high = batch_cost::Money::from_micros(most);
    let wish = Wish {
        what: "the run",
        cost: &forecast,
        committed: batch_cost::Money::default(),
        yes: wishes.yes,
        command: &resume(manifest),
    };
    money::consent(context, &wish, &money)
}

/// What programs hear first: which run this is.
fn opening(folder: &RunFolder) -> serde_json::Value {
    let manifest = folder.manifest();
    json!({
        "type": "run", "run": manifest.name.as_str(), "folder": folder.paths().root(),
        "emulated": manifest.asked.emulated, "dataset": manifest.asked.dataset.label,
        "rows": manifest.made.rows, "left_out": manifest.made.transformed.bad,
        "warnings": manifest.made.transformed.warnings, "models": manifest.asked.models,
        "scorers": manifest.asked.scorers, "forecast": manifest.made.forecast,
    })
}

/// The command that goes on with a run.
pub(crate) fn resume(manifest: &Manifest) -> String {
    format!("batch-eval resume {}", manifest.name.as_str())
}

/// The next command for a run that nobody works on.
pub(crate) fn next(manifest: &Manifest, state: &RunState) -> String {
    if state.reached(Goal::Fetched) {
        format!("batch-eval report {}", manifest.name.as_str())
    } else {
        resume(manifest)
    }
}

/// Why driving ended, as a failure of the program.
pub(crate) fn failed(context: &Context, manifest: &Manifest, error: &DriveError) -> Failure {
    if let Some(stopped) = context.stop.failure() {
        return stopped;
    }
    let failure = match error {
        DriveError::Backend(call) => match of_folder(call) {
            Some(changed) => store(changed),
            None => service::call(call),
        },
        DriveError::Journal(source) => unwritten(source),
        DriveError::Illegal(_) => Failure::of(Exit::RunFolder, error),
        _ => Failure::of(Exit::Bug, error),
    };
    let failure = failure.safe("jobs that exist run on at the service; what is here is kept");
    let next = match failure.next.clone() {
        Some(hint) => format!("{hint}; then {}", resume(manifest)),
        None => format!("mend the cause, then {}", resume(manifest)),
    };
    Failure { next: Some(next), ..failure }
}

/// What is wrong with the run's own files, where that is why a call was not made.
fn of_folder(call: &BackendError) -> Option<&StoreError> {
    let cause = call.source()?.downcast_ref::<io::Error>()?;
    let found = cause.get_ref()?.downcast_ref::<StoreError>()?;
    (found.kind() != StoreErrorKind::Io).then_some(found)
}

/// A wall-clock time, as far as it can be written.
pub(crate) fn rfc3339(at: SystemTime) -> String {
    jiff::Timestamp::try_from(at).map_or_else(|_| "-".to_owned(), |at| format!("{at:.0}"))
}
