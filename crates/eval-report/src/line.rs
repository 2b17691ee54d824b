//! A line of a run's files that was looked at once: whether it is JSON need not be found out again.

use std::fmt;
use std::ops::Deref;

use scoring::Json;

/// A line as it came, which need not be JSON; it reads as its bytes.
///
/// ```
/// use eval_report::Line;
/// let line = Line::from(br#"{"response": {}}"#.as_slice());
/// assert!(line.json().is_some() && line.starts_with(b"{"));
/// assert!(Line::from(b"<html>".as_slice()).json().is_none());
/// ```
#[derive(Clone)]
pub struct Line(Kind);

#[derive(Clone)]
enum Kind {
    Json(Json),
    Other(Box<[u8]>),
}

impl Line {
    /// The line as JSON; `None` if it is none.
    pub fn json(&self) -> Option<&Json> {
        match &self.0 {
            Kind::Json(json) => Some(json),
            Kind::Other(_) => None,
        }
    }
}

impl From<&[u8]> for Line {
    fn from(bytes: &[u8]) -> Self {
        let json = std::str::from_utf8(bytes).ok().and_then(Json::parse);
        Self(json.map_or_else(|| Kind::Other(bytes.into()), Kind::Json))
    }
}

impl From<Json> for Line {
    fn from(json: Json) -> Self {
        Self(Kind::Json(json))
    }
}

impl Deref for Line {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Kind::Json(json) => json.get().as_bytes(),
            Kind::Other(bytes) => bytes,
        }
    }
}

impl PartialEq for Line {
    fn eq(&self, other: &Self) -> bool {
        self[..] == other[..]
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&String::from_utf8_lossy(self), f)
    }
}
