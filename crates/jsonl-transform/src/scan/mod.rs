//! Walks JSON text once, checks it strictly, and tells where each value begins and ends.

mod error;
mod stop;
mod token;

use std::{borrow::Cow, ops::Range};

pub use self::error::{SyntaxError, SyntaxKind};
pub(crate) use self::token::hex_unit;
use crate::text::plain_name;

/// How many arrays and objects may be open at once; the next one is [`SyntaxKind::TooDeep`].
pub const MAX_DEPTH: u32 = 128;

/// A cursor over one JSON text, without recursion and without memory that grows with the text.
#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: u32,
    lone_surrogate: Option<usize>,
    carriage_return: Option<usize>,
    /// What was wrong; kept here so that the result of each small step is no more than a flag.
    error: Option<SyntaxError>,
}

/// Is told of the members' names that a scan passes.
pub(crate) trait Watch {
    /// A name, as a range of `text` with its quotes, whose value begins at `value`.
    fn name(&mut self, text: &[u8], name: Range<usize>, value: usize);
}

/// Watches nothing.
impl Watch for () {
    #[inline]
    fn name(&mut self, _: &[u8], _: Range<usize>, _: usize) {}
}

/// The text is wrong here; [`Scanner::error`](Scanner) tells how.
#[derive(Debug)]
struct Wrong;

type Step<T = ()> = Result<T, Wrong>;

impl<'a> Scanner<'a> {
    /// Refuses text that is not UTF-8; every later step may then treat bytes as bytes.
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self, SyntaxError> {
        if simdutf8::basic::from_utf8(bytes).is_err()
            && let Err(error) = std::str::from_utf8(bytes)
        {
            return Err(SyntaxError::new(error.valid_up_to(), SyntaxKind::NotUtf8));
        }
        Ok(Self {
            bytes,
            at: 0,
            depth: 0,
            lone_surrogate: None,
            carriage_return: None,
            error: None,
        })
    }

    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// The byte at the cursor, if the text goes on.
    #[inline]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Where the first `\u` escape of half a surrogate pair stands, so far.
    pub(crate) fn lone_surrogate(&self) -> Option<usize> {
        self.lone_surrogate
    }

    /// Where the first raw carriage return between tokens stands, since the last such call.
    pub(crate) fn take_carriage_return(&mut self) -> Option<usize> {
        self.carriage_return.take()
    }

    pub(crate) fn whitespace(&mut self) {
        self.at = self.after_space(self.at);
    }

    /// Where the white space that may begin at `at` ends.
    fn after_space(&mut self, mut at: usize) -> usize {
        while let Some(byte) = self.bytes.get(at) {
            match byte {
                b' ' | b'\t' | b'\n' => {}
                b'\r' => {
                    self.carriage_return.get_or_insert(at);
                }
                _ => break,
            }
            at += 1;
        }
        at
    }

