//! A line of a run's files that was looked at once: whether it is JSON need not be found out again.

use std::fmt;
use std::ops::Deref;

use serde_json::value::RawValue;

/// A line as it came, which need not be JSON; it reads as its bytes.
///
/// ```
/// use eval_report::Line;
/// let line = Line::from(br#"{"response": {}}"#.as_slice());
/// assert!(line.raw().is_some() && line.starts_with(b"{"));
/// assert!(Line::from(b"<html>".as_slice()).raw().is_none());
/// ```
#[derive(Clone)]
pub struct Line(Kind);

#[derive(Clone)]
enum Kind {
    Json(Box<RawValue>),
    Other(Box<[u8]>),
}

impl Line {
    /// The line as a raw value; `None` if it is no JSON.
    pub fn raw(&self) -> Option<&RawValue> {
        match &self.0 {
            Kind::Json(raw) => Some(raw),
            Kind::Other(_) => None,
        }
    }
}

impl From<&[u8]> for Line {
    fn from(bytes: &[u8]) -> Self {
        Self(match serde_json::from_slice::<&RawValue>(bytes) {
            Ok(raw) => Kind::Json(raw.to_owned()),
            Err(_) => Kind::Other(bytes.into()),
        })
    }
}

impl From<Box<RawValue>> for Line {
    fn from(raw: Box<RawValue>) -> Self {
        Self(Kind::Json(raw))
    }
}

impl Deref for Line {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Kind::Json(raw) => raw.get().as_bytes(),
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
