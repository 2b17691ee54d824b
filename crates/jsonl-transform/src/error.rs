//! What stops a transform, and what makes a row bad.

use std::{fmt, io, sync::Arc};

use crate::{
    EditError, EditProblem, InputKind, JsonKind, Refusal, Summary, SyntaxKind, WriteError,
};

/// Why a dataset was not transformed. What the sink was given by then is not complete.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransformError {
    /// The input gave an error.
    #[error("failed to read {} after line {line}", Named(input.as_deref()))]
    Read {
        /// The input that could not be read, if there are several.
        input: Option<Arc<str>>,
        /// The last line that was read whole; 0 before the first.
        line: u64,
        /// What the input said.
        #[source]
        source: io::Error,
    },
    /// The sink gave an error.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The input is something else than JSON lines in UTF-8.
    #[error("{} looks like {kind}, not like JSON lines", Named(input.as_deref()))]
    Unsupported {
        /// The input that is not, if there are several.
        input: Option<Arc<str>>,
        /// What it looks like.
        kind: InputKind,
    },
    /// The dataset is not the one that the sample was drawn from.
    #[error("the dataset changed after the sample was drawn: {before} rows before, {now} now")]
    Changed {
        /// Rows when the sample was drawn.
        before: u64,
        /// Rows now.
        now: u64,
    },
    /// Drops and edits don't go together.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// Some rows are bad and the policy is to fail; all of the input was read to count them.
    #[error("{} of {} rows are bad", summary.bad.count, summary.rows_in)]
    BadRows {
        /// The counts, and the first bad rows.
        summary: Box<Summary>,
    },
    /// The input holds no row, or no good one.
    #[error("0 rows to send: {} read, {} of them bad", summary.rows_in, summary.bad.count)]
    NoRows {
        /// The counts, and the first bad rows.
        summary: Box<Summary>,
    },
}

impl TransformError {
    /// What the user can do about it, if that is known.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Unsupported { kind, .. } => Some(kind.hint()),
            Self::BadRows { summary } if summary.bad.count < summary.rows_in => {
                Some("mend the rows, or leave them out with --bad-rows skip")
            }
            // Without them nothing would be left.
            Self::BadRows { .. } => Some("mend the rows"),
            Self::Read { .. }
            | Self::Write(_)
            | Self::Changed { .. }
            | Self::Edit(_)
            | Self::NoRows { .. } => None,
        }
    }

    /// What was counted before, where all of the input was read.
    pub fn summary(&self) -> Option<&Summary> {
        match self {
            Self::BadRows { summary } | Self::NoRows { summary } => Some(summary),
            Self::Read { .. }
            | Self::Write(_)
            | Self::Unsupported { .. }
            | Self::Changed { .. }
            | Self::Edit(_) => None,
        }
    }
}

/// A row that can't be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BadRow {
    /// The input it stands in, if there are several; outside text.
    pub input: Option<Arc<str>>,
    /// The number of its line, from 1.
    pub line: u64,
    /// Where the trouble is, in bytes of the line, from 1 (a byte order mark does not count).
    pub column: u64,
    /// The value that is at fault, as a JSON Pointer into the row; empty for the row itself.
    pub pointer: String,
    /// What is wrong.
    pub reason: BadReason,
}

impl BadRow {
    pub(crate) fn new(line: u64, offset: usize, pointer: String, reason: BadReason) -> Self {
        Self { input: None, line, column: offset as u64 + 1, pointer, reason }
    }
}

impl fmt::Display for BadRow {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(input) = &self.input {
            write!(out, "{} ", input.escape_debug())?;
        }
        write!(out, "line {} column {}", self.line, self.column)?;
        if !self.pointer.is_empty() {
            // Names in the pointer are the file's, and may hold control characters.
            write!(out, " at {}", self.pointer.escape_debug())?;
        }
        write!(out, ": {}", self.reason)
    }
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadReason {
    /// The line is not one JSON value.
    #[error("bad JSON: {0}")]
    Syntax(SyntaxKind),
    /// The line is longer than the limit.
    #[error("line too long (limit {})", Bytes(*limit))]
    TooLong {
        /// The limit in bytes.
        limit: u64,
    },
    /// A carriage return stands alone inside the line: readers take it for the end of a line.
    #[error("carriage return without line feed")]
    CarriageReturn,
    /// The row is another kind of value.
    #[error("not an object but {0}")]
    NotAnObject(JsonKind),
    /// The row has no member `request`.
    #[error("request missing")]
    RequestMissing,
    /// `request` is another kind of value.
    #[error("request is not an object but {0}")]
    RequestNotObject(JsonKind),
    /// A member occurs twice, and parsers differ on which one wins.
    #[error("doubled key {0}")]
    DoubledMember(&'static str),
    /// Members that are dropped occur over a thousand times.
    #[error("doubled keys without end")]
    DoubledTooOften,
    /// The row would be refused, and its whole job with it.
    #[error(transparent)]
    Refused(Refusal),
    /// An edit or a drop does not fit the row.
    #[error("an edit does not fit: {0}")]
    Edit(EditProblem),
    /// The predicate of the selection can't tell whether to take the row.
    #[error("can't tell whether to keep the row: {}", .0.escape_debug())]
    Predicate(String),
    /// The row holds the text that [`Transformer::forbid`](crate::Transformer::forbid) named.
    #[error("the row holds the API key")]
    Secret,
}

impl BadReason {
    /// Whether the row is known to be JSON of bounded depth all the same.
    pub(crate) fn is_of_valid_json(&self) -> bool {
        matches!(
            self,
            Self::NotAnObject(_)
                | Self::RequestMissing
                | Self::RequestNotObject(_)
                | Self::DoubledMember(_)
        )
    }
}

/// An input by its name, or the dataset as such.
struct Named<'a>(Option<&'a str>);

impl fmt::Display for Named<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(name) => name.escape_debug().fmt(out),
            None => out.write_str("the dataset"),
        }
    }
}

/// A size in words: in MiB where it comes out even.
struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes if bytes > 0 && bytes.is_multiple_of(1 << 20) => {
                write!(out, "{} MiB", bytes >> 20)
            }
            bytes => write!(out, "{bytes} bytes"),
        }
    }
}
