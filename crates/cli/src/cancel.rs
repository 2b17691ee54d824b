//! `batch-eval cancel`: asks the service to stop the jobs of a run.

use std::path::Path;
use std::sync::Arc;

use batch_orchestrator::{Event, Finish, Journal as _, Phase, RunState, Verdict, World, drive};
use run_store::{BackendKind, FolderSink};

use crate::args::{CancelArgs, PaceArgs, Until};
use crate::config::PaceConfig;
use crate::context::{Context, store, unwritten};
use crate::exit::{Exit, Failure, Outcome};
use crate::grading;
use crate::key::Key;
use crate::progress::Shown;
use crate::steps::{self, Locked};
use crate::ui::Ui;
use crate::verdict::undecided;
use crate::words::jobs;
use crate::{key, service};

pub(crate) async fn cancel(context: &Context, args: &CancelArgs) -> Outcome<()> {
    let key = key::read(&args.key)?;
    let folder = context.find(args.run.run.as_deref())?;
    let again = format!("batch-eval cancel {}", folder.manifest().name.as_str());
    context.stop.goes_on_with(again.clone());
    let run = steps::lock(context, folder).map_err(|failure| match failure.exit {
        Exit::RunFolder => Failure {
            next: Some(format!(
                "stop that process first (Ctrl-C leaves the jobs running), then {again}"
            )),
            ..failure
        },
        _ => failure,
    })?;
    let emulator = run.folder.paths().emulator();
    let rounds = grading::of_run(&run.folder)?;
    let name = run.folder.manifest().name.as_str().to_owned();
    let own = stop(context, &run, key.as_ref(), &emulator, &again).await?;
    let mut judges = 0;
    for round in rounds {
        let round = steps::lock(context, round)?;
        let stopped = stop(context, &round, key.as_ref(), &emulator, &again).await?;
        judges += stopped.map_or(0, |(asked, _)| asked);
    }
    match (own, judges) {
        (None, 0) => say(context, &name, 0, "every job of this run is over already"),
        (None, judges) => {
            say(context, &name, judges, "they asked its judges; what they did is paid for")
        }
        (Some((asked, next)), judges) => say(context, &name, asked + judges, &next),
    }
}

/// Asks the service to stop the jobs of a locked run: how many were asked, and what becomes of them; `None` where all
/// are over. The emulator, where the run goes to one, has its state in `emulator`.
async fn stop(
    context: &Context,
    run: &Locked,
    key: Option<&Key>,
    emulator: &Path,
    again: &str,
) -> Outcome<Option<(usize, String)>> {
    let (mut journal, replay) = steps::open(context, run)?;
    let folder = &run.folder;
    let manifest = folder.manifest();
    let plan = folder.plan().map_err(|error| store(&error))?;
    let mut history: Vec<Event> = replay.events().cloned().collect();
    let state =
        RunState::replay(&plan, &history).map_err(|error| Failure::of(Exit::RunFolder, &error))?;
    // Also what waits for money or for a person: from here on nothing of the run is created.
    let open = state.jobs().filter(|job| job.may_be_called_off());
    let open: Vec<_> = open.map(|job| job.id).collect();
    if open.is_empty() {
        undecided(&state)?;
        return Ok(None);
    }
    // The service is opened first: without a key nothing is written down as asked for.
    service::trusted(context, manifest, key)?;
    let service = service::open(&manifest.asked.backend, key, emulator).await?;
    for job in &open {
        let event = Event::CancelRequested { job: *job };
        journal.append(&event).map_err(|error| unwritten(&error))?;
        history.push(event);
    }
    // As far as the creations: a job that may exist is looked for first, so that it is stopped too.
    let emulated = manifest.asked.backend.kind == BackendKind::Emulator;
    let pace = PaceArgs::of(&PaceConfig::default(), Some(Until::Submitted));
    let mut policy = steps::policy(manifest, &pace, None, emulated)?;
    steps::guard(context, manifest, key, &pace, &mut policy);
    let world = World {
        backend: Arc::clone(&service.backend),
        sink: Arc::new(FolderSink::new(folder)),
        clock: Arc::new(context.clock),
        listener: Arc::new(Shown::new(context.ui, context.clock, manifest, policy.settle)),
    };
    let stop = context.stop.wait();
    let driven = drive(plan, policy, &history, &mut journal, &world, stop).await;
    let how = if driven.is_ok() { "cancelled" } else { "failed" };
    let ended = journal.end(how);
    let (finish, after) = driven.map_err(|error| {
        let failure = steps::failed(context, manifest, &error);
        Failure { next: Some(again.to_owned()), ..failure }
    })?;
    ended.map_err(|error| unwritten(&error))?;
    if finish == Finish::Stopped {
        let exit = context.stop.exit().unwrap_or(Exit::Interrupted);
        return Err(Failure::new(exit, "stopped before every job was asked to stop").next(again));
    }
    // Nobody was asked to stop what may or may not be there.
    undecided(&after)?;
    let bill = if emulated { "" } else { "; rows that were done are paid for" };
    let next = format!("a job may still finish{bill}; {} waits for that", steps::resume(manifest));
    let stopping = |phase: &Phase| matches!(phase, Phase::Waiting(_));
    let asked = after.jobs().filter(|job| job.called_off && stopping(&job.phase)).count();
    let unsent = |phase: &Phase| *phase == Phase::Over(Verdict::NeverSent);
    let next = match after.jobs().filter(|job| unsent(&job.phase)).count() {
        0 => next,
        unsent if asked == 0 => {
            format!("{} never sent, and nothing is created any more", jobs(unsent))
        }
        unsent => format!("{} never sent; {next}", jobs(unsent)),
    };
    Ok(Some((asked, next)))
}

fn say(context: &Context, run: &str, asked: usize, what: &str) -> Outcome<()> {
    if context.ui.json {
        return Ui::object(&serde_json::json!({
            "type": "cancelled", "run": run, "asked": asked, "note": what,
        }));
    }
    let jobs = jobs(asked);
    Ui::result(&format!("asked {jobs} of {run} to stop\n{what}"))
}
