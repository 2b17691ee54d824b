//! The parameters in a scorer's text, as its constructor takes them.

use std::ops::Range;

use serde_json::Value;

/// The parameters of one scorer; a constructor takes those it knows, and what is left over is an error.
#[derive(Debug, Default)]
pub struct Params {
    given: Vec<Param>,
    /// The names that were asked for, for suggestions.
    asked: Vec<String>,
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
}

impl ParamError {
    /// Says what is wrong with the parameter `param`, lower-case, without a final dot.
    pub fn new(param: &str, problem: impl Into<String>) -> Self {
        Self { param: param.to_owned(), problem: problem.into() }
    }
}

impl Params {
    pub(crate) fn new(given: Vec<Param>) -> Self {
        Self { given, asked: Vec::new() }
    }

    /// Takes the value of parameter `name` as JSON; `None` if it is not given.
    pub fn value(&mut self, name: &str) -> Option<Value> {
        self.asked.push(name.to_owned());
        let index = self.given.iter().position(|param| param.name == name)?;
        // Left in place for the error that its value may yet cause; `leftover` knows it was asked for.
        self.given.get(index).map(|param| param.value.clone())
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

    /// Takes parameter `name` as a switch: off if it is not given, on if only its name is.
    ///
    /// # Errors
    /// [`ParamError`] if it is neither true nor false.
    pub fn flag(&mut self, name: &str) -> Result<bool, ParamError> {
        match self.value(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(Value::String(text)) if text == "true" => Ok(true),
            Some(Value::String(text)) if text == "false" => Ok(false),
            Some(other) => {
                Err(ParamError::new(name, format!("`{name}` must be true or false, not {other}")))
            }
        }
    }

    /// The first parameter that nobody asked for.
    pub(crate) fn leftover(&self) -> Option<&Param> {
        let unasked = |param: &&Param| !self.asked.contains(&param.name);
        self.given.iter().find(unasked)
    }

    pub(crate) fn at(&self, name: &str) -> Option<Range<usize>> {
        let param = self.given.iter().find(|param| param.name == name)?;
        Some(param.at.clone())
    }

    pub(crate) fn asked(&self) -> impl Iterator<Item = &str> {
        self.asked.iter().map(String::as_str)
    }
}
