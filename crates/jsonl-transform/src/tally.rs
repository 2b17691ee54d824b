//! What one block counted by itself; blocks add up, in order, to the summary of the whole input.

use std::collections::{BTreeMap, HashMap, btree_map::Entry};

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
    /// How many times, and the first line.
    pub(crate) warnings: BTreeMap<WarningKind, (u64, u64)>,
}

impl Tally {
    pub(crate) fn warn(&mut self, line: u64, kind: WarningKind) {
        match self.warnings.entry(kind) {
            Entry::Vacant(entry) => {
                entry.insert((1, line));
            }
            Entry::Occupied(mut entry) => entry.get_mut().0 += 1,
        }
    }

    /// Counts a bad row; `describe` is asked only while there is room to list it.
    pub(crate) fn bad_row(&mut self, describe: impl FnOnce() -> BadRow) {
        self.bad += 1;
        if self.first_bad.len() < MAX_LISTED {
            self.first_bad.push(describe());
        }
    }
}

/// Names from outside with their counts, in the order in which they were first met.
#[derive(Debug, Default)]
pub(crate) struct Names {
    places: HashMap<String, usize>,
    pub(crate) met: Vec<Met>,
    /// Names too long to be kept.
    pub(crate) too_long: Option<Met>,
    /// The last one met is the likeliest to be met again.
    last: usize,
    /// The token that spelled it, if it came as one.
    last_token: Vec<u8>,
}

/// A name, how often it was met, and on which line first.
#[derive(Debug, Default)]
pub(crate) struct Met {
    pub(crate) name: String,
    pub(crate) count: u64,
    pub(crate) first_line: u64,
}

impl Names {
    /// Counts the name that a string token spells.
    pub(crate) fn meet_token(&mut self, line: u64, token: &[u8]) {
        if !self.last_token.is_empty() && self.last_token == token {
            self.met[self.last].count += 1;
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
            let met = Met { first_line: line, ..Met::default() };
            self.too_long.get_or_insert(met).count += 1;
            return;
        }
        if self.met.get(self.last).is_none_or(|met| met.name != name) {
            self.last = self.places.get(name).copied().unwrap_or(self.met.len());
        }
        if self.last == self.met.len() {
            self.places.insert(name.to_owned(), self.last);
            self.met.push(Met { name: name.to_owned(), count: 0, first_line: line });
        }
        self.met[self.last].count += 1;
    }
}
