//! One place in a JSON value, named by a JSON Pointer or by a `JSONPath` that can mean only one value.

use std::fmt;
use std::ops::Range;

use crate::{Kind, View};

/// One place in a JSON value: a JSON Pointer (RFC 6901) such as `/metadata/answer`, or a singular query of `JSONPath`
/// (RFC 9535) such as `$.metadata['answer'][-1]`, which is one of names and indices only.
///
/// ```
/// use scoring::{Place, View};
/// let raw = serde_json::from_str(r#"{"metadata": {"answers": ["no", "yes"]}}"#)?;
/// for text in ["/metadata/answers/1", "$.metadata.answers[1]", "$['metadata'].answers[-1]"] {
///     let place = Place::parse(text)?;
///     assert_eq!(place.find(View::new(raw)).map(View::text), Some("\"yes\""));
/// }
/// let error = Place::parse("$.answers[*]").unwrap_err();
/// assert_eq!(error.to_string(), "`*` can mean several values, and one is wanted");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    text: String,
    steps: Vec<Step>,
}

/// One step from a value into it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// A token of a pointer: the name of a member, or the index of an element.
    Token(String),
    Name(String),
    /// Counted from the end if it is negative.
    Index(i64),
}

/// Why a text names no place, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct PlaceError {
    problem: String,
    at: Range<usize>,
}

impl PlaceError {
    pub(crate) fn new(at: Range<usize>, problem: impl Into<String>) -> Self {
        Self { problem: problem.into(), at }
    }

    /// The bytes of the text it is about.
    pub fn at(&self) -> Range<usize> {
        self.at.clone()
    }
}

impl Place {
    /// The place that `text` names; the empty pointer and `$` are the value itself.
    ///
    /// # Errors
    /// [`PlaceError`] if it begins with neither `/` nor `$`, or is malformed.
    pub fn parse(text: &str) -> Result<Self, PlaceError> {
        let steps = match text.chars().next() {
            None | Some('/') => pointer(text)?,
            Some('$') => Path { text, at: 1 }.steps()?,
            Some(_) => {
                let problem = "expected a JSON Pointer such as /a/0 or a JSONPath such as $.a[0]";
                return Err(PlaceError::new(0..text.len(), problem));
            }
        };
        Ok(Self { text: text.to_owned(), steps })
    }

    /// What stands there; `None` if nothing does.
    pub fn find<'a>(&self, value: View<'a>) -> Option<View<'a>> {
        self.steps.iter().try_fold(value, |value, step| step.into(value))
    }

    /// What stands there, where `value` is what the first step leads to.
    pub(crate) fn find_below<'a>(&self, value: View<'a>) -> Option<View<'a>> {
        self.steps.iter().skip(1).try_fold(value, |value, step| step.into(value))
    }

    /// What stands there, where `taken` holds values by JSON Pointers that begin after the first step: one of them, or
    /// a part of one.
    pub(crate) fn find_taken<'a>(&self, taken: View<'a>) -> Option<View<'a>> {
        let own = self.steps.get(1..)?;
        taken.members().find_map(|(name, value)| {
            let taken = pointer(&name).ok()?;
            let is_same = |(one, other): (&Step, &Step)| one.leads_like(other);
            let (way, rest) = own.split_at_checked(taken.len())?;
            (!way.is_empty() && way.iter().zip(&taken).all(is_same))
                .then(|| rest.iter().try_fold(value, |value, step| step.into(value)))?
        })
    }

    /// The name of the member that the first step leads to.
    pub(crate) fn first_name(&self) -> Option<&str> {
        match self.steps.first()? {
            Step::Token(name) | Step::Name(name) => Some(name),
            Step::Index(_) => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Step {
    /// Whether it leads where the token of a pointer leads, counted from the end or not.
    fn leads_like(&self, token: &Self) -> bool {
        match (self, token) {
            (Self::Token(own) | Self::Name(own), Self::Token(token)) => own == token,
            (Self::Index(index), Self::Token(token)) => {
                *index >= 0 && index_of(token) == magnitude(*index)
            }
            _ => false,
        }
    }

    fn into<'a>(&self, value: View<'a>) -> Option<View<'a>> {
        match (self, value.kind()) {
            (Self::Token(name) | Self::Name(name), Kind::Object) => value.get(name),
            (Self::Token(index), Kind::Array) => value.at(index_of(index)?),
            (Self::Index(index), Kind::Array) => {
                let from_end = || value.elements().count().checked_sub(magnitude(*index)?);
                value.at(if *index < 0 { from_end()? } else { magnitude(*index)? })
            }
            _ => None,
        }
    }
}

