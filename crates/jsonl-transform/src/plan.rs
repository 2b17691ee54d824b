//! Decides about one dataset row without copying a byte: what to cut, what to keep, or why not.

use std::ops::Range;

use crate::{
    BadReason, InputShape, JsonKind,
    cut::Cutter,
    fields::{self, Standing},
    scan::{Scanner, SyntaxError},
    text::spells,
};

/// More odd fields of one row than this are not told apart.
const MAX_ODD_FIELDS: usize = 64;

/// A row that repeats dropped members more often than this is hostile: its cuts would outgrow it.
const MAX_CUTS: usize = 1000;

/// Where the parts of an accepted row stand in its line.
#[derive(Debug)]
pub(crate) struct RowPlan {
    /// The row's object.
    pub(crate) row: Range<usize>,
    /// What to leave out of the row for the input, when it is written as it came.
    pub(crate) row_cuts: Vec<Range<usize>>,
    /// What to leave out of the row so that the members beside request and response remain.
    pub(crate) rest_cuts: Vec<Range<usize>>,
    pub(crate) request: RequestPlan,
    pub(crate) response: Option<Range<usize>>,
    /// How often `response` occurs.
    pub(crate) n_responses: usize,
    pub(crate) has_lone_surrogate: bool,
}

#[derive(Debug)]
pub(crate) struct RequestPlan {
    pub(crate) span: Range<usize>,
    pub(crate) cuts: Vec<Range<usize>>,
    pub(crate) model: Option<Range<usize>>,
    pub(crate) n_models: usize,
    pub(crate) odd_fields: Vec<OddField>,
    n_contents: usize,
    contents: Option<Range<usize>>,
}

/// A member of a request that deserves a warning.
#[derive(Debug)]
pub(crate) enum OddField {
    Refused(&'static str),
    Unknown(Range<usize>),
    /// There are more of them.
    More,
}

/// Why a row is bad, and at which byte of its line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) offset: usize,
    pub(crate) reason: BadReason,
}

impl Fault {
    pub(crate) fn new(offset: usize, reason: BadReason) -> Self {
        Self { offset, reason }
    }
}

impl From<SyntaxError> for Fault {
    fn from(error: SyntaxError) -> Self {
        Self::new(error.offset(), BadReason::Syntax(error.kind()))
    }
}

