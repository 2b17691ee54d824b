//! Walks JSON text once, checks it strictly, and tells where each value begins and ends.

mod error;
mod token;

use std::ops::Range;

pub use self::error::{SyntaxError, SyntaxKind};
pub(crate) use self::token::hex_digit;

/// How many arrays and objects may be open at once; the next one is [`SyntaxKind::TooDeep`].
pub const MAX_DEPTH: u32 = 128;

/// A cursor over one JSON text, without recursion and without memory that grows with the text.
#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: u32,
    /// Whether any byte below 0x20 occurs at all: only then do strings need a look for them.
    has_controls: bool,
    lone_surrogate: Option<usize>,
    carriage_return: Option<usize>,
}

impl<'a> Scanner<'a> {
    /// Refuses text that is not UTF-8; every later step may then treat bytes as bytes.
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self, SyntaxError> {
        if let Err(error) = std::str::from_utf8(bytes) {
            return Err(SyntaxError::new(error.valid_up_to(), SyntaxKind::NotUtf8));
        }
        // One pass that the compiler turns into vector instructions.
        let least = bytes.iter().fold(u8::MAX, |least, &byte| least.min(byte));
        Ok(Self {
            bytes,
            at: 0,
            depth: 0,
            has_controls: least < 0x20,
            lone_surrogate: None,
            carriage_return: None,
        })
    }

    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// The byte at the cursor, if the text goes on.
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
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\n' => {}
                b'\r' => {
                    self.carriage_return.get_or_insert(self.at);
                }
                _ => return,
            }
            self.at += 1;
        }
    }

    /// Checks that nothing but white space follows.
    pub(crate) fn end(&mut self) -> Result<(), SyntaxError> {
        self.whitespace();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.error(SyntaxKind::TrailingCharacters)),
        }
    }

    /// Steps into the object at the cursor; its members come from the cursor this returns.
    pub(crate) fn enter_object(&mut self) -> Result<MemberCursor, SyntaxError> {
        match self.need()? {
            b'{' => self.open()?,
            found => return Err(self.unexpected("an object", found)),
        }
        Ok(MemberCursor { first: true })
    }

    /// Passes one whole value, whatever it is, and returns its span without the space around it.
    pub(crate) fn value(&mut self) -> Result<Range<usize>, SyntaxError> {
        self.whitespace();
        let start = self.at;
        let outside = self.depth;
        // The open containers, one bit each, the innermost lowest: 1 is an object, 0 an array.
        let mut kinds: u128 = 0;
        loop {
            match self.need()? {
                b'"' => self.string()?,
                b'{' => {
                    self.open()?;
                    if self.closes(b'}')? {
                        self.close();
                    } else {
                        kinds = kinds << 1 | 1;
                        self.name()?;
                        continue;
                    }
                }
                b'[' => {
                    self.open()?;
                    if self.closes(b']')? {
                        self.close();
                    } else {
                        kinds <<= 1;
                        continue;
                    }
                }
                byte => self.scalar(byte)?,
            }
            if !self.after_value(outside, &mut kinds)? {
                return Ok(start..self.at);
            }
        }
    }

    /// After a value inside `value`: closes what ends here; true when another value must follow.
    fn after_value(&mut self, outside: u32, kinds: &mut u128) -> Result<bool, SyntaxError> {
        while self.depth > outside {
            self.whitespace();
            let in_object = *kinds & 1 == 1;
            match (self.need()?, in_object) {
                (b',', true) => {
                    self.at += 1;
                    self.whitespace();
                    self.no_trailing_comma(b'}')?;
                    self.name()?;
                    return Ok(true);
                }
                (b',', false) => {
                    self.at += 1;
                    self.whitespace();
                    self.no_trailing_comma(b']')?;
                    return Ok(true);
                }
                (b'}', true) | (b']', false) => {
                    self.close();
                    *kinds >>= 1;
                }
                (found, true) => return Err(self.unexpected("',' or '}'", found)),
                (found, false) => return Err(self.unexpected("',' or ']'", found)),
            }
        }
        Ok(false)
    }

    /// Passes a member's name, its colon and the space after it; returns the name with its quotes.
    fn name(&mut self) -> Result<Range<usize>, SyntaxError> {
        let start = self.at;
        match self.need()? {
            b'"' => self.string()?,
            found => return Err(self.unexpected("a name in double quotes", found)),
        }
        let name = start..self.at;
        self.whitespace();
        match self.need()? {
            b':' => self.at += 1,
            found => return Err(self.unexpected("':'", found)),
        }
        self.whitespace();
        Ok(name)
    }

    fn open(&mut self) -> Result<(), SyntaxError> {
        if self.depth == MAX_DEPTH {
            return Err(self.error(SyntaxKind::TooDeep));
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    fn close(&mut self) {
        self.depth -= 1;
        self.at += 1;
    }

    fn closes(&mut self, bracket: u8) -> Result<bool, SyntaxError> {
        self.whitespace();
        Ok(self.need()? == bracket)
    }

    fn no_trailing_comma(&self, bracket: u8) -> Result<(), SyntaxError> {
        if self.peek() == Some(bracket) {
            return Err(self.error(SyntaxKind::TrailingComma));
        }
        Ok(())
    }

    fn need(&self) -> Result<u8, SyntaxError> {
        self.peek().ok_or_else(|| self.error(SyntaxKind::End))
    }

    fn error(&self, kind: SyntaxKind) -> SyntaxError {
        SyntaxError::new(self.at, kind)
    }

    fn unexpected(&self, expected: &'static str, found: u8) -> SyntaxError {
        self.error(SyntaxKind::Unexpected { expected, found })
    }
}

/// Goes through the members of an object that [`Scanner::enter_object`] opened.
#[derive(Debug)]
pub(crate) struct MemberCursor {
    first: bool,
}

impl MemberCursor {
    /// The next name, quotes included, with the scanner left on its value, which the caller must
    /// pass before it asks again; `None` once the object is closed.
    pub(crate) fn next(
        &mut self,
        scanner: &mut Scanner<'_>,
    ) -> Result<Option<Range<usize>>, SyntaxError> {
        scanner.whitespace();
        match scanner.need()? {
            b'}' => {
                scanner.close();
                return Ok(None);
            }
            b',' if !self.first => {
                scanner.at += 1;
                scanner.whitespace();
                scanner.no_trailing_comma(b'}')?;
            }
            found if !self.first => return Err(scanner.unexpected("',' or '}'", found)),
            _ => {}
        }
        self.first = false;
        scanner.name().map(Some)
    }
}
