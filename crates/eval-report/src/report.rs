//! The one value that every rendering is made from.

use serde::{Deserialize, Serialize};

use crate::{
    Agreement, Column, Comparison, GateResult, JudgeResult, Omnibus, Role, Slice, Warning,
};

/// The shape that [`Report`] has as JSON: the name, and the number that changes when a reader would break.
pub const SCHEMA: &str = "batch-eval/report/1";

/// Everything a report says, as plain data; what it looks like is the renderings' affair.
///
/// Texts in it may come from outside and are kept as they came; every rendering makes them harmless.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The run it reports on; none for a file that was scored without a run.
    pub run: Option<RunLabel>,
    /// Who answered; not known for files.
    pub backend: Option<Backend>,
    /// What was asked.
    pub dataset: Option<Dataset>,
    /// The names of the scorers, in the order in which every column has their results.
    pub scorers: Vec<String>,
    /// Where the values come from that answers are held against, if they were given for all scorers at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// The names of the scorers that look at those values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expecting: Vec<String>,
    /// One column a model; the logged baseline first.
    pub models: Vec<Column>,
    /// The title of the column that the others are compared with; none where there is nothing to compare.
    #[serde(default)]
    pub baseline: Option<String>,
    /// The JSON Pointer of the field that says which rows belong together, if it was named.
    #[serde(default)]
    pub cluster: Option<String>,
    /// Whether three or more columns differ at all, scorer by scorer.
    #[serde(default)]
    pub omnibus: Vec<Omnibus>,
    /// Every column against the baseline, scorer by scorer.
    #[serde(default)]
    pub comparisons: Vec<Comparison>,
    /// Every column of labels of which nobody knows the right ones against the baseline, scorer by scorer.
    #[serde(default)]
    pub agreements: Vec<Agreement>,
    /// Every column on every slice, field by field and value by value.
    #[serde(default)]
    pub slices: Vec<Slice>,
    /// The gates in the order in which they were given.
    #[serde(default)]
    pub gates: Vec<GateResult>,
    /// The judges among the scorers, and what they were like.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub judges: Vec<JudgeResult>,
    /// What a reader must know before believing a figure.
    pub warnings: Vec<Warning>,
    /// How long it took from its beginning to its end, in milliseconds.
    pub elapsed_ms: Option<u64>,
    /// Of that, at most how long no process was at work on it; `None` where one was all the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away_ms: Option<u64>,
}

/// Which run it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunLabel {
    /// The identity of the run.
    pub id: String,
    /// The name that people gave it.
    pub name: String,
}

/// Who answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backend {
    /// The kind of service: `gemini` or `emulator`.
    pub name: String,
    /// Where it is.
    pub base_url: Option<String>,
    /// Whether its answers come from an emulator and say nothing about a model.
    pub emulated: bool,
}

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dataset {
    /// Its name, such as that of its file.
    pub name: String,
    /// How many rows it has.
    pub rows: u64,
}

impl Report {
    /// A report without columns, for results of these scorers.
    pub fn new(scorers: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            run: None,
            backend: None,
            dataset: None,
            scorers: scorers.into_iter().map(Into::into).collect(),
            expected: None,
            expecting: Vec::new(),
            models: Vec::new(),
            baseline: None,
            cluster: None,
            omnibus: Vec::new(),
            comparisons: Vec::new(),
            agreements: Vec::new(),
            slices: Vec::new(),
            gates: Vec::new(),
            judges: Vec::new(),
            warnings: Vec::new(),
            elapsed_ms: None,
            away_ms: None,
        }
    }

    /// Adds a column and the warnings that belong to it; the logged baseline goes before the models.
    pub fn push(&mut self, column: Column) {
        self.warnings.extend(column.warnings());
        let at = match column.role {
            Role::Logged => 0,
            Role::Model => self.models.len(),
        };
        self.models.insert(at, column);
    }

    /// Whether any answer in it is an emulator's.
    pub fn is_emulated(&self) -> bool {
        self.backend.as_ref().is_some_and(|backend| backend.emulated)
    }
}
