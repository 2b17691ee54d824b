//! What an answer says: its text, its calls, and the JSON in its text.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::{Kind, Row, View};

/// The parts of a first candidate, of a row's answer or of a logged one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer<'a> {
    parts: Option<View<'a>>,
    last: Option<View<'a>>,
}

/// A call of a function.
#[derive(Debug, Clone)]
pub(super) struct Call<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) args: Option<View<'a>>,
}

impl<'a> Answer<'a> {
    /// What the row's model answered.
    pub(super) fn of(row: &Row<'a>) -> Self {
        Self { parts: row.parts(), last: row.last_part() }
    }

    /// What a response says.
    pub(super) fn of_response(response: View<'a>) -> Self {
        let candidate = || response.get("candidates")?.at(0);
        let parts = candidate().and_then(|first| first.get("content")?.get("parts"));
        Self { parts, last: parts.and_then(View::last) }
    }

    /// Whether it has any parts.
    pub(super) fn is_there(&self) -> bool {
        self.last.is_some()
    }

    /// Its text: that of all parts that are not the model's thinking, one after another; `None` if there is none.
    pub(super) fn text(&self) -> Option<Cow<'a, str>> {
        let mut texts = self.parts?.elements().filter_map(|part| {
            let [text, thought] = part.pick(["text", "thought"]);
            let is_thought = thought.and_then(View::as_bool).unwrap_or(false);
            text.filter(|_| !is_thought)?.as_str()
        });
        let first = texts.next()?;
        Some(texts.fold(first, |before, text| if before.is_empty() { text } else { before + text }))
    }

    /// Its calls, in order; what has no name calls the function without one.
    pub(super) fn calls(&self) -> impl Iterator<Item = Call<'a>> + use<'a> {
        self.parts.into_iter().flat_map(View::elements).filter_map(call)
    }

    /// The call in its last part.
    pub(super) fn last_call(&self) -> Option<Call<'a>> {
        call(self.last?)
    }
}

fn call(part: View<'_>) -> Option<Call<'_>> {
    let call = part.get("functionCall").filter(|call| call.kind() == Kind::Object)?;
    let [name, args] = call.pick(["name", "args"]);
    Some(Call {
        name: name.and_then(View::as_str).unwrap_or_default(),
        args: args.filter(|args| !args.is_null()),
    })
}

/// The JSON that a text is, or that stands between its first fences if it may.
pub(super) fn json(text: &str, fence: bool) -> Option<View<'_>> {
    let inner = if fence { fenced(text).unwrap_or(text) } else { text };
    // The white space of JSON, not of Unicode.
    let inner = inner.trim_matches([' ', '\t', '\n', '\r']);
    serde_json::from_str::<&RawValue>(inner).ok().map(View::new)
}

/// What stands between the first fence and the next, without the rest of its line.
fn fenced(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("```")?;
    let (inner, _) = rest.split_once("```").unwrap_or((rest, ""));
    let (info, body) = inner.split_once('\n').unwrap_or(("", inner));
    // On one line there may be no language: ```{"a": 1}```
    Some(if info.trim_start().starts_with(['{', '[', '"']) { inner } else { body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(parts: &str, text: Option<&str>, calls: &[&str]) {
        let response = format!(r#"{{"candidates":[{{"content":{{"parts":{parts}}}}}]}}"#);
        let answer = Answer::of_response(View::new(serde_json::from_str(&response).unwrap()));
        assert_eq!(answer.text().as_deref(), text, "{parts}");
        let names: Vec<_> = answer.calls().map(|call| call.name).collect();
        assert_eq!(names, calls, "{parts}");
    }

    #[test]
    fn thinking_is_no_text_and_the_rest_is_joined() {
        check(
            r#"[{"text":"a"},{"text":"hm","thought":true},{"text":"b"},{"inlineData":{}}]"#,
            Some("ab"),
            &[],
        );
        check(
            r#"[{"text":""},{"functionCall":{"name":"f"}},{"functionCall":{}}]"#,
            Some(""),
            &["f", ""],
        );
        check(r#"[{"text":7},{"functionCall":null},{"functionCall":[]}]"#, None, &[]);
        check(r#"[{"text":"hm","thought":true}]"#, None, &[]);
        check("null", None, &[]);
        check("\"text\"", None, &[]);
    }

    #[test]
    fn a_single_text_without_escapes_is_not_copied() {
        let response = r#"{"candidates":[{"content":{"parts":[{"text":"plain"}]}}]}"#;
        let answer = Answer::of_response(View::new(serde_json::from_str(response).unwrap()));
        assert!(matches!(answer.text(), Some(Cow::Borrowed("plain"))));
    }

    #[test]
    fn json_is_found_between_fences_only_if_asked() {
        let fences = "Here:\n```json\n{\"a\": 1}\n```\nthat was it";
        assert_eq!(json(fences, true).map(View::text), Some("{\"a\": 1}"));
        assert_eq!(json(fences, false), None);
        assert_eq!(json("```{\"a\": 1}```", true).map(View::text), Some("{\"a\": 1}"));
        assert_eq!(json("```\n[1]", true).map(View::text), Some("[1]"));
        assert_eq!(json(" [1]\r\n", true).map(View::text), Some("[1]"));
        for odd in ["", "```", "``````", "[1", "\u{a0}[1]", "1 2"] {
            assert_eq!(json(odd, true), None, "{odd:?}");
        }
    }
}
