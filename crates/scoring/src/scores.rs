//! What became of every row, dense: one byte for the outcome, and two bits, a byte or two for each verdict.

use crate::{Outcome, OutcomeCounts, Scorer, Tally, Verdict};

mod codes;
mod failed;
mod labels;
mod picked;

use codes::Codes;
use failed::outcome_of;
pub use labels::Confusion;
use labels::Labels;

/// Grades are kept in steps of 1/63,000: exact for thousandths, 2nds to 10ths, and 5e-6 off elsewhere at most 8e-6.
const GRADES: u16 = 63_000;
const FIRST_GRADE: u16 = 2_000;
const FIRST_LABEL: u16 = 4;
const NONE: u16 = 0;
const FAIL: u16 = 1;
const PASS: u16 = 2;
const UNSCORABLE: u16 = 3;
/// Marks an outcome that an earlier file gave and that no later one takes back.
const CLOSED: u8 = 0x80;

/// The outcome and the verdicts of every row of one model, by row number.
///
/// A row takes one byte, and for each scorer a quarter of one more: a whole one if the scorer gives labels, two if it
/// gives grades. Rows never heard of are missing, so that the outcomes always add up to the rows.
///
/// ```
/// use scoring::{FunctionCall, Keys, Outcome, Pass, Scorer, Scores};
/// let scorers: Vec<Box<dyn Scorer>> = vec![Box::new(FunctionCall::last_part())];
/// let mut scores = Scores::new(2, &scorers);
/// let line = r#"{"key":"r00000001-1f9c03ab","response":{"candidates":[{"content":{"parts":[{"functionCall":{}}]}}]}}"#;
/// Pass::new(&scorers).keys(Keys::ours(0..2)).run(line.as_bytes(), &mut scores)?;
/// assert_eq!(scores.outcome(0), Outcome::Missing);
/// assert_eq!((scores.outcome(1), scores.passed(0, 1)), (Outcome::Answered, Some(true)));
/// # Ok::<(), scoring::PassError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Scores {
    outcomes: Vec<u8>,
    /// The codes of failed rows, by the numbers that stand for them.
    error_codes: Vec<String>,
    columns: Vec<Column>,
}

#[derive(Debug, Clone)]
struct Column {
    scorer: String,
    codes: Codes,
    labels: Labels,
    reasons: Tally,
}

/// What one scorer said of one model, in numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ScorerTally {
    /// The scorer's name.
    pub scorer: String,
    /// Rows with a verdict: a pass or fail, a grade or a label.
    pub scored: u64,
    /// Rows that the scorer saw and could not judge.
    pub unscorable: u64,
    /// Rows with `Pass(true)`, or a choice of the right label.
    pub passes: u64,
    /// Rows with `Pass(false)`, or a choice of a wrong label.
    pub fails: u64,
    /// Rows with a grade.
    pub values: u64,
    /// The sum of the grades.
    pub value_sum: f64,
    /// Rows for each label; where the right ones are known they are among the passes and fails too.
    pub labels: Vec<(String, u64)>,
    /// Why rows were unscorable, as often as it was said.
    pub reasons: Tally,
}

impl Scores {
    /// `rows` rows of which nothing is known yet, to be judged by `scorers`.
    pub fn new(rows: u64, scorers: &[Box<dyn Scorer>]) -> Self {
        Self::named(rows, scorers.iter().map(|scorer| scorer.name()))
    }

