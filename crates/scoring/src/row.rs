//! One row as a scorer sees it, and where the dataset's side of it comes from.

use std::io;

use serde_json::value::RawValue;

use crate::reading::{Parts, Reader, Reading};
use crate::{Form, Json, Outcome, Usage, View};

/// One row as a scorer sees it: the result line, what it amounts to, and the dataset row beside it where asked for.
///
/// All JSON is borrowed and was checked, but nothing is built of it: a [`View`] looks into it, and gives serde's raw
/// value to whoever asks.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Row<'a> {
    /// The row's number in the dataset, counted from 0.
    pub number: u64,
    /// The `key` of the line, empty if there is none.
    pub key: &'a str,
    /// What the service gave; a scorer only sees answered, truncated, blocked and empty rows.
    pub outcome: Outcome,
    /// The whole result line, an object.
    pub result: View<'a>,
    /// The `response` of the line: a `GenerateContentResponse`.
    pub response: Option<View<'a>>,
    /// The request that was sent: a `GenerateContentRequest`; only if the scorer [needs](Needs) it and it can be had.
    pub request: Option<View<'a>>,
    /// The response logged in the dataset; only if the scorer [needs](Needs) it and there is one.
    pub logged: Option<View<'a>>,
    /// The expected value of the dataset; only if the scorer [needs](Needs) it and there is one.
    pub expected: Option<View<'a>>,
    /// The dataset row's other fields as one object; only if the scorer [needs](Needs) them and they can be had.
    pub fields: Option<View<'a>>,
    /// What the request had in the dataset and was sent without or otherwise, an object by JSON Pointers into the
    /// request, `/model` among them; only if the scorer [needs](Needs) it and it can be had.
    pub taken: Option<View<'a>>,
    /// The tokens the line states.
    pub usage: Usage,
    /// Found on the way to the outcome, and what most scorers look for.
    parts: Parts<'a>,
}

impl<'a> Row<'a> {
    /// A row from a result line alone, as the [pass](crate::Pass) reads it: for trying a scorer out.
    ///
    /// ```
    /// use scoring::{Outcome, Row};
    /// let line = serde_json::from_str(r#"{"key": "r00000007-1f9c03ab", "response": {"candidates": []}}"#)?;
    /// let row = Row::of_line(7, line);
    /// assert_eq!((row.key, row.outcome), ("r00000007-1f9c03ab", Outcome::Empty));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn of_line(number: u64, line: &'a RawValue) -> Self {
        Self::read(number, line.get()).unwrap_or_else(|| Self::of_nothing(number, View::new(line)))
    }

    /// The same from text that nobody has looked at; `None` if it is no JSON.
    ///
    /// ```
    /// use scoring::{Outcome, Row};
    /// assert_eq!(Row::read(7, r#"{"error": {"code": 13}}"#).map(|row| row.outcome), Some(Outcome::Error));
    /// assert!(Row::read(7, "<html>").is_none());
    /// ```
    pub fn read(number: u64, line: &'a str) -> Option<Self> {
        let reading = Reader::new(Form::Results).read(line)?;
        // A key with escapes would have to be owned; ours never have any.
        let key = match reading.key.and_then(View::as_str) {
            Some(std::borrow::Cow::Borrowed(key)) => key,
            _ => "",
        };
        Some(Self::of_reading(number, key, &reading))
    }

    /// Cannot be needed, since a raw value is always JSON.
    fn of_nothing(number: u64, result: View<'a>) -> Self {
        Self {
            number,
            key: "",
            outcome: Outcome::Unparsable,
            result,
            response: None,
            request: None,
            logged: None,
            expected: None,
            fields: None,
            taken: None,
            usage: Usage::default(),
            parts: Parts::default(),
        }
    }

    pub(crate) fn of_reading(number: u64, key: &'a str, reading: &Reading<'a>) -> Self {
        Self {
            key,
            outcome: reading.outcome,
            response: reading.response,
            request: reading.request,
            // The line of a dataset is its own other side.
            logged: reading.response.filter(|_| reading.form == Form::Logged),
            fields: (reading.form == Form::Logged).then_some(reading.line),
            usage: reading.usage,
            parts: reading.parts,
            ..Self::of_nothing(number, reading.line)
        }
    }

    /// The same row with the dataset's side beside it; what `dataset` lacks stays as it was.
    #[must_use]
    pub fn with_dataset(self, dataset: &'a DatasetRow) -> Self {
        Self {
            request: dataset.request.as_ref().map(Json::view).or(self.request),
            logged: dataset.logged.as_ref().map(Json::view).or(self.logged),
            expected: dataset.expected.as_ref().map(Json::view).or(self.expected),
            fields: dataset.fields.as_ref().map(Json::view).or(self.fields),
            taken: dataset.taken.as_ref().map(Json::view).or(self.taken),
            ..self
        }
    }

    /// A look at the `parts` of the first candidate's content, whatever they are; `None` if there are none.
    ///
    /// This costs nothing, since the pass has been there; going through `response` walks again.
    pub fn parts(&self) -> Option<View<'a>> {
        self.parts.all
    }

    /// A look at the last of the [`parts`](Self::parts), as cheap; `None` if they are no array or an empty one.
    pub fn last_part(&self) -> Option<View<'a>> {
        self.parts.last
    }

    /// Whether the last of the parts is an object that has a `functionCall`.
    pub(crate) fn last_part_calls(&self) -> bool {
        self.parts.last_calls
    }
}

