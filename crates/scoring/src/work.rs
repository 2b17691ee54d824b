//! What one thread does with a block of lines: read them, place them, judge them. Nothing here depends on other blocks.

use std::borrow::Cow;

use crate::blocks::{Block, Line};
use crate::prints;
use crate::reading::{Reader, Reading};
use crate::{
    Copies, DatasetReader, DatasetRow, Form, Keys, Needs, PassError, Row, Scorer, Verdict, View,
};

/// What a line turned out to be.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly every line is a row")]
pub(crate) enum Finding<'b> {
    Blank,
    /// A line of a row of this file.
    Row {
        row: u64,
        /// Where it begins in the file.
        start: u64,
        /// Its key, empty if there is none.
        key: Cow<'b, str>,
        print: u64,
        reading: Reading<'b>,
    },
    /// A line of which only the row it belongs to can be read.
    Broken {
        row: Option<u64>,
        start: u64,
        print: u64,
        problem: &'static str,
        bytes: &'b [u8],
        cut: bool,
    },
    Foreign(Cow<'b, str>),
    Keyless(&'b [u8]),
    Nowhere(&'static str, &'b [u8]),
}

impl Finding<'_> {
    /// The row that the line belongs to, if it can be told.
    pub(crate) fn row(&self) -> Option<u64> {
        match self {
            Self::Row { row, .. } => Some(*row),
            Self::Broken { row, .. } => *row,
            Self::Blank | Self::Foreign(_) | Self::Keyless(_) | Self::Nowhere(..) => None,
        }
    }
}

/// What the lines of a block turned out to be, in order.
#[derive(Debug, Default)]
pub(crate) struct Findings<'b> {
    pub(crate) list: Vec<Finding<'b>>,
    /// The verdicts of the pure scorers on each row that scorers see, one after another.
    pub(crate) verdicts: Vec<Verdict>,
    /// What went wrong after these lines.
    pub(crate) failure: Option<PassError>,
}

/// What all threads share.
pub(crate) struct Work<'a> {
    pub(crate) keys: Keys<'a>,
    pub(crate) form: Form,
    pub(crate) scorers: Vec<&'a dyn Scorer>,
    /// What the pure scorers need.
    pub(crate) needs: Needs,
    pub(crate) copies: &'a Copies,
}

impl Work<'_> {
    /// Reads, places and judges the lines of a block.
    pub(crate) fn read<'b>(
        &self,
        block: &'b Block,
        dataset: &mut Option<Box<dyn DatasetReader + '_>>,
    ) -> Findings<'b> {
        let mut findings = Findings::default();
        findings.list.reserve(block.len());
        let text = block.as_str();
        let mut reader = Reader::new(self.form);
        for (line, bytes) in block.lines() {
            let start = block.start + line.place.start as u64;
            let finding = self.line((line, start), bytes, text, &mut reader);
            if let Finding::Row { row, key, reading, .. } = &finding
                && reading.outcome.is_scored()
                && !self.scorers.is_empty()
            {
                let judged = self.judge((*row, key), reading, dataset, &mut findings.verdicts);
                findings.failure = judged.err();
            }
            findings.list.push(finding);
            if findings.failure.is_some() {
                return findings;
            }
        }
        findings
    }

    /// What a line is, given where it begins in the file; `text` is all of its block, if that is UTF-8.
    fn line<'b>(
        &self,
        at: (&Line, u64),
        bytes: &'b [u8],
        text: Option<&'b str>,
        reader: &mut Reader<'b>,
    ) -> Finding<'b> {
        let (line, _) = at;
        if line.is_blank() && !line.overlong {
            return Finding::Blank;
        }
        if line.overlong {
            return self.broken(at, bytes, "longer than a line may be");
        }
        let reading = match text {
            Some(block) => reader.read_at(block, line.place.clone()),
            None => match std::str::from_utf8(bytes) {
                Ok(text) => reader.read(text),
                Err(_) => return self.broken(at, bytes, "not UTF-8"),
            },
        };
        match reading {
            Some(reading) => self.placed(at, bytes, reading),
            None => self.broken(at, bytes, "not JSON"),
        }
    }

    /// A line that is no JSON: damage of its row, if it still says which that is.
    fn broken<'b>(
        &self,
        (line, start): (&Line, u64),
        bytes: &'b [u8],
        problem: &'static str,
    ) -> Finding<'b> {
        let row = match &self.keys {
            Keys::Ours { .. } => self.keys.salvage(bytes).filter(|row| !self.copies.has(*row)),
            Keys::ByPosition { .. } => self.at_position(line),
        };
        let (print, cut) = (self.print(bytes), !line.terminated);
        Finding::Broken { row, start, print, problem, bytes, cut }
    }

    fn placed<'b>(
        &self,
        (line, start): (&Line, u64),
        bytes: &'b [u8],
        reading: Reading<'b>,
    ) -> Finding<'b> {
        let key = reading.key.and_then(View::as_str);
        let row = match (&self.keys, reading.key) {
            (Keys::ByPosition { .. }, _) => self.at_position(line),
            (Keys::Ours { .. }, None) => match reading.problem {
                Some(problem @ "not an object") => return Finding::Nowhere(problem, bytes),
                _ => return Finding::Keyless(bytes),
            },
            (Keys::Ours { .. }, Some(_)) => match &key {
                Some(key) => self.keys.row_of(key.as_bytes()).filter(|row| !self.copies.has(*row)),
                None => return Finding::Nowhere("the key is not a string", bytes),
            },
        };
        let key = key.unwrap_or_default();
        match row {
            Some(row) => Finding::Row { row, start, key, print: self.print(bytes), reading },
            None => Finding::Foreign(key),
        }
    }

    fn at_position(&self, line: &Line) -> Option<u64> {
        let Keys::ByPosition { rows } = &self.keys else {
            return None;
        };
        rows.start.checked_add(line.position).filter(|row| rows.contains(row))
    }

    /// By position no row can come twice, so that nothing has to be compared.
    fn print(&self, bytes: &[u8]) -> u64 {
        match &self.keys {
            Keys::Ours { .. } => prints::print(bytes),
            Keys::ByPosition { .. } => 0,
        }
    }

    pub(crate) fn judge(
        &self,
        (number, key): (u64, &str),
        reading: &Reading<'_>,
        dataset: &mut Option<Box<dyn DatasetReader + '_>>,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), PassError> {
        let row = Row::of_reading(number, key, reading);
        let mut score = |row| verdicts.extend(self.scorers.iter().map(|scorer| scorer.score(row)));
        if self.needs.any() {
            let beside = fetch(dataset, number, self.needs)?;
            score(&row.with_dataset(&beside));
        } else {
            score(&row);
        }
        Ok(())
    }
}

/// The dataset's side of a row, if anything of it is needed and there is one.
pub(crate) fn fetch(
    dataset: &mut Option<Box<dyn DatasetReader + '_>>,
    row: u64,
    needs: Needs,
) -> Result<DatasetRow, PassError> {
    match dataset {
        Some(dataset) if needs.any() => {
            dataset.fetch(row, needs).map_err(|source| PassError::Dataset { row, source })
        }
        _ => Ok(DatasetRow::default()),
    }
}
