//! From a run folder to its report: what `run` and `resume` share.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use batch_orchestrator::{
    Clock as _, DriveError, Event, Finish, Goal, Journal as _, OnAmbiguous, Phase, Policy,
    RunState, Verdict, World, drive,
};
use run_store::{BackendKind, FileJournal, FolderSink, Lock, Manifest, Replay, RunFolder};
use serde_json::json;

use crate::args::{Ambiguous, PaceArgs, Until};
use crate::context::{Context, store};
use crate::exit::{Exit, Failure, Outcome};
use crate::judge;
use crate::key::{self, Key};
use crate::progress::Shown;
use crate::service;
use crate::ui::Ui;
use crate::verdict::{refused, undecided, verdict};
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
    let mut history: Vec<Event> = replay.events().cloned().collect();
    let illegal = |error| failed(context, folder.manifest(), &DriveError::Illegal(error));
    let mut before = RunState::replay(&plan, &history).map_err(illegal)?;
    if wishes.refetch {
        for event in refetched(&before) {
            journal
                .append(&event)
                .map_err(|error| Failure::io("failed to write the journal", &error))?;
            history.push(event);
        }
        before = RunState::replay(&plan, &history).map_err(illegal)?;
    }
    let until = wishes.pace.until;
    if until == Some(Until::Prepared) {
        end(&mut journal, "prepared")?;
        return stopped_at(context, &folder, &before);
    }
    let state = travel(context, &folder, &mut journal, &history, &before, wishes).await?;
    if matches!(until, Some(Until::Uploaded | Until::Submitted | Until::Fetched)) {
        undecided(&state)?;
        refused(&folder, &state)?;
        return stopped_at(context, &folder, &state);
    }
    let scorers = context.scorers(&folder.manifest().asked.scorers)?;
    let elapsed = elapsed(context, &folder, &before, &replay);
    let judged = judge::run(context, &folder, &state, &scorers, elapsed)?;
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
        "scorers": manifest.asked.scorers,
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

/// The part of the way that leads over the service.
async fn travel(
    context: &Context,
    folder: &RunFolder,
    journal: &mut FileJournal,
    history: &[Event],
    before: &RunState,
    wishes: &Wishes<'_>,
) -> Outcome<RunState> {
    let manifest = folder.manifest();
    let emulated = manifest.asked.backend.kind == BackendKind::Emulator;
    if !emulated && wishes.key.is_none() {
        if !before.reached(Goal::Fetched) {
            return Err(key::missing().safe("nothing was changed").next(resume(manifest)));
        }
        context
            .ui
            .note("note       all results are here; without a key no second jobs are looked for");
        end(journal, "complete")?;
        return Ok(before.clone());
    }
    let mut policy = policy(manifest, wishes.pace, emulated);
    if other_key(manifest, wishes.key) {
        context.ui.alarm(
            "warning: this is another key than the run was made with; if it is of another project, \
             the run's jobs cannot be seen with it",
        );
        // Jobs that cannot be seen must not be taken for jobs that do not exist.
        if wishes.pace.on_ambiguous.is_none() {
            policy.on_ambiguous = OnAmbiguous::Stop;
        }
    }
    let plan = folder.plan().map_err(|error| store(&error))?;
    let state = folder.paths().emulator();
    let service = service::open(&manifest.asked.backend, wishes.key, &state).await?;
    let world = World {
        backend: Arc::clone(&service.backend),
        sink: Arc::new(FolderSink::new(folder)),
        clock: Arc::new(context.clock),
        listener: Arc::new(Shown::new(context.ui, context.clock, manifest, policy.settle)),
    };
    let driven = drive(plan, policy, history, journal, &world, context.stop.wait()).await;
    let (finish, state) = match driven {
        Ok(driven) => driven,
        Err(error) => {
            // The journal may be what failed; the error that counts is the first one.
            let _ = journal.end("failed");
            return Err(failed(context, manifest, &error));
        }
    };
    finished(context, manifest, journal, &finish, state)
}

fn finished(
    context: &Context,
    manifest: &Manifest,
    journal: &mut FileJournal,
    finish: &Finish,
    state: RunState,
) -> Outcome<RunState> {
    match finish {
        Finish::Reached => {
            end(journal, "reached")?;
            Ok(state)
        }
        Finish::Deadline => {
            end(journal, "deadline")?;
            let (late, all) = (alive(&state), jobs(state.jobs().count()));
            Err(Failure::new(Exit::Paused, format!("{late} of {all} passed the deadline"))
                .safe("they run on at the service, and what is here stays")
                .next(format!("{} --deadline 100h", resume(manifest))))
        }
        Finish::Stopped => {
            end(journal, "stopped")?;
            let exit = context.stop.exit().unwrap_or(Exit::Interrupted);
            Err(Failure::new(exit, "stopped before the end")
                .safe(safe(&state))
                .next(resume(manifest)))
        }
    }
}

/// Whether the run was made with another key than this one.
fn other_key(manifest: &Manifest, key: Option<&Key>) -> bool {
    let made_with = manifest.asked.key_fingerprint.as_deref();
    made_with.zip(key).is_some_and(|(made, key)| made != key.fingerprint(manifest.tag.as_str()))
}

fn end(journal: &mut FileJournal, how: &'static str) -> Outcome<()> {
    journal.end(how).map_err(|error| Failure::io("failed to write the journal", &error))
}

fn policy(manifest: &Manifest, pace: &PaceArgs, emulated: bool) -> Policy {
    let settings = &manifest.asked.settings;
    let stored = settings.poll_interval_ms.map(Duration::from_millis);
    let on_ambiguous = match (pace.on_ambiguous, settings.on_ambiguous) {
        (Some(Ambiguous::Stop), _) | (None, run_store::OnAmbiguous::Stop) => OnAmbiguous::Stop,
        _ => OnAmbiguous::Retry,
    };
    let default = Policy::default();
    let settle = pace.settle.unwrap_or(Duration::from_millis(settings.settle_ms));
    let patience = if emulated { service::EMULATED_PATIENCE } else { default.patience };
    Policy {
        goal: match pace.until {
            Some(Until::Prepared | Until::Uploaded) => Goal::Uploaded,
            Some(Until::Submitted) => Goal::Submitted,
            _ => Goal::Fetched,
        },
        settle,
        settle_declined: default.settle_declined.min(settle),
        on_ambiguous,
        poll_interval: pace
            .poll_interval
            .or(stored)
            .or_else(|| emulated.then_some(service::EMULATED_POLL)),
        deadline: pace.deadline.unwrap_or(Duration::from_millis(settings.deadline_ms)),
        patience: pace.patience.unwrap_or(patience),
        seed: Context::entropy(),
        ..default
    }
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
