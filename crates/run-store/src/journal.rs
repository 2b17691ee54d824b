//! The journal as a file: appended to and synced line by line, repaired only at its torn end.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::time::SystemTime;

use batch_orchestrator::{Event, Journal};

use crate::line::Chain;
use crate::record::Record;
use crate::replay::{self, Scan};
use crate::{Lock, Manifest, Replay, RunFolder, RunPaths, Session, StoreError, folder, safe};

/// Tells the time for the journal's lines.
pub type Clock = Box<dyn FnMut() -> SystemTime + Send>;

/// More torn ends at one place than this are not kept apart.
const MAX_TORN: u32 = 100;

/// The first line of a journal has a few hundred bytes; without an end by here it is none.
const FIRST_LINE: usize = 4096;

/// A run's journal, open for more.
///
/// After an append that failed it takes no more events: the file may end in half a line, and only
/// a fresh look at it can tell.
///
/// Nor does it where the file is not as long as it left it: then another process writes to it too,
/// as one can where the file system has no locks.
pub struct FileJournal {
    file: File,
    paths: RunPaths,
    chain: Chain,
    length: u64,
    clock: Clock,
    failed: bool,
}

impl fmt::Debug for FileJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, chain, length, failed, .. } = self;
        let mut shown = f.debug_struct("FileJournal");
        shown.field("file", file).field("chain", chain).field("length", length);
        shown.field("failed", failed);
        shown.finish_non_exhaustive()
    }
}

impl FileJournal {
    /// Reads the journal of a locked run and opens it for more.
    ///
    /// A torn end is kept aside in `journal.torn-<number>` and cut off. The session is written
    /// down.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] or [`StoreError::Newer`] with the line, and then nothing was
    /// changed; I/O.
    pub fn open(
        run: &RunFolder,
        lock: &Lock,
        session: &Session,
        clock: Clock,
    ) -> Result<(Self, Replay), StoreError> {
        let path = run.paths().journal();
        if lock.paths() != run.paths() {
            return Err(safe::unsafe_to_use(&path, "another run was locked"));
        }
        run.paths().check(&path)?;
        let mut file = safe::open(&path, OpenOptions::new().read(true).append(true))
            .map_err(|error| explain_absence(error, run.paths()))?;
        let Scan { mut replay, chain, whole, tail } =
            replay::scan(run, &path, BufReader::new(&mut file))?;
        let mut first = Vec::new();
        if let Some(torn) = replay.torn.take() {
            let kept_as = keep_torn(run.paths(), torn.seq, &tail)?;
            file.set_len(whole).map_err(StoreError::io("truncate", &path))?;
            file.sync_all().map_err(StoreError::io("sync", &path))?;
            tracing::debug!(target: "run", seq = torn.seq, bytes = torn.bytes, "torn end cut off");
            let repair = crate::Repair { seq: torn.seq, bytes: torn.bytes, kept_as };
            first.push(Record::TailCut {
                at: repair.seq,
                bytes: repair.bytes,
                kept_as: repair.kept_as.clone(),
            });
            replay.repairs.push(repair);
        }
        let Session { pid, host, program } = session.clone();
        first.push(Record::SessionStart { pid, host, program });
        let paths = run.paths().clone();
        let mut journal = Self { file, paths, chain, length: whole, clock, failed: false };
        for record in &first {
            journal.write(record)?;
        }
        tracing::debug!(target: "run", events = replay.entries.len(), "journal open");
        Ok((journal, replay))
    }

    /// Writes down how the session ended, in a word or two of our own.
    ///
    /// # Errors
    /// As [`append`](Journal::append).
    pub fn end(&mut self, how: &'static str) -> io::Result<()> {
        self.put(Ok(Record::SessionEnd { how: how.to_owned() }))
    }

    fn put(&mut self, record: Result<Record, String>) -> io::Result<()> {
        if self.failed {
            return Err(io::Error::other("an earlier write to the journal failed"));
        }
        let written = record
            .map_err(|what| io::Error::new(io::ErrorKind::InvalidInput, what))
            .and_then(|record| {
                self.write(&record).map_err(|error| match error {
                    StoreError::Io { source, .. } => source,
                    other => other.into(),
                })
            });
        self.failed = written.is_err();
        written
    }

    fn write(&mut self, record: &Record) -> Result<(), StoreError> {
        let path = self.paths.journal();
        let found = self.file.metadata().map_err(StoreError::io("look at", &path))?;
        if found.len() != self.length {
            let path = self.paths.root().to_owned();
            return Err(StoreError::Busy { path, pid: None, host: None, since: None });
        }
        let (chain, bytes) = write(&mut self.file, self.chain, (self.clock)(), record)
            .map_err(StoreError::io("write", &path))?;
        (self.chain, self.length) = (chain, self.length + bytes);
        Ok(())
    }
}

impl Journal for FileJournal {
    fn append(&mut self, event: &Event) -> io::Result<()> {
        self.put(Record::of(event))
    }
}

