//! The scorings of a run, side by side: which there are, and what tells one from another.

mod diff;
mod rows;

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use eval_report::{Column, Report, ScorerResult, Wins, sanitize, written};
use run_store::RunFolder;
use scoring::Scorer;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::context::{Context, store};
use crate::exit::{Exit, Failure, Outcome};
use crate::layout::Align;
use crate::plugins::{Identity, identities, marks};
use crate::ui::Ui;
use crate::{judge, layout, words};

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
    /// Where the values came from that some of the scorers held answers against, and which those are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expected: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    expecting: Vec<String>,
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
    /// Where verdicts are grades: their mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mean: Option<f64>,
    /// Where verdicts are labels: how many different ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    labels: Option<usize>,
    /// Of a judge that compares two answers: how often it preferred these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wins: Option<Preferred>,
}

/// How often the answers of a column were preferred to those they were compared with.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Preferred {
    wins: u64,
    losses: u64,
    ties: u64,
}

impl Scoring {
    /// A scorer as it was written, with what it held answers against.
    fn called(&self, scorer: &str) -> String {
        let held =
            self.expected.as_ref().filter(|_| self.expecting.iter().any(|one| one == scorer));
        let held = held.map_or_else(String::new, |from| format!(", held against {from}"));
        format!("{}{held}", written(scorer))
    }
}

impl Figure {
    fn of(report: &Report, column: &Column, score: &ScorerResult) -> Self {
        let title = column.title();
        let judge = report.judges.iter().find(|judge| judge.scorer == score.scorer);
        let judged = judge.and_then(|judge| judge.columns.iter().find(|one| one.column == title));
        let wins = judged.and_then(|judged| judged.wins.as_ref());
        Self {
            scorer: score.scorer.clone(),
            passes: score.passes,
            scored: score.scored,
            submitted: column.submitted,
            mean: score.mean,
            labels: Some(score.labels.len()).filter(|many| *many > 0 && score.accuracy.is_none()),
            wins: wins.map(|&Wins { wins, losses, ties, .. }| Preferred { wins, losses, ties }),
            column: title,
        }
    }

    /// The figure with what it is of.
    fn text(&self) -> String {
        let (column, scored) = (sanitize(&self.column), self.scored);
        let said = match (self.wins, self.mean, self.labels) {
            _ if scored == 0 => return format!("{column} none scored"),
            (Some(Preferred { wins, losses, ties }), ..) => {
                format!("{wins} won {losses} lost {ties} tied of")
            }
            (None, Some(mean), _) => format!("mean {mean:.3} of"),
            (None, None, Some(many)) => format!("{} on", words::counted(many as u64, "label")),
            (None, None, None) => return format!("{column} {}/{scored}", self.passes),
        };
        format!("{column} {said} {scored}")
    }
}

/// Where the scores of scorers are kept.
fn place(context: &Context, folder: &RunFolder, scorers: &[Box<dyn Scorer>]) -> Outcome<PathBuf> {
    let mut path = judge::scores_path(context, folder, &marks(scorers), None)?;
    path.pop();
    Ok(path)
}

/// Makes way for a new scoring: an earlier one by scorers of the same names that were not the same is set aside.
pub(crate) fn begin(
    context: &Context,
    folder: &RunFolder,
    scorers: &[Box<dyn Scorer>],
) -> Outcome<()> {
    let place = place(context, folder, scorers)?;
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
    let place = place(context, folder, scorers)?;
    let id = place.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let figures = report
        .models
        .iter()
        .flat_map(|column| column.scores.iter().map(|score| Figure::of(report, column, score)));
    let scoring = Scoring {
        v: VERSION,
        id,
        at: instant(context.now()),
        program: Context::program(),
        scorers: identities(scorers),
        expected: report.expected.clone(),
        expecting: report.expecting.clone(),
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
            let figures: Vec<String> = figures.map(Figure::text).collect();
            rows.push([
                scoring.id.clone(),
                scoring.at.clone(),
                sanitize(&scorer.version).into_owned(),
                figures.join(", "),
                sanitize(&scoring.called(&scorer.name)).into_owned(),
            ]);
        }
    }
    let lines = layout::list(COLUMNS, rows, vec![], &[FIGURES, SCORER], Ui::width());
    Ui::result(&lines.join("\n"))
}
