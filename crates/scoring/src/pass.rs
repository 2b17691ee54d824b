//! The one pass over a result file: every line read once, understood, judged and accounted for, in bounded memory.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, BufRead};

use serde_json::value::RawValue;

use crate::lines::{Line, Lines};
use crate::reading::{self, Reading};
use crate::seen::{Seen, Sighting};
use crate::{
    DatasetRow, DatasetRows, Keys, Needs, Outcome, PassSummary, Row, Scorer, Scores, View,
};

/// What the lines of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// Result lines: an object with a `response`, or an `error` or `status`.
    Results,
    /// Logged rows: an object that may have a `response`; a row without one is missing, not damaged.
    Logged,
}

/// Why a pass stopped. Nothing that a line says can stop it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PassError {
    /// The file could not be read on.
    #[error("failed to read results after line {line}")]
    Read {
        /// The last line that was read, counted from 1.
        line: u64,
        /// What reading gave.
        source: io::Error,
    },
    /// The file is compressed; nothing was read of it.
    #[error("results are {kind}-compressed, not JSONL")]
    Compressed {
        /// The kind of compression.
        kind: &'static str,
    },
    /// The dataset's side of a row could not be fetched.
    #[error("failed to fetch row {row} of the dataset")]
    Dataset {
        /// The number of the row.
        row: u64,
        /// What fetching gave.
        source: io::Error,
    },
    /// More rows than this machine can count.
    #[error("too many rows to score: {rows}")]
    TooMany {
        /// The rows asked for.
        rows: u64,
    },
}

/// A pass over one file, with its settings.
///
/// Memory: one line, the scores, and for files with our keys at most 20 MiB (one byte a row beyond 10 million rows)
/// that tell equal doubles from conflicts.
pub struct Pass<'a> {
    scorers: &'a [Box<dyn Scorer>],
    keys: Keys<'a>,
    form: Form,
    longest_line: usize,
    dataset: Option<&'a mut dyn DatasetRows>,
}

impl<'a> Pass<'a> {
    /// A pass that reads result lines by position, as many as come, and takes lines of up to 64 MiB.
    pub fn new(scorers: &'a [Box<dyn Scorer>]) -> Self {
        Self {
            scorers,
            keys: Keys::by_position(),
            form: Form::Results,
            longest_line: 64 << 20,
            dataset: None,
        }
    }

    /// How lines find their rows.
    #[must_use]
    pub fn keys(self, keys: Keys<'a>) -> Self {
        Self { keys, ..self }
    }

    /// What the lines are.
    #[must_use]
    pub fn form(self, form: Form) -> Self {
        Self { form, ..self }
    }

    /// The longest line that is read, in bytes; a longer one is unparsable.
    #[must_use]
    pub fn longest_line(self, bytes: usize) -> Self {
        Self { longest_line: bytes, ..self }
    }

    /// Where scorers' [needs](Needs) are fetched from; without it they stay unmet.
    #[must_use]
    pub fn dataset(self, dataset: &'a mut dyn DatasetRows) -> Self {
        Self { dataset: Some(dataset), ..self }
    }

    /// Reads the file to its end and adds what it says to `scores`, which must have been made for the same scorers.
    ///
    /// Several files can go into the same scores, one pass each: a row that has a scored answer keeps it, any other
    /// is replaced. Blank lines, a byte order mark and CRLF are fine.
    ///
    /// # Errors
    /// [`PassError`]; the scores then hold what came before.
    pub fn run(self, reader: impl BufRead, scores: &mut Scores) -> Result<PassSummary, PassError> {
        let span = tracing::debug_span!(target: "pass", "pass", scorers = self.scorers.len());
        let _entered = span.enter();
        let mut lines = Lines::new(reader, self.longest_line);
        let mut state = State::new(self, scores)?;
        loop {
            let line = lines
                .next()
                .map_err(|source| PassError::Read { line: state.summary.lines, source })?;
            let Some(line) = line else { break };
            state.take(&line)?;
        }
        let summary = state.summary;
        tracing::debug!(
            target: "pass",
            lines = summary.lines,
            rows = summary.rows,
            doubles = summary.doubles,
            conflicts = summary.conflicts,
            foreign = summary.foreign,
            unreadable = summary.unreadable + summary.keyless,
            "pass ended"
        );
        Ok(summary)
    }
}

