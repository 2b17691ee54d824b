//! Rows to packed chunks: by several threads, a chunk each, given back in the order in which they were handed in.

use std::io::{self, Write as _};
use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::{entry, text};
use crate::RunRow;

/// More threads would wait for the one that reads the rows.
const MOST_THREADS: usize = 4;

/// The rows of a chunk with their values of the fields, and its number.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) number: u64,
    pub(super) rows: Vec<(RunRow, Vec<Option<String>>)>,
}

/// A chunk as it stands in the page, and the lines of the index about its rows.
#[derive(Debug)]
pub(super) struct Packed {
    pub(super) chunk: String,
    pub(super) entries: String,
}

impl Batch {
    pub(super) fn pack(&self) -> io::Result<Packed> {
        let (mut lines, mut entries) = (String::new(), String::new());
        for (at, (row, values)) in (0..).zip(&self.rows) {
            text::row(&mut lines, row);
            lines.push('\n');
            entries.push_str(&entry::entry(row, values, self.number, at));
            entries.push('\n');
        }
        Ok(Packed { chunk: packed(&lines)?, entries })
    }
}

/// Text as gzip in base64.
pub(super) fn packed(text: &str) -> io::Result<String> {
    // Higher levels take half as long again for each tenth that they save.
    let mut packed = GzEncoder::new(Vec::with_capacity(text.len() / 3), Compression::new(1));
    packed.write_all(text.as_bytes())?;
    Ok(STANDARD.encode(packed.finish()?))
}

/// Threads that pack; they start when there is something to pack.
#[derive(Debug, Default)]
pub(super) struct Packers {
    threads: Vec<Packer>,
    given: usize,
    taken: usize,
}

#[derive(Debug)]
struct Packer {
    batches: Sender<Batch>,
    packed: Receiver<io::Result<Packed>>,
    thread: JoinHandle<()>,
}

impl Packers {
    pub(super) fn give(&mut self, batch: Batch) -> io::Result<()> {
        if self.threads.is_empty() {
            let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
            self.threads = (0..cores.min(MOST_THREADS)).map(|_| Packer::start()).collect();
        }
        let at = self.given % self.threads.len();
        self.given += 1;
        let given = self.threads.get(at).map(|packer| packer.batches.send(batch));
        given.and_then(Result::ok).ok_or_else(lost)
    }

    /// How many chunks were given and not taken.
    pub(super) fn under_way(&self) -> usize {
        self.given - self.taken
    }

    /// The next chunk in the order in which they were given, of which there has to be one.
    pub(super) fn take(&mut self) -> io::Result<Packed> {
        let at = self.taken % self.threads.len().max(1);
        self.taken += 1;
        let packed = self.threads.get(at).map(|packer| packer.packed.recv());
        packed.and_then(Result::ok).ok_or_else(lost)?
    }

    /// Waits for the threads to end.
    pub(super) fn end(self) -> io::Result<()> {
        self.threads.into_iter().try_for_each(|Packer { batches, packed, thread }| {
            drop((batches, packed));
            thread.join().map_err(|_| lost())
        })
    }
}

impl Packer {
    fn start() -> Self {
        let (batches, to_pack) = channel::<Batch>();
        let (done, packed) = channel();
        let work = move || {
            for batch in to_pack {
                if done.send(batch.pack()).is_err() {
                    break;
                }
            }
        };
        Self { batches, packed, thread: thread::spawn(work) }
    }
}

fn lost() -> io::Error {
    io::Error::other("a thread that packs rows broke down")
}
