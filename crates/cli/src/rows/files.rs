//! The files that show a run row by row: the page, the tables, the test results.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use batch_orchestrator::RunState;
use eval_report::{Junit, MOST_BYTES, Page, PageRows, Report, Role, RowsCsv, RowsJsonl, RunRow};
use run_store::RunFolder;

use super::RowBook;
use super::pick::Picks;
use crate::context::Context;
use crate::exit::{Failure, Outcome};
use crate::expected::of_run;
use crate::judge::{Judging, field_of_row, keep_file};

/// What rows are written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowsFormat {
    Html,
    Csv,
    Jsonl,
    Junit,
}

/// Writes a report with the rows that it is about.
pub(crate) fn write_rows(
    context: &Context,
    folder: &RunFolder,
    state: &RunState,
    report: &Report,
    format: RowsFormat,
    out: &mut dyn Write,
) -> Outcome<()> {
    let fields = Judging::wished(context, Some(folder.paths()))?.slices;
    let scorers: Vec<&str> = report.scorers.iter().map(String::as_str).collect();
    let mut book = RowBook::open(context, folder, state, &scorers)?;
    if let Some(text) = context.expected.get() {
        book.expect(of_run(context, folder, Some(text))?);
    }
    let has_logged = report.models.iter().any(|column| column.role == Role::Logged);
    let titles: Vec<String> = book.columns().iter().map(|column| column.title.clone()).collect();
    let mut told = Told { context, book, fields, titles, has_logged };
    let mut out = BufWriter::with_capacity(1 << 18, out);
    match format {
        RowsFormat::Html => told.page(folder, report, &mut out),
        RowsFormat::Csv => {
            let (titles, fields) = (told.shown_titles(), told.fields.clone());
            let mut csv = RowsCsv::begin(&mut out, &titles, &report.scorers, &fields)
                .map_err(|error| failed(context, &error))?;
            told.each(|row, values| csv.row(row, values))?;
            csv.finish().map_err(|error| failed(context, &error))
        }
        RowsFormat::Jsonl => {
            let (titles, fields) = (told.shown_titles(), told.fields.clone());
            let mut lines = RowsJsonl::begin(&mut out, &titles, &report.scorers, &fields);
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

/// Keeps the page beside the other reports in the run folder; says whether that could be written to.
pub(crate) fn keep_page(
    context: &Context,
    folder: &RunFolder,
    state: &RunState,
    report: &Report,
    path: &Path,
) -> Outcome<bool> {
    let mut failure = None;
    let kept = keep_file(context, folder, path, |file| {
        write_rows(context, folder, state, report, RowsFormat::Html, file).map_err(|error| {
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
    fields: Vec<String>,
    titles: Vec<String>,
    has_logged: bool,
}

impl Told<'_> {
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
        self.context.stop.failure().map_or_else(|| self.book.row(number), Err)
    }

    fn page(&mut self, folder: &RunFolder, report: &Report, out: &mut dyn Write) -> Outcome<()> {
        let rows = self.book.rows();
        let about = PageRows { columns: &self.titles, fields: &self.fields, rows };
        let mut page = Page::begin(out, report, &about).map_err(|e| failed(self.context, &e))?;
        if surely_fits(folder) {
            self.fill(&mut page, 0..rows)?;
        } else {
            let baseline = report.baseline.as_ref();
            let baseline =
                baseline.and_then(|title| self.titles.iter().position(|one| one == title));
            let mut sweeps = self.picks(baseline)?.sweeps();
            while let Some(sweep) = sweeps.next(page.room()) {
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
            if !page.push(&row, &values).map_err(|error| failed(self.context, &error))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The rows of which a page shows as many as it can hold.
    fn picks(&mut self, baseline: Option<usize>) -> Outcome<Picks> {
        let mut picks = Picks::default();
        for number in 0..self.book.rows() {
            if number % 4096 == 0
                && let Some(failure) = self.context.stop.failure()
            {
                return Err(failure);
            }
            picks.offer(number, &self.book.kept(number)?, baseline);
        }
        Ok(picks)
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
