//! What a transform counted: rows in and out, bad ones, warnings, models.

use std::{collections::BTreeMap, fmt, sync::Arc};

use crate::{
    BadRow, MediaRisk, Refusal,
    input::Inputs,
    own_keys::OwnKeys,
    tally::{Lines, Met, Tally},
};

/// How many bad rows are described; the others are only counted.
pub const MAX_LISTED: usize = 20;

/// How many distinct models, and how many distinct unknown fields, are told apart.
const MAX_DISTINCT: usize = 1000;

/// Longer names are counted together, not kept.
pub(crate) const MAX_NAME: usize = 256;

/// What one pass over a dataset found. `written + left_out.total() + bad.count == rows_in` when it
/// succeeded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Lines that are not blank.
    pub rows_in: u64,
    /// Rows that the [`Selection`](crate::Selection) left out.
    pub left_out: LeftOut,
    /// Rows handed to the sink, copies counted.
    pub written: u64,
    /// Rows among them that are not uploaded, because an earlier row has an equal request.
    pub copies: u64,
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
    /// Good rows that have a `response` other than null.
    pub with_response: u64,
    /// Bytes read.
    pub bytes_in: u64,
    /// Bytes handed to the sink as input lines, of all variants together.
    pub bytes_input: u64,
    /// Bytes handed to the sink as logged lines.
    pub bytes_logged: u64,
    warnings: BTreeMap<WarningKind, (u64, u64)>,
    n_unknown_fields: usize,
    own_keys: OwnKeys,
    inputs: Inputs,
}

/// Rows that a selection left out, by what did it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftOut {
    /// Outside the range of rows.
    pub range: u64,
    /// Not liked by the predicate.
    pub predicate: u64,
    /// After the first so many.
    pub head: u64,
    /// Not drawn.
    pub sample: u64,
}

impl LeftOut {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.range + self.predicate + self.head + self.sample
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.range += other.range;
        self.predicate += other.predicate;
        self.head += other.head;
        self.sample += other.sample;
    }
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
    /// How many rows have it, in whichever of their variants.
    pub count: u64,
    /// The input where it was met first, if there are several.
    pub input: Option<Arc<str>>,
    /// The first line where it was met, from 1.
    pub first_line: u64,
}

/// What is odd about a good row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum WarningKind {
    /// `request` has a member that batch rows are known to be refused for.
    RefusedField(&'static str),
    /// `request` has a member that is not known; its path from there is outside text.
    UnknownField(String),
    /// `request` has unknown members beyond those that are told apart.
    MoreUnknownFields,
    /// What would make the row bad, had it not been allowed.
    Refused(Refusal),
    /// `request` has a member twice, perhaps in both cases; parsers differ on which one wins.
    DoubledField(&'static str),
    /// `request` refers to media that may be gone or out of reach when the job runs.
    Media(MediaRisk),
    /// `request` is larger than the 20 MB that requests outside of batches may have.
    LargeRequest,
    /// `request.model` occurs more than once; all were dropped, the last one counts.
    DoubledModel,
    /// `request.model` is not a string.
    ModelNotString,
    /// `response` occurs more than once; all were dropped, the last one counts.
    DoubledResponse,
    /// `key` has a value that an earlier row's has; the rows are told apart by keys of ours. Of very many
    /// keys only the first 400,000 are remembered.
    DoubledKey,
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
            Self::Refused(refusal) => refusal.fmt(out),
            Self::DoubledField(field) => write!(out, "request.{field} is doubled"),
            Self::Media(risk) => write!(out, "request refers to {risk}"),
            Self::LargeRequest => out.write_str("request of more than 20 MB"),
            Self::DoubledModel => out.write_str("request.model is doubled; the last one counts"),
            Self::ModelNotString => out.write_str("request.model is not a string"),
            Self::DoubledResponse => out.write_str("response is doubled; the last one counts"),
            Self::DoubledKey => {
                out.write_str("key occurs twice; rows are told apart by keys of the run's own")
            }
            Self::LoneSurrogate => out.write_str("half a surrogate pair in a string"),
        }
    }
}

