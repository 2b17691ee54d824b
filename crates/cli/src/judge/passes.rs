//! The passes over the results of one variant of a run.

use std::io::{BufReader, Read, Seek as _};
use std::path::Path;
use std::sync::OnceLock;

use batch_cost::Bill;
use batch_orchestrator::{Job, JobId, Phase, StoredResult, Verdict};
use eval_report::{Column, ColumnSource, Role};
use jsonl_transform::CopiesError;
use run_store::{Printed, RunFolder};
use scoring::{
    Copies, Form, KeyHashes, Keys, Pass, PassError, PassSummary, RowKey, Scorer, Scores, Usage,
};

use crate::context::{Context, store};
use crate::dataset_rows::{self, BRING_BACK, FolderDataset, FolderRows, damaged, of_index};
use crate::exit::{Exit, Failure, Outcome};
use crate::hashing::Hashing;
use crate::money::{Bills, of_usage};
use crate::plugins;
use crate::row_keys::RowKeys;
use crate::rows::Noting;

/// Who is told of the lines of results beside their scores.
#[derive(Default)]
struct Beside<'a> {
    bill: Option<&'a mut Bill>,
    noting: Option<&'a mut Noting>,
}

/// What the lines of a file are, and whether a key on one of them is a row's.
struct Lines<'a> {
    form: Form,
    keys: &'a (dyn Fn(RowKey) -> bool + Sync),
}

/// What the passes over one variant share.
pub(crate) struct Passes<'a> {
    context: &'a Context,
    folder: &'a RunFolder,
    scorers: &'a [Box<dyn Scorer>],
    variant: u32,
    /// Those of the rows' keys, once they were needed.
    hashes: OnceLock<KeyHashes>,
    copies: Copies,
    rows: u64,
}

impl<'a> Passes<'a> {
    pub(crate) fn open(
        context: &'a Context,
        folder: &'a RunFolder,
        scorers: &'a [Box<dyn Scorer>],
        variant: u32,
    ) -> Outcome<Self> {
        if scorers.iter().any(|scorer| scorer.needs().any()) {
            // What is wrong with the folder is said before the pass.
            FolderRows::open(folder, variant)?;
        }
        let (copies, rows) = (copies(folder)?, folder.manifest().made.rows);
        Ok(Self { context, folder, scorers, variant, hashes: OnceLock::new(), copies, rows })
    }

    /// The hashes in the keys of the rows, read now unless they were known.
    fn hashes(&self) -> Outcome<&KeyHashes> {
        if let Some(known) = self.hashes.get() {
            return Ok(known);
        }
        let read = key_hashes(self.context, self.folder, self.variant, &self.copies)?;
        Ok(self.hashes.get_or_init(|| read))
    }

    /// Whether a row was answered with an earlier one, and so was not sent itself.
    pub(crate) fn is_copy(&self, row: u64) -> bool {
        self.copies.has(row)
    }

    /// The names of the scorers.
    pub(super) fn scorers(&self) -> Vec<&str> {
        self.scorers.iter().map(|scorer| scorer.name()).collect()
    }

    /// What the verdicts of the scorers are kept under.
    pub(super) fn marks(&self) -> Vec<String> {
        plugins::marks(self.scorers)
    }

    /// The key of a row of this variant, if it is known without reading.
    pub(super) fn key(&self, row: u64) -> Option<RowKey> {
        self.hashes.get()?.key(row)
    }

    /// The logged answers as a column; `None` when the dataset has none at all.
    ///
    /// What is logged of the rows has their keys as well: their hashes are learnt on the way.
    pub(super) fn logged(&self) -> Outcome<Option<(Column, Scores)>> {
        let path = self.folder.paths().logged();
        let file = self.folder.paths().open_file(&path).map_err(|error| store(&error))?;
        let mut scores = Scores::new(self.rows, self.scorers);
        let mut reader = Printed::new(self.context.stop.reader(file));
        let learnt = KeyHashes::unknown(self.rows);
        let lines = Lines { form: Form::Logged, keys: &|key| learnt.learn(key) };
        let summary = self.pass(&mut reader, lines, &mut scores, Beside::default())?;
        to_the_end(&path, &mut reader)?;
        match self.folder.manifest().made.logged {
            Some(made) if made != reader.finish().1 => {
                return Err(other_file(&path, "that was made of the dataset"));
            }
            Some(_) if summary.rows == self.rows && summary.lines == self.rows => {
                self.hashes.get_or_init(|| learnt);
            }
            // Runs of earlier versions took no print; a look at each line in its turn says what is wrong with them.
            _ => {
                drop(learnt);
                self.hashes()?;
            }
        }
        let column = Column::of(ColumnSource {
            label: "logged",
            role: Role::Logged,
            model: None,
            variant: None,
            scores: &scores,
            summary: &summary,
        });
        let any = column.outcomes.missing < column.submitted;
        Ok(any.then_some((column, scores)))
    }

