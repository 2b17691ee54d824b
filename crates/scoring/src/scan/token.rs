//! The tokens of JSON: from the place where one begins to the place after it, or `None` where the text is no JSON.

use super::marks::{
    STRIDE, any_stop, before, chunk, others_than_digits, stops, two_stops,
};

/// The first byte at or after `at` that is no white space, and its place.
#[inline]
pub(super) fn token(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    match bytes.get(at) {
        Some(&byte) if byte > b' ' => Some((byte, at)),
        _ => token_after_space(bytes, at),
    }
}

#[inline(never)]
fn token_after_space(bytes: &[u8], mut at: usize) -> Option<(u8, usize)> {
    loop {
        match *bytes.get(at)? {
            b' ' | b'\t' | b'\n' | b'\r' => at += 1,
            byte => return Some((byte, at)),
        }
    }
}

/// Passes a name, from its first byte at `at`, and its colon; gives the first byte of the value, and its place.
#[inline]
pub(super) fn name(bytes: &[u8], first: u8, at: usize) -> Option<(u8, usize)> {
    if first != b'"' {
        return None;
    }
    let end = string(bytes, at)?;
    value_after(bytes, end)
}

/// Passes the colon after a name.
#[inline]
pub(super) fn value_after(bytes: &[u8], name_end: usize) -> Option<(u8, usize)> {
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
    match short_string(bytes, at) {
        Some(end) => Some(end),
        None => rest_of_string(bytes, at + 1),
    }
}

/// Passes a string that is surely without escapes because it ends in the first bytes.
#[inline]
pub(super) fn short_string(bytes: &[u8], at: usize) -> Option<usize> {
    let chunk: &[u8; STRIDE] = chunk(bytes, at + 1)?;
    let stop = before(stops(chunk));
    (chunk.get(stop) == Some(&b'"')).then_some(at + stop + 2)
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
        let stops = two_stops(chunk);
        if stops != 0 {
            return at + before(stops);
        }
        at += 2 * STRIDE;
        while self::chunk(bytes, at).is_some_and(|chunk| !any_stop(chunk)) {
            at += 4 * STRIDE;
        }
    }
    if let Some(chunk) = chunk(bytes, at) {
        let stops = stops(chunk);
        if stops != 0 {
            return at + before(stops);
        }
        at += STRIDE;
    }
    last_stop(bytes, at)
}

/// The same where less than a chunk is left, by a chunk that begins earlier.
fn last_stop(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.len().saturating_sub(at);
    let length = match bytes.last_chunk() {
        Some(chunk) => before(stops(chunk) >> (STRIDE - rest)),
        None => {
            let is_stop = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..b' ');
            bytes.iter().skip(at).position(is_stop).unwrap_or(rest)
        }
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
        b'-' | b'0'..=b'9' => number(bytes, at + usize::from(first == b'-')),
        b't' => word(bytes, at, b"true"),
        b'f' => word(bytes, at, b"false"),
        b'n' => word(bytes, at, b"null"),
        _ => None,
    }
}

fn word(bytes: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    bytes.get(at..)?.starts_with(word).then_some(at + word.len())
}

/// Passes a number without its sign: all in one chunk, if it is none of the longest.
#[inline]
fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let Some(chunk) = chunk::<STRIDE>(bytes, at) else {
        return long_number(bytes, at);
    };
    let others = others_than_digits(chunk);
    let whole = before(others);
    let mut length = whole;
    if chunk.get(whole) == Some(&b'.') {
        length += 1;
        length += before(others >> length);
    }
    match chunk.get(length) {
        // Where no digit follows the point, that is for the long way to say.
        Some(byte) if !matches!(byte, b'e' | b'E') && length != whole + 1 => {
            is_whole_part(chunk.first(), whole).then_some(at + length)
        }
        _ => long_number(bytes, at),
    }
}

/// A zero stands alone.
#[inline]
fn is_whole_part(first: Option<&u8>, digits: usize) -> bool {
    digits == 1 || (digits > 1 && first != Some(&b'0'))
}

/// Passes any number without its sign.
#[inline(never)]
fn long_number(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = digits(bytes, start);
    if !is_whole_part(bytes.get(start), at - start) {
        return None;
    }
    if bytes.get(at) == Some(&b'.') {
        at = some_digits(bytes, at + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        let has_sign = matches!(bytes.get(at + 1), Some(b'+' | b'-'));
        at = some_digits(bytes, at + 1 + usize::from(has_sign))?;
    }
    Some(at)
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
