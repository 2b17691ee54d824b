//! From a run folder to its report: what `run` and `resume` share.

mod travel;

pub(crate) use travel::policy;

use std::time::{Duration, SystemTime};

use batch_orchestrator::{
    Clock as _, DriveError, Event, Goal, InputPhase, Journal as _, Phase, RunState, Verdict,
};
use run_store::{FileJournal, Lock, Manifest, Replay, RunFolder};
use serde_json::json;

use crate::again;
use crate::args::{PaceArgs, Until};
use crate::config::MoneyConfig;
use crate::context::{Context, store};
use crate::exit::{Exit, Failure, Outcome};
use crate::judge;
use crate::key::Key;
use crate::money::{self, Quotes, Wish};
use crate::service;
use crate::ui::Ui;
use crate::verdict::{afforded, refused, undecided, verdict};
use crate::words::jobs;

/// A run that is locked and about to be worked on.
#[derive(Debug)]
pub(crate) struct Locked {
    pub(crate) folder: RunFolder,
    pub(crate) lock: Lock,
}

/// How this call wants the run to be worked on.
#[derive(Debug)]
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
}

/// Takes the lock of a run.
pub(crate) fn lock(context: &Context, folder: RunFolder) -> Outcome<Locked> {
    let lock = folder.lock(&Context::session(), context.now()).map_err(|error| store(&error))?;
    Ok(Locked { folder, lock })
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
    let (mut journal, _) = open(context, run)?;
    let failed = |error| Failure::io("failed to write the journal", &error);
    for event in events {
        journal.append(event).map_err(failed)?;
    }
    journal.end("decided").map_err(failed)
}

/// Works on a run until it is as far as wished.
pub(crate) async fn go_on(context: &Context, run: Locked, wishes: &Wishes<'_>) -> Outcome<()> {
    let (mut journal, replay) = open(context, &run)?;
    let Locked { folder, lock } = run;
    context.stop.goes_on_with(resume(folder.manifest()));
    for repair in &replay.repairs {
        context.ui.note(&format!(
            "note       a line that an earlier session could not finish was set aside as {}",
            repair.kept_as
        ));
    }
    if context.ui.json {
        Ui::object(&opening(&folder))?;
    }
    let plan = folder.plan().map_err(|error| store(&error))?;
    let illegal = |error| failed(context, folder.manifest(), &DriveError::Illegal(error));
    let mut story = Story::of(&folder, &mut journal, &replay);
    let mut before = RunState::replay(&plan, &story.events).map_err(illegal)?;
    if wishes.refetch {
        story.add(refetched(&before))?;
        before = RunState::replay(&plan, &story.events).map_err(illegal)?;
    }
    let until = wishes.pace.until;
    if until == Some(Until::Prepared) {
        story.end("prepared")?;
        return stopped_at(context, &folder, &before);
    }
    if let Err(refused) = agreed(context, &folder, &before, wishes) {
        story.end("not agreed")?;
        return Err(refused);
    }
    let scorers = context.scorers(&folder.manifest().asked.scorers)?;
    let quotes = quotes(context, &folder, &wishes.money)?;
    let elapsed_before = elapsed(context, &folder, &before, &replay);
    let (state, judged) = loop {
        let state = travel::travel(context, &mut story, &before, wishes).await?;
        if matches!(until, Some(Until::Uploaded | Until::Submitted | Until::Fetched)) {
            story.end("reached")?;
            undecided(&state)?;
            refused(&folder, &state)?;
            afforded(&folder, &state)?;
            return stopped_at(context, &folder, &state);
        }
        let elapsed = if story.is_longer(&replay) {
            context.now().duration_since(folder.manifest().created).ok()
        } else {
            elapsed_before
        };
        let judged = judge::run(context, &folder, &state, &scorers, &quotes, elapsed)?;
        let spent = !judged.spent.is_empty();
        story.add(judged.spent.clone())?;
        if spent && state.reached(Goal::Fetched) {
            // What jobs really cost may leave enough for some that the budget did not bear before.
            let after = RunState::replay(&plan, &story.events).map_err(illegal)?;
            if !after.affordable(budget(folder.manifest(), wishes)).is_empty() {
                before = after;
                continue;
            }
        }
        let rounds = wishes.pace.retry_rows.unwrap_or(folder.manifest().asked.settings.retry_rows);
        if rounds == 0 || judged.errors + judged.missing == 0 || !state.reached(Goal::Fetched) {
            break (state, judged);
        }
        let again = again::round(context, &folder, &state, rounds)?;
        if again.is_empty() {
            break (state, judged);
        }
        story.add(again)?;
        before = RunState::replay(&plan, &story.events).map_err(illegal)?;
    };
    story.end("reached")?;
    drop(lock);
    let ended = verdict(&folder, &state, &judged, wishes.accept_partial);
    if until == Some(Until::Scored) {
        ended?;
        return stopped_at(context, &folder, &state);
    }
    judge::show(context, &folder, &judged, ended.as_ref().err())?;
    // In JSON the failure stands in the report event, which is the last one.
    ended.map_err(|failure| if context.ui.json { failure.already_said() } else { failure })
}

/// What the run may cost, in millionths of a dollar.
fn budget(manifest: &Manifest, wishes: &Wishes<'_>) -> Option<u64> {
    wishes.money.budget.map(batch_cost::Money::micros).or(manifest.asked.settings.budget)
}

