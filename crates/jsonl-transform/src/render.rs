//! Writes accepted rows as their lines: what is uploaded, and what was taken out of it.

use std::ops::Range;

use crate::{
    InputShape,
    cut::each_without,
    dedupe::RequestHash,
    edit::member,
    key::{HASH_DIGITS, hash_of, hash_of_pieces},
    plan::RowPlan,
    rows::{KEY_START, Lines},
    variants::Variants,
};

/// Room for the names, braces and the key that are written around the row's own bytes.
pub(crate) const FRAME: usize = 128;

/// A row's number is not known yet; see [`Lines::number`].
const OPEN_NUMBER: &[u8] = b"00000000-";

/// The lines of a block's rows; kept from block to block so that their memory is used again.
#[derive(Default)]
pub(crate) struct Rendered {
    /// The input lines of each variant.
    pub(crate) inputs: Vec<Lines>,
    pub(crate) logged: Lines,
    /// What tells whether requests are equal, row by row, if that is asked for.
    pub(crate) digests: Vec<RequestHash>,
    has_logged: bool,
}

impl Rendered {
    /// Makes ready for a block of so many bytes.
    pub(crate) fn clear(&mut self, variants: usize, n_bytes: usize, has_logged: bool) {
        self.inputs.resize_with(variants, Lines::default);
        self.inputs.iter_mut().for_each(|lines| lines.clear(n_bytes));
        self.has_logged = has_logged;
        self.logged.clear(if has_logged { n_bytes } else { 0 });
        self.digests.clear();
    }

    /// How many bytes of memory it holds on to.
    pub(crate) fn capacity(&self) -> usize {
        let inputs = self.inputs.iter().map(Lines::capacity).sum::<usize>();
        inputs + self.logged.capacity() + self.digests.capacity() * size_of::<RequestHash>()
    }

    /// Writes the rows' numbers into all lines.
    pub(crate) fn number(&mut self, first: u64, shape: InputShape) {
        if shape != InputShape::Notebook {
            self.inputs.iter_mut().for_each(|lines| lines.number(first));
        }
        if self.has_logged {
            self.logged.number(first);
        }
    }

    /// Leaves no input lines of rows that are copies.
    pub(crate) fn empty_copies(&mut self, firsts: &[Option<u64>]) {
        if firsts.iter().any(Option::is_some) {
            for lines in &mut self.inputs {
                lines.empty(|row| firsts[row].is_some());
            }
        }
    }

    /// Appends the lines of one row.
    pub(crate) fn row(&mut self, row: &Accepted<'_>) {
        let mut first_hash = None;
        let mut digest = row.digests.then(RequestHash::none);
        for (number, lines) in self.inputs.iter_mut().enumerate() {
            let hash = input(lines, row, row.variants.request(number), digest.as_mut());
            first_hash.get_or_insert(hash);
        }
        self.digests.extend(digest);
        if self.has_logged {
            logged(&mut self.logged, row, first_hash.unwrap_or_default());
        }
        self.logged.end_line();
    }
}

/// A good row, and what is to be done with it.
#[derive(Clone, Copy)]
pub(crate) struct Accepted<'a> {
    pub(crate) line: &'a [u8],
    /// From 1 among the lines of the dataset.
    pub(crate) line_number: u64,
    pub(crate) block: &'a [u8],
    /// Where the line stands in its block.
    pub(crate) line_start: usize,
    /// Parts of this length are not copied.
    pub(crate) long: usize,
    pub(crate) plan: &'a RowPlan,
    pub(crate) variants: &'a Variants,
    pub(crate) shape: InputShape,
    /// Whether equal requests are looked for.
    pub(crate) digests: bool,
}

impl Accepted<'_> {
    /// Appends a part of the line without the cuts that lie in it.
    fn copy(&self, part: Range<usize>, cuts: &[Range<usize>], out: &mut Lines) {
        each_without(part, cuts, |kept| {
            if kept.len() < self.long {
                out.text.extend_from_slice(&self.line[kept]);
            } else {
                out.run(self.line_start + kept.start..self.line_start + kept.end);
            }
        });
    }
}

