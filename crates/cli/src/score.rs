//! `batch-eval score` and `report`: what can be said again, offline.

use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use batch_orchestrator::{Goal, RunState};
use eval_report::{Column, ColumnSource, Report, Role, sanitize};
use jsonl_transform::member;
use run_store::{RunFolder, Runs};
use scoring::{Form, Pass, PassError, Scorer, Scores};

use crate::args::{RunRef, ScoreArgs};
use crate::config::MoneyConfig;
use crate::context::{Context, DEFAULT_SCORER, store};
use crate::exit::{Exit, Failure, Outcome};
use crate::{judge, prepare, steps};

/// The longest first line that is looked at to tell a dataset from results.
const LONGEST: u64 = 64 << 20;

/// Scores a run, a result file, or the logged answers of a dataset.
pub(crate) fn score(context: &Context, args: &ScoreArgs) -> Outcome<()> {
    match args.what.as_deref() {
        Some("-") => score_lines(context, args, "-", BufReader::new(context.stop.stdin())),
        Some(path) if is_file(&context.runs, path) => {
            let file = prepare::open_file(path)?;
            // Only the first line is read by way of the buffer: longer reads than it go by it.
            score_lines(context, args, path, BufReader::new(file))
        }
        what => {
            let folder = context.find(what)?;
            let specs = match args.scorers.as_slice() {
                [] => folder.manifest().asked.scorers.clone(),
                specs => specs.to_vec(),
            };
            let judged = again(context, &folder, &specs)?;
            judge::show(context, &folder, &judged, None)
        }
    }
}

/// Whether `path` means a file: it is one, and no run has that name.
fn is_file(runs: &Runs, path: &str) -> bool {
    Path::new(path).is_file() && !runs.folder().join(path).is_dir()
}

/// Shows the report of a run; makes it first where only the results are there.
pub(crate) fn report(context: &Context, args: &RunRef) -> Outcome<()> {
    let folder = context.find(args.run.as_deref())?;
    let specs = folder.manifest().asked.scorers.clone();
    let judged = again(context, &folder, &specs)?;
    judge::show(context, &folder, &judged, None)
}

/// Scores the results of a run once more; costs seconds and no request.
fn again(context: &Context, folder: &RunFolder, specs: &[String]) -> Outcome<judge::Judged> {
    let scorers = context.scorers(specs)?;
    let replay = folder.replay().map_err(|error| store(&error))?;
    let plan = folder.plan().map_err(|error| store(&error))?;
    let state = RunState::replay(&plan, replay.events())
        .map_err(|error| Failure::of(Exit::RunFolder, &error))?;
    if !state.reached(Goal::Fetched) {
        context
            .ui
            .note("note: this run is not at its end; rows that are not here count as missing");
    }
    let last = replay.entries.last().map(|entry| entry.at);
    let over = state.reached(Goal::Fetched);
    let elapsed = last.filter(|_| over);
    let elapsed = elapsed.and_then(|at| at.duration_since(folder.manifest().created).ok());
    let quotes = steps::quotes(context, folder, &MoneyConfig::default())?;
    judge::run(context, folder, &state, &scorers, &quotes, elapsed)
}

fn score_lines(
    context: &Context,
    args: &ScoreArgs,
    name: &str,
    mut reader: impl BufRead + Send,
) -> Outcome<()> {
    let specs = match args.scorers.as_slice() {
        [] => vec![DEFAULT_SCORER.to_owned()],
        specs => specs.to_vec(),
    };
    let scorers = context.scorers(&specs)?;
    let shown = sanitize(name);
    let failed = |error: &io::Error| Failure::io(format!("failed to read {shown}"), error);
    let first = first_line(&mut reader).map_err(|error| failed(&error))?;
    let is_dataset = member(&first, "request").ok().flatten().is_some();
    let (form, role, label) = if is_dataset {
        (Form::Logged, Role::Logged, "logged")
    } else {
        (Form::Results, Role::Model, label(name))
    };
    let lines = context.stop.reader(Cursor::new(first).chain(reader));
    let (report, damaged) = file_report(context, args, &scorers, lines, form, role, label)?;
    let ended = match (report.models.first(), damaged) {
        (_, true) => Err(Failure::new(Exit::Verification, format!("{shown} ends inside a line"))
            .next("fetch or copy it again")),
        (Some(column), _) if column.submitted > 0 && unreadable(column) == column.submitted => {
            Err(Failure::new(Exit::Dataset, format!("{shown} holds no row that can be read"))
                .next("a result file or a dataset of JSON lines is expected"))
        }
        _ => Ok(()),
    };
    judge::print(context, &report, None, ended.as_ref().err())?;
    ended.map_err(|failure| if context.ui.json { failure.already_said() } else { failure })
}

fn unreadable(column: &Column) -> u64 {
    column.outcomes.unparsable + column.outcomes.missing
}

/// What a file is called in a table: its own name, not the way there.
fn label(path: &str) -> &str {
    if path == "-" {
        return "standard input";
    }
    Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or(path)
}

fn file_report(
    context: &Context,
    args: &ScoreArgs,
    scorers: &[Box<dyn Scorer>],
    lines: impl Read + Send,
    form: Form,
    role: Role,
    label: &str,
) -> Outcome<(Report, bool)> {
    let mut scores = Scores::new(0, scorers);
    let mut pass = Pass::new(scorers).form(form);
    if let Some(threads) = args.threads {
        pass = pass.threads(threads);
    }
    let summary = pass.run(lines, &mut scores).map_err(|error| {
        let exit = match error {
            PassError::Compressed { .. } => Exit::Dataset,
            _ => Exit::Io,
        };
        let failed = || Failure::of(exit, &error).next("gunzip or zstd -d it first, or pipe it in");
        context.stop.failure().unwrap_or_else(failed)
    })?;
    let mut report = Report::new(scorers.iter().map(|scorer| scorer.name()));
    let (scores, summary) = (&scores, &summary);
    report.push(Column::of(ColumnSource {
        label,
        role,
        model: None,
        variant: None,
        scores,
        summary,
    }));
    Ok((report, summary.cut_at.is_some()))
}

/// Everything up to the end of the first line that is not blank.
fn first_line(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let read = reader.by_ref().take(LONGEST).read_until(b'\n', &mut bytes)?;
        if read == 0 || !bytes.trim_ascii().is_empty() {
            return Ok(bytes);
        }
    }
}
