//! Checks JSON text strictly while walking over it once, and hands out only the values that are asked for.

mod marks;
mod open;
#[cfg(test)]
mod tests;
mod token;
mod whole;

use std::borrow::Cow;

use crate::View;

/// Whether the inside of a valid string is what it stands for: it has no escapes.
#[inline]
pub(crate) fn is_plain(inside: &str) -> bool {
    token::stop(inside.as_bytes(), 0) == inside.len()
}

/// A place in one JSON text, with no white space before it. Every step gives `None` where the text is no JSON.
///
/// Nesting of any depth is walked without recursion, except for the few levels that a reader steps into itself.
#[derive(Debug)]
pub(crate) struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let at = token::token(text.as_bytes(), 0).map_or(text.len(), |(_, at)| at);
        Self { text, at }
    }

    /// Whether nothing but space follows.
    pub(crate) fn ends(self) -> Option<()> {
        token::token(self.text.as_bytes(), self.at).is_none().then_some(())
    }

    /// The next member of an object whose text is known to be valid: `before` is the bracket or the comma before it.
    pub(crate) fn member(&mut self, before: u8) -> Option<(&'a str, View<'a>)> {
        self.step_over(before)?;
        let start = self.at;
        let (end, _) = self.name()?;
        let value = self.value()?;
        Some((self.text.get(start..end)?, value))
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
    ) -> Option<View<'a>> {
        let start = self.at;
        if self.peek()? != b'{' {
            return self.value();
        }
        if self.step()? == b'}' {
            return self.close(start);
        }
        loop {
            let quote = self.at;
            let (end, plain) = self.name()?;
            let name = self.text.as_bytes().get(quote + 1..end - 1)?;
            if plain || token::stop(name, 0) == name.len() {
                member(self, name)?;
            } else {
                member(self, self.decoded(quote, end)?.as_bytes())?;
            }
            match self.token()? {
                b',' => drop(self.step()?),
                b'}' => return self.close(start),
                _ => return None,
            }
        }
    }

    /// Steps into the array that begins here: `element` is called at each value and must pass it. Any other value is
    /// passed as it is.
    #[inline]
    pub(crate) fn array(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Option<()>,
    ) -> Option<View<'a>> {
        let start = self.at;
        if self.peek()? != b'[' {
            return self.value();
        }
        if self.step()? == b']' {
            return self.close(start);
        }
        loop {
            element(self)?;
            match self.token()? {
                b',' => drop(self.step()?),
                b']' => return self.close(start),
                _ => return None,
            }
        }
    }

    /// Passes the value that begins here, whatever it is.
    #[inline]
    pub(crate) fn value(&mut self) -> Option<View<'a>> {
        let start = self.at;
        self.skip()?;
        self.view(start)
    }

    /// The same for a value that nobody looks at.
    #[inline]
    pub(crate) fn skip(&mut self) -> Option<()> {
        self.at = whole::value(self.text.as_bytes(), self.peek()?, self.at)?;
        Some(())
    }

    /// Passes a name and its colon, up to the value; gives the end of the name, and whether it surely has no escapes.
    #[expect(clippy::inline_always, reason = "a twentieth of the whole pass is the call")]
    #[inline(always)]
    fn name(&mut self) -> Option<(usize, bool)> {
        if self.peek()? != b'"' {
            return None;
        }
        let bytes = self.text.as_bytes();
        if let Some((end, (_, value))) = token::near_name(bytes, self.at) {
            self.at = value;
            return Some((end, true));
        }
        let end = token::string(bytes, self.at)?;
        (_, self.at) = token::value_after(bytes, end)?;
        Some((end, false))
    }

    #[cold]
    fn decoded(&self, start: usize, end: usize) -> Option<Cow<'a, str>> {
        View::of_valid(self.text.get(start..end)?).as_str()
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
    #[inline]
    fn close(&mut self, start: usize) -> Option<View<'a>> {
        self.at += 1;
        self.view(start)
    }

    #[inline]
    fn view(&self, start: usize) -> Option<View<'a>> {
        self.text.get(start..self.at).map(View::of_valid)
    }
}
