//! Checks JSON text strictly while walking over it once, and hands out only the values that are asked for.

mod marks;
mod open;
#[cfg(test)]
mod tests;
mod token;
mod whole;

use std::ops::Range;

use crate::{Kind, View};

/// Whether the inside of a valid string is what it stands for: it has no escapes.
#[inline]
pub(crate) fn is_plain(inside: &str) -> bool {
    let inside = inside.as_bytes();
    // Nothing else in a valid string stops a run, and keys and names are too short for a search.
    match inside.len() {
        4..8 => ends_are_plain::<4>(inside),
        8..=16 => ends_are_plain::<8>(inside),
        length => token::stop(inside, 0) == length,
    }
}

/// Whether no escape stands among the first and the last `N` bytes.
#[expect(clippy::needless_bitwise_bool, reason = "so few bytes are told together, not one by one")]
#[inline]
fn ends_are_plain<const N: usize>(inside: &[u8]) -> bool {
    let is_plain = |end: &[u8; N]| end.iter().fold(true, |plain, byte| plain & (*byte != b'\\'));
    inside.first_chunk().is_some_and(is_plain) && inside.last_chunk().is_some_and(is_plain)
}

/// How much is seen beyond a line; more would let a line of nothing but brackets walk over all lines that follow.
const BEYOND: usize = 64;

