//! What a transform counted: rows in and out, bad ones, warnings, models.

use std::{collections::BTreeMap, fmt};

use crate::BadRow;

/// How many bad rows are described; the others are only counted.
pub const MAX_LISTED: usize = 20;

/// How many distinct models, and how many distinct unknown fields, are told apart.
const MAX_DISTINCT: usize = 1000;

/// Longer names are counted together, not kept.
const MAX_NAME: usize = 256;

/// What one pass over a dataset found. `written + bad.count == rows_in` when it succeeded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Lines that are not blank.
    pub rows_in: u64,
    /// Rows handed to the sink.
    pub written: u64,
    /// Lines of white space only, passed over.
    pub blank: u64,
    /// Rows that can't be sent.
    pub bad: BadRows,
    /// Whether a UTF-8 byte order mark was passed over.
    pub had_bom: bool,
    /// The models that `request.model` named in good rows, and how many rows each.
    pub models: BTreeMap<String, u64>,
    /// Good rows whose `request.model` is a string, but beyond the 1,000 distinct names or the 256
    /// bytes that are told apart.
    pub other_models: u64,
    /// Good rows that have a `response`.
    pub with_response: u64,
    /// Bytes read.
    pub bytes_in: u64,
    /// Bytes handed to the sink as input lines.
    pub bytes_input: u64,
    /// Bytes handed to the sink as logged lines.
    pub bytes_logged: u64,
    warnings: BTreeMap<WarningKind, (u64, u64)>,
    n_unknown_fields: usize,
}

/// The rows that can't be sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BadRows {
    /// How many there are.
    pub count: u64,
    /// The first [`MAX_LISTED`] of them, in order.
    pub first: Vec<BadRow>,
}

/// Something odd about good rows, which are sent all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warning {
    /// What is odd.
    pub kind: WarningKind,
    /// How many times it was met.
    pub count: u64,
    /// The first line where it was met, from 1.
    pub first_line: u64,
}

/// What is odd about a good row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum WarningKind {
    /// `request` has a member that batch rows are known to be refused for.
    RefusedField(&'static str),
    /// `request` has a member that is not known; its name is outside text.
    UnknownField(String),
    /// `request` has unknown members beyond those that are told apart.
    MoreUnknownFields,
    /// `request.model` occurs more than once; all were dropped, the last one counts.
    DoubledModel,
    /// `request.model` is not a string.
    ModelNotString,
    /// `response` occurs more than once; all were dropped, the last one counts.
    DoubledResponse,
    /// A string holds half a surrogate pair as an escape; it was kept as it is.
    LoneSurrogate,
}

impl fmt::Display for WarningKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RefusedField(field) => write!(out, "request.{field} is refused in a batch"),
            Self::UnknownField(field) => {
                write!(out, "unknown field request.{}", field.escape_debug())
            }
            Self::MoreUnknownFields => out.write_str("further unknown fields in request"),
            Self::DoubledModel => out.write_str("request.model is doubled; the last one counts"),
            Self::ModelNotString => out.write_str("request.model is not a string"),
            Self::DoubledResponse => out.write_str("response is doubled; the last one counts"),
            Self::LoneSurrogate => out.write_str("half a surrogate pair in a string"),
        }
    }
}

impl Summary {
    /// What was odd about good rows, in the order of the kinds.
    pub fn warnings(&self) -> impl Iterator<Item = Warning> + '_ {
        self.warnings.iter().map(|(kind, &(count, first_line))| Warning {
            kind: kind.clone(),
            count,
            first_line,
        })
    }

    pub(crate) fn warn(&mut self, line: u64, kind: WarningKind) {
        self.warnings.entry(kind).or_insert((0, line)).0 += 1;
    }

    pub(crate) fn unknown_field(&mut self, line: u64, name: &str) {
        let kind = WarningKind::UnknownField(name.to_owned());
        let is_new = !self.warnings.contains_key(&kind);
        if name.len() > MAX_NAME || is_new && self.n_unknown_fields == MAX_DISTINCT {
            return self.warn(line, WarningKind::MoreUnknownFields);
        }
        self.n_unknown_fields += usize::from(is_new);
        self.warn(line, kind);
    }

    pub(crate) fn model(&mut self, name: &str) {
        if let Some(count) = self.models.get_mut(name) {
            *count += 1;
        } else if name.len() > MAX_NAME || self.models.len() == MAX_DISTINCT {
            self.other_models += 1;
        } else {
            self.models.insert(name.to_owned(), 1);
        }
    }

    /// Counts a bad row; `describe` is asked only while there is room to list it.
    pub(crate) fn bad_row(&mut self, describe: impl FnOnce() -> BadRow) {
        self.bad.count += 1;
        if self.bad.first.len() < MAX_LISTED {
            let bad = describe();
            tracing::debug!(
                target: "pass",
                line = bad.line,
                column = bad.column,
                reason = ?bad.reason,
                "bad row"
            );
            self.bad.first.push(bad);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_DISTINCT, Summary, WarningKind};

    #[test]
    fn names_from_outside_are_bounded() {
        let mut summary = Summary::default();
        for number in 0..MAX_DISTINCT + 5 {
            summary.model(&format!("m{number}"));
            summary.unknown_field(1, &format!("f{number}"));
        }
        summary.model("m0");
        summary.unknown_field(2, "f0");
        summary.model(&"x".repeat(1 << 20));
        summary.unknown_field(2, &"x".repeat(1 << 20));
        assert_eq!((summary.models.len(), summary.other_models), (MAX_DISTINCT, 6));
        assert_eq!(summary.models["m0"], 2);
        let more =
            summary.warnings().find(|warning| warning.kind == WarningKind::MoreUnknownFields);
        assert_eq!(more.map(|warning| warning.count), Some(6));
        assert_eq!(summary.warnings().count(), MAX_DISTINCT + 1);
    }
}
