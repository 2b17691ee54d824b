//! The scorers of this crate, by noun, each with what its help says.

use std::fmt;

use crate::{Needs, ParamError, Params, Row, Scorer, Verdict};

mod answer;
mod calls;
mod compare;
mod declared;
mod ending;
mod function_call;
mod json;
mod label;
mod number;
mod rouge;
mod similar;
mod size;
mod squad;
mod target;
mod text;

pub(crate) use compare::same;
pub use function_call::FunctionCall;

/// A built-in scorer: its help, and how it is made.
pub(crate) struct Builtin {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) params: &'static [ParamDoc],
    pub(crate) example: &'static str,
    pub(crate) make: fn(&mut Params) -> Made,
}

/// What the catalog says of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParamDoc {
    /// Its name.
    pub name: &'static str,
    /// What its value must be, in words.
    pub kind: &'static str,
    /// What is meant where it is not given, in words; empty where nothing is.
    pub default: &'static str,
    /// What it does.
    pub about: &'static str,
}

pub(crate) type Made = Result<Box<dyn Scorer>, ParamError>;

/// All of them, family by family.
pub(crate) fn all() -> impl Iterator<Item = &'static Builtin> {
    [
        function_call::ALL,
        calls::ALL,
        declared::ALL,
        text::ALL,
        similar::ALL,
        json::ALL,
        number::ALL,
        label::ALL,
        ending::ALL,
        size::ALL,
    ]
    .into_iter()
    .flatten()
}

const fn param(
    name: &'static str,
    kind: &'static str,
    default: &'static str,
    about: &'static str,
) -> ParamDoc {
    ParamDoc { name, kind, default, about }
}

const VALUE: ParamDoc = param("value", "JSON", "", "what is expected of every row");
const EXPECTED: ParamDoc = param(
    "expected",
    "\"logged\", \"file\", pointer or path",
    "\"file\"",
    "where each row's expected value comes from",
);
const IGNORE_CASE: ParamDoc = param("ignore-case", "switch", "", "upper and lower case are one");
const MIN: ParamDoc = param("min", "0..1", "", "pass from this grade on, instead of grading");
const LEAST: ParamDoc = param("min", "whole number", "", "at least so many");
const MOST: ParamDoc = param("max", "whole number", "", "at most so many");
const FENCE: ParamDoc =
    param("fence", "switch", "", "the JSON may stand between ``` fences, with text around them");

/// A rule that is a function of the row and of what its maker knew.
struct Rule<F> {
    name: String,
    needs: Needs,
    judge: F,
}

/// A scorer that judges by `judge`, named after the parameters that were taken.
///
/// The error of `judge` is a verdict too: that of a row it could not get far with.
#[expect(
    clippy::unnecessary_wraps,
    reason = "it is the last word of makers, which can fail before"
)]
fn rule<F>(params: &Params, needs: Needs, judge: F) -> Made
where
    F: Fn(&Row<'_>) -> Result<Verdict, Verdict> + Send + Sync + 'static,
{
    Ok(Box::new(Rule { name: params.title(), needs, judge }))
}

impl<F> fmt::Debug for Rule<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rule").field(&self.name).finish()
    }
}

impl<F> Scorer for Rule<F>
where
    F: Fn(&Row<'_>) -> Result<Verdict, Verdict> + Send + Sync,
{
    fn name(&self) -> &str {
        &self.name
    }

    fn needs(&self) -> Needs {
        self.needs
    }

    fn score(&self, row: &Row<'_>) -> Verdict {
        (self.judge)(row).unwrap_or_else(|verdict| verdict)
    }
}

/// A grade, or whether it reaches the least one that passes.
fn graded(grade: f64, min: Option<f64>) -> Verdict {
    match min {
        Some(min) => Verdict::Pass(grade >= min),
        None => Verdict::Value(grade),
    }
}

/// Bounds of which at least one is given.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    min: u64,
    max: u64,
}

impl Bounds {
    fn take(params: &mut Params) -> Result<Self, ParamError> {
        let (min, max) = (params.count("min")?, params.count("max")?);
        if min.is_none() && max.is_none() {
            return Err(ParamError::new("", "`min` or `max` is needed"));
        }
        let (min, max) = (min.unwrap_or(0), max.unwrap_or(u64::MAX));
        if min > max {
            return Err(ParamError::new("min", format!("`min` {min} is above `max` {max}")));
        }
        Ok(Self { min, max })
    }

    fn hold(self, count: u64) -> Verdict {
        Verdict::Pass((self.min..=self.max).contains(&count))
    }
}

/// How many there are, as the bounds count.
fn count_of<T>(items: impl Iterator<Item = T>) -> u64 {
    items.map(|_| 1).sum()
}

#[cfg(test)]
mod tests;
