//! The part of a run that leads over the service.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use batch_orchestrator::{
    Event, Finish, Goal, Journal, OnAmbiguous, Policy, RunState, StuckAfter, World, drive,
};
use run_store::{BackendKind, FileJournal, FolderSink, Manifest, Stuck};

use super::standing::{alive, safe};
use super::{Story, Wishes, failed, resume};
use crate::again;
use crate::args::{Ambiguous, PaceArgs, Until};
use crate::config::PaceConfig;
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::grading;
use crate::key::{self, Key};
use crate::progress::Shown;
use crate::run::settings::stuck;
use crate::service;
use crate::words::jobs;

/// The part of the way that leads over the service.
///
/// Jobs that were stuck and cut short are followed by smaller ones, which are waited for too.
pub(super) async fn travel(
    context: &Context,
    story: &mut Story<'_>,
    wishes: &Wishes<'_>,
) -> Outcome<RunState> {
    let folder = story.folder;
    let manifest = folder.manifest();
    let emulated = manifest.asked.backend.kind == BackendKind::Emulator;
    if !emulated && wishes.key.is_none() {
        let before = story.state()?;
        if !before.reached(Goal::Fetched) {
            return Err(key::missing().safe("nothing was changed").next(resume(manifest)));
        }
        context
            .ui
            .note("note       all results are here; without a key no second jobs are looked for");
        return Ok(before);
    }
    let mut policy = policy(manifest, wishes.pace, wishes.money.budget, emulated)?;
    // What judges took of the budget is gone.
    let judges = grading::committed(folder)?;
    policy.budget = policy.budget.map(|budget| budget.saturating_sub(judges));
    (policy.made_before, policy.events_before) = (!story.is_new, Some(story.told));
    guard(context, manifest, wishes.key, wishes.pace, &mut policy);
    service::trusted(context, manifest, wishes.key)?;
    let service = service::open(&manifest.asked.backend, wishes.key, &story.emulator).await?;
    let world = World {
        backend: Arc::clone(&service.backend),
        sink: Arc::new(FolderSink::new(folder)),
        clock: Arc::new(context.clock),
        listener: Arc::new(Shown::new(context.ui, context.clock, manifest, policy.settle)),
    };
    loop {
        let plan = story.plan.clone();
        let stop = context.stop.wait();
        let mut written = Written { journal: story.journal, events: Vec::new() };
        let driven = drive(plan, policy.clone(), &story.events, &mut written, &world, stop).await;
        let events = written.events;
        story.events.extend(events);
        let (finish, state) = match driven {
            Ok(driven) => driven,
            Err(error) => {
                // The journal may be what failed; the error that counts is the first one.
                let _ = story.journal.end("failed");
                return Err(failed(context, manifest, &error));
            }
        };
        // Rows are sent again only where it is known which of them were: another key may not see it.
        let is_over = state.reached(Goal::Fetched) || matches!(finish, Finish::Split(_));
        let is_unseen = other_key(manifest, wishes.key)
            && !matches!(wishes.pace.on_ambiguous, Some(Ambiguous::Retry));
        if is_over && is_unseen {
            again::tell_of_unknown(context, folder, &state)?;
        } else if is_over {
            // A line that is known to be lost may be one of just now, so that its job may still show up.
            let settle = if story.mended { policy.settle } else { Duration::ZERO };
            let policy = Policy { settle, ..policy.clone() };
            let is_split = matches!(finish, Finish::Split(_));
            let found = again::take_back(context, &state, &policy, &world, (folder, !is_split));
            let found = found.await?;
            if !found.is_empty() {
                story.add(found)?;
                continue;
            }
        }
        match finish {
            Finish::Split(stuck) => {
                let again = again::split(context, folder, &state, &stuck)?;
                story.add(again)?;
            }
            other => return finished(context, story, &other, state),
        }
    }
}

/// A journal that also remembers what was written to it in this process.
#[derive(Debug)]
struct Written<'a> {
    journal: &'a mut FileJournal,
    events: Vec<Event>,
}

impl Journal for Written<'_> {
    fn append(&mut self, event: &Event) -> io::Result<()> {
        self.journal.append(event)?;
        self.events.push(event.clone());
        Ok(())
    }
}