/// Reads `line` once, to its end: a row that is not valid JSON throughout is refused first.
pub(crate) fn plan(line: &[u8], shape: InputShape) -> Result<RowPlan, Fault> {
    let mut scanner = Scanner::new(line)?;
    scanner.whitespace();
    // Only between the braces does a carriage return end up in a copy.
    scanner.take_carriage_return();
    let start = scanner.position();
    if let Some(first @ (b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n')) = scanner.peek() {
        scanner.value()?;
        end_of_row(&mut scanner)?;
        return Err(Fault::new(start, BadReason::NotAnObject(JsonKind::of(first))));
    }

    let mut members = scanner.enter_object()?;
    let mut row = Cutter::default();
    let mut rest = Cutter::default();
    let mut requests = Requests::default();
    let mut response = None;
    let mut n_responses = 0;
    while let Some(name) = members.next(&mut scanner)? {
        let token = &line[name.clone()];
        let is_request = spells(token, "request");
        let is_response = !is_request && spells(token, "response");
        let value =
            if is_request { requests.take(&mut scanner, line, &name)? } else { scanner.value()? };
        rest.member(!is_request && !is_response, &name, &value);
        row.member(
            !(is_response || shape == InputShape::Row && spells(token, "key")),
            &name,
            &value,
        );
        no_flood(&rest, name.start)?;
        no_flood(&row, name.start)?;
        if is_response {
            response = Some(value);
            n_responses += 1;
        }
    }
    let end = scanner.position();
    let carriage_return = scanner.take_carriage_return();
    end_of_row(&mut scanner)?;
    if let Some(offset) = carriage_return {
        return Err(Fault::new(offset, BadReason::CarriageReturn));
    }
    Ok(RowPlan {
        request: requests.only(line, start)?,
        row: start..end,
        row_cuts: row.finish(),
        rest_cuts: rest.finish(),
        response,
        n_responses,
        has_lone_surrogate: scanner.lone_surrogate().is_some(),
    })
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
    first: Option<Result<RequestPlan, Fault>>,
    doubled_at: Option<usize>,
}

impl Requests {
    fn take(
        &mut self,
        scanner: &mut Scanner<'_>,
        line: &[u8],
        name: &Range<usize>,
    ) -> Result<Range<usize>, Fault> {
        let start = scanner.position();
        let found = match scanner.peek() {
            Some(b'{') => Ok(request(scanner, line)?),
            first => {
                scanner.value()?;
                let kind = JsonKind::of(first.unwrap_or_default());
                Err(Fault::new(start, BadReason::RequestNotObject(kind)))
            }
        };
        if self.first.is_some() {
            self.doubled_at.get_or_insert(name.start);
        } else {
            self.first = Some(found);
        }
        Ok(start..scanner.position())
    }

    fn only(self, line: &[u8], row_start: usize) -> Result<RequestPlan, Fault> {
        if let Some(offset) = self.doubled_at {
            return Err(Fault::new(offset, BadReason::DoubledMember("request")));
        }
        let request =
            self.first.ok_or_else(|| Fault::new(row_start, BadReason::RequestMissing))??;
        request.check_contents(line)?;
        Ok(request)
    }
}

fn no_flood(cutter: &Cutter, offset: usize) -> Result<(), Fault> {
    if cutter.len() > MAX_CUTS {
        return Err(Fault::new(offset, BadReason::DoubledTooOften));
    }
    Ok(())
}

fn request(scanner: &mut Scanner<'_>, line: &[u8]) -> Result<RequestPlan, Fault> {
    let start = scanner.position();
    let mut cutter = Cutter::default();
    let mut plan = RequestPlan {
        span: start..start,
        cuts: Vec::new(),
        model: None,
        n_models: 0,
        odd_fields: Vec::new(),
        n_contents: 0,
        contents: None,
    };
    let mut members = scanner.enter_object()?;
    while let Some(name) = members.next(scanner)? {
        let value = scanner.value()?;
        let token = &line[name.clone()];
        let is_model = spells(token, "model");
        cutter.member(!is_model, &name, &value);
        no_flood(&cutter, name.start)?;
        if is_model {
            plan.model = Some(value);
            plan.n_models += 1;
        } else if spells(token, "contents") {
            plan.contents = Some(value);
            plan.n_contents += 1;
        } else {
            plan.note_odd(fields::standing(token), name);
        }
    }
    plan.span.end = scanner.position();
    plan.cuts = cutter.finish();
    Ok(plan)
}

impl RequestPlan {
    fn note_odd(&mut self, standing: Standing, name: Range<usize>) {
        let odd = match standing {
            Standing::Known => return,
            Standing::Refused(field) => OddField::Refused(field),
            Standing::Unknown => OddField::Unknown(name),
        };
        // A hostile row may have millions of them.
        match self.odd_fields.len() {
            0..MAX_ODD_FIELDS => self.odd_fields.push(odd),
            MAX_ODD_FIELDS => self.odd_fields.push(OddField::More),
            _ => {}
        }
    }

    fn check_contents(&self, line: &[u8]) -> Result<(), Fault> {
        let Some(contents) = self.contents.clone() else {
            return Err(Fault::new(self.span.start, BadReason::ContentsMissing));
        };
        // Parsers differ on which of two wins, and this is what is paid for.
        if self.n_contents > 1 {
            return Err(Fault::new(contents.start, BadReason::DoubledMember("contents")));
        }
        let start = contents.start;
        match line[contents].split_first() {
            Some((b'[', rest)) if rest.trim_ascii_start() == b"]" => {
                Err(Fault::new(start, BadReason::ContentsEmpty))
            }
            Some((b'[', _)) | None => Ok(()),
            Some((&first, _)) => {
                Err(Fault::new(start, BadReason::ContentsNotArray(JsonKind::of(first))))
            }
        }
    }
}
