//! `batch-eval runs`: the runs here, the newest first.

use batch_orchestrator::{Goal, Job, RunState};
use eval_report::sanitize;
use run_store::{Listed, RunFolder};
use serde_json::{Value, json};

use crate::context::{Context, store};
use crate::duration::human;
use crate::exit::Outcome;
use crate::steps::rfc3339;
use crate::table;
use crate::ui::Ui;

/// One folder among the runs, as it is listed.
struct Line {
    cells: [String; 6],
    value: Value,
}

pub(crate) fn runs(context: &Context) -> Outcome<()> {
    let listed = context.runs.list().map_err(|error| store(&error))?;
    let lines: Vec<Line> = listed.iter().map(|listed| line(context, listed)).collect();
    if context.ui.json {
        let runs: Vec<Value> = lines.into_iter().map(|line| line.value).collect();
        return Ui::object(&json!({"type": "runs", "folder": context.runs.folder(), "runs": runs}));
    }
    let folder = context.runs.folder().display().to_string();
    if lines.is_empty() {
        return Ui::result(&format!("no runs in {}", sanitize(&folder)));
    }
    let mut rows = vec![["RUN", "AGE", "ROWS", "DATASET", "MODELS", "STANDING"].map(str::to_owned)];
    rows.extend(lines.into_iter().map(|line| line.cells));
    Ui::result(&table::lines(&rows).join("\n"))
}

fn line(context: &Context, listed: &Listed) -> Line {
    match listed {
        Listed::Run(folder) => run(context, folder),
        Listed::Unfinished(path) => other(path, "was never finished being made"),
        Listed::Unreadable(path, error) => other(path, &error.to_string()),
        _ => Line { cells: Default::default(), value: Value::Null },
    }
}

fn run(context: &Context, folder: &RunFolder) -> Line {
    let manifest = folder.manifest();
    let (name, asked) = (manifest.name.as_str(), &manifest.asked);
    let age = context.now().duration_since(manifest.created).unwrap_or_default();
    let standing = standing(folder);
    Line {
        cells: [
            name.to_owned(),
            human(age),
            manifest.made.rows.to_string(),
            sanitize(&asked.dataset.label).into_owned(),
            sanitize(&asked.models.join(", ")).into_owned(),
            sanitize(&standing).into_owned(),
        ],
        value: json!({
            "run": name,
            "folder": folder.paths().root(),
            "created": rfc3339(manifest.created),
            "age_s": age.as_secs(),
            "rows": manifest.made.rows,
            "dataset": asked.dataset.label,
            "models": asked.models,
            "emulated": asked.emulated,
            "standing": standing,
        }),
    }
}

fn other(path: &std::path::Path, standing: &str) -> Line {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut cells: [String; 6] = Default::default();
    cells[0] = sanitize(&name).into_owned();
    cells[5] = sanitize(standing).into_owned();
    let value = json!({"run": Value::Null, "folder": path, "standing": standing});
    Line { cells, value }
}

/// How far a run is, in a few words.
fn standing(folder: &RunFolder) -> String {
    let state = folder.plan().and_then(|plan| Ok((plan, folder.replay()?)));
    let state = match state {
        Ok((plan, replay)) => RunState::replay(&plan, replay.events()),
        Err(error) => return error.to_string(),
    };
    match state {
        Err(error) => error.to_string(),
        Ok(state) if state.reached(Goal::Fetched) => "all jobs are over".to_owned(),
        Ok(state) => {
            let (all, over) = (state.jobs().count(), state.jobs().filter(|job| job.is_over()));
            let (over, sent) = (over.count(), state.jobs().filter(|job| is_sent(job)).count());
            format!("{sent} of {all} jobs sent, {over} over")
        }
    }
}

fn is_sent(job: &Job) -> bool {
    job.name.is_some()
}