    /// The same for scorers of these names, whatever their kind.
    pub fn named<'n>(rows: u64, scorers: impl IntoIterator<Item = &'n str>) -> Self {
        let columns = scorers.into_iter().map(|name| Column {
            scorer: name.to_owned(),
            codes: Codes::new(),
            labels: Labels::default(),
            reasons: Tally::default(),
        });
        let (outcomes, error_codes) = (Vec::new(), Vec::new());
        let mut new = Self { outcomes, error_codes, columns: columns.collect() };
        new.grow(rows);
        new
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.outcomes.len() as u64
    }

    /// How many scorers there are.
    pub fn scorers(&self) -> usize {
        self.columns.len()
    }

    /// The outcome of a row; a row beyond the last is missing.
    pub fn outcome(&self, row: u64) -> Outcome {
        outcome_of(self.outcome_code(row))
    }

    /// Whether the row passed by the scorer of this position; `None` without a verdict of that kind.
    pub fn passed(&self, scorer: usize, row: u64) -> Option<bool> {
        match self.code(scorer, row) {
            PASS => Some(true),
            FAIL => Some(false),
            code => self.columns.get(scorer)?.labels.is_right(code),
        }
    }

    /// The row's grade in 0..=1 by the scorer of this position, where a pass is 1 and a fail 0.
    pub fn value(&self, scorer: usize, row: u64) -> Option<f64> {
        let code = self.code(scorer, row);
        let right = || self.columns.get(scorer)?.labels.is_right(code);
        grade_of(code).or_else(|| right().map(|right| f64::from(u8::from(right))))
    }

    /// The ledger: how many rows had each outcome.
    pub fn outcomes(&self) -> OutcomeCounts {
        let mut counts = OutcomeCounts::default();
        for code in &self.outcomes {
            counts.add(outcome_of(*code), 1);
        }
        counts
    }

    /// What the scorer of this position said in sum; `None` if there is no such scorer.
    pub fn tally(&self, scorer: usize) -> Option<ScorerTally> {
        let column = self.columns.get(scorer)?;
        let mut tally = ScorerTally {
            scorer: column.scorer.clone(),
            reasons: column.reasons.clone(),
            labels: column.labels.given(&column.rows_by_label()),
            ..ScorerTally::default()
        };
        // Grades are summed as the whole numbers they are kept as, so that no order of rows can show in the sum.
        let mut grades = 0_u64;
        for row in 0..self.rows() {
            match self.code(scorer, row) {
                NONE => continue,
                UNSCORABLE => {
                    tally.unscorable += 1;
                    continue;
                }
                PASS => tally.passes += 1,
                FAIL => tally.fails += 1,
                code if code >= FIRST_GRADE => {
                    tally.values += 1;
                    grades += u64::from(code - FIRST_GRADE);
                }
                code => match column.labels.is_right(code) {
                    Some(true) => tally.passes += 1,
                    Some(false) => tally.fails += 1,
                    None => {}
                },
            }
            tally.scored += 1;
        }
        #[expect(clippy::cast_precision_loss, reason = "exact below 10^11 rows")]
        let sum = grades as f64 / f64::from(GRADES);
        tally.value_sum = sum;
        Some(tally)
    }

    /// Makes room for `rows` rows in all.
    pub(crate) fn grow(&mut self, rows: u64) {
        let rows = index(rows).unwrap_or(usize::MAX);
        if rows > self.outcomes.len() {
            self.outcomes.resize(rows, Outcome::Missing.code());
            for column in &mut self.columns {
                column.codes.grow(rows);
            }
        }
    }

    /// Closes the rows that have a scored answer: what comes from now on is a later file's.
    pub(crate) fn close(&mut self) {
        for code in &mut self.outcomes {
            if Outcome::of_code(*code).is_scored() {
                *code |= CLOSED;
            }
        }
    }

    /// Whether an earlier file gave the row a scored answer, which stays.
    pub(crate) fn is_closed(&self, row: u64) -> bool {
        self.outcome_code(row) & CLOSED != 0
    }

    fn outcome_code(&self, row: u64) -> u8 {
        index(row).and_then(|at| self.outcomes.get(at)).copied().unwrap_or(0)
    }

    /// Sets the outcome of a row and takes back its verdicts.
    pub(crate) fn set_outcome(&mut self, row: u64, outcome: Outcome) {
        if let Some(slot) = index(row).and_then(|at| self.outcomes.get_mut(at)) {
            *slot = outcome.code();
        }
        for column in &mut self.columns {
            column.set(row, NONE);
        }
    }

    /// Keeps a verdict, unless the row was contradicted since it was judged; its label or reason is noted all the
    /// same, so that it does not matter how many rows were judged together.
    pub(crate) fn set_verdict(&mut self, scorer: usize, row: u64, verdict: &Verdict) {
        let stands = self.outcome(row).is_scored();
        if let Some(column) = self.columns.get_mut(scorer) {
            let code = column.encode(verdict);
            column.codes.fit(code);
            if stands {
                column.set(row, code);
            }
        }
    }

    fn code(&self, scorer: usize, row: u64) -> u16 {
        let code = || Some(self.columns.get(scorer)?.codes.get(index(row)?));
        code().unwrap_or(NONE)
    }
}

