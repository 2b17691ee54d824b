//! One row of a run with all that is known of it: what the exports and the page are written from.

use scoring::{Json, Outcome, Row, Verdict, View};
use serde::Serialize;
use serde_json::Value;

use crate::Line;

/// One row of a run: what was asked, what was logged, and what each column answered.
///
/// All texts come from outside and are kept as they came.
#[derive(Debug, Clone)]
pub struct RunRow {
    /// The row's number in the run, counted from 0.
    pub number: u64,
    /// Our own key of the row, as `r00000042-1f9c03ab`.
    pub key: String,
    /// What was kept of the dataset's row beside the request: key, line, response, other members.
    pub dataset: Json,
    /// The request as it was sent, a variant each; for a copy that of the row sent in its place.
    pub requests: Vec<Option<Json>>,
    /// The expected value, if the run knows one.
    pub expected: Option<Json>,
    /// What each column answered; the logged answers come first.
    pub answers: Vec<RowAnswer>,
}

/// What one column answered to a row.
#[derive(Debug, Clone, PartialEq)]
pub struct RowAnswer {
    /// What the service gave.
    pub outcome: Outcome,
    /// What each scorer said, in the order of the report's scorers; none where it could not tell.
    pub verdicts: Vec<Option<Verdict>>,
    /// The result line as it came, which need not be JSON; for logged answers the dataset's row.
    pub line: Option<Line>,
    /// What judges said of it; empty where none was asked.
    pub judges: Vec<Spoken>,
}

/// What a model that judges said of an answer. It may be as hostile as any text from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Spoken {
    /// The scorer whose judge it is, as `judge:pairwise`.
    pub scorer: String,
    /// Of a pairwise judge: whether the answer stood second.
    pub second: bool,
    /// Its verdict and its reason; none where nothing came that could be read.
    pub said: Option<String>,
}

impl Spoken {
    /// What it said, or that there is nothing to be read.
    pub fn text(&self) -> &str {
        self.said.as_deref().unwrap_or("no answer that could be read")
    }
}

impl RunRow {
    /// A look at what was kept of the dataset's row.
    pub fn dataset(&self) -> View<'_> {
        self.dataset.view()
    }
}

impl RowAnswer {
    /// An answer of which nothing came.
    pub fn missing(scorers: usize) -> Self {
        Self {
            outcome: Outcome::Missing,
            verdicts: vec![None; scorers],
            line: None,
            judges: Vec::new(),
        }
    }

    /// What each scorer said as JSON: true or false, a grade, a label, or null.
    pub(crate) fn verdicts_json(&self) -> impl Iterator<Item = Value> {
        self.verdicts.iter().map(|verdict| match verdict {
            Some(Verdict::Pass(pass)) => Value::from(*pass),
            Some(Verdict::Value(grade)) => Value::from(*grade),
            Some(Verdict::Label(label)) => Value::from(label.as_ref()),
            _ => Value::Null,
        })
    }

    /// The line as JSON; `None` if there is none, or if it is no JSON.
    pub fn json(&self) -> Option<&Json> {
        self.line.as_ref()?.json()
    }

    /// The line as scorers see it; `None` if there is none, or if it is no JSON.
    ///
    /// ```
    /// use eval_report::RowAnswer;
    /// let mut answer = RowAnswer::missing(1);
    /// assert!(answer.row(0).is_none());
    /// answer.line = Some(br#"{"response":{}}"#.as_slice().into());
    /// assert!(answer.row(0).is_some_and(|row| row.response.is_some()));
    /// ```
    pub fn row(&self, number: u64) -> Option<Row<'_>> {
        let mut row = Row::read(number, self.json()?.get())?;
        row.outcome = self.outcome;
        Some(row)
    }
}
