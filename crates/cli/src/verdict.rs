//! What the end of a run means for the exit code.

use std::io::BufReader;

use batch_backend::JobName;
use batch_cost::Money;
use batch_orchestrator::{Goal, Job, Phase, RunState, Verdict};
use eval_report::{Column, Count, GateOutcome, GateResult, Report, Role, sanitize};
use run_store::{Manifest, OwnName, RunFolder};
use scoring::Outcome as RowOutcome;

use crate::again::Class;
use crate::dataset_rows::refused_line;
use crate::exit::{Exit, Failure, Outcome};
use crate::judge::Judged;
use crate::steps::resume;
use crate::words::{counted, jobs, rows};

/// Refusals that are shown; the others tell the same mostly.
const SHOWN: usize = 3;

/// How the reason begins for which results that are too long were not taken.
const TOO_LONG: &str = "they are longer than ";

/// Fails when a job waits for a person.
pub(crate) fn undecided(state: &RunState) -> Outcome<()> {
    let Some(job) = state.quarantined().next() else { return Ok(()) };
    let Phase::Over(Verdict::Quarantined { name, reason }) = &job.phase else { return Ok(()) };
    let failure = Failure::new(Exit::Ambiguous, format!("job {} needs a decision", job.id));
    let reason = sanitize(reason).into_owned();
    let next = match name {
        Some(name) => format!("look at {} in your project", sanitize(name.as_str())),
        None => "if no such job runs in your project: resume with --on-ambiguous retry".to_owned(),
    };
    Err(Failure { causes: vec![reason], ..failure }.safe("nothing was sent twice").next(next))
}

/// Fails when the service would create none of the jobs.
pub(crate) fn refused(folder: &RunFolder, state: &RunState) -> Outcome<()> {
    let reason = |job: &Job| match &job.phase {
        Phase::Over(Verdict::Refused(reason)) => {
            Some((job.id.input, sanitize(reason).into_owned()))
        }
        _ => None,
    };
    let reasons: Vec<_> = state.jobs().filter_map(reason).collect();
    if reasons.len() < state.jobs().count() {
        return Ok(());
    }
    let mut failure = Failure::new(Exit::Verification, "the service refused every job");
    let line = reasons.first().and_then(|(input, reason)| refused_line(folder, *input, reason));
    let all = reasons.len();
    failure.causes = reasons.into_iter().take(SHOWN).map(|(_, reason)| reason).collect();
    if all > SHOWN {
        failure.causes.push(format!("and {} more", jobs(all - SHOWN)));
    }
    failure.causes.extend(line.map(|line| sanitize(&line).into_owned()));
    Err(failure
        .safe("nothing runs and nothing is paid for")
        .next("mend what it names, or leave such rows out with --bad-rows skip, in a new run"))
}

/// Fails when jobs were not sent because the budget does not bear them.
pub(crate) fn afforded(folder: &RunFolder, state: &RunState) -> Outcome<()> {
    let budget = |job: &Job| match job.phase {
        Phase::Over(Verdict::NotAfforded { budget }) => Some((budget, job.load.cost)),
        _ => None,
    };
    let unsent: Vec<_> = state.jobs().filter_map(budget).collect();
    let Some(budget) = unsent.iter().map(|(budget, _)| *budget).max() else { return Ok(()) };
    let cost: Option<u64> = unsent.iter().map(|(_, cost)| *cost).sum();
    let what = format!(
        "{} not sent: the budget of {} does not bear {}",
        jobs(unsent.len()),
        Money::from_micros(budget),
        if unsent.len() == 1 { "it" } else { "them" },
    );
    let mut failure = Failure::new(Exit::Quota, what);
    let committed = Money::from_micros(state.ledger().committed);
    failure.causes = vec![match cost {
        Some(cost) => format!(
            "{committed} are spent or under way, and up to {} would come to it",
            Money::from_micros(cost)
        ),
        None => "what they may cost is not known".to_owned(),
    }];
    let next = format!("{} --budget USD, with a higher one", resume(folder.manifest()));
    Err(failure.safe("no more than the budget was sent").next(next))
}