/// Appends the logged line, without ending it.
fn logged(lines: &mut Lines, row: &Accepted<'_>, hash: u32) {
    let &Accepted { plan, line_number, .. } = row;
    let out = &mut lines.text;
    out.extend_from_slice(KEY_START);
    out.extend_from_slice(OPEN_NUMBER);
    out.extend_from_slice(&hex(hash));
    out.extend_from_slice(b"\",\"line\":");
    push_decimal(line_number, out);
    if let Some(response) = plan.response.clone() {
        out.extend_from_slice(b",\"response\":");
        row.copy(response, &[], lines);
    }
    if let Some(model) = plan.request.model.clone() {
        lines.text.extend_from_slice(b",\"model\":");
        row.copy(model, &[], lines);
    }
    push_taken(row.variants, &mut lines.text);
    lines.text.extend_from_slice(b",\"row\":");
    row.copy(plan.row.clone(), plan.rest_cuts.cuts(), lines);
    lines.text.extend_from_slice(b"}\n");
}

/// Appends the values that edits took out of the request, by their pointers.
fn push_taken(variants: &Variants, out: &mut Vec<u8>) {
    let mut separator: &[u8] = b",\"taken\":{";
    for (pointer, value) in variants.taken() {
        out.extend_from_slice(separator);
        member(pointer, value, out);
        separator = b",";
    }
    if separator == b"," {
        out.push(b'}');
    }
}

/// Appends an input line with the edited request, or with the one that came; returns the hash of the
/// request, which is added to `digest` too.
fn input(
    lines: &mut Lines,
    row: &Accepted<'_>,
    edited: Option<&[u8]>,
    digest: Option<&mut RequestHash>,
) -> u32 {
    let &Accepted { plan, shape, .. } = row;
    let request_span = &plan.request.span;
    let row_cuts = row.variants.row_cuts(plan);
    let mut hash_at = None;
    if shape != InputShape::Notebook {
        lines.text.extend_from_slice(KEY_START);
        lines.text.extend_from_slice(OPEN_NUMBER);
        // The hash is that of the request as written below, so its place is filled in last.
        hash_at = Some(lines.text.len());
        lines.text.extend_from_slice(&[b'0'; HASH_DIGITS]);
        lines.text.extend_from_slice(b"\",");
    }
    match shape {
        InputShape::Request => lines.text.extend_from_slice(b"\"request\":"),
        InputShape::Row => row.copy(plan.row.start + 1..request_span.start, row_cuts, lines),
        InputShape::Notebook => row.copy(plan.row.start..request_span.start, row_cuts, lines),
    }
    let start = lines.mark();
    match edited {
        Some(edited) => lines.text.extend_from_slice(edited),
        None => row.copy(request_span.clone(), plan.request.cuts.cuts(), lines),
    }
    let hash = match lines.text_since(start) {
        Some(request) => {
            if let Some(digest) = digest {
                digest.add(request);
            }
            hash_of(request)
        }
        None => hash_of_pieces(lines.between(start, lines.mark(), row.block)),
    };
    match shape {
        InputShape::Request => lines.text.push(b'}'),
        InputShape::Row | InputShape::Notebook => {
            row.copy(request_span.end..plan.row.end, row_cuts, lines);
        }
    }
    lines.text.push(b'\n');
    if let Some(at) = hash_at {
        lines.text[at..at + HASH_DIGITS].copy_from_slice(&hex(hash));
    }
    lines.end_line();
    lines.hashes.push(hash);
    hash
}

fn hex(hash: u32) -> [u8; HASH_DIGITS] {
    let mut digits = [0; HASH_DIGITS];
    let mut rest = hash;
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(rest & 15) as usize];
        rest >>= 4;
    }
    digits
}

fn push_decimal(mut number: u64, out: &mut Vec<u8>) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] += (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}
