//! `batch-eval watch`: follows a run until its jobs are over.

use std::time::Duration;

use batch_backend::{JobSnapshot, JobState};
use batch_orchestrator::{Clock as _, Job, Pace, Phase, RunState};
use eval_report::sanitize;
use run_store::{BackendKind, RunFolder};
use serde_json::{Value, json};

use super::{is_worked_on, label, model, next, standing};
use crate::args::WatchArgs;
use crate::context::{Context, store};
use crate::exit::{Exit, Failure, Outcome};
use crate::ui::Ui;
use crate::{key, service, steps, words};

/// How often a run of the emulator in another process is looked at: it is quick.
const EMULATED_LOOK: Duration = Duration::from_millis(200);

/// Follows a run: its journal, and at the service the jobs that are not over. Changes nothing.
pub(crate) async fn watch(context: &Context, args: &WatchArgs) -> Outcome<()> {
    let key = key::read(&args.key)?;
    let folder = context.find(args.run.run.as_deref())?;
    context.stop.goes_on_with(steps::resume(folder.manifest()));
    let backend = &folder.manifest().asked.backend;
    service::trusted(context, folder.manifest(), key.as_ref())?;
    // The emulator of another process is that process's own; its journal tells enough.
    let service = match backend.kind {
        BackendKind::Emulator => None,
        _ => Some(service::open(backend, key.as_ref(), &folder.paths().emulator()).await?),
    };
    let fixed = args.poll_interval.or_else(|| service.is_none().then_some(EMULATED_LOOK));
    let mut pace = Pace::new(context.clock.now(), fixed, Context::entropy());
    let mut told = Vec::new();
    loop {
        let state = steps::state(&folder)?;
        let mut lines = Vec::new();
        let mut open = 0;
        for job in state.jobs() {
            let at_service = match (&service, &job.phase) {
                (Some(service), Phase::Waiting(name)) => match service.backend.get(name).await {
                    Ok(seen) => Some(seen),
                    Err(error) if *error.kind() == batch_backend::ErrorKind::Auth => {
                        return Err(service::call(&error));
                    }
                    Err(error) => {
                        context.ui.note(&format!("trouble    {}", sanitize(&error.to_string())));
                        None
                    }
                },
                _ => None,
            };
            let over = job.is_over() || at_service.as_ref().is_some_and(JobSnapshot::ended);
            open += usize::from(!over);
            lines.push(line(&folder, &state, job, at_service.as_ref()));
        }
        tell(context, &mut told, lines)?;
        if open == 0 {
            return finish(context, &folder, &state);
        }
        if service.is_none() && !is_worked_on(&folder) {
            // The emulator of a run lives in the process that works on it.
            return Err(Failure::new(
                Exit::Paused,
                "nobody works on this run, so nothing will change",
            )
            .safe("everything here is kept")
            .next(steps::resume(folder.manifest())));
        }
        pace.looked(context.clock.now(), u32::try_from(open).unwrap_or(u32::MAX));
        let wait = pace.next().saturating_sub(context.clock.now());
        tokio::select! {
            () = context.clock.sleep(wait) => {}
            () = context.stop.wait() => {
                let exit = context.stop.exit().unwrap_or(Exit::Interrupted);
                return Err(Failure::new(exit, "stopped watching").safe("the run is untouched"));
            }
        }
    }
}

/// One job as it stands: what is shown, and what programs get.
struct Line {
    text: String,
    value: Value,
}

fn line(folder: &RunFolder, state: &RunState, job: &Job, seen: Option<&JobSnapshot>) -> Line {
    let standing = seen.map_or_else(|| standing(job), |seen| at_service(&seen.state));
    let rows = seen.and_then(|seen| seen.counts.total.zip(seen.counts.pending.or(Some(0))));
    let rows = rows.map(|(total, pending)| {
        format!(", {} of {}", total.saturating_sub(pending), words::rows(total))
    });
    Line {
        text: format!(
            "{:<24} {}{}",
            sanitize(&label(folder, state, job)),
            sanitize(&standing),
            rows.unwrap_or_default()
        ),
        value: json!({
            "type": "job", "job": job.id.to_string(), "model": model(folder, job), "standing": standing,
            "succeeded": seen.and_then(|seen| seen.counts.succeeded),
            "failed": seen.and_then(|seen| seen.counts.failed),
            "pending": seen.and_then(|seen| seen.counts.pending),
            "total": seen.and_then(|seen| seen.counts.total),
        }),
    }
}

fn at_service(state: &JobState) -> String {
    format!("{state} at the service")
}

/// Shows the lines that are new since the last time.
fn tell(context: &Context, told: &mut Vec<String>, lines: Vec<Line>) -> Outcome<()> {
    let texts: Vec<String> = lines.iter().map(|line| line.text.clone()).collect();
    for (at, line) in lines.into_iter().enumerate() {
        if told.get(at) == Some(&line.text) {
            continue;
        }
        if context.ui.json {
            Ui::object(&line.value)?;
        } else {
            Ui::result(&line.text)?;
        }
    }
    *told = texts;
    Ok(())
}

fn finish(context: &Context, folder: &RunFolder, state: &RunState) -> Outcome<()> {
    let next = next(folder, state);
    if context.ui.json {
        let name = run_store::OwnName::parse("report.json").map_err(|error| store(&error))?;
        let report = std::fs::read(folder.paths().report(&name)).ok();
        let report = report.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
        let root = folder.paths().root();
        return Ui::object(
            &json!({"type": "report", "folder": root, "report": report, "next": next}),
        );
    }
    Ui::result(&format!("every job is over\nnext: {next}"))
}
