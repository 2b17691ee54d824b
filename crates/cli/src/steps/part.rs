//! A run that is a part of another one: it is fetched like any run, and ends with its results.

use std::path::PathBuf;

use batch_orchestrator::{Goal, RunState};
use run_store::RunFolder;

use super::travel::travel;
use super::{Locked, Story, Wishes, budget, open, quotes, resume};
use crate::context::Context;
use crate::exit::Outcome;
use crate::grading::{self, Asking};
use crate::judge::{Judged, Passes};
use crate::money::Bills;

/// Works on a run of one model until its results are here and its ledger knows what they cost. The emulator, where it
/// goes to one, has its state in `emulator`.
pub(crate) async fn fetch(
    context: &Context,
    run: Locked,
    wishes: &Wishes<'_>,
    emulator: PathBuf,
) -> Outcome<RunState> {
    let (mut journal, replay) = open(context, &run)?;
    let Locked { folder, lock, is_new } = run;
    let quotes = quotes(context, &folder, &wishes.money)?;
    let mut story = Story::of(&folder, &mut journal, &replay, context.now())?;
    (story.emulator, story.is_new) = (emulator, is_new);
    loop {
        let state = travel(context, &mut story, wishes).await?;
        let mut bills = Bills::new(&folder, &quotes);
        if !quotes.is_free() {
            Passes::open(context, &folder, &[], 0)?.results(state.cell(0, 0), Some(&mut bills))?;
        }
        let news = bills.news(&state);
        let is_news = !news.is_empty();
        story.add(news)?;
        let after = story.state()?;
        // What jobs really cost may leave enough for some that the budget did not bear before.
        let more = || !after.affordable(budget(folder.manifest(), wishes)).is_empty();
        if !(is_news && state.reached(Goal::Fetched) && more()) {
            story.end("reached")?;
            drop(lock);
            return Ok(after);
        }
    }
}

/// Asks the judges among the scorers and scores once more with what they said; as it was where there is none. What
/// only kept some of them from being asked comes back beside the report.
pub(super) async fn graded(
    context: &Context,
    folder: &RunFolder,
    state: &RunState,
    wishes: &Wishes<'_>,
    judged: Judged,
    again: &dyn Fn() -> Outcome<Judged>,
) -> Outcome<(Judged, Outcome<()>)> {
    if context.desk.is_empty() {
        return Ok((judged, Ok(())));
    }
    let command = resume(folder.manifest());
    let asking = Asking { folder, state, wishes, again: &command, is_wished: false };
    match grading::ask(context, asking).await {
        Err(failure) if !grading::leaves_a_report(&failure) => Err(failure),
        asked => Ok((again()?, asked)),
    }
}
