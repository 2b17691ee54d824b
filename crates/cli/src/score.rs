//! `batch-eval score`: what can be said again, offline.

use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use batch_orchestrator::{Goal, RunState};
use eval_report::{Column, ColumnSource, Report, Role, sanitize};
use jsonl_transform::member;
use run_store::{RunFolder, Runs};
use scoring::{Form, Pass, Scorer, Scores};

use crate::args::{ExpectedArgs, PaceArgs, ScoreArgs};
use crate::config::MoneyConfig;
use crate::context::{Context, DEFAULT_SCORER, store};
use crate::elapsed::Gaps;
use crate::exit::{Exit, Failure, Outcome};
use crate::grading::{self, Asking};
use crate::judge::{GroupReader, Judging};
use crate::key::Key;
use crate::money::Quotes;
use crate::prepare::Source;
use crate::steps::Wishes;
use crate::verdict::gates;
use crate::{
    declared, expected, judge, key, plugins, prepare, report, scorings, service, steps, unjudged,
};

/// The longest first line that is looked at to tell a dataset from results.
const LONGEST: u64 = 64 << 20;

/// Scores a run, a result file, or the logged answers of a dataset.
pub(crate) async fn score(context: &Context, args: &ScoreArgs) -> Outcome<()> {
    match args.what.as_deref() {
        Some(path) if is_of_run(args) && (path == "-" || is_file(&context.runs, path)) => {
            let what = "--list and --diff are of runs, and a file keeps no scorings";
            Err(Failure::usage(what).next("`batch-eval runs` lists the runs"))
        }
        Some("-") => score_lines(context, args, "-", BufReader::new(context.stop.stdin())),
        Some(path) if is_file(&context.runs, path) => {
            let file = prepare::open_file(path)?;
            // Only the first line is read by way of the buffer: longer reads than it go by it.
            score_lines(context, args, path, BufReader::new(file))
        }
        what => {
            let folder = context.find(what)?;
            if args.scorings.list {
                return scorings::list(context, &folder);
            }
            if !args.scorings.diff.is_empty() {
                return scorings::diff(context, &folder, &args.scorings.diff);
            }
            let scorers = scorers(context, &folder, &args.scorers, &args.expected)?;
            declared::tell_of_run(context, &folder, scorers.iter().map(|scorer| scorer.name()));
            context.judging.check_scorers(context, &scorers, false)?;
            asked(context, &folder, args).await?;
            let judged = again(context, &folder, &scorers)?;
            let shown = report::shown(context, &folder, &judged);
            tell_unjudged(context, &judged.report, Some(folder.manifest().name.as_str()));
            shown
        }
    }
}

/// The scorers of these texts, or else those of the run, held against the expected values that are named, or else
/// against those of the run.
pub(crate) fn scorers(
    context: &Context,
    folder: &RunFolder,
    specs: &[String],
    ExpectedArgs { expected }: &ExpectedArgs,
) -> Outcome<Vec<Box<dyn Scorer>>> {
    let scorers = match specs {
        [] => plugins::of_run_unfed(context, folder)?,
        specs => {
            let scorers = context.scorers(specs)?;
            expected::lacking_in_run(folder, &scorers, expected.as_deref())?;
            plugins::confirm_named(context, folder, &scorers)?;
            scorers
        }
    };
    let text = expected.as_deref();
    let is_seen = expected::told(context, &scorers, text);
    let scorers = expected::given_of_run(context, folder, scorers, text)?;
    if let Some(text) = text.filter(|_| is_seen) {
        // From here on this call is about these values, and no longer about those of the run.
        let _ = context.expected.set(text.to_owned());
    }
    Ok(scorers)
}

/// Asks the judges among the scorers what they were not asked yet: the one part of scoring that is not offline.
async fn asked(context: &Context, folder: &RunFolder, args: &ScoreArgs) -> Outcome<()> {
    if !args.scorers.is_empty() {
        grading::labelled(context, folder)?;
    }
    let state = steps::state(folder)?;
    let again = args.asking.ask_again && grading::lacking(context, folder)? > 0;
    if context.desk.is_empty() || (!again && grading::is_asked(context, folder, &state)?) {
        return Ok(());
    }
    let key = key::read(&args.asking.key)?;
    if args.scorers.is_empty() {
        wished(context, folder, key.as_ref())?;
    }
    let pace = PaceArgs::of(&context.config.pace, None);
    let name = folder.manifest().name.as_str();
    let run = steps::lock(context, folder.clone())?;
    let wishes = Wishes {
        pace: &pace,
        key: key.as_ref(),
        accept_partial: true,
        refetch: false,
        money: MoneyConfig { budget: args.asking.budget, ..MoneyConfig::default() },
        yes: args.asking.yes,
        judges_again: args.asking.ask_again,
    };
    let again = format!("the same `batch-eval score {name} --scorer …` once more");
    let asking = Asking {
        folder: &run.folder,
        state: &state,
        wishes: &wishes,
        again: &again,
        is_wished: true,
    };
    grading::ask(context, asking).await
}

