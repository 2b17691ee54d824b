//! The row book: every row of a run with all that is known of it, from the folder alone and on demand.

mod build;
mod cell;
mod files;
mod pick;
mod place;
mod results;
mod shown;
mod verdicts;

use std::io;
use std::path::PathBuf;

use batch_orchestrator::RunState;
use eval_report::{Line, RowAnswer, RunRow};
use jsonl_transform::IndexReader;
use run_store::RunFolder;
use scoring::{DatasetRow, Json, Needs, Outcome as RowOutcome, Row, RowKey};

use self::cell::BookCell;
use self::verdicts::Verdicts;
use crate::context::{Context, store};
use crate::dataset_rows::{self, FolderRows, damaged, logged_line, of_index};
use crate::exit::{Failure, Outcome};
use crate::expected::{Source, of_run};
use crate::judge::{Cell, Passes, cells, scores_path};
use crate::nearby::Nearby;
use crate::plugins::Identity;

pub(crate) use self::build::Noting;
pub(crate) use self::cell::Results;
pub(crate) use self::files::{RowsFormat, keep_page, write_page, write_rows};
pub(crate) use self::pick::Picks;
pub(crate) use self::shown::Harmless;

/// One column of the book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BookColumn {
    /// `logged`, `MODEL`, or `MODEL/VARIANT`: as the report names it.
    pub(crate) title: String,
    /// The model's number; none for the logged answers.
    pub(crate) model: Option<u32>,
    pub(crate) variant: u32,
}

impl BookColumn {
    fn of(cell: &Cell<'_>) -> Self {
        Self { title: cell.label(), model: Some(cell.model), variant: cell.variant }
    }
}

/// What the column of the logged answers is called.
const LOGGED: &str = "logged";

/// Gives rows by number, cheaply in order and at random; memory does not grow with the rows.
pub(crate) struct RowBook {
    rows: u64,
    scorers: Vec<String>,
    columns: Vec<BookColumn>,
    index: IndexReader<Nearby>,
    logged: Nearby,
    line: Vec<u8>,
    logged_verdicts: Option<Verdicts>,
    variants: Vec<FolderRows>,
    expected: Option<Source>,
    cells: Vec<BookCell>,
}

impl RowBook {
    /// Opens the rows of a run. Verdicts are those that were kept for these scorers, and none where
    /// the run was not scored by them.
    ///
    /// Where the lines of results lie is found in one pass over each cell that was not yet looked
    /// through since its results came, and kept in the run folder where that can be written to.
    pub(crate) fn open(
        context: &Context,
        folder: &RunFolder,
        state: &RunState,
        scorers: &[Identity],
    ) -> Outcome<Self> {
        let marks: Vec<String> = scorers.iter().map(Identity::mark).collect();
        let paths = folder.paths();
        let rows = folder.manifest().made.rows;
        let open = |path: PathBuf| paths.open_file(&path).map_err(|error| store(&error));
        let index = dataset_rows::index(folder, 0)?;
        let logged = Nearby::new(open(paths.logged())?);
        let variants: Vec<FolderRows> = (0u32..)
            .zip(&folder.manifest().asked.variants)
            .map(|(variant, _)| FolderRows::open(folder, variant))
            .collect::<Outcome<_>>()?;
        let mut columns = vec![BookColumn { title: LOGGED.to_owned(), model: None, variant: 0 }];
        let mut opened = Vec::new();
        for cells in cells(folder).chunk_by(|one, other| one.variant == other.variant) {
            let mut passes = None;
            for cell in cells {
                let numbers = (cell.variant, cell.model);
                let jobs = || state.cell(cell.variant, cell.model);
                let results = Results::open(folder, numbers, jobs())?;
                let places = if let Some(places) = results.kept() {
                    places
                } else {
                    let open = || Passes::open(context, folder, &[], cell.variant);
                    let passes = match &mut passes {
                        Some(passes) => passes,
                        passes => passes.insert(open()?),
                    };
                    let mut noting = results.begin()?;
                    passes.results_noted(jobs(), None, Some(&mut noting))?;
                    results.end(noting)?
                };
                let verdicts = verdicts(context, folder, &marks, Some(numbers))?;
                opened.push(BookCell::new(results, places, verdicts));
                columns.push(BookColumn::of(cell));
            }
        }
        Ok(Self {
            rows,
            scorers: scorers.iter().map(|scorer| scorer.name.clone()).collect(),
            columns,
            index,
            logged,
            line: Vec::new(),
            logged_verdicts: verdicts(context, folder, &marks, None)?,
            variants,
            expected: of_run(context, folder, None)?,
            cells: opened,
        })
    }

    /// Takes the expected values from elsewhere than where the run was made with.
    pub(crate) fn expect(&mut self, source: Option<Source>) {
        self.expected = source;
    }

    /// How many rows the run has.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// The columns, in the order of each row's answers: the logged answers, then every cell.
    pub(crate) fn columns(&self) -> &[BookColumn] {
        &self.columns
    }

    /// A row with all that is known of it; none beyond the last.
    pub(crate) fn row(&mut self, number: u64) -> Outcome<Option<RunRow>> {
        self.read(number).map_err(|error| unread(number, &error))
    }

