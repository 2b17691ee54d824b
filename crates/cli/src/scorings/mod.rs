//! The scorings of a run, side by side: which there are, and what tells one from another.

mod diff;
mod rows;

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use eval_report::{Report, sanitize, written};
use run_store::RunFolder;
use scoring::Scorer;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::context::{Context, store};
use crate::exit::{Exit, Failure, Outcome};
use crate::layout::Align;
use crate::plugins::{Identity, identities};
use crate::ui::Ui;
use crate::{judge, layout};

pub(crate) use diff::diff;

const VERSION: u32 = 1;
const ABOUT: &str = "scoring.json";

/// What is known of a scoring: `scores/s-…/scoring.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Scoring {
    v: u32,
    /// The name of its folder.
    id: String,
    /// When it ended.
    at: String,
    program: String,
    scorers: Vec<Identity>,
    figures: Vec<Figure>,
}

/// What one scorer said of one column.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Figure {
    column: String,
    scorer: String,
    passes: u64,
    scored: u64,
    submitted: u64,
}

/// Where the scores of scorers of these names are kept.
fn place(context: &Context, folder: &RunFolder, names: &[&str]) -> Outcome<PathBuf> {
    let mut path = judge::scores_path(context, folder, names, None)?;
    path.pop();
    Ok(path)
}

/// Makes way for a new scoring: an earlier one by scorers of the same names that were not the same is set aside.
pub(crate) fn begin(
    context: &Context,
    folder: &RunFolder,
    scorers: &[Box<dyn Scorer>],
) -> Outcome<()> {
    let names: Vec<&str> = scorers.iter().map(|scorer| scorer.name()).collect();
    let place = place(context, folder, &names)?;
    let Some(earlier) = read(folder, &place)? else { return Ok(()) };
    if earlier.scorers == identities(scorers) {
        return Ok(());
    }
    let prints: Vec<&str> = earlier.scorers.iter().map(|one| one.fingerprint.as_str()).collect();
    let print = crate::hashing::digest(prints.join("\n").as_bytes());
    let aside = place.with_file_name(format!("{}-{}", earlier.id, &print[..8]));
    // A scoring by the same scorers that was set aside before is as good.
    let moved = if aside.is_dir() { Ok(()) } else { fs::rename(&place, &aside) };
    match moved {
        Ok(()) => context.ui.note(&format!(
            "note       scorers have changed: the earlier scoring is kept as {}",
            sanitize(&aside.file_name().unwrap_or_default().to_string_lossy())
        )),
        // A folder that cannot be written to has no new scoring either.
        Err(error) => {
            context
                .ui
                .note(&format!("note       the earlier scoring cannot be set aside: {error}"));
        }
    }
    Ok(())
}

/// Keeps what the scoring is that now lies in the folder.
pub(crate) fn end(
    context: &Context,
    folder: &RunFolder,
    scorers: &[Box<dyn Scorer>],
    report: &Report,
) -> Outcome<()> {
    let names: Vec<&str> = scorers.iter().map(|scorer| scorer.name()).collect();
    let place = place(context, folder, &names)?;
    let id = place.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let figures = report.models.iter().flat_map(|column| {
        column.scores.iter().map(|score| Figure {
            column: column.title(),
            scorer: score.scorer.clone(),
            passes: score.passes,
            scored: score.scored,
            submitted: column.submitted,
        })
    });
    let scoring = Scoring {
        v: VERSION,
        id,
        at: instant(context.now()),
        program: Context::program(),
        scorers: identities(scorers),
        figures: figures.collect(),
    };
    let json =
        serde_json::to_vec_pretty(&scoring).map_err(|error| Failure::of(Exit::Bug, &error))?;
    judge::keep_file(context, folder, &place.join(ABOUT), |file| file.write_all(&json)).map(drop)
}

/// To the millisecond: scorings within a second have an order too.
fn instant(at: std::time::SystemTime) -> String {
    jiff::Timestamp::try_from(at).map_or_else(|_| "-".to_owned(), |at| format!("{at:.3}"))
}

fn read(folder: &RunFolder, place: &std::path::Path) -> Outcome<Option<Scoring>> {
    let path = place.join(ABOUT);
    if !path.is_file() {
        return Ok(None);
    }
    let file = folder.paths().open_file(&path).map_err(|error| store(&error))?;
    let scoring: Scoring =
        serde_json::from_reader(std::io::BufReader::new(file)).map_err(|error| {
            let what = format!("{} is damaged: {error}", sanitize(&path.display().to_string()));
            Failure::new(Exit::RunFolder, what)
                .next("remove its folder: scores can be made again at any time")
        })?;
    // What a file says of itself never leads anywhere else.
    let id = place.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Some(Scoring { id, ..scoring }))
}

/// All scorings of a run, the oldest first.
fn all(folder: &RunFolder) -> Outcome<Vec<Scoring>> {
    let root = folder.paths().root().join("scores");
    let entries = match fs::read_dir(&root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(Failure::io(format!("failed to read {}", root.display()), &error));
        }
    };
    let mut found = Vec::new();
    for entry in entries.flatten().filter(|entry| entry.path().is_dir()) {
        found.extend(read(folder, &entry.path())?);
    }
    found.sort_by(|one, other| (&one.at, &one.id).cmp(&(&other.at, &other.id)));
    Ok(found)
}

/// Columns of the list; the last two may hang below.
const COLUMNS: [(&str, Align); 5] = [
    ("SCORING", Align::Left),
    ("WHEN", Align::Left),
    ("VERSION", Align::Left),
    ("PASSES OF SCORED ROWS", Align::Left),
    ("SCORER", Align::Left),
];
const FIGURES: usize = 3;
const SCORER: usize = 4;

/// Shows which scorings a run has.
pub(crate) fn list(context: &Context, folder: &RunFolder) -> Outcome<()> {
    let scorings = all(folder)?;
    let name = folder.manifest().name.as_str();
    if context.ui.json {
        return Ui::object(&json!({"type": "scorings", "run": name, "scorings": scorings}));
    }
    if scorings.is_empty() {
        return Ui::result(&format!("{name} has not been scored\nnext: batch-eval score {name}"));
    }
    let mut rows = Vec::new();
    for scoring in &scorings {
        for scorer in &scoring.scorers {
            let figures = scoring.figures.iter().filter(|figure| figure.scorer == scorer.name);
            let figures: Vec<String> = figures
                .map(|one| format!("{} {}/{}", sanitize(&one.column), one.passes, one.scored))
                .collect();
            rows.push([
                scoring.id.clone(),
                scoring.at.clone(),
                sanitize(&scorer.version).into_owned(),
                figures.join(", "),
                sanitize(&written(&scorer.name)).into_owned(),
            ]);
        }
    }
    let lines = layout::list(COLUMNS, rows, vec![], &[FIGURES, SCORER], Ui::width());
    Ui::result(&lines.join("\n"))
}
