//! What a run tells, shown: lines for people, objects for programs.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use batch_backend::{JobCounts, JobName};
use batch_orchestrator::{Clock as _, Doubt, Event, JobId, Listener, Notice, Then, Why};
use eval_report::sanitize;
use run_store::Manifest;
use serde_json::{Value, json};

use crate::duration::human;
use crate::status::called;
use crate::time::SystemClock;
use crate::ui::Ui;
use crate::words::rows;

/// Lines of the same kind are at least this far apart.
const APART: Duration = Duration::from_secs(1);
/// While nothing changes a line shows up this often, so that nobody thinks the program hangs.
const ALIVE: Duration = Duration::from_mins(1);

/// Listens to a run and shows what it hears.
#[derive(Debug)]
pub(crate) struct Shown {
    ui: Ui,
    clock: SystemClock,
    manifest: Manifest,
    settle: Duration,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    states: BTreeMap<JobId, String>,
    transfer: Option<Duration>,
    waiting: Option<Duration>,
}

impl Shown {
    pub(crate) fn new(ui: Ui, clock: SystemClock, manifest: &Manifest, settle: Duration) -> Self {
        Self { ui, clock, manifest: manifest.clone(), settle, seen: Mutex::default() }
    }

    /// What a job is called, by its column; with its own name where that has several, or rows are sent again.
    fn label(&self, job: JobId) -> String {
        let inputs = self.manifest.made.inputs.iter();
        let several = inputs.filter(|input| input.id.variant == job.input.variant).nth(1).is_some();
        let label = called(&self.manifest, job, several || job.input.shard > 1);
        sanitize(&label).into_owned()
    }

    fn event(&self, event: &Event) {
        if self.ui.json {
            if let Some(value) = event_json(event) {
                Self::object(&value);
            }
            return;
        }
        let Some(text) = self.event_text(event) else { return };
        match event {
            // Minutes of silence would look like a hang, and a second job costs money.
            Event::Doubted { .. } | Event::ExtraFound { .. } => self.ui.alarm(&text),
            _ => self.ui.note(&text),
        }
    }

    fn event_text(&self, event: &Event) -> Option<String> {
        Some(match event {
            // Looks are told of by their own notice, costs by the report.
            Event::UploadOpened { .. }
            | Event::CreateIntended { .. }
            | Event::Settled { .. }
            | Event::Looked { .. }
            | Event::Spent { .. } => return None,
            Event::Stuck { job, then } => {
                let what = match then {
                    Then::Wait => "it is waited for all the same",
                    Then::Cancel => "it is being cancelled; what came of it is kept",
                    Then::Split => "it is being cancelled; missing rows go into smaller jobs",
                };
                format!("stuck      {}: {what}", self.label(*job))
            }
            Event::NotAfforded { job, .. } => {
                format!("not sent   {}: the budget does not bear it", self.label(*job))
            }
            Event::Adopted { job, name, .. } => {
                format!("adopted    {} {}", self.label(*job), sanitize(name.as_str()))
            }
            Event::Abandoned { job } => format!("given up   {}", self.label(*job)),
            Event::Attempted { attempt } => {
                let rows: u64 = attempt.inputs.iter().map(|input| input.rows).sum();
                let of = attempt.of.first();
                let model = of.map(|job| called(&self.manifest, *job, false)).unwrap_or_default();
                let model = sanitize(&model);
                format!("rows again {model}: {rows}")
            }
            Event::Reopened { job } => format!("again      {}", self.label(*job)),
            Event::InputLost { input, reason } => {
                format!("input {input} is sent again: {}", sanitize(reason))
            }
            Event::InputStored { stored, .. } => {
                format!("uploaded   {} bytes as {}", stored.bytes, sanitize(stored.name.as_str()))
            }
            Event::Created { job, name, adopted, .. } => {
                let how = if *adopted { "found" } else { "created" };
                format!("{how:<10} {} {}", self.label(*job), sanitize(name.as_str()))
            }
            Event::Doubted { job, doubt: Doubt::Unanswered, .. } => format!(
                "uncertain  {}: the answer was lost; for up to {} the job is looked for, before \
                 anything is sent again",
                self.label(*job),
                human(self.settle)
            ),
            Event::Doubted { job, reason, .. } => {
                format!("not yet    {}: {}", self.label(*job), sanitize(reason))
            }
            Event::Refused { job, reason } => {
                format!("refused    {}: {}", self.label(*job), sanitize(reason))
            }
            Event::Quarantined { job, reason, .. } => {
                format!("undecided  {}: {}", self.label(*job), sanitize(reason))
            }
            Event::CancelRequested { job } => format!("cancelling {}", self.label(*job)),
            Event::Ended { job, ending } => {
                format!("{:<10} {}", sanitize(&ending.state.to_string()), self.label(*job))
            }
            Event::Fetched { job, result } => {
                format!("fetched    {}: {}", self.label(*job), rows(result.lines))
            }
            Event::ResultsLost { job, reason } => {
                format!("no results {}: {}", self.label(*job), sanitize(reason))
            }
            Event::ExtraFound { job, name } => format!(
                "second job {} {}: it is being cancelled; see the report",
                self.label(*job),
                sanitize(name.as_str())
            ),
        })
    }

