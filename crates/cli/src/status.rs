//! `batch-eval status` and `watch`: where a run stands.

use std::time::Duration;

use batch_backend::{JobName, JobSnapshot, JobState};
use batch_orchestrator::{Clock as _, InputPhase, Job, Pace, Phase, RunState, Verdict};
use eval_report::sanitize;
use run_store::{BackendKind, RunFolder};
use serde_json::{Value, json};

use crate::args::{RunRef, WatchArgs};
use crate::context::{Context, store};
use crate::duration::human;
use crate::exit::{Exit, Failure, Outcome};
use crate::ui::Ui;
use crate::words::rows;
use crate::{key, service, steps};

/// How often a run of the emulator in another process is looked at: it is quick.
const EMULATED_LOOK: Duration = Duration::from_millis(200);

/// Where a run stands, from its folder alone: no key, no network, no lock.
pub(crate) fn status(context: &Context, args: &RunRef) -> Outcome<()> {
    let folder = context.find(args.run.as_deref())?;
    let state = steps::state(&folder)?;
    if context.ui.json {
        return Ui::object(&as_json(context, &folder, &state));
    }
    Ui::result(&as_text(context, &folder, &state))
}

/// Where a job stands, in a few words.
fn standing(job: &Job) -> String {
    match &job.phase {
        Phase::Planned => "not created yet".to_owned(),
        Phase::Intended => "being created, or the answer was lost".to_owned(),
        Phase::Doubtful(_) => "may exist; is being looked for".to_owned(),
        Phase::Waiting(_) if job.cancel_requested => "asked to stop".to_owned(),
        Phase::Waiting(_) => "at the service".to_owned(),
        Phase::Fetching { ending, .. } => format!("{}, results not fetched yet", ending.state),
        Phase::Over(Verdict::Results { ending, result }) => {
            format!("{}, {} rows fetched", ending.state, result.lines)
        }
        Phase::Over(Verdict::NoResults(ending)) => format!("{}, no results", ending.state),
        Phase::Over(Verdict::ResultsLost { reason, .. }) => format!("results lost: {reason}"),
        Phase::Over(Verdict::Refused(reason)) => format!("refused: {reason}"),
        Phase::Over(Verdict::Quarantined { reason, .. }) => format!("undecided: {reason}"),
        Phase::Over(Verdict::Abandoned { .. }) => "given up; it may exist".to_owned(),
        Phase::Over(Verdict::NotAfforded { .. }) => "not sent: beyond the budget".to_owned(),
        Phase::Over(Verdict::NeverSent) => "stopped before it was created".to_owned(),
    }
}

pub(crate) fn model(folder: &RunFolder, job: &Job) -> String {
    let models = &folder.manifest().asked.models;
    let name = usize::try_from(job.id.model).ok().and_then(|at| models.get(at));
    name.cloned().unwrap_or_else(|| job.id.to_string())
}

fn as_text(context: &Context, folder: &RunFolder, state: &RunState) -> String {
    let manifest = folder.manifest();
    let age = context.now().duration_since(manifest.created).unwrap_or_default();
    let mut lines = vec![
        format!(
            "run      {}  (made {}, {} ago)",
            manifest.name.as_str(),
            steps::rfc3339(manifest.created),
            human(age)
        ),
        format!("folder   {}", sanitize(&folder.paths().root().display().to_string())),
        format!(
            "dataset  {}, {}",
            sanitize(&manifest.asked.dataset.label),
            rows(manifest.made.rows)
        ),
        format!("service  {}", service_name(folder)),
    ];
    for (input, phase) in state.inputs() {
        lines.push(match phase {
            InputPhase::Planned => format!("input    {input}: not uploaded"),
            InputPhase::Open(_) => format!("input    {input}: upload begun"),
            InputPhase::Stored(stored) => {
                format!("input    {input}: uploaded, {} bytes", stored.bytes)
            }
        });
    }
    for job in state.jobs() {
        let name = job.name.as_ref().map(|name| format!("  {}", sanitize(name.as_str())));
        lines.push(format!(
            "job      {}: {}{}",
            sanitize(&model(folder, job)),
            sanitize(&standing(job)),
            name.unwrap_or_default()
        ));
        for extra in &job.extras {
            lines.push(format!(
                "         a second job was found and stopped: {}",
                sanitize(extra.as_str())
            ));
        }
    }
    lines.push(format!("next     {}", next(folder, state)));
    lines.join("\n")
}

