//! Eight classes of faults at eighteen points of a run: each cell is held by tests, impossible, or open.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;
use tests::process::root;

use super::functions;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    /// Letter and name of each class.
    classes: Vec<(char, String)>,
    /// The points, in the order of a run.
    points: Vec<String>,
    cell: Vec<Cells>,
}

/// What one class meets at some points, by their numbers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cells {
    class: char,
    points: Vec<usize>,
    #[serde(default)]
    tests: Vec<String>,
    impossible: Option<String>,
    open: Option<String>,
}

impl Cells {
    /// How the cell stands, in the table's own words.
    fn text(&self) -> String {
        match (&self.impossible, &self.open) {
            (Some(why), _) => format!("impossible: {why}"),
            (None, Some(why)) => format!("**open**: {why}"),
            (None, None) => {
                let tests: Vec<String> =
                    self.tests.iter().map(|test| format!("`{test}`")).collect();
                tests.join(", ")
            }
        }
    }
}

fn table() -> Table {
    let text = fs::read_to_string(root().join("tests/fixtures/cells.toml")).unwrap();
    toml::from_str(&text).unwrap_or_else(|error| panic!("cells.toml: {error}"))
}

/// The table as the page shows it: a line for each cell, points that share an answer on one.
fn lines(table: &Table) -> Vec<String> {
    let mut out = vec!["| class | points | held by |".to_owned(), "|---|---|---|".to_owned()];
    for (letter, name) in &table.classes {
        for cells in table.cell.iter().filter(|cells| cells.class == *letter) {
            let points: Vec<String> =
                cells.points.iter().map(|at| format!("P{at} {}", table.points[at - 1])).collect();
            out.push(format!("| {letter} {name} | {} | {} |", points.join(", "), cells.text()));
        }
    }
    out
}

#[test]
fn each_of_the_144_cells_is_tested_or_impossible_or_open() {
    let table = table();
    assert_eq!((table.classes.len(), table.points.len()), (8, 18));
    let written = functions();
    let mut cells: BTreeMap<(char, usize), usize> = BTreeMap::new();
    for row in &table.cell {
        for at in &row.points {
            *cells.entry((row.class, *at)).or_default() += 1;
        }
        let said = [!row.tests.is_empty(), row.impossible.is_some(), row.open.is_some()];
        assert_eq!(said.iter().filter(|said| **said).count(), 1, "one answer each: {row:?}");
        for test in &row.tests {
            assert!(written.contains(test), "there is no test {test}, of {row:?}");
        }
    }
    for (letter, _) in &table.classes {
        for at in 1..=table.points.len() {
            assert_eq!(cells.remove(&(*letter, at)), Some(1), "{letter} at P{at}");
        }
    }
    assert!(cells.is_empty(), "cells that there are not: {cells:?}");
}

#[test]
fn the_page_shows_the_144_cells() {
    let page = fs::read_to_string(root().join("docs/reliability.md")).unwrap();
    let table = lines(&table()).join("\n");
    assert!(page.contains(&table), "docs/reliability.md should hold:\n{table}");
}