    fn object(value: &Value) {
        // Who does not read any more is told by the report's own failure to be written.
        let _ = Ui::object(value);
    }

    fn transfer(&self, what: &str, id: &str, done: u64, total: Option<u64>) {
        let now = self.clock.now();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let last = *seen.transfer.get_or_insert(now);
        if now.saturating_sub(last) < APART {
            return;
        }
        seen.transfer = Some(now);
        drop(seen);
        if self.ui.json {
            Self::object(&json!({"type": what, "id": id, "bytes": done, "total": total}));
            return;
        }
        match total.filter(|total| *total > 0) {
            Some(total) => {
                self.ui
                    .note(&format!("{what:<10} {done} of {total} bytes, {} %", done * 100 / total));
            }
            None => self.ui.note(&format!("{what:<10} {done} bytes")),
        }
    }

    fn looked(&self, job: JobId, state: &str, counts: JobCounts, age: Option<Duration>) {
        let rows = match (counts.total, counts.pending) {
            (Some(total), pending) => {
                format!(", {} of {}", total - pending.unwrap_or(0).min(total), rows(total))
            }
            _ => String::new(),
        };
        let shown = format!("{state}{rows}");
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if seen.states.get(&job) == Some(&shown) {
                return;
            }
            seen.states.insert(job, shown);
        }
        if self.ui.json {
            Self::object(&json!({
                "type": "looked", "job": job.to_string(), "state": state,
                "total": counts.total, "succeeded": counts.succeeded, "failed": counts.failed,
                "pending": counts.pending, "age_s": age.map(|age| age.as_secs()),
            }));
            return;
        }
        let age = age.map(|age| format!(", {} old", human(age))).unwrap_or_default();
        self.ui.note(&format!("{:<10} {}{rows}{age}", sanitize(state), self.label(job)));
    }

    fn waiting(&self, what: &str) {
        let now = self.clock.now();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.waiting.is_some_and(|last| now.saturating_sub(last) < ALIVE) {
            return;
        }
        seen.waiting = Some(now);
        drop(seen);
        self.ui.note(what);
    }
}

impl Listener for Shown {
    fn notice(&self, notice: &Notice<'_>) {
        match notice {
            Notice::Happened(event) => self.event(event),
            Notice::Uploaded { input, done, total } => {
                self.transfer("uploading", &input.to_string(), *done, Some(*total));
            }
            Notice::Downloaded { job, bytes } => {
                self.transfer("fetching", &job.to_string(), *bytes, None);
            }
            Notice::Looked { job, state, counts, age, .. } => {
                self.looked(*job, &state.to_string(), *counts, *age);
            }
            Notice::NextLook { wait } => {
                self.waiting(&format!("waiting    next look in {}", human(*wait)));
            }
            Notice::Settling { job, left } => self.waiting(&format!(
                "uncertain  {}: looking for its job for another {}",
                self.label(*job),
                human(*left)
            )),
            Notice::Trouble { what, wait } => {
                if self.ui.json {
                    let wait = wait.as_secs_f64();
                    Self::object(&json!({"type": "trouble", "message": what, "retry_in_s": wait}));
                } else {
                    let what = sanitize(what);
                    self.ui.note(&format!("trouble    {what}; again in {}", human(*wait)));
                }
            }
            _ => {}
        }
    }
}

