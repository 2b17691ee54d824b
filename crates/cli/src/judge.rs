//! From the results of a run to its report, offline: the passes, the score files, the figures.

use std::io::{BufRead as _, BufReader, BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use batch_orchestrator::{JobId, Phase, RunState, StoredResult, Verdict};
use eval_report::{Column, ColumnSource, Report, Role, sanitize, to_json};
use jsonl_transform::RowKey;
use run_store::{AtomicFile, OwnName, RunFolder, StoreError};
use scoring::{Form, Keys, Pass, PassSummary, Scorer, Scores};

use crate::context::{Context, store};
use crate::dataset_rows::FolderRows;
use crate::exit::{Exit, Failure, Outcome};
use crate::hashing::{Hashing, digest};
use crate::notes::notes;
use crate::prepare::INPUT;
use crate::ui::Ui;

/// A report and what it means for the exit code.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) report: Report,
    /// Why result files cannot be the whole truth, in words.
    pub(crate) damage: Vec<String>,
    /// Rows whose result cannot be used, over all models.
    pub(crate) errors: u64,
    /// Rows that did not come back, over all models.
    pub(crate) missing: u64,
}

/// Everything the passes over one run share.
struct Bench<'a> {
    context: &'a Context,
    folder: &'a RunFolder,
    scorers: &'a [Box<dyn Scorer>],
    hashes: Vec<u32>,
    rows: u64,
}

/// Scores the results of a run and folds them to a report; keeps both in the folder.
pub(crate) fn run(
    context: &Context,
    folder: &RunFolder,
    state: &RunState,
    scorers: &[Box<dyn Scorer>],
    elapsed: Option<Duration>,
) -> Outcome<Judged> {
    let manifest = folder.manifest();
    let n_rows = manifest.made.rows;
    let hashes = key_hashes(context, folder)?;
    let bench = Bench { context, folder, scorers, hashes, rows: n_rows };
    let mut report = empty(folder, scorers, elapsed);
    let mut judged = Vec::new();
    if let Some(column) = bench.logged()? {
        report.push(column);
    }
    for (at, model) in (0u32..).zip(&manifest.asked.models) {
        let (scores, summary) = bench.model(state, at)?;
        judged
            .extend(summary.damage().iter().map(|damage| format!("{}: {damage}", sanitize(model))));
        bench.keep_scores(at, &scores)?;
        report.push(Column::of(ColumnSource {
            label: model,
            role: Role::Model,
            model: Some(model),
            variant: None,
            scores: &scores,
            summary: &summary,
        }));
    }
    report.warnings.extend(notes(folder, state));
    let asked = || report.models.iter().filter(|column| column.role == Role::Model);
    let errors = asked().filter_map(|column| column.scores.first()).map(|score| score.errors).sum();
    let missing = asked().map(|column| column.outcomes.missing).sum();
    bench.keep_report(&report)?;
    Ok(Judged { report, damage: judged, errors, missing })
}

fn empty(folder: &RunFolder, scorers: &[Box<dyn Scorer>], elapsed: Option<Duration>) -> Report {
    let manifest = folder.manifest();
    let mut report = Report::new(scorers.iter().map(|scorer| scorer.name()));
    report.run = Some(eval_report::RunLabel {
        id: manifest.tag.as_str().to_owned(),
        name: manifest.name.as_str().to_owned(),
    });
    report.backend = Some(eval_report::Backend {
        name: if manifest.asked.emulated { "emulator" } else { "gemini" }.to_owned(),
        base_url: (!manifest.asked.emulated).then(|| manifest.asked.backend.base_url.clone()),
        emulated: manifest.asked.emulated,
    });
    report.dataset = Some(eval_report::Dataset {
        name: manifest.asked.dataset.label.clone(),
        rows: manifest.made.rows,
    });
    report.elapsed_ms = elapsed.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    report
}

