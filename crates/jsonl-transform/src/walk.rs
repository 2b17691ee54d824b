//! Steps through JSON text that was found valid before, by nothing but quotes and brackets.

use std::ops::Range;

use memchr::{memchr2, memchr3};

/// Text that is not valid after all; met only by callers that did not check it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotJson;

/// A cursor over valid JSON: cheaper than a scan that checks, because brackets can be trusted.
///
/// On text that is not valid it answers wrongly or with [`NotJson`], but neither panics nor hangs.
#[derive(Debug)]
pub(crate) struct Walker<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Walker<'a> {
    /// Begins at the first value, past white space.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self::at(bytes, 0)
    }

    /// Begins at the first value from `at` on.
    pub(crate) fn at(bytes: &'a [u8], at: usize) -> Self {
        let mut walker = Self { bytes, at };
        walker.whitespace();
        walker
    }

    pub(crate) fn position(&self) -> usize {
        self.at
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn whitespace(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Steps over the bracket that opens an object or an array, and over the space after it.
    pub(crate) fn enter(&mut self) {
        self.at += 1;
        self.whitespace();
    }

    /// Whether `bracket` closes here; if so steps over it.
    pub(crate) fn closes(&mut self, bracket: u8) -> bool {
        self.whitespace();
        let closes = self.peek() == Some(bracket);
        self.at += usize::from(closes);
        closes
    }

    /// Steps over the comma that parts two members or elements, if it is there.
    pub(crate) fn comma(&mut self) {
        self.whitespace();
        if self.peek() == Some(b',') {
            self.at += 1;
            self.whitespace();
        }
    }

    /// Passes a member's name and its colon; gives the name with its quotes.
    pub(crate) fn name(&mut self) -> Result<Range<usize>, NotJson> {
        let start = self.at;
        self.string()?;
        let name = start..self.at;
        self.whitespace();
        if self.peek() != Some(b':') {
            return Err(NotJson);
        }
        self.enter();
        Ok(name)
    }

    /// Passes one value; gives its span without the space around it.
    pub(crate) fn value(&mut self) -> Result<Range<usize>, NotJson> {
        let start = self.at;
        match self.peek().ok_or(NotJson)? {
            b'"' => self.string()?,
            b'{' | b'[' => self.container()?,
            b',' | b':' | b'}' | b']' => return Err(NotJson),
            _ => self.scalar(),
        }
        Ok(start..self.at)
    }

    fn scalar(&mut self) {
        let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
        let rest = &self.bytes[self.at..];
        self.at += rest.iter().position(ends).unwrap_or(rest.len());
    }

    fn string(&mut self) -> Result<(), NotJson> {
        if self.peek() != Some(b'"') {
            return Err(NotJson);
        }
        let mut at = self.at + 1;
        loop {
            let rest = self.bytes.get(at..).ok_or(NotJson)?;
            at += memchr2(b'"', b'\\', rest).ok_or(NotJson)?;
            if self.bytes[at] == b'"' {
                self.at = at + 1;
                return Ok(());
            }
            at += 2;
        }
    }

    /// Passes an object or an array. In valid text only brackets of one kind need to be counted.
    fn container(&mut self) -> Result<(), NotJson> {
        let (open, close) = if self.peek() == Some(b'{') { (b'{', b'}') } else { (b'[', b']') };
        let mut depth = 0_usize;
        loop {
            let rest = self.bytes.get(self.at..).ok_or(NotJson)?;
            self.at += memchr3(b'"', open, close, rest).ok_or(NotJson)?;
            match self.bytes[self.at] {
                b'"' => {
                    self.string()?;
                    continue;
                }
                byte if byte == open => depth += 1,
                _ => depth -= 1,
            }
            self.at += 1;
            if depth == 0 {
                return Ok(());
            }
        }
    }
}

/// Calls `take` with the name and the value of each member of the object at `start`.
///
/// Does nothing where no object stands.
pub(crate) fn each_member(
    json: &[u8],
    start: usize,
    mut take: impl FnMut(Range<usize>, Range<usize>),
) -> Result<(), NotJson> {
    let mut walker = Walker::at(json, start);
    if walker.peek() != Some(b'{') {
        return Ok(());
    }
    walker.enter();
    while !walker.closes(b'}') {
        let name = walker.name()?;
        let value = walker.value()?;
        take(name, value);
        walker.comma();
    }
    Ok(())
}

/// Calls `take` with each element of the array at `start`; does nothing where none stands.
pub(crate) fn each_element(
    json: &[u8],
    start: usize,
    mut take: impl FnMut(Range<usize>),
) -> Result<(), NotJson> {
    let mut walker = Walker::at(json, start);
    if walker.peek() != Some(b'[') {
        return Ok(());
    }
    walker.enter();
    while !walker.closes(b']') {
        take(walker.value()?);
        walker.comma();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Walker, each_element, each_member};
    use crate::edit::tests::{print, spaced_values};

    #[test]
    fn brackets_in_strings_do_not_count() {
        let json = br#" { "a" : ["]","\"}",{"b":"\\"}] , "c":-1.5e3 ,"d":{} }"#;
        let mut found = Vec::new();
        each_member(json, 0, |name, value| {
            found.push([name, value].map(|span| String::from_utf8_lossy(&json[span]).into_owned()));
        })
        .expect("valid");
        let expect = [["\"a\"", r#"["]","\"}",{"b":"\\"}]"#], ["\"c\"", "-1.5e3"], ["\"d\"", "{}"]];
        assert_eq!(found, expect);
        let mut elements = Vec::new();
        each_element(b"[1, [2] ,\"3\"]", 0, |span| elements.push(span)).expect("valid");
        assert_eq!(elements, [1..2, 4..7, 9..12]);
    }

    proptest! {
        #[test]
        fn values_end_where_they_end((value, spaces) in spaced_values()) {
            let json = print(&value, &spaces);
            let span = Walker::new(json.as_bytes()).value().expect("valid");
            prop_assert_eq!(span, 0..json.len());
        }

        #[test]
        fn no_text_panics_or_hangs(bytes in proptest::collection::vec(
            prop::sample::select(&b"{}[],:\"\\ 1a"[..]), 0..40)) {
            let _ = each_member(&bytes, 0, |_, _| {});
            let _ = each_element(&bytes, 0, |_| {});
            let _ = Walker::new(&bytes).value();
        }
    }
}
