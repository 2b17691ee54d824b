//! What a gate needs in order to be decided: one scorer, and one that can say something of its columns.

use scoring::SpecError;

use crate::gate::{Against, Gate};

impl Gate {
    /// Which of these scorers it is about. Of several one has to be named: which it is must not depend on their order.
    ///
    /// # Errors
    /// Where it names none of several, or one that is not there.
    ///
    /// ```
    /// let scorers = ["json-valid".to_owned(), "function-call".to_owned()];
    /// let gate = eval_report::Gate::parse("gemini-x@function-call >= 0.9")?;
    /// assert_eq!(gate.scorer_of(&scorers)?, 1);
    /// let error = eval_report::Gate::parse("gemini-x >= 0.9")?.scorer_of(&scorers).unwrap_err();
    /// assert_eq!(error.to_string(), "there are several scorers, and the gate names none");
    /// // What a scorer is set to may be left out where no other has its name.
    /// let scorers = ["json-valid".to_owned(), "words(max=9)".to_owned()];
    /// assert_eq!(eval_report::Gate::parse("gemini-x@words >= 0.9")?.scorer_of(&scorers)?, 1);
    /// # Ok::<(), scoring::SpecError>(())
    /// ```
    pub fn scorer_of(&self, scorers: &[String]) -> Result<usize, SpecError> {
        if self.scorer.is_some() || scorers.len() < 2 {
            let meant = self.meant_scorer(scorers)?;
            let is_meant = |name: &String| meant.is_none_or(|meant| meant == name);
            return Ok(scorers.iter().position(is_meant).unwrap_or_default());
        }
        let candidate = &self.candidate;
        let each = scorers.iter().map(|scorer| format!("`{}@{scorer}`", candidate.text));
        let hint = format!("name one: {}", each.collect::<Vec<_>>().join(", "));
        let problem = "there are several scorers, and the gate names none";
        let error = SpecError::new(&self.to_string(), candidate.at.clone(), problem);
        Err(error.with_hint(Some(hint)))
    }

    /// The columns that it names: the one it is about, and the one that this is held against.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        let against = match &self.against {
            Against::Column(name) => Some(name.text.as_str()),
            Against::Number(_) => None,
        };
        std::iter::once(self.candidate.text.as_str()).chain(against)
    }

    /// That it can never be decided, and what to write instead.
    pub fn undecidable(&self, problem: String, hint: String) -> SpecError {
        let text = self.to_string();
        SpecError::new(&text, 0..text.len(), problem).with_hint(Some(hint))
    }
}
