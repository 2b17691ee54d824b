//! One line of jq as a scorer of result lines.

use jaq_json::Val;
use jaq_std::ValT as _;
use scoring::{Needs, Row, Scorer, SpecError, Verdict};

use super::{JqFilter, shortened};
use crate::name;

/// A jq expression that judges the result line: `true` and `false` are a pass and a fail, a number in 0..=1 a grade,
/// a string a label. `null`, anything else, no value and an error are unscorable.
///
/// ```
/// use scorer_plugins::JqScorer;
/// use scoring::{Row, Scorer, Verdict};
/// let scorer = JqScorer::compile(".response.candidates[0].content.parts[-1] | has(\"functionCall\")")?;
/// let line = serde_json::from_str(
///     r#"{"response": {"candidates": [{"content": {"parts": [{"functionCall": {"name": "f"}}]}}]}}"#,
/// )?;
/// assert_eq!(scorer.score(&Row::of_line(0, line)), Verdict::Pass(true));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct JqScorer {
    name: String,
    filter: JqFilter,
}

impl JqScorer {
    /// Compiles an expression, as [`JqFilter::compile`].
    ///
    /// # Errors
    /// [`SpecError`] with the place in the expression.
    pub fn compile(expression: &str) -> Result<Self, SpecError> {
        Self::parse(expression, 0)
    }

    /// The same for what stands in `text` from byte `from` on.
    pub(crate) fn parse(text: &str, from: usize) -> Result<Self, SpecError> {
        let expression = text.get(from..).unwrap_or_default();
        let filter = JqFilter::compile(expression).map_err(|error| error.within(text, from))?;
        Ok(Self { name: name::of("jq", expression), filter })
    }
}

impl Scorer for JqScorer {
    fn name(&self) -> &str {
        &self.name
    }

    fn needs(&self) -> Needs {
        Needs::NOTHING
    }

    fn score(&self, row: &Row<'_>) -> Verdict {
        match self.filter.first(row.result.text().as_bytes()) {
            Ok(Some(value)) => verdict(&value),
            Ok(None) => Verdict::unscorable("the expression gave no value"),
            Err(error) => Verdict::unscorable(error),
        }
    }
}

fn verdict(value: &Val) -> Verdict {
    match value {
        Val::Bool(pass) => Verdict::Pass(*pass),
        Val::TStr(label) => Verdict::Label(String::from_utf8_lossy(label).into_owned().into()),
        Val::Null => Verdict::unscorable("the expression gave null"),
        other => match other.as_f64() {
            Some(grade) if (0.0..=1.0).contains(&grade) => Verdict::Value(grade),
            _ => {
                let shown = shortened(&other.to_string());
                Verdict::unscorable(format!("the expression gave {shown}, which is no verdict"))
            }
        },
    }
}
