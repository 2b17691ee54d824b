//! One model's results: folded from scores and summaries, with every figure the renderings show.

use scoring::{PassSummary, ScorerTally, Scores};
use serde::{Deserialize, Serialize};

use crate::counts::{Count, LabelCount, Outcomes, Tokens, counts};
use crate::numbers::Estimate;
use crate::{Bounds, Confusion};

/// The results of one model, or of the answers that were logged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// What the column is called.
    pub label: String,
    /// Whether it is a model or the baseline.
    pub role: Role,
    /// The model that was asked; for the baseline, if known, the one that was asked then.
    pub model: Option<String>,
    /// The variant of the request, if the run has variants.
    pub variant: Option<String>,
    /// The rows submitted; for the baseline, the rows of the dataset.
    pub submitted: u64,
    /// What the service gave, adding up to `submitted`.
    pub outcomes: Outcomes,
    /// One result a scorer, in the order of the report's scorers.
    pub scores: Vec<ScorerResult>,
    /// Tokens as stated.
    pub tokens: Tokens,
    /// What it cost; `None` where nothing is paid for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// Which models say they answered.
    pub model_versions: Vec<Count>,
    /// How answers ended.
    pub finish_reasons: Vec<Count>,
    /// The codes of row errors.
    pub error_codes: Vec<Count>,
    /// What the result files held beside one line a row.
    pub lines: Lines,
}

/// What a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A model that was asked.
    Model,
    /// The answers that the dataset logged: the baseline.
    Logged,
}

/// What the answers of a column cost, by the tokens that they state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// In millionths of a dollar; `None` where the price is not known.
    pub micros: Option<u64>,
    /// Why the price is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
    /// Answers that state no tokens, and so count for nothing here.
    pub rows_without_usage: u64,
    /// Tokens of a kind without a price of its own, counted as plain input.
    pub assumed_tokens: u64,
}

/// What a scorer says of a column. `scored + unscorable + errors + missing` is the column's `submitted`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScorerResult {
    /// The scorer's name.
    pub scorer: String,
    /// Rows with a verdict.
    pub scored: u64,
    /// Rows the scorer saw and could not judge.
    pub unscorable: u64,
    /// Rows whose result cannot be used: errors, conflicts and unparsable lines together.
    pub errors: u64,
    /// Rows that did not come back.
    pub missing: u64,
    /// Rows that passed.
    pub passes: u64,
    /// `passes / scored` with its Wilson interval: the headline. None without verdicts, or if they are grades or
    /// labels.
    pub accuracy: Option<Estimate>,
    /// `passes / submitted`: missing data as wrong. None where `accuracy` is.
    pub passes_of_submitted: Option<f64>,
    /// `passes / returned`, where every row that came back counts: the figure of the notebook. None where no row came
    /// back, or if verdicts are grades or labels.
    pub passes_of_returned: Option<f64>,
    /// The mean grade in 0..=1, where verdicts are grades or passes; none if there is no grade.
    pub mean: Option<f64>,
    /// The interval of `mean`.
    #[serde(default)]
    pub mean_interval: Option<Bounds>,
    /// The rows of each label.
    pub labels: Vec<LabelCount>,
    /// Which labels were given where which were expected, if that is known.
    #[serde(default)]
    pub confusion: Option<Confusion>,
    /// Why rows were unscorable.
    pub unscorable_reasons: Vec<Count>,
}

/// What the result files held beside one line a row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lines {
    /// Lines equal to the first of their row.
    pub doubles: u64,
    /// Lines that contradict the first of their row.
    pub conflicts: u64,
    /// Lines of another file.
    pub foreign: u64,
    /// Lines that belong to no row: no JSON, or no key.
    pub unattributed: u64,
    /// The line inside which a file ends.
    pub cut_at: Option<u64>,
}

/// What a column is folded from.
#[derive(Debug, Clone, Copy)]
pub struct ColumnSource<'a> {
    /// What the column is called.
    pub label: &'a str,
    /// Whether it is a model or the baseline.
    pub role: Role,
    /// The model that was asked, if known.
    pub model: Option<&'a str>,
    /// The variant of the request, if the run has variants.
    pub variant: Option<&'a str>,
    /// The rows.
    pub scores: &'a Scores,
    /// What the passes saw of the files.
    pub summary: &'a PassSummary,
}

