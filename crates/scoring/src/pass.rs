//! The one pass over a result file: every line read once, understood, judged and accounted for, in bounded memory.

use std::fmt;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Mutex;

use crate::blocks::{Block, Blocks};
use crate::ledger::{Batches, Ledger, Meter, Spots};
use crate::prints::Seen;
use crate::turns::{Turns, lock};
use crate::work::Work;
use crate::{
    Copies, DatasetReader, DatasetRows, Judge, Keys, Needs, PassSummary, Scorer, ScorerError,
    Scores, Usage,
};

/// How much is read at once.
const BLOCK: usize = 512 << 10;

/// Beyond this reading is the limit.
const MOST_THREADS: usize = 8;

static NO_COPIES: Copies = Copies::NONE;

/// What the lines of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// Result lines: an object with a `response`, or an `error` or `status`.
    Results,
    /// Logged rows: an object that may have a `response`; a row without one is missing, not damaged.
    Logged,
}

/// Why a pass stopped. Nothing that a line says can stop it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PassError {
    /// The file could not be read on.
    #[error("failed to read results after line {line}")]
    Read {
        /// The last line that was read, counted from 1.
        line: u64,
        /// What reading gave.
        source: io::Error,
    },
    /// The file is compressed; nothing was read of it.
    #[error("results are {kind}-compressed, not JSONL")]
    Compressed {
        /// The kind of compression.
        kind: &'static str,
    },
    /// The dataset's side of a row could not be fetched.
    #[error("failed to fetch row {row} of the dataset")]
    Dataset {
        /// The number of the row.
        row: u64,
        /// What fetching gave.
        source: io::Error,
    },
    /// The dataset could not be opened for those who need its side of rows.
    #[error("failed to open the dataset")]
    NoDataset(#[source] io::Error),
    /// A [`BatchScorer`](crate::BatchScorer) broke down.
    #[error(transparent)]
    Scorer(#[from] ScorerError),
    /// More rows than this machine can count.
    #[error("too many rows to score: {rows}")]
    TooMany {
        /// The rows asked for.
        rows: u64,
    },
}

/// A pass over one file, with its settings.
///
/// Lines are read in blocks, and blocks are worked on by several threads, but all is entered in the order of the
/// lines: the result is the same for any number of threads and any size of blocks.
///
/// Memory: the scores, two blocks of lines a thread, one line of any length, and for files with our keys at most 8 MiB
/// (a byte a row beyond 8 million rows) that tell equal doubles from conflicts.
pub struct Pass<'a> {
    judges: Vec<Judge<'a>>,
    keys: Keys<'a>,
    form: Form,
    longest_line: usize,
    dataset: Option<&'a dyn DatasetRows>,
    copies: &'a Copies,
    threads: NonZeroUsize,
    block: usize,
    meter: Option<Meter<'a>>,
    spots: Option<Spots<'a>>,
}

impl<'a> Pass<'a> {
    /// A pass that reads result lines by position, as many as come, and takes lines of up to 64 MiB.
    pub fn new(scorers: &'a [Box<dyn Scorer>]) -> Self {
        Self::of(scorers.iter().map(|scorer| Judge::Pure(scorer.as_ref())))
    }

    /// The same with judges of either kind.
    pub fn of(judges: impl IntoIterator<Item = Judge<'a>>) -> Self {
        let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self {
            judges: judges.into_iter().collect(),
            keys: Keys::by_position(),
            form: Form::Results,
            longest_line: 64 << 20,
            dataset: None,
            copies: &NO_COPIES,
            threads,
            block: BLOCK,
            meter: None,
            spots: None,
        }
    }

    /// How lines find their rows.
    #[must_use]
    pub fn keys(self, keys: Keys<'a>) -> Self {
        Self { keys, ..self }
    }

    /// What the lines are.
    #[must_use]
    pub fn form(self, form: Form) -> Self {
        Self { form, ..self }
    }

    /// The longest line that is read, in bytes; a longer one is unparsable.
    #[must_use]
    pub fn longest_line(self, bytes: usize) -> Self {
        Self { longest_line: bytes, ..self }
    }

    /// Where scorers' [needs](Needs) are fetched from; without it they stay unmet.
    #[must_use]
    pub fn dataset(self, dataset: &'a dyn DatasetRows) -> Self {
        Self { dataset: Some(dataset), ..self }
    }

    /// Rows that were not sent because an equal one was: its answer counts for each of them.
    ///
    /// Each is judged with its own side of the dataset; where no scorer needs that, the verdicts are those of the row
    /// that was sent. Tokens and names are counted once, for the line. The key of a copy is foreign.
    #[must_use]
    pub fn copies(self, copies: &'a Copies) -> Self {
        Self { copies, ..self }
    }

