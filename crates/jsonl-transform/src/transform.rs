//! The pass over a dataset: read a line, decide, write, count.

use std::{fmt, io::Read};

use memchr::memmem;

use crate::{
    BadReason, BadRow, FinishedRow, LineContent, LineReader, RowSink, Summary, TransformError,
    WarningKind, lines,
    plan::{self, Fault, OddField, RowPlan},
    pointer::pointer_at,
    render::{Place, Rendered},
    sniff, text,
};

/// What to do about rows that can't be sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BadRowPolicy {
    /// Read to the end to list and count them, then fail.
    #[default]
    Fail,
    /// Leave them out and count them.
    Skip,
}

/// What an input line is made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum InputShape {
    /// `{"key":…,"request":…}` and nothing else: what the Batch API documents.
    #[default]
    Request,
    /// The row as it came without `response` and `request.model`, with `key` set first; a key that
    /// the row had is replaced.
    Row,
    /// The row as it came without `response` and `request.model`; no key is set.
    Notebook,
}

/// Turns datasets of logged requests and responses into input for batch jobs.
///
/// ```
/// use jsonl_transform::{Streams, Transformer};
/// let dataset = br#"{"request":{"model":"m","contents":[{}]},"response":{"a":1},"id":7}"#;
/// let (mut input, mut logged, mut index) = (Vec::new(), Vec::new(), Vec::new());
/// let mut streams = Streams::new(&mut input, &mut logged, &mut index);
/// let summary = Transformer::new().run(&dataset[..], &mut streams)?;
/// drop(streams);
/// assert_eq!(summary.written, 1);
/// assert!(input.ends_with(br#","request":{"contents":[{}]}}
/// "#));
/// assert!(logged.ends_with(br#","response":{"a":1},"model":"m","row":{"id":7}}
/// "#));
/// # Ok::<_, jsonl_transform::TransformError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Transformer {
    bad_rows: BadRowPolicy,
    shape: InputShape,
    max_line: usize,
    forbidden: Option<Forbidden>,
}

/// A text that no row may hold; never shown.
#[derive(Clone)]
struct Forbidden(memmem::Finder<'static>);

impl fmt::Debug for Forbidden {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Forbidden(****)")
    }
}

impl Default for Transformer {
    fn default() -> Self {
        Self {
            bad_rows: BadRowPolicy::default(),
            shape: InputShape::default(),
            max_line: lines::DEFAULT_MAX_LINE,
            forbidden: None,
        }
    }
}

impl Transformer {
    /// Fails on bad rows, writes [`InputShape::Request`], reads lines of up to 64 MiB.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets what to do about bad rows.
    #[must_use]
    pub fn bad_rows(mut self, policy: BadRowPolicy) -> Self {
        self.bad_rows = policy;
        self
    }

    /// Sets what an input line is made of.
    #[must_use]
    pub fn shape(mut self, shape: InputShape) -> Self {
        self.shape = shape;
        self
    }

    /// Sets the longest line, in bytes without its line end; a longer one is a bad row.
    #[must_use]
    pub fn max_line(mut self, bytes: usize) -> Self {
        self.max_line = bytes;
        self
    }

    /// Makes a row bad that holds `secret`: it would be sent and logged. An empty one is ignored.
    #[must_use]
    pub fn forbid(mut self, secret: &[u8]) -> Self {
        let finder = || Forbidden(memmem::Finder::new(secret).into_owned());
        self.forbidden = (!secret.is_empty()).then(finder);
        self
    }

    /// Reads all of `dataset` and gives the good rows to `sink`, in order and numbered from 0.
    ///
    /// Once a row is bad under [`BadRowPolicy::Fail`] the sink is given nothing more; the rest is
    /// still read and checked. Memory is bounded by the longest line, whatever the number of rows.
    ///
    /// # Errors
    /// When reading or writing fails, the input is not JSON lines, rows are bad and the policy is
    /// to fail, or no good row is there. What the sink was given until then must not be used.
    pub fn run<R: Read, S: RowSink + ?Sized>(
        &self,
        dataset: R,
        sink: &mut S,
    ) -> Result<Summary, TransformError> {
        let span = tracing::debug_span!(target: "pass", "transform");
        let _entered = span.enter();
        let read_error = |line| move |source| TransformError::Read { line, source };
        let mut lines = LineReader::open(dataset, self.max_line).map_err(read_error(0))?;
        if let Some(kind) = sniff::by_magic(lines.head()) {
            return Err(TransformError::Unsupported { kind });
        }
        let mut pass =
            Pass { settings: self, summary: Summary::default(), rendered: Rendered::default() };
        let mut last_line = 0;
        while let Some(line) = lines.next_line().map_err(read_error(last_line))? {
            last_line = line.number;
            pass.line(line.number, &line.content, sink)?;
        }
        pass.summary.bytes_in = lines.bytes_read();
        pass.summary.had_bom = lines.had_bom();
        pass.end(sink)
    }

