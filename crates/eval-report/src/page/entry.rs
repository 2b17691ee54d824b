//! The line of the index about a row: what the page's list and filters need of it.

use std::io;

use scoring::{Outcome, Verdict};
use serde_json::Value;

use super::brief::{Brief, SNIPPET, snippet};
use crate::RunRow;

/// So much of a row's key stands in the list.
const KEY: usize = 120;

/// `[number, chunk, line, key, snippet, outcomes, verdicts, tokens, changed, split, slices]`.
pub(super) fn entry(
    row: &RunRow,
    values: &[Option<String>],
    chunk: u64,
    line: u64,
) -> io::Result<String> {
    let briefs: Vec<Brief> =
        row.answers.iter().map(|answer| Brief::of(row.number, answer)).collect();
    let outcomes: Vec<usize> = row.answers.iter().map(|answer| code(answer.outcome)).collect();
    let verdicts: Vec<Vec<Value>> =
        row.answers.iter().map(|answer| answer.verdicts_json().collect()).collect();
    let tokens: Vec<Option<u64>> = briefs.iter().map(|brief| brief.tokens).collect();
    let (logged, models) = briefs.split_first().map_or((None, &[][..]), |(l, m)| (Some(l), m));
    let changed = |brief: &Brief| logged.and_then(|logged| brief.differs(logged)).map(u8::from);
    let split = models.windows(2).any(|two| two[0].differs(&two[1]) == Some(true));
    let entry = (
        row.number,
        chunk,
        line,
        own_key(row).unwrap_or_else(|| row.key.clone()),
        snippet(row),
        outcomes,
        verdicts,
        tokens,
        briefs.iter().map(changed).collect::<Vec<_>>(),
        u8::from(split),
        values,
    );
    Ok(serde_json::to_string(&entry)?)
}

/// The most bytes that a line is.
pub(super) fn most(row: &RunRow, values: &[Option<String>]) -> usize {
    // A character that is escaped takes six bytes.
    let key = 6 * row.key.len().max(KEY);
    let labels = row.answers.iter().flat_map(|answer| &answer.verdicts).map(|verdict| {
        let Some(Verdict::Label(label)) = verdict else { return 32 };
        6 * label.len() + 3
    });
    let values = values.iter().map(|value| 6 * value.as_ref().map_or(0, String::len) + 8);
    let numbers = 128 + 48 * row.answers.len();
    key + 6 * SNIPPET + labels.sum::<usize>() + values.sum::<usize>() + numbers
}

/// The place of an outcome among all.
fn code(outcome: Outcome) -> usize {
    Outcome::ALL.iter().position(|one| *one == outcome).unwrap_or_default()
}

/// The key that the row has in the dataset.
fn own_key(row: &RunRow) -> Option<String> {
    let key = row.dataset().get("row")?.get("key")?;
    Some(key.as_str()?.chars().take(KEY).collect())
}
