//! The parameters in a scorer's text, as its constructor takes them.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;

use crate::fingerprint::bearable;
use crate::{Place, Prices, nearest};

/// The parameters of one scorer; a constructor takes those it knows, and what is left over is an error.
#[derive(Debug, Default)]
pub struct Params {
    scorer: String,
    given: Vec<Param>,
    /// The names that were asked for, for suggestions.
    asked: Vec<String>,
    /// What was taken that is not as it would be anyway, in the order it was asked for.
    taken: Vec<(String, Value)>,
    prices: Option<Arc<dyn Prices>>,
}

#[derive(Debug)]
pub(crate) struct Param {
    pub(crate) name: String,
    pub(crate) value: Value,
    pub(crate) at: Range<usize>,
}

/// A parameter that does not fit: which one, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct ParamError {
    pub(crate) param: String,
    pub(crate) problem: String,
    pub(crate) hint: Option<String>,
}

impl ParamError {
    /// Says what is wrong with the parameter `param`, lower-case, without a final dot.
    ///
    /// A `param` that is not given means the scorer as a whole.
    pub fn new(param: &str, problem: impl Into<String>) -> Self {
        Self { param: param.to_owned(), problem: problem.into(), hint: None }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn with_hint(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }
}

impl Params {
    pub(crate) fn new(scorer: &str, given: Vec<Param>, prices: Option<Arc<dyn Prices>>) -> Self {
        Self { scorer: scorer.to_owned(), given, prices, ..Self::default() }
    }

    /// Takes the value of parameter `name` as JSON; `None` if it is not given.
    pub fn value(&mut self, name: &str) -> Option<Value> {
        let value = self.take(name)?;
        self.note(name, value.clone());
        Some(value)
    }

