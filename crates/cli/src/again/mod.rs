//! Rows sent again: those that failed or never came, in inputs and jobs of their own.

mod class;
mod pick;
mod retry;
mod write;

use batch_orchestrator::{Attempt, Event, Job, JobId, RunState, Why};
use run_store::RunFolder;

use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::judge::{Cell, cells};

pub(crate) use class::Class;
pub(crate) use pick::{Picked, pick};
pub(crate) use retry::retry;

/// The events that send rows of every cell again that may be sent a further time: at most `rounds`
/// times in all. Empty when there is nothing to send.
pub(crate) fn round(
    context: &Context,
    folder: &RunFolder,
    state: &RunState,
    rounds: u32,
) -> Outcome<Vec<Event>> {
    let mut state = state.clone();
    let mut events = Vec::new();
    for cell in cells(folder) {
        let done = state.cell(cell.variant, cell.model).map(|job| job.round).max().unwrap_or(0);
        if done >= rounds {
            continue;
        }
        let picked = pick(context, folder, &state, &cell, &Class::RETRIED)?;
        events.extend(send(folder, &mut state, &cell, &picked, Why::Rows, 1)?);
    }
    Ok(events)
}

/// The events that send what stuck jobs did not bring, in two smaller jobs each.
pub(crate) fn split(
    context: &Context,
    folder: &RunFolder,
    state: &RunState,
    stuck: &[JobId],
) -> Outcome<Vec<Event>> {
    let mut state = state.clone();
    let mut events = Vec::new();
    for id in stuck {
        let cells = cells(folder);
        let own = |cell: &&Cell<'_>| (cell.variant, cell.model) == (id.input.variant, id.model);
        let Some(cell) = cells.iter().find(own) else { continue };
        let Some(job) = state.job(*id).cloned() else { continue };
        let picked = pick::missing_of(context, folder, &job)?;
        // Without rows there is still an event, or the job would be split for ever.
        let attempt = write::attempt(folder, &state, cell, &[job], &picked, Why::Split, 2)?;
        events.push(legal(&mut state, attempt)?);
    }
    Ok(events)
}

/// The event that sends these rows of a cell again, if there are any.
pub(crate) fn send(
    folder: &RunFolder,
    state: &mut RunState,
    cell: &Cell<'_>,
    picked: &Picked,
    why: Why,
    parts: usize,
) -> Outcome<Option<Event>> {
    if picked.rows.is_empty() {
        return Ok(None);
    }
    let of: Vec<Job> = state
        .cell(cell.variant, cell.model)
        .filter(|job| state.may_send_again(job))
        .cloned()
        .collect();
    let attempt = write::attempt(folder, state, cell, &of, &picked.rows, why, parts)?;
    legal(state, attempt).map(Some)
}

/// The attempt as an event that the run takes.
fn legal(state: &mut RunState, attempt: Attempt) -> Outcome<Event> {
    let event = Event::Attempted { attempt };
    state.apply(&event).map_err(|error| Failure::of(Exit::RunFolder, &error))?;
    Ok(event)
}
