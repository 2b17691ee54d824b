//! From the results of a run to its report, offline: the passes, the score files, the figures.

mod absent;
mod decidable;
mod groups;
mod keep;
mod passes;
mod wishes;

use std::path::PathBuf;
use std::time::Duration;

use batch_orchestrator::{Event, RunState};
use eval_report::{Column, ColumnSource, Report, Role, sanitize};
use run_store::{RunFolder, Variant};
use scoring::{PassSummary, Scorer, Scores};

use crate::context::Context;
use crate::elapsed::Elapsed;
use crate::exit::{Failure, Outcome};
use crate::grading;
use crate::money::{Bills, Quotes};
use crate::notes::notes;
use crate::rows::{Picks, Results, keep_page};
use crate::scorings;
use crate::ui::Ui;
pub(crate) use groups::{GroupReader, Groups, in_line as field_of_line, in_run as field_of_row};
pub(crate) use keep::{keep as keep_file, scores_path};
pub(crate) use passes::{Passes, failed};
pub(crate) use wishes::Judging;

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
    /// The first of them by their keys.
    pub(crate) absent: Vec<String>,
    /// Where its page lies, or the rows of one that could not be kept.
    pub(crate) page: Result<PathBuf, Picks>,
    /// What jobs cost, as far as the run's ledger does not know it yet.
    pub(crate) spent: Vec<Event>,
}

/// Scores the results of a run and folds them to a report; keeps both in the folder.
pub(crate) fn run(
    context: &Context,
    folder: &RunFolder,
    state: &RunState,
    scorers: &[Box<dyn Scorer>],
    quotes: &Quotes,
    elapsed: Option<Elapsed>,
) -> Outcome<Judged> {
    context.tariff.go_by(quotes);
    context.judging.check_scorers(context, scorers, false)?;
    scorings::begin(context, folder, scorers)?;
    let wishes = Judging::wished(context, Some(folder.paths()))?;
    let mut report = empty(context, folder, scorers, elapsed);
    let mut columns: Vec<Scores> = Vec::new();
    let graded = grading::load(context, folder)?;
    let mut bills = Bills::new(folder, quotes);
    let (mut damage, mut absent) = (Vec::new(), Vec::new());
    for cells in cells(folder).chunk_by(|one, other| one.variant == other.variant) {
        let variant = cells[0].variant;
        let passes = Passes::open(context, folder, scorers, variant)?;
        graded.lay_logged();
        if variant == 0
            && let Some((column, scores)) = passes.logged()?
        {
            report.push(column);
            keep::scores(context, folder, &passes, None, &scores)?;
            columns.push(scores);
        }
        for cell in cells {
            graded.lay_cell(cell);
            let (scores, summary) = results(folder, state, &passes, cell, &mut bills)?;
            absent::name(&mut absent, folder, &passes, cell, &scores)?;
            let label = cell.label();
            damage.extend(
                summary.damage().iter().map(|what| format!("{}: {what}", sanitize(&label))),
            );
            let numbers = Some((cell.variant, cell.model));
            keep::scores(context, folder, &passes, numbers, &scores)?;
            let column = Column::of(ColumnSource {
                label: cell.model_name,
                role: Role::Model,
                model: Some(cell.model_name),
                variant: cell.variant_name,
                scores: &scores,
                summary: &summary,
            });
            report.push(Column { cost: bills.cost(cell), ..column });
            columns.push(scores);
        }
    }
    report.judges = graded.results(context, folder, quotes)?;
    report.warnings.extend(notes(folder, state));
    let groups = Groups::of_run(context, folder, &wishes)?;
    groups.check(context)?;
    let logged = report.models.iter().filter(|column| column.role == Role::Logged).count();
    // What the run keeps was checked before it was sent, and never keeps its report from being seen.
    context.judging.check_logged(logged as u64)?;
    conclude(&mut report, &columns, &wishes, &groups)?;
    let asked = || report.models.iter().filter(|column| column.role == Role::Model);
    let errors = asked().filter_map(|column| column.scores.first()).map(|score| score.errors).sum();
    let missing = asked().map(|column| column.outcomes.missing).sum();
    let path = keep::report(context, folder, scorers, &report)?.with_extension("html");
    let picks = Picks::of(&report, &columns);
    drop(columns);
    let kept = keep_page(context, folder, state, (&report, scorers), &picks, &path)?;
    let page = if kept { Ok(path) } else { Err(picks) };
    scorings::end(context, folder, scorers, &report)?;
    Ok(Judged { report, damage, errors, missing, absent, spent: bills.news(state), page })
}

