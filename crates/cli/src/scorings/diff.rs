//! `batch-eval score RUN --diff A B`: the rows of which two scorings say different things, and whether that is chance.

use std::collections::BTreeMap;

use eval_report::sanitize;
use eval_stats::{PairedCounts, mcnemar, tango};
use run_store::RunFolder;
use serde_json::{Value, json};

use super::rows::{Both, Said, Side, each_row};
use super::{Scoring, all, place};
use crate::context::{Context, store};
use crate::exit::{Exit, Failure, Outcome};
use crate::judge::{Cell, cells};
use crate::ui::Ui;
use crate::words::rows;

/// How many rows are shown of a column.
const SHOWN: usize = 10;
/// Grades are kept in steps that no two of which are nearer.
const SAME_GRADE: f64 = 1e-6;
const CONFIDENCE: f64 = 0.95;

/// One scorer of one scoring.
struct Pick {
    scoring: Scoring,
    scorer: String,
}

/// What differs in one column.
#[derive(Default)]
struct Change {
    rows: u64,
    /// How many rows changed from which kind of verdict to which.
    directions: BTreeMap<(&'static str, &'static str), u64>,
    pairs: PairedCounts,
    first: Vec<Both>,
}

impl Change {
    fn add(&mut self, row: Both) {
        self.rows += 1;
        if let (Said::Pass(a), Said::Pass(b)) = (&row.a, &row.b) {
            let slot = match (a, b) {
                (true, true) => &mut self.pairs.both,
                (true, false) => &mut self.pairs.only_a,
                (false, true) => &mut self.pairs.only_b,
                (false, false) => &mut self.pairs.neither,
            };
            *slot += 1;
        }
        let direction = match (&row.a, &row.b) {
            (Said::Grade(a), Said::Grade(b)) if (a - b).abs() < SAME_GRADE => return,
            (Said::Grade(a), Said::Grade(b)) if a < b => ("grade", "higher grade"),
            (Said::Grade(_), Said::Grade(_)) => ("grade", "lower grade"),
            (a, b) if a == b => return,
            (Said::Label(_), Said::Label(_)) => ("label", "other label"),
            (a, b) => (a.word(), b.word()),
        };
        *self.directions.entry(direction).or_default() += 1;
        if self.first.len() < SHOWN {
            self.first.push(row);
        }
    }

    fn changed(&self) -> u64 {
        self.directions.values().sum()
    }
}

/// Shows the difference of two scorings.
pub(crate) fn diff(context: &Context, folder: &RunFolder, words: &[String]) -> Outcome<()> {
    let [a, b] = words else { return Err(Failure::usage("--diff takes two scorings")) };
    let (a, b) = picked(folder, a, b)?;
    let mut changes = Vec::new();
    let own = cells(folder);
    for cell in [None].into_iter().chain(own.iter().map(Some)) {
        if let Some(change) = change(context, folder, &a, &b, cell)? {
            let column = cell.map_or_else(|| "logged".to_owned(), Cell::label);
            changes.push((column, change));
        }
    }
    if changes.is_empty() {
        return Err(Failure::usage("the two scorings have no column in common"));
    }
    if context.ui.json {
        return Ui::object(&as_json(folder, &a, &b, &changes));
    }
    Ui::result(&as_text(&a, &b, &changes))
}