/// The exit code of a run that came to its report.
pub(crate) fn verdict(
    folder: &RunFolder,
    state: &RunState,
    judged: &Judged,
    accept_partial: bool,
) -> Outcome<()> {
    undecided(state)?;
    refused(folder, state)?;
    afforded(folder, state)?;
    if let Some(damage) = judged.damage.first() {
        return Err(Failure::new(
            Exit::Verification,
            format!("a result file is damaged: {damage}"),
        )
        .safe("the file is kept as it came")
        .next(format!("{} --refetch", resume(folder.manifest()))));
    }
    let (lacking, missing) = (judged.errors + judged.missing, judged.missing);
    if lacking == 0 || accept_partial || on_purpose(folder, judged).is_some() {
        return gates(&judged.report);
    }
    let what = format!(
        "no usable answer for {}: {} failed, {missing} missing",
        rows(lacking),
        judged.errors
    );
    let mut failure = Failure::new(Exit::Verification, what);
    if !judged.absent.is_empty() {
        let more = missing.saturating_sub(judged.absent.len() as u64);
        let more = if more == 0 { String::new() } else { format!(", and {more} more") };
        failure.causes.push(format!("missing: {}{more}", judged.absent.join(", ")));
    }
    let lost = lost(state);
    let (resume, good) = (resume(folder.manifest()), "--accept-partial, if that is good enough");
    let next = match (lost.is_empty(), is_any_too_long(state)) {
        (true, _) if sends_again(state, &judged.report) => {
            format!("{}; or {resume} {good}", retry(folder.manifest()))
        }
        (true, _) => format!("{resume} {good}"),
        (false, false) => format!("{resume}, which asks for them once more; {good}"),
        (false, true) => format!(
            "{resume}, which asks for them once more; --max-result-bytes N takes longer ones; {good}"
        ),
    };
    failure.causes.extend(lost);
    let scored = "the report counts them, and every row that came is scored";
    Err(failure.safe(format!("{scored}{}", decided(&judged.report))).next(next))
}

/// What is said of failed rows of the bundled sample, which has some on purpose, to show what they look like.
pub(crate) fn on_purpose(folder: &RunFolder, judged: &Judged) -> Option<String> {
    let is_so = judged.missing == 0 && judged.errors > 0 && is_sample(folder.manifest());
    let models = folder.manifest().asked.models.len();
    is_so.then(|| purposeful(judged.errors, models))
}

/// Failures are counted over all models: more of them than there are such rows.
fn purposeful(failed: u64, models: usize) -> String {
    let verb = if failed == 1 { "fails" } else { "fail" };
    let (answers, models) = (counted(failed, "answer"), counted(models as u64, "model"));
    format!(
        "{answers} of {models} to the bundled sample {verb} on purpose, to show what that looks like"
    )
}

/// Whether rows failed, or never came, in a way that may pass: a retry sends those without more words.
fn sends_again(state: &RunState, report: &Report) -> bool {
    // Rows of such jobs are missing for a reason that a retry does not mend.
    let is_for_good = |job: &Job| {
        let of_verdict = matches!(
            job.phase,
            Phase::Over(
                Verdict::Refused(_) | Verdict::ResultsLost { .. } | Verdict::NotAfforded { .. }
            )
        );
        of_verdict || job.is_put_down()
    };
    let is_for_good = state.jobs().any(is_for_good);
    let passes = |column: &Column| {
        let codes = &column.error_codes;
        let is_coded = |code: &Count| Class::of(RowOutcome::Error, Some(&code.name));
        let is_any = codes.iter().filter_map(is_coded).any(|class| Class::RETRIED.contains(&class));
        let uncoded = column.outcomes.error > codes.iter().map(|code| code.rows).sum();
        is_any || uncoded || column.outcomes.missing > 0
    };
    let models = report.models.iter().filter(|column| column.role == Role::Model);
    !is_for_good && models.into_iter().any(passes)
}

