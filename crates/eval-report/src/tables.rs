//! The tables of the terminal: one a scorer, one of what the service gave, one of slices, one of classes.

use crate::layout::{Cell, Table, Tone};
use crate::numbers::grouped;
use crate::{
    Bounds, Column, Confusion, Finding, Report, Role, ScorerResult, Slice, Test, cells, sanitize,
};

/// Values of a field that a table of slices shows.
const MOST_VALUES: usize = 20;

fn headings(texts: &[[&str; 2]]) -> Vec<[String; 2]> {
    texts.iter().map(|[upper, lower]| [(*upper).to_owned(), (*lower).to_owned()]).collect()
}

fn name(text: &str) -> String {
    sanitize(text).into_owned()
}

/// How good every column is by one scorer.
pub(crate) fn scores(report: &Report, scorer: usize) -> Table {
    let compares = report.baseline.is_some();
    let mut columns =
        vec![["passes", "of scored"], ["accuracy", "(95% interval)"], ["passes of", "submitted"]];
    if compares {
        columns.extend([["difference", "(95% interval)"], ["", "p"]]);
    }
    let row = |column: &Column| {
        let result = column.scores.get(scorer)?;
        let mut row = vec![
            Cell::plain(cells::passes(result)),
            Cell::plain(if report.is_beside(&result.scorer, &column.title()) {
                "not asked".to_owned()
            } else {
                cells::accuracy(result)
            }),
            Cell::plain(cells::of_submitted(result, column.submitted)),
        ];
        if compares {
            row.extend(compared(report, scorer, column));
        }
        Some((name(&column.title()), row))
    };
    Table {
        corner: "model".to_owned(),
        headings: headings(&columns),
        rows: report.models.iter().filter_map(row).collect(),
    }
}

/// The difference to the baseline and its p value, marked if a difference is shown.
fn compared(report: &Report, scorer: usize, column: &Column) -> [Cell; 2] {
    let title = column.title();
    if report.baseline.as_deref() == Some(&title) {
        return [Cell::toned("baseline", Tone::Faint), Cell::none()];
    }
    let found = report.scorers.get(scorer);
    let found = found.and_then(|scorer| cells::comparison(report, scorer, &title));
    let Some((found, value)) = found.and_then(|found| Some((found, found.difference?))) else {
        return [Cell::none(), Cell::none()];
    };
    apart(value, found.interval.as_ref(), found.test.as_ref(), found.finding)
}

/// A difference with its interval, and its p value.
fn apart(
    value: f64,
    interval: Option<&Bounds>,
    test: Option<&Test>,
    finding: Finding,
) -> [Cell; 2] {
    let tone = tone(finding);
    let p = cells::significance(test, tone != Tone::Plain);
    [Cell::toned(cells::difference(value, interval), tone), Cell::toned(p, tone)]
}

fn tone(finding: Finding) -> Tone {
    match finding {
        Finding::Better => Tone::Good,
        Finding::Worse => Tone::Bad,
        _ => Tone::Plain,
    }
}

/// What the service gave, whatever scorers make of it: every row, the tokens, the cost.
pub(crate) fn service(report: &Report) -> Table {
    type Count = fn(&Column) -> u64;
    let mut counts: Vec<(&str, Count)> =
        vec![("submitted", |c| c.submitted), ("answered", |c| c.outcomes.answered)];
    let rare: [(&str, Count); 3] = [
        ("cut off", |c| c.outcomes.truncated),
        ("blocked", |c| c.outcomes.blocked),
        ("empty", |c| c.outcomes.empty),
    ];
    let is_there = |count: &Count| report.models.iter().any(|column| count(column) > 0);
    counts.extend(rare.into_iter().filter(|(name, count)| *name == "blocked" || is_there(count)));
    counts.extend([("failed", cells::failed as Count), ("missing", |c| c.outcomes.missing)]);
    let pays = report.models.iter().any(|column| column.cost.is_some());
    let mut titles: Vec<[&str; 2]> = counts.iter().map(|(title, _)| ["", *title]).collect();
    titles.extend([["tokens", "in"], ["tokens", "out"]]);
    if pays {
        titles.push(["", "cost"]);
    }
    let row = |column: &Column| {
        let mut row: Vec<Cell> = counts
            .iter()
            .map(|(title, count)| {
                let rows = count(column);
                let is_bad =
                    rows > 0 && column.role == Role::Model && ["failed", "missing"].contains(title);
                Cell::toned(grouped(rows), if is_bad { Tone::Bad } else { Tone::Plain })
            })
            .collect();
        row.extend(cells::tokens(column).map(Cell::plain));
        if pays {
            row.push(Cell::plain(cells::cost(column.cost.as_ref())));
        }
        (name(&column.title()), row)
    };
    Table {
        corner: "model".to_owned(),
        headings: headings(&titles),
        rows: report.models.iter().map(row).collect(),
    }
}

