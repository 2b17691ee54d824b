//! Writes accepted rows as their lines: what is uploaded, and what was taken out of it.

use std::ops::Range;

use crate::{
    InputShape,
    cut::copy_without,
    dedupe::RequestHash,
    edit::member,
    key::{HASH_DIGITS, hash_of},
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
            let (hash, request) = input(lines, row, row.variants.request(number));
            first_hash.get_or_insert(hash);
            if let Some(digest) = &mut digest {
                digest.add(&lines.text[request]);
            }
        }
        self.digests.extend(digest);
        if self.has_logged {
            self.logged(row, first_hash.unwrap_or_default());
        } else {
            self.logged.ends.push(0);
        }
    }

    fn logged(&mut self, row: &Accepted<'_>, hash: u32) {
        let &Accepted { line, plan, line_number, .. } = row;
        let taken_out = line.len() - plan.request.span.len();
        let model_len = plan.request.model.as_ref().map_or(0, Range::len);
        let out = &mut self.logged.text;
        out.reserve(taken_out + model_len + FRAME);
        out.extend_from_slice(KEY_START);
        out.extend_from_slice(OPEN_NUMBER);
        out.extend_from_slice(&hex(hash));
        out.extend_from_slice(b"\",\"line\":");
        push_decimal(line_number, out);
        if let Some(response) = plan.response.clone() {
            out.extend_from_slice(b",\"response\":");
            out.extend_from_slice(&line[response]);
        }
        if let Some(model) = plan.request.model.clone() {
            out.extend_from_slice(b",\"model\":");
            out.extend_from_slice(&line[model]);
        }
        push_taken(row.variants, out);
        out.extend_from_slice(b",\"row\":");
        copy_without(line, plan.row.clone(), plan.rest_cuts.cuts(), out);
        out.extend_from_slice(b"}\n");
        self.logged.ends.push(out.len());
    }
}

/// A good row, and what is to be done with it.
#[derive(Clone, Copy)]
pub(crate) struct Accepted<'a> {
    pub(crate) line: &'a [u8],
    /// From 1 among the lines of the dataset.
    pub(crate) line_number: u64,
    pub(crate) plan: &'a RowPlan,
    pub(crate) variants: &'a Variants,
    pub(crate) shape: InputShape,
    /// Whether equal requests are looked for.
    pub(crate) digests: bool,
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
/// request and where it stands.
fn input(lines: &mut Lines, row: &Accepted<'_>, edited: Option<&[u8]>) -> (u32, Range<usize>) {
    let &Accepted { line, plan, shape, .. } = row;
    let out = &mut lines.text;
    let request_span = &plan.request.span;
    let row_cuts = row.variants.row_cuts(plan);
    let more = edited.map_or(0, |edited| edited.len().saturating_sub(request_span.len()));
    out.reserve(line.len() + more + FRAME);
    let mut hash_at = None;
    if shape != InputShape::Notebook {
        out.extend_from_slice(KEY_START);
        out.extend_from_slice(OPEN_NUMBER);
        // The hash is that of the request as written below, so its place is filled in last.
        hash_at = Some(out.len());
        out.extend_from_slice(&[b'0'; HASH_DIGITS]);
        out.extend_from_slice(b"\",");
    }
    match shape {
        InputShape::Request => out.extend_from_slice(b"\"request\":"),
        InputShape::Row => {
            copy_without(line, plan.row.start + 1..request_span.start, row_cuts, out);
        }
        InputShape::Notebook => {
            copy_without(line, plan.row.start..request_span.start, row_cuts, out);
        }
    }
    let request_start = out.len();
    match edited {
        Some(edited) => out.extend_from_slice(edited),
        None => copy_without(line, request_span.clone(), plan.request.cuts.cuts(), out),
    }
    let request = request_start..out.len();
    let hash = hash_of(&out[request.clone()]);
    match shape {
        InputShape::Request => out.push(b'}'),
        InputShape::Row | InputShape::Notebook => {
            copy_without(line, request_span.end..plan.row.end, row_cuts, out);
        }
    }
    out.push(b'\n');
    if let Some(at) = hash_at {
        out[at..at + HASH_DIGITS].copy_from_slice(&hex(hash));
    }
    lines.ends.push(out.len());
    lines.hashes.push(hash);
    (hash, request)
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