fn service_name(folder: &RunFolder) -> String {
    let backend = &folder.manifest().asked.backend;
    match backend.kind {
        BackendKind::Emulator => "the built-in emulator (answers are made up)".to_owned(),
        _ => format!("{} {}", sanitize(&backend.base_url), sanitize(&backend.api_version)),
    }
}

fn next(folder: &RunFolder, state: &RunState) -> String {
    if is_worked_on(folder) {
        return "nothing: a process works on it".to_owned();
    }
    steps::next(folder.manifest(), state)
}

/// Whether a process of this machine is at work on the run, as far as the journal tells: its last
/// session did not end and its process is there.
fn is_worked_on(folder: &RunFolder) -> bool {
    let Ok(replay) = folder.replay() else { return false };
    let here = run_store::Session::here("").host;
    replay.sessions.last().is_some_and(|last| {
        let there = last.session.host != here
            || std::path::Path::new(&format!("/proc/{}", last.session.pid)).exists();
        last.end.is_none() && there
    })
}

fn as_json(context: &Context, folder: &RunFolder, state: &RunState) -> Value {
    let manifest = folder.manifest();
    let jobs: Vec<Value> = state
        .jobs()
        .map(|job| {
            json!({
                "job": job.id.to_string(), "model": model(folder, job),
                "phase": job.phase.name(), "standing": standing(job), "attempts": job.attempts,
                "name": job.name.as_ref().map(JobName::as_str), "adopted": job.adopted,
                "extras": job.extras.iter().map(JobName::as_str).collect::<Vec<_>>(),
            })
        })
        .collect();
    let inputs: Vec<Value> = state
        .inputs()
        .map(|(input, phase)| json!({"input": input.to_string(), "phase": phase.name()}))
        .collect();
    json!({
        "type": "status",
        "run": manifest.name.as_str(),
        "folder": folder.paths().root(),
        "created": steps::rfc3339(manifest.created),
        "age_s": context.now().duration_since(manifest.created).unwrap_or_default().as_secs(),
        "emulated": manifest.asked.emulated,
        "backend": {"base_url": manifest.asked.backend.base_url, "api_version": manifest.asked.backend.api_version},
        "dataset": manifest.asked.dataset.label,
        "rows": manifest.made.rows,
        "inputs": inputs,
        "jobs": jobs,
        "over": state.jobs().all(Job::is_over),
        "next": next(folder, state),
    })
}

/// Follows a run: its journal, and at the service the jobs that are not over. Changes nothing.
pub(crate) async fn watch(context: &Context, args: &WatchArgs) -> Outcome<()> {
    let key = key::read(&args.key)?;
    let folder = context.find(args.run.run.as_deref())?;
    context.stop.goes_on_with(steps::resume(folder.manifest()));
    let backend = &folder.manifest().asked.backend;
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
            lines.push(line(&folder, job, at_service.as_ref()));
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

fn line(folder: &RunFolder, job: &Job, seen: Option<&JobSnapshot>) -> Line {
    let standing = seen.map_or_else(|| standing(job), |seen| at_service(&seen.state));
    let rows = seen.and_then(|seen| seen.counts.total.zip(seen.counts.pending.or(Some(0))));
    let rows =
        rows.map(|(total, pending)| format!(", {} of {total} rows", total.saturating_sub(pending)));
    let model = model(folder, job);
    Line {
        text: format!(
            "{:<24} {}{}",
            sanitize(&model),
            sanitize(&standing),
            rows.unwrap_or_default()
        ),
        value: json!({
            "type": "job", "job": job.id.to_string(), "model": model, "standing": standing,
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