/// Scores the results of a cell; on the way it is noted where their lines lie, unless that is known.
fn results(
    folder: &RunFolder,
    state: &RunState,
    passes: &Passes<'_>,
    cell: &Cell<'_>,
    bills: &mut Bills<'_>,
) -> Outcome<(Scores, PassSummary)> {
    let jobs = || state.cell(cell.variant, cell.model);
    let lines = Results::open(folder, (cell.variant, cell.model), jobs())?;
    let mut noting = lines.noting()?;
    let scored = passes.results_noted(jobs(), Some(bills), noting.as_mut())?;
    lines.noted(noting)?;
    Ok(scored)
}

/// Compares the columns of a report and decides its gates; `columns` are their verdicts, in order.
pub(crate) fn conclude(
    report: &mut Report,
    columns: &[Scores],
    wishes: &Judging,
    groups: &Groups,
) -> Outcome<()> {
    wishes.check_against(report)?;
    let gates = wishes.gates()?;
    let columns: Vec<&Scores> = columns.iter().collect();
    report.conclude(&columns, &groups.conclude(wishes, &gates));
    Ok(())
}

/// A model under a variant: a column of the report.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell<'a> {
    pub(crate) variant: u32,
    pub(crate) model: u32,
    pub(crate) model_name: &'a str,
    /// `None` where the run has but one, and that changes nothing.
    pub(crate) variant_name: Option<&'a str>,
}

impl Cell<'_> {
    pub(crate) fn label(&self) -> String {
        match self.variant_name {
            Some(variant) => format!("{}/{variant}", self.model_name),
            None => self.model_name.to_owned(),
        }
    }
}

/// Whether columns go by the names of these variants too: there are several, or the only one changes requests.
pub(crate) fn is_varied(variants: &[Variant]) -> bool {
    variants.len() > 1 || variants.iter().any(|variant| variant.edits.is_some())
}

/// What the columns of models under variants are called, variant by variant.
pub(crate) fn titles(models: &[String], variants: &[Variant]) -> Vec<String> {
    if !is_varied(variants) {
        return models.to_vec();
    }
    let of = |named: &Variant| {
        let title = |model| format!("{model}/{}", named.name);
        models.iter().map(title).collect::<Vec<_>>()
    };
    variants.iter().flat_map(of).collect()
}

/// Every model under every variant, variant by variant.
pub(crate) fn cells(folder: &RunFolder) -> Vec<Cell<'_>> {
    let asked = &folder.manifest().asked;
    let varied = is_varied(&asked.variants);
    let mut cells = Vec::new();
    for (variant, named) in (0u32..).zip(&asked.variants) {
        let variant_name = varied.then_some(named.name.as_str());
        for (model, model_name) in (0u32..).zip(&asked.models) {
            cells.push(Cell { variant, model, model_name, variant_name });
        }
    }
    cells
}

fn empty(
    context: &Context,
    folder: &RunFolder,
    scorers: &[Box<dyn Scorer>],
    elapsed: Option<Elapsed>,
) -> Report {
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
    context.tell_held(&mut report);
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    report.elapsed_ms = elapsed.map(|elapsed| millis(elapsed.whole));
    report.away_ms = elapsed.and_then(|elapsed| elapsed.away).map(millis);
    report
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
