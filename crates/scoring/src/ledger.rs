//! The account of a pass: findings are entered in the order of the lines, whoever found them.

use std::ops::Range;

use crate::prints::{Seen, Sighting};
use crate::reading::Reading;
use crate::work::{Finding, Findings, Work, fetch};
use crate::{
    BatchScorer, DatasetReader, DatasetRow, Needs, Outcome, PassError, PassSummary, Row, Scorer,
    ScorerError, Scores, Usage, Verdict,
};

/// A batch of rows for [`BatchScorer`]s ends here, or earlier with the block.
const MOST_ROWS: usize = 1_000;
const MOST_BYTES: usize = 8 << 20;

/// The account of one pass.
pub(crate) struct Ledger<'a, 's> {
    pub(crate) scores: &'s mut Scores,
    pub(crate) summary: PassSummary,
    /// Only with our keys: by position no row can come twice.
    pub(crate) seen: Option<Seen>,
    /// Whether only the file knows how many rows there are.
    pub(crate) grows: bool,
    /// The columns of the pure scorers.
    pub(crate) columns: Vec<usize>,
    /// The others, with their columns.
    pub(crate) batches: Vec<(usize, Batches<'a>)>,
    /// What the others need.
    pub(crate) batch_needs: Needs,
    pub(crate) dataset: Option<Box<dyn DatasetReader + 'a>>,
    /// Who is told what each answer took.
    pub(crate) meter: Option<Meter<'a>>,
    /// Who is told where the lines lie that count.
    pub(crate) spots: Option<Spots<'a>>,
}

/// See [`Pass::meter`](crate::Pass::meter).
pub(crate) type Meter<'a> = &'a mut (dyn FnMut(&Usage) + Send);

/// See [`Pass::spots`](crate::Pass::spots).
pub(crate) type Spots<'a> = &'a mut (dyn FnMut(u64, Option<Range<u64>>) + Send);

/// A scorer that gets rows in batches.
pub(crate) enum Batches<'a> {
    Own(&'a mut dyn BatchScorer),
    /// One that only prefers them.
    Shared(&'a dyn Scorer),
}

impl Batches<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Own(scorer) => scorer.name(),
            Self::Shared(scorer) => scorer.name(),
        }
    }

    fn score(&mut self, rows: &[Row<'_>]) -> Result<Vec<Verdict>, ScorerError> {
        match self {
            Self::Own(scorer) => scorer.score_batch(rows),
            Self::Shared(scorer) => scorer.score_all(rows),
        }
    }
}