impl Bench<'_> {
    /// The logged answers as a column; `None` when the dataset has none at all.
    fn logged(&self) -> Outcome<Option<Column>> {
        let path = self.folder.paths().logged();
        let file = self.folder.paths().open_file(&path).map_err(|error| store(&error))?;
        let mut scores = Scores::new(self.rows, self.scorers);
        let reader = self.context.stop.reader(BufReader::with_capacity(1 << 20, file));
        let summary = self.pass(reader, Form::Logged, &mut scores)?;
        let column = Column::of(ColumnSource {
            label: "logged",
            role: Role::Logged,
            model: None,
            variant: None,
            scores: &scores,
            summary: &summary,
        });
        let any = column.outcomes.missing < column.submitted;
        Ok(any.then_some(column))
    }

    /// The results of one model over all inputs.
    fn model(&self, state: &RunState, model: u32) -> Outcome<(Scores, PassSummary)> {
        let mut scores = Scores::new(self.rows, self.scorers);
        let mut summary = PassSummary::default();
        for job in state.jobs().filter(|job| job.id.model == model) {
            if let Phase::Over(Verdict::Results { result, .. }) = &job.phase {
                summary.absorb(&self.job(job.id, result, &mut scores)?);
            }
        }
        Ok((scores, summary))
    }

    /// The results of one job. The file must be the one that was fetched.
    fn job(&self, job: JobId, result: &StoredResult, scores: &mut Scores) -> Outcome<PassSummary> {
        let path = self.folder.paths().raw(job);
        let file = self.folder.paths().open_file(&path).map_err(|error| store(&error))?;
        let mut reader = Hashing::new(self.context.stop.reader(file));
        let mut lines = BufReader::with_capacity(1 << 20, &mut reader);
        let summary = self.pass(&mut lines, Form::Results, scores)?;
        // A pass reads to the end; what it left is read here so that the digest is of the file.
        std::io::copy(&mut lines, &mut std::io::sink())
            .map_err(|error| Failure::io(format!("failed to read {}", path.display()), &error))?;
        let (_, sha256) = reader.finish();
        if sha256 != result.sha256 {
            let what = format!("{} is not the file that was fetched", path.display());
            let mut failure = Failure::new(Exit::RunFolder, what);
            failure.causes.push(format!("sha256 is {sha256}, was {}", result.sha256));
            return Err(failure.next("bring the file back from a copy; nothing else was touched"));
        }
        Ok(summary)
    }

    fn pass(
        &self,
        reader: impl std::io::BufRead,
        form: Form,
        scores: &mut Scores,
    ) -> Outcome<PassSummary> {
        let hash = |row: u64| usize::try_from(row).ok().and_then(|at| self.hashes.get(at)).copied();
        let needs = self.scorers.iter().any(|scorer| scorer.needs().any());
        let mut rows = if needs { Some(FolderRows::open(self.folder)?) } else { None };
        let mut pass = Pass::new(self.scorers).keys(Keys::checked(0..self.rows, &hash)).form(form);
        if let Some(rows) = &mut rows {
            pass = pass.dataset(rows);
        }
        pass.run(reader, scores).map_err(|error| {
            self.context.stop.failure().unwrap_or_else(|| Failure::of(Exit::Io, &error))
        })
    }

    /// One line a row: its key, its outcome, what each scorer said.
    fn keep_scores(&self, model: u32, scores: &Scores) -> Outcome<()> {
        let paths = self.folder.paths();
        let path = paths.scores(&set(self.scorers)?, JobId { input: INPUT, model });
        self.keep(&path, |file| self.write_scores(file, scores))
    }

    /// Keeps the report: the run's own as `report.json`, others beside it under the name of their
    /// set.
    fn keep_report(&self, report: &Report) -> Outcome<()> {
        let path = self.folder.paths().report(&report_name(self.folder, self.scorers)?);
        let json = to_json(report).map_err(|error| Failure::of(Exit::Bug, &error))?;
        self.keep(&path, |file| file.write_all(json.as_bytes()))
    }

    /// Writes a file that can be made again at any time. A folder that cannot be written to is no
    /// reason to keep a report from its reader.
    fn keep(
        &self,
        path: &Path,
        write: impl FnOnce(&mut AtomicFile) -> std::io::Result<()>,
    ) -> Outcome<()> {
        let shown = || sanitize(&path.display().to_string()).into_owned();
        let kept = (|| {
            let paths = self.folder.paths();
            if let Some(folder) = path.parent() {
                paths.make_folder(folder)?;
            }
            let mut file = paths.create_file(path)?;
            write(&mut file).map_err(|error| (shown(), error))?;
            file.commit()?;
            Ok(())
        })();
        match kept {
            Ok(()) => Ok(()),
            Err(Unkept::Read(only)) => {
                let text = format!("note       {} is not written: {only}", shown());
                self.context.ui.note(&text);
                Ok(())
            }
            Err(Unkept::Failed(failure)) => Err(failure),
        }
    }

    fn write_scores(&self, file: &mut impl Write, scores: &Scores) -> std::io::Result<()> {
        let mut out = BufWriter::with_capacity(1 << 18, file);
        for (row, hash) in (0u64..).zip(&self.hashes) {
            let verdicts: serde_json::Map<String, serde_json::Value> = self
                .scorers
                .iter()
                .enumerate()
                .map(|(at, scorer)| (scorer.name().to_owned(), verdict(scores, at, row)))
                .collect();
            let line = serde_json::json!({
                "key": format!("r{row:08}-{hash:08x}"),
                "outcome": scores.outcome(row).name(),
                "verdicts": verdicts,
            });
            writeln!(out, "{line}")?;
        }
        out.flush()
    }
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
fn verdict(scores: &Scores, scorer: usize, row: u64) -> serde_json::Value {
    scores
        .passed(scorer, row)
        .map(serde_json::Value::from)
        .or_else(|| scores.label(scorer, row).map(serde_json::Value::from))
        .or_else(|| scores.value(scorer, row).map(serde_json::Value::from))
        .unwrap_or_default()
}