/// A place in one JSON text, with no white space before it. Every step gives `None` where the text is no JSON.
///
/// Nesting of any depth is walked without recursion, except for the few levels that a reader steps into itself.
#[derive(Debug)]
pub(crate) struct Scan<'a> {
    text: &'a str,
    at: usize,
    /// Where the JSON text ends, which may be before what it stands in does.
    end: usize,
    /// The array or object that [`skip_again`](Self::skip_again) passed last.
    before: &'a str,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let at = token::token(text.as_bytes(), 0).map_or(text.len(), |(_, at)| at);
        Self { text, at, end: text.len(), before: "" }
    }

    /// A walk over the line at `place` of `text`, with no space around it.
    ///
    /// A little of what comes after the line is seen, so that its last tokens are passed as quickly as the others. No
    /// token goes on beyond a line feed, and a walk that passes one as space does not [end](Self::ends) where it should.
    ///
    /// `before` is what an earlier walk [passed last](Self::passed_last), empty for the first one.
    #[inline]
    pub(crate) fn of_line(text: &'a str, place: Range<usize>, before: &'a str) -> Self {
        let text = text.get(..text.floor_char_boundary(place.end + BEYOND)).unwrap_or(text);
        Self { text, at: place.start, end: place.end, before }
    }

    /// Whether nothing but space follows.
    pub(crate) fn ends(self) -> Option<()> {
        let rest = self.text.as_bytes().get(self.at..self.end)?;
        token::token(rest, 0).is_none().then_some(())
    }

    /// The next member of an object whose text is known to be valid: `before` is the bracket or the comma before it.
    pub(crate) fn member(&mut self, before: u8) -> Option<(&'a str, View<'a>)> {
        self.step_over(before)?;
        Some((self.name()?, self.value()?))
    }

    /// The next element of an array, in the same way.
    pub(crate) fn element(&mut self, before: u8) -> Option<View<'a>> {
        self.step_over(before)?;
        self.value()
    }

    /// Steps into the object that begins here: `member` is called at each value with the name before it, and must
    /// pass the value. Any other value is passed as it is.
    #[inline]
    pub(crate) fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, &[u8]) -> Option<()>,
    ) -> Option<()> {
        if self.peek()? != b'{' {
            return self.skip();
        }
        let mut first = self.step()?;
        if first == b'}' {
            return self.close();
        }
        loop {
            match token::near_name(self.text.as_bytes(), first, self.at) {
                Some((name, value)) => {
                    self.at = value.1;
                    member(self, name)?;
                }
                None => self.far_member(&mut member)?,
            }
            first = match token::chunk(self.text.as_bytes(), self.at) {
                Some(b",\"") => {
                    self.at += 1;
                    b'"'
                }
                _ => match self.token()? {
                    b',' => self.step()?,
                    b'}' => return self.close(),
                    _ => return None,
                },
            };
        }
    }

    /// The same for a single member whose name is long, or has escapes.
    #[inline(never)]
    fn far_member(&mut self, mut member: impl FnMut(&mut Self, &[u8]) -> Option<()>) -> Option<()> {
        let name = self.name()?;
        if name.contains('\\') {
            return member(self, View::of_valid(name).as_str()?.as_bytes());
        }
        member(self, name.as_bytes().get(1..name.len() - 1)?)
    }

    /// Steps into the array that begins here: `element` is called at each value and must pass it. Any other value is
    /// passed as it is.
    #[inline]
    pub(crate) fn array(&mut self, mut element: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        if self.peek()? != b'[' {
            return self.skip();
        }
        if self.step()? == b']' {
            return self.close();
        }
        loop {
            element(self)?;
            match self.token()? {
                b',' => drop(self.step()?),
                b']' => return self.close(),
                _ => return None,
            }
        }
    }

    /// Passes the value that begins here, whatever it is.
    #[inline]
    pub(crate) fn value(&mut self) -> Option<View<'a>> {
        self.seen(Self::skip)
    }

    /// The same for a value that nobody looks at.
    #[inline]
    pub(crate) fn skip(&mut self) -> Option<()> {
        self.at = whole::value(self.text.as_bytes(), self.peek()?, self.at)?;
        Some(())
    }

    /// The same for a value that is alike in most texts: one that was passed before is known by its bytes.
    #[inline]
    pub(crate) fn skip_again(&mut self) -> Option<()> {
        let rest = self.text.as_bytes().get(self.at..)?;
        if !self.before.is_empty() && rest.starts_with(self.before.as_bytes()) {
            self.at += self.before.len();
            return Some(());
        }
        let value = self.value()?;
        // Only what ends in a bracket ends there whatever follows.
        if let Kind::Array | Kind::Object = value.kind() {
            self.before = value.text();
        }
        Some(())
    }

    /// What [`skip_again`](Self::skip_again) would know again.
    pub(crate) fn passed_last(&self) -> &'a str {
        self.before
    }

    /// What a step passes.
    #[inline]
    pub(crate) fn seen(&mut self, step: impl FnOnce(&mut Self) -> Option<()>) -> Option<View<'a>> {
        let start = self.at;
        step(self)?;
        self.text.get(start..self.at).map(View::of_valid)
    }

    /// Passes the value that begins here if it is a whole number of few digits, and gives it; else stays.
    #[inline]
    pub(crate) fn small_number(&mut self) -> Option<u64> {
        let (number, end) = token::small_number(self.text.as_bytes(), self.at)?;
        self.at = end;
        Some(number)
    }

    /// Passes a value that is written in just this way but for a whole number of few digits; else stays.
    #[inline]
    pub(crate) fn around_number(&mut self, before: &[u8], after: &[u8]) -> Option<()> {
        let bytes = self.text.as_bytes();
        if !bytes.get(self.at..)?.starts_with(before) {
            return None;
        }
        let (_, end) = token::small_number(bytes, self.at + before.len())?;
        if !bytes.get(end..)?.starts_with(after) {
            return None;
        }
        self.at = end + after.len();
        Some(())
    }

    /// Passes a name and its colon, up to the value; gives the name as it is written.
    fn name(&mut self) -> Option<&'a str> {
        let (start, bytes) = (self.at, self.text.as_bytes());
        if self.peek()? != b'"' {
            return None;
        }
        let end = token::string(bytes, start)?;
        (_, self.at) = token::value_after(bytes, end)?;
        self.text.get(start..end)
    }

    /// Passes a bracket or comma, if it is this one.
    fn step_over(&mut self, before: u8) -> Option<()> {
        if self.token()? != before {
            return None;
        }
        self.step().map(drop)
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Passes white space; gives the byte after it.
    #[inline]
    fn token(&mut self) -> Option<u8> {
        let (byte, at) = token::token(self.text.as_bytes(), self.at)?;
        self.at = at;
        Some(byte)
    }

    /// Passes one byte and the white space after it; gives the byte after that.
    #[inline]
    fn step(&mut self) -> Option<u8> {
        self.at += 1;
        self.token()
    }

    /// Passes a closing bracket.
    #[expect(clippy::unnecessary_wraps, reason = "the last step of two others")]
    #[inline]
    fn close(&mut self) -> Option<()> {
        self.at += 1;
        Some(())
    }
}