impl Column {
    fn encode(&mut self, verdict: &Verdict) -> u16 {
        match verdict {
            Verdict::Pass(false) => FAIL,
            Verdict::Pass(true) => PASS,
            Verdict::Value(value) if (0.0..=1.0).contains(value) => code_of(*value),
            Verdict::Value(_) => self.unscorable("a value outside 0..=1"),
            Verdict::Label(label) => self.label(label, None),
            Verdict::Choice { given, truth } => self.label(given, Some(truth)),
            Verdict::Unscorable(reason) => self.unscorable(reason),
        }
    }

    fn unscorable(&mut self, reason: &str) -> u16 {
        self.reasons.add(reason, 1);
        UNSCORABLE
    }

    fn label(&mut self, given: &str, truth: Option<&str>) -> u16 {
        self.labels.code(given, truth).unwrap_or_else(|reason| self.unscorable(reason))
    }

    fn set(&mut self, row: u64, code: u16) {
        if let Some(row) = index(row) {
            self.codes.set(row, code);
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is within 0..=1, so the product is within 0..=63,000"
)]
fn code_of(value: f64) -> u16 {
    FIRST_GRADE + (value * f64::from(GRADES)).round() as u16
}

fn grade_of(code: u16) -> Option<f64> {
    match code {
        PASS => Some(1.0),
        FAIL => Some(0.0),
        _ => Some(f64::from(code.checked_sub(FIRST_GRADE)?) / f64::from(GRADES)),
    }
}

fn index(row: u64) -> Option<usize> {
    usize::try_from(row).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::FunctionCall;

    fn scores(verdicts: &[Verdict]) -> Scores {
        let rule: Vec<Box<dyn Scorer>> = vec![Box::new(FunctionCall::last_part())];
        let mut scores = Scores::new(verdicts.len() as u64, &rule);
        for (row, verdict) in (0..).zip(verdicts) {
            scores.set_outcome(row, Outcome::Answered);
            scores.set_verdict(0, row, verdict);
        }
        scores
    }

    #[test]
    fn passes_grades_and_labels_live_in_one_column() {
        let scores = scores(&[
            Verdict::Pass(true),
            Verdict::Label("spam".into()),
            Verdict::Value(0.1),
            Verdict::Pass(false),
            Verdict::Value(f64::NAN),
            Verdict::Label("spam".into()),
            Verdict::unscorable("?"),
            Verdict::Label("x".repeat(201).into()),
        ]);
        assert_eq!((scores.passed(0, 0), scores.value(0, 0)), (Some(true), Some(1.0)));
        assert_eq!((scores.label(0, 1), scores.passed(0, 1)), (Some("spam"), None));
        assert_eq!((scores.value(0, 2), scores.label(0, 2)), (Some(0.1), None));
        assert_eq!(scores.passed(0, 3), Some(false));
        let tally = scores.tally(0).unwrap();
        assert_eq!((tally.scored, tally.unscorable, tally.passes), (5, 3, 1));
        assert_eq!((tally.fails, tally.values), (1, 1));
        assert!((tally.value_sum - 0.1).abs() < 1e-15);
        assert_eq!(tally.labels, [("spam".to_owned(), 2)]);
        assert_eq!(tally.reasons.iter().count(), 3);
    }

    #[test]
    fn a_new_outcome_takes_verdicts_back() {
        let mut scores = scores(&[Verdict::Pass(true)]);
        scores.set_outcome(0, Outcome::Conflict);
        assert_eq!(scores.tally(0).unwrap().scored, 0);
        assert_eq!(scores.outcomes().get(Outcome::Conflict), 1);
    }

    proptest! {
        #[test]
        fn grades_come_back_within_8e_6_and_thousandths_exactly(value in 0.0..=1.0_f64, k in 0..=1000_u16) {
            let exact = f64::from(k) / 1000.0;
            let scores = scores(&[Verdict::Value(value), Verdict::Value(exact)]);
            prop_assert!((scores.value(0, 0).unwrap() - value).abs() <= 8e-6);
            prop_assert_eq!(scores.value(0, 1).unwrap().to_bits(), exact.to_bits());
        }
    }
}
