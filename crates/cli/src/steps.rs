//! From a run folder to its report: what `run` and `resume` share.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use batch_orchestrator::{
    Clock as _, DriveError, Event, Finish, Goal, OnAmbiguous, Phase, Policy, RunState, Verdict,
    World, drive,
};
use run_store::{BackendKind, FileJournal, FolderSink, Lock, Manifest, RunFolder};

use crate::args::{Ambiguous, KeyArgs, PaceArgs, Until};
use crate::context::{Context, store};
use crate::exit::{Exit, Failure, Outcome};
use crate::progress::Shown;
use crate::service;
use crate::ui::Ui;
use crate::{judge, key};

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
    pub(crate) keys: &'a KeyArgs,
    pub(crate) accept_partial: bool,
}

/// Takes the lock of a run.
pub(crate) fn lock(context: &Context, folder: RunFolder) -> Outcome<Locked> {
    let lock = folder.lock(&Context::session(), context.now()).map_err(|error| store(&error))?;
    Ok(Locked { folder, lock })
}

/// Works on a run until it is as far as wished.
pub(crate) async fn go_on(context: &Context, run: Locked, wishes: &Wishes<'_>) -> Outcome<()> {
    let Locked { folder, lock } = run;
    let clock = context.clock;
    let (mut journal, replay) =
        FileJournal::open(&folder, &lock, &Context::session(), Box::new(move || clock.wall()))
            .map_err(|error| store(&error))?;
    for repair in &replay.repairs {
        context.ui.note(&format!(
            "note       a line that an earlier session could not finish was set aside as {}",
            repair.kept_as
        ));
    }
    let until = wishes.pace.until;
    if until == Some(Until::Prepared) {
        end(&mut journal, "prepared")?;
        return stopped_at(context, &folder, "prepared; nothing was sent yet");
    }
    let history: Vec<Event> = replay.events().cloned().collect();
    let state = travel(context, &folder, &mut journal, &history, wishes).await?;
    match until {
        Some(Until::Uploaded) => {
            return stopped_at(context, &folder, "uploaded; no job exists yet");
        }
        Some(Until::Submitted) => {
            return stopped_at(context, &folder, "submitted; the jobs run at the service");
        }
        Some(Until::Fetched) => return stopped_at(context, &folder, "fetched; not scored yet"),
        _ => {}
    }
    let specs = &folder.manifest().asked.scorers;
    let scorers = context.scorers(specs)?;
    let was_over = replay.entries.len() == history_len(&folder)?;
    let ended = if was_over { replay.entries.last().map(|entry| entry.at) } else { None };
    let elapsed = ended.unwrap_or_else(|| context.now()).duration_since(folder.manifest().created);
    let report = judge::run(context, &folder, &state, &scorers, elapsed.ok())?;
    if until == Some(Until::Scored) {
        return stopped_at(context, &folder, "scored");
    }
    judge::show(context, &folder, &report)?;
    drop(lock);
    verdict(context, &folder, &state, &report, wishes.accept_partial)
}

/// How many events the journal holds by now.
fn history_len(folder: &RunFolder) -> Outcome<usize> {
    folder.replay().map(|replay| replay.entries.len()).map_err(|error| store(&error))
}