impl Column {
    /// Folds scores and summaries to a column.
    ///
    /// ```
    /// use eval_report::{Column, ColumnSource, Role};
    /// use scoring::{Pass, Registry, Scores};
    /// let scorers = vec![Registry::builtin().build("function-call")?];
    /// let mut scores = Scores::new(0, &scorers);
    /// let line = r#"{"response":{"candidates":[{"content":{"parts":[{"functionCall":{}}]}}]}}"#;
    /// let summary = Pass::new(&scorers).run(line.as_bytes(), &mut scores)?;
    /// let source = ColumnSource { label: "m", role: Role::Model, model: None, variant: None, scores: &scores, summary: &summary };
    /// let column = Column::of(source);
    /// assert_eq!((column.submitted, column.scores[0].passes), (1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(source: ColumnSource<'_>) -> Self {
        let ColumnSource { scores, summary, .. } = source;
        let outcomes = Outcomes::from(&scores.outcomes());
        let tallies = (0..scores.scorers()).filter_map(|scorer| scores.tally(scorer));
        Self {
            label: source.label.to_owned(),
            role: source.role,
            model: source.model.map(str::to_owned),
            variant: source.variant.map(str::to_owned),
            submitted: scores.rows(),
            outcomes,
            scores: tallies
                .enumerate()
                .map(|(at, tally)| ScorerResult {
                    confusion: scores
                        .confusion(at)
                        .map(|known| Confusion::of(known.labels, known.matrix)),
                    ..ScorerResult::of(&tally, &outcomes)
                })
                .collect(),
            tokens: Tokens::from(&summary.tokens),
            cost: None,
            model_versions: counts(&summary.model_versions),
            finish_reasons: counts(&summary.finish_reasons),
            error_codes: counts(&scores.error_codes()),
            lines: Lines {
                doubles: summary.doubles,
                conflicts: summary.conflicts,
                foreign: summary.foreign,
                unattributed: summary.keyless + summary.unreadable,
                cut_at: summary.cut_at,
            },
        }
    }

    /// Whether the outcomes, and the figures of every scorer, add up to the rows submitted.
    pub fn adds_up(&self) -> bool {
        let scorer_adds_up = |result: &ScorerResult| {
            let parts = [result.scored, result.unscorable, result.errors, result.missing];
            parts.iter().sum::<u64>() == self.submitted && result.passes <= result.scored
        };
        self.outcomes.total() == self.submitted && self.scores.iter().all(scorer_adds_up)
    }

    /// What the column is called wherever it is shown, and by which gates, baselines and flags mean it: `MODEL`, or
    /// `MODEL/VARIANT` where it has one.
    pub fn title(&self) -> String {
        match (&self.variant, self.role) {
            (_, Role::Logged) => "logged".to_owned(),
            (Some(variant), Role::Model) => format!("{}/{variant}", self.label),
            (None, Role::Model) => self.label.clone(),
        }
    }
}

impl ScorerResult {
    fn of(tally: &ScorerTally, outcomes: &Outcomes) -> Self {
        let submitted = outcomes.total();
        let all_pass_or_fail = tally.passes + tally.fails == tally.scored;
        let share =
            |of: u64| all_pass_or_fail.then(|| eval_stats::proportion(tally.passes, of)).flatten();
        let accuracy = all_pass_or_fail.then(|| Estimate::of(tally.passes, tally.scored)).flatten();
        let count = |(name, rows): &(String, u64)| LabelCount { name: name.clone(), rows: *rows };
        Self {
            scorer: tally.scorer.clone(),
            scored: tally.scored,
            unscorable: tally.unscorable,
            errors: outcomes.error + outcomes.conflict + outcomes.unparsable,
            missing: outcomes.missing,
            passes: tally.passes,
            accuracy,
            passes_of_submitted: accuracy.and_then(|_| share(submitted)),
            passes_of_returned: share(submitted - outcomes.missing),
            mean: mean(tally),
            mean_interval: None,
            labels: tally.labels.iter().map(count).collect(),
            confusion: None,
            unscorable_reasons: counts(&tally.reasons),
        }
    }
}

/// The mean of grades, where a pass is 1 and a fail 0; none without any grade.
#[expect(clippy::cast_precision_loss, reason = "row counts are far below 2^53")]
fn mean(tally: &ScorerTally) -> Option<f64> {
    let judged = tally.values + tally.passes + tally.fails;
    (tally.values > 0).then(|| (tally.value_sum + tally.passes as f64) / judged as f64)
}