/// The scorings that two words name, `ID` or `ID@SCORER`, and the scorer that is compared.
fn picked(folder: &RunFolder, a: &str, b: &str) -> Outcome<(Pick, Pick)> {
    let scorings = all(folder)?;
    let (a, b) = (found(&scorings, folder, a)?, found(&scorings, folder, b)?);
    let common = || {
        let mut names = a.0.scorers.iter().map(|one| &one.name);
        names.find(|name| b.0.scorers.iter().any(|one| one.name == **name)).cloned()
    };
    let only = |scoring: &Scoring| match scoring.scorers.as_slice() {
        [only] => Some(only.name.clone()),
        _ => None,
    };
    let (first, second) = match (&a.1, &b.1) {
        (None, None) => match (only(&a.0), only(&b.0)) {
            (Some(one), Some(other)) => (Some(one), Some(other)),
            _ => (common(), common()),
        },
        (first, second) => (
            first.clone().or_else(|| second.clone()).or_else(|| only(&a.0)),
            second.clone().or_else(|| first.clone()).or_else(|| only(&b.0)),
        ),
    };
    let pick = |(scoring, _): (Scoring, Option<String>), scorer: Option<String>| {
        let known = |name: &String| scoring.scorers.iter().any(|one| one.name == *name);
        if let Some(scorer) = scorer.filter(known) {
            return Ok(Pick { scoring, scorer });
        }
        let names: Vec<_> = scoring.scorers.iter().map(|one| one.name.as_str()).collect();
        let what = format!("which scorer of {} is meant is not clear", scoring.id);
        let names = sanitize(&names.join(", ")).into_owned();
        Err(Failure::usage(what).next(format!("{}@SCORER, of: {names}", scoring.id)))
    };
    Ok((pick(a, first)?, pick(b, second)?))
}

/// The scoring of which `word` is the name, or the beginning of only one name.
fn found(
    scorings: &[Scoring],
    folder: &RunFolder,
    word: &str,
) -> Outcome<(Scoring, Option<String>)> {
    let (id, scorer) = match word.split_once('@') {
        Some((id, scorer)) => (id, Some(scorer.to_owned())),
        None => (word, None),
    };
    let exact = scorings.iter().filter(|one| one.id == id).collect::<Vec<_>>();
    let begun = scorings.iter().filter(|one| one.id.starts_with(id)).collect::<Vec<_>>();
    match (exact.as_slice(), begun.as_slice()) {
        ([one], _) | ([], [one]) => Ok(((*one).clone(), scorer)),
        (_, several) => {
            let many = if several.is_empty() { "no scoring" } else { "more than one scoring" };
            let what = format!("{many} is called {}", sanitize(id));
            let name = folder.manifest().name.as_str();
            Err(Failure::usage(what).next(format!("batch-eval score {name} --list")))
        }
    }
}

/// What differs in a column; `None` if one of the scorings does not have it.
fn change(
    context: &Context,
    folder: &RunFolder,
    a: &Pick,
    b: &Pick,
    cell: Option<&Cell<'_>>,
) -> Outcome<Option<Change>> {
    let open = |pick: &Pick| {
        let path =
            crate::judge::scores_path(context, folder, &[], cell.map(|c| (c.variant, c.model)))?;
        let scores = place(context, folder, &[])?.with_file_name(&pick.scoring.id);
        let path = scores.join(path.file_name().unwrap_or_default());
        if !path.is_file() {
            return Ok(None);
        }
        folder.paths().open_file(&path).map(Some).map_err(|error| store(&error))
    };
    let (Some(one), Some(other)) = (open(a)?, open(b)?) else { return Ok(None) };
    let mut change = Change::default();
    let left = Side { file: one, scorer: &a.scorer };
    let right = Side { file: other, scorer: &b.scorer };
    each_row(left, right, |row| change.add(row)).map_err(|error| {
        let what = format!("failed to compare {} and {}: {error}", a.scoring.id, b.scoring.id);
        Failure::new(Exit::RunFolder, what).next("score the run again with both scorers")
    })?;
    Ok(Some(change))
}

