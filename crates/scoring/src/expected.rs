//! Where the value that an answer is held against comes from.

use std::fmt;

use crate::{Needs, Place, PlaceError, Row, View};

/// Where the value that an answer is held against comes from: what stands behind `expected=` in a scorer's text.
///
/// ```
/// use scoring::{ExpectedFrom, Needs};
/// assert_eq!(ExpectedFrom::parse("logged")?, ExpectedFrom::Logged);
/// assert_eq!(ExpectedFrom::parse("file")?, ExpectedFrom::Given);
/// assert_eq!(ExpectedFrom::parse("/metadata/answer")?.needs(), Needs::NOTHING.and_fields());
/// assert_eq!(ExpectedFrom::parse("$.request.model")?.needs(), Needs::NOTHING.and_request().and_taken());
/// # Ok::<(), scoring::PlaceError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpectedFrom {
    /// What was given with the rows, such as a file joined to them: `file`, and where nothing else is said.
    #[default]
    Given,
    /// The response logged in the dataset: `logged`.
    Logged,
    /// A place in the dataset row.
    At(Place),
}

impl ExpectedFrom {
    /// The source that `text` names: `logged`, `file`, a JSON Pointer into the dataset row or a `JSONPath` into it.
    ///
    /// # Errors
    /// [`PlaceError`] with the place in the text.
    pub fn parse(text: &str) -> Result<Self, PlaceError> {
        match text {
            "logged" => return Ok(Self::Logged),
            "file" => return Ok(Self::Given),
            _ if text.starts_with(['/', '$']) => {}
            _ => {
                let problem = "expected \"logged\", \"file\", a JSON Pointer such as \"/metadata/answer\" \
                               or a JSONPath such as \"$.metadata.answer\"";
                return Err(PlaceError::new(0..text.len(), problem));
            }
        }
        let place = Place::parse(text)?;
        if place.first_name().is_none() {
            let problem = "a dataset row is an object: name a field of it";
            return Err(PlaceError::new(0..text.len(), problem));
        }
        Ok(Self::At(place))
    }

    /// What must be fetched for it.
    pub fn needs(&self) -> Needs {
        match self {
            Self::Given => Needs::NOTHING.and_expected(),
            Self::Logged => Needs::NOTHING.and_logged(),
            Self::At(place) => match place.first_name() {
                Some("request") => Needs::NOTHING.and_request().and_taken(),
                Some("response") => Needs::NOTHING.and_logged(),
                _ => Needs::NOTHING.and_fields(),
            },
        }
    }

    /// The value for a row; `None` if there is none, or if it is `null`.
    pub fn of<'a>(&self, row: &Row<'a>) -> Option<View<'a>> {
        let value = match self {
            Self::Given => row.expected,
            Self::Logged => row.logged,
            Self::At(place) => match place.first_name() {
                Some("request") => {
                    let taken = row.taken.and_then(|taken| place.find_taken(taken));
                    taken.or_else(|| place.find_below(row.request?))
                }
                Some("response") => place.find_below(row.logged?),
                _ => place.find(row.fields?),
            },
        };
        value.filter(|value| !value.is_null())
    }

    /// The value in a whole row of a dataset; `None` if there is none, or if it is `null`, or if it is not there that
    /// it comes from.
    ///
    /// ```
    /// use scoring::{ExpectedFrom, View};
    /// let row = serde_json::from_str(r#"{"request": {}, "metadata": {"answer": 42}}"#)?;
    /// let answer = ExpectedFrom::parse("/metadata/answer")?.in_line(View::new(row));
    /// assert_eq!(answer.and_then(View::as_u64), Some(42));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn in_line<'a>(&self, line: View<'a>) -> Option<View<'a>> {
        let value = match self {
            Self::Given => None,
            Self::Logged => line.get("response"),
            Self::At(place) => place.find(line),
        };
        value.filter(|value| !value.is_null())
    }
}

impl fmt::Display for ExpectedFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given => f.write_str("file"),
            Self::Logged => f.write_str("logged"),
            Self::At(place) => place.fmt(f),
        }
    }
}
