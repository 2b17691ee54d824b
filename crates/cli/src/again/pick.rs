//! Which rows of a cell are to be sent again.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};

use batch_orchestrator::{Job, JobId, Phase, RunState, Verdict};
use run_store::RunFolder;
use scoring::Scores;

use super::Class;
use super::rows::Rows;
use crate::context::{Context, store};
use crate::exit::{Failure, Outcome};
use crate::judge::{Cell, Passes};
use crate::row_keys;

/// Rows picked, and how many of which class.
#[derive(Debug, Default)]
pub(crate) struct Picked {
    pub(crate) rows: Rows,
    pub(crate) classes: BTreeMap<Class, u64>,
    /// Rows of classes that were not asked for.
    pub(crate) others: BTreeMap<Class, u64>,
    /// Rows whose own job may still be sent, or may run: it waits for money or for a person.
    pub(crate) held: u64,
}

/// Why rows of a cell lack an answer, as far as their jobs tell and no line does.
#[derive(Debug, Default)]
struct Fates {
    /// Their own job may still bring them.
    held: Rows,
    /// A person stopped their job or gave it up.
    put_down: Rows,
    /// The whole job was invalid, so each of them is.
    refused: Rows,
}

impl Fates {
    fn of<'j>(
        context: &Context,
        folder: &RunFolder,
        state: &RunState,
        jobs: impl Iterator<Item = &'j Job>,
    ) -> Outcome<Self> {
        let mut fates = Self::default();
        for job in jobs {
            let rows = if job.is_put_down() && state.may_send_if_asked(job) {
                &mut fates.put_down
            } else if !state.may_send_again(job) {
                &mut fates.held
            } else if matches!(job.phase, Phase::Over(Verdict::Refused(_))) {
                &mut fates.refused
            } else {
                continue;
            };
            each_row_sent(context, folder, job.id, |row| rows.insert(row))?;
        }
        Ok(fates)
    }

    /// The class of a row, by what came of it and by its job.
    fn class(&self, scores: &Scores, row: u64) -> Option<Class> {
        let class = Class::of(scores.outcome(row), scores.error_code(row))?;
        Some(match class {
            Class::Missing if self.refused.has(row) => Class::Invalid,
            class if self.put_down.has(row) && Class::RETRIED.contains(&class) => Class::Stopped,
            class => class,
        })
    }
}

/// Picks the rows of a cell that are of one of these classes; `passes` are those of its variant.
pub(crate) fn pick(
    context: &Context,
    passes: &Passes<'_>,
    folder: &RunFolder,
    state: &RunState,
    cell: &Cell<'_>,
    classes: &[Class],
) -> Outcome<Picked> {
    let jobs = || state.cell(cell.variant, cell.model);
    let (scores, _) = passes.results(jobs(), None)?;
    let fates = Fates::of(context, folder, state, jobs())?;
    let mut picked = Picked::default();
    for row in (0..scores.rows()).filter(|row| !passes.is_copy(*row)) {
        let Some(class) = fates.class(&scores, row) else { continue };
        if fates.held.has(row) {
            picked.held += 1;
        } else if classes.contains(&class) {
            picked.rows.insert(row);
            *picked.classes.entry(class).or_default() += 1;
        } else {
            *picked.others.entry(class).or_default() += 1;
        }
    }
    Ok(picked)
}

/// The rows of a job's input that its results lack, or have as failed in a way that may pass.
pub(super) fn missing_of(
    context: &Context,
    passes: &Passes<'_>,
    folder: &RunFolder,
    job: &Job,
) -> Outcome<Rows> {
    let (scores, _) = passes.results(std::iter::once(job), None)?;
    let again = |row: u64| {
        Class::of(scores.outcome(row), scores.error_code(row))
            .is_some_and(|class| Class::RETRIED.contains(&class))
    };
    let mut rows = Rows::default();
    each_row_sent(context, folder, job.id, |row| {
        if again(row) {
            rows.insert(row);
        }
    })?;
    Ok(rows)
}

/// The rows of a job's input, in order.
fn each_row_sent(
    context: &Context,
    folder: &RunFolder,
    job: JobId,
    mut take: impl FnMut(u64),
) -> Outcome<()> {
    let path = folder.paths().input(job.input);
    let file = folder.paths().open_file(&path).map_err(|error| store(&error))?;
    let mut reader = BufReader::with_capacity(1 << 20, context.stop.reader(file));
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line).map_err(|error| {
            let failed = || Failure::io(format!("failed to read {}", path.display()), &error);
            context.stop.failure().unwrap_or_else(failed)
        })?;
        if read == 0 {
            return Ok(());
        }
        if let Some(key) = row_keys::of_line(&line) {
            take(key.number());
        }
    }
}