/// What a scorer wants fetched from the dataset for each row; fetching costs a seek, so the default is nothing.
#[expect(clippy::struct_excessive_bools, reason = "each is wanted or not, by itself")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Needs {
    /// The request that was sent.
    pub request: bool,
    /// The response logged in the dataset.
    pub logged: bool,
    /// The expected value.
    pub expected: bool,
    /// The other fields of the dataset row, those beside `request` and `response`.
    pub fields: bool,
    /// What was taken out of the request before it was sent.
    pub taken: bool,
}

impl Needs {
    /// Nothing but the result line.
    pub const NOTHING: Self =
        Self { request: false, logged: false, expected: false, fields: false, taken: false };

    /// These needs and the request.
    #[must_use]
    pub const fn and_request(self) -> Self {
        Self { request: true, ..self }
    }

    /// These needs and the logged response.
    #[must_use]
    pub const fn and_logged(self) -> Self {
        Self { logged: true, ..self }
    }

    /// These needs and the expected value.
    #[must_use]
    pub const fn and_expected(self) -> Self {
        Self { expected: true, ..self }
    }

    /// These needs and the other fields of the dataset row.
    #[must_use]
    pub const fn and_fields(self) -> Self {
        Self { fields: true, ..self }
    }

    /// These needs and what was taken out of the request before it was sent.
    #[must_use]
    pub const fn and_taken(self) -> Self {
        Self { taken: true, ..self }
    }

    /// What either of two wants.
    ///
    /// ```
    /// use scoring::Needs;
    /// let both = Needs::NOTHING.and_request().or(Needs::NOTHING.and_logged());
    /// assert!(both.request && both.logged && !both.expected);
    /// ```
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self {
            request: self.request || other.request,
            logged: self.logged || other.logged,
            expected: self.expected || other.expected,
            fields: self.fields || other.fields,
            taken: self.taken || other.taken,
        }
    }

    /// Whether anything of the dataset is wanted.
    pub fn any(self) -> bool {
        self != Self::NOTHING
    }
}

/// The dataset's side of one row.
#[derive(Debug, Clone, Default)]
pub struct DatasetRow {
    /// The request that was sent.
    pub request: Option<Json>,
    /// The response logged in the dataset.
    pub logged: Option<Json>,
    /// The expected value.
    pub expected: Option<Json>,
    /// The other fields of the dataset row, those beside `request` and `response`, as one object.
    pub fields: Option<Json>,
    /// What was taken out of the request before it was sent, or is otherwise in it: an object by JSON Pointers into
    /// the request, such as `{"/model": "gemini-x"}`.
    pub taken: Option<Json>,
}

impl DatasetRow {
    /// About how many bytes it holds.
    pub(crate) fn bytes(&self) -> usize {
        let parts = [&self.request, &self.logged, &self.expected, &self.fields, &self.taken];
        parts.into_iter().flatten().map(|part| part.get().len()).sum()
    }
}

/// The dataset's side of rows, by row number: for this crate opens no file itself.
///
/// A pass works on several threads, and each of them, and the pass itself, opens a reader of its own.
pub trait DatasetRows: Sync {
    /// Opens one more reader.
    ///
    /// # Errors
    /// Whatever opening the dataset gives; the pass stops with it.
    fn open(&self) -> io::Result<Box<dyn DatasetReader + '_>>;
}

/// Fetches the dataset's side of single rows, in any order.
pub trait DatasetReader: Send {
    /// Fetches what `needs` names of row `number`; what the dataset does not have stays `None`.
    ///
    /// # Errors
    /// Whatever reading the dataset gives; the pass stops with it.
    fn fetch(&mut self, number: u64, needs: Needs) -> io::Result<DatasetRow>;
}
