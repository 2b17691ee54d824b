//! Looks at a request before it costs money: what would be refused, what is odd, what may be gone.

pub(crate) mod fields;
mod media;

#[cfg(test)]
mod tests;

use std::{ops::Range, sync::LazyLock};

use memchr::memmem::Finder;

pub use self::media::MediaRisk;
use self::{
    fields::{Parent, Standing, standing},
    media::MediaRisks,
};
use crate::{
    JsonKind,
    scan::{Scanner, SyntaxError, Watch},
    text::{plain_name, spells},
    walk::{NotJson, each_element, each_member},
};

/// More odd things of one row than this are not told apart: a hostile row may have millions.
const MAX_ODD: usize = 64;

/// Longer instructions are not looked into: they are hardly empty.
const MAX_EMPTY: usize = 1024;

/// Larger requests are refused outside of batches; what a batch does with them is not known.
const LARGE: usize = 20 << 20;

/// Why the service turns a whole job away for one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// `request` has no member `contents`.
    #[error("request.contents missing")]
    ContentsMissing,
    /// `request.contents` is another kind of value.
    #[error("request.contents is not an array but {0}")]
    ContentsNotArray(JsonKind),
    /// `request.contents` is an empty array.
    #[error("request.contents is empty")]
    ContentsEmpty,
    /// `request` has a member that no batch takes.
    #[error("request.{0} is refused in a batch")]
    Field(&'static str),
    /// A generation parameter stands beside `generationConfig`.
    #[error("request.{0} belongs into generationConfig")]
    OutsideConfig(&'static str),
    /// `systemInstruction` is a bare string; it must be an object with parts.
    #[error("request.systemInstruction is a string, but must be an object with parts")]
    BareInstruction,
    /// The parts of `systemInstruction` hold empty texts only.
    #[error("request.systemInstruction is empty")]
    EmptyInstruction,
    /// `cachedContent` comes together with what it already holds.
    #[error("request.cachedContent goes not together with {0}")]
    CachedWith(&'static str),
}

/// Something odd about a request that is sent all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Odd {
    /// A field that is likely to be refused.
    Refused(&'static str),
    /// A field that the list does not know, in the object named first; the name with its quotes.
    Unknown(Parent, Range<usize>),
    /// A known field that stands there twice, perhaps in both cases.
    Doubled(&'static str),
    Media(MediaRisk),
    Large,
    /// There is more of it.
    More,
}

/// What was found about one request; byte positions are those of the text it stands in.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    /// The first reason to refuse it, and where.
    pub(crate) refusal: Option<(usize, Refusal)>,
    pub(crate) odd: Vec<Odd>,
    media: MediaRisks,
    seen: Vec<(&'static str, usize)>,
}

/// What `cachedContent` already holds.
const CACHED: &[&str] = &["systemInstruction", "tools", "toolConfig"];

/// Checks a request that was found to be valid JSON.
///
/// For requests that were not scanned member by member anyway.
pub(crate) fn check(request: &[u8]) -> Findings {
    let mut findings = Findings::default();
    let walked = each_member(request, 0, |name, value| {
        let field = findings.member(&name, &plain_name(&request[name.clone()]));
        if let Some(parent) = Parent::of(field) {
            findings.walk_fields(parent, request, &value);
        }
        findings.instruction(field, request, &value);
    });
    debug_assert_eq!(walked, Ok(()), "the request was valid");
    findings.media.search(request);
    findings.end(request.len());
    findings
}

impl Findings {
    /// Forgets everything, for the next request.
    pub(crate) fn clear(&mut self) {
        self.refusal = None;
        self.odd.clear();
        self.media = MediaRisks::default();
        self.seen.clear();
    }

    /// Passes the value that the scanner stands at, of a member of the request.
    pub(crate) fn pass(&mut self, scanner: &mut Scanner<'_>) -> Result<Range<usize>, SyntaxError> {
        scanner.watched_value(&mut self.media)
    }

    /// Takes note of a member whose value begins at `value`.
    pub(crate) fn watch(&mut self, text: &[u8], name: &Range<usize>, value: usize) {
        self.media.name(text, name.clone(), value);
    }

    /// Reads the member `name` of the request, at whose value the scanner stands; `plain` is the
    /// name without escapes. Gives the range of the value in `text`.
    pub(crate) fn read(
        &mut self,
        scanner: &mut Scanner<'_>,
        text: &[u8],
        name: &Range<usize>,
        plain: &[u8],
    ) -> Result<Range<usize>, SyntaxError> {
        let field = self.member(name, plain);
        let value = match Parent::of(field) {
            Some(parent) if scanner.peek() == Some(b'{') => {
                let start = scanner.position();
                self.read_fields(scanner, text, parent)?;
                start..scanner.position()
            }
            _ => self.pass(scanner)?,
        };
        self.instruction(field, text, &value);
        Ok(value)
    }

    /// Takes note of a member of the request by its name; gives what it is called in the list.
    fn member(&mut self, name: &Range<usize>, plain: &[u8]) -> &'static str {
        match standing(Parent::Request, plain) {
            Standing::Known(field) => {
                if self.has(field) {
                    self.odd(Odd::Doubled(field));
                }
                self.seen.push((field, name.start));
                return field;
            }
            Standing::Refused(field) => self.refuse(name.start, Refusal::Field(field)),
            Standing::Odd(field) => self.odd(Odd::Refused(field)),
            Standing::Unknown => match standing(Parent::GenerationConfig, plain) {
                Standing::Known(field) => {
                    self.refuse(name.start, Refusal::OutsideConfig(field));
                }
                _ => self.odd(Odd::Unknown(Parent::Request, name.clone())),
            },
        }
        ""
    }

    /// Checks what takes the whole request to see, which is so many bytes long.
    pub(crate) fn end(&mut self, n_bytes: usize) {
        if let Some(&(_, at)) = self.seen.iter().find(|(field, _)| *field == "cachedContent")
            && let Some(other) = CACHED.iter().find(|field| self.has(field))
        {
            self.refuse(at, Refusal::CachedWith(other));
        }
        if n_bytes > LARGE {
            self.odd(Odd::Large);
        }
        for risk in std::mem::take(&mut self.media) {
            self.odd(Odd::Media(risk));
        }
    }

    /// Reads the object at the scanner and looks for fields that are not listed.
    fn read_fields(
        &mut self,
        scanner: &mut Scanner<'_>,
        text: &[u8],
        parent: Parent,
    ) -> Result<(), SyntaxError> {
        let mut members = scanner.enter_object()?;
        while let Some(name) = members.next(scanner)? {
            self.watch(text, &name.span, scanner.position());
            self.field(parent, &name.plain(text), name.span.clone());
            self.pass(scanner)?;
        }
        Ok(())
    }

    /// Looks for fields that are not listed in the object `value`.
    fn walk_fields(&mut self, parent: Parent, text: &[u8], value: &Range<usize>) {
        // Text that is not JSON is not met here; if it were, there would be less to tell.
        let _: Result<(), NotJson> = each_member(text, value.start, |name, _| {
            self.field(parent, &plain_name(&text[name.clone()]), name);
        });
    }

    fn field(&mut self, parent: Parent, plain: &[u8], name: Range<usize>) {
        if standing(parent, plain) == Standing::Unknown {
            self.odd(Odd::Unknown(parent, name));
        }
    }

    /// Looks at an instruction; other fields pass.
    fn instruction(&mut self, field: &str, text: &[u8], value: &Range<usize>) {
        if field != "systemInstruction" {
        } else if text.get(value.start) == Some(&b'"') {
            self.refuse(value.start, Refusal::BareInstruction);
        } else if has_only_empty_texts(text, value) {
            self.refuse(value.start, Refusal::EmptyInstruction);
        }
    }

    fn has(&self, field: &str) -> bool {
        self.seen.iter().any(|(seen, _)| *seen == field)
    }

    fn refuse(&mut self, at: usize, refusal: Refusal) {
        self.refusal.get_or_insert((at, refusal));
    }

    fn odd(&mut self, odd: Odd) {
        match self.odd.len() {
            0..MAX_ODD => self.odd.push(odd),
            MAX_ODD => self.odd.push(Odd::More),
            _ => {}
        }
    }
}

static EMPTY: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"\""));

/// Whether the parts of the content `value` are texts, at least one, and all of them empty.
fn has_only_empty_texts(text: &[u8], value: &Range<usize>) -> bool {
    let start = value.start;
    // Most instructions hold no empty string at all.
    if value.len() > MAX_EMPTY || EMPTY.find(&text[value.clone()]).is_none() {
        return false;
    }
    let (mut empty, mut other) = (0, 0);
    let walked = each_member(text, start, |name, value| {
        if !spells(&text[name], "parts") {
            return;
        }
        let parts = each_element(text, value.start, |part| {
            let members = each_member(text, part.start, |name, value| {
                let is_text = spells(&text[name], "text");
                *if is_text && &text[value] == b"\"\"" { &mut empty } else { &mut other } += 1;
            });
            other += usize::from(members.is_err());
        });
        other += usize::from(parts.is_err());
    });
    walked.is_ok() && empty > 0 && other == 0
}
