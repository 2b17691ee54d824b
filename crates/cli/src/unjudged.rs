//! What to do where a scoring ends without a single verdict.

use eval_report::{Report, sanitize, written};

use crate::plugins::KINDS;

/// The next step after a report in which no scorer said anything of any answer; `run` is what it is of, if that is a
/// run.
pub(crate) fn next(report: &Report, run: Option<&str>) -> Option<String> {
    let mut scores = report.models.iter().flat_map(|column| &column.scores);
    let seen = report.models.iter().any(|column| column.submitted > column.outcomes.missing);
    if !seen || scores.clone().any(|score| score.scored > 0) {
        return None;
    }
    let is_own = |name: &str| {
        name.split_once(':').is_some_and(|(kind, _)| kind != "judge" && KINDS.contains(&kind))
    };
    let own = scores.find(|score| is_own(&score.scorer)).map(|score| written(&score.scorer));
    let shown =
        run.map(|run| format!("`batch-eval show {run} 0` shows an answer and what was said of it"));
    Some(match (own, shown) {
        (Some(own), _) => {
            format!("`batch-eval plugin check '{}'` tries the scorer out", sanitize(&own))
        }
        (None, Some(shown)) => shown,
        (None, None) => {
            "`batch-eval init DATASET` suggests scorers that fit what was logged".to_owned()
        }
    })
}