    /// The results of these jobs, given from the first to the last sent. Of a row that was sent
    /// more than once the last answer counts, and failures only where there is none. What each job
    /// cost goes into the bills.
    pub(crate) fn results<'j>(
        &self,
        jobs: impl Iterator<Item = &'j Job>,
        bills: Option<&mut Bills<'_>>,
    ) -> Outcome<(Scores, PassSummary)> {
        self.results_noted(jobs, bills, None)
    }

    /// The same, and where the lines lie that count goes into `noting`.
    pub(crate) fn results_noted<'j>(
        &self,
        jobs: impl Iterator<Item = &'j Job>,
        mut bills: Option<&mut Bills<'_>>,
        mut noting: Option<&mut Noting>,
    ) -> Outcome<(Scores, PassSummary)> {
        let mut scores = Scores::new(self.rows, self.scorers);
        let mut summary = PassSummary::default();
        let over = jobs.filter_map(|job| match &job.phase {
            Phase::Over(Verdict::Results { result, .. }) => Some((job.id, result)),
            _ => None,
        });
        let over: Vec<(JobId, &StoredResult)> = over.collect();
        // A pass lets stand what an earlier one answered, so the last job goes first.
        for (number, (job, result)) in over.into_iter().enumerate().rev() {
            let bill = bills.as_deref_mut().and_then(|bills| bills.open(job));
            if let Some(noting) = &mut noting {
                noting.file(number);
            }
            let beside = Beside { bill, noting: noting.as_deref_mut() };
            summary.absorb(&self.job(job, result, &mut scores, beside)?);
        }
        Ok((scores, summary))
    }

    /// The results of one job. The file must be the one that was fetched: of one that this process fetched and nobody
    /// touched that is known, of others the digest tells.
    fn job(
        &self,
        job: JobId,
        result: &StoredResult,
        scores: &mut Scores,
        beside: Beside<'_>,
    ) -> Outcome<PassSummary> {
        let path = self.folder.paths().raw(job);
        let file = self.folder.paths().open_file(&path).map_err(|error| store(&error))?;
        let (stop, hashes) = (&self.context.stop, self.hashes()?);
        let lines = Lines { form: Form::Results, keys: &|key| hashes.has(key) };
        if self.folder.is_as_fetched(job, &file) {
            let summary = self.pass(stop.reader(&file), lines, scores, beside)?;
            // A new link, mode or attribute touches a file too, and changes no byte.
            if !self.folder.is_as_fetched(job, &file) {
                (&file).rewind().map_err(|error| unread(&path, &error))?;
                to_its_digest(&path, Hashing::new(stop.reader(&file)), result)?;
            }
            return Ok(summary);
        }
        let mut reader = Hashing::new(stop.reader(file));
        let summary = self.pass(&mut reader, lines, scores, beside)?;
        to_its_digest(&path, reader, result)?;
        Ok(summary)
    }

    fn pass(
        &self,
        reader: impl Read + Send,
        Lines { form, keys }: Lines<'_>,
        scores: &mut Scores,
        beside: Beside<'_>,
    ) -> Outcome<PassSummary> {
        let rows = FolderDataset { folder: self.folder, variant: self.variant };
        let keys = Keys::checked(0..self.rows, keys);
        let mut pass = Pass::new(self.scorers).keys(keys).form(form).dataset(&rows);
        // Each row was logged with an answer of its own; results come once for equal rows.
        if form == Form::Results {
            pass = pass.copies(&self.copies);
        }
        let (mut meter, mut spots);
        if let Some(noting) = beside.noting {
            spots = |row, bytes| noting.note(row, bytes);
            pass = pass.spots(&mut spots);
        }
        if let Some(bill) = beside.bill {
            meter = |usage: &Usage| bill.add(of_usage(usage).as_ref());
            pass = pass.meter(&mut meter);
        }
        pass.run(reader, scores).map_err(|error| failed(self.context, &error))
    }
}

/// A pass reads to the end; what it left is read here so that the digest is of the file.
fn to_the_end(path: &Path, reader: &mut impl Read) -> Outcome<()> {
    let read = std::io::copy(reader, &mut std::io::sink());
    read.map(drop).map_err(|error| unread(path, &error))
}

fn unread(path: &Path, error: &std::io::Error) -> Failure {
    Failure::io(format!("failed to read {}", path.display()), error)
}

