//! Decides about one dataset row without copying a byte: what to cut, what to keep, or why not.

use std::ops::Range;

use crate::{
    BadReason, InputShape, JsonKind, Refusal,
    check::Findings,
    cut::Cutter,
    scan::{Scanner, SyntaxError},
};

/// A row that repeats dropped members more often than this is hostile: its cuts would outgrow it.
const MAX_CUTS: usize = 1000;

/// Where the parts of a row stand in its line; filled again and again, so that no row allocates.
#[derive(Debug, Default)]
pub(crate) struct RowPlan {
    /// The row's object.
    pub(crate) row: Range<usize>,
    /// What to leave out of the row for the input, when it is written as it came.
    pub(crate) row_cuts: Cutter,
    /// What to leave out of the row so that the members beside request and response remain.
    pub(crate) rest_cuts: Cutter,
    pub(crate) request: RequestPlan,
    pub(crate) response: Option<Range<usize>>,
    /// A key that the row has, other than null.
    pub(crate) own_key: Option<Range<usize>>,
    /// How often `response` occurs.
    pub(crate) n_responses: usize,
    pub(crate) has_lone_surrogate: bool,
}

#[derive(Debug, Default)]
pub(crate) struct RequestPlan {
    pub(crate) span: Range<usize>,
    pub(crate) cuts: Cutter,
    pub(crate) model: Option<Range<usize>>,
    pub(crate) n_models: usize,
    pub(crate) findings: Findings,
    /// Why it would be refused for its contents as they came, and where.
    pub(crate) lacks: Option<(usize, Refusal)>,
    n_contents: usize,
    contents: Option<Range<usize>>,
}

/// Why a row is bad, and at which byte of its line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) offset: usize,
    /// What it is about, if that does not stand at this byte.
    pub(crate) pointer: Option<String>,
    pub(crate) reason: BadReason,
}

impl Fault {
    pub(crate) fn new(offset: usize, reason: BadReason) -> Self {
        Self { offset, pointer: None, reason }
    }
}

impl From<SyntaxError> for Fault {
    fn from(error: SyntaxError) -> Self {
        Self::new(error.offset(), BadReason::Syntax(error.kind()))
    }
}

impl RowPlan {
    fn clear(&mut self) {
        self.row_cuts.clear();
        self.rest_cuts.clear();
        self.request.clear();
        self.response = None;
        self.own_key = None;
        self.n_responses = 0;
    }

