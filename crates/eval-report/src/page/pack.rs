//! Rows to packed chunks: by several threads, a chunk each, given back in the order in which they were handed in.
//!
//! Whoever hands a chunk in while all others have enough to do packs it: waiting for them would leave a core idle.

use std::io::{self, Write as _};
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::{entry, text};
use crate::RunRow;

/// More threads would wait for the one that reads the rows.
const MOST_THREADS: usize = 3;
/// So many chunks wait beside one for each thread: whoever is done finds the next.
const WAITING: usize = 1;

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
            entries.push_str(&entry::entry(row, values, self.number, at)?);
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
#[derive(Debug)]
pub(super) struct Packers {
    /// How many threads there are to be, beside the one that hands chunks in.
    others: usize,
    pack: Pack,
    at_work: Option<AtWork>,
    given: usize,
    taken: usize,
}

/// How a batch is packed.
type Pack = fn(&Batch) -> io::Result<Packed>;

/// The number of a chunk, its rows, and what became of them.
type Worked = (usize, Batch, io::Result<Packed>);

#[derive(Debug)]
struct AtWork {
    pack: Pack,
    batches: Sender<(usize, Batch)>,
    /// Of how many chunks the rows are held.
    held: usize,
    /// With the rows: whoever made them frees them, since two threads at one heap would wait for each other.
    packed: Receiver<Worked>,
    /// What was done before an earlier one was.
    early: Vec<(usize, io::Result<Packed>)>,
    threads: Vec<JoinHandle<()>>,
}

impl Packers {
    /// One for each core beside this thread's, and at least one.
    pub(super) fn new() -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self::of((cores - 1).clamp(1, MOST_THREADS), Batch::pack)
    }

    pub(super) fn of(others: usize, pack: Pack) -> Self {
        Self { others, pack, at_work: None, given: 0, taken: 0 }
    }

    pub(super) fn give(&mut self, batch: Batch) -> io::Result<()> {
        let at_work = self.at_work.get_or_insert_with(|| AtWork::start(self.others, self.pack));
        let number = self.given;
        self.given += 1;
        at_work.give(number, batch)
    }

    /// How many chunks were given and not taken.
    pub(super) fn under_way(&self) -> usize {
        self.given - self.taken
    }

    /// The next chunk in the order in which they were given, of which there has to be one.
    pub(super) fn take(&mut self) -> io::Result<Packed> {
        let number = self.taken;
        self.taken += 1;
        self.at_work.as_mut().ok_or_else(lost)?.take(number)
    }

    /// Waits for the threads to end.
    pub(super) fn end(self) -> io::Result<()> {
        let Some(AtWork { batches, threads, .. }) = self.at_work else { return Ok(()) };
        drop(batches);
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| lost()))
    }
}

impl AtWork {
    /// Whoever is free takes what comes next: with a queue for each, one would wait while another has two.
    fn start(others: usize, pack: Pack) -> Self {
        let (batches, to_pack) = channel();
        let (done, packed) = channel();
        let to_pack = Arc::new(Mutex::new(to_pack));
        let threads = (0..others).map(|_| {
            let (to_pack, done) = (Arc::clone(&to_pack), done.clone());
            thread::spawn(move || {
                while let Some((number, batch)) = next(&to_pack) {
                    let packed = unharmed(pack, &batch);
                    if done.send((number, batch, packed)).is_err() {
                        break;
                    }
                }
            })
        });
        Self { pack, batches, held: 0, packed, early: Vec::new(), threads: threads.collect() }
    }

    /// Hands a chunk in, or packs it where the others have enough to do.
    fn give(&mut self, number: usize, batch: Batch) -> io::Result<()> {
        while let Ok(packed) = self.packed.try_recv() {
            self.keep(packed);
        }
        if self.held < self.threads.len() + WAITING {
            self.held += 1;
            return self.batches.send((number, batch)).map_err(|_| lost());
        }
        self.early.push((number, (self.pack)(&batch)));
        Ok(())
    }

    fn take(&mut self, number: usize) -> io::Result<Packed> {
        loop {
            if let Some(at) = self.early.iter().position(|(early, _)| *early == number) {
                return self.early.swap_remove(at).1;
            }
            let packed = self.packed.recv().map_err(|_| lost())?;
            self.keep(packed);
        }
    }

    /// Keeps what another thread packed, and frees its rows.
    fn keep(&mut self, (number, _, packed): Worked) {
        self.held -= 1;
        self.early.push((number, packed));
    }
}

/// What a batch is packed to: nobody waits for one that a panic took.
fn unharmed(pack: Pack, batch: &Batch) -> io::Result<Packed> {
    catch_unwind(AssertUnwindSafe(|| pack(batch))).unwrap_or_else(|_| Err(lost()))
}

fn next(to_pack: &Mutex<Receiver<(usize, Batch)>>) -> Option<(usize, Batch)> {
    to_pack.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

fn lost() -> io::Error {
    io::Error::other("a thread that packs rows broke down")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packs nothing, and breaks down at one chunk.
    const BREAKING: Pack = |batch| {
        assert_ne!(batch.number, 5, "on purpose");
        Ok(Packed { chunk: batch.number.to_string(), entries: String::new() })
    };

    #[test]
    fn a_thread_that_breaks_down_is_told_of_and_keeps_nobody_waiting() {
        for others in 1..=3 {
            let mut packers = Packers::of(others, |batch| unharmed(BREAKING, batch));
            for number in 0..20 {
                packers.give(Batch { number, rows: Vec::new() }).unwrap();
            }
            for number in 0..20 {
                let packed = packers.take().map(|packed| packed.chunk).ok();
                assert_eq!(packed, (number != 5).then(|| number.to_string()), "{others} threads");
            }
            assert_eq!(packers.under_way(), 0);
            packers.end().unwrap();
        }
    }
}
