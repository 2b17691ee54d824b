//! The verdicts on single rows, read from where scoring kept them: a line a row, in their order.

use std::fs::File;
use std::io;

use scoring::{Kind, Outcome, Verdict, View};

use crate::nearby::Nearby;

/// Every so many rows the place of a line is remembered: a byte for 64 rows.
const STEP: u64 = 512;

/// Reads the line of any row of a score file, and quickly that of the next.
#[derive(Debug)]
pub(super) struct Verdicts {
    file: Nearby,
    /// Where rows 0, `STEP`, 2 × `STEP`, … begin, as far as was read.
    steps: Vec<u64>,
    /// The row that comes next, and where.
    next: (u64, u64),
    line: Vec<u8>,
}

/// What is kept of a row.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) outcome: Outcome,
    pub(super) verdicts: Vec<Option<Verdict>>,
}

impl Verdicts {
    pub(super) fn open(file: File) -> Self {
        Self { file: Nearby::new(file), steps: vec![0], next: (0, 0), line: Vec::new() }
    }

    /// What was kept of a row, by these scorers; none if the file has no such line.
    pub(super) fn get(&mut self, row: u64, scorers: &[String]) -> io::Result<Option<Kept>> {
        self.go_near(row);
        while self.next.0 < row {
            // The next place that is to be remembered is not to be missed.
            let count = row.min(self.steps.len() as u64 * STEP) - self.next.0;
            let passed = self.file.skip_lines(self.next.1, count)?;
            if passed.0 < count {
                return Ok(None);
            }
            self.pass(passed);
        }
        self.file.line(self.next.1, &mut self.line)?;
        if self.line.is_empty() {
            return Ok(None);
        }
        self.pass((1, self.next.1 + self.line.len() as u64));
        Ok(kept(&self.line, scorers))
    }

    /// Goes on by so many rows, to that place.
    fn pass(&mut self, (rows, place): (u64, u64)) {
        self.next = (self.next.0 + rows, place);
        if self.next.0 == self.steps.len() as u64 * STEP {
            self.steps.push(place);
        }
    }

    /// Goes to the last known place before the row, unless it is further on from here.
    fn go_near(&mut self, row: u64) {
        let known = (row / STEP).min(self.steps.len() as u64 - 1);
        let start = known * STEP;
        if (start..=row).contains(&self.next.0) {
            return;
        }
        let offset = usize::try_from(known).ok().and_then(|at| self.steps.get(at));
        self.next = (start, offset.copied().unwrap_or(0));
    }
}

fn kept(line: &[u8], scorers: &[String]) -> Option<Kept> {
    let line = View::parse(std::str::from_utf8(line).ok()?)?;
    let [outcome, verdicts] = line.pick(["outcome", "verdicts"]);
    let name = outcome?.as_str()?;
    let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.name() == name)?;
    let verdicts = verdicts.filter(|verdicts| verdicts.kind() == Kind::Object)?;
    let verdicts = scorers.iter().map(|name| verdict(verdicts.get(name)?)).collect();
    Some(Kept { outcome, verdicts })
}

fn verdict(kept: View<'_>) -> Option<Verdict> {
    match kept.kind() {
        Kind::Bool => kept.as_bool().map(Verdict::Pass),
        Kind::Number => {
            kept.text().parse().ok().filter(|grade: &f64| grade.is_finite()).map(Verdict::Value)
        }
        Kind::String => kept.as_str().map(|label| Verdict::Label(label.into_owned().into())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn any_row_is_found_in_any_order() {
        let mut file = tempfile::tempfile().unwrap();
        for row in 0..3000 {
            let label = format!("{row}{}", "x".repeat(row % 7));
            let line =
                serde_json::json!({"key": "k", "outcome": "answered", "verdicts": {"s": label}});
            writeln!(file, "{line}").unwrap();
        }
        let mut verdicts = Verdicts::open(file);
        let scorers = ["s".to_owned(), "other".to_owned()];
        for row in [0, 1, 2999, 5, 1024, 1023, 1024, 511, 512, 2048, 2048, 0] {
            let kept = verdicts.get(row, &scorers).unwrap().unwrap();
            let want = format!("{row}{}", "x".repeat(usize::try_from(row % 7).unwrap()));
            assert_eq!(kept.verdicts, [Some(Verdict::Label(want.into())), None], "{row}");
        }
        assert!(verdicts.get(3000, &scorers).unwrap().is_none());
        assert!(verdicts.get(2999, &scorers).unwrap().is_some());
    }

    #[test]
    fn a_file_that_was_cut_has_the_lines_that_are_left() {
        let mut file = tempfile::tempfile().unwrap();
        let line = serde_json::json!({"key": "k", "outcome": "answered", "verdicts": {"s": 1e3}});
        write!(file, "{line}\n{line}\n{line}").unwrap();
        let mut verdicts = Verdicts::open(file);
        let scorers = ["s".to_owned()];
        for (row, there) in [(3, false), (9, false), (2, true), (3, false), (0, true), (2, true)] {
            let kept = verdicts.get(row, &scorers).unwrap();
            let want = there.then(|| vec![Some(Verdict::Value(1e3))]);
            assert_eq!(kept.map(|kept| kept.verdicts), want, "{row}");
        }
    }
}
