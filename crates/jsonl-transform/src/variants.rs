//! The requests of one row as they are uploaded, where they are not just as they came.

use std::ops::Range;

use crate::{
    BadReason, EditFault, Edits, Taken, TransformError, Transformer,
    check::{Findings, check},
    cut::copy_without,
    edit::{copy_with, cuts},
    plan::{Fault, RowPlan},
    pointer::pointer_at,
};

/// What is done to every row, worked out once from the settings.
pub(crate) struct Recipe {
    /// Of each variant; none at all when there is one and it changes nothing.
    edits: Vec<Edits>,
    /// What goes from beside the request, where the shape keeps the row.
    beside: Option<Edits>,
}

impl Recipe {
    pub(crate) fn of(settings: &Transformer) -> Result<Self, TransformError> {
        let drops = settings.drops.of_request();
        let mut edits: Vec<Edits> = settings
            .variants
            .iter()
            .map(|variant| drops.clone().then(variant))
            .collect::<Result<_, _>>()?;
        if edits.is_empty() && !drops.is_empty() {
            edits.push(drops.clone());
        }
        if edits.len() == 1 && edits[0].is_empty() {
            edits.clear();
        }
        Ok(Self { edits, beside: settings.drops.beside(settings.shape) })
    }

    pub(crate) fn n_variants(&self) -> usize {
        self.edits.len().max(1)
    }
}

/// The edited requests of one row; kept from row to row so that their memory is used again.
#[derive(Default)]
pub(crate) struct Variants {
    is_edited: bool,
    /// The request without its model, which all edits are relative to.
    base: Vec<u8>,
    requests: Vec<Vec<u8>>,
    /// What the first variant lost, as ranges of the base.
    taken: Vec<Taken>,
    row_cuts: Option<Vec<Range<usize>>>,
    /// What the requests would be refused for, and what is odd about them.
    findings: Vec<Findings>,
}

impl Variants {
    /// Makes the requests of the row.
    pub(crate) fn make(
        &mut self,
        line: &[u8],
        plan: &mut RowPlan,
        recipe: &Recipe,
    ) -> Result<(), Fault> {
        self.is_edited = !recipe.edits.is_empty();
        let beside = recipe.beside.as_ref();
        self.row_cuts = beside
            .map(|edits| cuts(edits, line))
            .transpose()
            .map_err(|fault| Fault::new(fault.offset, BadReason::Edit(fault.problem)))?;
        let request = &mut plan.request;
        if !self.is_edited {
            request.findings.end(request.span.len());
            return Ok(());
        }
        self.base.clear();
        copy_without(line, request.span.clone(), request.cuts.cuts(), &mut self.base);
        self.requests.resize_with(recipe.edits.len(), Vec::new);
        self.findings.clear();
        for (number, (edits, out)) in recipe.edits.iter().zip(&mut self.requests).enumerate() {
            let at = |fault: EditFault| {
                let offset = before_cuts(fault.offset, &request.span, request.cuts.cuts());
                Fault::new(offset, BadReason::Edit(fault.problem))
            };
            let edit = edits.plan(&self.base).map_err(at)?;
            out.clear();
            copy_with(&self.base, 0..self.base.len(), &edit.splices, out);
            self.findings.push(check(out));
            if number == 0 {
                self.taken = edit.taken;
            }
        }
        Ok(())
    }

    /// The request to upload as variant `number`, if it is not just the one that came.
    pub(crate) fn request(&self, number: usize) -> Option<&[u8]> {
        self.is_edited.then(|| &self.requests[number][..])
    }

    /// What goes from the row where it is written as it came.
    pub(crate) fn row_cuts<'a>(&'a self, plan: &'a RowPlan) -> &'a [Range<usize>] {
        self.row_cuts.as_deref().unwrap_or(plan.row_cuts.cuts())
    }

    /// What was taken out of the request by the first variant: pointers and values.
    pub(crate) fn taken(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let taken = if self.is_edited { &self.taken[..] } else { &[] };
        taken.iter().map(|taken| (&taken.pointer[..], &self.base[taken.value.clone()]))
    }

    /// What was found about each request that is uploaded, with the text that it was found in.
    pub(crate) fn findings<'a>(
        &'a self,
        line: &'a [u8],
        plan: &'a RowPlan,
    ) -> impl Iterator<Item = (&'a Findings, &'a [u8])> {
        let edited = if self.is_edited { &self.findings[..] } else { &[] };
        let plain = (!self.is_edited).then_some((&plan.request.findings, line));
        plain.into_iter().chain(edited.iter().zip(self.requests.iter().map(Vec::as_slice)))
    }

    /// The first reason to refuse a request, with the byte of the line that shows it best. What is
    /// wrong with an edited request need not stand on the line, so its pointer is that in the request.
    pub(crate) fn refusal(&self, line: &[u8], plan: &RowPlan) -> Option<Fault> {
        if let Some((offset, refusal)) = plan.request.lacks {
            return Some(Fault::new(offset, BadReason::Refused(refusal)));
        }
        let (offset, refusal, text) = self.findings(line, plan).find_map(|(findings, text)| {
            findings.refusal.map(|(offset, refusal)| (offset, refusal, text))
        })?;
        let reason = BadReason::Refused(refusal);
        if !self.is_edited {
            return Some(Fault::new(offset, reason));
        }
        let pointer = Some(format!("/request{}", pointer_at(text, offset)));
        Some(Fault { pointer, ..Fault::new(plan.request.span.start, reason) })
    }

    pub(crate) fn capacity(&self) -> usize {
        self.base.capacity() + self.requests.iter().map(Vec::capacity).sum::<usize>()
    }
}

/// Where byte `offset` of a request without its cuts stands in the line.
fn before_cuts(offset: usize, request: &Range<usize>, cuts: &[Range<usize>]) -> usize {
    let mut at = request.start + offset;
    for cut in cuts {
        if cut.start <= at {
            at += cut.len();
        }
    }
    at
}