    /// Who is told what each answer took, once a row, in the order of the lines; of one that states nothing, and of a
    /// line that cannot be read, that nothing is known. Failed rows took nothing.
    ///
    /// ```
    /// use scoring::{Pass, Scores};
    /// let (mut told, mut scores) = (Vec::new(), Scores::new(0, &[]));
    /// let mut meter = |usage: &scoring::Usage| told.push(usage.prompt);
    /// let lines = r#"{"response":{"usageMetadata":{"promptTokenCount":7}}}
    /// {"error":{"code":13}}
    /// {"response":{}}"#;
    /// Pass::new(&[]).meter(&mut meter).run(lines.as_bytes(), &mut scores)?;
    /// assert_eq!(told, [Some(7), None]);
    /// # Ok::<(), scoring::PassError>(())
    /// ```
    #[must_use]
    pub fn meter(self, meter: &'a mut (dyn FnMut(&Usage) + Send)) -> Self {
        Self { meter: Some(meter), ..self }
    }

    /// Who is told where the line lies that counts for a row: its bytes in the file, without the space around it.
    ///
    /// Told in the order of the lines, and of a row that has a scored answer from an earlier file not at all. Nothing
    /// instead of a place is told where a second line of the row in this file contradicts the first. Copies are not
    /// told of.
    ///
    /// ```
    /// use scoring::{Keys, Pass, Scores};
    /// let (mut told, mut scores) = (Vec::new(), Scores::new(2, &[]));
    /// let mut spots = |row, bytes| told.push((row, bytes));
    /// let lines = r#"{"key":"r00000001-00000000","response":{}}
    /// {"key":"r00000001-00000000","error":{}}"#;
    /// Pass::new(&[]).keys(Keys::ours(0..2)).spots(&mut spots).run(lines.as_bytes(), &mut scores)?;
    /// assert_eq!(told, [(1, Some(0..42)), (1, None)]);
    /// # Ok::<(), scoring::PassError>(())
    /// ```
    #[must_use]
    pub fn spots(self, spots: &'a mut (dyn FnMut(u64, Option<Range<u64>>) + Send)) -> Self {
        Self { spots: Some(spots), ..self }
    }

    /// How many threads work, this one among them; as many as there are cores by default, but at most eight.
    #[must_use]
    pub fn threads(self, threads: NonZeroUsize) -> Self {
        Self { threads, ..self }
    }

    /// How many bytes are read and worked on at a time by each thread, half a mebibyte by default.
    #[must_use]
    pub fn block(self, bytes: usize) -> Self {
        Self { block: bytes, ..self }
    }

    /// Reads the file to its end and adds what it says to `scores`, which must have been made for the same scorers.
    ///
    /// Several files can go into the same scores, one pass each, be they files of other rows or later attempts: a row
    /// that has a scored answer keeps it, any other is replaced. Blank lines, a byte order mark and CRLF are fine.
    ///
    /// # Errors
    /// [`PassError`]; the scores then hold what came before.
    pub fn run(
        self,
        reader: impl Read + Send,
        scores: &mut Scores,
    ) -> Result<PassSummary, PassError> {
        let span = tracing::debug_span!(target: "pass", "pass", scorers = self.judges.len());
        let _entered = span.enter();
        let mut blocks = Blocks::new(reader, self.block, self.longest_line);
        let mut first = Block::default();
        blocks.fill(&mut first);
        refuse_compressed(first.text())?;
        let threads = if blocks.ended() { 1 } else { self.threads.get().min(MOST_THREADS) };
        let dataset = self.dataset;
        let (work, ledger) = self.prepare(scores)?;
        let hall =
            Hall { blocks: Mutex::new(blocks), work, dataset, turns: Turns::new((ledger, None)) };
        std::thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(|| hall.work(None));
            }
            hall.work(Some(first));
        });
        let (ledger, failure) = hall.turns.into_inner();
        let summary = ledger.summary;
        tracing::debug!(
            target: "pass",
            threads,
            lines = summary.lines,
            rows = summary.rows,
            doubles = summary.doubles,
            conflicts = summary.conflicts,
            foreign = summary.foreign,
            unreadable = summary.unreadable + summary.keyless,
            "pass ended"
        );
        failure.map_or(Ok(summary), Err)
    }

    /// Parts what all threads share from the account that one keeps at a time.
    fn prepare<'s>(self, scores: &'s mut Scores) -> Result<(Work<'a>, Ledger<'a, 's>), PassError> {
        let rows = match &self.keys {
            Keys::Ours { rows, .. } | Keys::ByPosition { rows } => rows.clone(),
        };
        let grows = rows.end == u64::MAX;
        let too_many = || PassError::TooMany { rows: rows.end };
        let seen = match &self.keys {
            Keys::Ours { .. } => {
                usize::try_from(rows.end).map_err(|_| too_many())?;
                Some(Seen::new(&rows).ok_or_else(too_many)?)
            }
            Keys::ByPosition { .. } => None,
        };
        if !grows {
            scores.grow(rows.end);
        }
        scores.close();
        let (mut scorers, mut columns, mut batches) = (Vec::new(), Vec::new(), Vec::new());
        let (mut needs, mut batch_needs) = (Needs::NOTHING, Needs::NOTHING);
        for (column, judge) in self.judges.into_iter().enumerate() {
            match judge {
                Judge::Pure(scorer) if scorer.prefers_batches() => {
                    batch_needs = batch_needs.or(scorer.needs());
                    batches.push((column, Batches::Shared(scorer)));
                }
                Judge::Pure(scorer) => {
                    needs = needs.or(scorer.needs());
                    scorers.push(scorer);
                    columns.push(column);
                }
                Judge::Batch(scorer) => {
                    batch_needs = batch_needs.or(scorer.needs());
                    batches.push((column, Batches::Own(scorer)));
                }
            }
        }
        let dataset = open(self.dataset, needs.or(batch_needs))?;
        let (meter, spots) = (self.meter, self.spots);
        let work = Work { keys: self.keys, form: self.form, scorers, needs, copies: self.copies };
        let summary = PassSummary::default();
        let ledger = Ledger {
            scores,
            summary,
            seen,
            grows,
            columns,
            batches,
            batch_needs,
            dataset,
            meter,
            spots,
        };
        Ok((work, ledger))
    }
}

