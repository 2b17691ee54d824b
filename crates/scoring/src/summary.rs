//! What a pass saw of a file beside the rows' scores: lines, tokens, names, and what was wrong with it.

use std::fmt;

use crate::reading::RowError;
use crate::tally::cut;
use crate::{Tally, TokenSums};

/// How many samples of each kind of trouble are kept.
const SAMPLES: usize = 5;

/// What one file, or several added up, held beside the rows' scores.
///
/// Every line is counted exactly once: see [`adds_up`](Self::adds_up). Tokens and names are those of the first line
/// of each row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PassSummary {
    /// All lines, blank ones included.
    pub lines: u64,
    /// Lines with nothing but white space.
    pub blank: u64,
    /// Lines that were the first of their row.
    pub rows: u64,
    /// Lines equal to the first of their row: harmless, counted once.
    pub doubles: u64,
    /// Lines that differ from the first of their row.
    pub conflicts: u64,
    /// Lines whose key is not of this file, or beyond the last row by position.
    pub foreign: u64,
    /// Lines that are an object without a key.
    pub keyless: u64,
    /// Lines of which it cannot be said to which row they belong: no JSON, no object, or an odd key.
    pub unreadable: u64,
    /// The number of the last line, if the file ends inside it.
    pub cut_at: Option<u64>,
    /// Rows that had a scored answer from an earlier file already, which stays.
    pub kept: u64,
    /// Rows that were not sent and got the answer of an equal one: see [`Copies`](crate::Copies).
    pub copies: u64,
    /// Tokens as stated.
    pub tokens: TokenSums,
    /// Which models answered, by `modelVersion`.
    pub model_versions: Tally,
    /// How first candidates ended (`finishReason`), or why prompts were blocked (`blockReason`).
    pub finish_reasons: Tally,
    /// The codes of row errors, line by line: a number, a status word, or `unknown`. Which codes the rows have in the
    /// end, [`Scores::error_codes`](crate::Scores::error_codes) says.
    pub error_codes: Tally,
    /// The first few keys that are not of this file.
    pub foreign_keys: Vec<BadLine>,
    /// The first few lines that could not be read, or not as a result.
    pub bad_lines: Vec<BadLine>,
    /// The first few row errors.
    pub failed_rows: Vec<FailedRow>,
}

/// A sample of a line that is wrong. Its text comes from outside: it must be sanitized where it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// The number of the line, counted from 1.
    pub line: u64,
    /// What is wrong with it, in a few words of ours.
    pub problem: String,
    /// The key, or the beginning of the line.
    pub text: String,
}

/// A sample of a row error. Its message comes from outside: it must be sanitized where it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedRow {
    /// The number of the row.
    pub row: u64,
    /// The `google.rpc.Code`, if there is one.
    pub code: Option<i64>,
    /// The beginning of the message.
    pub message: String,
}

/// Why a result file cannot be the whole truth about its job and must be fetched again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Damage {
    /// So many lines belong to another file.
    Foreign(u64),
    /// So many lines contradict another line of the same row.
    Conflicts(u64),
    /// The file ends inside the line of this number.
    Cut(u64),
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign(1) => f.write_str("1 line has a key of another file"),
            Self::Foreign(lines) => write!(f, "{lines} lines have keys of another file"),
            Self::Conflicts(1) => f.write_str("1 line contradicts another line with the same key"),
            Self::Conflicts(lines) => {
                write!(f, "{lines} lines contradict other lines with the same key")
            }
            Self::Cut(line) => write!(f, "the file ends inside line {line}"),
        }
    }
}

impl PassSummary {
    /// Whether every line was counted exactly once.
    pub fn adds_up(&self) -> bool {
        let counted = [
            self.blank,
            self.rows,
            self.doubles,
            self.conflicts,
            self.foreign,
            self.keyless,
            self.unreadable,
        ];
        counted.iter().sum::<u64>() == self.lines
    }

    /// Why the file must be fetched again; nothing for a file that is sound or only lacks rows.
    ///
    /// ```
    /// use scoring::{Damage, Keys, Pass, Scores};
    /// let mut scores = Scores::new(1, &[]);
    /// let cut = r#"{"key":"r00000000-1f9c03ab","respon"#;
    /// let summary = Pass::new(&[]).keys(Keys::ours(0..1)).run(cut.as_bytes(), &mut scores)?;
    /// assert_eq!(summary.damage(), [Damage::Cut(1)]);
    /// # Ok::<(), scoring::PassError>(())
    /// ```
    pub fn damage(&self) -> Vec<Damage> {
        let mut damage = Vec::new();
        if self.foreign > 0 {
            damage.push(Damage::Foreign(self.foreign));
        }
        if self.conflicts > 0 {
            damage.push(Damage::Conflicts(self.conflicts));
        }
        damage.extend(self.cut_at.map(Damage::Cut));
        damage
    }

    /// Adds the summary of another file of the same model. Line numbers in samples stay those of their own file.
    pub fn absorb(&mut self, other: &Self) {
        self.lines += other.lines;
        self.blank += other.blank;
        self.rows += other.rows;
        self.doubles += other.doubles;
        self.conflicts += other.conflicts;
        self.foreign += other.foreign;
        self.keyless += other.keyless;
        self.unreadable += other.unreadable;
        self.kept += other.kept;
        self.copies += other.copies;
        self.cut_at = self.cut_at.or(other.cut_at);
        self.tokens.absorb(&other.tokens);
        self.model_versions.absorb(&other.model_versions);
        self.finish_reasons.absorb(&other.finish_reasons);
        self.error_codes.absorb(&other.error_codes);
        extend(&mut self.foreign_keys, other.foreign_keys.iter().cloned());
        extend(&mut self.bad_lines, other.bad_lines.iter().cloned());
        extend(&mut self.failed_rows, other.failed_rows.iter().cloned());
    }

    pub(crate) fn note_foreign(&mut self, key: &str) {
        self.foreign += 1;
        let sample = self.sample("not a row of this file", key);
        extend(&mut self.foreign_keys, [sample]);
    }

    pub(crate) fn note_bad(&mut self, problem: &str, text: &[u8]) {
        if self.bad_lines.len() < SAMPLES {
            let start = text.get(..200).unwrap_or(text);
            let text = String::from_utf8_lossy(start);
            let sample = self.sample(problem, &text);
            self.bad_lines.push(sample);
        }
    }

    pub(crate) fn note_error(&mut self, row: u64, error: &RowError<'_>) {
        self.error_codes.add(&error.name(), 1);
        if self.failed_rows.len() < SAMPLES {
            let message = cut(&error.message, 500).to_owned();
            self.failed_rows.push(FailedRow { row, code: error.code, message });
        }
    }

    fn sample(&self, problem: &str, text: &str) -> BadLine {
        BadLine { line: self.lines, problem: problem.to_owned(), text: cut(text, 80).to_owned() }
    }
}

fn extend<T>(samples: &mut Vec<T>, more: impl IntoIterator<Item = T>) {
    let room = SAMPLES.saturating_sub(samples.len());
    samples.extend(more.into_iter().take(room));
}
