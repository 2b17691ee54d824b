//! What a reader of a report must know and no figure says.

use batch_backend::JobState;
use batch_orchestrator::{Ending, Job, Phase, RunState, Verdict};
use eval_report::{Warning, WarningKind};
use run_store::RunFolder;

use crate::dataset_rows::refused_line;
use crate::status;
use crate::words::rows;

/// The notes of a run: jobs that did not end well, rows that were left out.
pub(crate) fn notes(folder: &RunFolder, state: &RunState) -> Vec<Warning> {
    let manifest = folder.manifest();
    let left_out = manifest.made.transformed.bad;
    let left_out = (left_out > 0).then(|| Warning {
        kind: WarningKind::Note,
        column: None,
        text: format!("{} of the dataset left out: they cannot be sent", rows(left_out)),
    });
    let jobs = state.jobs().filter_map(|job| {
        let model = status::model(folder, job);
        let line = match &job.phase {
            Phase::Over(Verdict::Refused(reason)) => refused_line(folder, job.id.input, reason),
            _ => None,
        };
        let line = line.map(|line| format!("; {line}")).unwrap_or_default();
        let text = format!("{model}: {}{line}", job_note(job)?);
        Some(Warning { kind: WarningKind::Note, column: Some(model), text })
    });
    let doubles = state.jobs().flat_map(|job| {
        let model = status::model(folder, job);
        job.extras.iter().map(move |name| Warning {
            kind: WarningKind::Note,
            column: Some(model.clone()),
            text: format!(
                "{model}: a second job for the same work was found and is paid for, {name}"
            ),
        })
    });
    left_out.into_iter().chain(jobs).chain(doubles).collect()
}

/// How a job ended, where it did not simply succeed.
fn job_note(job: &Job) -> Option<String> {
    let ended = |ending: &Ending| {
        let error = ending.error.as_ref().map(|error| format!(": {}", error.message));
        format!("its job ended {}{}", ending.state, error.unwrap_or_default())
    };
    match &job.phase {
        Phase::Over(Verdict::Results { ending, .. }) => {
            (ending.state != JobState::Succeeded).then(|| ended(ending))
        }
        Phase::Over(Verdict::NoResults(ending)) => {
            Some(format!("{}, without results", ended(ending)))
        }
        Phase::Over(Verdict::ResultsLost { reason, .. }) => {
            Some(format!("its results cannot be had: {reason}"))
        }
        Phase::Over(Verdict::Refused(reason)) => Some(format!("its job was refused: {reason}")),
        Phase::Over(Verdict::Quarantined { reason, .. }) => {
            Some(format!("its job needs a decision: {reason}"))
        }
        Phase::Over(Verdict::Abandoned { .. }) => {
            Some("its job was given up by hand; it may exist and be paid for".to_owned())
        }
        Phase::Over(Verdict::NotAfforded { .. }) => {
            Some("its job was not sent: the budget does not bear it".to_owned())
        }
        Phase::Over(Verdict::NeverSent) => {
            Some("its job was stopped before it was created".to_owned())
        }
        _ => Some("its job is not over; rows that are not here count as missing".to_owned()),
    }
}
