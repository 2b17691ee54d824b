//! From a judge's result line to what it said, or why it said nothing that counts.

use scoring::{Outcome, Row};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::kind::{Kind, Opinion, Relation, Scale, Winner};

/// Why a judge said nothing that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Lack {
    /// It was asked, and no answer came.
    Missing,
    /// The service gave an error in place of an answer.
    Error,
    /// Answers came that contradict each other.
    Contradicted,
    /// The service blocked the question or the answer.
    Blocked,
    /// The answer is empty.
    Empty,
    /// The answer ends in the middle.
    Cut,
    /// The answer is no JSON object.
    NotJson,
    /// The object lacks the verdict, or has one that was not among the choices.
    NoVerdict,
}

impl Lack {
    /// Every one, in the order in which they are counted.
    pub const ALL: [Self; 8] = [
        Self::Missing,
        Self::Error,
        Self::Contradicted,
        Self::Blocked,
        Self::Empty,
        Self::Cut,
        Self::NotJson,
        Self::NoVerdict,
    ];

    /// The reason in an unscorable row.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Missing => "no answer of the judge came",
            Self::Error => "the judge's row failed at the service",
            Self::Contradicted => "answers of the judge came that contradict each other",
            Self::Blocked => "the judge's answer was blocked",
            Self::Empty => "the judge's answer is empty",
            Self::Cut => "the judge's answer is cut off",
            Self::NotJson => "the judge's answer is not the JSON that was asked for",
            Self::NoVerdict => "the judge's answer lacks a valid verdict",
        }
    }

    /// Whether the judge answered, and what it answered cannot be used.
    pub fn is_unparsable(self) -> bool {
        matches!(self, Self::NotJson | Self::NoVerdict)
    }
}

/// What a judge said, or why that does not count.
pub type Said = Result<Opinion, Lack>;

/// Reads the result line of a judge's row.
///
/// # Errors
/// The [`Lack`] where it says nothing that counts.
///
/// ```
/// use model_judge::{Kind, Lack, Opinion, Scale, read};
/// let line = |text: &str| format!(
///     r#"{{"key":"r00000000-00000000","response":{{"candidates":[{{"content":{{"parts":[{{"text":{text:?}}}]}},"finishReason":"STOP"}}]}}}}"#
/// );
/// let kind = Kind::Rubric(Scale::Grade);
/// assert_eq!(read(&kind, line(r#"{"reason":"fine","grade":4}"#).as_bytes()), Ok(Opinion::Grade(4)));
/// assert_eq!(read(&kind, line("Four out of five.").as_bytes()), Err(Lack::NotJson));
/// ```
pub fn read(kind: &Kind, line: &[u8]) -> Said {
    let line: &RawValue = serde_json::from_slice(line).map_err(|_| Lack::Error)?;
    let row = Row::of_line(0, line);
    match row.outcome {
        Outcome::Answered => {}
        Outcome::Truncated => return Err(Lack::Cut),
        Outcome::Blocked => return Err(Lack::Blocked),
        Outcome::Empty => return Err(Lack::Empty),
        _ => return Err(Lack::Error),
    }
    let object = object(&text(&row).ok_or(Lack::Empty)?).ok_or(Lack::NotJson)?;
    object.get(kind.field()).and_then(|said| kind.opinion(said)).ok_or(Lack::NoVerdict)
}

/// What a judge said, for people: its verdict and its reason where it said what was asked for, or else its words as they
/// came; `None` where it said nothing.
///
/// ```
/// let said = r#"{\"reason\":\"It greets, no more.\",\"pass\":false}"#;
/// let line = format!(
///     r#"{{"response":{{"candidates":[{{"content":{{"parts":[{{"text":"{said}"}}]}},"finishReason":"STOP"}}]}}}}"#
/// );
/// assert_eq!(model_judge::words(line.as_bytes()).as_deref(), Some("pass: false. It greets, no more."));
/// ```
pub fn words(line: &[u8]) -> Option<String> {
    let line: &RawValue = serde_json::from_slice(line).ok()?;
    let text = text(&Row::of_line(0, line)).filter(|text| !text.trim().is_empty())?;
    let Some(mut object) = object(&text) else { return Some(text) };
    let reason = object.remove("reason");
    let verdict: Vec<String> = object.iter().map(|(name, said)| plain(name, said)).collect();
    let reason = reason.as_ref().and_then(Value::as_str).map(str::trim).unwrap_or_default();
    Some(format!("{}. {reason}", verdict.join(", ")).trim_end().to_owned())
}

fn plain(name: &str, said: &Value) -> String {
    said.as_str().map_or_else(|| format!("{name}: {said}"), |said| format!("{name}: {said}"))
}

/// The text of an answer, thoughts left out; `None` without parts.
fn text(row: &Row<'_>) -> Option<String> {
    let mut text = String::new();
    for part in row.parts()?.elements() {
        let is_thought = part.get("thought").and_then(scoring::View::as_bool) == Some(true);
        if let Some(said) = part.get("text").and_then(scoring::View::as_str).filter(|_| !is_thought)
        {
            text.push_str(&said);
        }
    }
    Some(text)
}