/// A reader of the dataset, if anybody needs one and there is one.
fn open(
    dataset: Option<&dyn DatasetRows>,
    needs: Needs,
) -> Result<Option<Box<dyn DatasetReader + '_>>, PassError> {
    dataset.filter(|_| needs.any()).map(DatasetRows::open).transpose().map_err(PassError::NoDataset)
}

/// Where the threads of a pass meet.
struct Hall<'a, 's, R> {
    blocks: Mutex<Blocks<R>>,
    work: Work<'a>,
    dataset: Option<&'a dyn DatasetRows>,
    turns: Turns<(Ledger<'a, 's>, Option<PassError>)>,
}

impl<R: Read> Hall<'_, '_, R> {
    /// Works on blocks until there are none left, first on one that was read before.
    fn work(&self, first: Option<Block>) {
        let _ends = self.turns.end_on_panic();
        let mut dataset = None;
        // The first block is at hand: waiting here for those who read the next ones would be waiting for each other.
        let mut goes_on = first.is_none_or(|mut first| self.enter(&mut first, &mut dataset));
        let mut block = Block::default();
        while goes_on {
            let mut blocks = lock(&self.blocks);
            if !blocks.fill(&mut block) {
                break;
            }
            // While a long line is worked on nobody reads the next, so that only one is in memory.
            let held = blocks.is_long(&block).then_some(blocks);
            goes_on = self.enter(&mut block, &mut dataset);
            drop(held);
        }
    }

    fn enter<'d>(
        &'d self,
        block: &mut Block,
        dataset: &mut Option<Box<dyn DatasetReader + 'd>>,
    ) -> bool {
        let failure = block.failure.take();
        let opened = match dataset {
            Some(_) => Ok(()),
            None => open(self.dataset, self.work.needs).map(|opened| *dataset = opened),
        };
        let findings = opened.map(|()| self.work.read(block, dataset));
        self.turns.take(block.number, |(ledger, stopped)| {
            let entered = findings.and_then(|findings| ledger.enter(&self.work, findings));
            let line = ledger.summary.lines;
            let failure = failure.map(|source| PassError::Read { line, source });
            *stopped = entered.err().or(failure);
            stopped.is_none()
        })
    }
}

impl fmt::Debug for Pass<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pass")
            .field("judges", &self.judges)
            .field("keys", &self.keys)
            .field("form", &self.form)
            .field("longest_line", &self.longest_line)
            .field("dataset", &self.dataset.is_some())
            .field("copies", &self.copies.len())
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}

fn refuse_compressed(bytes: &[u8]) -> Result<(), PassError> {
    let kind = match bytes {
        [0x1f, 0x8b, ..] => "gzip",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "zstd",
        _ => return Ok(()),
    };
    Err(PassError::Compressed { kind })
}
