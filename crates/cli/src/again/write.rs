//! Writes the inputs of rows that are sent again.

use std::io::{self, BufWriter, Write as _};
use std::path::PathBuf;

use batch_orchestrator::{Attempt, InputId, JobId, Load, NewInput, RunState, Why};
use run_store::{AtomicFile, MadeInput, Printed, RunFolder};

use super::rows::Rows;
use crate::context::{Context, store};
use crate::dataset_rows::{FolderRows, unread};
use crate::exit::{Exit, Failure, Outcome};
use crate::judge::Cell;
use crate::prepare::shard_limits;
use crate::row_keys;

/// The attempt at sending `rows` of a cell again, which these jobs had: in one input, in two where a job is
/// split, or in as many more as the limits of the run ask for. The inputs are written.
pub(super) fn attempt(
    context: &Context,
    folder: &RunFolder,
    state: &RunState,
    cell: &Cell<'_>,
    (why, of): (Why, Vec<JobId>),
    rows: &Rows,
) -> Outcome<Attempt> {
    let limits = shard_limits(&folder.manifest().asked.settings.limits);
    let parts = if why == Why::Split { 2 } else { 1 };
    let size = rows.count().div_ceil(parts).clamp(1, limits.rows.max(1));
    let mut lines = FolderRows::open(folder, cell.variant)?;
    let (mut inputs, mut rest) = (Vec::new(), rows.iter().peekable());
    for shard in state.next_shard().. {
        if rest.peek().is_none() {
            break;
        }
        let id = InputId { shard, variant: cell.variant };
        let mut input = Input::begin(folder, id)?;
        while let Some(row) = rest.peek().filter(|_| input.rows < size) {
            if let Some(stopped) = context.stop.failure() {
                return Err(stopped);
            }
            if !input.take(*row, &mut lines, limits.bytes)? {
                break;
            }
            rest.next();
        }
        inputs.push(input.end(folder, cell)?);
    }
    Ok(Attempt { why, of, inputs })
}

/// One input that is being written: lines as they were sent the first time, keys and all.
struct Input {
    id: InputId,
    path: PathBuf,
    out: BufWriter<Printed<AtomicFile>>,
    rows: u64,
    bytes: u64,
}

impl Input {
    fn begin(folder: &RunFolder, id: InputId) -> Outcome<Self> {
        let path = folder.paths().input(id);
        let file = folder.paths().create_file(&path).map_err(|error| store(&error))?;
        let out = BufWriter::with_capacity(1 << 18, Printed::new(file));
        Ok(Self { id, path, out, rows: 0, bytes: 0 })
    }

    /// Writes the line of a row, unless it would make the input longer than `most`.
    fn take(&mut self, row: u64, lines: &mut FolderRows, most: u64) -> Outcome<bool> {
        let line = lines.input_line(row).map_err(|error| {
            unread(format!("failed to read row {row} of the run's input"), &error)
        })?;
        if row_keys::of_line(line).map(|key| key.number()) != Some(row) {
            let what = format!("the run's index leads to another line than that of row {row}");
            return Err(Failure::new(Exit::RunFolder, what)
                .safe("nothing was sent")
                .next("bring the run's folder back from a copy"));
        }
        let bytes = self.bytes + line.len() as u64;
        if self.rows > 0 && bytes > most {
            return Ok(false);
        }
        self.out.write_all(line).map_err(|error| self.failed(&error))?;
        (self.rows, self.bytes) = (self.rows + 1, bytes);
        Ok(true)
    }

    fn end(mut self, folder: &RunFolder, cell: &Cell<'_>) -> Outcome<NewInput> {
        self.out.flush().map_err(|error| self.failed(&error))?;
        let (id, rows, bytes) = (self.id, self.rows, self.bytes);
        let file = self.out.into_inner().map_err(|error| {
            let what = format!("failed to write {}", self.path.display());
            Failure::io(what, error.error())
        })?;
        let (file, print) = file.finish();
        file.commit().map_err(|error| store(&error))?;
        let (print, load) = (Some(print.get()), load(folder, cell, bytes));
        Ok(NewInput { id, rows, bytes, print, load })
    }

    fn failed(&self, error: &io::Error) -> Failure {
        Failure::io(format!("failed to write {}", self.path.display()), error)
    }
}

/// What the job weighs: its share by bytes of what the cell's own jobs were thought to weigh.
pub(super) fn load(folder: &RunFolder, cell: &Cell<'_>, bytes: u64) -> Load {
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
