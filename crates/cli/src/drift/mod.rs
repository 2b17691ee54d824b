//! `batch-eval drift`: each model's answers against those that were logged with the requests.

mod answered;
mod counts;
mod text;

use std::collections::BTreeMap;

use eval_report::{RowAnswer, RunRow, sanitize};
use scoring::Verdict;
use serde_json::{Value, json};

use crate::args::DriftArgs;
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::judge::Judging;
use crate::plugins::identities_of_run;
use crate::rows::{BookColumn, RowBook};
use crate::sought::{Seen, Sought};
use crate::steps;
use crate::ui::Ui;
use answered::Answered;
use counts::{Drift, Flip, Slice};

/// Different values of a field beyond these are one slice.
const SLICES: usize = 40;
/// What the others are called.
const OTHERS: &str = "(others)";

pub(crate) fn drift(context: &Context, args: &DriftArgs) -> Outcome<()> {
    let folder = context.find(args.run.run.as_deref())?;
    let state = steps::state(&folder)?;
    let scorers = identities_of_run(&folder)?;
    if let Some(pointer) = args.slice.as_deref().filter(|pointer| !pointer.starts_with('/')) {
        let shown = sanitize(pointer);
        return Err(Failure::usage(format!("--slice {shown} is no JSON Pointer"))
            .next(format!("it begins with `/`: --slice /{shown}")));
    }
    let mut book = RowBook::open(context, &folder, &state, &scorers)?;
    let scorers: Vec<String> = scorers.into_iter().map(|scorer| scorer.name).collect();
    let models: Vec<BookColumn> = book.columns().iter().skip(1).cloned().collect();
    let mut drifts: Vec<Drift> =
        models.iter().map(|_| Drift::new(scorers.len(), args.examples)).collect();
    let slices = args.slice.iter().cloned().collect();
    let mut sought = Sought::fields(&Judging { slices, ..Judging::default() });
    let mut logged_rows = 0;
    for number in 0..book.rows() {
        context.stop.failure().map_or(Ok(()), Err)?;
        let Some(row) = book.row(number)? else { break };
        seek(&mut sought, &row);
        let Some((logged, others)) = row.answers.split_first() else { break };
        let Some(before) = Answered::of(logged) else { continue };
        logged_rows += 1;
        let slice = args.slice.as_deref().map(|pointer| slice_of(&row, pointer));
        for (drift, answer) in drifts.iter_mut().zip(others) {
            add(drift, number, (logged, &before), answer, slice.as_deref());
        }
    }
    let name = folder.manifest().name.as_str();
    if logged_rows == 0 {
        return Err(Failure::new(Exit::Dataset, format!("no row of {name} has a logged answer"))
            .next("there is nothing to drift from; `batch-eval compare` takes two runs"));
    }
    sought.missing().next().map_or(Ok(()), |(_, failure)| Err(failure))?;
    let rows = book.rows();
    if context.ui.json {
        let columns = models.iter().zip(&drifts);
        let columns: Vec<Value> =
            columns.map(|(column, drift)| drift.json(&column.title, &scorers)).collect();
        return Ui::object(&json!({
            "type": "drift", "run": name, "rows": rows, "logged": logged_rows,
            "slice": args.slice, "models": columns,
        }));
    }
    let page = text::Page {
        run: name,
        rows,
        logged_rows,
        scorers: &scorers,
        slice: args.slice.as_deref(),
    };
    Ui::result(&page.render(models.iter().zip(&drifts), Ui::width()))
}

/// Looks for the field of the slices in a row.
fn seek(sought: &mut Sought<'_>, row: &RunRow) {
    let request = row.requests.first().and_then(Option::as_ref).filter(|_| !sought.is_settled());
    let request = request.map(|request| format!("{{\"request\":{}}}", request.get()));
    let request = request.as_deref().map(str::as_bytes);
    sought.look(Seen::Kept { logged: row.dataset.get().as_bytes(), request });
}

/// Adds a row to the drift of a model.
fn add(
    drift: &mut Drift,
    number: u64,
    (logged, before): (&RowAnswer, &Answered),
    answer: &RowAnswer,
    slice: Option<&str>,
) {
    let Some(after) = Answered::of(answer) else {
        drift.unanswered += 1;
        return;
    };
    let flips: Vec<Option<Flip>> = logged
        .verdicts
        .iter()
        .zip(&answer.verdicts)
        .map(|(before, after)| Some(Flip::of(passed(before.as_ref())?, passed(after.as_ref())?)))
        .collect();
    let changed = drift.add(number, before, &after, &flips);
    if let Some(slice) = slice {
        let known = drift.slices.contains_key(slice) || drift.slices.len() < SLICES;
        let name = if known { slice } else { OTHERS };
        let flipped = flips.first().copied().flatten().is_some_and(Flip::is_change);
        let entry: &mut Slice = drift.slices.entry(name.to_owned()).or_default();
        entry.rows += 1;
        entry.flipped += u64::from(flipped);
        entry.calls_changed += u64::from(changed);
    }
}

fn passed(verdict: Option<&Verdict>) -> Option<bool> {
    match verdict? {
        Verdict::Pass(pass) => Some(*pass),
        Verdict::Choice { given, truth } => Some(given == truth),
        _ => None,
    }
}

/// The value of a row's field, as the name of a slice.
fn slice_of(row: &RunRow, pointer: &str) -> String {
    let missing = || "(none)".to_owned();
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    let value = match pointer.split('/').nth(1) {
        Some("request") => {
            let request = row.requests.first().and_then(Option::as_ref);
            let rest = pointer.strip_prefix("/request").unwrap_or_default();
            request.and_then(|request| read(request.get()).pointer(rest).cloned())
        }
        Some("response" | "model") => read(row.dataset.get()).pointer(pointer).cloned(),
        _ => read(row.dataset.get())["row"].pointer(pointer).cloned(),
    };
    match value {
        None | Some(Value::Null) => missing(),
        Some(Value::String(text)) => text,
        Some(value) => value.to_string(),
    }
}

/// How often each of some words was met, the most frequent first.
fn sorted(counts: &BTreeMap<(String, String), u64>) -> Vec<(&(String, String), u64)> {
    let mut counts: Vec<_> = counts.iter().map(|(what, rows)| (what, *rows)).collect();
    counts.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(other.0)));
    counts
}
