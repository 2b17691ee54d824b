//! The bad inputs, numbered and each with its promise: a table of data, and one test that tries every row of it.

mod act;
mod case;
mod cells;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use tests::process::root;

use case::{Case, Elsewhere};

/// So many inputs are numbered.
const INPUTS: u16 = 136;
/// Rows tried at the same time; most of a row is waiting.
const AT_ONCE: usize = 8;

#[test]
fn every_bad_input_ends_as_promised() {
    let (cases, _) = case::all();
    let (next, complaints) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Some(complaint) = complaint(case) {
                        complaints.lock().unwrap_or_else(PoisonError::into_inner).push(complaint);
                    }
                }
            });
        }
    });
    let complaints = complaints.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// What is wrong with a row: it differs, or it is known to differ and does not.
fn complaint(case: &Case) -> Option<String> {
    let differences = act::differences(case);
    let Case { n, what, member, known, .. } = case;
    match (known, differences.is_empty()) {
        (None, false) => Some(format!("{n}. {what} [{member}]\n  {}", differences.join("\n  "))),
        (Some(_), true) => Some(format!("{n}. {what} is mended: take its `known` out")),
        _ => None,
    }
}

#[test]
fn every_numbered_input_has_its_row_or_its_test() {
    let (cases, elsewhere) = case::all();
    let have: BTreeSet<u16> =
        cases.iter().map(|case| case.n).chain(elsewhere.iter().map(|one| one.n)).collect();
    assert!(have.iter().copied().eq(1..=INPUTS), "{have:?}");
    let written = functions();
    for one in &elsewhere {
        assert_ne!(one.tests.is_empty(), one.open.is_none(), "{}: tests or a reason", one.n);
        for test in &one.tests {
            assert!(written.contains(test), "{}: there is no test {test}", one.n);
        }
    }
}

#[test]
fn the_page_names_every_input_that_differs() {
    let (cases, elsewhere) = case::all();
    let page = fs::read_to_string(root().join("docs/reliability.md")).unwrap();
    for line in exceptions(&cases, &elsewhere) {
        assert!(page.contains(&line), "docs/reliability.md lacks the line\n{line}");
    }
    let section = page.split("## Bad inputs").nth(1).unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    let listed = section.lines().filter(|line| line.starts_with("| ")).count();
    let wanted = exceptions(&cases, &elsewhere).len();
    let head = usize::from(wanted > 0);
    assert_eq!(listed, wanted + head, "docs/reliability.md lists what does not differ any more");
}

/// The lines of the table of what is known to differ and what nothing tests.
fn exceptions(cases: &[Case], elsewhere: &[Elsewhere]) -> BTreeSet<String> {
    let known = cases.iter().filter_map(|case| Some((case.n, &case.what, case.known.as_ref()?)));
    let open = elsewhere.iter().filter_map(|one| Some((one.n, &one.what, one.open.as_ref()?)));
    known.chain(open).map(|(n, what, why)| format!("| {n} | {what} | {why} |")).collect()
}

/// The name of every function in the sources, tests and checks among them.
fn functions() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for folder in ["crates", "tests", "xtask"] {
        gather(&root().join(folder), &mut found);
    }
    found
}

fn gather(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() && entry.file_name() != "target" {
            gather(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let names = text.split("fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next());
            found.extend(names.map(str::to_owned));
        }
    }
}
