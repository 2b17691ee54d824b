//! What judges were asked and did not answer, though they may the next time.

use std::collections::HashSet;

use batch_orchestrator::Goal;
use run_store::RunFolder;

use super::questions::{Place, judged};
use super::rounds::{self, damaged};
use crate::again::Class;
use crate::context::Context;
use crate::exit::Outcome;
use crate::judge::Passes;
use crate::rows::RowBook;
use crate::steps;

/// Questions that failed at the service or never came; sixteen bytes or so each.
pub(super) type Lacking = HashSet<Place>;

/// How many questions of the judges on the desk may be asked again.
pub(crate) fn lacking(context: &Context, folder: &RunFolder) -> Outcome<u64> {
    let mut all = 0;
    for judge in context.desk.judges() {
        all += of_judge(context, folder, &judge.spec.fingerprint())?.len() as u64;
    }
    Ok(all)
}

/// The questions of one judge that may be asked again: what it was asked last counts. A round that is still under way,
/// or of which somebody stopped a job, has none.
pub(super) fn of_judge(context: &Context, folder: &RunFolder, print: &str) -> Outcome<Lacking> {
    let mut lacking = Lacking::new();
    for round in rounds::of_judge(folder, print)? {
        let state = steps::state(&round)?;
        let put_down = state.jobs().any(|job| job.is_put_down() || !state.may_send_again(job));
        let may = state.reached(Goal::Fetched) && !put_down;
        let passes = Passes::open(context, &round, &[], 0)?;
        let (scores, _) = passes.results(state.cell(0, 0), None)?;
        let mut book = RowBook::open(context, &round, &state, &[])?;
        for number in 0..book.rows() {
            let Some(row) = book.row(number)? else { break };
            let place = judged(row.dataset.get().as_bytes()).map(|judged| judged.place);
            let place = place.ok_or_else(|| damaged(&round, "a row does not say what it asks"))?;
            let class = Class::of(scores.outcome(number), scores.error_code(number));
            if may && class.is_some_and(|class| Class::RETRIED.contains(&class)) {
                lacking.insert(place);
            } else {
                lacking.remove(&place);
            }
        }
    }
    Ok(lacking)
}
