//! `batch-eval jobs`: every job of the key.

use batch_backend::{JobName, JobSnapshot, JobToken, ModelId};
use batch_cost::Money;
use eval_report::sanitize;
use serde_json::{Value, json};

use super::owners::{Owners, Priced};
use super::{Account, age_s, ago};
use crate::args::JobsArgs;
use crate::context::Context;
use crate::exit::Outcome;
use crate::layout::Align;
use crate::steps::rfc3339;
use crate::ui::Ui;
use crate::words;

/// Columns of the list; the last two may hang below.
const COLUMNS: [(&str, Align); 7] = [
    ("AGE", Align::Right),
    ("STATE", Align::Left),
    ("ROWS", Align::Left),
    ("COST", Align::Right),
    ("MODEL", Align::Shrinks(16)),
    ("RUN", Align::Left),
    ("JOB", Align::Left),
];
const OWNER: usize = 5;
const JOB: usize = 6;

pub(crate) async fn jobs(context: &Context, args: &JobsArgs) -> Outcome<()> {
    let account = Account::open(context, &args.service)?;
    let owners = Owners::read(&context.runs)?;
    let (mut all, mut live, mut shown) = (0, 0, Vec::new());
    account
        .each_job(|job| {
            all += 1;
            live += usize::from(!job.ended());
            if (!args.live || !job.ended()) && shown.len() < args.limit {
                shown.push(job);
            }
        })
        .await?;
    if context.ui.json {
        let jobs: Vec<Value> = shown.iter().map(|job| as_json(context, &owners, job)).collect();
        return Ui::object(&json!({"type": "jobs", "jobs": jobs, "all": all, "live": live}));
    }
    let rows: Vec<_> = shown.iter().map(|job| cells(context, &owners, job)).collect();
    let mut lines = super::table(COLUMNS, rows, &[JOB, OWNER]);
    lines.push(format!("{}, {live} not over, {} shown", words::jobs(all), shown.len()));
    Ui::result(&lines.join("\n"))
}

fn cells(context: &Context, owners: &Owners, job: &JobSnapshot) -> [String; 7] {
    let token = job.token.as_ref().map(JobToken::as_str);
    let owner = owners.of(token);
    let label = match (owner.is_ours(), token) {
        (false, Some(label)) => format!("- {}", sanitize(label)),
        _ => owner.text(),
    };
    [
        ago(context.now(), job.created),
        sanitize(&job.state.to_string()).into_owned(),
        rows(job),
        cost(&owner.price(&job.name)),
        job.model.as_ref().map_or_else(|| "?".to_owned(), |m| sanitize(m.as_str()).into_owned()),
        label,
        sanitize(job.name.as_str()).into_owned(),
    ]
}

/// What a job cost, or may cost at most.
fn cost(priced: &Priced) -> String {
    match (priced.spent, priced.forecast) {
        (Some(spent), _) => Money::from_micros(spent).to_string(),
        (None, Some(0)) => "free".to_owned(),
        (None, Some(most)) => format!("up to {}", Money::from_micros(most)),
        (None, None) => "?".to_owned(),
    }
}

/// How many rows are done, of how many, and how many failed.
fn rows(job: &JobSnapshot) -> String {
    let counts = &job.counts;
    let Some(total) = counts.total else { return "?".to_owned() };
    let done = counts.succeeded.unwrap_or(0) + counts.failed.unwrap_or(0);
    match counts.failed {
        None | Some(0) => format!("{done} of {total}"),
        Some(failed) => format!("{done} of {total}, {failed} failed"),
    }
}

fn as_json(context: &Context, owners: &Owners, job: &JobSnapshot) -> Value {
    let token = job.token.as_ref().map(JobToken::as_str);
    let owner = owners.of(token);
    let price = owner.price(&job.name);
    json!({
        "name": job.name.as_str(),
        "state": job.state.to_string(),
        "over": job.ended(),
        "display_name": token,
        "ours": owner.is_ours(),
        "run": owner.run(),
        "model": job.model.as_ref().map(ModelId::as_str),
        "created": job.created.map(rfc3339),
        "age_s": age_s(context.now(), job.created),
        "rows": {
            "total": job.counts.total, "succeeded": job.counts.succeeded,
            "failed": job.counts.failed, "pending": job.counts.pending,
        },
        "cost_micros": {"forecast": price.forecast, "spent": price.spent},
        "error": job.error.as_ref().map(|error| &error.message),
    })
}

/// A job as programs know it, for others of the board.
pub(super) fn name(job: &JobName) -> String {
    sanitize(job.as_str()).into_owned()
}
