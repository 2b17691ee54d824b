//! One pass over a dataset: blocks are read and worked on, and their rows written in order.

use std::{
    io::Read,
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
};

use crate::{
    BadRowPolicy, LineContent, RowSink, Rows, Summary, TransformError, Transformer,
    blocks::{Block, BlockReader, is_blank},
    dedupe::Seen,
    select::{Draw, Picked, Sample},
    sniff,
    variants::Recipe,
    work::Work,
};

/// What is known of the rows that were written, by those who read the next ones. It spares work and
/// decides nothing: it may be late.
#[derive(Default)]
pub(crate) struct Hints {
    /// Rows that the selection took so far.
    taken: AtomicU64,
    /// Nothing will be written any more; the rest is only counted.
    has_failed: AtomicBool,
}

/// The side of a pass that reads; one thread at a time does.
pub(crate) struct Reading<'t, R> {
    settings: &'t Transformer,
    hints: &'t Hints,
    blocks: BlockReader<R>,
    renders_logged: bool,
    is_sniffed: bool,
    /// What ended the reading early; what was read before goes first.
    stopped: Option<TransformError>,
}

impl<'t, R: Read> Reading<'t, R> {
    pub(crate) fn new(
        settings: &'t Transformer,
        hints: &'t Hints,
        blocks: BlockReader<R>,
        renders_logged: bool,
    ) -> Self {
        Self { settings, hints, blocks, renders_logged, is_sniffed: false, stopped: None }
    }

    /// Begins the work on the next block; false if there is none.
    pub(crate) fn begin(&mut self, work: &mut Work) -> bool {
        if self.stopped.is_some() {
            return false;
        }
        work.renders_logged = self.renders_logged;
        work.renders = !self.hints.has_failed.load(Relaxed);
        work.most = self.settings.selection.most().saturating_sub(self.hints.taken.load(Relaxed));
        self.read(work).unwrap_or_else(|error| {
            self.stopped = Some(error);
            false
        })
    }

    /// Reads a block into `work`; false when there is none.
    fn read(&mut self, work: &mut Work) -> Result<bool, TransformError> {
        let more = self.blocks.next(&mut work.block).map_err(|source| TransformError::Read {
            input: None,
            line: self.blocks.lines(),
            source,
        })?;
        if more && !self.is_sniffed {
            self.sniff(&work.block)?;
        }
        Ok(more)
    }

    /// Looks whether the first line that is not blank is something else than JSON.
    fn sniff(&mut self, block: &Block) -> Result<(), TransformError> {
        for line in block.lines() {
            let (bytes, is_start_only) = match &line.content {
                LineContent::Text(text) if is_blank(text) => continue,
                LineContent::Text(text) => (*text, false),
                LineContent::TooLong { prefix, .. } => (&prefix[..], true),
            };
            self.is_sniffed = true;
            if let Some(kind) = sniff::by_first_line(bytes, is_start_only) {
                return Err(TransformError::Unsupported { input: None, kind });
            }
            break;
        }
        Ok(())
    }

    /// What was read, when all of it was written.
    fn end(self) -> Result<BlockReader<R>, TransformError> {
        self.stopped.map_or(Ok(self.blocks), Err)
    }
}

/// The side of a pass that writes; one thread at a time does, block after block.
pub(crate) struct Writing<'t, S: ?Sized> {
    settings: &'t Transformer,
    recipe: &'t Recipe,
    hints: &'t Hints,
    sink: &'t mut S,
    summary: Summary,
    /// Rows that the selection took so far.
    taken: u64,
    draw: Option<Draw>,
    seen: Seen,
    /// For each row of a block the one that it is a copy of.
    firsts: Vec<Option<u64>>,
}

impl<'t, S: RowSink + ?Sized> Writing<'t, S> {
    pub(crate) fn new(
        settings: &'t Transformer,
        recipe: &'t Recipe,
        hints: &'t Hints,
        sink: &'t mut S,
    ) -> Self {
        Self {
            settings,
            recipe,
            hints,
            sink,
            summary: Summary::default(),
            taken: 0,
            draw: None,
            seen: Seen::default(),
            firsts: Vec::new(),
        }
    }

