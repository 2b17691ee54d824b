//! The tokens of JSON: from the place where one begins to the place after it, or `None` where the text is no JSON.

pub(super) use super::marks::chunk;
use super::marks::{STRIDE, before, far_stop, others_than_digits, quote, stops};

/// The first byte at or after `at` that is no white space, and its place.
#[inline]
pub(super) fn token(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    match bytes.get(at) {
        Some(&byte) if byte > b' ' => Some((byte, at)),
        _ => {
            let at = after_space(bytes, at);
            Some((*bytes.get(at)?, at))
        }
    }
}

#[inline(never)]
fn after_space(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(at) {
        at += 1;
    }
    at
}

/// Passes a name, from its `first` byte at `at`, and its colon; gives the first byte of the value, and its place.
#[expect(clippy::inline_always, reason = "half of all tokens are names")]
#[inline(always)]
pub(super) fn name(bytes: &[u8], first: u8, at: usize) -> Option<(u8, usize)> {
    match near_name(bytes, first, at) {
        Some((_, value)) => Some(value),
        None if first == b'"' => value_after(bytes, string(bytes, at)?),
        None => None,
    }
}

/// Passes a name without escapes that ends in the first two chunks, and its colon; gives the name without its quotes,
/// and the first byte of the value with its place.
#[expect(clippy::inline_always, reason = "half of all tokens are names")]
#[inline(always)]
pub(super) fn near_name(bytes: &[u8], first: u8, at: usize) -> Option<(&[u8], (u8, usize))> {
    let near: &[u8; 2 * STRIDE + 4] = chunk(bytes, at + 1)?;
    let quote = near_quote(near.first_chunk()?)?;
    if first != b'"' {
        return None;
    }
    let end = at + quote + 2;
    // Guessing whether there is a space is quicker than waiting for the byte.
    let value = match [near[quote + 1], near[quote + 2], near[quote + 3]] {
        [b':', byte, _] if byte > b' ' => (byte, end + 1),
        [b':', b' ', byte] if byte > b' ' => (byte, end + 2),
        _ => return None,
    };
    Some((&near[..quote], value))
}

/// Where the quote stands that ends a string without escapes, if it is among these bytes.
#[expect(clippy::inline_always, reason = "a tenth of the whole pass is the call")]
#[inline(always)]
fn near_quote(near: &[u8; 2 * STRIDE]) -> Option<usize> {
    let (chunks, _) = near.as_chunks();
    match quote(&chunks[0])? {
        STRIDE => quote(&chunks[1]).filter(|&quote| quote < STRIDE).map(|quote| STRIDE + quote),
        quote => Some(quote),
    }
}

/// Passes the colon after a name.
#[inline]
pub(super) fn value_after(bytes: &[u8], name_end: usize) -> Option<(u8, usize)> {
    match chunk(bytes, name_end) {
        Some(&[b':', byte]) if byte > b' ' => Some((byte, name_end + 1)),
        _ => value_far_after(bytes, name_end),
    }
}

#[inline(never)]
fn value_far_after(bytes: &[u8], name_end: usize) -> Option<(u8, usize)> {
    let (colon, at) = token(bytes, name_end)?;
    if colon != b':' {
        return None;
    }
    token(bytes, at + 1)
}

/// Passes the string whose opening quote is at `at`.
#[expect(clippy::inline_always, reason = "most tokens are strings, and most of them are short")]
#[inline(always)]
pub(super) fn string(bytes: &[u8], at: usize) -> Option<usize> {
    match chunk(bytes, at + 1).and_then(near_quote) {
        Some(quote) => Some(at + quote + 2),
        None => rest_of_string(bytes, at + 1),
    }
}

/// Passes the rest of a string from a place inside it on.
#[inline(never)]
pub(super) fn rest_of_string(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at = stop(bytes, at);
        // Escapes come in runs.
        loop {
            match bytes.get(at)? {
                b'"' => return Some(at + 1),
                b'\\' => at = escape(bytes, at + 1)?,
                0..b' ' => return None,
                _ => break,
            }
        }
    }
}

/// Where the plain run that begins at `at` ends.
#[inline]
pub(super) fn stop(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = chunk(bytes, at) {
        let stops = stops(chunk);
        if stops != 0 {
            return at + before(stops);
        }
        at += STRIDE;
        while let Some(chunk) = self::chunk(bytes, at) {
            if let Some(length) = far_stop(chunk) {
                return at + length;
            }
            at += 4 * STRIDE;
        }
    }
    last_stop(bytes, at)
}

