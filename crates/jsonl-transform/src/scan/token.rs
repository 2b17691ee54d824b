//! The tokens of JSON: strings with their escapes, numbers, and the three words.

use wide::u8x16;

use super::{
    Scanner, Step, SyntaxKind, Wrong,
    stop::{short_end, string_stop, view},
};

/// A name that was passed.
pub(super) struct Passed {
    /// Where its token ends.
    pub(super) end: usize,
    /// Whether it has no escapes.
    pub(super) is_plain: bool,
    /// The first byte of the value, and its place.
    pub(super) value: (u8, usize),
}

impl Scanner<'_> {
    /// Passes the string whose opening quote is at `at`.
    #[expect(clippy::inline_always, reason = "a tenth of the whole pass is the call")]
    #[inline(always)]
    pub(super) fn string(&mut self, at: usize) -> Step<usize> {
        // Most strings are short, and plain.
        match view(self.bytes, at + 1).and_then(short_end) {
            Some(end) => Ok(at + end + 2),
            None => self.any_string(at),
        }
    }

    #[inline(never)]
    pub(super) fn any_string(&mut self, at: usize) -> Step<usize> {
        self.rest_of_string(string_stop(self.bytes, at + 1))
    }

    /// Passes a name, from its first byte at `at`, and its colon.
    #[expect(clippy::inline_always, reason = "a twentieth of the whole pass is the call")]
    #[inline(always)]
    pub(super) fn name(&mut self, first: u8, at: usize) -> Step<Passed> {
        if first == b'"'
            && let Some(view) = view(self.bytes, at + 1)
            && let Some(quote) = short_end(view)
            && view[quote + 1] == b':'
        {
            let end = at + quote + 2;
            // Guessing whether there is a space is quicker than waiting for the byte.
            let value = match view[quote + 2] {
                b' ' => (view[quote + 3], end + 2),
                byte => (byte, end + 1),
            };
            if value.0 > b' ' {
                return Ok(Passed { end, is_plain: true, value });
            }
        }
        self.any_name(first, at)
    }

    #[inline(never)]
    fn any_name(&mut self, first: u8, at: usize) -> Step<Passed> {
        if first != b'"' {
            return Err(self.unexpected(at, "a name in double quotes", first));
        }
        let stop = string_stop(self.bytes, at + 1);
        let end = self.rest_of_string(stop)?;
        let (colon, at) = self.token(end)?;
        if colon != b':' {
            return Err(self.unexpected(at, "':'", colon));
        }
        Ok(Passed { end, is_plain: stop + 1 == end, value: self.token(at + 1)? })
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

    #[inline]
    fn word(&mut self, word: &'static [u8], at: usize) -> Step<usize> {
        if self.bytes.get(at..).is_some_and(|rest| rest.starts_with(word)) {
            return Ok(at + word.len());
        }
        Err(self.bad_word(word, at))
    }

    #[cold]
    fn bad_word(&mut self, word: &[u8], at: usize) -> Wrong {
        let text = &self.bytes[at..];
        let same = text.iter().zip(word).take_while(|(byte, letter)| byte == letter).count();
        match text.get(same) {
            Some(&found) => self.unexpected(at + same, "true, false or null", found),
            None => self.wrong(at + same, SyntaxKind::End),
        }
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
        let end = digits_end(self.bytes, start);
        if end > start {
            return Ok(end);
        }
        match self.bytes.get(end) {
            Some(&found) => Err(self.unexpected(end, "a digit", found)),
            None => Err(self.wrong(end, SyntaxKind::End)),
        }
    }
}

/// Where the digits from `at` on end.
#[inline]
fn digits_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        // Only digits are 9 at most when the bits of their zero are turned over.
        let values = u8x16::new(*chunk) ^ u8x16::splat(b'0');
        let digits = values.min(u8x16::splat(9)).simd_eq(values).to_bitmask();
        if digits != 0xFFFF {
            return at + digits.trailing_ones() as usize;
        }
        at += chunk.len();
    }
    let tail = bytes.get(at..).unwrap_or_default();
    at + tail.iter().take_while(|byte| byte.is_ascii_digit()).count()
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::IgnoredAny;

    use crate::validate;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        /// Near the end of the text numbers are passed otherwise than before more of it.
        #[test]
        fn numbers_are_what_serde_json_takes_for_numbers(
            number in "-?[0-9]{0,3}[0-9]{0,20}(\\.[0-9]{0,34})?([eE][+-]?[0-9]{0,3})?[0-9.eE+-]{0,2}",
            room in 0_usize..70,
        ) {
            let text = format!("[{number},{number}]{}", " ".repeat(room));
            let accepted = serde_json::from_str::<IgnoredAny>(&text).is_ok();
            prop_assert_eq!(validate(text.as_bytes()).is_ok(), accepted, "{}", text);
        }
    }
}
