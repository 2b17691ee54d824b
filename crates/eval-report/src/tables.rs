//! The tables of the terminal: one a scorer, one of what the service gave, one of slices, one of classes.

use crate::layout::{Cell, Table, Tone};
use crate::numbers::grouped;
use crate::{Column, Confusion, Finding, Report, Role, Slice, cells, sanitize};

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
            Cell::plain(cells::share(result.passes_of_submitted)),
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
    let tone = tone(found.finding);
    let p = cells::significance(found.test.as_ref());
    let mark = if tone == Tone::Plain { "" } else { cells::SHOWN };
    [
        Cell::toned(cells::difference(value, found.interval.as_ref()), tone),
        Cell::toned(format!("{p}{mark}"), tone),
    ]
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
                Some(found) => [
                    Cell::plain(cells::difference(found.value, found.interval.as_ref())),
                    Cell::plain(cells::significance(found.test.as_ref())),
                ],
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