/// The next command for a run whose jobs are over, by the report that is kept: a retry where that may help.
pub(crate) fn next(folder: &RunFolder, state: &RunState) -> Option<String> {
    if !state.reached(Goal::Fetched) || is_sample(folder.manifest()) {
        return None;
    }
    let name = OwnName::parse("report.json").ok()?;
    let path = folder.paths().report(&name);
    let file = folder.paths().open_file(&path).ok()?;
    let report: Report = serde_json::from_reader(BufReader::new(file)).ok()?;
    sends_again(state, &report).then(|| retry(folder.manifest()))
}

fn retry(manifest: &Manifest) -> String {
    format!("batch-eval retry {}", manifest.name.as_str())
}

/// Jobs whose results cannot be had, and why.
fn lost(state: &RunState) -> Vec<String> {
    let why = |job: &Job| match &job.phase {
        Phase::Over(Verdict::ResultsLost { reason, .. }) => {
            let name = job.name.as_ref().map_or("", JobName::as_str);
            Some(format!(
                "the results of {} {} cannot be had: {}",
                job.id,
                sanitize(name),
                sanitize(reason)
            ))
        }
        _ => None,
    };
    let mut lost: Vec<String> = state.jobs().filter_map(why).collect();
    let more = lost.len().saturating_sub(SHOWN);
    lost.truncate(SHOWN);
    lost.extend((more > 0).then(|| format!("and those of {} more", jobs(more))));
    lost
}

/// Whether the results of a job were not taken because they are too long.
fn is_any_too_long(state: &RunState) -> bool {
    state.jobs().any(|job| match &job.phase {
        Phase::Over(Verdict::ResultsLost { reason, .. }) => reason.starts_with(TOO_LONG),
        _ => false,
    })
}

/// Fails when a gate is not met, or when the rows do not tell.
pub(crate) fn gates(report: &Report) -> Outcome<()> {
    let with = |outcome| report.gates.iter().filter(move |gate| gate.outcome == outcome);
    let failed = |exit, what: &str, outcome| {
        let mut failure = Failure::new(exit, what);
        let said = |gate: &GateResult| sanitize(&gate.sentence).into_owned();
        failure.causes = with(outcome).map(said).collect();
        failure.safe("the report is complete, and everything is kept")
    };
    if with(GateOutcome::Fail).next().is_some() {
        return Err(failed(Exit::GateFailed, "a gate is not met", GateOutcome::Fail)
            .next("look at the rows that differ before you go on"));
    }
    if with(GateOutcome::TooLittleData).next().is_some() {
        let what = "there is too little data to decide a gate";
        // Without bounds it is no matter of the margin.
        let is_bound = with(GateOutcome::TooLittleData).any(|gate| gate.low.is_some());
        let next = if is_bound {
            "run it on more rows, or with a wider margin"
        } else {
            "give it what its sentence says is lacking"
        };
        return Err(failed(Exit::GateUndecided, what, GateOutcome::TooLittleData).next(next));
    }
    Ok(())
}

/// What the gates decide by the rows that came, in a few words.
fn decided(report: &Report) -> String {
    let outcomes = [GateOutcome::Pass, GateOutcome::Fail, GateOutcome::TooLittleData];
    let count = |outcome| report.gates.iter().filter(|gate| gate.outcome == outcome).count();
    let words: Vec<String> = outcomes
        .into_iter()
        .filter(|outcome| count(*outcome) > 0)
        .map(|outcome| format!("{} {}", count(outcome), outcome.word()))
        .collect();
    if words.is_empty() { String::new() } else { format!("; gates by those: {}", words.join(", ")) }
}

fn is_sample(manifest: &Manifest) -> bool {
    let digest = crate::hashing::digest(crate::sample::BYTES);
    manifest.asked.emulated && manifest.asked.dataset.sha256.as_deref() == Some(digest.as_str())
}

#[cfg(test)]
mod tests {
    #[test]
    fn failures_of_the_sample_are_counted_as_answers_over_models() {
        let said = |failed, models| super::purposeful(failed, models);
        assert!(said(3, 2).starts_with("3 answers of 2 models to the bundled sample fail "));
        assert!(said(1, 1).starts_with("1 answer of 1 model to the bundled sample fails "));
    }
}
