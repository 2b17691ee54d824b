//! Jobs for rows sent again of which the journal lost the lines: found at the service by their marks, and
//! taken back into the run, so that they are neither paid for twice nor their answers left there.

use std::collections::BTreeSet;
use std::io::{self, BufRead as _, BufReader, Write as _};

use batch_orchestrator::{
    Attempt, Event, InputId, Job, JobId, NewInput, Policy, RunState, Stray, Why, World, strays,
};
use eval_report::sanitize;
use run_store::{Printed, RunFolder};

use super::{legal, rows::Rows, write};
use crate::context::{Context, store};
use crate::exit::{Failure, Outcome};
use crate::hashing::Hashing;
use crate::judge::{Cell, cells};
use crate::row_keys;
use crate::service;
use crate::words::counted;

/// Inputs in the run's folder that its state does not know.
pub(crate) fn unknown(folder: &RunFolder, state: &RunState) -> Outcome<BTreeSet<InputId>> {
    let there = folder.paths().inputs().map_err(|error| store(&error))?;
    Ok(there.into_iter().filter(|id| state.input(*id).is_none()).collect())
}

/// Warns where such inputs stay as they are, for the key is not the one that would find their jobs.
pub(crate) fn tell_of_unknown(
    context: &Context,
    folder: &RunFolder,
    state: &RunState,
) -> Outcome<()> {
    let unknown = unknown(folder, state)?.len() as u64;
    if unknown > 0 {
        context.ui.alarm(&format!(
            "warning: {} may be at the service without a line in the journal; no row that failed is sent again \
             before a resume with the key that the run was made with, or with --on-ambiguous retry if this one \
             is of the same project",
            counted(unknown, "input")
        ));
    }
    Ok(())
}

/// What brings jobs back into the run that its journal does not tell of, as far as the state takes them
/// now: once those are over, there may be more. An input of which the service has no job was never sent, and
/// is removed.
///
/// Where the service does not tell and `is_over`, so that what is here can be reported, that is only warned of.
pub(crate) async fn take_back(
    context: &Context,
    state: &RunState,
    policy: &Policy,
    world: &World,
    (folder, is_over): (&RunFolder, bool),
) -> Outcome<Vec<Event>> {
    let unknown = unknown(folder, state)?;
    if unknown.is_empty() {
        return Ok(Vec::new());
    }
    let what = counted(unknown.len() as u64, "input");
    context.ui.note(&format!("repair     {what} without a line in the journal: looking for jobs"));
    let found = tokio::select! {
        biased;
        () = context.stop.wait() => return Err(context.stop.failure().unwrap_or_else(stopped)),
        found = strays(&folder.manifest().tag, &unknown, policy, world) => found,
    };
    let found = match found {
        Ok(found) => found,
        // As long as these inputs are unknown no row is sent again.
        Err(error) if is_over => {
            let error = error.to_string();
            context.ui.alarm(&format!(
                "warning: the jobs cannot be looked for, so no row is sent again: {}",
                sanitize(&error)
            ));
            return Ok(Vec::new());
        }
        Err(error) => {
            let failure = service::call(&error).safe("no row was sent again");
            return Err(failure.next("batch-eval resume, later"));
        }
    };
    for id in unknown.iter().filter(|id| found.iter().all(|stray| stray.job.input != **id)) {
        folder.paths().remove_input(*id).map_err(|error| store(&error))?;
    }
    let mut known = Vec::new();
    for stray in &found {
        match Input::read(context, folder, stray)? {
            Some(input) => known.push(input),
            None => context.ui.alarm(&format!(
                "warning: the job {} is of this run, and which rows it has cannot be told: its input {} is \
                 not what it was made of",
                sanitize(stray.seen.name.as_str()),
                stray.job.input
            )),
        }
    }
    // Second jobs of one input are for the sweep, once the first is known.
    known.dedup_by_key(|input| input.job);
    attempts(context, folder, state, known)
}

fn stopped() -> Failure {
    Failure::new(crate::exit::Exit::Interrupted, "stopped while it looked for jobs")
}