/// The rows that wait for the next batch, with what their lines say.
type Waiting<'r, 'b> = Vec<(u64, &'r str, &'r Reading<'b>)>;

impl Ledger<'_, '_> {
    /// Enters the findings of the next block.
    pub(crate) fn enter(
        &mut self,
        work: &Work<'_>,
        findings: Findings<'_>,
    ) -> Result<(), PassError> {
        let mut said = 0;
        let mut waiting = Vec::new();
        if self.grows {
            // By position rows come in order.
            let last = findings.list.iter().rev().find_map(Finding::row);
            self.scores.grow(last.map_or(0, |row| row.saturating_add(1)));
        }
        for finding in &findings.list {
            self.summary.lines += 1;
            let Finding::Row { row, start, key, print, reading } = finding else {
                self.enter_odd(work, finding);
                continue;
            };
            let verdicts = if reading.outcome.is_scored() { self.columns.len() } else { 0 };
            let verdicts = findings.verdicts.get(said..said + verdicts).unwrap_or_default();
            said += verdicts.len();
            if let Some(problem) = reading.problem {
                self.summary.note_bad(problem, reading.line.text().as_bytes());
            }
            if self.is_first(work, *row, *print) {
                if !self.scores.is_closed(*row) {
                    self.spot(*row, *start, reading.line.text().len());
                }
                self.enter_row(work, (*row, key), reading, verdicts, &mut waiting)?;
            }
        }
        self.judge_batch(&mut waiting)?;
        findings.failure.map_or(Ok(()), Err)
    }

    fn enter_odd(&mut self, work: &Work<'_>, finding: &Finding<'_>) {
        match finding {
            Finding::Blank | Finding::Row { .. } => self.summary.blank += 1,
            Finding::Foreign(key) => self.summary.note_foreign(key),
            Finding::Keyless(bytes) => {
                self.meter(&Usage::default());
                self.summary.keyless += 1;
                self.summary.note_bad("no key", bytes);
            }
            Finding::Nowhere(problem, bytes) => {
                self.meter(&Usage::default());
                self.summary.unreadable += 1;
                self.summary.note_bad(problem, bytes);
            }
            Finding::Broken { row, start, print, problem, bytes, cut } => {
                if *cut {
                    self.summary.cut_at = Some(self.summary.lines);
                }
                self.summary.note_bad(problem, bytes);
                match row {
                    None => {
                        self.meter(&Usage::default());
                        self.summary.unreadable += 1;
                    }
                    Some(row) => {
                        if self.is_first(work, *row, *print) {
                            self.meter(&Usage::default());
                            if self.settle(*row, Outcome::Unparsable) {
                                self.spot(*row, *start, bytes.len());
                            }
                            for copy in work.copies.of(*row) {
                                self.summary.copies += 1;
                                self.settle(copy, Outcome::Unparsable);
                            }
                        }
                    }
                }
            }
        }
    }

    fn enter_row<'r, 'b>(
        &mut self,
        work: &Work<'_>,
        (row, key): (u64, &'r str),
        reading: &'r Reading<'b>,
        verdicts: &[Verdict],
        waiting: &mut Waiting<'r, 'b>,
    ) -> Result<(), PassError> {
        self.tally(row, reading);
        if self.settle_as(row, reading) && reading.outcome.is_scored() {
            self.keep(row, verdicts);
            self.wait((row, key, reading), waiting)?;
        }
        for copy in work.copies.of(row) {
            self.summary.copies += 1;
            if !self.settle_as(copy, reading) || !reading.outcome.is_scored() {
                continue;
            }
            if work.needs.any() {
                let mut own = Vec::new();
                work.judge((copy, key), reading, &mut self.dataset, &mut own)?;
                self.keep(copy, &own);
            } else {
                self.keep(copy, verdicts);
            }
            self.wait((copy, key, reading), waiting)?;
        }
        Ok(())
    }

    /// Whether the line is the first of its row in this file; counts it, and settles conflicts.
    fn is_first(&mut self, work: &Work<'_>, row: u64, print: u64) -> bool {
        let sighting = self.seen.as_mut().map_or(Sighting::First, |seen| seen.note(row, print));
        match sighting {
            Sighting::First => {
                self.summary.rows += 1;
                return true;
            }
            Sighting::Same => self.summary.doubles += 1,
            Sighting::Different => {
                self.summary.conflicts += 1;
                if let Some(spots) = self.spots.as_mut().filter(|_| !self.scores.is_closed(row)) {
                    spots(row, None);
                }
                for row in std::iter::once(row).chain(work.copies.of(row)) {
                    if !self.scores.is_closed(row) {
                        self.scores.set_outcome(row, Outcome::Conflict);
                    }
                }
            }
        }
        false
    }

    /// Tells where the line lies that counts for a row.
    fn spot(&mut self, row: u64, start: u64, length: usize) {
        if let Some(spots) = &mut self.spots {
            spots(row, Some(start..start + length as u64));
        }
    }

    /// Sets the outcome, unless an earlier file gave the row a scored answer; says whether it did.
    fn settle(&mut self, row: u64, outcome: Outcome) -> bool {
        if self.scores.is_closed(row) {
            self.summary.kept += 1;
            return false;
        }
        self.scores.set_outcome(row, outcome);
        true
    }

    /// The same with what a line says, the code of an error with it.
    fn settle_as(&mut self, row: u64, reading: &Reading<'_>) -> bool {
        let settled = self.settle(row, reading.outcome);
        if let Some(error) = reading.error.as_ref().filter(|_| settled) {
            self.scores.set_error_code(row, &error.name());
        }
        settled
    }

    fn tally(&mut self, row: u64, reading: &Reading<'_>) {
        self.summary.tokens.add(&reading.usage);
        if reading.error.is_none() {
            self.meter(&reading.usage);
        }
        if let Some(model) = &reading.model {
            self.summary.model_versions.add(model, 1);
        }
        if let Some(finish) = &reading.finish {
            self.summary.finish_reasons.add(finish, 1);
        }
        if let Some(error) = &reading.error {
            self.summary.note_error(row, error);
        }
    }

    /// Tells of an answer, or of a line that may be one: it may have been paid for.
    fn meter(&mut self, usage: &Usage) {
        if let Some(meter) = &mut self.meter {
            meter(usage);
        }
    }

    /// Keeps what the pure scorers say.
    fn keep(&mut self, row: u64, verdicts: &[Verdict]) {
        for (column, verdict) in self.columns.iter().zip(verdicts) {
            self.scores.set_verdict(*column, row, verdict);
        }
    }

    fn wait<'r, 'b>(
        &mut self,
        row: (u64, &'r str, &'r Reading<'b>),
        waiting: &mut Waiting<'r, 'b>,
    ) -> Result<(), PassError> {
        if self.batches.is_empty() {
            return Ok(());
        }
        waiting.push(row);
        if waiting.len() < MOST_ROWS { Ok(()) } else { self.judge_batch(waiting) }
    }

    /// Has the rows that wait judged, as many at a time as their datasets' sides fit in memory.
    fn judge_batch(&mut self, waiting: &mut Waiting<'_, '_>) -> Result<(), PassError> {
        let mut from = 0;
        while from < waiting.len() {
            let (mut beside, mut bytes) = (Vec::new(), 0);
            for (row, _, _) in waiting.get(from..).unwrap_or_default() {
                if bytes > MOST_BYTES {
                    break;
                }
                let fetched = fetch(&mut self.dataset, *row, self.batch_needs)?;
                bytes += fetched.bytes();
                beside.push(fetched);
            }
            let upto = from + beside.len();
            self.judge_rows(waiting.get(from..upto).unwrap_or_default(), &beside)?;
            from = upto;
        }
        waiting.clear();
        Ok(())
    }

    fn judge_rows(
        &mut self,
        waiting: &[(u64, &str, &Reading<'_>)],
        beside: &[DatasetRow],
    ) -> Result<(), PassError> {
        let rows: Vec<Row<'_>> = waiting
            .iter()
            .zip(beside)
            .map(|(&(row, key, reading), beside)| {
                Row::of_reading(row, key, reading).with_dataset(beside)
            })
            .collect();
        for (column, scorer) in &mut self.batches {
            let verdicts = scorer.score(&rows)?;
            if verdicts.len() != rows.len() {
                return Err(PassError::Scorer(ScorerError::Count {
                    scorer: scorer.name().to_owned(),
                    rows: rows.len(),
                    verdicts: verdicts.len(),
                }));
            }
            for (row, verdict) in rows.iter().zip(&verdicts) {
                self.scores.set_verdict(*column, row.number, verdict);
            }
        }
        Ok(())
    }
}
