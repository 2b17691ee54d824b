//! What is done with one block by itself, on any thread: check its rows, render them, count.

use crate::{
    BadReason, BadRow, BadRowPolicy, LineContent, RefusalPolicy, Transformer, WarningKind,
    blocks::{Block, is_blank},
    check::{Findings, Odd},
    crew::Job,
    own_keys,
    plan::{Fault, RowPlan},
    pointer::pointer_at,
    render::{Accepted, Rendered},
    tally::Tally,
    text,
    variants::{Recipe, Variants},
};

/// A block, and what becomes of it. Rows are not numbered yet: nobody knows how many good ones
/// come before.
pub(crate) struct Work {
    pub(crate) block: Block,
    /// Whether the rows are wanted, or only the counts.
    pub(crate) renders: bool,
    /// How many rows are taken at most, bad ones counted.
    pub(crate) most: u64,
    /// Whether the logged lines are wanted too.
    pub(crate) renders_logged: bool,
    pub(crate) rendered: Rendered,
    pub(crate) tally: Tally,
    plan: RowPlan,
    variants: Variants,
}

impl Default for Work {
    fn default() -> Self {
        Self {
            block: Block::default(),
            renders: true,
            most: u64::MAX,
            renders_logged: true,
            rendered: Rendered::default(),
            tally: Tally::default(),
            plan: RowPlan::default(),
            variants: Variants::default(),
        }
    }
}

impl Job for Work {
    fn weight(&self) -> usize {
        self.block.n_bytes()
    }

    fn capacity(&self) -> usize {
        self.block.capacity() + self.rendered.capacity() + self.variants.capacity()
    }
}

impl Work {
    /// Fills the lines and the tally; done again it does the same again.
    pub(crate) fn run(&mut self, settings: &Transformer, recipe: &Recipe) {
        let Self { block, renders, renders_logged, most, rendered, tally, plan, variants } = self;
        rendered.clear(recipe.n_variants(), block.n_bytes(), *renders_logged);
        *tally = Tally::default();
        // Copies are told by whole requests.
        let long = if settings.dedupe { usize::MAX } else { settings.long_part() };
        let mut desk = Rows {
            settings,
            recipe,
            block: block.bytes(),
            line_start: 0,
            long,
            renders: *renders,
            most: *most,
            rendered,
            tally,
            plan,
            variants,
        };
        let mut place = block.rows_before;
        for (index, line) in block.lines().enumerate() {
            desk.line_start = block.line_start(index);
            match line.content {
                LineContent::Text(text) if is_blank(text) => continue,
                LineContent::Text(text) => desk.row(line.number, place, text),
                LineContent::TooLong { .. } => desk.too_long(line.number, place, block.max_line()),
            }
            place += 1;
        }
    }
}

struct Rows<'w> {
    settings: &'w Transformer,
    recipe: &'w Recipe,
    block: &'w [u8],
    /// Where the line at hand begins in the block.
    line_start: usize,
    long: usize,
    renders: bool,
    most: u64,
    rendered: &'w mut Rendered,
    tally: &'w mut Tally,
    plan: &'w mut RowPlan,
    variants: &'w mut Variants,
}