    /// Takes parameter `name` as text; `None` if it is not given.
    ///
    /// # Errors
    /// [`ParamError`] if it is no string.
    pub fn text(&mut self, name: &str) -> Result<Option<String>, ParamError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => {
                Err(ParamError::new(name, format!("`{name}` must be a string, not {other}")))
            }
        }
    }

    /// Takes parameter `name` as texts: a string, or an array of at least one; `None` if it is not given.
    ///
    /// # Errors
    /// [`ParamError`] if it is neither.
    pub fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>, ParamError> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        let texts: Option<Vec<String>> = match &value {
            Value::String(text) => Some(vec![text.clone()]),
            Value::Array(items) => {
                items.iter().map(|item| item.as_str().map(str::to_owned)).collect()
            }
            _ => None,
        };
        let Some(texts) = texts.filter(|texts| !texts.is_empty()) else {
            let problem = format!("`{name}` must be a string or an array of strings, not {value}");
            return Err(ParamError::new(name, problem));
        };
        self.note(name, texts.clone().into());
        Ok(Some(texts))
    }

    /// Takes parameter `name` as a switch: off if it is not given, on if only its name is.
    ///
    /// # Errors
    /// [`ParamError`] if it is neither true nor false.
    pub fn flag(&mut self, name: &str) -> Result<bool, ParamError> {
        let flag = match self.take(name) {
            None => false,
            Some(Value::Bool(flag)) => flag,
            Some(Value::String(text)) if text == "true" => true,
            Some(Value::String(text)) if text == "false" => false,
            Some(other) => {
                let problem = format!("`{name}` must be true or false, not {other}");
                return Err(ParamError::new(name, problem));
            }
        };
        if flag {
            self.note(name, true.into());
        }
        Ok(flag)
    }

    /// Takes parameter `name` as a number; `None` if it is not given.
    ///
    /// # Errors
    /// [`ParamError`] if it is none.
    pub fn number(&mut self, name: &str) -> Result<Option<f64>, ParamError> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        let number = match &value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        let Some(number) = number.filter(|number| number.is_finite()) else {
            let problem = format!("`{name}` must be a number, not {value}");
            return Err(ParamError::new(name, problem));
        };
        let shortest = serde_json::from_str(&number.to_string()).unwrap_or(value);
        self.note(name, shortest);
        Ok(Some(number))
    }

    /// Takes parameter `name` as a number in 0..=1; `None` if it is not given.
    ///
    /// # Errors
    /// [`ParamError`] if it is none.
    pub fn share(&mut self, name: &str) -> Result<Option<f64>, ParamError> {
        match self.number(name)? {
            Some(share) if !(0.0..=1.0).contains(&share) => {
                Err(ParamError::new(name, format!("`{name}` must be from 0 to 1, not {share}")))
            }
            share => Ok(share),
        }
    }

    /// Takes parameter `name` as a whole number that is not negative; `None` if it is not given.
    ///
    /// # Errors
    /// [`ParamError`] if it is none.
    pub fn count(&mut self, name: &str) -> Result<Option<u64>, ParamError> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        let count = match &value {
            Value::String(text) => text.parse().ok(),
            value => value.as_u64(),
        };
        let Some(count) = count else {
            let problem = format!("`{name}` must be a whole number from 0 on, not {value}");
            return Err(ParamError::new(name, problem));
        };
        self.note(name, count.into());
        Ok(Some(count))
    }

    /// Takes parameter `name` as one of `words`, of which the first is meant where it is not given.
    ///
    /// # Errors
    /// [`ParamError`] if it is none of them.
    pub fn choice<'w>(&mut self, name: &str, words: &[&'w str]) -> Result<&'w str, ParamError> {
        let default = words.first().copied().unwrap_or_default();
        let Some(value) = self.take(name) else {
            return Ok(default);
        };
        let given = value.as_str().unwrap_or_default();
        let Some(word) = words.iter().find(|word| **word == given) else {
            let all: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
            let problem = format!("`{name}` must be one of {}, not {value}", all.join(", "));
            let hint = nearest(given, words.iter().copied());
            let hint = hint.map(|word| format!("did you mean `{word}`?"));
            return Err(ParamError::new(name, problem).with_hint(hint));
        };
        if *word != default {
            self.note(name, (*word).into());
        }
        Ok(word)
    }

    /// Takes parameter `name` as a place in a JSON value; `None` if it is not given.
    ///
    /// # Errors
    /// [`ParamError`] if it is neither a JSON Pointer nor a `JSONPath`.
    pub fn place(&mut self, name: &str) -> Result<Option<Place>, ParamError> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        Place::parse(&text).map(Some).map_err(|error| ParamError::new(name, error.to_string()))
    }

    /// What the registry knows of prices.
    pub fn prices(&self) -> Option<&Arc<dyn Prices>> {
        self.prices.as_ref()
    }

    /// The scorer's text as it is always written: what was taken, in the order it was taken, without what would be so
    /// anyway; printable ASCII without spaces, which names the same scorer again unless it is too long for a report.
    pub fn title(&self) -> String {
        if self.taken.is_empty() {
            return self.scorer.clone();
        }
        let write = |(name, value): &(String, Value)| match value {
            Value::Bool(true) => name.clone(),
            value => format!("{name}={}", ascii(&value.to_string())),
        };
        let params: Vec<String> = self.taken.iter().map(write).collect();
        bearable(format!("{}({})", self.scorer, params.join(",")))
    }

    /// Takes parameter `name` and leaves it to the caller how the title shows it.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.asked.push(name.to_owned());
        let index = self.given.iter().position(|param| param.name == name)?;
        // Left in place for the error that its value may yet cause; `leftovers` knows it was asked for.
        self.given.get(index).map(|param| param.value.clone())
    }

    pub(crate) fn note(&mut self, name: &str, value: Value) {
        self.taken.push((name.to_owned(), value));
    }

    /// The parameters that nobody asked for, in the order they are given.
    pub(crate) fn leftovers(&self) -> impl Iterator<Item = &Param> {
        self.given.iter().filter(|param| !self.asked.contains(&param.name))
    }

    pub(crate) fn at(&self, name: &str) -> Option<Range<usize>> {
        let param = self.given.iter().find(|param| param.name == name)?;
        Some(param.at.clone())
    }

    pub(crate) fn asked(&self) -> impl Iterator<Item = &str> {
        self.asked.iter().map(String::as_str)
    }
}

/// JSON in which everything but printable ASCII is escaped; it may only stand in its strings.
fn ascii(json: &str) -> String {
    let mut plain = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii_graphic() {
            plain.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                // Writing to a string cannot fail.
                let _ = write!(plain, "\\u{unit:04x}");
            }
        }
    }
    plain
}
