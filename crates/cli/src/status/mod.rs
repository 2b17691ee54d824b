//! `batch-eval status`: where a run stands, from its folder alone.

mod shown;
mod watch;

use std::time::{Duration, SystemTime};

use batch_backend::{JobCounts, JobState};
use batch_orchestrator::{Job, JobId, Phase, RunState, Verdict};
use run_store::{Asked, MadeInput, Manifest, RunFolder};

use crate::args::RunRef;
use crate::context::Context;
use crate::exit::Outcome;
use crate::judge::is_varied;
use crate::steps;
use crate::ui::Ui;
use crate::verdict;
use crate::words::rows;

pub(crate) use watch::watch;

/// Where a run stands: no key, no network, no lock.
pub(crate) fn status(context: &Context, args: &RunRef) -> Outcome<()> {
    let folder = context.find(args.run.as_deref())?;
    let state = steps::state(&folder)?;
    if context.ui.json {
        return Ui::object(&shown::as_json(context, &folder, &state));
    }
    Ui::result(&shown::as_text(context, &folder, &state))
}

/// Where a job stands, in a few words.
fn standing(job: &Job) -> String {
    match &job.phase {
        Phase::Planned => "not created yet".to_owned(),
        Phase::Intended => "being created, or the answer was lost".to_owned(),
        Phase::Doubtful(_) => "may exist; is being looked for".to_owned(),
        Phase::Waiting(_) if job.cancel_requested => "asked to stop".to_owned(),
        Phase::Waiting(_) => "at the service".to_owned(),
        Phase::Fetching { ending, .. } => format!("{}, results not fetched yet", ending.state),
        Phase::Over(Verdict::Results { ending, result }) => {
            format!("{}, {} fetched", ending.state, rows(result.lines))
        }
        Phase::Over(Verdict::NoResults(ending)) => format!("{}, no results", ending.state),
        Phase::Over(Verdict::ResultsLost { reason, .. }) => format!("results lost: {reason}"),
        Phase::Over(Verdict::Refused(reason)) => format!("refused: {reason}"),
        Phase::Over(Verdict::Quarantined { reason, .. }) => format!("undecided: {reason}"),
        Phase::Over(Verdict::Abandoned { .. }) => "given up; it may exist".to_owned(),
        Phase::Over(Verdict::NotAfforded { .. }) => "not sent: beyond the budget".to_owned(),
        Phase::Over(Verdict::NeverSent) => "stopped before it was created".to_owned(),
    }
}

/// The model of a job.
pub(crate) fn model(folder: &RunFolder, job: &Job) -> String {
    let models = &folder.manifest().asked.models;
    let name = usize::try_from(job.id.model).ok().and_then(|at| models.get(at));
    name.cloned().unwrap_or_else(|| job.id.to_string())
}

/// What a job is called: its column as the report names it, and its own name where that has several jobs.
fn label(folder: &RunFolder, state: &RunState, job: &Job) -> String {
    let several = state.cell(job.id.input.variant, job.id.model).nth(1).is_some();
    called(folder.manifest(), job.id, several)
}

/// `MODEL`, or `MODEL/VARIANT` where columns go by variants too; with the job's own name where it is asked for.
pub(crate) fn called(manifest: &Manifest, job: JobId, with_id: bool) -> String {
    let Asked { models, variants, .. } = &manifest.asked;
    let Some(model) = models.get(job.model as usize) else { return job.to_string() };
    let variant = variants.get(job.input.variant as usize).filter(|_| is_varied(variants));
    let column = variant.map_or_else(|| model.clone(), |named| format!("{model}/{}", named.name));
    if with_id { format!("{column} ({job})") } else { column }
}

/// The rows that a job was sent.
fn rows_of(folder: &RunFolder, state: &RunState, job: &Job) -> u64 {
    let made = || folder.manifest().made.inputs.iter().find(|input| input.id == job.id.input);
    let added = state.added(job.id.input).map(|added| added.rows);
    added.or_else(|| made().map(|made: &MadeInput| made.rows)).unwrap_or(0)
}

/// State and rows of a job as they were last known.
fn last_seen(job: &Job) -> Option<(&JobState, JobCounts)> {
    match &job.phase {
        Phase::Fetching { ending, .. }
        | Phase::Over(
            Verdict::Results { ending, .. }
            | Verdict::NoResults(ending)
            | Verdict::ResultsLost { ending, .. },
        ) => Some((&ending.state, ending.counts)),
        _ => job.look.as_ref().map(|look| (&look.state, look.counts)),
    }
}

/// How long ago the service made a job. Where its clock is ahead of ours, the last look at the job
/// tells the time.
fn age(job: &Job, now: SystemTime) -> Option<Duration> {
    let seen = job.look.as_ref().and_then(|look| look.seen);
    let now = seen.map_or(now, |seen| seen.max(now));
    job.created.map(|at| now.duration_since(at).unwrap_or_default())
}

fn next(folder: &RunFolder, state: &RunState) -> String {
    if is_worked_on(folder) {
        return "nothing: a process works on it".to_owned();
    }
    verdict::next(folder, state).unwrap_or_else(|| steps::next(folder.manifest(), state))
}

/// Whether a process of this machine is at work on the run, as far as the journal tells: its last
/// session did not end and its process is there.
fn is_worked_on(folder: &RunFolder) -> bool {
    let Ok(replay) = folder.replay() else { return false };
    let here = run_store::Session::here("").host;
    replay.sessions.last().is_some_and(|last| {
        let there = last.session.host != here
            || std::path::Path::new(&format!("/proc/{}", last.session.pid)).exists();
        last.end.is_none() && there
    })
}
