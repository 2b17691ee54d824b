//! Some rows of a model's scores, in another order: so two runs over some of the same rows can be laid side by side.

use super::{Column, Scores, index};

impl Scores {
    /// The scores of these rows alone: row 0 is the first of `rows`, and so on. A row beyond the last is missing.
    ///
    /// ```
    /// use scoring::{FunctionCall, Outcome, Pass, Scorer, Scores};
    /// let scorers: Vec<Box<dyn Scorer>> = vec![Box::new(FunctionCall::last_part())];
    /// let mut scores = Scores::new(0, &scorers);
    /// let text = r#"{"response":{"candidates":[{"content":{"parts":[{"text":"no"}]}}]}}"#;
    /// let call = text.replace(r#""text":"no""#, r#""functionCall":{}"#);
    /// Pass::new(&scorers).run(format!("{text}\n{call}\n").as_bytes(), &mut scores)?;
    /// let picked = scores.picked([1, 0, 7].into_iter());
    /// assert_eq!((picked.passed(0, 0), picked.passed(0, 1)), (Some(true), Some(false)));
    /// assert_eq!((picked.rows(), picked.outcome(2)), (3, Outcome::Missing));
    /// # Ok::<(), scoring::PassError>(())
    /// ```
    #[must_use]
    pub fn picked(&self, rows: impl Iterator<Item = u64> + Clone) -> Self {
        let columns = self.columns.iter().map(|column| Column {
            scorer: column.scorer.clone(),
            codes: column.codes.picked(rows.clone().map(index)),
            labels: column.labels.clone(),
            reasons: column.reasons.clone(),
        });
        Self {
            columns: columns.collect(),
            outcomes: rows.map(|row| self.outcome_code(row)).collect(),
            error_codes: self.error_codes.clone(),
        }
    }
}
