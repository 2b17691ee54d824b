//! The answers of one model under one variant, by row.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use batch_orchestrator::{InputId, Job, JobId, Phase, Verdict};
use eval_report::{Line, RowAnswer};
use run_store::{OwnName, RunFolder, StoreError};
use scoring::{Json, Outcome as RowOutcome, Row, RowKey};

use super::build::Noting;
use super::place::{Place, Places};
use super::results::ResultFiles;
use super::verdicts::{Kept, Verdicts};
use crate::context::store;
use crate::dataset_rows::damaged;
use crate::exit::{Failure, Outcome};
use crate::hashing::digest;

/// The folder under `scores/` in which places are kept.
const FOLDER: &str = "places";

/// The result files of a cell as the journal knows them, from the first to the last sent.
pub(crate) struct Results<'a> {
    folder: &'a RunFolder,
    /// Where the places of their lines are kept.
    path: PathBuf,
    files: ResultFiles,
    /// Of all of them and their order.
    digest: String,
}

impl<'a> Results<'a> {
    pub(crate) fn open(
        folder: &'a RunFolder,
        (variant, model): (u32, u32),
        jobs: impl Iterator<Item = &'a Job>,
    ) -> Outcome<Self> {
        let paths = folder.paths();
        let set = OwnName::parse(FOLDER).map_err(|error| store(&error))?;
        let id = JobId { input: InputId { shard: 1, variant }, model };
        let path = paths.scores(&set, id).with_file_name(format!("v{variant}.m{model}.bin"));
        let (mut files, mut names) = (ResultFiles::new(paths), String::new());
        for job in jobs {
            if let Phase::Over(Verdict::Results { result, .. }) = &job.phase {
                files.add(job.id).map_err(|error| store(&error))?;
                names.extend([job.id.to_string(), format!(" {}\n", result.sha256)]);
            }
        }
        Ok(Self { folder, path, files, digest: digest(names.as_bytes()) })
    }

    /// The places that were found earlier, if they are of these files.
    pub(super) fn kept(&self) -> Option<Places> {
        let file = self.folder.paths().open_file(&self.path).ok()?;
        Places::open(file, self.folder.manifest().made.rows, &self.digest)
    }

    /// Begins to note the places, for passes over these files.
    pub(super) fn begin(&self) -> Outcome<Noting> {
        let rows = self.folder.manifest().made.rows;
        let places = self.scratch().and_then(|file| Places::begin(file, rows));
        places.map(Noting::new).map_err(|error| failed(&error))
    }

    /// Begins to note the places, unless they are known already.
    pub(crate) fn noting(&self) -> Outcome<Option<Noting>> {
        if self.kept().is_some() { Ok(None) } else { self.begin().map(Some) }
    }

    /// Keeps what was noted, if it was and where the folder can be written to.
    pub(crate) fn noted(&self, noting: Option<Noting>) -> Outcome<()> {
        noting.map_or(Ok(()), |noting| self.end(noting).map(drop))
    }

    /// The places that were noted; keeps them where the folder can be written to.
    pub(super) fn end(&self, noting: Noting) -> Outcome<Places> {
        let places = noting.finish().map_err(|error| failed(&error))?;
        places.seal(&self.digest).map_err(|error| failed(&error))?;
        if let Err(error) = self.keep(&places) {
            tracing::debug!(target: "rows", ?error, "places are not kept");
        }
        Ok(places)
    }

    /// A file without a name, in the run folder or where such files are made.
    fn scratch(&self) -> io::Result<File> {
        let folder = self.path.parent().unwrap_or(&self.path);
        let made = self.folder.paths().make_folder(folder);
        made.map_err(io::Error::other)
            .and_then(|()| tempfile::tempfile_in(folder))
            .or_else(|_| tempfile::tempfile())
    }

    fn keep(&self, places: &Places) -> Result<(), StoreError> {
        let mut kept = self.folder.paths().create_file(&self.path)?;
        let copied = places.bytes().and_then(|mut bytes| io::copy(&mut bytes, &mut kept));
        copied.map_err(|source| StoreError::Io {
            what: "write",
            path: self.path.clone(),
            source,
        })?;
        kept.commit()
    }
}

