//! The tokens of JSON: strings with their escapes, numbers, and the three words.

use super::{Scanner, Step, SyntaxKind, Wrong, stop::string_stop};

impl Scanner<'_> {
    /// Passes the string whose opening quote is at `at`.
    #[expect(clippy::inline_always, reason = "a tenth of the whole pass is the call")]
    #[inline(always)]
    pub(super) fn string(&mut self, at: usize) -> Step<usize> {
        let stop = string_stop(self.bytes, at + 1);
        match self.bytes.get(stop) {
            Some(b'"') => Ok(stop + 1),
            _ => self.rest_of_string(stop),
        }
    }

    /// From the first byte that is not plain to the end of the string.
    fn rest_of_string(&mut self, mut at: usize) -> Step<usize> {
        loop {
            match self.bytes.get(at) {
                Some(b'"') => return Ok(at + 1),
                Some(b'\\') => {
                    at = self.escape(at)?;
                    // Escapes come in runs.
                    if self.bytes.get(at) != Some(&b'\\') {
                        at = string_stop(self.bytes, at);
                    }
                }
                Some(&control) => return Err(self.wrong(at, SyntaxKind::Control(control))),
                None => return Err(self.wrong(at, SyntaxKind::End)),
            }
        }
    }

    /// Passes the escape whose backslash is at `start`.
    #[inline]
    fn escape(&mut self, start: usize) -> Step<usize> {
        match self.bytes.get(start + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(start + 2),
            Some(b'u') => match self.hex_at(start + 2) {
                Some(unit @ 0xD800..=0xDFFF) => Ok(self.surrogate(unit, start)),
                Some(_) => Ok(start + 6),
                None => Err(self.bad_hex(start)),
            },
            Some(_) => Err(self.wrong(start, SyntaxKind::Escape)),
            None => Err(self.wrong(start + 1, SyntaxKind::End)),
        }
    }

    /// Passes a pair of surrogates, or a half that stands alone, which is noted.
    fn surrogate(&mut self, unit: u16, start: usize) -> usize {
        let pairs = unit < 0xDC00
            && self.bytes[start + 6..].starts_with(b"\\u")
            && self.hex_at(start + 8).is_some_and(|low| (0xDC00..=0xDFFF).contains(&low));
        if pairs {
            return start + 12;
        }
        self.lone_surrogate.get_or_insert(start);
        start + 6
    }

    #[inline]
    fn hex_at(&self, at: usize) -> Option<u16> {
        self.bytes.get(at..).and_then(<[u8]>::first_chunk::<4>).copied().and_then(hex_unit)
    }

    /// Whether the four digits after the `\u` at `start` are wrong or missing.
    #[cold]
    fn bad_hex(&mut self, start: usize) -> Wrong {
        let found = &self.bytes[start + 2..];
        if found.iter().take(4).all(u8::is_ascii_hexdigit) {
            return self.wrong(self.bytes.len(), SyntaxKind::End);
        }
        self.wrong(start, SyntaxKind::Escape)
    }

    /// Passes a number or a word that begins with `byte` at `at`.
    #[inline]
    pub(super) fn scalar(&mut self, byte: u8, at: usize) -> Step<usize> {
        match byte {
            b'-' | b'0'..=b'9' => self.number(byte, at),
            b't' => self.word(b"true", at),
            b'f' => self.word(b"false", at),
            b'n' => self.word(b"null", at),
            found => Err(self.unexpected(at, "a value", found)),
        }
    }

    fn word(&mut self, word: &'static [u8], mut at: usize) -> Step<usize> {
        for &letter in word {
            match self.bytes.get(at) {
                Some(&byte) if byte == letter => at += 1,
                Some(&found) => {
                    return Err(self.unexpected(at, "true, false or null", found));
                }
                None => return Err(self.wrong(at, SyntaxKind::End)),
            }
        }
        Ok(at)
    }

    fn number(&mut self, first: u8, at: usize) -> Step<usize> {
        let mut at = at + usize::from(first == b'-');
        // A zero ends the integer part: what follows in 012 is then not a separator.
        at = if self.bytes.get(at) == Some(&b'0') { at + 1 } else { self.digits(at)? };
        if self.bytes.get(at) == Some(&b'.') {
            at = self.digits(at + 1)?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(at) {
            let has_sign = matches!(self.bytes.get(at + 1), Some(b'+' | b'-'));
            at = self.digits(at + 1 + usize::from(has_sign))?;
        }
        Ok(at)
    }

    #[inline]
    fn digits(&mut self, start: usize) -> Step<usize> {
        let mut at = start;
        while self.bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        if at > start {
            return Ok(at);
        }
        match self.bytes.get(at) {
            Some(&found) => Err(self.unexpected(at, "a digit", found)),
            None => Err(self.wrong(at, SyntaxKind::End)),
        }
    }
}

/// The value of each hexadecimal digit; for every other byte one with a bit that no digit has.
const HEX: [u8; 256] = {
    let mut table = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        table[b"0123456789abcdef"[value as usize] as usize] = value;
        table[b"0123456789ABCDEF"[value as usize] as usize] = value;
        value += 1;
    }
    table
};

const NO_DIGIT: u8 = 0x80;

/// The UTF-16 unit that four hexadecimal digits spell.
#[inline]
pub(crate) fn hex_unit(digits: [u8; 4]) -> Option<u16> {
    let [a, b, c, d] = digits.map(|digit| HEX[usize::from(digit)]);
    if (a | b | c | d) & NO_DIGIT != 0 {
        return None;
    }
    Some(u16::from(a) << 12 | u16::from(b) << 8 | u16::from(c) << 4 | u16::from(d))
}
