//! Answers of an emulated judge: a plain opinion of its own, spoilt at stated rates, so that whoever measures judges
//! can be measured.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::view::View;
use super::words::STOP;
use crate::dice::Dice;

/// How an emulated judge errs; each in 0..=1, and all of it by the seed.
///
/// It is asked like any model, by a request whose response schema has a `reason` beside one of `pass`, `grade`,
/// `label`, `winner` and `relation`, and whose text holds what is judged between tags such as `<answer-…>`.
/// By itself it thinks well of an answer that calls a function or shares a telling word with its reference (without
/// one: with the request), and better of the one of two that shares more of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judging {
    /// How often it says the opposite of what it thinks.
    pub error: f64,
    /// How often it prefers the first of two answers whatever they are.
    pub position_bias: f64,
    /// How often its answer is not the JSON that was asked for.
    pub unparsable: f64,
}

impl Default for Judging {
    /// About as good as judges are.
    fn default() -> Self {
        Self { error: 0.05, position_bias: 0.1, unparsable: 0.01 }
    }
}

impl Judging {
    /// The rate that is none.
    pub(crate) fn wrong(&self) -> Option<f64> {
        let rates = [self.error, self.position_bias, self.unparsable];
        rates.into_iter().find(|rate| !(0.0..=1.0).contains(rate))
    }
}

/// What a judge is asked to say.
const FIELDS: [&str; 5] = ["pass", "grade", "label", "winner", "relation"];

/// What a function call is worth in shared words.
const CALL: usize = 100;

/// A request to judge something.
#[derive(Debug)]
pub(super) struct Question<'a> {
    field: &'static str,
    schema: &'a Value,
    text: &'a str,
}

impl<'a> Question<'a> {
    /// The question that a request asks; `None` for one that asks for no judgement.
    pub(super) fn of(view: &'a View) -> Option<Self> {
        let schema = view.response_schema.as_ref()?.get("properties")?;
        schema.get("reason")?;
        let field = FIELDS.into_iter().find(|field| schema.get(field).is_some())?;
        let question = Self { field, schema: &schema[field], text: &view.text };
        question.part(if field == "winner" { "answer-a" } else { "answer" })?;
        Some(question)
    }

    /// What the judge says to it.
    pub(super) fn answer(&self, judging: Judging, dice: &mut Dice) -> String {
        // Every rate has its own throw, so that changing one changes nothing else.
        let [unparsable, bias, error] = [dice.unit(), dice.unit(), dice.unit()];
        if unparsable < judging.unparsable {
            return match dice.below(3) {
                0 => "I would say that it is quite good, all in all.".to_owned(),
                1 => format!("{{\"reason\": \"it \", \"{}\"", self.field),
                _ => json!({"reason": "I cannot decide.", self.field: "undecided"}).to_string(),
            };
        }
        let errs = error < judging.error;
        let (verdict, reason) = match self.field {
            "winner" if bias < judging.position_bias => {
                (json!("A"), "The first answer convinces me.")
            }
            "winner" => self.winner(errs, dice),
            "relation" => self.relation(errs),
            _ => self.grade(errs, dice),
        };
        // In the order that was asked for.
        format!("{{\"reason\":{},\"{}\":{verdict}}}", json!(reason), self.field)
    }

    fn winner(&self, errs: bool, dice: &mut Dice) -> (Value, &'static str) {
        let [one, other] = ["answer-a", "answer-b"].map(|name| self.merit(name));
        let winner = match one.cmp(&other) {
            std::cmp::Ordering::Equal if !errs => "tie",
            std::cmp::Ordering::Equal => ["A", "B"][dice.below(2)],
            order => ["A", "B"][usize::from(order.is_lt() != errs)],
        };
        (winner.into(), "It says more of what matters here.")
    }

    fn relation(&self, errs: bool) -> (Value, &'static str) {
        let (reference, answer) = (self.words("reference"), self.words("answer"));
        let shared = reference.intersection(&answer).count();
        let thought = match (shared == reference.len(), shared) {
            (true, _) if answer.len() > reference.len() => "superset",
            (true, _) => "same",
            (false, 0) => "unrelated",
            (false, _) => "subset",
        };
        let passes = matches!(thought, "same" | "superset");
        let relation = match (errs, passes) {
            (false, _) => thought,
            (true, true) => "contradicts",
            (true, false) => "same",
        };
        (relation.into(), "I compared the facts one by one.")
    }

    fn grade(&self, errs: bool, dice: &mut Dice) -> (Value, &'static str) {
        let good = (self.merit("answer") > 0) != errs;
        let reason = if good { "It deals with the request." } else { "It passes the request by." };
        let verdict = match self.field {
            "pass" => json!(good),
            "grade" => json!(if good { 4 + dice.below(2) } else { 1 + dice.below(2) }),
            _ => {
                let labels = self.schema.get("enum").and_then(Value::as_array);
                let label =
                    labels.and_then(|labels| if good { labels.first() } else { labels.last() });
                label.cloned().unwrap_or_default()
            }
        };
        (verdict, reason)
    }

    /// How much the judge thinks of an answer.
    fn merit(&self, name: &str) -> usize {
        let answer = self.part(name).unwrap_or_default();
        if answer.starts_with("[no answer") {
            return 0;
        }
        let measure = if self.part("reference").is_some() { "reference" } else { "request" };
        let shared = self.words(measure).intersection(&self.words(name)).count();
        shared + if answer.contains("\"functionCall\"") { CALL } else { 0 }
    }

    fn words(&self, name: &str) -> BTreeSet<String> {
        let text = self.part(name).unwrap_or_default();
        let words =
            text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() >= 4);
        words.map(str::to_lowercase).filter(|word| !STOP.contains(&word.as_str())).collect()
    }

    /// The text between `<name-CODE>` and `</name-CODE>`.
    fn part(&self, name: &str) -> Option<&'a str> {
        let (_, rest) = self.text.split_once(&format!("<{name}-"))?;
        let (code, rest) = rest.split_once(">\n")?;
        // `<answer-` is also the beginning of `<answer-a-`.
        if !code.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        rest.split_once(&format!("\n</{name}-{code}>")).map(|(inside, _)| inside)
    }
}

#[cfg(test)]
#[path = "judging_tests.rs"]
mod tests;