    /// Checks that nothing but white space follows.
    pub(crate) fn end(&mut self) -> Result<(), SyntaxError> {
        self.whitespace();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(SyntaxError::new(self.at, SyntaxKind::TrailingCharacters)),
        }
    }

    /// Steps into the object at the cursor; its members come from the cursor this returns.
    pub(crate) fn enter_object(&mut self) -> Result<MemberCursor, SyntaxError> {
        let opened = match self.peek() {
            Some(b'{') => self.open(self.at),
            Some(found) => Err(self.unexpected(self.at, "an object", found)),
            None => Err(self.wrong(self.at, SyntaxKind::End)),
        };
        self.at = self.told(opened)?;
        Ok(MemberCursor { first: true })
    }

    /// Passes one whole value, whatever it is, and returns its span without the space around it.
    pub(crate) fn value(&mut self) -> Result<Range<usize>, SyntaxError> {
        self.watched_value(&mut ())
    }

    /// The same; `watch` is told of the names in the value.
    pub(crate) fn watched_value(
        &mut self,
        watch: &mut impl Watch,
    ) -> Result<Range<usize>, SyntaxError> {
        self.whitespace();
        let start = self.at;
        let passed = self.token(start).and_then(|first| self.pass_value(first, watch));
        self.at = self.told(passed)?;
        Ok(start..self.at)
    }

    /// From the first byte of a value and its place to the place after the value.
    ///
    /// The cursor is a local variable here, and each step takes and returns it: in memory it would
    /// be what every step waits for.
    fn pass_value(
        &mut self,
        (mut byte, mut at): (u8, usize),
        watch: &mut impl Watch,
    ) -> Step<usize> {
        let room = MAX_DEPTH - self.depth;
        // The containers that are open, one bit for each, the innermost lowest: 1 is an object, 0 an
        // array; and what closes the innermost.
        let (mut open, mut kinds, mut closing) = (0, 0_u128, b'}');
        loop {
            at = match byte {
                b'"' => self.string(at)?,
                b'{' | b'[' if open == room => return Err(self.wrong(at, SyntaxKind::TooDeep)),
                b'{' => {
                    let (first, next) = self.token(at + 1)?;
                    if first != b'}' {
                        (open, kinds, closing) = (open + 1, kinds << 1 | 1, b'}');
                        (byte, at) = self.name_and_value(first, next, watch)?;
                        continue;
                    }
                    next + 1
                }
                b'[' => {
                    (byte, at) = self.token(at + 1)?;
                    if byte != b']' {
                        (open, kinds, closing) = (open + 1, kinds << 1, b']');
                        continue;
                    }
                    at + 1
                }
                _ => self.scalar(byte, at)?,
            };
            loop {
                if open == 0 {
                    return Ok(at);
                }
                let (found, next) = self.token(at)?;
                if found == b',' {
                    (byte, at) = self.token_after_comma(next + 1, closing)?;
                    if closing == b'}' {
                        (byte, at) = self.name_and_value(byte, at, watch)?;
                    }
                    break;
                }
                if found != closing {
                    return Err(self.unclosed(next, closing, found));
                }
                (open, kinds) = (open - 1, kinds >> 1);
                closing = if kinds & 1 == 1 { b'}' } else { b']' };
                at = next + 1;
            }
        }
    }

    /// The first byte at or after `at` that is not white space, and its place.
    #[inline]
    fn token(&mut self, at: usize) -> Step<(u8, usize)> {
        match self.bytes.get(at) {
            Some(&byte) if byte > b' ' => Ok((byte, at)),
            _ => self.token_after_space(at),
        }
    }

    #[inline(never)]
    fn token_after_space(&mut self, at: usize) -> Step<(u8, usize)> {
        let at = self.after_space(at);
        match self.bytes.get(at) {
            Some(&byte) => Ok((byte, at)),
            None => Err(self.wrong(at, SyntaxKind::End)),
        }
    }

    #[inline]
    fn token_after_comma(&mut self, at: usize, bracket: u8) -> Step<(u8, usize)> {
        let (byte, at) = self.token(at)?;
        if byte == bracket {
            return Err(self.wrong(at, SyntaxKind::TrailingComma));
        }
        Ok((byte, at))
    }

    #[expect(clippy::inline_always, reason = "a twentieth of the whole pass is the call")]
    #[inline(always)]
    fn name_and_value(
        &mut self,
        first: u8,
        start: usize,
        watch: &mut impl Watch,
    ) -> Step<(u8, usize)> {
        let name = self.name(first, start)?;
        watch.name(self.bytes, start..name.end, name.value.1);
        Ok(name.value)
    }

    #[inline]
    fn open(&mut self, at: usize) -> Step<usize> {
        if self.depth == MAX_DEPTH {
            return Err(self.wrong(at, SyntaxKind::TooDeep));
        }
        self.depth += 1;
        Ok(at + 1)
    }

    #[cold]
    fn wrong(&mut self, offset: usize, kind: SyntaxKind) -> Wrong {
        self.error = Some(SyntaxError::new(offset, kind));
        Wrong
    }

    #[cold]
    fn unexpected(&mut self, at: usize, expected: &'static str, found: u8) -> Wrong {
        self.wrong(at, SyntaxKind::Unexpected { expected, found })
    }

    #[cold]
    fn unclosed(&mut self, at: usize, closing: u8, found: u8) -> Wrong {
        let expected = if closing == b'}' { "',' or '}'" } else { "',' or ']'" };
        self.unexpected(at, expected, found)
    }

    /// Puts the error back into the result.
    #[inline]
    fn told<T>(&self, step: Step<T>) -> Result<T, SyntaxError> {
        step.map_err(|Wrong| self.error.unwrap_or(SyntaxError::new(self.at, SyntaxKind::End)))
    }
}

/// The name of a member.
#[derive(Debug)]
pub(crate) struct Name {
    /// Where it stands, with its quotes.
    pub(crate) span: Range<usize>,
    is_plain: bool,
}

impl Name {
    /// The name as it would be written without escapes, from the text it stands in; one too long to
    /// be known is given as it is spelled.
    #[inline]
    pub(crate) fn plain<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        if self.is_plain {
            return Cow::Borrowed(&text[self.span.start + 1..self.span.end - 1]);
        }
        plain_name(&text[self.span.clone()])
    }
}

/// Goes through the members of an object that [`Scanner::enter_object`] opened.
#[derive(Debug)]
pub(crate) struct MemberCursor {
    first: bool,
}

impl MemberCursor {
    /// The next name, with the scanner left on its value, which the caller must pass before it asks
    /// again; `None` once the object is closed.
    #[inline]
    pub(crate) fn next(&mut self, scanner: &mut Scanner<'_>) -> Result<Option<Name>, SyntaxError> {
        let next = self.step(scanner);
        scanner.told(next)
    }

    fn step(&mut self, scanner: &mut Scanner<'_>) -> Step<Option<Name>> {
        let (found, at) = scanner.token(scanner.at)?;
        let (first, start) = match found {
            b'}' => {
                scanner.depth -= 1;
                scanner.at = at + 1;
                return Ok(None);
            }
            b',' if !self.first => scanner.token_after_comma(at + 1, b'}')?,
            _ if self.first => (found, at),
            _ => return Err(scanner.unexpected(at, "',' or '}'", found)),
        };
        self.first = false;
        let name = scanner.name(first, start)?;
        scanner.at = name.value.1;
        Ok(Some(Name { span: start..name.end, is_plain: name.is_plain }))
    }
}