/// The part of the way that leads over the service.
async fn travel(
    context: &Context,
    folder: &RunFolder,
    journal: &mut FileJournal,
    history: &[Event],
    wishes: &Wishes<'_>,
) -> Outcome<RunState> {
    let manifest = folder.manifest();
    let plan = folder.plan().map_err(|error| store(&error))?;
    let before = RunState::replay(&plan, history)
        .map_err(|error| failed(context, manifest, &DriveError::Illegal(error)))?;
    let emulated = manifest.asked.backend.kind == BackendKind::Emulator;
    if before.reached(Goal::Fetched) && !emulated && !key::is_given(wishes.keys) {
        context
            .ui
            .note("note       all results are here; without a key no second jobs are looked for");
        end(journal, "complete")?;
        return Ok(before);
    }
    let policy = policy(manifest, wishes.pace, emulated);
    let service =
        service::open(&manifest.asked.backend, wishes.keys, &folder.paths().emulator()).await?;
    let world = World {
        backend: Arc::clone(&service.backend),
        sink: Arc::new(FolderSink::new(folder)),
        clock: Arc::new(context.clock),
        listener: Arc::new(Shown::new(context.ui, context.clock, manifest.asked.models.clone())),
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
    match finish {
        Finish::Reached => {
            end(journal, "reached")?;
            Ok(state)
        }
        Finish::Deadline => {
            end(journal, "deadline")?;
            let what = format!(
                "{} of {} jobs are older than the deadline",
                alive(&state),
                state.jobs().count()
            );
            Err(Failure::new(Exit::Paused, what)
                .safe("they run on at the service, and what is here stays")
                .next(format!("{}, with a longer --deadline", resume(manifest))))
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
        patience: pace.patience.unwrap_or(default.patience),
        seed: Context::entropy(),
        ..default
    }
}

/// The command that goes on with a run.
pub(crate) fn resume(manifest: &Manifest) -> String {
    format!("batch-eval resume {}", manifest.name.as_str())
}

fn alive(state: &RunState) -> usize {
    state.jobs().filter(|job| matches!(job.phase, Phase::Waiting(_))).count()
}

fn safe(state: &RunState) -> String {
    let running = alive(state);
    let unknown = state
        .jobs()
        .filter(|job| matches!(job.phase, Phase::Intended | Phase::Doubtful(_)))
        .count();
    let mut parts = vec![match running {
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

fn stopped_at(context: &Context, folder: &RunFolder, what: &str) -> Outcome<()> {
    let manifest = folder.manifest();
    if context.ui.json {
        return Ui::object(&serde_json::json!({
            "type": "paused", "run": manifest.name.as_str(), "at": what,
            "folder": folder.paths().root(), "next": resume(manifest),
        }));
    }
    Ui::result(&format!("{what}\nnext: {}", resume(manifest)))
}

fn failed(context: &Context, manifest: &Manifest, error: &DriveError) -> Failure {
    let failure = match error {
        DriveError::Backend(error) => service::call(error),
        DriveError::Journal(source) => Failure::io(error.to_string(), source),
        DriveError::Illegal(_) => Failure::of(Exit::RunFolder, error),
        _ => Failure::of(Exit::Bug, error),
    };
    if let Some(stopped) = context.stop.failure() {
        return stopped.next(resume(manifest));
    }
    failure
        .safe("jobs that exist run on at the service; what is here is kept")
        .next(format!("mend the cause, then: {}", resume(manifest)))
}

/// The exit code of a run that came to its report.
fn verdict(
    context: &Context,
    folder: &RunFolder,
    state: &RunState,
    report: &judge::Judged,
    accept_partial: bool,
) -> Outcome<()> {
    let manifest = folder.manifest();
    if state.quarantined().next().is_some() {
        return Err(Failure::new(Exit::Ambiguous, "it is unknown whether a job was created")
            .safe("nothing was sent twice")
            .next("look at the jobs of your project; then resume with --on-ambiguous retry"));
    }
    if let Some(damage) = report.damage.first() {
        return Err(Failure::new(
            Exit::Verification,
            format!("a result file is damaged: {damage}"),
        )
        .safe("the file is kept as it came"));
    }
    // The bundled sample has a failed row on purpose, to show what one looks like.
    let on_purpose =
        manifest.asked.emulated && manifest.asked.dataset.label == crate::sample::LABEL;
    if report.lacking > 0 && !accept_partial && !on_purpose {
        for job in state.jobs() {
            if let Phase::Over(Verdict::Refused(reason)) = &job.phase {
                context.ui.note(&format!("refused    {}", eval_report::sanitize(reason)));
            }
        }
        let what = format!("{} rows have no answer: failed or missing", report.lacking);
        return Err(Failure::new(Exit::Verification, what)
            .safe("the report counts them, and every row that came is scored")
            .next("--accept-partial, if that is good enough"));
    }
    Ok(())
}

/// A wall-clock time, as far as it can be written.
pub(crate) fn rfc3339(at: SystemTime) -> String {
    jiff::Timestamp::try_from(at).map_or_else(|_| "-".to_owned(), |at| format!("{at:.0}"))
}
