//! What every plugin must do, tried out on a real process: `batch-eval plugin check`.

use std::collections::BTreeMap;

use scoring::{DatasetRow, Json, Row, Verdict};
use serde_json::value::RawValue;

use crate::protocol::{self, Hello};
use crate::question::Question;
use crate::worker::{Child, Partner as _, Shared, Worker};
use crate::{PluginError, ProcessPlan, Settings};

/// One thing that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Check {
    /// What the plugin must do, as a sentence without its dot.
    pub rule: &'static str,
    /// What it did instead, if it did not.
    pub problem: Option<String>,
}

/// What was found of a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Findings {
    /// What it says of itself.
    pub hello: Hello,
    /// What was tried, in order.
    pub checks: Vec<Check>,
    /// Rows of odd shapes that it was asked about.
    pub rows: u64,
    /// Those of them that it gave a verdict.
    pub scored: u64,
    /// Why it gave the others none, the most frequent reasons first.
    pub reasons: Vec<(String, u64)>,
}

impl Findings {
    /// Whether it did all that it must.
    pub fn conforms(&self) -> bool {
        self.checks.iter().all(|check| check.problem.is_none())
    }
}

/// Tries a plugin out: starts a process for each rule, and judges some sixty rows of every shape with it.
///
/// Whether its verdicts are right nobody but its author can know; rows that it says are unscorable are no fault.
///
/// # Errors
/// [`PluginError`] if no process can be started or says hello: then there is nothing to check.
pub fn check(plan: ProcessPlan, settings: Settings) -> Result<Findings, PluginError> {
    let mut settings = settings;
    // What is tried here is the process, not its successors.
    settings.restarts = 0;
    let shared = plan.share(settings);
    let (child, hello) = shared.start()?;
    let rows = Rows::odd();
    let mut checks = vec![Check {
        rule: "ends with status 0 when its input is closed at once",
        problem: child.finish().err().map(|trouble| format!("it {trouble}")),
    }];
    let mut add = |rule, outcome: Result<(), String>| {
        checks.push(Check { rule, problem: outcome.err() });
    };
    let judged = |rows: &Rows, order: Order| judged(&shared, &hello, rows, order);
    let first = judged(&rows, Order::Forwards);
    add(
        "answers every row once, whatever its shape",
        first.as_ref().map(drop).map_err(Clone::clone),
    );
    let Ok(first) = first else {
        return Ok(Findings { hello, checks, rows: 0, scored: 0, reasons: Vec::new() });
    };
    add("gives grades in 0..=1, labels, passes or reasons", stated(&first));
    let same = |order| judged(&rows, order).and_then(|again| same(&first, &again));
    add("gives the same verdicts in another process", same(Order::Forwards));
    add("gives the same verdicts in another order", same(Order::Backwards));
    add("gives the same verdicts when asked one row at a time", same(Order::Alone));
    add("takes a row of eight mebibytes", judged(&Rows::big(), Order::Forwards).map(drop));
    add("ignores members it does not know", unknown_member(&shared, &hello));
    let (rows, reasons) = (first.len() as u64, reasons(&first));
    let scored = rows - reasons.iter().map(|(_, rows)| rows).sum::<u64>();
    Ok(Findings { hello, checks, rows, scored, reasons })
}

/// Why rows got no verdict, and how many for each reason.
fn reasons(verdicts: &[(u64, Verdict)]) -> Vec<(String, u64)> {
    let mut counts = BTreeMap::<&str, u64>::new();
    for (_, verdict) in verdicts {
        if let Verdict::Unscorable(why) = verdict {
            *counts.entry(why).or_default() += 1;
        }
    }
    let mut reasons: Vec<_> = counts.into_iter().map(|(why, n)| (why.to_owned(), n)).collect();
    reasons.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
    reasons
}

/// Rows to be judged, and the dataset's side of them.
struct Rows {
    lines: Vec<Box<RawValue>>,
    beside: DatasetRow,
}

#[derive(Clone, Copy)]
enum Order {
    Forwards,
    Backwards,
    Alone,
}