fn as_json(folder: &RunFolder, a: &Pick, b: &Pick, changes: &[(String, Change)]) -> Value {
    let side = |pick: &Pick| {
        let identity = pick.scoring.scorers.iter().find(|one| one.name == pick.scorer);
        json!({"scoring": pick.scoring.id, "at": pick.scoring.at, "scorer": identity})
    };
    let column = |(name, change): &(String, Change)| {
        let directions = change
            .directions
            .iter()
            .map(|((from, to), count)| json!({"from": from, "to": to, "rows": count}));
        let row = |row: &Both| json!({"key": row.key, "a": row.a.json(), "b": row.b.json()});
        let pairs = &change.pairs;
        json!({
            "column": name, "rows": change.rows, "changed": change.changed(),
            "directions": directions.collect::<Vec<_>>(),
            "pairs": {
                "rows": pairs.rows(), "both": pairs.both, "only_a": pairs.only_a,
                "only_b": pairs.only_b, "neither": pairs.neither,
                "difference": pairs.difference(),
                "interval": tango(pairs, CONFIDENCE).map(|i| [i.low, i.high]),
                "mid_p": mcnemar(pairs).map(|test| test.mid_p),
            },
            "first": change.first.iter().map(row).collect::<Vec<_>>(),
        })
    };
    json!({
        "type": "scoring_diff", "run": folder.manifest().name.as_str(), "a": side(a), "b": side(b),
        "columns": changes.iter().map(column).collect::<Vec<_>>(),
    })
}

fn as_text(a: &Pick, b: &Pick, changes: &[(String, Change)]) -> String {
    let side = |letter: &str, pick: &Pick| {
        format!("{letter}  {}  {}", pick.scoring.id, sanitize(&pick.scoring.called(&pick.scorer)))
    };
    let mut lines = vec![side("A", a), side("B", b)];
    for (column, change) in changes {
        lines.push(String::new());
        lines.push(format!(
            "{}: {} of {} changed",
            sanitize(column),
            change.changed(),
            rows(change.rows)
        ));
        for ((from, to), count) in &change.directions {
            lines.push(format!("  {from} → {to}: {}", rows(*count)));
        }
        lines.extend(paired(&change.pairs).map(|line| format!("  {line}")));
        for row in &change.first {
            let value = |said: &Said| match said {
                Said::Grade(grade) => format!("grade {grade}"),
                Said::Label(label) => format!("label {:?}", sanitize(label)),
                other => other.word().to_owned(),
            };
            let (a, b) = (value(&row.a), value(&row.b));
            lines.push(format!("  {}  {a} → {b}", sanitize(&row.key)));
        }
        let left = change.changed() - change.first.len() as u64;
        if left > 0 {
            lines.push(format!("  and {} more", rows(left)));
        }
    }
    lines.join("\n")
}

/// How B's passes compare with A's on the rows that both passed or failed.
fn paired(pairs: &PairedCounts) -> Option<String> {
    let b_to_a = pairs.swapped();
    let difference = b_to_a.difference()? * 100.0;
    let interval = tango(&b_to_a, CONFIDENCE)
        .map(|i| format!(", interval {:+.1} to {:+.1}", i.low * 100.0, i.high * 100.0))
        .unwrap_or_default();
    let p = mcnemar(pairs).map(|test| match test.mid_p {
        p if p < 0.001 => ", mid-p <0.001".to_owned(),
        p => format!(", mid-p {p:.3}"),
    });
    let p = p.unwrap_or_default();
    Some(format!(
        "on {} judged by both: B passes {} and A {}, {difference:+.1} points{interval}{p}",
        rows(pairs.rows()),
        pairs.both + pairs.only_b,
        pairs.both + pairs.only_a,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_counted_by_direction() {
        let mut change = Change::default();
        let rows = [
            (Said::Pass(true), Said::Pass(false)),
            (Said::Pass(true), Said::Pass(true)),
            (Said::Pass(false), Said::Nothing),
            (Said::Grade(0.25), Said::Grade(0.5)),
            (Said::Grade(0.25), Said::Grade(0.25)),
            (Said::Label("a".into()), Said::Label("b".into())),
            (Said::Label("a".into()), Said::Label("a".into())),
            (Said::Nothing, Said::Nothing),
        ];
        for (a, b) in rows {
            change.add(Both { key: "k".into(), a, b });
        }
        let directions: Vec<_> = change.directions.into_iter().collect();
        assert_eq!(
            directions,
            [
                (("fail", "not scored"), 1),
                (("grade", "higher grade"), 1),
                (("label", "other label"), 1),
                (("pass", "fail"), 1)
            ]
        );
        assert_eq!((change.rows, change.first.len(), change.pairs.rows()), (8, 4, 2));
        assert_eq!(change.pairs.only_a, 1);
    }
}
