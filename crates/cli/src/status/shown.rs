//! The status of a run in words and as an object.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use batch_backend::JobName;
use batch_cost::Money;
use batch_orchestrator::{InputPhase, Job, Phase, RunState};
use eval_report::sanitize;
use run_store::{BackendKind, RunFolder};
use serde_json::{Value, json};

use super::{age, label, last_seen, model, next, rows_of, standing};
use crate::context::Context;
use crate::duration::human;
use crate::layout::hanging;
use crate::steps;
use crate::ui::Ui;
use crate::words::{jobs, rows};

/// More jobs and inputs than this are not listed one by one for people.
const LISTED: usize = 40;

/// How wide the column of subjects is.
const INDENT: usize = 9;

pub(super) fn as_text(context: &Context, folder: &RunFolder, state: &RunState) -> String {
    let manifest = folder.manifest();
    let now = context.now();
    let old = now.duration_since(manifest.created).unwrap_or_default();
    let dataset = sanitize(&manifest.asked.dataset.label);
    let mut lines = vec![
        format!(
            "run      {}  (made {}, {} ago)",
            manifest.name.as_str(),
            steps::rfc3339(manifest.created),
            human(old)
        ),
        format!("folder   {}", sanitize(&folder.paths().root().display().to_string())),
        format!("dataset  {dataset}, {}", rows(manifest.made.rows)),
        format!("service  {}", service_name(folder)),
        format!("state    {}", summary(state)),
    ];
    lines.extend(cost(folder, state).map(|cost| format!("cost     {cost}")));
    for (input, phase) in state.inputs().take(LISTED) {
        lines.push(match phase {
            InputPhase::Planned => format!("input    {input}: not uploaded"),
            InputPhase::Open(_) => format!("input    {input}: upload begun"),
            InputPhase::Stored(stored) => {
                format!("input    {input}: uploaded, {} bytes", stored.bytes)
            }
        });
    }
    // What is not over is of more interest, where not all are shown.
    let (over, open): (Vec<_>, Vec<_>) = state.jobs().partition(|job| job.is_over());
    let all = over.len() + open.len();
    let mut listed: Vec<&Job> = open.into_iter().chain(over).take(LISTED).collect();
    listed.sort_by_key(|job| job.id);
    for job in listed {
        lines.push(format!("job      {}", job_text(context, folder, state, job)));
        lines.extend(job.extras.iter().map(|extra| {
            let extra = sanitize(extra.as_str());
            format!("         a second job was found and stopped: {extra}")
        }));
    }
    if all > LISTED {
        lines.push(format!("         and {} more: --json lists all", jobs(all - LISTED)));
    }
    lines.push(format!("next     {}", next(folder, state)));
    lines.iter().flat_map(|line| under_its_head(line)).collect::<Vec<_>>().join("\n")
}

/// A line that begins with its subject, in as many lines as the terminal wants.
fn under_its_head(line: &str) -> Vec<String> {
    let (head, text) = line.split_at_checked(INDENT).unwrap_or((line, ""));
    hanging(head, INDENT, text, Ui::width())
}

fn job_text(context: &Context, folder: &RunFolder, state: &RunState, job: &Job) -> String {
    // Writing to a string cannot fail.
    let mut text =
        format!("{}: {}", sanitize(&label(folder, state, job)), sanitize(&standing(job)));
    if !job.is_over()
        && let Some((state_name, counts)) = last_seen(job)
    {
        let all = counts.total.unwrap_or_else(|| rows_of(folder, state, job));
        let done = all.saturating_sub(counts.pending.unwrap_or(0));
        let state_name = state_name.to_string();
        let _ = write!(text, ", {}, {done} of {}", sanitize(&state_name), rows(all));
    }
    if matches!(job.phase, Phase::Waiting(_))
        && let Some(age) = age(job, context.now())
    {
        let _ = write!(text, ", {} old", human(age));
    }
    if let Some(name) = &job.name {
        let _ = write!(text, "  {}", sanitize(name.as_str()));
    }
    text
}

