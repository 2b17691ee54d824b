//! Two files of scores side by side, row by row, in no memory to speak of.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};

use serde::Deserialize;
use serde_json::Value;

/// What a scoring said of a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Said {
    Pass(bool),
    Grade(f64),
    Label(String),
    /// It could not be scored, or never came.
    Nothing,
}

impl Said {
    fn of(value: Option<&Value>) -> Self {
        match value {
            Some(Value::Bool(pass)) => Self::Pass(*pass),
            Some(Value::Number(grade)) => grade.as_f64().map_or(Self::Nothing, Self::Grade),
            Some(Value::String(label)) => Self::Label(label.clone()),
            _ => Self::Nothing,
        }
    }

    /// What kind of verdict it is, in a word.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Pass(true) => "pass",
            Self::Pass(false) => "fail",
            Self::Grade(_) => "grade",
            Self::Label(_) => "label",
            Self::Nothing => "not scored",
        }
    }

    pub(super) fn json(&self) -> Value {
        match self {
            Self::Pass(pass) => Value::from(*pass),
            Self::Grade(grade) => Value::from(*grade),
            Self::Label(label) => Value::from(label.as_str()),
            Self::Nothing => Value::Null,
        }
    }
}

/// One row in both.
#[derive(Debug)]
pub(super) struct Both {
    pub(super) key: String,
    pub(super) a: Said,
    pub(super) b: Said,
}

#[derive(Deserialize)]
struct Line {
    key: String,
    verdicts: serde_json::Map<String, Value>,
}

/// One of the files, and the scorer in it that is looked at.
pub(super) struct Side<'a> {
    pub(super) file: File,
    pub(super) scorer: &'a str,
}

/// Hands every row to `each`, in order.
pub(super) fn each_row(a: Side<'_>, b: Side<'_>, mut each: impl FnMut(Both)) -> io::Result<()> {
    let mut readers = [a.file, b.file].map(|file| BufReader::with_capacity(1 << 18, file));
    let mut text = String::new();
    let mut next = |reader: &mut BufReader<File>| -> io::Result<Option<Line>> {
        text.clear();
        if reader.read_line(&mut text)? == 0 {
            return Ok(None);
        }
        serde_json::from_str(&text).map(Some).map_err(io::Error::other)
    };
    let [one, other] = &mut readers;
    loop {
        match (next(one)?, next(other)?) {
            (None, None) => return Ok(()),
            (Some(left), Some(right)) if left.key == right.key => each(Both {
                a: Said::of(left.verdicts.get(a.scorer)),
                b: Said::of(right.verdicts.get(b.scorer)),
                key: left.key,
            }),
            _ => return Err(io::Error::other("the scorings are of different rows")),
        }
    }
}
