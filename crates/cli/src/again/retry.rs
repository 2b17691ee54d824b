//! `batch-eval retry`: sends rows of a run again that failed or never came.

use std::collections::BTreeMap;

use batch_cost::{Money, Total};
use batch_orchestrator::{Goal, RunState, Why};
use eval_report::sanitize;
use run_store::{Manifest, RunFolder};
use serde_json::{Value, json};

use super::{Class, Picked, picks, send, unknown};
use crate::args::RetryArgs;
use crate::config::MoneyConfig;
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::grading;
use crate::judge::{Cell, cells};
use crate::key;
use crate::money::{self, Wish};
use crate::plugins;
use crate::steps::{self, Wishes};
use crate::ui::Ui;
use crate::words::{counted, rows};

pub(crate) async fn retry(context: &Context, args: &RetryArgs) -> Outcome<()> {
    let key = key::read(&args.key)?;
    let folder = context.find(args.run.run.as_deref())?;
    let run = steps::lock(context, folder)?;
    let state = steps::state(&run.folder)?;
    if !state.reached(Goal::Fetched) {
        return Err(Failure::usage("the run is not over: its rows may still come")
            .next(steps::resume(run.folder.manifest())));
    }
    if !unknown(&run.folder, &state)?.is_empty() {
        let what = "rows sent again may be at the service that the run's journal does not tell of";
        return Err(Failure::new(Exit::Ambiguous, what)
            .safe("nothing was sent")
            .next(find_them(run.folder.manifest())));
    }
    let mut classes = Class::RETRIED.to_vec();
    classes.extend(&args.also);
    let chosen = chosen(&run.folder, &args.models)?;
    let picks = picks(context, &run.folder, &state, &chosen, &classes)?;
    let (mut cost, mut all) = (Some(0u64), 0);
    for (cell, picked) in &picks {
        let rows = picked.rows.count();
        all += rows;
        cost = cost.zip(expected(&run.folder, cell, rows)).map(|(sum, own)| sum + own);
        context.ui.note(&line(cell, picked));
    }
    let mut total = Total::default();
    match cost {
        Some(micros) => total = Total::known(Money::from_micros(micros)),
        None => total.unknown.push("the rows".to_owned()),
    }
    let judges = judges(context, &run.folder)?;
    if judges > 0 {
        let asked = counted(judges, "question");
        context.ui.note(&format!("again      judges: {asked} that failed or never came"));
    }
    if (all == 0 && judges == 0) || args.dry_run {
        let cells: Vec<Value> = picks.iter().map(as_json).collect();
        let stopped = picks.iter().any(|(_, picked)| picked.others.contains_key(&Class::Stopped));
        return nothing_sent(context, &run.folder, (all, stopped, judges), &total, &cells);
    }
    if all > 0 {
        afford(context, &run.folder, &state, &total, args)?;
    }
    let why = if classes.contains(&Class::Stopped) { Why::Asked } else { Why::Rows };
    let (mut after, mut events) = (state, Vec::new());
    for (cell, picked) in &picks {
        events.extend(send(context, &run.folder, &mut after, cell, picked, why)?);
    }
    drop(picks);
    if !events.is_empty() {
        steps::write_down(context, &run, &events)?;
    }
    let wishes = Wishes {
        pace: &args.pace,
        key: key.as_ref(),
        accept_partial: args.accept_partial,
        refetch: false,
        money: MoneyConfig { budget: args.budget, ..MoneyConfig::default() },
        yes: args.yes,
        judges_again: judges > 0,
    };
    steps::go_on(context, run, &wishes).await
}

/// The command that looks for jobs that the journal does not tell of, which takes the key that can see them.
fn find_them(manifest: &Manifest) -> String {
    let key = manifest.asked.key_fingerprint.as_ref();
    let key = key.map_or("", |_| ", with the key that the run was made with");
    format!("{}{key}", steps::resume(manifest))
}

/// How many questions of the judges of a run may be asked again.
fn judges(context: &Context, folder: &RunFolder) -> Outcome<u64> {
    if !folder.manifest().asked.scorers.iter().any(|text| text.contains("judge:")) {
        return Ok(0);
    }
    plugins::of_run_unfed(context, folder)?;
    grading::lacking(context, folder)
}

/// The cells that `MODEL` or `MODEL/VARIANT` name, or all of them.
fn chosen<'a>(folder: &'a RunFolder, names: &[String]) -> Outcome<Vec<Cell<'a>>> {
    let all = cells(folder);
    let is = |cell: &Cell<'_>, name: &String| name == cell.model_name || *name == cell.label();
    if let Some(odd) = names.iter().find(|name| !all.iter().any(|cell| is(cell, name))) {
        let known: Vec<String> = all.iter().map(Cell::label).collect();
        let what = if odd.contains('/') { "column" } else { "model" };
        return Err(Failure::usage(format!("the run has no {what} {}", sanitize(odd)))
            .next(format!("one of {}", sanitize(&known.join(", ")))));
    }
    let wanted = |cell: &Cell<'_>| names.is_empty() || names.iter().any(|name| is(cell, name));
    Ok(all.into_iter().filter(wanted).collect())
}

