//! The files that show a run row by row: the page, the tables, the test results.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use batch_orchestrator::RunState;
use eval_report::{
    JudgeResult, Junit, MOST_BYTES, Page, PageRows, Report, Role, RowNames, RowsCsv, RowsJsonl,
    RunRow,
};
use run_store::RunFolder;
use scoring::Scorer;

use super::RowBook;
use super::pick::Picks;
use crate::context::Context;
use crate::exit::{Failure, Outcome};
use crate::expected::of_run;
use crate::grading::Reasons;
use crate::judge::{Judging, field_of_row, keep_file};
use crate::plugins::identities;

/// What rows are written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowsFormat {
    Csv,
    Jsonl,
    Junit,
}

/// A report and the scorers that it was made by.
type Reported<'a> = (&'a Report, &'a [Box<dyn Scorer>]);

/// Writes the rows that a report is about.
pub(crate) fn write_rows(
    context: &Context,
    folder: &RunFolder,
    state: &RunState,
    told: Reported<'_>,
    format: RowsFormat,
    out: &mut dyn Write,
) -> Outcome<()> {
    let (report, _) = told;
    // In that format nothing is said of reasons.
    let speaking = if matches!(format, RowsFormat::Junit) { &[] } else { &report.judges[..] };
    let mut told = Told::open(context, folder, state, told, speaking)?;
    let mut out = BufWriter::with_capacity(1 << 18, out);
    let (titles, fields) = (told.shown_titles(), told.fields.clone());
    let judges: Vec<String> = report.judges.iter().map(|judge| judge.scorer.clone()).collect();
    let names =
        RowNames { columns: &titles, scorers: &report.scorers, judges: &judges, fields: &fields };
    match format {
        RowsFormat::Csv => {
            let mut csv =
                RowsCsv::begin(&mut out, names).map_err(|error| failed(context, &error))?;
            told.each(|row, values| csv.row(row, values))?;
            csv.finish().map_err(|error| failed(context, &error))
        }
        RowsFormat::Jsonl => {
            let mut lines = RowsJsonl::begin(&mut out, names);
            told.each(|row, values| lines.row(row, values))?;
            lines.finish().map_err(|error| failed(context, &error))
        }
        RowsFormat::Junit => {
            let mut junit = Junit::new(report, &told.titles);
            told.has_logged = true;
            told.each(|row, _| {
                junit.row(row);
                Ok(())
            })?;
            junit.write(&mut out).map_err(|error| failed(context, &error))
        }
    }
}

/// Writes the page of a report, with as many of the rows as it can hold, the picked ones first.
pub(crate) fn write_page(
    context: &Context,
    folder: &RunFolder,
    state: &RunState,
    told: Reported<'_>,
    picks: &Picks,
    out: &mut dyn Write,
) -> Outcome<()> {
    let (report, _) = told;
    let mut told = Told::open(context, folder, state, told, &report.judges)?;
    told.page(folder, report, picks, &mut BufWriter::with_capacity(1 << 18, out))
}

/// Keeps the page beside the other reports in the run folder; says whether that could be written to.
pub(crate) fn keep_page(
    context: &Context,
    folder: &RunFolder,
    state: &RunState,
    told: Reported<'_>,
    picks: &Picks,
    path: &Path,
) -> Outcome<bool> {
    let mut failure = None;
    let kept = keep_file(context, folder, path, |file| {
        write_page(context, folder, state, told, picks, file).map_err(|error| {
            let what = error.what.clone();
            failure = Some(error);
            io::Error::other(what)
        })
    });
    failure.map_or(kept, Err)
}

/// The rows of a run as files tell of them.
struct Told<'a> {
    context: &'a Context,
    book: RowBook,
    reasons: Reasons,
    fields: Vec<String>,
    titles: Vec<String>,
    has_logged: bool,
}

