//! Keeps what was judged in the run folder: scores row by row, and the report.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use batch_orchestrator::{InputId, JobId};
use eval_report::{Report, sanitize, to_json, to_markdown};
use run_store::{AtomicFile, OwnName, RunFolder, StoreError};
use scoring::{RowKey, Scorer, Scores};
use serde_json::Value;

use crate::context::{Context, store};
use crate::exit::{Exit, Failure, Outcome};
use crate::hashing::digest;
use crate::judge::Passes;
use crate::plugins;
use crate::row_keys::RowKeys;

/// One line a row: its key, its outcome, what each scorer said of the answer of a cell, given by the numbers of its
/// variant and model, or of the logged one.
pub(super) fn scores(
    context: &Context,
    folder: &RunFolder,
    passes: &Passes<'_>,
    cell: Option<(u32, u32)>,
    scores: &Scores,
) -> Outcome<()> {
    let paths = folder.paths();
    let names = passes.scorers();
    let path = scores_path(context, folder, &passes.marks(), cell)?;
    let logged = paths.open_file(&paths.logged()).map_err(|error| store(&error))?;
    let mut keys = RowKeys::new(logged, &context.stop);
    let (variant, _) = cell.unwrap_or_default();
    // Keys are those of the rows as they were sent under the first variant.
    let mut key = |row| match passes.key(row).filter(|_| variant == 0) {
        Some(key) => Ok(Some(key)),
        None => Ok(keys.next(row)?.map(|key| RowKey { number: key.number(), hash: key.hash() })),
    };
    keep(context, folder, &path, |file| write_scores(&names, file, &mut key, scores)).map(drop)
}

/// Keeps the report, as JSON and for a pull request: the run's own as `report.json`, others beside it under the name
/// of their set. Gives where the first lies.
pub(super) fn report(
    context: &Context,
    folder: &RunFolder,
    scorers: &[Box<dyn Scorer>],
    report: &Report,
) -> Outcome<PathBuf> {
    let path = folder.paths().report(&report_name(context, folder, scorers)?);
    let json = to_json(report).map_err(|error| Failure::of(Exit::Bug, &error))?;
    keep(context, folder, &path, |file| file.write_all(json.as_bytes()))?;
    let markdown = to_markdown(report);
    let short = path.with_extension("md");
    keep(context, folder, &short, |file| file.write_all(markdown.as_bytes()))?;
    Ok(path)
}

/// Writes a file that can be made again at any time. A folder that cannot be written to is no
/// reason to keep a report from its reader: then this says false.
pub(crate) fn keep(
    context: &Context,
    folder: &RunFolder,
    path: &Path,
    write: impl FnOnce(&mut AtomicFile) -> std::io::Result<()>,
) -> Outcome<bool> {
    let shown = || sanitize(&path.display().to_string()).into_owned();
    let kept = (|| {
        let paths = folder.paths();
        if let Some(parent) = path.parent() {
            paths.make_folder(parent)?;
        }
        let mut file = paths.create_file(path)?;
        write(&mut file).map_err(|error| (shown(), error))?;
        file.commit()?;
        Ok(())
    })();
    match kept {
        Ok(()) => Ok(true),
        Err(Unkept::Read(only)) => {
            let text = format!("note       {} is not written: {only}", shown());
            context.ui.note(&text);
            Ok(false)
        }
        Err(Unkept::Failed(failure)) => Err(failure),
    }
}

fn write_scores(
    scorers: &[&str],
    file: &mut impl Write,
    key: &mut dyn FnMut(u64) -> std::io::Result<Option<RowKey>>,
    scores: &Scores,
) -> std::io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 18, file);
    // Members stand in the order of their names, and the last of those with one name counts.
    let columns: BTreeMap<&str, usize> =
        scorers.iter().enumerate().map(|(at, name)| (*name, at)).collect();
    let comma = |place| if place == 0 { "" } else { "," };
    let columns: Vec<(String, usize)> = (columns.into_iter().enumerate())
        .map(|(place, (name, at))| (format!("{}{}:", comma(place), Value::from(name)), at))
        .collect();
    for row in 0..scores.rows() {
        let Some(key) = key(row)? else { break };
        write!(out, r#"{{"key":"{key}","outcome":""#)?;
        out.write_all(scores.outcome(row).name().as_bytes())?;
        out.write_all(br#"","verdicts":{"#)?;
        for (name, at) in &columns {
            out.write_all(name.as_bytes())?;
            write_verdict(&mut out, scores, *at, row)?;
        }
        out.write_all(b"}}\n")?;
    }
    out.flush()
}

/// Why a file that can be made again was not written.
enum Unkept {
    /// The folder is read-only, or another's.
    Read(String),
    Failed(Failure),
}

impl From<StoreError> for Unkept {
    fn from(error: StoreError) -> Self {
        let read_only = match &error {
            StoreError::Io { source, .. } => matches!(
                source.kind(),
                std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied
            ),
            _ => false,
        };
        if read_only { Self::Read(error.to_string()) } else { Self::Failed(store(&error)) }
    }
}

impl From<(String, std::io::Error)> for Unkept {
    fn from((path, error): (String, std::io::Error)) -> Self {
        Self::Failed(Failure::io(format!("failed to write {path}"), &error))
    }
}

/// What a scorer said of a row: a pass as a boolean, a grade as a number, a label as a text, and
/// nothing where it could say nothing.
fn write_verdict(
    out: &mut impl Write,
    scores: &Scores,
    scorer: usize,
    row: u64,
) -> std::io::Result<()> {
    if let Some(passed) = scores.passed(scorer, row) {
        return out.write_all(if passed { b"true" } else { b"false" });
    }
    let label = scores.label(scorer, row).map(Value::from);
    let verdict = label.or_else(|| scores.value(scorer, row).map(Value::from));
    write!(out, "{}", verdict.unwrap_or_default())
}

/// Where the verdicts of scorers of these marks are kept: on the answers of a model under a variant, given by
/// its number and the variant's, or on the logged ones. Where this call holds answers against other values than the
/// run does, they lie apart from the run's own.
pub(crate) fn scores_path(
    context: &Context,
    folder: &RunFolder,
    marks: &[String],
    cell: Option<(u32, u32)>,
) -> Outcome<PathBuf> {
    let (variant, model) = cell.unwrap_or_default();
    let job = JobId { input: InputId { shard: 1, variant }, model };
    let path = folder.paths().scores(&set(context, marks)?, job);
    Ok(if cell.is_some() { path } else { path.with_file_name("logged.jsonl") })
}

/// The name under which the scores of scorers of these marks are kept.
fn set(context: &Context, marks: &[String]) -> Outcome<OwnName> {
    let mut text = marks.join("\n");
    if let Some(expected) = context.expected.get() {
        text = format!("{text}\n--expected\n{expected}");
    }
    own(&format!("s-{}", &digest(text.as_bytes())[..12]))
}

fn own(text: &str) -> Outcome<OwnName> {
    OwnName::parse(text).map_err(|error| store(&error))
}

fn report_name(
    context: &Context,
    folder: &RunFolder,
    scorers: &[Box<dyn Scorer>],
) -> Outcome<OwnName> {
    if context.expected.get().is_none() && plugins::are_of_run(folder, scorers)? {
        own("report.json")
    } else {
        own(&format!("{}.json", set(context, &plugins::marks(scorers))?.as_str()))
    }
}