fn line(cell: &Cell<'_>, picked: &Picked) -> String {
    let counts = |classes: &BTreeMap<Class, u64>| {
        let counts = classes.iter().map(|(class, n)| format!("{n} {}", class.name()));
        counts.collect::<Vec<_>>().join(", ")
    };
    let (label, again) = (cell.label(), rows(picked.rows.count()));
    let which = match picked.rows.count() {
        0 => String::new(),
        _ => format!(" ({})", counts(&picked.classes)),
    };
    let others = match picked.others.len() {
        0 => String::new(),
        _ => format!("; not sent: {}", counts(&picked.others)),
    };
    let held = match picked.held {
        0 => String::new(),
        held => format!("; {} wait for their own job", rows(held)),
    };
    format!("again      {}: {again}{which}{others}{held}", sanitize(&label))
}

fn as_json((cell, picked): &(Cell<'_>, Picked)) -> Value {
    let counts = |classes: &BTreeMap<Class, u64>| {
        let counts = classes.iter().map(|(class, n)| (class.name().to_owned(), json!(n)));
        Value::Object(counts.collect())
    };
    json!({
        "model": cell.model_name, "variant": cell.variant_name, "rows": picked.rows.count(),
        "classes": counts(&picked.classes), "not_sent": counts(&picked.others),
        "held": picked.held,
    })
}

fn nothing_sent(
    context: &Context,
    folder: &RunFolder,
    (all, stopped, judges): (u64, bool, u64),
    cost: &Total,
    cells: &[Value],
) -> Outcome<()> {
    let run = folder.manifest().name.as_str();
    let next = format!("batch-eval retry {run}");
    if context.ui.json {
        let micros = cost.unknown.is_empty().then(|| cost.cost.high.micros());
        return Ui::object(&json!({
            "type": "retried", "run": run, "rows": all, "sent": false, "cost_micros": micros,
            "cells": cells, "judge_questions": judges,
        }));
    }
    if all == 0 && judges > 0 {
        let asked = counted(judges, "question");
        return Ui::result(&format!("judges would be asked {asked} again\nnext: {next}"));
    }
    if all == 0 && stopped {
        return Ui::result(&format!(
            "no row of the run is to be sent again\nnext: `{next} --also stopped` sends rows of jobs \
             that were stopped or given up by hand; they may be paid for twice"
        ));
    }
    if all == 0 {
        return Ui::result("no row of the run is to be sent again");
    }
    let price = if cost.unknown.is_empty() {
        format!("for at most {}", cost.cost.high)
    } else {
        "for a price that is not known".to_owned()
    };
    let asked = match judges {
        0 => String::new(),
        n => format!(", and judges asked {} again", counted(n, "question")),
    };
    Ui::result(&format!("{} would be sent again {price}{asked}\nnext: {next}", rows(all)))
}

/// What rows of a cell may cost, by what all of its rows may; `None` where no price is known.
fn expected(folder: &RunFolder, cell: &Cell<'_>, rows: u64) -> Option<u64> {
    let (model, variant) = (usize::try_from(cell.model).ok()?, cell.variant);
    let made = folder.manifest().made.inputs.iter();
    let own = made.filter(|input| input.id.variant == variant);
    let (mut whole, mut all) = (0u64, 0u64);
    for input in own {
        whole = whole.saturating_add(input.loads.get(model)?.cost?);
        all += input.rows;
    }
    let share = u128::from(whole) * u128::from(rows);
    u64::try_from(share.div_ceil(u128::from(all.max(1)))).ok()
}

/// Fails when what the rows may cost is more than the budget bears, or more than goes unasked.
fn afford(
    context: &Context,
    folder: &RunFolder,
    state: &RunState,
    cost: &Total,
    args: &RetryArgs,
) -> Outcome<()> {
    let manifest = folder.manifest();
    let stored = manifest.asked.settings.budget.map(Money::from_micros);
    let money = MoneyConfig {
        budget: args.budget.or(stored),
        ask_above: context.config.money.ask_above,
        prices: None,
    };
    let committed = Money::from_micros(state.ledger().committed);
    let command = format!("batch-eval retry {}", manifest.name.as_str());
    let wish = Wish { what: "sending the rows", cost, committed, yes: args.yes, command: &command };
    money::consent(context, &wish, &money)
}