fn magnitude(index: i64) -> Option<usize> {
    usize::try_from(index.unsigned_abs()).ok()
}

/// Digits without leading zeros.
fn index_of(token: &str) -> Option<usize> {
    let is_index = token == "0" || !token.starts_with(['0', '+']);
    is_index.then(|| token.parse().ok()).flatten()
}

fn pointer(text: &str) -> Result<Vec<Step>, PlaceError> {
    let mut steps = Vec::new();
    let mut at = 0;
    for token in text.split('/').skip(1) {
        at += 1;
        let mut name = String::new();
        let mut chars = token.chars();
        while let Some(c) = chars.next() {
            name.push(match (c, c == '~') {
                (c, false) => c,
                (_, true) => match chars.next() {
                    Some('0') => '~',
                    Some('1') => '/',
                    _ => {
                        let problem =
                            "in a JSON Pointer `~` is written `~0`, and `/` within a name `~1`";
                        return Err(PlaceError::new(at..at + token.len(), problem));
                    }
                },
            });
        }
        at += token.len();
        steps.push(Step::Token(name));
    }
    Ok(steps)
}

/// A `JSONPath` that is being read.
struct Path<'t> {
    text: &'t str,
    at: usize,
}

impl Path<'_> {
    fn steps(mut self) -> Result<Vec<Step>, PlaceError> {
        let mut steps = Vec::new();
        loop {
            self.spaces();
            let Some(next) = self.rest().chars().next() else { return Ok(steps) };
            self.at += next.len_utf8();
            steps.push(match next {
                '.' if self.rest().starts_with('.') => return Err(self.several("..")),
                '.' => self.shorthand()?,
                '[' => self.bracket()?,
                _ => {
                    self.at -= next.len_utf8();
                    return Err(self.error("expected `.` or `[`"));
                }
            });
        }
    }

    /// `name` after a dot.
    fn shorthand(&mut self) -> Result<Step, PlaceError> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii();
        let rest = self.rest();
        let name = rest.get(..rest.find(|c| !is_part(c)).unwrap_or(rest.len()));
        match name
            .filter(|name| !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()))
        {
            Some(name) => {
                let name = name.to_owned();
                self.at += name.len();
                Ok(Step::Name(name))
            }
            None if rest.starts_with('*') => Err(self.several("*")),
            None => Err(self.error("expected a name; others are written ['like this']")),
        }
    }

    /// `'name'` or an index, and the bracket behind it.
    fn bracket(&mut self) -> Result<Step, PlaceError> {
        self.spaces();
        let step = match self.rest().chars().next() {
            Some(quote @ ('\'' | '"')) => Step::Name(self.quoted(quote)?),
            Some('*') => return Err(self.several("*")),
            Some('?') => return Err(self.several("?")),
            _ => Step::Index(self.index()?),
        };
        self.spaces();
        match self.rest().chars().next() {
            Some(']') => {
                self.at += 1;
                Ok(step)
            }
            Some(',') => Err(self.several(",")),
            Some(':') => Err(self.several(":")),
            _ => Err(self.error("expected `]`")),
        }
    }

    fn index(&mut self) -> Result<i64, PlaceError> {
        let rest = self.rest();
        let is_part = |c: char| c.is_ascii_digit() || c == '-';
        let digits = rest.get(..rest.find(|c| !is_part(c)).unwrap_or(rest.len()));
        let digits = digits.unwrap_or_default();
        let plain = digits.strip_prefix('-').unwrap_or(digits);
        let sound = digits == "0" || !plain.starts_with('0');
        match digits.parse::<i64>() {
            Ok(index) if sound => {
                self.at += digits.len();
                Ok(index)
            }
            _ => Err(self.error("expected an index or a name in quotes")),
        }
    }

    fn quoted(&mut self, quote: char) -> Result<String, PlaceError> {
        let inner = self.rest().get(1..).unwrap_or_default();
        let mut json = String::from("\"");
        let mut chars = inner.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                _ if c == quote => {
                    json.push('"');
                    let name = serde_json::from_str(&json)
                        .map_err(|_| self.error("this is no text in quotes"))?;
                    self.at += at + 2;
                    return Ok(name);
                }
                '\\' => match chars.next() {
                    Some((_, '\'')) if quote == '\'' => json.push('\''),
                    Some((_, escaped)) => json.extend(['\\', escaped]),
                    None => break,
                },
                '"' => json.push_str("\\\""),
                _ => json.push(c),
            }
        }
        Err(self.error("the quote is never closed"))
    }

    fn several(&self, what: &str) -> PlaceError {
        let problem = format!("`{what}` can mean several values, and one is wanted");
        PlaceError::new(self.at..self.at + 1, problem)
    }

    fn error(&self, problem: &str) -> PlaceError {
        let length = self.rest().chars().next().map_or(0, char::len_utf8);
        PlaceError::new(self.at..self.at + length, problem)
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_ascii_start().len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{"a":[10,{"b":"x"},[]],"c/d":1,"e~f":2,"it's":3,"\"":4,"0":5,"ä":6}"#;

    #[track_caller]
    fn check(text: &str, want: Option<&str>) {
        let raw = serde_json::from_str(JSON).unwrap();
        let place = Place::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(place.find(View::new(raw)).map(View::text), want, "{text}");
        assert_eq!(place.to_string(), text);
    }

    #[test]
    fn pointers_and_paths_find_the_same() {
        for text in ["/a/0", "$.a[0]", "$['a'][-3]", "$ .a [ 0 ]", "$[\"a\"][0]"] {
            check(text, Some("10"));
        }
        for (text, want) in [
            ("", JSON),
            ("$", JSON),
            ("/a/1/b", "\"x\""),
            ("/c~1d", "1"),
            ("/e~0f", "2"),
            ("$['it\\'s']", "3"),
            ("$[\"it's\"]", "3"),
            ("$['\"']", "4"),
            ("$['\\u0022']", "4"),
            ("/0", "5"),
            ("$['0']", "5"),
            ("$.ä", "6"),
        ] {
            check(text, Some(want));
        }
        for text in ["/a/3", "/a/01", "/a/-1", "$.a[-4]", "$[0]", "$.a.b", "/a/1/b/c", "/", "/x"] {
            check(text, None);
        }
    }

    #[test]
    fn what_is_no_place_is_refused_where_it_fails() {
        for (text, at, start) in [
            ("a", 0..1, "expected a JSON Pointer"),
            ("/a~2", 1..4, "in a JSON Pointer"),
            ("$a", 1..2, "expected `.`"),
            ("$..a", 2..3, "`..` can mean"),
            ("$.*", 2..3, "`*` can mean"),
            ("$[?@.a]", 2..3, "`?` can mean"),
            ("$[0,1]", 3..4, "`,` can mean"),
            ("$[0:1]", 3..4, "`:` can mean"),
            ("$[01]", 2..3, "expected an index"),
            ("$['a]", 2..3, "the quote is never closed"),
            ("$[0", 3..3, "expected `]`"),
            ("$.1", 2..3, "expected a name"),
        ] {
            let error = Place::parse(text).unwrap_err();
            assert_eq!(error.at(), at, "{text}: {error}");
            assert!(error.to_string().starts_with(start), "{text}: {error}");
        }
    }
}
