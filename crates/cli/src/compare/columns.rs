//! Which column of one run is compared with which of the other.

use eval_report::sanitize;
use run_store::RunFolder;

use crate::exit::{Failure, Outcome};
use crate::judge::{Cell, cells};

/// The logged answers, which are the same in both runs: each is compared with them in its own report.
const LOGGED: &str = "logged";

/// Two columns that are compared.
#[derive(Debug)]
pub(super) struct Pair<'a> {
    pub(super) before: Cell<'a>,
    pub(super) after: Cell<'a>,
}

/// Each column of the second run with that of the first which is called the same, or has the same
/// model where that is the only one; and those of the second run that have no counterpart.
pub(super) fn paired<'a>(
    before: &'a RunFolder,
    after: &'a RunFolder,
    with: Option<&str>,
) -> Outcome<(Vec<Pair<'a>>, Vec<String>)> {
    let (firsts, seconds) = (cells(before), cells(after));
    let mut pairs = Vec::new();
    let mut alone = Vec::new();
    for cell in seconds {
        let found = match with {
            Some(title) => Some(named(&firsts, title)?),
            None => counterpart(&firsts, &cell),
        };
        match found {
            Some(first) => pairs.push(Pair { before: first, after: cell }),
            None => alone.push(cell.label()),
        }
    }
    if pairs.is_empty() {
        let titles: Vec<String> = firsts.iter().map(Cell::label).collect();
        let what = format!(
            "{} and {} have no column in common",
            before.manifest().name.as_str(),
            after.manifest().name.as_str()
        );
        return Err(Failure::usage(what)
            .next(format!("--with COLUMN, one of {}", sanitize(&titles.join(", ")))));
    }
    Ok((pairs, alone))
}

fn named<'a>(cells: &[Cell<'a>], title: &str) -> Outcome<Cell<'a>> {
    let titles: Vec<String> = cells.iter().map(Cell::label).collect();
    if let Some(at) = titles.iter().position(|known| known == title) {
        return Ok(cells[at]);
    }
    if title == LOGGED {
        let what = "--with names a model of the first run, and logged is none";
        return Err(Failure::usage(what)
            .next("`batch-eval report RUN --baseline logged` compares with the logged answers"));
    }
    let near = scoring::nearest(title, titles.iter().map(String::as_str));
    let hint = near.map(|near| format!("did you mean {near}?"));
    let hint = hint.unwrap_or_else(|| format!("there are {}", titles.join(", ")));
    Err(Failure::usage(format!("no column is called {}", sanitize(title))).next(sanitize(&hint)))
}

fn counterpart<'a>(cells: &[Cell<'a>], other: &Cell<'_>) -> Option<Cell<'a>> {
    let same = |cell: &&Cell<'a>| cell.model_name == other.model_name;
    let by_name = cells.iter().find(|cell| same(cell) && cell.variant_name == other.variant_name);
    let mut by_model = cells.iter().filter(same);
    let only = by_model.next().filter(|_| by_model.next().is_none());
    by_name.or(only).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell<'a>(model_name: &'a str, variant_name: Option<&'a str>) -> Cell<'a> {
        Cell { variant: 0, model: 0, model_name, variant_name }
    }

    #[test]
    fn columns_meet_by_name_or_by_their_only_model() {
        let cells = [cell("a", Some("x")), cell("a", Some("y")), cell("b", None)];
        let label = |other| counterpart(&cells, &other).map(|cell| cell.label());
        assert_eq!(label(cell("a", Some("y"))).as_deref(), Some("a/y"));
        assert_eq!(label(cell("a", None)), None, "which of the two?");
        assert_eq!(label(cell("b", Some("new"))).as_deref(), Some("b"));
        assert_eq!(label(cell("c", None)), None);
        assert!(named(&cells, "a/z").unwrap_err().next.unwrap().contains("did you mean"));
        assert!(named(&cells, "logged").unwrap_err().next.unwrap().contains("--baseline logged"));
    }
}
