//! Rows sent again: those that failed or never came, in inputs and jobs of their own.

mod class;
mod lost;
mod pick;
mod retry;
mod rows;
mod write;

use batch_orchestrator::{Attempt, Event, Job, JobId, RunState, Why};
use run_store::RunFolder;

use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::judge::{Cell, Passes, cells};

pub(crate) use class::Class;
pub(crate) use lost::{take_back, tell_of_unknown, unknown};
pub(crate) use pick::Picked;
use pick::pick;
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
    let done = |cell: &Cell<'_>| state.cell(cell.variant, cell.model).map(|job| job.round).max();
    let open: Vec<_> =
        cells(folder).into_iter().filter(|cell| done(cell).unwrap_or(0) < rounds).collect();
    for (cell, picked) in picks(context, folder, &state, &open, &Class::RETRIED)? {
        events.extend(send(context, folder, &mut state, &cell, &picked, Why::Rows)?);
    }
    Ok(events)
}

/// What is to be sent again of these cells, which stand in the order of their variants.
pub(crate) fn picks<'c>(
    context: &Context,
    folder: &RunFolder,
    state: &RunState,
    cells: &[Cell<'c>],
    classes: &[Class],
) -> Outcome<Vec<(Cell<'c>, Picked)>> {
    let mut picks = Vec::new();
    for cells in cells.chunk_by(|one, other| one.variant == other.variant) {
        let passes = Passes::open(context, folder, &[], cells[0].variant)?;
        for cell in cells {
            picks.push((*cell, pick(context, &passes, folder, state, cell, classes)?));
        }
    }
    Ok(picks)
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
    for cells in cells(folder).chunk_by(|one, other| one.variant == other.variant) {
        let variant = cells[0].variant;
        let mut own = stuck.iter().filter(|id| id.input.variant == variant).peekable();
        if own.peek().is_none() {
            continue;
        }
        let passes = Passes::open(context, folder, &[], variant)?;
        for id in own {
            let Some(cell) = cells.iter().find(|cell| cell.model == id.model) else { continue };
            let Some(job) = state.job(*id).cloned() else { continue };
            let rows = pick::missing_of(context, &passes, folder, &job)?;
            // Without rows there is still an event, or the job would be split for ever.
            let why = (Why::Split, vec![*id]);
            let attempt = write::attempt(context, folder, &state, cell, why, &rows)?;
            events.push(legal(&mut state, attempt)?);
        }
    }
    Ok(events)
}

/// The event that sends these rows of a cell again, if there are any.
pub(crate) fn send(
    context: &Context,
    folder: &RunFolder,
    state: &mut RunState,
    cell: &Cell<'_>,
    picked: &Picked,
    why: Why,
) -> Outcome<Option<Event>> {
    if picked.rows.is_empty() {
        return Ok(None);
    }
    let may = |job: &&Job| match why {
        Why::Asked => state.may_send_if_asked(job),
        _ => state.may_send_again(job),
    };
    let of = state.cell(cell.variant, cell.model).filter(may).map(|job| job.id).collect();
    let attempt = write::attempt(context, folder, state, cell, (why, of), &picked.rows)?;
    legal(state, attempt).map(Some)
}

/// The attempt as an event that the run takes.
fn legal(state: &mut RunState, attempt: Attempt) -> Outcome<Event> {
    let event = Event::Attempted { attempt };
    state.apply(&event).map_err(|error| Failure::of(Exit::RunFolder, &error))?;
    Ok(event)
}