/// Fails where only a run folder that may be anybody's wants its rows sent to a judge, and the key to pay for it.
fn wished(context: &Context, folder: &RunFolder, key: Option<&Key>) -> Outcome<()> {
    let manifest = folder.manifest();
    let is_own = |key: &Key| service::is_own(manifest, key);
    if manifest.asked.emulated || context.trust_plugins || key.is_none_or(is_own) {
        return Ok(());
    }
    let run = sanitize(manifest.name.as_str()).into_owned();
    let what = format!("{run} was not made with this key, and wants its rows sent to a judge");
    Err(Failure::new(Exit::RunFolder, what)
        .safe("nothing was sent")
        .next("name the judge yourself, by --scorer; or, if you trust the folder, --trust-folder"))
}

/// Whether `path` means a file: it is one, and no run has that name.
fn is_file(runs: &Runs, path: &str) -> bool {
    Path::new(path).is_file() && !runs.folder().join(path).is_dir()
}

/// Scores the results of a run once more; costs seconds and no request.
pub(crate) fn again(
    context: &Context,
    folder: &RunFolder,
    scorers: &[Box<dyn Scorer>],
) -> Outcome<judge::Judged> {
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
    let gaps = Gaps::of(&replay, None);
    let elapsed = elapsed.and_then(|at| gaps.within(folder.manifest().created, at));
    let quotes = steps::quotes(context, folder, &MoneyConfig::default())?;
    judge::run(context, folder, &state, scorers, &quotes, elapsed)
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
    context.tariff.go_by(&Quotes::listed_on(&context.config.money, context.now())?);
    let scorers = context.scorers(&specs)?;
    let shown = sanitize(name);
    let failed = |error: &io::Error| Failure::io(format!("failed to read {shown}"), error);
    let first = first_line(&mut reader).map_err(|error| failed(&error))?;
    let is_dataset = member(&first, "request").ok().flatten().is_some();
    let expected = args.expected.expected.as_deref();
    expected::lacking(&scorers, expected)?;
    let source = expected.map(|text| expected::of_lines(text, is_dataset)).transpose()?;
    let is_joined = matches!(source, Some(expected::Source::Table(_)));
    if let Some(text) = expected.filter(|_| expected::told(context, &scorers, expected)) {
        let _ = context.held.set((text.to_owned(), expected::looking(&scorers)));
    }
    let scorers = expected::given(scorers, source);
    let (form, role, label) = if is_dataset {
        (Form::Logged, Role::Logged, "logged")
    } else {
        (Form::Results, Role::Model, label(name))
    };
    if is_dataset && name != "-" {
        let names = scorers.iter().map(|scorer| scorer.name());
        declared::tell(context, &Source::Files(vec![name.to_owned()]), name, names);
    }
    let lines = context.stop.reader(Cursor::new(first).chain(reader));
    let (report, damaged) = file_report(context, args, &scorers, lines, form, role, label)?;
    let ended = match (report.models.first(), damaged) {
        (_, true) => Err(Failure::new(Exit::Verification, format!("{shown} ends inside a line"))
            .next("fetch or copy it again")),
        (Some(column), _) if column.submitted > 0 && unreadable(column) == column.submitted => {
            let bare = is_dataset && column.outcomes.missing == column.submitted;
            Err(if bare {
                Failure::new(Exit::Dataset, format!("no row of {shown} has a logged answer"))
                    .next("`batch-eval run` has models answer them")
            } else {
                Failure::new(Exit::Dataset, format!("{shown} holds no row that can be read"))
                    .next("a result file or a dataset of JSON lines is expected")
            })
        }
        (Some(column), _) if is_joined && expected::fits_none(column) => {
            Err(expected::none(column.submitted))
        }
        _ => gates(&report),
    };
    judge::print(context, &report, None, ended.as_ref().err())?;
    if ended.is_ok() {
        tell_unjudged(context, &report, None);
    }
    ended.map_err(|failure| if context.ui.json { failure.already_said() } else { failure })
}

/// Whether words are given that only a run has something for.
fn is_of_run(args: &ScoreArgs) -> bool {
    args.scorings.list || !args.scorings.diff.is_empty()
}

/// Says what to do where no answer got a verdict.
fn tell_unjudged(context: &Context, report: &Report, run: Option<&str>) {
    if let Some(next) = unjudged::next(report, run) {
        context.ui.note(&format!("next: {next}"));
    }
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
    let wishes = Judging::wished(context, None)?;
    wishes.check_scorers(context, scorers, false)?;
    let mut lines = GroupReader::new(lines, &wishes);
    let mut scores = Scores::new(0, scorers);
    let mut pass = Pass::new(scorers).form(form);
    if let Some(threads) = args.threads {
        pass = pass.threads(threads);
    }
    let summary =
        pass.run(&mut lines, &mut scores).map_err(|error| judge::failed(context, &error))?;
    let mut report = Report::new(scorers.iter().map(|scorer| scorer.name()));
    context.tell_held(&mut report);
    report.push(Column::of(ColumnSource {
        label,
        role,
        model: None,
        variant: None,
        scores: &scores,
        summary: &summary,
    }));
    let groups = lines.finish();
    groups.check(context)?;
    judge::conclude(&mut report, &[scores], &wishes, &groups)?;
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