    /// Reads `line` once, to its end: a row that is not valid JSON throughout is refused first.
    ///
    /// After an error the plan tells nothing.
    pub(crate) fn read(&mut self, line: &[u8], shape: InputShape) -> Result<(), Fault> {
        self.clear();
        let mut scanner = Scanner::new(line)?;
        scanner.whitespace();
        // Only between the braces does a carriage return end up in a copy.
        scanner.take_carriage_return();
        let start = scanner.position();
        if let Some(first @ (b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n')) =
            scanner.peek()
        {
            scanner.value()?;
            end_of_row(&mut scanner)?;
            return Err(Fault::new(start, BadReason::NotAnObject(JsonKind::of(first))));
        }
        let requests = self.members(&mut scanner, line, shape)?;
        let end = scanner.position();
        let carriage_return = scanner.take_carriage_return();
        end_of_row(&mut scanner)?;
        if let Some(offset) = carriage_return {
            return Err(Fault::new(offset, BadReason::CarriageReturn));
        }
        requests.check(start)?;
        self.request.check_contents(line)?;
        self.row = start..end;
        self.has_lone_surrogate = scanner.lone_surrogate().is_some();
        Ok(())
    }

    fn members(
        &mut self,
        scanner: &mut Scanner<'_>,
        line: &[u8],
        shape: InputShape,
    ) -> Result<Requests, Fault> {
        let mut members = scanner.enter_object()?;
        let mut requests = Requests::default();
        while let Some(name) = members.next(scanner)? {
            let (mut in_row, mut in_rest) = (true, true);
            let value = match &*name.plain(line) {
                b"request" => {
                    in_rest = false;
                    requests.take(scanner, line, &name.span, &mut self.request)?
                }
                b"response" => {
                    (in_row, in_rest) = (false, false);
                    let value = scanner.value()?;
                    self.response = Some(value.clone());
                    self.n_responses += 1;
                    value
                }
                b"key" => {
                    in_row = shape != InputShape::Row;
                    let value = scanner.value()?;
                    self.own_key = Some(value.clone()).filter(|key| line[key.start] != b'n');
                    value
                }
                _ => scanner.value()?,
            };
            self.rest_cuts.member(in_rest, &name.span, &value);
            self.row_cuts.member(in_row, &name.span, &value);
            no_flood(&self.rest_cuts, name.span.start)?;
            no_flood(&self.row_cuts, name.span.start)?;
        }
        self.rest_cuts.finish();
        self.row_cuts.finish();
        Ok(requests)
    }
}

/// Checks that the line ends with its row; rows parted by a bare CR are named as such.
fn end_of_row(scanner: &mut Scanner<'_>) -> Result<(), Fault> {
    scanner.take_carriage_return();
    scanner.end().map_err(|error| match scanner.take_carriage_return() {
        Some(offset) => Fault::new(offset, BadReason::CarriageReturn),
        None => error.into(),
    })
}

/// The `request` members met so far: exactly one must be there, and be an object.
#[derive(Default)]
struct Requests {
    n_met: usize,
    doubled_at: Option<usize>,
    /// What the first one is, if it is no object.
    other_kind: Option<Fault>,
}

impl Requests {
    /// Passes one, and reads it into `plan` if it is the first.
    fn take(
        &mut self,
        scanner: &mut Scanner<'_>,
        line: &[u8],
        name: &Range<usize>,
        plan: &mut RequestPlan,
    ) -> Result<Range<usize>, Fault> {
        let start = scanner.position();
        let first = scanner.peek();
        self.n_met += 1;
        if first == Some(b'{') {
            // A second one makes the row bad, whatever is left in the plan.
            plan.read(scanner, line)?;
        } else {
            scanner.value()?;
        }
        if self.n_met > 1 {
            self.doubled_at.get_or_insert(name.start);
        } else if first != Some(b'{') {
            let kind = JsonKind::of(first.unwrap_or_default());
            self.other_kind = Some(Fault::new(start, BadReason::RequestNotObject(kind)));
        }
        Ok(start..scanner.position())
    }

    fn check(self, row_start: usize) -> Result<(), Fault> {
        match (self.doubled_at, self.other_kind) {
            (Some(offset), _) => Err(Fault::new(offset, BadReason::DoubledMember("request"))),
            (None, Some(fault)) => Err(fault),
            _ if self.n_met == 0 => Err(Fault::new(row_start, BadReason::RequestMissing)),
            _ => Ok(()),
        }
    }
}

fn no_flood(cutter: &Cutter, offset: usize) -> Result<(), Fault> {
    if cutter.len() > MAX_CUTS {
        return Err(Fault::new(offset, BadReason::DoubledTooOften));
    }
    Ok(())
}

impl RequestPlan {
    fn clear(&mut self) {
        self.cuts.clear();
        self.findings.clear();
        self.lacks = None;
        (self.model, self.n_models) = (None, 0);
        (self.contents, self.n_contents) = (None, 0);
    }

    fn read(&mut self, scanner: &mut Scanner<'_>, line: &[u8]) -> Result<(), Fault> {
        self.clear();
        let start = scanner.position();
        let mut members = scanner.enter_object()?;
        while let Some(name) = members.next(scanner)? {
            self.findings.watch(line, &name.span, scanner.position());
            let (is_model, value) = match &*name.plain(line) {
                b"model" => {
                    let value = self.findings.pass(scanner)?;
                    self.model = Some(value.clone());
                    self.n_models += 1;
                    (true, value)
                }
                b"contents" => {
                    let value = self.findings.pass(scanner)?;
                    self.contents = Some(value.clone());
                    self.n_contents += 1;
                    (false, value)
                }
                plain => (false, self.findings.read(scanner, line, &name.span, plain)?),
            };
            self.cuts.member(!is_model, &name.span, &value);
            no_flood(&self.cuts, name.span.start)?;
        }
        self.cuts.finish();
        self.span = start..scanner.position();
        Ok(())
    }

    fn check_contents(&mut self, line: &[u8]) -> Result<(), Fault> {
        let Some(contents) = self.contents.clone() else {
            self.lacks = Some((self.span.start, Refusal::ContentsMissing));
            return Ok(());
        };
        // Parsers differ on which of two wins, and this is what is paid for.
        if self.n_contents > 1 {
            return Err(Fault::new(contents.start, BadReason::DoubledMember("contents")));
        }
        let start = contents.start;
        let refusal = match line[contents].split_first() {
            Some((b'[', rest)) if rest.trim_ascii_start() == b"]" => Refusal::ContentsEmpty,
            Some((b'[', _)) | None => return Ok(()),
            Some((&first, _)) => Refusal::ContentsNotArray(JsonKind::of(first)),
        };
        self.lacks = Some((start, refusal));
        Ok(())
    }
}
