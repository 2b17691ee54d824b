//! How far a run is, in words and for programs.

use batch_orchestrator::{Goal, Phase, RunState};
use run_store::RunFolder;
use serde_json::json;

use super::{next, resume};
use crate::context::Context;
use crate::exit::Outcome;
use crate::money::{self, Forecasted};
use crate::ui::Ui;
use crate::words::jobs;

pub(super) fn alive(state: &RunState) -> usize {
    state.jobs().filter(|job| matches!(job.phase, Phase::Waiting(_))).count()
}

pub(super) fn safe(state: &RunState) -> String {
    let unknown = |phase: &Phase| matches!(phase, Phase::Intended | Phase::Doubtful(_));
    let unknown = state.jobs().filter(|job| unknown(&job.phase)).count();
    let mut parts = vec![match alive(state) {
        0 => "no job is known to run at the service".to_owned(),
        1 => "1 job runs on at the service".to_owned(),
        n => format!("{n} jobs run on at the service"),
    }];
    if unknown > 0 {
        parts.push(format!("{unknown} may have been created and will be looked for"));
    }
    parts.push("everything here is kept".to_owned());
    parts.join("; ")
}

/// Says how far the run is, from its state and not from what was asked.
pub(crate) fn stopped_at(
    context: &Context,
    folder: &RunFolder,
    state: &RunState,
    forecasted: Option<&Forecasted>,
) -> Outcome<()> {
    let manifest = folder.manifest();
    let all = state.jobs().count();
    let over = state.jobs().filter(|job| job.is_over()).count();
    let at = if over == all {
        "every job is over, and what results there are lie here".to_owned()
    } else if state.reached(Goal::Submitted) {
        format!("{} of {} at the service", alive(state), jobs(all))
    } else if state.has_created() {
        format!("some of {} are created", jobs(all))
    } else if state.reached(Goal::Uploaded) {
        "the input lies at the service; no job exists yet".to_owned()
    } else {
        "the input is prepared; no job was created".to_owned()
    };
    let next = if over == all { next(manifest, state) } else { resume(manifest) };
    if !context.ui.json {
        return Ui::result(&format!("{at}\nnext: {next}"));
    }
    let mut paused = json!({
        "type": "paused", "run": manifest.name.as_str(), "at": at, "folder": folder.paths().root(),
        "next": next,
    });
    if let Some(forecasted) = forecasted {
        paused["forecast"] = money::as_json(forecasted);
    }
    Ui::object(&paused)
}