/// Reads results to the end; fails unless they are those that were fetched.
fn to_its_digest(
    path: &Path,
    mut reader: Hashing<impl Read>,
    result: &StoredResult,
) -> Outcome<()> {
    to_the_end(path, &mut reader)?;
    let (_, sha256) = reader.finish();
    if sha256 == result.sha256 {
        return Ok(());
    }
    let mut failure = other_file(path, "that was fetched");
    failure.causes.push(format!("sha256 is {sha256}, was {}", result.sha256));
    Err(failure)
}

/// A file of the run that was changed since it was written.
fn other_file(path: &Path, which: &str) -> Failure {
    Failure::new(Exit::RunFolder, format!("{} is not the file {which}", path.display()))
        .next("bring the file back from a copy; nothing else was touched")
}

/// A pass that stopped: since the user wished so, a scorer was given up, or a file cannot be read.
pub(crate) fn failed(context: &Context, error: &PassError) -> Failure {
    context.stop.failure().unwrap_or_else(|| match error {
        PassError::Scorer(error) => plugins::given_up(error),
        PassError::Compressed { .. } => {
            Failure::of(Exit::Dataset, error).next("gunzip or zstd -d it first, or pipe it in")
        }
        PassError::Dataset { source, .. } | PassError::NoDataset(source)
            if source.kind() == std::io::ErrorKind::InvalidData =>
        {
            Failure::of(Exit::RunFolder, error).next(BRING_BACK)
        }
        _ => Failure::of(Exit::Io, error),
    })
}

/// The hashes in the keys of the rows of a variant: those of the first stand in `logged.jsonl`,
/// those of others in their inputs.
fn key_hashes(
    context: &Context,
    folder: &RunFolder,
    variant: u32,
    copies: &Copies,
) -> Outcome<KeyHashes> {
    let (paths, rows) = (folder.paths(), folder.manifest().made.rows);
    let files: Vec<_> = if variant == 0 {
        vec![paths.logged()]
    } else {
        let inputs = folder.manifest().made.inputs.iter();
        let inputs = inputs.filter(|input| input.id.variant == variant);
        inputs.map(|input| paths.input(input.id)).collect()
    };
    let mut hashes = KeyHashes::new(rows);
    // No result carries the key of a copy, so any hash stands for it.
    let skip_copies = |hashes: &mut KeyHashes| {
        while variant > 0 && copies.has(hashes.rows()) {
            hashes.push(0);
        }
    };
    for path in files {
        let file = paths.open_file(&path).map_err(|error| store(&error))?;
        let mut keys = RowKeys::new(file, &context.stop);
        let failed = |error: std::io::Error| {
            if error.kind() == std::io::ErrorKind::InvalidData {
                let what = format!("{} is {error}", path.display());
                return Failure::new(Exit::RunFolder, what).next(BRING_BACK);
            }
            context.stop.failure().unwrap_or_else(|| unread(&path, &error))
        };
        loop {
            skip_copies(&mut hashes);
            let Some(key) = keys.next(hashes.rows()).map_err(failed)? else { break };
            hashes.push(key.hash());
        }
    }
    if hashes.rows() != rows {
        let what = format!(
            "the run has {rows} rows, and {} keys are in {}",
            hashes.rows(),
            paths.root().display()
        );
        return Err(Failure::new(Exit::RunFolder, what).next(BRING_BACK));
    }
    Ok(hashes)
}

/// The rows that are equal to an earlier one, which was sent for both: the index has to say the same of each.
fn copies(folder: &RunFolder) -> Outcome<Copies> {
    let (paths, made) = (folder.paths(), folder.manifest().made.transformed.copies);
    if made == 0 {
        return Ok(Copies::new([]));
    }
    let path = paths.copies();
    let told = |error: &std::io::Error| {
        dataset_rows::unread(format!("failed to read {}", path.display()), error)
    };
    let file = paths.open_file(&path).map_err(|error| store(&error))?;
    let read =
        jsonl_transform::Copies::read(BufReader::new(file)).map_err(|error| match error {
            CopiesError::Io(error) => told(&error),
            error => told(&damaged(error)),
        })?;
    if read.len() as u64 != made {
        let what = format!("it has {} copies, and the run {made}", read.len());
        return Err(told(&damaged(what)));
    }
    let mut index = dataset_rows::index(folder, 0)?;
    for (row, first) in read.pairs() {
        let known = index.copy_of(row).map_err(|error| told(&of_index(error)))?;
        if known != Some(first) {
            return Err(told(&damaged(format!("the run's index says another thing of row {row}"))));
        }
    }
    Ok(Copies::new(read.pairs()))
}