impl Rows {
    fn of(lines: impl IntoIterator<Item = String>) -> Self {
        let raw = |json: String| RawValue::from_string(json).ok();
        let member = || Json::parse(r#"{"contents": [], "text": "ä \u0000"}"#);
        let beside = DatasetRow { request: member(), expected: member(), ..DatasetRow::default() };
        Self { lines: lines.into_iter().filter_map(raw).collect(), beside }
    }

    fn odd() -> Self {
        Self::of(scoring::conformance::odd_rows())
    }

    fn big() -> Self {
        let text = "long ".repeat((8 << 20) / 5);
        Self::of([format!(
            r#"{{"key":"k","response":{{"candidates":[{{"content":{{"parts":[{{"text":"{text}"}}]}}}}]}}}}"#
        )])
    }

    /// Those that a scorer sees.
    fn rows(&self) -> Vec<Row<'_>> {
        let rows = self.lines.iter().zip(0..).map(|(line, number)| Row::of_line(number, line));
        rows.filter(|row| row.outcome.is_scored())
            .map(|row| row.with_dataset(&self.beside))
            .collect()
    }
}

/// The verdicts on rows, in the order of the rows, whatever the order in which they are asked for.
fn judged(
    shared: &Shared,
    hello: &Hello,
    rows: &Rows,
    order: Order,
) -> Result<Vec<(u64, Verdict)>, String> {
    let (child, _) = shared.start().map_err(|error| error.to_string())?;
    // Rows that were answered before would pay for a breakdown.
    let mut worker = Worker::new(std::sync::Arc::new(shared.afresh()), hello.clone(), Some(child));
    let mut rows = rows.rows();
    if matches!(order, Order::Backwards) {
        rows.reverse();
    }
    let together = if matches!(order, Order::Alone) { 1 } else { rows.len().max(1) };
    let mut verdicts = Vec::new();
    for rows in rows.chunks(together) {
        let judged = worker.judge(rows).map_err(|error| error.to_string())?;
        verdicts.extend(rows.iter().map(|row| row.number).zip(judged));
    }
    worker.finish().map_err(|trouble| format!("after its last answer it {trouble}"))?;
    verdicts.sort_by_key(|(number, _)| *number);
    Ok(verdicts)
}

/// Whether any row could be judged, or at least why none could.
fn stated(verdicts: &[(u64, Verdict)]) -> Result<(), String> {
    let is_broken = |why: &str| {
        // Of a Python function `None` says that it has nothing to say.
        let is_none = why.starts_with("the function returned None");
        let starts = ["the scorer said", "the scorer stated", "the function returned"];
        !is_none && starts.iter().any(|start| why.starts_with(start))
    };
    let fault = verdicts.iter().find_map(|(number, verdict)| match verdict {
        Verdict::Unscorable(why) if is_broken(why) => Some(format!("row {number}: {why}")),
        _ => None,
    });
    fault.map_or(Ok(()), Err)
}

fn same(first: &[(u64, Verdict)], again: &[(u64, Verdict)]) -> Result<(), String> {
    let differing = first.iter().zip(again).find(|(one, other)| one != other);
    differing.map_or(Ok(()), |((number, one), (_, other))| {
        Err(format!("row {number}: {one:?}, then {other:?}"))
    })
}

/// Asks for one row with a member of a later version of the protocol.
fn unknown_member(shared: &Shared, hello: &Hello) -> Result<(), String> {
    let (mut child, _) = shared.start().map_err(|error| error.to_string())?;
    let rows = Rows::of([r#"{"key":"k","response":{"candidates":[]}}"#.to_owned()]);
    let row = rows.rows().into_iter().next().ok_or("no row")?;
    let mut question = Question::new(0, hello);
    question.add(&row)?;
    child.send(question.end(r#","of_a_later_version":{"id":7}"#));
    let answered = answered(&mut child, shared);
    if answered.is_err() {
        child.kill();
    }
    answered
}

fn answered(child: &mut Child, shared: &Shared) -> Result<(), String> {
    let line = child.next(shared.settings.row_limit).map_err(|trouble| format!("it {trouble}"))?;
    let answer = protocol::answer(&line).map_err(|why| format!("it {why}"))?;
    if answer.id == 0 { Ok(()) } else { Err(format!("it answered {}, not 0", answer.id)) }
}