/// The event as an object, without secrets; `None` for what programs need not hear.
fn event_json(event: &Event) -> Option<Value> {
    Some(match event {
        Event::UploadOpened { .. } | Event::Looked { .. } => return None,
        Event::InputLost { input, reason } => {
            json!({"type": "input_lost", "input": input.to_string(), "reason": reason})
        }
        Event::InputStored { input, stored } => json!({
            "type": "input_stored", "input": input.to_string(), "name": stored.name.as_str(),
            "bytes": stored.bytes, "sha256": stored.sha256,
        }),
        Event::CreateIntended { job, attempt, token, .. } => json!({
            "type": "create_intended", "job": job.to_string(), "attempt": attempt,
            "token": token.as_str(),
        }),
        Event::Created { job, name, adopted, .. } => json!({
            "type": "created", "job": job.to_string(), "name": name.as_str(), "adopted": adopted,
        }),
        Event::Doubted { job, reason, .. } => {
            json!({"type": "doubted", "job": job.to_string(), "reason": reason})
        }
        Event::Reopened { job } => json!({"type": "reopened", "job": job.to_string()}),
        Event::Settled { job } => json!({"type": "settled", "job": job.to_string()}),
        Event::Refused { job, reason } => {
            json!({"type": "refused", "job": job.to_string(), "reason": reason})
        }
        Event::Quarantined { job, name, reason } => json!({
            "type": "quarantined", "job": job.to_string(),
            "name": name.as_ref().map(JobName::as_str), "reason": reason,
        }),
        Event::CancelRequested { job } => {
            json!({"type": "cancel_requested", "job": job.to_string()})
        }
        Event::Ended { job, ending } => json!({
            "type": "ended", "job": job.to_string(), "state": ending.state.to_string(),
            "error": ending.error.as_ref().map(|error| &error.message),
        }),
        Event::Fetched { job, result } => json!({
            "type": "fetched", "job": job.to_string(), "rows": result.lines,
            "bytes": result.bytes, "sha256": result.sha256,
        }),
        Event::ResultsLost { job, reason } => {
            json!({"type": "results_lost", "job": job.to_string(), "reason": reason})
        }
        Event::ExtraFound { job, name } => {
            json!({"type": "extra_found", "job": job.to_string(), "name": name.as_str()})
        }
        Event::Stuck { job, then } => {
            let then = match then {
                Then::Wait => "wait",
                Then::Cancel => "cancel",
                Then::Split => "split",
            };
            json!({"type": "stuck", "job": job.to_string(), "then": then})
        }
        Event::NotAfforded { job, budget } => {
            json!({"type": "not_afforded", "job": job.to_string(), "budget_micros": budget})
        }
        Event::Spent { job, cost } => {
            json!({"type": "spent", "job": job.to_string(), "micros": cost})
        }
        Event::Adopted { job, name, .. } => {
            json!({"type": "adopted", "job": job.to_string(), "name": name.as_str()})
        }
        Event::Abandoned { job } => json!({"type": "abandoned", "job": job.to_string()}),
        Event::Attempted { attempt } => json!({
            "type": "attempted", "why": if attempt.why == Why::Split { "split" } else { "rows" },
            "of": attempt.of.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "inputs": attempt.inputs.iter().map(|input| input.id.to_string()).collect::<Vec<_>>(),
            "rows": attempt.inputs.iter().map(|input| input.rows).sum::<u64>(),
        }),
    })
}