    fn check(&self, line: &[u8]) -> Result<RowPlan, Fault> {
        if let Some(Forbidden(finder)) = &self.forbidden
            && let Some(offset) = finder.find(line)
        {
            return Err(Fault::new(offset, BadReason::Secret));
        }
        plan::plan(line, self.shape)
    }
}

/// One run: the settings, what was counted, and the lines that are filled again and again.
struct Pass<'t> {
    settings: &'t Transformer,
    summary: Summary,
    rendered: Rendered,
}

impl Pass<'_> {
    fn line<S: RowSink + ?Sized>(
        &mut self,
        number: u64,
        content: &LineContent<'_>,
        sink: &mut S,
    ) -> Result<(), TransformError> {
        let bytes = match content {
            LineContent::Text(bytes) if is_blank(bytes) => {
                self.summary.blank += 1;
                return Ok(());
            }
            LineContent::Text(bytes) => bytes,
            LineContent::TooLong { prefix, .. } => &prefix[..],
        };
        let too_long = matches!(content, LineContent::TooLong { .. });
        if self.summary.rows_in == 0
            && let Some(kind) = sniff::by_first_line(bytes, too_long)
        {
            return Err(TransformError::Unsupported { kind });
        }
        self.summary.rows_in += 1;
        if too_long {
            let limit = self.settings.max_line;
            let reason = BadReason::TooLong { limit: limit as u64 };
            self.summary.bad_row(|| BadRow::new(number, limit, String::new(), reason));
            return Ok(());
        }
        match self.settings.check(bytes) {
            Ok(plan) => self.good_row(number, bytes, &plan, sink),
            Err(fault) => {
                self.summary.bad_row(|| describe(number, bytes, fault));
                Ok(())
            }
        }
    }

    fn good_row<S: RowSink + ?Sized>(
        &mut self,
        number: u64,
        line: &[u8],
        plan: &RowPlan,
        sink: &mut S,
    ) -> Result<(), TransformError> {
        self.tally(number, line, plan);
        if self.settings.bad_rows == BadRowPolicy::Fail && self.summary.bad.count > 0 {
            return Ok(());
        }
        let summary = &mut self.summary;
        let place = Place { row: summary.written, line: number };
        let key = self.rendered.row(line, plan, self.settings.shape, place);
        let row = FinishedRow::new(key, &self.rendered.input, &self.rendered.logged);
        sink.row(&row)?;
        summary.written += 1;
        summary.bytes_input += row.input.len() as u64;
        summary.bytes_logged += row.logged.len() as u64;
        Ok(())
    }

    fn tally(&mut self, number: u64, line: &[u8], plan: &RowPlan) {
        let summary = &mut self.summary;
        let request = &plan.request;
        match request.model.clone().map(|model| &line[model]) {
            Some(model) if model.starts_with(b"\"") => summary.model(&text::decode(model)),
            Some(_) => summary.warn(number, WarningKind::ModelNotString),
            None => {}
        }
        if request.n_models > 1 {
            summary.warn(number, WarningKind::DoubledModel);
        }
        for odd in &request.odd_fields {
            match odd {
                OddField::Refused(field) => summary.warn(number, WarningKind::RefusedField(field)),
                OddField::Unknown(name) => {
                    summary.unknown_field(number, &text::decode(&line[name.clone()]));
                }
                OddField::More => summary.warn(number, WarningKind::MoreUnknownFields),
            }
        }
        summary.with_response += u64::from(plan.response.is_some());
        if plan.n_responses > 1 {
            summary.warn(number, WarningKind::DoubledResponse);
        }
        if plan.has_lone_surrogate {
            summary.warn(number, WarningKind::LoneSurrogate);
        }
    }

    fn end<S: RowSink + ?Sized>(self, sink: &mut S) -> Result<Summary, TransformError> {
        let summary = self.summary;
        tracing::debug!(
            target: "pass",
            rows_in = summary.rows_in,
            written = summary.written,
            bad = summary.bad.count,
            bytes_in = summary.bytes_in,
            "read the dataset"
        );
        if summary.bad.count > 0 && self.settings.bad_rows == BadRowPolicy::Fail {
            return Err(TransformError::BadRows { summary: Box::new(summary) });
        }
        if summary.written == 0 {
            return Err(TransformError::NoRows { summary: Box::new(summary) });
        }
        sink.finish()?;
        Ok(summary)
    }
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
}

fn describe(number: u64, line: &[u8], fault: Fault) -> BadRow {
    let pointer = match fault.reason {
        // Names on the way could spell the secret.
        BadReason::Secret => String::new(),
        _ => pointer_at(line, fault.offset),
    };
    BadRow::new(number, fault.offset, pointer, fault.reason)
}