impl<'a> Told<'a> {
    fn open(
        context: &'a Context,
        folder: &RunFolder,
        state: &RunState,
        (report, scorers): Reported<'_>,
        judges: &[JudgeResult],
    ) -> Outcome<Self> {
        let fields = Judging::wished(context, Some(folder.paths()))?.slices;
        let mut book = RowBook::open(context, folder, state, &identities(scorers))?;
        if let Some(text) = context.expected.get() {
            book.expect(of_run(context, folder, Some(text))?);
        }
        let judges = judges.iter().map(|judge| (judge.scorer.as_str(), judge.fingerprint.as_str()));
        let reasons = Reasons::open(context, folder, judges)?;
        let has_logged = report.models.iter().any(|column| column.role == Role::Logged);
        let titles = book.columns().iter().map(|column| column.title.clone()).collect();
        Ok(Self { context, book, reasons, fields, titles, has_logged })
    }

    /// The titles of the columns that have anything to show.
    fn shown_titles(&self) -> Vec<String> {
        self.titles[usize::from(!self.has_logged)..].to_vec()
    }

    /// Every row in order, without the logged answers where there are none.
    fn each(
        &mut self,
        mut take: impl FnMut(&RunRow, &[Option<String>]) -> io::Result<()>,
    ) -> Outcome<()> {
        for number in 0..self.book.rows() {
            let Some(mut row) = self.row(number)? else { break };
            if !self.has_logged {
                row.answers.remove(0);
            }
            let values = values(&self.fields, &row);
            take(&row, &values).map_err(|error| failed(self.context, &error))?;
        }
        Ok(())
    }

    fn row(&mut self, number: u64) -> Outcome<Option<RunRow>> {
        let row = self.context.stop.failure().map_or_else(|| self.book.row(number), Err)?;
        let Some(mut row) = row else { return Ok(None) };
        self.reasons.tell(&mut row)?;
        Ok(Some(row))
    }

    fn page(
        &mut self,
        folder: &RunFolder,
        report: &Report,
        picks: &Picks,
        out: &mut dyn Write,
    ) -> Outcome<()> {
        let (rows, titles, fields) = (self.book.rows(), self.titles.clone(), self.fields.clone());
        let about = PageRows { columns: &titles, fields: &fields, rows };
        let mut page = Page::begin(out, report, &about).map_err(|e| failed(self.context, &e))?;
        if surely_fits(folder) {
            self.fill(&mut page, 0..rows)?;
        } else {
            let mut sweeps = picks.sweeps();
            loop {
                let room = page.room().map_err(|error| failed(self.context, &error))?;
                let Some(sweep) = sweeps.next(room) else { break };
                if !self.fill(&mut page, sweep)? {
                    break;
                }
            }
        }
        page.finish().map(|_| ()).map_err(|error| failed(self.context, &error))
    }

    /// Puts rows into a page; says whether there was room for all of them.
    fn fill<W: Write>(
        &mut self,
        page: &mut Page<W>,
        numbers: impl IntoIterator<Item = u64>,
    ) -> Outcome<bool> {
        for number in numbers {
            let Some(row) = self.row(number)? else { break };
            let values = values(&self.fields, &row);
            if !page.push(row, values).map_err(|error| failed(self.context, &error))? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Whether the rows of a run go into a page however badly they can be packed.
fn surely_fits(folder: &RunFolder) -> bool {
    let paths = folder.paths();
    let made = folder.manifest().made.inputs.iter().map(|input| input.bytes).sum::<u64>();
    let length = |path: &Path| path.metadata().map_or(0, |about| about.len());
    let jobs = std::fs::read_dir(paths.root().join("jobs")).into_iter().flatten().flatten();
    let results: u64 = jobs.map(|job| length(&job.path().join("raw.jsonl"))).sum();
    made + length(&paths.logged()) + results < MOST_BYTES / 2
}

/// The values of fields in a row.
fn values(fields: &[String], row: &RunRow) -> Vec<Option<String>> {
    let needs_request = fields.iter().any(|field| field.starts_with("/request"));
    let request = row.requests.iter().flatten().next().filter(|_| needs_request);
    let line = request.map(|request| format!("{{\"request\":{}}}", request.get()));
    let line = line.as_deref().map(str::as_bytes);
    fields.iter().map(|field| field_of_row(row.dataset.get().as_bytes(), line, field)).collect()
}

fn failed(context: &Context, error: &io::Error) -> Failure {
    let failed = || Failure::io("failed to write the report's rows", error);
    context.stop.failure().unwrap_or_else(failed)
}
