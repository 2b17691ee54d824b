//! The default scorer: does the model call a function? To the letter the rule of the notebook that this tool grew from.

use super::{Builtin, Made, param};
use crate::{Kind, Needs, ParamError, Params, Row, Scorer, Verdict, View};

pub(super) const ALL: &[Builtin] = &[Builtin {
    name: "function-call",
    about: "the last part of the answer calls a function: the rule of Google's batch evaluation notebook",
    params: &[
        param("any-part", "switch", "", "a call in any part counts"),
        param("name", "text", "", "only calls of this function count"),
    ],
    example: r#"function-call(any-part, name="report_spam")"#,
    make,
}];

fn make(params: &mut Params) -> Made {
    let rule =
        if params.flag("any-part")? { FunctionCall::any_part() } else { FunctionCall::last_part() };
    let Some(name) = params.text("name")? else {
        return Ok(Box::new(rule));
    };
    check_name("name", &name)?;
    Ok(Box::new(rule.named(&name)))
}

/// Refuses what the service does not take as the name of a declared function.
pub(super) fn check_name(param: &str, name: &str) -> Result<(), ParamError> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':' | '-');
    if name.is_empty() || name.len() > 128 || !name.chars().all(is_part) {
        let problem = format!("{name:?} cannot be the name of a function");
        return Err(ParamError::new(param, problem));
    }
    Ok(())
}

const MEMBER: &str = "functionCall";

/// Passes a row whose answer calls a function.
///
/// As it stands it is the notebook's rule to the letter, which is this Python expression, with every `KeyError`,
/// `IndexError` and `TypeError` counted as not correct:
///
/// ```python
/// 'functionCall' in row['response']['candidates'][0]['content']['parts'][-1]
/// ```
///
/// So only the last part of the first candidate counts, the member need only be there (`null` will do), and, as
/// Python's `in` has it, a part that is a string passes if it contains the word, and a part that is an array if it
/// has the word as an element. [`any_part`](Self::any_part) looks at all parts of the first candidate, and
/// [`named`](Self::named) asks for a call of one function; both only take parts that are objects.
///
/// ```
/// use scoring::{FunctionCall, Row, Scorer, Verdict};
/// let line = serde_json::from_str(
///     r#"{"response": {"candidates": [{"content": {"parts": [{"functionCall": {"name": "f"}}, {"text": ""}]}}]}}"#,
/// )?;
/// let row = Row::of_line(0, line);
/// assert_eq!(FunctionCall::last_part().score(&row), Verdict::Pass(false));
/// assert_eq!(FunctionCall::any_part().score(&row), Verdict::Pass(true));
/// assert_eq!(FunctionCall::any_part().named("g").score(&row), Verdict::Pass(false));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionCall {
    name: String,
    parts: Parts,
    function: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parts {
    Last,
    Any,
}

impl FunctionCall {
    /// `function-call`: the last part is a call; the notebook's rule.
    pub fn last_part() -> Self {
        Self { name: "function-call".to_owned(), parts: Parts::Last, function: None }
    }

    /// `function-call:any-part`: some part is a call.
    pub fn any_part() -> Self {
        Self { name: "function-call:any-part".to_owned(), parts: Parts::Any, function: None }
    }

    /// The same rule for calls of `function` alone: `function-call:name=…`.
    #[must_use]
    pub fn named(self, function: &str) -> Self {
        let name = match self.parts {
            Parts::Last => format!("function-call:name={function}"),
            Parts::Any => format!("function-call:any-part,name={function}"),
        };
        Self { name, function: Some(function.to_owned()), ..self }
    }

    fn passes(&self, row: &Row<'_>) -> Option<bool> {
        Some(match (self.parts, &self.function) {
            (Parts::Last, None) => {
                row.last_part_calls() || is_in_as_python_has_it(row.last_part()?)
            }
            (Parts::Last, Some(name)) => calls(row.last_part()?, name),
            (Parts::Any, None) => row.parts()?.elements().any(|part| part.has(MEMBER)),
            (Parts::Any, Some(name)) => row.parts()?.elements().any(|part| calls(part, name)),
        })
    }
}

impl Scorer for FunctionCall {
    fn name(&self) -> &str {
        &self.name
    }

    fn needs(&self) -> Needs {
        Needs::NOTHING
    }

    fn score(&self, row: &Row<'_>) -> Verdict {
        Verdict::Pass(self.passes(row).unwrap_or(false))
    }
}

