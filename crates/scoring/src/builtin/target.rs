//! What an answer is held against: a literal of the scorer's text, or a value that comes with the row.

use std::borrow::Cow;

use serde_json::Value;

use super::answer::{Answer, json};
use super::compare::value_of;
use crate::{ExpectedFrom, Kind, Needs, ParamError, Params, Row, Verdict, View};

/// What an answer is held against.
#[derive(Debug, Clone)]
pub(super) enum Target {
    /// The same for every row.
    Value(Value),
    From(ExpectedFrom),
}

impl Target {
    /// Takes `value` or `expected`; without both it comes from where the scorer would have it.
    pub(super) fn take(params: &mut Params, default: &ExpectedFrom) -> Result<Self, ParamError> {
        Ok(Self::given(params, Some(default))?.unwrap_or_else(|| Self::From(default.clone())))
    }

    /// The same, `None` without both; `default` is what the caller takes that for.
    pub(super) fn given(
        params: &mut Params,
        default: Option<&ExpectedFrom>,
    ) -> Result<Option<Self>, ParamError> {
        let value = params.value("value");
        let expected = Self::expected(params, default)?;
        match (value, expected) {
            (Some(_), Some(_)) => {
                Err(ParamError::new("expected", "`value` and `expected` exclude each other"))
            }
            (Some(value), None) => Ok(Some(Self::Value(value))),
            (None, expected) => Ok(expected.map(Self::From)),
        }
    }

    /// Takes `expected`.
    fn expected(
        params: &mut Params,
        default: Option<&ExpectedFrom>,
    ) -> Result<Option<ExpectedFrom>, ParamError> {
        let Some(value) = params.take("expected") else {
            return Ok(None);
        };
        let from = value.as_str().map(ExpectedFrom::parse);
        let from =
            from.transpose().map_err(|error| ParamError::new("expected", error.to_string()))?;
        let Some(from) = from else {
            let problem = format!(
                "`expected` says where it comes from, such as \"/metadata/answer\"; for {value} itself there is `value`"
            );
            return Err(ParamError::new("expected", problem));
        };
        if Some(&from) != default {
            params.note("expected", from.to_string().into());
        }
        Ok(Some(from))
    }

    pub(super) fn needs(&self) -> Needs {
        match self {
            Self::Value(_) => Needs::NOTHING,
            Self::From(from) => from.needs(),
        }
    }

    /// The texts of which the answer may be any: a text, a number or a truth value, or an array of them.
    pub(super) fn texts<'a>(&'a self, row: &Row<'a>) -> Result<Vec<Cow<'a, str>>, Verdict> {
        match self {
            Self::Value(value) => texts_of(value),
            Self::From(ExpectedFrom::Logged) => self.logged(row)?.text().map(|text| vec![text]),
            Self::From(from) => texts(self.some(from.of(row))?),
        }
        .ok_or_else(|| self.unfit("a text"))
    }

    /// The value itself; of a logged response the JSON that its text is.
    pub(super) fn value<'a>(
        &'a self,
        row: &Row<'a>,
        fence: bool,
    ) -> Result<Cow<'a, Value>, Verdict> {
        match self {
            Self::Value(value) => Some(Cow::Borrowed(value)),
            Self::From(ExpectedFrom::Logged) => {
                let text = self.logged(row)?.text().unwrap_or_default();
                json(&text, fence).and_then(value_of).map(Cow::Owned)
            }
            Self::From(from) => value_of(self.some(from.of(row))?).map(Cow::Owned),
        }
        .ok_or_else(|| self.unfit("JSON that can be compared"))
    }

    /// What a row's model answered when it was logged.
    pub(super) fn logged<'a>(&self, row: &Row<'a>) -> Result<Answer<'a>, Verdict> {
        let logged = row.logged.filter(|logged| logged.kind() == Kind::Object);
        self.some(logged).map(Answer::of_response)
    }

    /// The value, or the verdict of a row that has none.
    pub(super) fn some<T>(&self, value: Option<T>) -> Result<T, Verdict> {
        value.ok_or_else(|| match self {
            Self::From(ExpectedFrom::Logged) => Verdict::unscorable("no logged response"),
            Self::From(ExpectedFrom::At(place)) => {
                Verdict::unscorable(format!("no expected value at {place}"))
            }
            Self::From(_) | Self::Value(_) => Verdict::unscorable("no expected value"),
        })
    }

    /// The verdict of a row whose expected value is not `what`.
    pub(super) fn unfit(&self, what: &str) -> Verdict {
        match self {
            Self::From(ExpectedFrom::Logged) => {
                Verdict::unscorable(format!("the logged response is not {what}"))
            }
            Self::From(ExpectedFrom::At(place)) => {
                Verdict::unscorable(format!("the expected value at {place} is not {what}"))
            }
            Self::From(_) | Self::Value(_) => {
                Verdict::unscorable(format!("the expected value is not {what}"))
            }
        }
    }

    /// Refuses a literal that is no text, nor an array of texts.
    pub(super) fn check_texts(&self) -> Result<(), ParamError> {
        match self {
            Self::Value(value) if texts_of(value).is_none() => {
                let problem = format!("`value` must be a text or an array of texts, not {value}");
                Err(ParamError::new("value", problem))
            }
            _ => Ok(()),
        }
    }
}

fn texts(view: View<'_>) -> Option<Vec<Cow<'_, str>>> {
    if view.kind() == Kind::Array {
        let texts: Option<Vec<_>> = view.elements().map(scalar).collect();
        return texts.filter(|texts| !texts.is_empty());
    }
    scalar(view).map(|text| vec![text])
}

/// The text of a text, or what is written of a number or a truth value.
fn scalar(view: View<'_>) -> Option<Cow<'_, str>> {
    match view.kind() {
        Kind::String => view.as_str(),
        Kind::Number | Kind::Bool => Some(view.text().into()),
        Kind::Object | Kind::Array | Kind::Null => None,
    }
}

fn texts_of(value: &Value) -> Option<Vec<Cow<'_, str>>> {
    if let Value::Array(items) = value {
        let texts: Option<Vec<_>> = items.iter().map(scalar_of).collect();
        return texts.filter(|texts| !texts.is_empty());
    }
    scalar_of(value).map(|text| vec![text])
}

fn scalar_of(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(text.as_str().into()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string().into()),
        Value::Array(_) | Value::Object(_) | Value::Null => None,
    }
}
