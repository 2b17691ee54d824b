//! What one block counted by itself; blocks add up, in order, to the summary of the whole input.

use std::collections::{BTreeMap, HashMap};

use crate::{BadRow, LeftOut, MAX_LISTED, WarningKind, summary::MAX_NAME, text};

/// Counts of one block. Nothing in it depends on what came before the block.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) rows_in: u64,
    pub(crate) left_out: LeftOut,
    /// Rows that the selection takes, bad ones counted, before a sample is drawn.
    pub(crate) taken: u64,
    /// Their numbers in the dataset, if a sample is to be drawn.
    pub(crate) drawn_from: Vec<u64>,
    pub(crate) with_response: u64,
    pub(crate) bad: u64,
    /// The first bad rows.
    pub(crate) first_bad: Vec<BadRow>,
    pub(crate) models: Names,
    pub(crate) unknown_fields: Names,
    /// Prints of keys that rows have, and their lines.
    pub(crate) own_keys: Vec<(u64, u64)>,
    /// On which rows.
    pub(crate) warnings: BTreeMap<WarningKind, Lines>,
}

/// Lines on which something was met: however often and in however many variants, a line counts once.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lines {
    pub(crate) count: u64,
    pub(crate) first: u64,
    last: u64,
}

impl Lines {
    /// Lines come in their order, numbered from 1.
    pub(crate) fn meet(&mut self, line: u64) {
        if self.count == 0 {
            self.first = line;
        }
        self.count += u64::from(line != self.last);
        self.last = line;
    }
}

impl Tally {
    pub(crate) fn warn(&mut self, line: u64, kind: WarningKind) {
        self.warnings.entry(kind).or_default().meet(line);
    }

    /// Counts a bad row; `describe` is asked only while there is room to list it.
    pub(crate) fn bad_row(&mut self, describe: impl FnOnce() -> BadRow) {
        self.bad += 1;
        if self.first_bad.len() < MAX_LISTED {
            self.first_bad.push(describe());
        }
    }
}

/// Names from outside with the lines they stand on, in the order in which they were first met.
#[derive(Debug, Default)]
pub(crate) struct Names {
    places: HashMap<String, usize>,
    pub(crate) met: Vec<Met>,
    /// Where names are too long to be kept.
    pub(crate) too_long: Lines,
    /// The last one met is the likeliest to be met again.
    last: usize,
    /// The token that spelled it, if it came as one.
    last_token: Vec<u8>,
}

/// A name, and where it was met.
#[derive(Debug, Default)]
pub(crate) struct Met {
    pub(crate) name: String,
    pub(crate) lines: Lines,
}

impl Names {
    /// Counts the name that a string token spells.
    pub(crate) fn meet_token(&mut self, line: u64, token: &[u8]) {
        if !self.last_token.is_empty() && self.last_token == token {
            self.met[self.last].lines.meet(line);
            return;
        }
        let name = text::decode(token);
        self.meet(line, &name);
        if name.len() <= MAX_NAME {
            self.last_token.extend_from_slice(token);
        }
    }

    pub(crate) fn meet(&mut self, line: u64, name: &str) {
        self.last_token.clear();
        if name.len() > MAX_NAME {
            return self.too_long.meet(line);
        }
        if self.met.get(self.last).is_none_or(|met| met.name != name) {
            self.last = self.places.get(name).copied().unwrap_or(self.met.len());
        }
        if self.last == self.met.len() {
            self.places.insert(name.to_owned(), self.last);
            self.met.push(Met { name: name.to_owned(), lines: Lines::default() });
        }
        self.met[self.last].lines.meet(line);
    }
}
