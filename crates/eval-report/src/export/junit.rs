//! The report as test results, which every build server can show.

use std::io::{self, Write};

use scoring::Verdict;

use crate::{Finding, GateOutcome, Report, RunRow, sanitize};

/// So many rows of a column are listed; the others are counted.
const MOST_ROWS: usize = 1000;

/// Writes a report as `JUnit` XML.
///
/// * Suite `gates`: a case a gate; one that is not met, or that the rows do not decide, is a failure.
/// * A suite for each column but the baseline: a case for each scorer, which fails where the column is shown to be worse
///   than the baseline; and a case for each row that the baseline passes and the column fails, as a failure, or that
///   has no usable answer, as an error. Of those rows at most a thousand a column are listed, and the last case says
///   how many more there are.
///
/// Rows that the column passes, or that the baseline fails too, are no cases: they are in the figures.
#[derive(Debug)]
pub struct Junit<'r> {
    report: &'r Report,
    suites: Vec<Suite>,
    baseline: Option<usize>,
}

#[derive(Debug)]
struct Suite {
    title: String,
    cases: Vec<Case>,
    more: u64,
}

#[derive(Debug)]
struct Case {
    name: String,
    class: String,
    bad: Option<(Bad, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bad {
    Failure,
    Error,
}

impl<'r> Junit<'r> {
    /// Starts with what the report says; `columns` are the titles of the rows' answers, in order.
    pub fn new(report: &'r Report, columns: &[String]) -> Self {
        let baseline = report.baseline.as_ref();
        let baseline = baseline.and_then(|title| columns.iter().position(|one| one == title));
        let suites = columns.iter().map(|title| Suite {
            title: title.clone(),
            cases: report.scorers.iter().map(|scorer| summary(report, title, scorer)).collect(),
            more: 0,
        });
        Self { report, suites: suites.collect(), baseline }
    }

    /// Adds what is to be said of a row.
    pub fn row(&mut self, row: &RunRow) {
        let base = self.baseline.and_then(|at| row.answers.get(at));
        for (at, (suite, answer)) in self.suites.iter_mut().zip(&row.answers).enumerate() {
            if Some(at) == self.baseline || at == 0 {
                continue;
            }
            if !answer.outcome.is_scored() {
                let what = format!("the row's outcome is {}", answer.outcome);
                suite.add(row, "outcome", Bad::Error, what);
                continue;
            }
            for (number, scorer) in self.report.scorers.iter().enumerate() {
                let verdict = |answer: &crate::RowAnswer| match answer.verdicts.get(number) {
                    Some(Some(Verdict::Pass(pass))) => Some(*pass),
                    _ => None,
                };
                if verdict(answer) == Some(false) && base.and_then(verdict) == Some(true) {
                    let title = self.report.baseline.as_deref().unwrap_or_default();
                    suite.add(row, scorer, Bad::Failure, format!("passes in {title}, fails here"));
                }
            }
        }
    }

    /// Writes the file.
    ///
    /// # Errors
    /// What writing gives.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let name =
            self.report.dataset.as_ref().map_or("batch-eval", |dataset| dataset.name.as_str());
        writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
        writeln!(out, "<testsuites name=\"{}\">", xml(name))?;
        let gates: Vec<Case> = self.report.gates.iter().map(gate).collect();
        if !gates.is_empty() {
            suite(out, "gates", &gates)?;
        }
        for (at, one) in self.suites.iter().enumerate() {
            if Some(at) != self.baseline && at > 0 {
                one.write(out)?;
            }
        }
        writeln!(out, "</testsuites>")?;
        out.flush()
    }
}

impl Suite {
    fn add(&mut self, row: &RunRow, class: &str, bad: Bad, what: String) {
        if self.cases.len() >= MOST_ROWS {
            self.more += 1;
            return;
        }
        let name = format!("row {} {}", row.number, row.key);
        self.cases.push(Case { name, class: class.to_owned(), bad: Some((bad, what)) });
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let more = (self.more > 0).then(|| Case {
            name: "rows that are not listed".to_owned(),
            class: "outcome".to_owned(),
            bad: Some((Bad::Failure, format!("{} more rows failed like these", self.more))),
        });
        let cases = self.cases.iter().chain(&more);
        suite(out, &self.title, cases)
    }
}

/// What a scorer says of a column in sum.
fn summary(report: &Report, title: &str, scorer: &str) -> Case {
    let comparison = report.comparisons.iter().find(|one| one.a == title && one.scorer == scorer);
    let worse = comparison.filter(|one| one.finding == Finding::Worse);
    Case {
        name: scorer.to_owned(),
        class: "summary".to_owned(),
        bad: worse.map(|one| (Bad::Failure, one.sentence.clone())),
    }
}

fn gate(gate: &crate::GateResult) -> Case {
    let bad = (gate.outcome != GateOutcome::Pass).then(|| (Bad::Failure, gate.sentence.clone()));
    Case { name: gate.text.clone(), class: "gate".to_owned(), bad }
}

fn suite<'c>(
    out: &mut impl Write,
    title: &str,
    cases: impl IntoIterator<Item = &'c Case> + Clone,
) -> io::Result<()> {
    let all = cases.clone().into_iter().count();
    let of = |kind| {
        let cases = cases.clone().into_iter();
        cases.filter(|case| case.bad.as_ref().is_some_and(|(bad, _)| *bad == kind)).count()
    };
    let (failures, errors) = (of(Bad::Failure), of(Bad::Error));
    let title = xml(title);
    writeln!(
        out,
        "  <testsuite name=\"{title}\" tests=\"{all}\" failures=\"{failures}\" errors=\"{errors}\">"
    )?;
    for case in cases {
        let (name, class) = (xml(&case.name), xml(&case.class));
        write!(out, "    <testcase name=\"{name}\" classname=\"{title}.{class}\"")?;
        match &case.bad {
            None => writeln!(out, "/>")?,
            Some((bad, what)) => {
                let tag = if *bad == Bad::Failure { "failure" } else { "error" };
                writeln!(out, "><{tag} message=\"{}\"/></testcase>", xml(what))?;
            }
        }
    }
    writeln!(out, "  </testsuite>")
}

/// A text inside an attribute: harmless in a terminal first, and then in XML, which has no other controls.
fn xml(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in sanitize(text).chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\t' | '\n' | '\r' => safe.push(' '),
            '\0'..'\u{20}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            letter => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_attribute() {
        let hostile = "\"/><script>&\u{1b}[31m\0\u{fffe}]]>";
        let safe = xml(hostile);
        assert!(!safe.contains(['"', '<', '>', '\u{1b}', '\0', '\u{fffe}']), "{safe}");
    }
}