    /// Draws from the rows instead of writing them.
    pub(crate) fn drawing(mut self, sample: Sample) -> Self {
        self.draw = Some(Draw::new(sample));
        self
    }

    fn has_failed(&self) -> bool {
        self.settings.bad_rows == BadRowPolicy::Fail && self.summary.bad.count > 0
    }

    /// Ends the work on a block, in its turn.
    pub(crate) fn end_block(&mut self, work: &mut Work) -> Result<(), TransformError> {
        // The rows taken by blocks before it were not known yet when it was begun.
        let most = self.settings.selection.most().saturating_sub(self.taken);
        if work.most != most && work.tally.taken >= most {
            work.most = most;
            work.run(self.settings, self.recipe);
        }
        self.taken += work.tally.taken;
        self.summary.blank += work.block.blank;
        let tally = std::mem::take(&mut work.tally);
        if let Some(draw) = &mut self.draw {
            tally.drawn_from.iter().for_each(|&row| draw.offer(row));
        } else if !self.has_failed() {
            self.write(work)?;
        }
        self.summary.add(tally);
        self.hints.taken.store(self.taken, Relaxed);
        self.hints.has_failed.store(self.has_failed(), Relaxed);
        Ok(())
    }

    /// Numbers the rows of a block and gives them to the sink.
    fn write(&mut self, work: &mut Work) -> Result<(), TransformError> {
        let rendered = &mut work.rendered;
        let first = self.summary.written;
        self.firsts.clear();
        for (row, digest) in (first..).zip(&rendered.digests) {
            self.firsts.push(self.seen.first_of(*digest, row));
        }
        rendered.empty_copies(&self.firsts);
        rendered.number(first, self.settings.shape);
        let block = work.block.bytes();
        let rows = Rows::new(first, &rendered.inputs, &rendered.logged, block, &self.firsts);
        if !rows.is_empty() {
            self.sink.rows(&rows)?;
        }
        let summary = &mut self.summary;
        summary.written += rows.len() as u64;
        summary.copies += self.firsts.iter().flatten().count() as u64;
        let inputs = (0..rows.variants()).map(|variant| rows.input(variant).len() as u64);
        summary.bytes_input += inputs.sum::<u64>();
        summary.bytes_logged += rows.logged().len() as u64;
        Ok(())
    }

    /// The rows that were drawn, when all were seen.
    pub(crate) fn picked<R: Read>(self, read: Reading<'_, R>) -> Result<Picked, TransformError> {
        read.end()?;
        let draw = self.draw.unwrap_or_else(|| Draw::new(Sample { rows: 0, seed: 0 }));
        Ok(draw.finish(self.summary.left_out, self.summary.rows_in))
    }

    /// What is left to do when all rows were taken.
    pub(crate) fn end<R: Read>(mut self, read: Reading<'_, R>) -> Result<Summary, TransformError> {
        let blocks = read.end()?;
        self.summary.bytes_in = blocks.bytes_read();
        self.summary.had_bom = blocks.had_bom();
        let has_failed = self.has_failed();
        if let Some(picked) = self.settings.selection.sample() {
            if picked.rows_in() != self.summary.rows_in {
                let (before, now) = (picked.rows_in(), self.summary.rows_in);
                return Err(TransformError::Changed { before, now });
            }
            // Rows that were not drawn are not looked at again, so who left them out was told before.
            let left_out = &mut self.summary.left_out;
            left_out.predicate = picked.left().predicate;
            left_out.head = picked.left().head;
            left_out.sample -= left_out.predicate + left_out.head;
        }
        let summary = self.summary;
        tracing::debug!(
            target: "pass",
            rows_in = summary.rows_in,
            written = summary.written,
            bad = summary.bad.count,
            bytes_in = summary.bytes_in,
            "read the dataset"
        );
        if has_failed {
            return Err(TransformError::BadRows { summary: Box::new(summary) });
        }
        if summary.written == 0 {
            return Err(TransformError::NoRows { summary: Box::new(summary) });
        }
        self.sink.finish()?;
        Ok(summary)
    }
}