impl fmt::Debug for Pass<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pass")
            .field("scorers", &self.scorers)
            .field("keys", &self.keys)
            .field("form", &self.form)
            .field("longest_line", &self.longest_line)
            .field("dataset", &self.dataset.is_some())
            .finish()
    }
}

struct State<'a, 's> {
    pass: Pass<'a>,
    needs: Needs,
    scores: &'s mut Scores,
    /// Only with our keys: by position no row can come twice.
    seen: Option<Seen>,
    /// The row of the next line, by position.
    position: u64,
    summary: PassSummary,
}

/// Where a line belongs.
enum Place {
    Row(u64),
    Foreign,
    Keyless,
    Nowhere(&'static str),
}

impl<'a, 's> State<'a, 's> {
    fn new(pass: Pass<'a>, scores: &'s mut Scores) -> Result<Self, PassError> {
        let needs =
            pass.scorers.iter().fold(Needs::NOTHING, |needs, scorer| needs.or(scorer.needs()));
        let (rows, seen) = match &pass.keys {
            Keys::Ours { rows, .. } => {
                let too_many = PassError::TooMany { rows: rows.end };
                usize::try_from(rows.end).map_err(|_| PassError::TooMany { rows: rows.end })?;
                (rows.clone(), Some(Seen::new(rows).ok_or(too_many)?))
            }
            Keys::ByPosition { rows } => (rows.clone(), None),
        };
        if rows.end < u64::MAX {
            scores.grow(rows.end);
        }
        Ok(Self {
            pass,
            needs,
            scores,
            seen,
            position: rows.start,
            summary: PassSummary::default(),
        })
    }

    fn take(&mut self, line: &Line<'_>) -> Result<(), PassError> {
        self.summary.lines += 1;
        let mut bytes = line.bytes;
        if self.summary.lines == 1 {
            refuse_compressed(bytes)?;
            bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        }
        let bytes = bytes.trim_ascii();
        if bytes.is_empty() {
            self.summary.blank += 1;
            return Ok(());
        }
        let raw = if line.overlong { Err("longer than a line may be") } else { parsed(bytes) };
        match raw {
            Ok(raw) => self.readable(bytes, raw),
            Err(problem) => {
                if !line.terminated {
                    self.summary.cut_at = Some(self.summary.lines);
                }
                self.unreadable(bytes, problem);
                Ok(())
            }
        }
    }

    /// A line that is no JSON: damage of its row, if it still says which that is.
    fn unreadable(&mut self, bytes: &[u8], problem: &'static str) {
        let row = match &self.pass.keys {
            keys @ Keys::Ours { .. } => keys.salvage(bytes),
            Keys::ByPosition { .. } => self.next_position(),
        };
        self.summary.note_bad(problem, bytes);
        let Some(row) = row else {
            self.summary.unreadable += 1;
            return;
        };
        if self.is_first(row, bytes) {
            self.settle(row, Outcome::Unparsable);
        }
    }

    fn readable(&mut self, bytes: &[u8], raw: &RawValue) -> Result<(), PassError> {
        let reading = reading::read(View::new(raw), self.pass.form);
        let key = reading.key.and_then(View::as_str);
        let row = match self.place(&reading, key.as_deref()) {
            Place::Row(row) => row,
            Place::Foreign => {
                let key = key.unwrap_or(Cow::Borrowed(""));
                self.summary.note_foreign(&key);
                return Ok(());
            }
            Place::Keyless => {
                self.summary.keyless += 1;
                self.summary.note_bad("no key", bytes);
                return Ok(());
            }
            Place::Nowhere(problem) => {
                self.summary.unreadable += 1;
                self.summary.note_bad(problem, bytes);
                return Ok(());
            }
        };
        if let Some(problem) = reading.problem {
            self.summary.note_bad(problem, bytes);
        }
        if !self.is_first(row, bytes) {
            return Ok(());
        }
        self.tally(row, &reading);
        if self.settle(row, reading.outcome) && reading.outcome.is_scored() {
            let row = Row::of_reading(row, key.as_deref().unwrap_or(""), raw, &reading);
            return self.judge(&row);
        }
        Ok(())
    }