/// The object that a text is, perhaps within a fence of three backticks: some models write one although they are
/// asked for JSON alone.
fn object(text: &str) -> Option<serde_json::Map<String, Value>> {
    let text = text.trim();
    let inner = text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    let text =
        inner.map_or(text, |inner| inner.trim_start_matches(|c: char| c.is_ascii_alphabetic()));
    serde_json::from_str(text).ok()
}

impl Kind {
    /// The opinion in the verdict's field; `None` for what was not among the choices.
    fn opinion(&self, said: &Value) -> Option<Opinion> {
        match self {
            Self::Rubric(Scale::Pass) => said.as_bool().map(Opinion::Pass),
            Self::Rubric(Scale::Grade) => {
                let grade = said.as_u64().or_else(|| whole(said.as_f64()?))?;
                u8::try_from(grade).ok().filter(|grade| (1..=5).contains(grade)).map(Opinion::Grade)
            }
            Self::Rubric(Scale::Labels(labels)) => {
                let said = said.as_str()?.trim();
                let at = labels.iter().position(|label| label == said)?;
                u8::try_from(at).ok().map(Opinion::Label)
            }
            Self::Pairwise => match said.as_str()?.trim() {
                "A" => Some(Opinion::Winner(Winner::First)),
                "B" => Some(Opinion::Winner(Winner::Second)),
                "tie" => Some(Opinion::Winner(Winner::Tie)),
                _ => None,
            },
            Self::Factuality => {
                let said = said.as_str()?.trim();
                let (relation, _) = Relation::ALL.into_iter().find(|(_, name)| *name == said)?;
                Some(Opinion::Relation(relation))
            }
        }
    }
}

/// `4.0` is how some write 4.
fn whole(number: f64) -> Option<u64> {
    (1..=5_u8).find(|grade| (number - f64::from(*grade)).abs() < f64::EPSILON).map(u64::from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(kind: &Kind, text: &str) -> Said {
        let parts = json!([{"text": "{\"pass\": 1", "thought": true}, {"text": text}]);
        let line = json!({"key": "r00000000-00000000", "response": {"candidates": [
            {"content": {"parts": parts}, "finishReason": "STOP"}]}});
        read(kind, line.to_string().as_bytes())
    }

    #[test]
    fn only_what_was_asked_for_counts() {
        let labels = Kind::Rubric(Scale::Labels(vec!["ham".into(), "spam".into()]));
        let (pass, grade) = (Kind::Rubric(Scale::Pass), Kind::Rubric(Scale::Grade));
        for (kind, text, want) in [
            (&pass, r#"{"reason":"","pass":true}"#, Ok(Opinion::Pass(true))),
            (&pass, "```json\n{\"pass\":false}\n```", Ok(Opinion::Pass(false))),
            (&pass, r#"{"pass":"true"}"#, Err(Lack::NoVerdict)),
            (&pass, "[true]", Err(Lack::NotJson)),
            (&grade, r#"{"grade":5.0}"#, Ok(Opinion::Grade(5))),
            (&grade, r#"{"grade":0}"#, Err(Lack::NoVerdict)),
            (&grade, r#"{"grade":6}"#, Err(Lack::NoVerdict)),
            (&grade, r#"{"grade":4.5}"#, Err(Lack::NoVerdict)),
            (&grade, r#"{"grade":-3}"#, Err(Lack::NoVerdict)),
            (&grade, r#"{"score":4}"#, Err(Lack::NoVerdict)),
            (&grade, r#"{"grade":4} and more"#, Err(Lack::NotJson)),
            (&labels, r#"{"label":"spam"}"#, Ok(Opinion::Label(1))),
            (&labels, r#"{"label":"eggs"}"#, Err(Lack::NoVerdict)),
            (&Kind::Pairwise, r#"{"winner":"B"}"#, Ok(Opinion::Winner(Winner::Second))),
            (&Kind::Pairwise, r#"{"winner":"both"}"#, Err(Lack::NoVerdict)),
            (
                &Kind::Factuality,
                r#"{"relation":"subset"}"#,
                Ok(Opinion::Relation(Relation::Subset)),
            ),
        ] {
            assert_eq!(said(kind, text), want, "{text}");
        }
    }

    #[test]
    fn what_is_no_answer_is_a_lack_of_its_own() {
        let kind = Kind::Rubric(Scale::Pass);
        let of =
            |response: Value| read(&kind, json!({"response": response}).to_string().as_bytes());
        let blocked = json!({"promptFeedback": {"blockReason": "SAFETY"}});
        let cut = json!({"candidates": [{"content": {"parts": [{"text": "{\"pass\""}]}, "finishReason": "MAX_TOKENS"}]});
        assert_eq!(of(blocked), Err(Lack::Blocked));
        assert_eq!(of(cut), Err(Lack::Cut));
        assert_eq!(of(json!({"candidates": []})), Err(Lack::Empty));
        assert_eq!(read(&kind, br#"{"error":{"code":13}}"#), Err(Lack::Error));
        assert_eq!(read(&kind, b"{ torn"), Err(Lack::Error));
    }
}
