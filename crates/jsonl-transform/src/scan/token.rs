//! The tokens of JSON: strings with their escapes, numbers, and the three words.

use memchr::memchr2;

use super::{Scanner, SyntaxError, SyntaxKind};

const LOW_BITS: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
const EIGHT_QUOTES: u64 = u64::from_le_bytes([b'"'; 8]);
const EIGHT_BACKSLASHES: u64 = u64::from_le_bytes([b'\\'; 8]);

impl Scanner<'_> {
    /// Passes the string whose opening quote is at the cursor.
    pub(super) fn string(&mut self) -> Result<(), SyntaxError> {
        self.at += 1;
        loop {
            let stop = string_stop(&self.bytes[self.at..]).map(|offset| self.at + offset);
            if self.has_controls {
                self.no_control(stop.unwrap_or(self.bytes.len()))?;
            }
            let Some(stop) = stop else {
                return Err(SyntaxError::new(self.bytes.len(), SyntaxKind::End));
            };
            self.at = stop + 1;
            if self.bytes[stop] == b'"' {
                return Ok(());
            }
            self.escape(stop)?;
        }
    }

    fn no_control(&self, end: usize) -> Result<(), SyntaxError> {
        let span = &self.bytes[self.at..end];
        match span.iter().position(|&byte| byte < 0x20) {
            None => Ok(()),
            Some(offset) => {
                Err(SyntaxError::new(self.at + offset, SyntaxKind::Control(span[offset])))
            }
        }
    }

    /// Passes what follows the backslash at `start`.
    fn escape(&mut self, start: usize) -> Result<(), SyntaxError> {
        match self.need()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 1,
            b'u' => {
                let unit = self.hex4(self.at + 1, start)?;
                self.at += 5;
                self.surrogate(unit, start);
            }
            _ => return Err(SyntaxError::new(start, SyntaxKind::Escape)),
        }
        Ok(())
    }

    /// Passes the second half of a surrogate pair, or notes that a half stands alone.
    fn surrogate(&mut self, unit: u16, start: usize) {
        let pairs = match unit {
            0xD800..=0xDBFF => {
                self.bytes[self.at..].starts_with(b"\\u")
                    && self
                        .hex4(self.at + 2, self.at)
                        .is_ok_and(|low| (0xDC00..=0xDFFF).contains(&low))
            }
            0xDC00..=0xDFFF => false,
            _ => return,
        };
        if pairs {
            self.at += 6;
        } else {
            self.lone_surrogate.get_or_insert(start);
        }
    }

    fn hex4(&self, at: usize, start: usize) -> Result<u16, SyntaxError> {
        let mut unit = 0_u16;
        for offset in 0..4 {
            let Some(&byte) = self.bytes.get(at + offset) else {
                return Err(SyntaxError::new(self.bytes.len(), SyntaxKind::End));
            };
            let Some(digit) = hex_digit(byte) else {
                return Err(SyntaxError::new(start, SyntaxKind::Escape));
            };
            unit = unit << 4 | u16::from(digit);
        }
        Ok(unit)
    }

    /// Passes a number or a word that begins with `byte`.
    pub(super) fn scalar(&mut self, byte: u8) -> Result<(), SyntaxError> {
        match byte {
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            found => Err(self.unexpected("a value", found)),
        }
    }

    fn word(&mut self, word: &'static [u8]) -> Result<(), SyntaxError> {
        for &letter in word {
            match self.need()? {
                byte if byte == letter => self.at += 1,
                found => return Err(self.unexpected("true, false or null", found)),
            }
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), SyntaxError> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        // A zero ends the integer part: what follows in 012 is then not a separator.
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), SyntaxError> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at > start {
            return Ok(());
        }
        let found = self.need()?;
        Err(self.unexpected("a digit", found))
    }
}

pub(crate) fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// Where the next quote or backslash stands.
fn string_stop(bytes: &[u8]) -> Option<usize> {
    // Most strings are short: four words here cost less than the call that long ones deserve.
    let mut at = 0;
    while at < 32 {
        let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) else {
            break;
        };
        let word = u64::from_le_bytes(*word);
        let hits = zero_bytes(word ^ EIGHT_QUOTES) | zero_bytes(word ^ EIGHT_BACKSLASHES);
        if hits != 0 {
            return Some(at + hits.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    memchr2(b'"', b'\\', &bytes[at..]).map(|offset| at + offset)
}

/// Marks zero bytes by their high bit; exact up to and including the lowest one, the only one read.
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(LOW_BITS) & !word & HIGH_BITS
}

#[cfg(test)]
mod tests {
    use super::string_stop;

    #[test]
    fn a_string_stop_is_found_at_every_distance() {
        for stop in [b'"', b'\\'] {
            for distance in 0..80 {
                let mut text = vec![b'x'; distance];
                text.push(stop);
                text.extend_from_slice(b"\"\\ tail tail");
                assert_eq!(string_stop(&text), Some(distance));
            }
        }
        for length in 0..80 {
            assert_eq!(string_stop(&vec![0xA2; length]), None);
        }
    }
}
