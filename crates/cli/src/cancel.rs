//! `batch-eval cancel`: asks the service to stop the jobs of a run.

use std::sync::Arc;

use batch_orchestrator::{Event, Finish, Journal as _, Phase, RunState, Verdict, World, drive};
use run_store::{BackendKind, FolderSink};

use crate::args::{CancelArgs, PaceArgs, Until};
use crate::config::PaceConfig;
use crate::context::{Context, store};
use crate::exit::{Exit, Failure, Outcome};
use crate::progress::Shown;
use crate::steps::{self, Locked};
use crate::ui::Ui;
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
    let (mut journal, replay) = steps::open(context, &run)?;
    let Locked { folder, lock: _lock } = run;
    let manifest = folder.manifest();
    let plan = folder.plan().map_err(|error| store(&error))?;
    let mut history: Vec<Event> = replay.events().cloned().collect();
    let state =
        RunState::replay(&plan, &history).map_err(|error| Failure::of(Exit::RunFolder, &error))?;
    // Also what waits for money or for a person: from here on nothing of the run is created.
    let open = state.jobs().filter(|job| job.may_be_called_off());
    let open: Vec<_> = open.map(|job| job.id).collect();
    if open.is_empty() {
        return say(context, manifest.name.as_str(), 0, "every job of this run is over already");
    }
    // The service is opened first: without a key nothing is written down as asked for.
    let service =
        service::open(&manifest.asked.backend, key.as_ref(), &folder.paths().emulator()).await?;
    for job in &open {
        let event = Event::CancelRequested { job: *job };
        journal
            .append(&event)
            .map_err(|error| Failure::io("failed to write the journal", &error))?;
        history.push(event);
    }
    // As far as the creations: a job that may exist is looked for first, so that it is stopped too.
    let emulated = manifest.asked.backend.kind == BackendKind::Emulator;
    let pace = PaceArgs::of(&PaceConfig::default(), Some(Until::Submitted));
    let policy = steps::policy(manifest, &pace, None, emulated)?;
    let world = World {
        backend: Arc::clone(&service.backend),
        sink: Arc::new(FolderSink::new(&folder)),
        clock: Arc::new(context.clock),
        listener: Arc::new(Shown::new(context.ui, context.clock, manifest, policy.settle)),
    };
    let stop = context.stop.wait();
    let driven = drive(plan, policy, &history, &mut journal, &world, stop).await;
    let how = if driven.is_ok() { "cancelled" } else { "failed" };
    let ended = journal.end(how);
    let (finish, after) = driven.map_err(|error| {
        let failure = steps::failed(context, manifest, &error);
        Failure { next: Some(again.clone()), ..failure }
    })?;
    ended.map_err(|error| Failure::io("failed to write the journal", &error))?;
    if finish == Finish::Stopped {
        let exit = context.stop.exit().unwrap_or(Exit::Interrupted);
        return Err(Failure::new(exit, "stopped before every job was asked to stop").next(again));
    }
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
    say(context, manifest.name.as_str(), asked, &next)
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