fn failed(error: &io::Error) -> Failure {
    Failure::io("failed to find the lines of the results", error)
}

/// The line that came for a row.
struct Found {
    line: Line,
    outcome: RowOutcome,
    /// Whether another contradicts it.
    conflicts: bool,
}

/// A cell whose lines can be found.
pub(super) struct BookCell {
    files: ResultFiles,
    places: Places,
    /// Where these are kept.
    path: PathBuf,
    verdicts: Option<Verdicts>,
    buffer: Vec<u8>,
}

impl BookCell {
    pub(super) fn new(results: Results<'_>, places: Places, verdicts: Option<Verdicts>) -> Self {
        let Results { files, path, .. } = results;
        Self { files, places, path, verdicts, buffer: Vec::new() }
    }

    /// The answer to row `number`, which is that to row `sent`.
    pub(super) fn answer(
        &mut self,
        number: u64,
        sent: u64,
        scorers: &[String],
    ) -> io::Result<RowAnswer> {
        let mut answer = RowAnswer::missing(scorers.len());
        if let Some(Found { line, outcome, conflicts }) = self.found(sent)? {
            answer.outcome = if conflicts { RowOutcome::Conflict } else { outcome };
            answer.line = Some(line);
        }
        if let Some(verdicts) = &mut self.verdicts
            && let Some(Kept { outcome, verdicts }) = verdicts.get(number, scorers)?
            // Verdicts from before the last results came are of other answers.
            && outcome == answer.outcome
        {
            answer.verdicts = verdicts;
        }
        Ok(answer)
    }

    /// The line that came for row `sent`, unless another contradicts it.
    pub(super) fn line(&mut self, sent: u64) -> io::Result<Option<Line>> {
        Ok(self.found(sent)?.filter(|found| !found.conflicts).map(|found| found.line))
    }

    fn found(&mut self, sent: u64) -> io::Result<Option<Found>> {
        let Some(place) = self.places.get(sent)? else { return Ok(None) };
        let found = self.at(place)?.and_then(|line| of_row(line, sent));
        let (line, outcome) = found.ok_or_else(|| damaged(self.astray(sent)))?;
        Ok(Some(Found { line, outcome, conflicts: place.conflicts }))
    }

    /// The line at a place; `None` where none begins, or it does not end there.
    fn at(&mut self, place: Place) -> io::Result<Option<&[u8]>> {
        let (file, all) = match self.files.get(place.file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let end = place.offset.saturating_add(place.length.into());
        // Before there is room made for it.
        if end > all {
            return Ok(None);
        }
        // With the bytes that part it from others, where there are others.
        let (before, after) = (usize::from(place.offset > 0), usize::from(end < all));
        self.buffer.resize(before + place.length as usize + after, 0);
        match file.read_exact_at(&mut self.buffer, place.offset - before as u64) {
            // It was cut since it was opened.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let (before, rest) = self.buffer.split_at(before);
        let (line, after) = rest.split_at(place.length as usize);
        let is_whole = before.iter().chain(after).all(|byte| parts(*byte));
        Ok(is_whole.then_some(line))
    }

    fn astray(&self, sent: u64) -> String {
        let path = self.path.display();
        format!("{path} leads to another line than that of row {sent}; without it, it is made anew")
    }
}

/// Whether a byte may stand beside a line: white space, or the last one of a byte order mark.
fn parts(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0xBF
}

/// A line, with what it says if it is that of a row, as far as it is one that has a key.
fn of_row(line: &[u8], sent: u64) -> Option<(Line, RowOutcome)> {
    let Some(row) = std::str::from_utf8(line).ok().and_then(|text| Row::read(0, text)) else {
        return Some((line.into(), RowOutcome::Unparsable));
    };
    let is_its = row.key.parse::<RowKey>().map_or(true, |key| key.number == sent);
    is_its.then(|| (Json::from(row.result).into(), row.outcome))
}
