//! `batch-eval retry`: sends rows of a run again that failed or never came.

use batch_cost::{Budget, Decision, Money};
use batch_orchestrator::{Event, Goal, RunState, Why};
use eval_report::sanitize;
use serde_json::json;

use super::{Class, Picked, pick, send};
use crate::args::RetryArgs;
use crate::config::MoneyConfig;
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::judge::{Cell, cells};
use crate::key;
use crate::steps::{self, Wishes};
use crate::ui::Ui;
use crate::words::rows;

pub(crate) async fn retry(context: &Context, args: &RetryArgs) -> Outcome<()> {
    let key = key::read(&args.key)?;
    let folder = context.find(args.run.run.as_deref())?;
    let run = steps::lock(context, folder)?;
    let state = steps::state(&run.folder)?;
    if !state.reached(Goal::Fetched) {
        return Err(Failure::usage("the run is not over: its rows may still come")
            .next(steps::resume(run.folder.manifest())));
    }
    let mut classes = Class::RETRIED.to_vec();
    classes.extend(&args.also);
    let mut after = state.clone();
    let (mut events, mut cost) = (Vec::new(), Some(0u64));
    let (mut all, mut lines) = (0, Vec::new());
    for cell in chosen(&run.folder, &args.models)? {
        let picked = pick(context, &run.folder, &state, &cell, &classes)?;
        all += picked.rows.len() as u64;
        lines.push(line(&cell, &picked));
        if args.dry_run {
            continue;
        }
        let event = send(&run.folder, &mut after, &cell, &picked, Why::Rows, 1)?;
        if let Some(Event::Attempted { attempt }) = &event {
            let own = attempt.inputs.iter().map(|input| input.load.cost);
            cost = own.fold(cost, |sum, own| Some(sum?.saturating_add(own?)));
        }
        events.extend(event);
    }
    for line in &lines {
        context.ui.note(line);
    }
    if all == 0 || args.dry_run {
        return nothing_sent(context, &run.folder, all);
    }
    afford(&state, cost, args, run.folder.manifest().asked.settings.budget)?;
    steps::write_down(context, &run, &events)?;
    let wishes = Wishes {
        pace: &args.pace,
        key: key.as_ref(),
        accept_partial: args.accept_partial,
        refetch: false,
        money: MoneyConfig { budget: args.budget, ..MoneyConfig::default() },
        yes: args.yes,
    };
    steps::go_on(context, run, &wishes).await
}

/// The cells of these models, or all of them.
fn chosen<'a>(folder: &'a run_store::RunFolder, models: &[String]) -> Outcome<Vec<Cell<'a>>> {
    let all = cells(folder);
    let known = |name: &String| all.iter().any(|cell| cell.model_name == name);
    if let Some(odd) = models.iter().find(|name| !known(name)) {
        let known = folder.manifest().asked.models.join(", ");
        return Err(Failure::usage(format!("the run has no model {}", sanitize(odd)))
            .next(format!("one of {}", sanitize(&known))));
    }
    let wanted = |cell: &Cell<'_>| models.is_empty() || models.iter().any(|m| m == cell.model_name);
    Ok(all.into_iter().filter(wanted).collect())
}

fn line(cell: &Cell<'_>, picked: &Picked) -> String {
    let counts = |classes: &std::collections::BTreeMap<Class, u64>| {
        let counts = classes.iter().map(|(class, n)| format!("{n} {}", class.name()));
        counts.collect::<Vec<_>>().join(", ")
    };
    let (label, again) = (cell.label(), rows(picked.rows.len() as u64));
    let which = match picked.rows.as_slice() {
        [] => String::new(),
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

fn nothing_sent(context: &Context, folder: &run_store::RunFolder, all: u64) -> Outcome<()> {
    let run = folder.manifest().name.as_str();
    let next = format!("batch-eval retry {run}");
    if context.ui.json {
        return Ui::object(&json!({"type": "retried", "run": run, "rows": all, "sent": false}));
    }
    if all == 0 {
        return Ui::result("no row of the run is to be sent again");
    }
    Ui::result(&format!("{} would be sent again\nnext: {next}", rows(all)))
}

/// Fails when what the rows may cost is more than the budget bears, or more than goes unasked.
fn afford(
    state: &RunState,
    cost: Option<u64>,
    args: &RetryArgs,
    stored: Option<u64>,
) -> Outcome<()> {
    let safe = "nothing was sent";
    let mut total = batch_cost::Total::default();
    match cost {
        Some(micros) => total = batch_cost::Total::known(Money::from_micros(micros)),
        None => total.unknown.push("the rows".to_owned()),
    }
    if let Some(limit) = args.budget.or(stored.map(Money::from_micros)) {
        let committed = Money::from_micros(state.ledger().committed);
        return match Budget::new(limit).check(committed, &total) {
            Decision::Within { .. } => Ok(()),
            _ => Err(Failure::new(
                Exit::Quota,
                format!("{committed} are spent or under way, and the budget of {limit} does not bear the rows"),
            )
            .safe(safe)
            .next("a higher --budget")),
        };
    }
    if args.yes || !total.may_exceed(Money::from_dollars(1)) {
        return Ok(());
    }
    let what = match cost {
        Some(micros) => format!("the rows may cost {}", Money::from_micros(micros)),
        None => "what the rows may cost is not known".to_owned(),
    };
    Err(Failure::usage(what).safe(safe).next("--yes or --budget USD"))
}