/// The slices by one field and one scorer, and how many values are left out.
pub(crate) fn slices(report: &Report, field: &str, scorer: &str) -> (Table, usize) {
    let mine = |slice: &&Slice| slice.field == field && slice.scorer == scorer;
    let mut values: Vec<&str> = Vec::new();
    for slice in report.slices.iter().filter(mine) {
        if values.last() != Some(&slice.value.as_str()) {
            values.push(&slice.value);
        }
    }
    let left_out = values.len().saturating_sub(MOST_VALUES);
    values.truncate(MOST_VALUES);
    let mut columns = vec![["", "rows"], ["passes", "of scored"], ["accuracy", "(95% interval)"]];
    if report.baseline.is_some() {
        columns.extend([["difference", "(95% interval)"], ["", "p"]]);
    }
    let row = |slice: &Slice| {
        let passes = match slice.accuracy {
            Some(_) => format!("{}/{}", grouped(slice.passes), grouped(slice.scored)),
            None if slice.scored == 0 => "-".to_owned(),
            None => grouped(slice.scored),
        };
        let accuracy = match (&slice.accuracy, slice.mean) {
            (Some(accuracy), _) => cells::with_interval(accuracy),
            (None, Some(mean)) => format!("mean {mean:.3}"),
            (None, None) => "-".to_owned(),
        };
        let mut row =
            vec![Cell::plain(grouped(slice.rows)), Cell::plain(passes), Cell::plain(accuracy)];
        if report.baseline.is_some() {
            row.extend(match &slice.difference {
                Some(found) => {
                    let (interval, test) = (found.interval.as_ref(), found.test.as_ref());
                    apart(found.value, interval, test, found.finding())
                }
                None => [Cell::none(), Cell::none()],
            });
        }
        (name(&format!("{}: {}", slice.value, slice.column)), row)
    };
    let rows =
        report.slices.iter().filter(mine).filter(|slice| values.contains(&slice.value.as_str()));
    let table =
        Table { corner: name(field), headings: headings(&columns), rows: rows.map(row).collect() };
    (table, left_out)
}

/// How often each column was given each label by a scorer that knows no right ones, and how many labels are left out.
pub(crate) fn labels(report: &Report, scorer: usize) -> Option<(Table, usize)> {
    let results: Vec<(&Column, &ScorerResult)> = report
        .models
        .iter()
        .filter_map(|column| Some((column, column.scores.get(scorer)?)))
        .filter(|(_, result)| !result.labels.is_empty() && result.confusion.is_none())
        .collect();
    let mut labels: Vec<(&str, u64)> = Vec::new();
    for label in results.iter().flat_map(|(_, result)| &result.labels) {
        match labels.iter_mut().find(|(name, _)| *name == label.name) {
            Some((_, rows)) => *rows += label.rows,
            None => labels.push((&label.name, label.rows)),
        }
    }
    labels.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
    let left_out = labels.len().saturating_sub(MOST_VALUES);
    labels.truncate(MOST_VALUES);
    let cell = |result: &ScorerResult, label: &str| {
        let found = result.labels.iter().find(|one| one.name == label);
        let rows = found.map_or(0, |found| found.rows);
        let share = cells::share(eval_stats::proportion(rows, result.scored));
        Cell::plain(format!("{}/{} {share}", grouped(rows), grouped(result.scored)))
    };
    let rows = labels.iter().map(|(label, _)| {
        (name(label), results.iter().map(|(_, result)| cell(result, label)).collect())
    });
    let heading = |(column, _): &(&Column, _)| [name(&column.title()), "of scored".to_owned()];
    let headings = results.iter().map(heading).collect();
    let table = Table { corner: "label".to_owned(), headings, rows: rows.collect() };
    (!table.rows.is_empty()).then_some((table, left_out))
}

/// Labels up to which a matrix of them is shown.
const MOST_LABELS: usize = 8;

/// Which labels were given where which were expected; none with too many to be read.
pub(crate) fn matrix(confusion: &Confusion) -> Option<Table> {
    let labels = &confusion.labels;
    if !(2..=MOST_LABELS).contains(&labels.len()) {
        return None;
    }
    let row = |(expected, label): (usize, &String)| {
        let cell = |given: usize| {
            let rows = confusion.matrix.get(expected).and_then(|row| row.get(given)).copied();
            let tone = if given == expected { Tone::Heading } else { Tone::Plain };
            Cell::toned(grouped(rows.unwrap_or(0)), tone)
        };
        (name(label), (0..labels.len()).map(cell).collect())
    };
    Some(Table {
        corner: "expected".to_owned(),
        headings: labels.iter().map(|label| ["given".to_owned(), name(label)]).collect(),
        rows: labels.iter().enumerate().map(row).collect(),
    })
}

/// How well each class fares by a scorer of labels.
pub(crate) fn classes(confusion: &Confusion) -> Table {
    let classes = confusion.labels.iter().zip(&confusion.per_class).enumerate();
    let rows = classes.map(|(at, (label, figures))| {
        let given = confusion.matrix.iter().filter_map(|row| row.get(at)).sum();
        let right = confusion.matrix.get(at).and_then(|row| row.get(at)).copied().unwrap_or(0);
        let mut row: Vec<Cell> =
            [figures.support, given, right].map(|rows| Cell::plain(grouped(rows))).into();
        let shares = [figures.precision, figures.recall, figures.f1];
        row.extend(shares.map(|share| Cell::plain(cells::share(share))));
        (name(label), row)
    });
    Table {
        corner: "class".to_owned(),
        headings: headings(&[
            ["", "expected"],
            ["", "given"],
            ["", "right"],
            ["", "precision"],
            ["", "recall"],
            ["", "F1"],
        ]),
        rows: rows.collect(),
    }
}
