//! Writes an accepted row as its two lines: what is uploaded, and what was taken out of it.

use std::ops::Range;

use crate::{InputShape, RowKey, cut::copy_without, key::HASH_DIGITS, plan::RowPlan};

/// Room for the names, braces and the key that are written around the row's own bytes.
const FRAME: usize = 128;

/// Where a row stands: among the rows written, from 0, and among the lines of the dataset, from 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) row: u64,
    pub(crate) line: u64,
}

/// The lines of one row; kept from row to row so that their memory is used again.
#[derive(Debug, Default)]
pub(crate) struct Rendered {
    pub(crate) input: Vec<u8>,
    pub(crate) logged: Vec<u8>,
}

impl Rendered {
    /// Fills both lines for the row at `place` and returns the row's key.
    pub(crate) fn row(
        &mut self,
        line: &[u8],
        plan: &RowPlan,
        shape: InputShape,
        place: Place,
    ) -> RowKey {
        let key = self.input(line, plan, shape, place.row);
        self.logged(line, plan, key, place.line);
        key
    }

    fn input(&mut self, line: &[u8], plan: &RowPlan, shape: InputShape, number: u64) -> RowKey {
        let out = start(&mut self.input, line.len() + FRAME);
        let request_span = &plan.request.span;
        let mut hash_at = None;
        if shape != InputShape::Notebook {
            // The hash is that of the request as written below, so its place is filled in last.
            out.extend_from_slice(format!("{{\"key\":\"r{number:08}-").as_bytes());
            hash_at = Some(out.len());
            out.extend_from_slice(&[b'0'; HASH_DIGITS]);
            out.extend_from_slice(b"\",");
        }
        match shape {
            InputShape::Request => out.extend_from_slice(b"\"request\":"),
            InputShape::Row => {
                copy_without(line, plan.row.start + 1..request_span.start, &plan.row_cuts, out);
            }
            InputShape::Notebook => {
                copy_without(line, plan.row.start..request_span.start, &plan.row_cuts, out);
            }
        }
        let request_start = out.len();
        copy_without(line, request_span.clone(), &plan.request.cuts, out);
        let key = RowKey::new(number, &out[request_start..]);
        match shape {
            InputShape::Request => out.push(b'}'),
            InputShape::Row | InputShape::Notebook => {
                copy_without(line, request_span.end..plan.row.end, &plan.row_cuts, out);
            }
        }
        out.push(b'\n');
        if let Some(at) = hash_at {
            out[at..at + HASH_DIGITS].copy_from_slice(format!("{:08x}", key.hash()).as_bytes());
        }
        key
    }

    fn logged(&mut self, line: &[u8], plan: &RowPlan, key: RowKey, number: u64) {
        let taken_out = line.len() - plan.request.span.len();
        let model_len = plan.request.model.as_ref().map_or(0, Range::len);
        let out = start(&mut self.logged, taken_out + model_len + FRAME);
        out.extend_from_slice(format!("{{\"key\":\"{key}\",\"line\":{number}").as_bytes());
        if let Some(response) = plan.response.clone() {
            out.extend_from_slice(b",\"response\":");
            out.extend_from_slice(&line[response]);
        }
        if let Some(model) = plan.request.model.clone() {
            out.extend_from_slice(b",\"model\":");
            out.extend_from_slice(&line[model]);
        }
        out.extend_from_slice(b",\"row\":");
        copy_without(line, plan.row.clone(), &plan.rest_cuts, out);
        out.extend_from_slice(b"}\n");
    }
}

/// Empties the line and makes room exactly once: doubling would hold twice the longest row.
fn start(line: &mut Vec<u8>, most: usize) -> &mut Vec<u8> {
    line.clear();
    line.reserve_exact(most);
    line
}
