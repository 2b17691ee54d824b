//! The text that names a scorer: `name`, `name:option,key=value`, `name(key=value, …)`, `not(…)`, `all(…)`, `any(…)`,
//! `kind:TEXT` of a kind that others give its meaning; within brackets also any of them as a JSON string.

use std::ops::Range;

use serde_json::Value;

use crate::foreign;
use crate::params::Param;

/// The words that take scorers instead of parameters.
pub(crate) const COMBINATORS: [&str; 4] = ["all", "any", "not", "weighted"];

/// Deeper nesting than anybody writes by hand would be a way to exhaust the stack.
const DEEPEST: usize = 32;

/// The most of a text that is shown of it, in characters, and of what is wrong with it.
const WIDEST: usize = 160;
const LONGEST_PROBLEM: usize = 400;

/// Why a scorer's text is not understood, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct SpecError {
    text: String,
    at: Range<usize>,
    problem: String,
    hint: Option<String>,
}

impl SpecError {
    /// What is wrong, lower-case, without a final dot, and the bytes of `text` it is about.
    ///
    /// For those who give scorers' texts a meaning of their own.
    pub fn new(text: &str, at: Range<usize>, problem: impl Into<String>) -> Self {
        let mut problem = problem.into();
        if let Some((end, _)) = problem.char_indices().nth(LONGEST_PROBLEM) {
            problem.replace_range(end.., "…");
        }
        Self { text: text.to_owned(), at, problem, hint: None }
    }

    /// The same about a text of which the one so far is a part, from byte `from` on.
    #[must_use]
    pub fn within(self, text: &str, from: usize) -> Self {
        let at = self.at.start + from..self.at.end + from;
        Self { text: text.to_owned(), at, ..self }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn with_hint(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }

    /// What to do about it, if there is anything to say.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Two lines: the text, and carets under the place.
    ///
    /// ```
    /// let error = scoring::Registry::builtin().build("function-cal").unwrap_err();
    /// assert_eq!(error.to_string(), "unknown scorer `function-cal`");
    /// assert_eq!(error.caret(), "function-cal\n^^^^^^^^^^^^");
    /// assert_eq!(error.hint(), Some("did you mean `function-call`?"));
    /// ```
    pub fn caret(&self) -> String {
        let chars =
            |range: Range<usize>| self.text.get(range).map_or(0, |part| part.chars().count());
        let (start, whole) = (chars(0..self.at.start), self.text.chars().count());
        // Of a text without end only what is around the place.
        let from = if whole > WIDEST { start.saturating_sub(WIDEST / 4) } else { 0 };
        let shown = self.text.chars().skip(from).take(WIDEST);
        // Control characters would tear the two lines apart.
        let line: String = shown.map(|c| if c.is_control() { ' ' } else { c }).collect();
        let (before, after) = (more(from > 0), more(from + WIDEST < whole));
        let indent = " ".repeat(start - from + before.chars().count());
        let carets = chars(self.at.clone()).clamp(1, (from + WIDEST - start).max(1));
        format!("{before}{line}{after}\n{indent}{}", "^".repeat(carets))
    }
}

/// What stands for the rest of a text.
fn more(is_more: bool) -> &'static str {
    if is_more { "…" } else { "" }
}

/// A scorer's text, taken apart.
#[derive(Debug, Default)]
pub(crate) struct Spec {
    pub(crate) name: String,
    pub(crate) at: Range<usize>,
    pub(crate) params: Vec<Param>,
    /// The scorers inside a combinator.
    pub(crate) inner: Vec<Spec>,
    /// Its weight among others.
    pub(crate) weight: Option<f64>,
    /// Whether others give its text a meaning.
    pub(crate) is_foreign: bool,
    /// A scorer that stands here as a JSON string, unpacked.
    pub(crate) quoted: Option<String>,
}

/// Takes a scorer's text apart; after one of `kinds` and a colon anything may follow.
pub(crate) fn parse(text: &str, kinds: &[&str]) -> Result<Spec, SpecError> {
    let mut parser = Parser { text, at: 0, depth: 0, kinds };
    let spec = parser.scorer()?;
    parser.spaces();
    if parser.at < text.len() {
        return Err(parser.error_here("nothing more was expected here"));
    }
    Ok(spec)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    /// How many combinators are open.
    depth: usize,
    kinds: &'a [&'a str],
}

