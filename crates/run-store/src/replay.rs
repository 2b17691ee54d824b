//! Reads a journal from its start: every event, who worked on the run, and how the file ends.

use std::io::{BufRead, Read};
use std::path::Path;
use std::time::SystemTime;

use batch_orchestrator::Event;

use crate::line::{Chain, Fault, Line};
use crate::record::Record;
use crate::{RunFolder, StoreError};

/// Longer than any line that is written; what is longer is no journal.
const MAX_LINE: u64 = 64 << 20;

/// All that a journal holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replay {
    /// The run's events in order.
    pub entries: Vec<Entry>,
    /// Who worked on the run, in order.
    pub sessions: Vec<SessionSpan>,
    /// Ends that were cut off in the past.
    pub repairs: Vec<Repair>,
    /// What now follows the last whole line: the trace of an append that a crash cut off.
    pub torn: Option<Torn>,
    /// Events of later versions that may be skipped.
    pub skipped: u64,
    /// The time of the last line.
    pub last: Option<SystemTime>,
}

/// One event of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number among the journal's lines, from 1.
    pub seq: u64,
    /// When it was written down, by the clock of that machine.
    pub at: SystemTime,
    /// What happened.
    pub event: Event,
}

/// One process's work on the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSpan {
    /// Who.
    pub session: crate::Session,
    /// Its start.
    pub start: SystemTime,
    /// Its end and how it ended; `None` while it works, or when it was killed.
    pub end: Option<(SystemTime, String)>,
}

/// An end that was cut off: an append that never returned, so that nothing was done upon it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// The number its line would have had.
    pub seq: u64,
    /// Its length.
    pub bytes: u64,
    /// The file in the run folder that has it now.
    pub kept_as: String,
}

/// What follows the last whole line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// The number its line would have had.
    pub seq: u64,
    /// Its length.
    pub bytes: u64,
}

impl Replay {
    /// The run's events in order: what its state is the fold of.
    pub fn events(&self) -> impl Iterator<Item = &Event> + '_ {
        self.entries.iter().map(|entry| &entry.event)
    }

    /// Whether lines were lost for good, so that the journal does not tell all that happened.
    pub fn was_mended(&self) -> bool {
        self.repairs.iter().any(|repair| repair.kept_as.starts_with(crate::paths::DAMAGED))
    }

    fn take(&mut self, seq: u64, line: Line) -> Result<(), String> {
        self.last = Some(line.at);
        match line.record {
            Record::RunCreated { .. } => {}
            Record::SessionStart { pid, host, program } => self.sessions.push(SessionSpan {
                session: crate::Session { pid, host, program },
                start: line.at,
                end: None,
            }),
            Record::SessionEnd { how } => {
                if let Some(session) = self.sessions.last_mut() {
                    session.end = Some((line.at, how));
                }
            }
            Record::TailCut { at, bytes, kept_as } => {
                self.repairs.push(Repair { seq: at, bytes, kept_as });
            }
            Record::Unknown => self.skipped += 1,
            event => {
                if let Some(event) = event.event()? {
                    self.entries.push(Entry { seq, at: line.at, event });
                }
            }
        }
        Ok(())
    }
}

/// A journal that was read, and where to go on writing.
pub(crate) struct Scan {
    pub(crate) replay: Replay,
    pub(crate) chain: Chain,
    /// Length of all whole lines.
    pub(crate) whole: u64,
    /// What follows them.
    pub(crate) tail: Vec<u8>,
}

impl Scan {
    pub(crate) fn start() -> Self {
        Self { replay: Replay::default(), chain: Chain::start(), whole: 0, tail: Vec::new() }
    }
}

/// Reads the journal of `run`; `path` is for messages.
pub(crate) fn scan(run: &RunFolder, path: &Path, reader: impl BufRead) -> Result<Scan, StoreError> {
    let mut scan = Scan::start();
    scan_into(&mut scan, run, path, reader)?;
    Ok(scan)
}

/// Reads into `scan`, which after an error holds what stands before it.
pub(crate) fn scan_into(
    scan: &mut Scan,
    run: &RunFolder,
    path: &Path,
    mut reader: impl BufRead,
) -> Result<(), StoreError> {
    let Scan { replay, chain, whole, tail } = scan;
    let mut text = Vec::new();
    loop {
        text.clear();
        let length = reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut text);
        let length = length.map_err(StoreError::io("read", path))?;
        if length == 0 {
            break;
        }
        let seq = chain.seq;
        let ended = text.pop_if(|last| *last == b'\n').is_some();
        let read = chain.read(&text);
        let cut = match &read {
            Ok(_) => !ended,
            Err(fault) => {
                *fault == Fault::Broken
                    && !chain.read_inside(&text)
                    && reader.fill_buf().map_err(StoreError::io("read", path))?.is_empty()
            }
        };
        // A run exists only once its first line is there for good.
        if cut && seq > 1 {
            if ended {
                text.push(b'\n');
            }
            replay.torn = Some(Torn { seq, bytes: text.len() as u64 });
            break;
        }
        let (line, next) = match read {
            Ok(read) if ended => read,
            Ok(_) => return Err(fault(path, seq, Fault::Broken)),
            Err(wrong) => return Err(fault(path, seq, wrong)),
        };
        if seq == 1 {
            check_first(run, path, &line)?;
        }
        replay.take(seq, line).map_err(|what| fault(path, seq, Fault::Misplaced(what)))?;
        *chain = next;
        *whole += length as u64;
    }
    if chain.seq == 1 {
        return Err(StoreError::damaged(path, "it is empty"));
    }
    if replay.torn.is_some() {
        *tail = text;
    }
    Ok(())
}

/// The first line binds the journal to its `run.json`.
fn check_first(run: &RunFolder, path: &Path, line: &Line) -> Result<(), StoreError> {
    let Record::RunCreated { tag, manifest_sha256 } = &line.record else {
        return Err(fault(path, 1, Fault::Misplaced("it is not where a run begins".to_owned())));
    };
    if *tag != run.manifest().tag.as_str() {
        return Err(fault(path, 1, Fault::Misplaced("it belongs to another run".to_owned())));
    }
    if manifest_sha256 != run.digest() {
        let what = "it is not the one the run was made with";
        return Err(StoreError::damaged(&run.paths().manifest(), what));
    }
    Ok(())
}

fn fault(path: &Path, seq: u64, fault: Fault) -> StoreError {
    let (path, line) = (path.to_owned(), Some(seq));
    match fault {
        Fault::Broken => StoreError::Damaged { path, line, what: "its check does not fit".into() },
        Fault::Misplaced(what) => StoreError::Damaged { path, line, what },
        Fault::Newer(what) => StoreError::Newer { path, line, what },
    }
}
