//! Values that answers are held against, given for all scorers at once: `--expected`.

mod fits;
mod join;
mod kept;
mod lookup;
mod table;
mod wanted;

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use eval_report::{Column, ScorerResult, sanitize};
use scoring::{ExpectedFrom, Needs, Place, Row, Scorer, ScorerError, Verdict, View};
use serde_json::value::RawValue;

use crate::exit::{Failure, Outcome};

pub(crate) use fits::{Fits, Fitting, none};
pub(crate) use kept::{differs, given_of_run, keep, lacking_in_run, of_run};
use table::Table;
pub(crate) use wanted::{ANSWER, UNSEEN, is_seen, lacking, looking, told};

/// Whether scorers held answers against expected values, and no row had one.
pub(crate) fn fits_none(column: &Column) -> bool {
    let lacks = |score: &ScorerResult| {
        let [reason] = score.unscorable_reasons.as_slice() else { return false };
        score.scored == 0 && reason.name == LACK
    };
    !column.scores.is_empty() && column.scores.iter().all(lacks)
}

/// Why a row cannot be judged that has no expected value.
const LACK: &str = "no expected value";

/// What the user asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wish {
    /// A place in the dataset row, or the logged response.
    From(ExpectedFrom),
    /// A file, and where in each of its lines the value stands.
    File { path: PathBuf, value: Option<Place> },
}

impl Wish {
    /// `logged`, a JSON Pointer or a `JSONPath` into the dataset row, or `FILE[:POINTER]`.
    pub(crate) fn parse(text: &str) -> Outcome<Self> {
        let bad = |error: &dyn std::fmt::Display| {
            Failure::usage(format!("--expected {}: {error}", sanitize(text)))
        };
        if text == "-" {
            return Err(bad(
                &"standard input can be read but once, and values are looked up row by row",
            )
            .next("write them to a file, and name that"));
        }
        let is_file = |path: &str| std::path::Path::new(path).is_file();
        let (path, place) = match text.rfind(":/").or_else(|| text.rfind(":$")) {
            Some(at) if !is_file(text) => (&text[..at], Some(&text[at + 1..])),
            _ => (text, None),
        };
        if text == "logged" || (text.starts_with(['/', '$']) && !is_file(path)) {
            return ExpectedFrom::parse(text).map(Self::From).map_err(|error| bad(&error));
        }
        if !is_file(path) {
            return Err(bad(&"no such file").next(
                "a file of JSON lines, FILE:/POINTER, a place in the dataset row such as \
                 /metadata/answer, or logged",
            ));
        }
        let value = place.map(Place::parse).transpose().map_err(|error| bad(&error))?;
        Ok(Self::File { path: path.into(), value })
    }
}

/// Where expected values come from, ready to be looked up.
#[derive(Debug)]
pub(crate) enum Source {
    /// A place in the dataset row, or the logged response.
    From(ExpectedFrom),
    /// A file joined to the rows.
    Table(Table),
}

impl Source {
    /// The expected value of a row that has its dataset's side beside it.
    pub(crate) fn value_of(&self, row: &Row<'_>) -> std::io::Result<Option<Box<RawValue>>> {
        match self {
            Self::From(from) => {
                let value = from.of(row).map(|view| RawValue::from_string(view.text().to_owned()));
                value.transpose().map_err(std::io::Error::from)
            }
            Self::Table(table) => table.value(row),
        }
    }

    /// What tells one source from another.
    fn id(&self) -> String {
        match self {
            Self::From(from) => from.to_string(),
            Self::Table(table) => table.id().to_owned(),
        }
    }
}

/// The scorers, those that look at an expected value given it from `source`.
pub(crate) fn given(scorers: Vec<Box<dyn Scorer>>, source: Option<Source>) -> Vec<Box<dyn Scorer>> {
    let Some(source) = source.map(Arc::new) else { return scorers };
    let give = |inner: Box<dyn Scorer>| -> Box<dyn Scorer> {
        if !inner.needs().expected {
            return inner;
        }
        let version = format!("{}@{}", inner.version(), source.id());
        let lack = match &*source {
            Source::From(ExpectedFrom::At(place)) => format!("{LACK} at {place}"),
            _ => LACK.to_owned(),
        };
        Box::new(Expecting { inner, version, source: source.clone(), lack })
    };
    scorers.into_iter().map(give).collect()
}

