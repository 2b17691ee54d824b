//! What judges said of a run, from their rounds on disk to sheets that scorers look at.

use std::io::{BufRead as _, BufReader};
use std::sync::Arc;

use eval_report::{
    Cost, Count, JudgeResult, JudgedColumn, LabelCount, PeopleAgree, Position, WinCount, Wins,
};
use model_judge::{Humans, Kind, Lack, Order, Relation, Sheet, SheetTally, Side, read};
use run_store::RunFolder;
use scoring::Outcome as RowOutcome;
use serde_json::Value;

use super::Judge;
use super::questions::judged;
use super::rounds::{self, damaged};
use crate::context::{Context, store};
use crate::exit::{Failure, Outcome};
use crate::judge::{Cell, Passes, cells};
use crate::money::{Bills, Quotes};
use crate::rows::RowBook;
use crate::steps;

/// The title of the column of logged answers.
const LOGGED: &str = "logged";

/// What the judges of a scoring said.
pub(crate) struct Graded {
    judges: Vec<Sheets>,
    /// The title of every column that can be judged, the logged one first.
    titles: Vec<String>,
    /// The variant and the model of each of the others.
    cells: Vec<(u32, u32)>,
}

struct Sheets {
    judge: Judge,
    rounds: Vec<RunFolder>,
    /// One a column; none where nothing was asked.
    columns: Vec<Option<Arc<Sheet>>>,
}

/// Reads what the judges on the desk said of a run.
pub(crate) fn load(context: &Context, folder: &RunFolder) -> Outcome<Graded> {
    let titles = cells(folder).into_iter().map(|cell| cell.label());
    let titles: Vec<String> = std::iter::once(LOGGED.to_owned()).chain(titles).collect();
    let rows = folder.manifest().made.rows;
    let mut judges = Vec::new();
    for judge in context.desk.judges() {
        let rounds = rounds::of_judge(folder, &judge.spec.fingerprint())?;
        let mut columns: Vec<Option<Sheet>> = vec![None; titles.len()];
        for round in &rounds {
            fill(context, &judge.spec.kind, round, rows, &mut columns)?;
        }
        let columns = columns.into_iter().map(|sheet| sheet.map(Arc::new)).collect();
        judges.push(Sheets { judge, rounds, columns });
    }
    let cells = cells(folder).iter().map(|cell| (cell.variant, cell.model)).collect();
    Ok(Graded { judges, titles, cells })
}

/// Adds what was asked and answered in one round; what is asked again counts as it is answered last.
fn fill(
    context: &Context,
    kind: &Kind,
    round: &RunFolder,
    rows: u64,
    columns: &mut [Option<Sheet>],
) -> Outcome<()> {
    let state = steps::state(round)?;
    let mut book = RowBook::open(context, round, &state, &[])?;
    for number in 0..book.rows() {
        let Some(row) = book.row(number)? else { break };
        let place = judged(row.dataset.get().as_bytes()).map(|judged| judged.place);
        let place = place.ok_or_else(|| damaged(round, "a row does not say what it asks"))?;
        let Some(column) = columns.get_mut(place.column) else {
            return Err(damaged(round, "a row asks about a column that the run does not have"));
        };
        let sheet = column.get_or_insert_with(|| Sheet::new(kind.clone(), rows));
        sheet.ask(place.row, place.order());
        let Some(answer) = row.answers.get(1) else { continue };
        match &answer.line {
            Some(line) if answer.outcome.is_scored() => {
                sheet.note(place.row, place.order(), read(kind, line));
            }
            Some(_) if answer.outcome == RowOutcome::Conflict => {
                sheet.note(place.row, place.order(), Err(Lack::Contradicted));
            }
            Some(_) => sheet.note(place.row, place.order(), Err(Lack::Error)),
            None => {}
        }
    }
    Ok(())
}

impl Graded {
    /// Lays the sheets of the logged answers before their judges.
    pub(crate) fn lay_logged(&self) {
        self.lay(0);
    }

    /// Lays the sheets of a cell before their judges.
    pub(crate) fn lay_cell(&self, cell: &Cell<'_>) {
        let is_it = |known: &(u32, u32)| *known == (cell.variant, cell.model);
        if let Some(at) = self.cells.iter().position(is_it) {
            self.lay(at + 1);
        }
    }

    fn lay(&self, column: usize) {
        for sheets in &self.judges {
            sheets.judge.seat.lay(sheets.columns.get(column).cloned().flatten());
        }
    }

    /// What the report says of the judges.
    pub(crate) fn results(
        &self,
        context: &Context,
        folder: &RunFolder,
        quotes: &Quotes,
    ) -> Outcome<Vec<JudgeResult>> {
        let result = |sheets: &Sheets| self.result(context, folder, quotes, sheets);
        self.judges.iter().filter(|sheets| !sheets.rounds.is_empty()).map(result).collect()
    }