/// How many jobs are where.
fn summary(state: &RunState) -> String {
    let names = [
        ("planned", "not created"),
        ("intended", "being created"),
        ("doubtful", "in doubt"),
        ("waiting", "at the service"),
        ("fetching", "to be fetched"),
        ("over", "over"),
    ];
    let counts = counts(state);
    let part = |(phase, words): (&str, &str)| Some(format!("{} {words}", counts.get(phase)?));
    let parts: Vec<String> = names.into_iter().filter_map(part).collect();
    format!("{}: {}", jobs(state.jobs().count()), parts.join(", "))
}

fn counts(state: &RunState) -> BTreeMap<&'static str, u64> {
    let mut counts = BTreeMap::new();
    state.jobs().for_each(|job| *counts.entry(job.phase.name()).or_default() += 1);
    counts
}

/// What is spent or under way, and of what; nothing where nothing is paid for.
fn cost(folder: &RunFolder, state: &RunState) -> Option<String> {
    let (settings, ledger) = (&folder.manifest().asked.settings, state.ledger());
    folder.manifest().made.forecast.as_ref()?;
    let unknown = match ledger.unknown {
        0 => String::new(),
        n => format!(", and the unknown cost of {}", jobs(usize::try_from(n).unwrap_or(0))),
    };
    let budget = settings.budget.map(|budget| format!(", of {}", Money::from_micros(budget)));
    let committed = Money::from_micros(ledger.committed);
    Some(format!("{committed} spent or under way{unknown}{}", budget.unwrap_or_default()))
}

fn service_name(folder: &RunFolder) -> String {
    let backend = &folder.manifest().asked.backend;
    match backend.kind {
        BackendKind::Emulator => "the built-in emulator (answers are made up)".to_owned(),
        _ => format!("{} {}", sanitize(&backend.base_url), sanitize(&backend.api_version)),
    }
}

pub(super) fn as_json(context: &Context, folder: &RunFolder, state: &RunState) -> Value {
    let (manifest, ledger) = (folder.manifest(), state.ledger());
    let asked = &manifest.asked;
    let jobs: Vec<Value> = state.jobs().map(|job| job_json(context, folder, state, job)).collect();
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
        "emulated": asked.emulated,
        "backend": {
            "base_url": asked.backend.base_url, "api_version": asked.backend.api_version,
        },
        "dataset": asked.dataset.label,
        "rows": manifest.made.rows,
        "inputs": inputs,
        "jobs": jobs,
        "counts": counts(state),
        "forecast": manifest.made.forecast,
        "budget_micros": asked.settings.budget,
        "committed_micros": ledger.committed,
        "unknown_costs": ledger.unknown,
        "over": state.jobs().all(Job::is_over),
        "next": next(folder, state),
    })
}

fn job_json(context: &Context, folder: &RunFolder, state: &RunState, job: &Job) -> Value {
    let seen = last_seen(job);
    let counts = seen.map(|(_, counts)| counts).unwrap_or_default();
    let variant = folder.manifest().asked.variants.get(job.id.input.variant as usize);
    json!({
        "job": job.id.to_string(), "model": model(folder, job),
        "variant": variant.map(|variant| &variant.name), "round": job.round,
        "phase": job.phase.name(), "standing": standing(job), "attempts": job.attempts,
        "name": job.name.as_ref().map(JobName::as_str), "adopted": job.adopted,
        "extras": job.extras.iter().map(JobName::as_str).collect::<Vec<_>>(),
        "state": seen.map(|(state, _)| state.to_string()),
        "rows": {
            "total": rows_of(folder, state, job), "succeeded": counts.succeeded,
            "failed": counts.failed, "pending": counts.pending,
        },
        "created": job.created.map(steps::rfc3339),
        "age_s": age(job, context.now()).map(|age| age.as_secs()),
        "seen": job.look.as_ref().and_then(|look| look.seen).map(steps::rfc3339),
        "cost_micros": {"forecast": job.load.cost, "spent": job.spent},
    })
}