/// The hash in the key of each row, in order: 4 bytes a row.
fn key_hashes(context: &Context, folder: &RunFolder) -> Outcome<Vec<u32>> {
    let path = folder.paths().logged();
    let file = folder.paths().open_file(&path).map_err(|error| store(&error))?;
    let failed = |error: &std::io::Error| {
        let failed = || Failure::io(format!("failed to read {}", path.display()), error);
        context.stop.failure().unwrap_or_else(failed)
    };
    let mut reader = context.stop.reader(BufReader::with_capacity(1 << 20, file));
    let mut hashes = Vec::new();
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).map_err(|error| failed(&error))? > 0 {
        // `{"key":"r00000042-1f9c03ab",…`: our own writing, so the key stands where we put it.
        let text = line.strip_prefix(br#"{"key":""#).and_then(|rest| {
            let end = rest.iter().position(|byte| *byte == b'"')?;
            std::str::from_utf8(&rest[..end]).ok()
        });
        let key = text.and_then(|text| RowKey::parse(text).ok());
        let Some(key) = key.filter(|key| key.number() == hashes.len() as u64) else {
            let what = format!("{} is damaged at row {}", path.display(), hashes.len());
            return Err(Failure::new(Exit::RunFolder, what));
        };
        hashes.push(key.hash());
        line.clear();
    }
    if hashes.len() as u64 != folder.manifest().made.rows {
        let what = format!(
            "{} has {} rows, the run has {}",
            path.display(),
            hashes.len(),
            folder.manifest().made.rows
        );
        return Err(Failure::new(Exit::RunFolder, what));
    }
    Ok(hashes)
}

/// The name under which the scores of these scorers are kept.
fn set(scorers: &[Box<dyn Scorer>]) -> Outcome<OwnName> {
    let names: Vec<&str> = scorers.iter().map(|scorer| scorer.name()).collect();
    own(&format!("s-{}", &digest(names.join("\n").as_bytes())[..12]))
}

fn own(text: &str) -> Outcome<OwnName> {
    OwnName::parse(text).map_err(|error| store(&error))
}

fn report_name(folder: &RunFolder, scorers: &[Box<dyn Scorer>]) -> Outcome<OwnName> {
    let own_scorers: Vec<&str> =
        folder.manifest().asked.scorers.iter().map(String::as_str).collect();
    let these: Vec<&str> = scorers.iter().map(|scorer| scorer.name()).collect();
    if own_scorers == these {
        own("report.json")
    } else {
        own(&format!("{}.json", set(scorers)?.as_str()))
    }
}

/// Prints the report of a run, and in JSON why the program does not end well.
pub(crate) fn show(
    context: &Context,
    folder: &RunFolder,
    judged: &Judged,
    failure: Option<&Failure>,
) -> Outcome<()> {
    print(context, &judged.report, Some(folder), failure)
}

/// Prints a report: a table and its sentences for people, one object for programs.
pub(crate) fn print(
    context: &Context,
    report: &Report,
    folder: Option<&RunFolder>,
    failure: Option<&Failure>,
) -> Outcome<()> {
    let root = folder.map(|folder| folder.paths().root());
    if context.ui.json {
        let exit = failure.map_or(0, |failure| failure.exit as u8);
        let error = failure.map(Failure::json);
        return Ui::object(&serde_json::json!({
            "type": "report", "folder": root, "report": report, "exit": exit, "error": error,
        }));
    }
    let mut text = Ui::table(report);
    if let Some(root) = root {
        text.push_str("\nrun folder: ");
        text.push_str(&sanitize(&root.display().to_string()));
        text.push('\n');
    }
    Ui::result(&text)
}
