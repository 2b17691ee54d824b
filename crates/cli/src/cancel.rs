//! `batch-eval cancel`: asks the service to stop the jobs of a run.

use std::sync::Arc;
use std::time::Duration;

use batch_orchestrator::{Event, Finish, Goal, Journal as _, Policy, RunState, World, drive};
use run_store::{BackendKind, FolderSink};

use crate::args::CancelArgs;
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
    let open: Vec<_> = state.jobs().filter(|job| !job.is_over()).map(|job| job.id).collect();
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
    let settle = Duration::from_millis(manifest.asked.settings.settle_ms);
    let world = World {
        backend: Arc::clone(&service.backend),
        sink: Arc::new(FolderSink::new(&folder)),
        clock: Arc::new(context.clock),
        listener: Arc::new(Shown::new(context.ui, context.clock, manifest, settle)),
    };
    // As far as the creations: a job that may exist is looked for first, so that it is stopped too.
    let policy =
        Policy { goal: Goal::Submitted, settle, seed: Context::entropy(), ..Policy::default() };
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
    let emulated = manifest.asked.backend.kind == BackendKind::Emulator;
    let bill = if emulated { "" } else { "; rows that were done are paid for" };
    let next = format!("a job may still finish{bill}; {} waits for that", steps::resume(manifest));
    let asked = after.jobs().filter(|job| job.cancel_requested && job.name.is_some()).count();
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