/// Those of the scorers that can be asked whether a row has the place of its expected value, given it from `text` if that
/// is a place too.
pub(crate) fn holding(
    scorers: Vec<Box<dyn Scorer>>,
    text: Option<&str>,
) -> Outcome<Vec<Box<dyn Scorer>>> {
    // What a program does with a row is its own affair, and costs more than a look.
    let own = scorers.into_iter().filter(|scorer| !scorer.prefers_batches()).collect();
    Ok(match text.map(Wish::parse).transpose()? {
        Some(Wish::From(from)) => given(own, Some(Source::From(from))),
        _ => own,
    })
}

/// The expected values for the rows of a file that is no run: its lines stand in the order of the dataset only if it
/// is one.
pub(crate) fn of_lines(text: &str, is_dataset: bool) -> Outcome<Source> {
    match Wish::parse(text)? {
        Wish::From(from) => Ok(Source::From(from)),
        Wish::File { path, value } => {
            let table = join::whole(&path, value)?;
            if !is_dataset && !table.is_keyed() {
                let what =
                    "results come in any order, so values without keys cannot be joined to them";
                return Err(Failure::usage(what).next(
                    "score the run, or give each value its key: {\"key\": …, \"expected\": …}",
                ));
            }
            Ok(Source::Table(table))
        }
    }
}

/// A scorer that is handed the expected value of each row.
#[derive(Debug)]
struct Expecting {
    inner: Box<dyn Scorer>,
    version: String,
    source: Arc<Source>,
    /// What is said of rows without a value.
    lack: String,
}

impl Expecting {
    /// A bare label is no verdict beside others that were held against the right one.
    fn judged(&self, verdict: Verdict, expected: Option<View<'_>>) -> Verdict {
        match verdict {
            Verdict::Label(_) if expected.is_none() => Verdict::unscorable(self.lack.clone()),
            Verdict::Unscorable(reason) if expected.is_none() && reason == LACK => {
                Verdict::unscorable(self.lack.clone())
            }
            verdict => verdict,
        }
    }

    fn value<'a>(&self, row: &Row<'a>) -> Result<Value<'a>, String> {
        match &*self.source {
            Source::From(from) => Ok(Value::Borrowed(from.of(row))),
            Source::Table(table) => table
                .value(row)
                .map(Value::Owned)
                .map_err(|error| format!("failed to read the expected value: {error}")),
        }
    }
}

enum Value<'a> {
    Borrowed(Option<View<'a>>),
    Owned(Option<Box<RawValue>>),
}

impl Value<'_> {
    fn view(&self) -> Option<View<'_>> {
        match self {
            Self::Borrowed(view) => *view,
            Self::Owned(raw) => raw.as_deref().map(View::new),
        }
    }
}

fn with<'a>(row: &Row<'a>, value: &'a Value<'a>) -> Row<'a> {
    let mut row = *row;
    row.expected = value.view();
    row
}

impl Scorer for Expecting {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn version(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.version)
    }

    fn needs(&self) -> Needs {
        match &*self.source {
            Source::From(from) => {
                let mut needs = self.inner.needs().or(from.needs());
                needs.expected = false;
                needs
            }
            // Says that rows with the same answer may have different verdicts.
            Source::Table(_) => self.inner.needs(),
        }
    }

    fn score(&self, row: &Row<'_>) -> Verdict {
        match self.value(row) {
            Ok(value) => self.judged(self.inner.score(&with(row, &value)), value.view()),
            Err(why) => Verdict::unscorable(why),
        }
    }

    fn prefers_batches(&self) -> bool {
        self.inner.prefers_batches()
    }

    fn score_all(&self, rows: &[Row<'_>]) -> Result<Vec<Verdict>, ScorerError> {
        // A value that cannot be read is one that is not there: of single rows it is said why.
        let nothing = |_| Value::Borrowed(None);
        let values: Vec<_> =
            rows.iter().map(|row| self.value(row).unwrap_or_else(nothing)).collect();
        let rows: Vec<_> = rows.iter().zip(&values).map(|(row, value)| with(row, value)).collect();
        let verdicts = self.inner.score_all(&rows)?;
        let judged = verdicts.into_iter().zip(&rows);
        let judged = judged.map(|(one, row)| self.judged(one, row.expected));
        Ok(judged.collect())
    }
}
