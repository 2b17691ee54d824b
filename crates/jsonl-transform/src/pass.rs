//! One pass over a dataset: blocks are read, given to work, and their rows written in order.

use std::io::Read;

use crate::{
    BadRowPolicy, LineContent, RowSink, Rows, Summary, TransformError, Transformer,
    blocks::{BLOCK, Block, BlockReader, is_blank},
    crew::Desk,
    dedupe::Seen,
    select::{Draw, Picked, Sample},
    sniff,
    variants::Recipe,
    work::Work,
};

/// How many bytes of lines may be under way at once, beyond the block that goes over it.
const UNDER_WAY: usize = 8 * BLOCK;

/// How many bytes of memory are kept to be used again.
const KEPT: usize = 32 * BLOCK;

/// The state of a pass that only the calling thread sees.
pub(crate) struct Pass<'t, R, S: ?Sized> {
    settings: &'t Transformer,
    recipe: &'t Recipe,
    blocks: BlockReader<R>,
    sink: &'t mut S,
    summary: Summary,
    /// What ended the reading early; what was read before goes first.
    stopped: Option<TransformError>,
    is_sniffed: bool,
    under_way: usize,
    most_under_way: usize,
    spare: Vec<Work>,
    /// Rows that the selection took so far.
    taken: u64,
    draw: Option<Draw>,
    seen: Seen,
    /// For each row of a block the one that it is a copy of.
    firsts: Vec<Option<u64>>,
}

impl<'t, R: Read, S: RowSink + ?Sized> Pass<'t, R, S> {
    pub(crate) fn new(
        settings: &'t Transformer,
        recipe: &'t Recipe,
        blocks: BlockReader<R>,
        sink: &'t mut S,
        threads: usize,
    ) -> Self {
        Self {
            settings,
            recipe,
            blocks,
            sink,
            summary: Summary::default(),
            stopped: None,
            is_sniffed: false,
            under_way: 0,
            // One thread alone finds a block still in its cache when it goes on with it at once.
            most_under_way: if threads == 1 { 0 } else { UNDER_WAY },
            spare: Vec::new(),
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

    fn fails_on_bad_rows(&self) -> bool {
        self.settings.bad_rows == BadRowPolicy::Fail
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
        let rows = Rows::new(first, &rendered.inputs, &rendered.logged, &self.firsts);
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
    pub(crate) fn picked(self) -> Result<Picked, TransformError> {
        if let Some(error) = self.stopped {
            return Err(error);
        }
        let draw = self.draw.unwrap_or_else(|| Draw::new(Sample { rows: 0, seed: 0 }));
        Ok(draw.finish(self.summary.left_out, self.summary.rows_in))
    }

    /// What is left to do when all rows were taken.
    pub(crate) fn end(mut self) -> Result<Summary, TransformError> {
        if let Some(error) = self.stopped {
            return Err(error);
        }
        self.summary.bytes_in = self.blocks.bytes_read();
        self.summary.had_bom = self.blocks.had_bom();
        let fails = self.fails_on_bad_rows();
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
        if summary.bad.count > 0 && fails {
            return Err(TransformError::BadRows { summary: Box::new(summary) });
        }
        if summary.written == 0 {
            return Err(TransformError::NoRows { summary: Box::new(summary) });
        }
        self.sink.finish()?;
        Ok(summary)
    }
}

impl<R: Read, S: RowSink + ?Sized> Desk for Pass<'_, R, S> {
    type Job = Work;
    type Error = TransformError;

    fn has_room(&self) -> bool {
        self.under_way < self.most_under_way
    }

    fn next(&mut self) -> Option<Work> {
        if self.stopped.is_some() {
            return None;
        }
        let most = self.settings.selection.most().saturating_sub(self.taken);
        let mut work = self.spare.pop().unwrap_or_default();
        match self.read(&mut work) {
            Ok(true) => {}
            Ok(false) => return None,
            Err(error) => {
                self.stopped = Some(error);
                return None;
            }
        }
        work.renders_logged = self.sink.wants_logged();
        work.renders = !(self.fails_on_bad_rows() && self.summary.bad.count > 0);
        work.most = most;
        self.under_way += work.block.n_bytes();
        Some(work)
    }

    fn done(&mut self, mut work: Work) -> Result<(), TransformError> {
        self.under_way -= work.block.n_bytes();
        // The rows taken by blocks before it were not known yet when it was given out.
        let most = self.settings.selection.most().saturating_sub(self.taken);
        if work.most != most && work.tally.taken >= most {
            work.most = most;
            work.run(self.settings, self.recipe);
        }
        self.taken += work.tally.taken;
        let failed_before = self.fails_on_bad_rows() && self.summary.bad.count > 0;
        self.summary.blank += work.block.blank;
        let tally = std::mem::take(&mut work.tally);
        match &mut self.draw {
            Some(draw) => tally.drawn_from.iter().for_each(|&row| draw.offer(row)),
            None if !failed_before => self.write(&mut work)?,
            None => {}
        }
        self.summary.add(tally);
        let kept: usize = self.spare.iter().map(Work::capacity).sum();
        if kept + work.capacity() <= KEPT {
            self.spare.push(work);
        }
        Ok(())
    }
}