impl Summary {
    /// What was odd about good rows, in the order of the kinds.
    pub fn warnings(&self) -> impl Iterator<Item = Warning> + '_ {
        self.warnings.iter().map(|(kind, &(count, line))| {
            let (input, first_line) = self.inputs.place_of(line);
            Warning { kind: kind.clone(), count, input, first_line }
        })
    }

    /// Names the inputs that lines are in, by how many lines stand before each.
    pub(crate) fn locate(&mut self, inputs: Inputs) {
        for bad in &mut self.bad.first {
            (bad.input, bad.line) = inputs.place_of(bad.line);
        }
        self.inputs = inputs;
        self.own_keys = OwnKeys::default();
    }

    /// Adds the counts of the block that follows those added so far.
    pub(crate) fn add(&mut self, tally: Tally) {
        self.rows_in += tally.rows_in;
        self.left_out.add(tally.left_out);
        self.with_response += tally.with_response;
        for met in tally.models.met {
            self.model(met);
        }
        self.other_models += tally.models.too_long.count;
        for met in tally.unknown_fields.met {
            self.unknown_field(met);
        }
        if tally.unknown_fields.too_long.count > 0 {
            self.warn(WarningKind::MoreUnknownFields, tally.unknown_fields.too_long);
        }
        for (kind, lines) in tally.warnings {
            self.warn(kind, lines);
        }
        let mut doubled = Lines::default();
        for (print, line) in tally.own_keys {
            if !self.own_keys.is_new(print) {
                doubled.meet(line);
            }
        }
        if doubled.count > 0 {
            self.warn(WarningKind::DoubledKey, doubled);
        }
        self.bad.count += tally.bad;
        for bad in tally.first_bad {
            self.list(bad);
        }
    }

    fn warn(&mut self, kind: WarningKind, lines: Lines) {
        let (all, first_line) = self.warnings.entry(kind).or_insert((0, lines.first));
        *all += lines.count;
        *first_line = lines.first.min(*first_line);
    }

    fn unknown_field(&mut self, met: Met) {
        let kind = WarningKind::UnknownField(met.name);
        let is_new = !self.warnings.contains_key(&kind);
        if is_new && self.n_unknown_fields == MAX_DISTINCT {
            return self.warn(WarningKind::MoreUnknownFields, met.lines);
        }
        self.n_unknown_fields += usize::from(is_new);
        self.warn(kind, met.lines);
    }

    fn model(&mut self, met: Met) {
        if let Some(count) = self.models.get_mut(&met.name) {
            *count += met.lines.count;
        } else if self.models.len() == MAX_DISTINCT {
            self.other_models += met.lines.count;
        } else {
            self.models.insert(met.name, met.lines.count);
        }
    }

    fn list(&mut self, bad: BadRow) {
        if self.bad.first.len() < MAX_LISTED {
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
    use crate::tally::Tally;

    /// The same names, met in blocks of so many.
    fn summary(block: usize) -> Summary {
        let mut names: Vec<String> = (0..MAX_DISTINCT + 5).map(|n| format!("n{n}")).collect();
        names.extend(["n0".to_owned(), "x".repeat(1 << 20)]);
        let lines: Vec<(u64, String)> = (1..).zip(names).collect();
        let mut summary = Summary::default();
        for block in lines.chunks(block) {
            let mut tally = Tally::default();
            for (line, name) in block {
                tally.models.meet(*line, name);
                tally.unknown_fields.meet(*line, name);
            }
            summary.add(tally);
        }
        summary
    }

    #[test]
    fn names_from_outside_are_bounded_wherever_blocks_end() {
        for block in [1, 7, 1000, 10_000] {
            let summary = summary(block);
            assert_eq!((summary.models.len(), summary.other_models), (MAX_DISTINCT, 6));
            assert_eq!((summary.models["n0"], summary.models["n999"]), (2, 1));
            let more = summary
                .warnings()
                .find(|warning| warning.kind == WarningKind::MoreUnknownFields)
                .expect("there are more");
            assert_eq!((more.count, more.first_line), (6, 1001));
            assert_eq!(summary.warnings().count(), MAX_DISTINCT + 1);
        }
    }
}