impl Rows<'_> {
    /// Counts a row; false if its place alone tells that it is not taken.
    fn begin(&mut self, place: u64) -> bool {
        self.tally.rows_in += 1;
        let left_out = &mut self.tally.left_out;
        let selection = &self.settings.selection;
        let by = if !selection.has_row(place) {
            &mut left_out.range
        } else if self.tally.taken >= self.most {
            &mut left_out.head
        } else if selection.sample().is_some_and(|picked| !picked.has(place)) {
            &mut left_out.sample
        } else {
            return true;
        };
        *by += 1;
        false
    }

    /// Counts a row that is taken; true if that was all that is asked.
    fn take(&mut self, place: u64) -> bool {
        self.tally.taken += 1;
        if self.settings.draws {
            self.tally.drawn_from.push(place);
        }
        self.settings.draws
    }

    fn too_long(&mut self, number: u64, place: u64, limit: usize) {
        if self.begin(place) && !self.take(place) {
            let reason = BadReason::TooLong { limit: limit as u64 };
            self.tally.bad_row(|| BadRow::new(number, limit, String::new(), reason));
        }
    }

    fn row(&mut self, number: u64, place: u64, line: &[u8]) {
        if !self.begin(place) {
            return;
        }
        let mut checked = self.read(line);
        match self.likes(line, &checked) {
            Ok(true) => {}
            Ok(false) => {
                self.tally.left_out.predicate += 1;
                return;
            }
            Err(reason) => checked = Err(Fault::new(0, BadReason::Predicate(reason))),
        }
        if self.take(place) {
            return;
        }
        match checked.and_then(|()| self.prepare(line)) {
            Ok(()) => self.good_row(number, line),
            Err(fault) => self.tally.bad_row(|| describe(number, line, fault)),
        }
    }

    fn read(&mut self, line: &[u8]) -> Result<(), Fault> {
        if let Some(finder) = &self.settings.forbidden
            && let Some(offset) = finder.find(line)
        {
            return Err(Fault::new(offset, BadReason::Secret));
        }
        self.plan.read(line, self.settings.shape)
    }

    /// Asks the predicate, which is shown JSON only, and never the secret.
    fn likes(&self, line: &[u8], checked: &Result<(), Fault>) -> Result<bool, String> {
        let selection = &self.settings.selection;
        let is_json = checked.as_ref().err().is_none_or(|fault| fault.reason.is_of_valid_json());
        // Rows that were drawn were asked about before.
        if !selection.has_predicate() || selection.sample().is_some() || !is_json {
            return Ok(true);
        }
        selection.likes(line)
    }

    /// Makes the requests and checks them.
    fn prepare(&mut self, line: &[u8]) -> Result<(), Fault> {
        self.variants.make(line, self.plan, self.recipe)?;
        match self.variants.refusal(line, self.plan) {
            Some(fault) if self.settings.refusals == RefusalPolicy::BadRow => Err(fault),
            _ => Ok(()),
        }
    }

    fn good_row(&mut self, number: u64, line: &[u8]) {
        note(self.tally, number, line, self.plan);
        for (findings, text) in self.variants.findings(line, self.plan) {
            note_findings(self.tally, number, findings, text);
        }
        let fails = self.settings.bad_rows == BadRowPolicy::Fail;
        if self.renders && !(fails && self.tally.bad > 0) {
            self.rendered.row(&Accepted {
                line,
                line_number: number,
                block: self.block,
                line_start: self.line_start,
                long: self.long,
                plan: self.plan,
                variants: self.variants,
                shape: self.settings.shape,
                digests: self.settings.dedupe,
            });
        }
    }
}

/// Counts what a good row holds, and what is odd about it.
fn note(tally: &mut Tally, number: u64, line: &[u8], plan: &RowPlan) {
    let request = &plan.request;
    match request.model.clone().map(|model| &line[model]) {
        Some(model) if model.starts_with(b"\"") => tally.models.meet_token(number, model),
        Some(_) => tally.warn(number, WarningKind::ModelNotString),
        None => {}
    }
    if request.n_models > 1 {
        tally.warn(number, WarningKind::DoubledModel);
    }
    let response = plan.response.clone().map(|response| &line[response]);
    tally.with_response += u64::from(response.is_some_and(|response| response != b"null"));
    if let Some(key) = plan.own_key.clone() {
        tally.own_keys.push((own_keys::print(&line[key]), number));
    }
    if let Some((_, refusal)) = request.lacks {
        tally.warn(number, WarningKind::Refused(refusal));
    }
    if plan.n_responses > 1 {
        tally.warn(number, WarningKind::DoubledResponse);
    }
    if plan.has_lone_surrogate {
        tally.warn(number, WarningKind::LoneSurrogate);
    }
}

/// Counts what is odd about a request, whose members' names stand in `text`.
fn note_findings(tally: &mut Tally, number: u64, findings: &Findings, text: &[u8]) {
    if let Some((_, refusal)) = findings.refusal {
        tally.warn(number, WarningKind::Refused(refusal));
    }
    for odd in &findings.odd {
        let kind = match odd {
            Odd::Refused(field) => WarningKind::RefusedField(field),
            Odd::Unknown(parent, name) => {
                let name = text::decode(&text[name.clone()]);
                match parent.name() {
                    "" => tally.unknown_fields.meet(number, &name),
                    parent => tally.unknown_fields.meet(number, &format!("{parent}.{name}")),
                }
                continue;
            }
            Odd::Doubled(field) => WarningKind::DoubledField(field),
            Odd::Media(risk) => WarningKind::Media(*risk),
            Odd::Large => WarningKind::LargeRequest,
            Odd::More => WarningKind::MoreUnknownFields,
        };
        tally.warn(number, kind);
    }
}

fn describe(number: u64, line: &[u8], fault: Fault) -> BadRow {
    let pointer = match fault.reason {
        // Names on the way could spell the secret.
        BadReason::Secret => String::new(),
        _ => fault.pointer.unwrap_or_else(|| pointer_at(line, fault.offset)),
    };
    BadRow::new(number, fault.offset, pointer, fault.reason)
}
