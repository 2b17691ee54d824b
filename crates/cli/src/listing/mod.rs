//! `batch-eval runs`: the runs here, the newest first.

mod figures;

use batch_orchestrator::{Goal, Job, RunState};
use eval_report::sanitize;
use run_store::{Listed, RunFolder};
use serde_json::{Value, json};

use crate::context::{Context, store};
use crate::exit::Outcome;
use crate::layout::{Align, list};
use crate::steps::rfc3339;
use crate::ui::Ui;
use figures::{Figures, costs, short};

/// Columns of the list; models and their figures may hang below, and then the state.
const COLUMNS: [(&str, Align); 7] = [
    ("RUN", Align::Left),
    ("AGE", Align::Right),
    ("ROWS", Align::Right),
    ("DATASET", Align::Shrinks(8)),
    ("MODELS", Align::Left),
    ("COST", Align::Right),
    ("STATE", Align::Left),
];
const MODELS: usize = 4;
const STATE: usize = 6;

/// One folder among the runs, as it is listed.
struct Line {
    cells: [String; 7],
    /// What has no column: why a folder cannot be read.
    below: Option<String>,
    value: Value,
}

pub(crate) fn runs(context: &Context) -> Outcome<()> {
    let listed = context.runs.list().map_err(|error| store(&error))?;
    let lines: Vec<Line> = listed.iter().filter_map(|listed| line(context, listed)).collect();
    if context.ui.json {
        let runs: Vec<Value> = lines.into_iter().map(|line| line.value).collect();
        return Ui::object(&json!({"type": "runs", "folder": context.runs.folder(), "runs": runs}));
    }
    if lines.is_empty() {
        let folder = context.runs.folder().display().to_string();
        return Ui::result(&format!("no runs in {}", sanitize(&folder)));
    }
    let below = |line: Line| (line.cells, Vec::from_iter(line.below));
    let (rows, below) = lines.into_iter().map(below).unzip();
    Ui::result(&list(COLUMNS, rows, below, &[MODELS, STATE], Ui::width()).join("\n"))
}

fn line(context: &Context, listed: &Listed) -> Option<Line> {
    match listed {
        Listed::Run(folder) => Some(run(context, folder)),
        Listed::Unfinished(path) => {
            Some(other(path, "unfinished", "was never finished being made"))
        }
        Listed::Unreadable(path, error) => Some(other(path, "unreadable", &error.to_string())),
        _ => None,
    }
}

fn run(context: &Context, folder: &RunFolder) -> Line {
    let manifest = folder.manifest();
    let (name, asked) = (manifest.name.as_str(), &manifest.asked);
    let age = context.now().duration_since(manifest.created).unwrap_or_default();
    let state = folder.plan().and_then(|plan| Ok((plan, folder.replay()?)));
    let state = match state {
        Ok((plan, replay)) => {
            RunState::replay(&plan, replay.events()).map_err(|error| error.to_string())
        }
        Err(error) => Err(error.to_string()),
    };
    let figures = Figures::of(folder);
    let cost = costs(folder, state.as_ref().ok());
    let (word, standing) = standing(state.as_ref());
    Line {
        cells: [
            name.to_owned(),
            short(age),
            manifest.made.rows.to_string(),
            sanitize(&asked.dataset.label).into_owned(),
            sanitize(&figures.text(&asked.models)).into_owned(),
            cost.text,
            if word == "damaged" { word.to_owned() } else { sanitize(&standing).into_owned() },
        ],
        below: (word == "damaged").then(|| sanitize(&standing).into_owned()),
        value: json!({
            "run": name,
            "folder": folder.paths().root(),
            "created": rfc3339(manifest.created),
            "age_s": age.as_secs(),
            "rows": manifest.made.rows,
            "dataset": asked.dataset.label,
            "models": asked.models,
            "scorers": asked.scorers,
            "emulated": asked.emulated,
            "state": word,
            "standing": standing,
            "accuracy": figures.json(),
            "cost_micros": cost.micros,
        }),
    }
}

fn other(path: &std::path::Path, word: &str, standing: &str) -> Line {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut cells: [String; 7] = Default::default();
    cells[0] = sanitize(&name).into_owned();
    word.clone_into(&mut cells[6]);
    let value = json!({"run": null, "folder": path, "state": word, "standing": standing});
    Line { cells, below: Some(sanitize(standing).into_owned()), value }
}

/// How far a run is: a word for programs, and a few for people.
fn standing(state: Result<&RunState, &String>) -> (&'static str, String) {
    let state = match state {
        Ok(state) => state,
        Err(error) => return ("damaged", error.clone()),
    };
    let all = state.jobs().count();
    let over = state.jobs().filter(|job| job.is_over()).count();
    let sent = state.jobs().filter(|job| is_sent(job)).count();
    let undecided = state.quarantined().count();
    if undecided > 0 {
        return ("undecided", format!("{undecided} of {all} jobs need a decision"));
    }
    if state.reached(Goal::Fetched) {
        return ("fetched", "all jobs are over".to_owned());
    }
    let word = if state.has_created() { "running" } else { "prepared" };
    (word, format!("{sent} of {all} jobs sent, {over} over"))
}

fn is_sent(job: &Job) -> bool {
    job.name.is_some()
}