    fn result(
        &self,
        context: &Context,
        folder: &RunFolder,
        quotes: &Quotes,
        sheets: &Sheets,
    ) -> Outcome<JudgeResult> {
        let spec = &sheets.judge.spec;
        let mut sum = SheetTally::default();
        let mut columns = Vec::new();
        for (title, sheet) in self.titles.iter().zip(&sheets.columns) {
            let Some(sheet) = sheet else { continue };
            let tally = sheet.tally();
            columns.push(column(spec, title, &tally));
            sum.absorb(&tally);
        }
        let lack =
            |(lack, rows): &(Lack, u64)| Count { name: lack.reason().to_owned(), rows: *rows };
        Ok(JudgeResult {
            scorer: spec.name.clone(),
            kind: spec.kind.name().to_owned(),
            model: spec.model.clone(),
            fingerprint: spec.fingerprint(),
            asked: sum.asked,
            answered: sum.answered,
            lacks: sum.lacks.iter().map(lack).collect(),
            unparsable: JudgeResult::share(sum.unparsable(), sum.answered + sum.unparsable()),
            position: match spec.kind {
                Kind::Pairwise => Position::of(sum.first, sum.second, sum.neither),
                _ => None,
            },
            columns,
            agreement: agreement(folder, sheets)?,
            cost: cost(context, quotes, &sheets.rounds)?,
        })
    }
}

fn column(spec: &model_judge::JudgeSpec, title: &str, tally: &SheetTally) -> JudgedColumn {
    let against = match &spec.against {
        Side::Column(title) => title,
        _ => LOGGED,
    };
    let SheetTally { wins, losses, ties, split, .. } = *tally;
    let wins = matches!(spec.kind, Kind::Pairwise)
        .then(|| Wins::of(against, WinCount { wins, losses, ties, split }))
        .flatten();
    let relations = Relation::ALL.iter().zip(tally.relations);
    let relations = relations.filter(|(_, rows)| *rows > 0);
    JudgedColumn {
        column: title.to_owned(),
        rows: tally.rows,
        judged: tally.judged,
        wins,
        relations: relations
            .map(|((_, name), rows)| LabelCount { name: (*name).to_owned(), rows })
            .collect(),
    }
}

/// Compares what people said of the logged answers with what the judge said.
fn agreement(folder: &RunFolder, sheets: &Sheets) -> Outcome<Option<PeopleAgree>> {
    let spec = &sheets.judge.spec;
    let (Some(field), Some(Some(sheet))) = (&spec.human, sheets.columns.first()) else {
        return Ok(None);
    };
    let paths = folder.paths();
    let file = paths.open_file(&paths.logged()).map_err(|error| store(&error))?;
    let mut reader = BufReader::with_capacity(1 << 18, file);
    let mut humans = Humans::new(&spec.kind);
    let mut line = Vec::new();
    for row in 0.. {
        line.clear();
        let read = reader
            .read_until(b'\n', &mut line)
            .map_err(|error| Failure::io("failed to read what was logged", &error))?;
        if read == 0 {
            break;
        }
        let Some(Ok(opinion)) = sheet.said(row, Order::Forward) else { continue };
        let line: Value = serde_json::from_slice(&line).unwrap_or_default();
        let human = line.get("row").and_then(|row| row.pointer(field));
        if let Some(human) = human.filter(|human| !human.is_null()) {
            humans.add(human, opinion);
        }
    }
    // The confidence of every interval in a report.
    let agreement = humans.agreement(0.95);
    Ok(agreement.map(|agreement| {
        PeopleAgree::of(field, &agreement, humans.strangers(), humans.labels(), humans.table())
    }))
}

/// What the rounds cost, by the tokens that their answers state.
fn cost(context: &Context, quotes: &Quotes, rounds: &[RunFolder]) -> Outcome<Option<Cost>> {
    let mut whole: Option<Cost> = None;
    for round in rounds.iter().filter(|_| !quotes.is_free()) {
        let state = steps::state(round)?;
        let mut bills = Bills::new(round, quotes);
        Passes::open(context, round, &[], 0)?.results(state.cell(0, 0), Some(&mut bills))?;
        let Some(cost) = cells(round).first().and_then(|cell| bills.cost(cell)) else { continue };
        whole = Some(match whole {
            None => cost,
            Some(sum) => Cost {
                micros: sum.micros.zip(cost.micros).map(|(one, other)| one + other),
                unknown: sum.unknown.or(cost.unknown),
                rows_without_usage: sum.rows_without_usage + cost.rows_without_usage,
                assumed_tokens: sum.assumed_tokens + cost.assumed_tokens,
            },
        });
    }
    Ok(whole)
}
