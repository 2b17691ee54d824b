//! Gates that no number of rows would decide: found out from the scorers alone, before anything is spent.

use eval_report::Gate;
use model_judge::{JudgeSpec, Kind, Side};
use scoring::{Row, Scorer, SpecError, Verdict};
use serde_json::value::RawValue;

use super::wishes::{Judging, LOGGED, bad_gate};
use crate::context::Context;
use crate::exit::Outcome;
use crate::expected::ANSWER;

impl Judging {
    /// Finds out whether every gate has one scorer, and one that can say something of its columns; `is_held` says that
    /// right answers are named for all scorers at once and not yet given to these.
    pub(crate) fn check_scorers(
        &self,
        context: &Context,
        scorers: &[Box<dyn Scorer>],
        is_held: bool,
    ) -> Outcome<()> {
        let judges: Vec<JudgeSpec> =
            context.desk.judges().into_iter().map(|judge| judge.spec).collect();
        for gate in self.gates()? {
            decidable(&gate, scorers, &judges, is_held).map_err(|error| bad_gate(&error))?;
        }
        Ok(())
    }
}

fn decidable(
    gate: &Gate,
    scorers: &[Box<dyn Scorer>],
    judges: &[JudgeSpec],
    is_held: bool,
) -> Result<(), SpecError> {
    let names: Vec<String> = scorers.iter().map(|scorer| scorer.name().to_owned()).collect();
    let at = gate.scorer_of(&names)?;
    let Some(scorer) = scorers.get(at) else { return Ok(()) };
    let name = scorer.name();
    if !is_held && says_labels_alone(&**scorer) {
        let problem = format!(
            "`{name}` gives labels and nobody says which are right: no number of rows decides the gate"
        );
        let hint = "--expected FILE says which are right, or `expected=\"/POINTER\"` in the scorer";
        return Err(gate.undecidable(problem, hint.to_owned()));
    }
    let pairwise = judges.iter().find(|judge| judge.name == name && judge.kind == Kind::Pairwise);
    let Some(judge) = pairwise else { return Ok(()) };
    let beside = match &judge.against {
        Side::Logged => LOGGED,
        Side::Column(title) => title,
        _ => return Ok(()),
    };
    if gate.columns().any(|column| column == beside) {
        let problem = format!(
            "`{name}` says of the others whether they are better than {beside}, and nothing of {beside} itself: no \
             number of rows decides the gate"
        );
        let hint = format!(
            "a number does, as in `MODEL@{name} >= 0.5`: at least as often better as worse"
        );
        return Err(gate.undecidable(problem, hint));
    }
    Ok(())
}

/// Whether a scorer gives a label where it has no right one to hold it against.
fn says_labels_alone(scorer: &dyn Scorer) -> bool {
    // What a program or an expression does with a row is its own affair.
    let asks = scorer.needs().expected && !scorer.prefers_batches();
    let Ok(line) = serde_json::from_str::<&RawValue>(ANSWER) else { return false };
    asks && !scorer.name().starts_with("jq")
        && matches!(scorer.score(&Row::of_line(0, line)), Verdict::Label(_))
}

#[cfg(test)]
mod tests {
    use scoring::Registry;

    use super::*;

    fn check(
        gate: &str,
        scorers: &[&str],
        judges: &[JudgeSpec],
        is_held: bool,
    ) -> Result<(), String> {
        let build = |text: &&str| Registry::builtin().build(text).unwrap();
        let scorers: Vec<_> = scorers.iter().map(build).collect();
        let gate = Gate::parse(gate).unwrap();
        decidable(&gate, &scorers, judges, is_held).map_err(|error| error.to_string())
    }

    #[test]
    fn of_several_scorers_a_gate_names_one() {
        for scorers in [["json-valid", "function-call"], ["function-call", "json-valid"]] {
            let said = check("a >= 0.5", &scorers, &[], false).unwrap_err();
            assert_eq!(said, "there are several scorers, and the gate names none");
            assert_eq!(check("a@json-valid >= 0.5", &scorers, &[], false), Ok(()));
        }
        assert_eq!(check("a >= 0.5", &["json-valid"], &[], false), Ok(()));
    }

    #[test]
    fn labels_without_right_ones_decide_nothing() {
        let label = r#"label(labels=["1", "2"])"#;
        let said = check("a >= 0.5", &[label], &[], false).unwrap_err();
        assert!(said.contains("no number of rows decides the gate"), "{said}");
        assert_eq!(check("a >= 0.5", &[label], &[], true), Ok(()));
        for held in [
            r#"label(labels=["1", "2"], expected="/kind")"#,
            r#"same-label(labels=["1", "2"])"#,
            "equals",
        ] {
            assert_eq!(check("a >= 0.5", &[held], &[], false), Ok(()), "{held}");
        }
    }
}