/// Fails when a run that was never begun may not begin: whichever command begins it, and however
/// often the words are said.
fn agreed(
    context: &Context,
    folder: &RunFolder,
    before: &RunState,
    wishes: &Wishes<'_>,
) -> Outcome<()> {
    if before.inputs().any(|(_, phase)| *phase != InputPhase::Planned) {
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

/// A run under way: its folder, its journal, and all that has happened.
pub(crate) struct Story<'a> {
    pub(crate) folder: &'a RunFolder,
    journal: &'a mut FileJournal,
    pub(crate) events: Vec<Event>,
}

impl<'a> Story<'a> {
    fn of(folder: &'a RunFolder, journal: &'a mut FileJournal, replay: &Replay) -> Self {
        Self { folder, journal, events: replay.events().cloned().collect() }
    }

    /// Writes events down that this program brought about itself.
    fn add(&mut self, events: Vec<Event>) -> Outcome<()> {
        for event in events {
            self.journal
                .append(&event)
                .map_err(|error| Failure::io("failed to write the journal", &error))?;
            self.events.push(event);
        }
        Ok(())
    }

    fn end(&mut self, how: &'static str) -> Outcome<()> {
        end(self.journal, how)
    }

    /// Whether anything has happened since this replay.
    fn is_longer(&self, replay: &Replay) -> bool {
        self.events.len() > replay.events().count()
    }
}

/// Events that open every job again whose results are here.
fn refetched(state: &RunState) -> Vec<Event> {
    let here = |phase: &Phase| match phase {
        Phase::Over(Verdict::Results { ending, .. }) => ending.output.is_some(),
        _ => false,
    };
    let jobs = state.jobs().filter(|job| here(&job.phase));
    jobs.map(|job| Event::Reopened { job: job.id }).collect()
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

/// How long the run took: from its making to now, or to its last event if it was over before.
fn elapsed(
    context: &Context,
    folder: &RunFolder,
    before: &RunState,
    replay: &Replay,
) -> Option<Duration> {
    let over = before.reached(Goal::Fetched);
    let end = if over { replay.entries.last().map(|entry| entry.at)? } else { context.now() };
    end.duration_since(folder.manifest().created).ok()
}

fn end(journal: &mut FileJournal, how: &'static str) -> Outcome<()> {
    journal.end(how).map_err(|error| Failure::io("failed to write the journal", &error))
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

fn alive(state: &RunState) -> usize {
    state.jobs().filter(|job| matches!(job.phase, Phase::Waiting(_))).count()
}

fn safe(state: &RunState) -> String {
    let unknown = |phase: &Phase| matches!(phase, Phase::Intended | Phase::Doubtful(_));
    let unknown = state.jobs().filter(|job| unknown(&job.phase)).count();
    let mut parts = vec![match alive(state) {
        0 => "no job is known to run at the service".to_owned(),
        1 => "1 job runs on at the service".to_owned(),
        n => format!("{n} jobs run on at the service"),
    }];
    if unknown > 0 {
        parts.push(format!("{unknown} may have been created and will be looked for"));
    }
    parts.push("everything here is kept".to_owned());
    parts.join("; ")
}

/// Says how far the run is, from its state and not from what was asked.
fn stopped_at(context: &Context, folder: &RunFolder, state: &RunState) -> Outcome<()> {
    let manifest = folder.manifest();
    let all = state.jobs().count();
    let over = state.jobs().filter(|job| job.is_over()).count();
    let at = if over == all {
        "every job is over, and what results there are lie here".to_owned()
    } else if state.reached(Goal::Submitted) {
        format!("{} of {} at the service", alive(state), jobs(all))
    } else if state.has_created() {
        format!("some of {} are created", jobs(all))
    } else if state.reached(Goal::Uploaded) {
        "the input lies at the service; no job exists yet".to_owned()
    } else {
        "the input is prepared; nothing was sent yet".to_owned()
    };
    let next = if over == all { next(manifest, state) } else { resume(manifest) };
    if !context.ui.json {
        return Ui::result(&format!("{at}\nnext: {next}"));
    }
    let run = manifest.name.as_str();
    let root = folder.paths().root();
    Ui::object(&json!({"type": "paused", "run": run, "at": at, "folder": root, "next": next}))
}

/// Says that a run is prepared and that nothing of it was sent.
pub(crate) fn stopped_before_sending(
    context: &Context,
    folder: &RunFolder,
    forecast: Option<&serde_json::Value>,
) -> Outcome<()> {
    let at = "the input is prepared; nothing was sent";
    let (run, next) = (folder.manifest().name.as_str(), resume(folder.manifest()));
    if !context.ui.json {
        return Ui::result(&format!("{at}\nnext: `{next}` sends it"));
    }
    let root = folder.paths().root();
    Ui::object(&json!({
        "type": "paused", "run": run, "at": at, "folder": root, "next": next, "forecast": forecast,
    }))
}

/// Why driving ended, as a failure of the program.
pub(crate) fn failed(context: &Context, manifest: &Manifest, error: &DriveError) -> Failure {
    if let Some(stopped) = context.stop.failure() {
        return stopped;
    }
    let failure = match error {
        DriveError::Backend(error) => service::call(error),
        DriveError::Journal(source) => Failure::io(error.to_string(), source),
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

/// A wall-clock time, as far as it can be written.
pub(crate) fn rfc3339(at: SystemTime) -> String {
    jiff::Timestamp::try_from(at).map_or_else(|_| "-".to_owned(), |at| format!("{at:.0}"))
}
