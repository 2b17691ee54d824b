//! Writes the inputs of rows that are sent again.

use std::io::{BufWriter, Write as _};

use batch_orchestrator::{Attempt, InputId, Job, Load, NewInput, RunState, Why};
use run_store::{MadeInput, RunFolder};

use crate::context::store;
use crate::dataset_rows::FolderRows;
use crate::exit::{Failure, Outcome};
use crate::judge::Cell;

/// The attempt at sending `rows` of a cell again, in at most `parts` inputs, which are written.
pub(super) fn attempt(
    folder: &RunFolder,
    state: &RunState,
    cell: &Cell<'_>,
    of: &[Job],
    rows: &[u64],
    why: Why,
    parts: usize,
) -> Outcome<Attempt> {
    let mut inputs = Vec::new();
    let size = rows.len().div_ceil(parts).max(1);
    for (shard, rows) in (state.next_shard()..).zip(rows.chunks(size)) {
        inputs.push(input(folder, cell, InputId { shard, variant: cell.variant }, rows)?);
    }
    Ok(Attempt { why, of: of.iter().map(|job| job.id).collect(), inputs })
}

/// One input of these rows: their lines as they were sent the first time, keys and all.
fn input(folder: &RunFolder, cell: &Cell<'_>, id: InputId, rows: &[u64]) -> Outcome<NewInput> {
    let paths = folder.paths();
    let path = paths.input(id);
    let failed =
        |error: std::io::Error| Failure::io(format!("failed to write {}", path.display()), &error);
    let mut lines = FolderRows::open(folder, cell.variant)?;
    let mut file = paths.create_file(&path).map_err(|error| store(&error))?;
    let mut out = BufWriter::with_capacity(1 << 18, &mut file);
    let mut bytes = 0;
    for row in rows {
        let line = lines.input_line(*row).map_err(|error| {
            Failure::io(format!("failed to read row {row} of the run's input"), &error)
        })?;
        bytes += line.len() as u64;
        out.write_all(line).map_err(failed)?;
    }
    out.flush().map_err(failed)?;
    drop(out);
    file.commit().map_err(|error| store(&error))?;
    let rows = rows.len() as u64;
    Ok(NewInput { id, rows, bytes, load: load(folder, cell, bytes) })
}

/// What the job weighs: its share by bytes of what the cell's own jobs were thought to weigh.
fn load(folder: &RunFolder, cell: &Cell<'_>, bytes: u64) -> Load {
    let own = || {
        let made = folder.manifest().made.inputs.iter();
        made.filter(|input| input.id.variant == cell.variant)
    };
    let of = |input: &MadeInput| input.loads.get(cell.model as usize).copied();
    let whole: u64 = own().map(|input| input.bytes).sum();
    let share = |all: u64| {
        let part = u128::from(all) * u128::from(bytes);
        u64::try_from(part.div_ceil(u128::from(whole.max(1)))).unwrap_or(u64::MAX)
    };
    let tokens = own().filter_map(of).map(|load| load.tokens).sum();
    let cost: Option<u64> = own().map(|input| of(input).and_then(|load| load.cost)).sum();
    Load { tokens: share(tokens), cost: cost.map(share) }
}
