//! The answers of one model under one variant, by row.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use batch_orchestrator::{InputId, Job, JobId, Phase, Verdict};
use eval_report::RowAnswer;
use run_store::{OwnName, RunFolder, StoreError};
use scoring::{Outcome as RowOutcome, Row};
use serde_json::value::RawValue;

use super::build;
use super::place::{Class, Places};
use super::verdicts::{Kept, Verdicts};
use crate::context::{Context, store};
use crate::exit::{Exit, Failure, Outcome};
use crate::hashing::digest;
use crate::judge::Passes;

/// The folder under `scores/` in which places are kept.
const FOLDER: &str = "places";

/// The result files of a cell as the journal knows them, from the first to the last sent.
pub(super) struct Results<'a> {
    folder: &'a RunFolder,
    /// Where the places of their lines are kept.
    path: PathBuf,
    files: Vec<File>,
    digests: Vec<&'a str>,
    /// Of all of them and their order.
    digest: String,
}

impl<'a> Results<'a> {
    pub(super) fn open(
        folder: &'a RunFolder,
        (variant, model): (u32, u32),
        jobs: impl Iterator<Item = &'a Job>,
    ) -> Outcome<Self> {
        let paths = folder.paths();
        let set = OwnName::parse(FOLDER).map_err(|error| store(&error))?;
        let id = JobId { input: InputId { shard: 1, variant }, model };
        let path = paths.scores(&set, id).with_file_name(format!("v{variant}.m{model}.bin"));
        let (mut files, mut digests, mut names) = (Vec::new(), Vec::new(), String::new());
        for job in jobs {
            if let Phase::Over(Verdict::Results { result, .. }) = &job.phase {
                files.push(paths.open_file(&paths.raw(job.id)).map_err(|error| store(&error))?);
                digests.push(result.sha256.as_str());
                names.extend([job.id.to_string(), format!(" {}\n", result.sha256)]);
            }
        }
        Ok(Self { folder, path, files, digests, digest: digest(names.as_bytes()) })
    }

    /// The places that were found earlier, if they are of these files.
    pub(super) fn kept(&self) -> Option<Places> {
        let file = self.folder.paths().open_file(&self.path).ok()?;
        Places::open(file, self.folder.manifest().made.rows, &self.digest)
    }

    /// Finds the places, and keeps them where the folder can be written to.
    /// A key is a row's if `passes`, those over the cell's variant, know it.
    pub(super) fn find(&self, context: &Context, passes: Option<&Passes<'_>>) -> Outcome<Places> {
        let failed = |error: io::Error| {
            let failed = || Failure::io("failed to find the lines of the results", &error);
            context.stop.failure().unwrap_or_else(failed)
        };
        let places =
            self.scratch().and_then(|file| Places::begin(file, self.folder.manifest().made.rows));
        let places = places.map_err(failed)?;
        let is_ours = |key| passes.is_some_and(|passes| passes.has_key(key));
        let found = build::note(&places, &self.files, &context.stop, &is_ours).map_err(failed)?;
        if found.iter().zip(&self.digests).any(|(found, known)| found != known) {
            let what = "a result file is not the one that was fetched";
            return Err(Failure::new(Exit::RunFolder, what)
                .next("bring the file back from a copy; nothing else was touched"));
        }
        places.seal(&self.digest).map_err(failed)?;
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

/// A cell whose lines can be found.
pub(super) struct BookCell {
    files: Vec<File>,
    places: Places,
    verdicts: Option<Verdicts>,
}

impl BookCell {
    pub(super) fn new(results: Results<'_>, places: Places, verdicts: Option<Verdicts>) -> Self {
        Self { files: results.files, places, verdicts }
    }

    pub(super) fn verdicts(&mut self) -> Option<&mut Verdicts> {
        self.verdicts.as_mut()
    }

    /// The answer to row `number`, which is that to row `sent`.
    pub(super) fn answer(
        &mut self,
        number: u64,
        sent: u64,
        scorers: &[String],
    ) -> io::Result<RowAnswer> {
        let mut answer = RowAnswer::missing(scorers.len());
        if let Some(place) = self.places.get(sent)? {
            let line = build::read(&self.files, place, Vec::new())?;
            answer.outcome = match place.class {
                Class::Conflict => RowOutcome::Conflict,
                _ => outcome(&line),
            };
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
}

fn outcome(line: &[u8]) -> RowOutcome {
    match serde_json::from_slice::<&RawValue>(line) {
        Ok(raw) => Row::of_line(0, raw).outcome,
        Err(_) => RowOutcome::Unparsable,
    }
}