/// `'functionCall' in part`, for parts that are no objects; `TypeError` for what is neither array nor string.
fn is_in_as_python_has_it(part: View<'_>) -> bool {
    match part.kind() {
        Kind::Array => part.elements().any(|element| element.as_str().as_deref() == Some(MEMBER)),
        Kind::String => part.as_str().is_some_and(|text| text.contains(MEMBER)),
        Kind::Object | Kind::Number | Kind::Bool | Kind::Null => false,
    }
}

fn calls(part: View<'_>, function: &str) -> bool {
    part.get(MEMBER)
        .and_then(|call| call.get("name"))
        .and_then(View::as_str)
        .is_some_and(|name| name == function)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `parts` → what the four rules say: last, any, last named `f`, any named `f`.
    const GOLDEN: &[(&str, [bool; 4])] = &[
        (r#"[{"functionCall":{"name":"f"}}]"#, [true, true, true, true]),
        (r#"[{"text":"x"},{"functionCall":{"name":"f","args":{}}}]"#, [true, true, true, true]),
        (r#"[{"functionCall":{"name":"f"}},{"text":""}]"#, [false, true, false, true]),
        (
            r#"[{"functionCall":{"name":"f"}},{"functionCall":{"name":"g"}}]"#,
            [true, true, false, true],
        ),
        (r#"[{"functionCall":null}]"#, [true, true, false, false]),
        (r#"[{"functionCall":"f"}]"#, [true, true, false, false]),
        (r#"[{"functionCall":{"name":7}}]"#, [true, true, false, false]),
        (r#"[{"function\u0043all":{"name":"\u0066"}}]"#, [true, true, true, true]),
        (r#"[{"thoughtSignature":"s","functionCall":{"name":"f"}}]"#, [true, true, true, true]),
        (r#"[{"function_call":{"name":"f"}}]"#, [false, false, false, false]),
        (r#"[{"text":"functionCall"}]"#, [false, false, false, false]),
        (r#"[{"functionResponse":{"functionCall":{"name":"f"}}}]"#, [false, false, false, false]),
        // As Python's `in` has it.
        (r#"["a functionCall in text"]"#, [true, false, false, false]),
        (r#"["\ud800functionCall"]"#, [true, false, false, false]),
        (r#"["function"]"#, [false, false, false, false]),
        (r#"[["functionCall"]]"#, [true, false, false, false]),
        (r#"[["a functionCall"]]"#, [false, false, false, false]),
        // TypeError, IndexError and KeyError in Python.
        ("[null]", [false; 4]),
        ("[7]", [false; 4]),
        ("[]", [false; 4]),
        ("null", [false; 4]),
        ("{}", [false; 4]),
        (r#""functionCall""#, [false; 4]),
        (r#"{"functionCall":1}"#, [false; 4]),
    ];

    fn rules() -> [FunctionCall; 4] {
        [
            FunctionCall::last_part(),
            FunctionCall::any_part(),
            FunctionCall::last_part().named("f"),
            FunctionCall::any_part().named("f"),
        ]
    }

    fn verdicts(line: &str) -> [bool; 4] {
        let line = serde_json::from_str(line).unwrap();
        rules().map(|rule| rule.score(&Row::of_line(0, line)) == Verdict::Pass(true))
    }

    #[test]
    fn the_golden_table_of_parts() {
        for (parts, want) in GOLDEN {
            let line =
                format!(r#"{{"response":{{"candidates":[{{"content":{{"parts":{parts}}}}}]}}}}"#);
            assert_eq!(verdicts(&line), *want, "{parts}");
        }
    }

    #[test]
    fn only_the_first_candidate_counts_and_odd_shapes_fail() {
        let call = r#"{"content":{"parts":[{"functionCall":{"name":"f"}}]}}"#;
        let text = r#"{"content":{"parts":[{"text":"no"}]}}"#;
        for (candidates, want) in [
            (format!("[{call},{text}]"), true),
            (format!("[{text},{call}]"), false),
            (format!("[null,{call}]"), false),
            (call.to_owned(), false),
            ("\"text\"".to_owned(), false),
            ("[]".to_owned(), false),
            ("[{\"content\":\"text\"}]".to_owned(), false),
        ] {
            let line = format!(r#"{{"response":{{"candidates":{candidates}}}}}"#);
            assert_eq!(verdicts(&line), [want; 4], "{candidates}");
        }
    }

    #[test]
    fn a_doubled_member_counts_as_its_last_value() {
        let line = r#"{"response":{"candidates":[]},"response":{"candidates":[{"content":{"parts":[1],"parts":[{"functionCall":{"name":"f"}}]}}]}}"#;
        assert_eq!(verdicts(line), [true; 4]);
    }
}