    fn place(&mut self, reading: &Reading<'_>, key: Option<&str>) -> Place {
        let keys = match &self.pass.keys {
            Keys::ByPosition { .. } => {
                return self.next_position().map_or(Place::Foreign, Place::Row);
            }
            keys @ Keys::Ours { .. } => keys,
        };
        match (reading.key, key) {
            (None, _) => match reading.problem {
                Some(problem @ "not an object") => Place::Nowhere(problem),
                _ => Place::Keyless,
            },
            (Some(_), None) => Place::Nowhere("the key is not a string"),
            (Some(_), Some(key)) => keys.row_of(key.as_bytes()).map_or(Place::Foreign, Place::Row),
        }
    }

    fn next_position(&mut self) -> Option<u64> {
        let Keys::ByPosition { rows } = &self.pass.keys else {
            return None;
        };
        let row = Some(self.position).filter(|row| rows.contains(row))?;
        self.position += 1;
        self.scores.grow(self.position);
        Some(row)
    }

    /// Whether the line is the first of its row in this file; counts it, and settles conflicts.
    fn is_first(&mut self, row: u64, bytes: &[u8]) -> bool {
        let sighting = self.seen.as_mut().map_or(Sighting::First, |seen| seen.note(row, bytes));
        match sighting {
            Sighting::First => {
                self.summary.rows += 1;
                return true;
            }
            Sighting::Same => self.summary.doubles += 1,
            Sighting::Different => {
                self.summary.conflicts += 1;
                self.scores.set_outcome(row, Outcome::Conflict);
            }
        }
        false
    }

    /// Sets the outcome, unless an earlier file gave the row a scored answer; says whether it did.
    fn settle(&mut self, row: u64, outcome: Outcome) -> bool {
        if self.scores.outcome(row).is_scored() {
            self.summary.kept += 1;
            return false;
        }
        self.scores.set_outcome(row, outcome);
        true
    }

    fn tally(&mut self, row: u64, reading: &Reading<'_>) {
        self.summary.tokens.add(&reading.usage);
        if let Some(model) = &reading.model {
            self.summary.model_versions.add(model, 1);
        }
        if let Some(finish) = &reading.finish {
            self.summary.finish_reasons.add(finish, 1);
        }
        if let Some(error) = &reading.error {
            self.summary.note_error(row, error.code, &error.message);
        }
    }

    fn judge(&mut self, row: &Row<'_>) -> Result<(), PassError> {
        let beside = match &mut self.pass.dataset {
            Some(dataset) if self.needs.any() => {
                let number = row.number;
                dataset
                    .fetch(number, self.needs)
                    .map_err(|source| PassError::Dataset { row: number, source })?
            }
            _ => DatasetRow::default(),
        };
        let row = row.with_dataset(&beside);
        for (at, scorer) in self.pass.scorers.iter().enumerate() {
            self.scores.set_verdict(at, row.number, &scorer.score(&row));
        }
        Ok(())
    }
}

fn parsed(bytes: &[u8]) -> Result<&RawValue, &'static str> {
    let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8")?;
    serde_json::from_str(text).map_err(|_| "not JSON")
}

fn refuse_compressed(bytes: &[u8]) -> Result<(), PassError> {
    let kind = match bytes {
        [0x1f, 0x8b, ..] => "gzip",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "zstd",
        _ => return Ok(()),
    };
    Err(PassError::Compressed { kind })
}