/// The same where less than a chunk is left, by a chunk that begins earlier.
fn last_stop(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.len().saturating_sub(at);
    let length = if let Some(chunk) = bytes.last_chunk() {
        before(stops(chunk) >> (STRIDE - rest))
    } else {
        let is_stop = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..b' ');
        bytes.iter().skip(at).position(is_stop).unwrap_or(rest)
    };
    at + length.min(rest)
}

/// The place after an escape, whose letter is at `at`.
#[inline]
fn escape(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(at + 1),
        b'u' => {
            let digits: &[u8; 4] = chunk(bytes, at + 1)?;
            digits.iter().all(u8::is_ascii_hexdigit).then_some(at + 5)
        }
        _ => None,
    }
}

/// Passes a number or a word that begins with `first` at `at`.
#[inline]
pub(super) fn scalar(bytes: &[u8], first: u8, at: usize) -> Option<usize> {
    match first {
        b'0'..=b'9' => number(bytes, at),
        b'-' => number(bytes, at + 1),
        _ => word(bytes, first, at),
    }
}

#[inline(never)]
fn word(bytes: &[u8], first: u8, at: usize) -> Option<usize> {
    let word: &[u8] = match first {
        b't' => b"true",
        b'f' => b"false",
        b'n' => b"null",
        _ => return None,
    };
    bytes.get(at..)?.starts_with(word).then_some(at + word.len())
}

/// Passes a number without its sign.
#[inline]
fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let Some(chunk) = chunk(bytes, at) else {
        return long_number(bytes, at);
    };
    let others = others_than_digits(chunk) | 1 << STRIDE;
    let whole = before(others);
    // A zero stands alone.
    if whole != 1 && (whole == 0 || chunk.first() == Some(&b'0')) {
        return None;
    }
    match chunk.get(whole) {
        Some(b'.') => {
            let point = at + whole;
            let mut end = point + 1 + before(others >> (whole + 1));
            if end == at + STRIDE {
                end = digits(bytes, end);
            }
            if end == point + 1 { None } else { exponent(bytes, end) }
        }
        Some(b'e' | b'E') | None => long_number(bytes, at),
        Some(_) => Some(at + whole),
    }
}

/// Reads a whole number of at most seven digits right before a comma or a bracket; gives it and the place after it.
///
/// All digits are told from what follows, and added up, together: how many there are differs from number to number,
/// and each wrong guess of that would cost more than all of this.
#[inline]
pub(super) fn small_number(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let near: &[u8; 8] = chunk(bytes, at)?;
    // The first digit lowest. What is above 9 now is no digit: the sum has its top bit, or it had that before.
    let values = u64::from_le_bytes(*near) ^ (EACH * u64::from(b'0'));
    let others = (values.wrapping_add(EACH * 0x76) | values) & (EACH * 0x80);
    let length = others.trailing_zeros() as usize / 8;
    let (b',' | b'}' | b']') = near.get(length)? else {
        return None;
    };
    // A zero stands alone; nor is nothing a number.
    if length == 0 || (length > 1 && near.first() == Some(&b'0')) {
        return None;
    }
    // Zeros come before the digits, then neighbours are joined: digits to pairs, pairs to fours, fours to all.
    let digits = values << (64 - 8 * length);
    let pairs = (digits.wrapping_mul(10) + (digits >> 8)) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs.wrapping_mul(100) + (pairs >> 16)) & 0x0000_FFFF_0000_FFFF;
    let number = (fours.wrapping_mul(10_000) + (fours >> 32)) & 0xFFFF_FFFF;
    Some((number, at + length))
}

/// The same for numbers that are too long for a chunk, or too near the end of the text.
#[inline(never)]
fn long_number(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = digits(bytes, start);
    if at == start || (at > start + 1 && bytes.get(start) == Some(&b'0')) {
        return None;
    }
    if bytes.get(at) == Some(&b'.') {
        at = some_digits(bytes, at + 1)?;
    }
    exponent(bytes, at)
}

/// Passes the exponent that may begin at `at`.
#[inline]
fn exponent(bytes: &[u8], at: usize) -> Option<usize> {
    let Some(b'e' | b'E') = bytes.get(at) else {
        return Some(at);
    };
    let has_sign = matches!(bytes.get(at + 1), Some(b'+' | b'-'));
    some_digits(bytes, at + 1 + usize::from(has_sign))
}

/// Passes one digit or more.
fn some_digits(bytes: &[u8], at: usize) -> Option<usize> {
    Some(digits(bytes, at)).filter(|end| *end > at)
}

fn digits(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = chunk::<STRIDE>(bytes, at) {
        let length = before(others_than_digits(chunk)).min(STRIDE);
        at += length;
        if length < STRIDE {
            return at;
        }
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len())
}