    /// What stood beside the request of a row in the dataset; none beyond the last.
    pub(crate) fn beside(&mut self, number: u64) -> Outcome<Option<Json>> {
        self.dataset_line(number).map_err(|error| unread(number, &error))
    }

    /// The line that a column other than the logged one answered a row with; none where nothing came, or lines
    /// that contradict each other.
    pub(crate) fn line(&mut self, number: u64, column: usize) -> Outcome<Option<Line>> {
        let sent = self.index.copy_of(number).map_err(of_index);
        let cell = column.checked_sub(1).and_then(|cell| self.cells.get_mut(cell));
        let line = sent.and_then(|sent| match cell {
            Some(cell) => cell.line(sent.unwrap_or(number)),
            None => Ok(None),
        });
        line.map_err(|error| unread(number, &error))
    }

    /// The row that a text means: its number, our key, or the key it has in the dataset.
    pub(crate) fn find(&mut self, text: &str) -> Outcome<Option<u64>> {
        if let Ok(number) = text.parse::<u64>() {
            return Ok((number < self.rows).then_some(number));
        }
        let failed =
            |error: &io::Error| dataset_rows::unread("failed to read the run's rows", error);
        if let Ok(key) = text.parse::<RowKey>() {
            let line = self.dataset_line(key.number).map_err(|error| failed(&error))?;
            let is_it = line.is_some_and(|line| text_of(&line, "key").is_some_and(|k| k == text));
            return Ok(is_it.then_some(key.number));
        }
        for number in 0..self.rows {
            let line = self.dataset_line(number).map_err(|error| failed(&error))?;
            if line.is_some_and(|line| own_key(&line).is_some_and(|own| own == text)) {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    fn read(&mut self, number: u64) -> io::Result<Option<RunRow>> {
        let Some(dataset) = self.dataset_line(number)? else { return Ok(None) };
        let mut requests = Vec::new();
        for variant in &mut self.variants {
            requests.push(variant.request(number)?);
        }
        let row = Row::read(number, dataset.get()).ok_or_else(|| damaged("not a row"))?;
        let expected = match &self.expected {
            Some(source) => expected(source, &row, requests.first())?,
            None => None,
        };
        let sent = self.index.copy_of(number).map_err(of_index)?.unwrap_or(number);
        let mut answers = vec![self.logged_answer(&row, &dataset)?];
        for cell in &mut self.cells {
            answers.push(cell.answer(number, sent, &self.scorers)?);
        }
        // Our keys never have escapes.
        let key = row.key.to_owned();
        Ok(Some(RunRow { number, key, dataset, requests, expected, answers }))
    }

    fn logged_answer(&mut self, row: &Row<'_>, dataset: &Json) -> io::Result<RowAnswer> {
        let kept = match &mut self.logged_verdicts {
            Some(verdicts) => verdicts.get(row.number, &self.scorers)?,
            None => None,
        };
        let mut answer = RowAnswer::missing(self.scorers.len());
        if row.response.is_some() {
            answer.outcome = row.outcome;
            answer.line = Some(dataset.clone().into());
        } else if row.outcome == RowOutcome::Error {
            answer.outcome = row.outcome;
        }
        if let Some(kept) = kept {
            (answer.outcome, answer.verdicts) = (kept.outcome, kept.verdicts);
        }
        Ok(answer)
    }

    fn dataset_line(&mut self, number: u64) -> io::Result<Option<Json>> {
        let Some(record) = self.index.get(number).map_err(of_index)? else {
            return Ok(None);
        };
        logged_line(&mut self.logged, number, record, &mut self.line)?;
        dataset_rows::whole(&self.line).map(|line| Some(line.into()))
    }
}

fn unread(number: u64, error: &io::Error) -> Failure {
    dataset_rows::unread(format!("failed to read row {number} of the run"), error)
}

/// The expected value of a row of the dataset, given its request.
fn expected(
    source: &Source,
    row: &Row<'_>,
    request: Option<&Option<Json>>,
) -> io::Result<Option<Json>> {
    let needs = Needs::NOTHING.and_logged().and_fields().and_taken();
    let beside = dataset_rows::beside(row.result, needs);
    let side = DatasetRow { request: request.cloned().flatten(), ..beside };
    Ok(source.value_of(&row.with_dataset(&side))?.map(Json::from))
}

/// The verdicts kept on a cell, or on the logged answers.
fn verdicts(
    context: &Context,
    folder: &RunFolder,
    marks: &[String],
    cell: Option<(u32, u32)>,
) -> Outcome<Option<Verdicts>> {
    let path = scores_path(context, folder, marks, cell)?;
    if !path.exists() {
        return Ok(None);
    }
    let file = folder.paths().open_file(&path).map_err(|error| store(&error))?;
    Ok(Some(Verdicts::open(file)))
}

fn text_of(line: &Json, name: &str) -> Option<String> {
    Some(line.view().get(name)?.as_str()?.into_owned())
}

/// The key that the row had in the dataset.
fn own_key(line: &Json) -> Option<String> {
    let own = line.view().get("row")?.get("key")?;
    Some(own.as_str().map_or_else(|| own.text().to_owned(), std::borrow::Cow::into_owned))
}