fn finished(
    context: &Context,
    story: &mut Story<'_>,
    finish: &Finish,
    state: RunState,
) -> Outcome<RunState> {
    let manifest = story.folder.manifest();
    match finish {
        Finish::Reached | Finish::Split(_) => Ok(state),
        Finish::Deadline => {
            story.end("deadline")?;
            let (late, all) = (alive(&state), jobs(state.jobs().count()));
            Err(Failure::new(Exit::Paused, format!("{late} of {all} passed the deadline"))
                .safe("they run on at the service, and what is here stays")
                .next(format!("{} --deadline 100h", resume(manifest))))
        }
        Finish::Stopped => {
            story.end("stopped")?;
            let exit = context.stop.exit().unwrap_or(Exit::Interrupted);
            Err(Failure::new(exit, "stopped before the end")
                .safe(safe(&state))
                .next(resume(manifest)))
        }
    }
}

/// With another key than the run was made with, jobs that cannot be seen must not be taken for jobs
/// that do not exist.
pub(crate) fn guard(
    context: &Context,
    manifest: &Manifest,
    key: Option<&Key>,
    pace: &PaceArgs,
    policy: &mut Policy,
) {
    if !other_key(manifest, key) {
        return;
    }
    context.ui.alarm(
        "warning: this is another key than the run was made with; if it is of another project, \
         the run's jobs cannot be seen with it",
    );
    if pace.on_ambiguous.is_none() {
        policy.on_ambiguous = OnAmbiguous::Stop;
    }
}

/// Whether the run was made with another key than this one.
fn other_key(manifest: &Manifest, key: Option<&Key>) -> bool {
    let made_with = manifest.asked.key_fingerprint.as_deref();
    made_with
        .zip(key)
        .is_some_and(|(made, key)| made != key.mark(manifest.tag.as_str(), &manifest.asked.backend))
}

/// How a session works on a run: what this call wants, over what the run was made with.
pub(crate) fn policy(
    manifest: &Manifest,
    pace: &PaceArgs,
    budget: Option<batch_cost::Money>,
    emulated: bool,
) -> Outcome<Policy> {
    let settings = &manifest.asked.settings;
    let limits = settings.limits.live().map_err(|error| Failure::of(Exit::RunFolder, &error))?;
    let stuck = stuck_of(pace, settings.stuck)?;
    let budget = budget.map(batch_cost::Money::micros).or(settings.budget);
    let stored = settings.poll_interval_ms.map(Duration::from_millis);
    let on_ambiguous = match (pace.on_ambiguous, settings.on_ambiguous) {
        (Some(Ambiguous::Stop), _) | (None, run_store::OnAmbiguous::Stop) => OnAmbiguous::Stop,
        _ => OnAmbiguous::Retry,
    };
    let default = Policy::default();
    let settle = pace.settle.unwrap_or(Duration::from_millis(settings.settle_ms));
    let patience = if emulated { service::EMULATED_PATIENCE } else { default.patience };
    Ok(Policy {
        goal: match pace.until {
            Some(Until::Prepared | Until::Uploaded) => Goal::Uploaded,
            Some(Until::Submitted) => Goal::Submitted,
            _ => Goal::Fetched,
        },
        settle,
        settle_declined: default.settle_declined.min(settle),
        on_ambiguous,
        poll_interval: pace
            .poll_interval
            .or(stored)
            .or_else(|| emulated.then_some(service::EMULATED_POLL)),
        deadline: pace.deadline.unwrap_or(Duration::from_millis(settings.deadline_ms)),
        patience: pace.patience.unwrap_or(patience),
        seed: Context::entropy(),
        limits,
        budget,
        stuck: stuck.map(StuckAfter::from),
        made_before: true,
        events_before: None,
        max_result_bytes: pace.max_result_bytes.or(settings.max_result_bytes),
    })
}

/// What this call says of stuck jobs, over what the run was made with.
fn stuck_of(pace: &PaceArgs, stored: Option<Stuck>) -> Outcome<Option<Stuck>> {
    let config = pace.as_config();
    let after = config.stuck_after.or(stored.map(|stuck| Duration::from_millis(stuck.after_ms)));
    if config.stuck_then.is_some() && after.is_none() {
        return Err(Failure::usage("--then needs --stuck-after: when is a job stuck?"));
    }
    if config.stuck_then.is_none() && config.stuck_after.is_none() {
        return Ok(stored);
    }
    let then = stuck(&PaceConfig { stuck_after: after, ..config.clone() });
    Ok(match (then, stored) {
        (Some(new), Some(stored)) if config.stuck_then.is_none() => {
            Some(Stuck { then: stored.then, ..new })
        }
        (then, _) => then,
    })
}