/// An input that a job at the service was made of.
struct Input {
    job: JobId,
    bytes: u64,
    print: u64,
    rows: Rows,
}

impl Input {
    /// Reads the input of a job; `None` where it is not the one that the job's mark is bound to.
    fn read(context: &Context, folder: &RunFolder, stray: &Stray) -> Outcome<Option<Self>> {
        let id = stray.job.input;
        let path = folder.paths().input(id);
        let failed = |error: io::Error| {
            let read = || Failure::io(format!("failed to read {}", path.display()), &error);
            context.stop.failure().unwrap_or_else(read)
        };
        let file = folder.paths().open_file(&path).map_err(|error| store(&error))?;
        let hashing = Hashing::new(context.stop.reader(file));
        let mut reader = BufReader::with_capacity(1 << 18, hashing);
        let mut printed = Printed::new(io::sink());
        let (mut rows, mut line) = (Rows::default(), Vec::new());
        while reader.read_until(b'\n', &mut line).map_err(failed)? > 0 {
            printed.write_all(&line).map_err(failed)?;
            if let Some(key) = row_keys::of_line(&line) {
                rows.insert(key.number());
            }
            line.clear();
        }
        let (bytes, sha256) = reader.into_inner().finish();
        let plan = folder.plan().map_err(|error| store(&error))?;
        let model = plan.model(stray.job);
        let token = model.map(|model| stray.job.token(&plan.tag, stray.attempt, &sha256, model));
        if token.is_none() || token != stray.seen.token || rows.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self { job: stray.job, bytes, print: printed.finish().1.get(), rows }))
    }

    /// The input as an attempt adds it; its rows go to those that the attempt has.
    fn enter(self, folder: &RunFolder, cell: &Cell<'_>, all: &mut Rows) -> NewInput {
        self.rows.iter().for_each(|row| all.insert(row));
        let (id, rows, bytes) = (self.job.input, self.rows.count(), self.bytes);
        let load = write::load(folder, cell, bytes);
        NewInput { id, rows, bytes, print: Some(self.print), load }
    }
}

/// Attempts with these inputs, in order, as far as the state takes them.
fn attempts(
    context: &Context,
    folder: &RunFolder,
    state: &RunState,
    known: Vec<Input>,
) -> Outcome<Vec<Event>> {
    let cells = cells(folder);
    let (mut state, mut events) = (state.clone(), Vec::new());
    let mut known = known.into_iter().peekable();
    while let Some(first) = known.next() {
        let of_job = |cell: &&Cell<'_>| {
            (cell.variant, cell.model) == (first.job.input.variant, first.job.model)
        };
        let Some(cell) = cells.iter().find(of_job) else { continue };
        let Some((why, of)) = heirs_of(&state, cell) else { break };
        let (job, mut rows) = (first.job, Rows::default());
        let mut inputs = vec![first.enter(folder, cell, &mut rows)];
        // What has a row of these again is a later attempt, for when this one is over.
        while let Some(next) = known.next_if(|next| {
            let same = (next.job.input.variant, next.job.model) == (job.input.variant, job.model);
            same && next.rows.iter().all(|row| !rows.has(row))
        }) {
            inputs.push(next.enter(folder, cell, &mut rows));
        }
        let jobs = counted(inputs.len() as u64, "job");
        context.ui.note(&format!("repair     {jobs} of {} found again", sanitize(&cell.label())));
        events.push(legal(&mut state, Attempt { why, of, inputs })?);
    }
    Ok(events)
}

/// Whose rows the jobs of a cell may have, as far as nothing is under way that may have them still.
fn heirs_of(state: &RunState, cell: &Cell<'_>) -> Option<(Why, Vec<JobId>)> {
    let all = || state.cell(cell.variant, cell.model);
    let these = |may: &dyn Fn(&Job) -> bool| -> Vec<JobId> {
        all().filter(|job| may(job)).map(|job| job.id).collect()
    };
    let own = these(&|job| state.may_send_again(job));
    if !own.is_empty() {
        return Some((Why::Rows, own));
    }
    let asked = these(&|job| state.may_send_if_asked(job));
    (!asked.is_empty()).then_some((Why::Asked, asked))
}