impl RunFolder {
    /// Reads the journal without lock and without changing anything, also while another process
    /// appends to it.
    ///
    /// # Errors
    /// As [`FileJournal::open`].
    pub fn replay(&self) -> Result<Replay, StoreError> {
        let path = self.paths().journal();
        let file = self.paths().open_file(&path);
        let file = file.map_err(|error| explain_absence(error, self.paths()))?;
        Ok(replay::scan(self, &path, BufReader::new(file))?.replay)
    }
}

/// Makes the journal of a new run with its first line, for good.
pub(crate) fn start(paths: &RunPaths, manifest: &Manifest, bytes: &[u8]) -> Result<(), StoreError> {
    let path = paths.journal();
    let mut file = safe::create_new(&path)?;
    let record = Record::RunCreated {
        tag: manifest.tag.as_str().to_owned(),
        manifest_sha256: folder::digest(bytes),
    };
    write(&mut file, Chain::start(), manifest.created, &record)
        .map_err(StoreError::io("write", &path))?;
    safe::sync_folder(paths.root())
}

/// Whether the journal has more than its first line: then the run was made whole once.
pub(crate) fn is_begun(paths: &RunPaths) -> Result<bool, StoreError> {
    let path = paths.journal();
    let file = match paths.open_file(&path) {
        Err(error) if error.is_absence() => return Ok(false),
        file => file?,
    };
    let mut start = Vec::new();
    file.take(FIRST_LINE as u64).read_to_end(&mut start).map_err(StoreError::io("read", &path))?;
    let first = start.iter().position(|byte| *byte == b'\n').unwrap_or(FIRST_LINE - 2);
    Ok(start.len() > first + 1)
}

/// One whole line in one write, then on stable storage; gives the chain behind it, and its length.
fn write(
    file: &mut File,
    chain: Chain,
    at: SystemTime,
    record: &Record,
) -> io::Result<(Chain, u64)> {
    let invalid = |what| io::Error::new(io::ErrorKind::InvalidInput, what);
    let (line, next) = chain.write(at, record).map_err(invalid)?;
    file.write_all(line.as_bytes())?;
    file.sync_data()?;
    Ok((next, line.len() as u64))
}

/// Copies a torn end aside, for good, and gives the copy's name.
fn keep_torn(paths: &RunPaths, seq: u64, tail: &[u8]) -> Result<String, StoreError> {
    for nth in 0..=MAX_TORN {
        let path = paths.torn(seq, nth);
        let mut file = match safe::create_new(&path) {
            Err(StoreError::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {
                continue;
            }
            file => file?,
        };
        file.write_all(tail).map_err(StoreError::io("write", &path))?;
        file.sync_all().map_err(StoreError::io("sync", &path))?;
        safe::sync_folder(paths.root())?;
        return Ok(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
    }
    Err(StoreError::damaged(&paths.journal(), "it was torn too often"))
}

/// A run without a journal cannot be told from one whose jobs were all sent.
fn explain_absence(error: StoreError, paths: &RunPaths) -> StoreError {
    if error.is_absence() { StoreError::damaged(&paths.journal(), "it is missing") } else { error }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn journal_in(file: File) -> FileJournal {
        let paths = RunPaths::new("runs/r");
        let clock: Clock = Box::new(|| UNIX_EPOCH);
        FileJournal { file, paths, chain: Chain::start(), length: 0, clock, failed: false }
    }

    #[test]
    fn nothing_is_written_behind_the_lines_of_another_process() {
        for by_the_other in [&b"{}\n"[..], b""] {
            let file = tempfile::tempfile().unwrap();
            let mut other = file.try_clone().unwrap();
            let mut journal = journal_in(file);
            let event = batch_orchestrator::conformance::every_event().remove(0);
            journal.append(&event).unwrap();
            journal.append(&event).unwrap();
            let own = journal.length;
            assert_eq!(other.metadata().unwrap().len(), own);
            other.set_len(own - u64::from(by_the_other.is_empty())).unwrap();
            other.write_all(by_the_other).unwrap();
            let error = journal.append(&event).unwrap_err();
            assert!(error.to_string().contains("in use by another process"), "{error}");
            let of_folder = error.get_ref().and_then(|inner| inner.downcast_ref::<StoreError>());
            assert!(matches!(of_folder, Some(StoreError::Busy { .. })));
            assert!(journal.end("done").is_err());
        }
    }

    #[test]
    fn failed_append_is_the_last() {
        // A device that is always full.
        let file = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut journal = journal_in(file);
        let event = batch_orchestrator::conformance::every_event().remove(0);
        assert_eq!(journal.append(&event).unwrap_err().kind(), io::ErrorKind::StorageFull);
        // The disk has room again, and still nothing may follow the half line.
        journal.file = tempfile::tempfile().unwrap();
        assert!(journal.append(&event).is_err());
        assert!(journal.end("done").is_err());
        assert_eq!(journal.file.metadata().unwrap().len(), 0);
    }
}