impl Parser<'_> {
    fn scorer(&mut self) -> Result<Spec, SpecError> {
        self.spaces();
        let start = self.at;
        if self.depth > 0 && self.rest().starts_with('"') {
            return self.quoted_scorer();
        }
        let name = self.word("the name of a scorer")?;
        let mut spec = Spec { at: start..self.at, name, ..Spec::default() };
        if self.kinds.contains(&spec.name.as_str()) && self.rest().starts_with(':') {
            self.pass_foreign();
            let own = self.text.get(start..self.at).unwrap_or_default();
            return Ok(Spec { at: start..start + own.trim_end().len(), is_foreign: true, ..spec });
        }
        if COMBINATORS.contains(&spec.name.as_str()) {
            spec.inner = self.inner_scorers(&spec.name)?;
        } else if self.takes(':') {
            spec.params = self.colon_params()?;
        } else if self.takes('(') {
            spec.params = self.bracket_params()?;
        }
        Ok(spec)
    }

    /// Goes to the end of the text, or of the place within the brackets of a combinator.
    fn pass_foreign(&mut self) {
        let rest = self.rest();
        self.at += if self.depth > 0 { foreign::end(rest) } else { rest.len() };
    }

    fn quoted_scorer(&mut self) -> Result<Spec, SpecError> {
        let start = self.at;
        let value = self.json_value()?;
        let quoted = value.as_str().map(str::to_owned);
        Ok(Spec { at: start..self.at, quoted, ..Spec::default() })
    }

    fn inner_scorers(&mut self, word: &str) -> Result<Vec<Spec>, SpecError> {
        if self.depth == DEEPEST {
            return Err(self.error_here("too many scorers within scorers"));
        }
        self.depth += 1;
        let mut inner = Vec::new();
        if word == "not" && self.takes(':') {
            inner.push(self.scorer()?);
        } else {
            self.expect('(', &format!("`{word}` takes scorers in brackets"))?;
            loop {
                let weight = if word == "weighted" { self.weight()? } else { None };
                inner.push(Spec { weight, ..self.scorer()? });
                if !self.takes(',') || word == "not" {
                    break;
                }
            }
            self.expect(')', "expected `,` or `)`")?;
        }
        self.depth -= 1;
        Ok(inner)
    }

    /// `2*` or `0.5*` before a scorer.
    fn weight(&mut self) -> Result<Option<f64>, SpecError> {
        self.spaces();
        let rest = self.rest();
        if !rest.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) {
            return Ok(None);
        }
        let length = rest.find([' ', '*', ',', ')', '(']).unwrap_or(rest.len());
        let at = self.at..self.at + length;
        let weight = rest.get(..length).and_then(|text| text.parse::<f64>().ok());
        let Some(weight) = weight.filter(|weight| (1e-6..=1e6).contains(weight)) else {
            return Err(SpecError::new(
                self.text,
                at,
                "a weight is a number from 0.000001 to 1000000",
            ));
        };
        self.at = at.end;
        self.expect('*', "expected `*` behind the weight")?;
        Ok(Some(weight))
    }

    /// `any-part,name=value`; within brackets a comma belongs to the brackets, so there only one.
    fn colon_params(&mut self) -> Result<Vec<Param>, SpecError> {
        let mut params = Vec::new();
        loop {
            self.spaces();
            let start = self.at;
            let name = self.word("an option")?;
            let value = if self.takes('=') { self.bare_value()? } else { Value::Bool(true) };
            self.add(&mut params, name, value, start)?;
            if self.depth > 0 || !self.takes(',') {
                return Ok(params);
            }
        }
    }

    /// `key=value, key=value)` with JSON values.
    fn bracket_params(&mut self) -> Result<Vec<Param>, SpecError> {
        let mut params = Vec::new();
        if self.takes(')') {
            return Ok(params);
        }
        loop {
            self.spaces();
            let start = self.at;
            let name = self.word("a parameter")?;
            let value = if self.takes('=') { self.json_value()? } else { Value::Bool(true) };
            self.add(&mut params, name, value, start)?;
            if !self.takes(',') {
                break;
            }
        }
        self.expect(')', "expected `,` or `)`")?;
        Ok(params)
    }

    fn add(
        &self,
        params: &mut Vec<Param>,
        name: String,
        value: Value,
        start: usize,
    ) -> Result<(), SpecError> {
        let at = start..self.at;
        if params.iter().any(|param| param.name == name) {
            let problem = format!("`{name}` is given twice");
            return Err(SpecError::new(self.text, at, problem));
        }
        params.push(Param { name, value, at });
        Ok(())
    }

    /// Text up to the next separator, or a JSON string.
    fn bare_value(&mut self) -> Result<Value, SpecError> {
        if self.rest().starts_with('"') {
            return self.json_value();
        }
        let start = self.at;
        let stops = if self.depth > 0 { ",)" } else { "," };
        let length = self.rest().find(|c| stops.contains(c));
        self.at += length.unwrap_or(self.rest().len());
        let value = self.text.get(start..self.at).unwrap_or_default().trim();
        if value.is_empty() {
            return Err(self.error_here("expected a value"));
        }
        Ok(Value::from(value))
    }

    fn json_value(&mut self) -> Result<Value, SpecError> {
        self.spaces();
        let rest = self.rest();
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        // Scalars end where the text says so: serde_json would want to see white space after them.
        let (value, length) = if rest.starts_with(['"', '[', '{']) {
            (values.next().and_then(Result::ok), values.byte_offset())
        } else {
            let length = rest.find([',', ')']).unwrap_or(rest.len());
            let text = rest.get(..length).unwrap_or_default();
            (serde_json::from_str(text).ok(), length)
        };
        let start = self.at;
        if let Some(value) = value {
            self.at += length;
            return Ok(value);
        }
        let length = rest.find([',', ')']).unwrap_or(rest.len());
        let problem = "expected a JSON value, such as \"text\", 5 or true";
        Err(SpecError::new(self.text, start..start + length, problem))
    }

    fn word(&mut self, what: &str) -> Result<String, SpecError> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let length = self.rest().find(|c| !is_part(c));
        let length = length.unwrap_or(self.rest().len());
        if length == 0 {
            return Err(self.error_here(format!("expected {what}")));
        }
        let word = self.text.get(self.at..self.at + length).unwrap_or_default();
        self.at += length;
        Ok(word.to_owned())
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn takes(&mut self, wanted: char) -> bool {
        self.spaces();
        let takes = self.rest().starts_with(wanted);
        self.at += usize::from(takes) * wanted.len_utf8();
        takes
    }

    fn expect(&mut self, wanted: char, problem: &str) -> Result<(), SpecError> {
        if self.takes(wanted) { Ok(()) } else { Err(self.error_here(problem)) }
    }

    fn error_here(&self, problem: impl Into<String>) -> SpecError {
        let next = self.rest().chars().next().map_or(0, char::len_utf8);
        SpecError::new(self.text, self.at..self.at + next, problem)
    }
}
