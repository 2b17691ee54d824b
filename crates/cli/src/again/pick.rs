//! Which rows of a cell are to be sent again.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};

use batch_orchestrator::{Job, JobId, Phase, RunState, Verdict};
use run_store::RunFolder;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Class;
use crate::context::{Context, store};
use crate::exit::{Exit, Failure, Outcome};
use crate::judge::{Cell, Passes};
use crate::row_keys;

/// Rows picked, and how many of which class.
#[derive(Debug, Default)]
pub(crate) struct Picked {
    /// Their numbers, in order.
    pub(crate) rows: Vec<u64>,
    pub(crate) classes: BTreeMap<Class, u64>,
    /// Rows of classes that were not asked for.
    pub(crate) others: BTreeMap<Class, u64>,
    /// Rows whose own job may still be sent, or may run: it waits for money or for a person.
    pub(crate) held: u64,
}

/// Picks the rows of a cell that are of one of these classes.
pub(crate) fn pick(
    context: &Context,
    folder: &RunFolder,
    state: &RunState,
    cell: &Cell<'_>,
    classes: &[Class],
) -> Outcome<Picked> {
    let passes = Passes::open(context, folder, &[], cell.variant)?;
    let (scores, _) = passes.results(state.cell(cell.variant, cell.model))?;
    let (mut codes, mut held) = (BTreeMap::new(), BTreeSet::new());
    for job in state.cell(cell.variant, cell.model) {
        match &job.phase {
            // Its rows may still come or be paid for twice, or a person stopped it.
            _ if job.called_off || !state.may_send_again(job) => {
                held.extend(rows_sent(folder, job.id)?);
            }
            // The whole job was invalid, so each of its rows is.
            Phase::Over(Verdict::Refused(_)) => {
                let rows = rows_sent(folder, job.id)?;
                codes.extend(rows.into_iter().map(|row| (row, "INVALID_ARGUMENT".to_owned())));
            }
            _ => codes_of(folder, job, &mut codes)?,
        }
    }
    let mut picked = Picked::default();
    for row in (0..scores.rows()).filter(|row| !passes.is_copy(*row)) {
        let code = codes.get(&row).map(String::as_str);
        let Some(class) = Class::of(scores.outcome(row), code) else { continue };
        if held.contains(&row) {
            picked.held += 1;
        } else if classes.contains(&class) {
            picked.rows.push(row);
            *picked.classes.entry(class).or_default() += 1;
        } else {
            *picked.others.entry(class).or_default() += 1;
        }
    }
    Ok(picked)
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    /// Some failed rows carry their error as a status.
    #[serde(borrow)]
    status: Option<&'a RawValue>,
}

/// The code of a failed row: a number, or the word for it. Whatever else stands there is no code.
fn code_of(line: &[u8]) -> Option<String> {
    let line: Line<'_> = serde_json::from_slice(line).ok()?;
    let code = |part: &RawValue| {
        let part: serde_json::Value = serde_json::from_str(part.get()).ok()?;
        let word = [part.get("code"), part.get("status")].into_iter().flatten().find_map(|code| {
            let text = code.as_str().map(str::to_owned);
            text.or_else(|| code.as_i64().map(|code| code.to_string()))
        });
        word.or_else(|| part.as_str().map(str::to_owned))
    };
    [line.error, line.status].into_iter().flatten().find_map(code)
}

/// The codes of the failed rows of a job, by row; later jobs come over earlier ones.
fn codes_of(folder: &RunFolder, job: &Job, codes: &mut BTreeMap<u64, String>) -> Outcome<()> {
    each_line(folder, job, |line| {
        let failed = ["\"error\"", "\"status\""];
        let failed =
            failed.iter().any(|name| memchr::memmem::find(line, name.as_bytes()).is_some());
        let Some(row) = row_of(line) else { return };
        match code_of(line).filter(|_| failed) {
            Some(code) => codes.insert(row, code),
            None => codes.remove(&row),
        };
    })
}

/// The rows of a job's input that its results lack, or have as failed in a way that may pass.
pub(super) fn missing_of(context: &Context, folder: &RunFolder, job: &Job) -> Outcome<Vec<u64>> {
    let passes = Passes::open(context, folder, &[], job.id.input.variant)?;
    let (scores, _) = passes.results(std::iter::once(job))?;
    let mut codes = BTreeMap::new();
    codes_of(folder, job, &mut codes)?;
    let again = |row: &u64| {
        let code = codes.get(row).map(String::as_str);
        Class::of(scores.outcome(*row), code).is_some_and(|class| Class::RETRIED.contains(&class))
    };
    Ok(rows_sent(folder, job.id)?.into_iter().filter(again).collect())
}

/// The rows of a job's input, in order.
fn rows_sent(folder: &RunFolder, job: JobId) -> Outcome<BTreeSet<u64>> {
    let mut rows = BTreeSet::new();
    let path = folder.paths().input(job.input);
    lines(folder, &path, |line| rows.extend(row_of(line)))?;
    Ok(rows)
}

fn row_of(line: &[u8]) -> Option<u64> {
    row_keys::of_line(line).or_else(|| row_keys::anywhere(line)).map(|key| key.number())
}

fn each_line(folder: &RunFolder, job: &Job, take: impl FnMut(&[u8])) -> Outcome<()> {
    match &job.phase {
        Phase::Over(Verdict::Results { .. }) => lines(folder, &folder.paths().raw(job.id), take),
        _ => Ok(()),
    }
}

fn lines(folder: &RunFolder, path: &std::path::Path, mut take: impl FnMut(&[u8])) -> Outcome<()> {
    let file = folder.paths().open_file(path).map_err(|error| store(&error))?;
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line).map_err(|error| {
            let failure = Failure::io(format!("failed to read {}", path.display()), &error);
            Failure { exit: Exit::Io, ..failure }
        })?;
        if read == 0 {
            return Ok(());
        }
        take(&line);
    }
}
