//! Names the first rows that did not come back, so that they can be looked for.

use eval_report::sanitize;
use run_store::RunFolder;
use scoring::{Outcome as RowOutcome, Scores};

use super::{Cell, Passes};
use crate::dataset_rows::{FolderRows, unread};
use crate::exit::Outcome;
use crate::row_keys;

/// So many are named; all are counted.
const NAMED: usize = 5;

/// Keys of rows without a result, as many as there is room for beside those in `named`.
pub(super) fn name(
    named: &mut Vec<String>,
    folder: &RunFolder,
    passes: &Passes<'_>,
    cell: &Cell<'_>,
    scores: &Scores,
) -> Outcome<()> {
    let is_absent =
        |row: &u64| scores.outcome(*row) == RowOutcome::Missing && !passes.is_copy(*row);
    let room = NAMED.saturating_sub(named.len());
    let absent: Vec<u64> = (0..scores.rows()).filter(is_absent).take(room).collect();
    if absent.is_empty() {
        return Ok(());
    }
    let mut lines = FolderRows::open(folder, cell.variant)?;
    for row in absent {
        let line = lines.input_line(row).map_err(|error| {
            unread(format!("failed to read row {row} of the run's input"), &error)
        })?;
        if let Some(key) = row_keys::of_line(line) {
            named.push(format!("{key} of {}", sanitize(&cell.label())));
        }
    }
    Ok(())
}
