//! `batch-eval resume`: goes on with a run from wherever it was stopped.

use batch_backend::JobName;
use batch_orchestrator::{Event, Job, JobId, RunState};

use crate::args::{ResumeArgs, Until};
use crate::config::MoneyConfig;
use crate::context::{Context, store};
use crate::exit::{Exit, Failure, Outcome};
use crate::key;
use crate::plugins;
use crate::steps::{self, Locked, Wishes};

pub(crate) async fn resume(context: &Context, args: &ResumeArgs) -> Outcome<()> {
    let key = key::read(&args.key)?;
    let folder = context.find(args.run.run.as_deref())?;
    context.ui.note(&format!("run        {}", folder.manifest().name.as_str()));
    let locked = steps::lock(context, folder)?;
    if args.repair {
        repair(context, &locked)?;
    }
    if args.adopt.is_some() || args.abandon {
        let mut state = steps::state(&locked.folder)?;
        let event = decision(args, &state)?;
        state.apply(&event).map_err(|error| Failure::of(Exit::Usage, &error))?;
        steps::write_down(context, &locked, &[event])?;
    }
    check_scorers(context, &locked, args)?;
    let wishes = Wishes {
        pace: &args.pace,
        key: key.as_ref(),
        accept_partial: args.accept_partial,
        refetch: args.refetch,
        money: MoneyConfig { budget: args.budget, ..MoneyConfig::default() },
        yes: args.yes,
        judges_again: false,
    };
    steps::go_on(context, locked, &wishes).await
}

/// Fails when a run that was never begun could not be scored: nothing is spent on it then. One that was begun is fetched
/// whatever its scorers are like, for what the service has is kept there only for a while.
fn check_scorers(context: &Context, run: &Locked, args: &ResumeArgs) -> Outcome<()> {
    let is_scored = matches!(args.pace.until, None | Some(Until::Scored));
    if is_scored && steps::is_untouched(&steps::state(&run.folder)?) {
        plugins::of_run(context, &run.folder)?;
    }
    Ok(())
}

/// Mends a journal that cannot be read on.
fn repair(context: &Context, run: &Locked) -> Outcome<()> {
    let mended = run.folder.repair(&run.lock, context.now()).map_err(|error| store(&error))?;
    context.ui.note(&match mended {
        None => "repair     the journal is sound".to_owned(),
        Some(repair) => format!(
            "repair     the journal is cut back to line {}; as it was it is kept as {}",
            repair.seq.saturating_sub(1),
            repair.kept_as
        ),
    });
    Ok(())
}

/// What a person decided about a job that is in doubt.
fn decision(args: &ResumeArgs, state: &RunState) -> Outcome<Event> {
    let job = meant(args, state)?;
    match &args.adopt {
        Some(name) => Ok(Event::Adopted { job, name: JobName::new(name), created: None }),
        None => Ok(Event::Abandoned { job }),
    }
}

/// The job of the run that is meant: the one named, or the only one in doubt.
fn meant(args: &ResumeArgs, state: &RunState) -> Outcome<JobId> {
    if let Some(text) = &args.job {
        let known = JobId::parse(text).filter(|id| state.job(*id).is_some());
        return known.ok_or_else(|| {
            let shown = eval_report::sanitize(text).into_owned();
            Failure::usage(format!("the run has no job {shown}"))
                .next("`batch-eval status --json` names its jobs, as in s0001.v0.m0")
        });
    }
    let doubtful: Vec<&Job> = state.ambiguous().collect();
    match doubtful.as_slice() {
        [job] => Ok(job.id),
        [] => Err(Failure::usage("no job of the run is in doubt")
            .next("--job JOB names one; `batch-eval status --json` lists them")),
        several => {
            let names: Vec<String> = several.iter().map(|job| job.id.to_string()).collect();
            Err(Failure::usage(format!("several jobs are in doubt: {}", names.join(", ")))
                .next("--job JOB says which is meant"))
        }
    }
}
