//! What no plugin is given: JSON so deep or with numbers so long that readers of it break down.

use memchr::memchr2;

/// Longer numbers cost a reader of arbitrary precision the square of their length; Python refuses them from 4,301 on.
const MOST_DIGITS: usize = 4_000;

/// Whether `json` nests at most `deepest` levels and has no monstrous number; looks at no more than that.
///
/// Without recursion, and for text of any kind: what is no JSON may pass, and is for the reader to refuse.
pub(crate) fn check(json: &[u8], deepest: usize) -> Result<(), String> {
    if is_harmless(json, deepest) {
        return Ok(());
    }
    let (mut at, mut depth, mut digits) = (0, 0_usize, 0);
    while let Some(&byte) = json.get(at) {
        at += 1;
        digits = if byte.is_ascii_digit() { digits + 1 } else { 0 };
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => at = after_string(json, at),
            _ => {}
        }
        if depth > deepest {
            return Err(format!("nested deeper than {deepest} levels"));
        }
        if digits > MOST_DIGITS {
            return Err(format!("has a number of more than {MOST_DIGITS} digits"));
        }
    }
    Ok(())
}

/// Whether there are so few brackets and digits that it does not matter how they stand: counting is many times faster
/// than reading, and nearly all rows are like that.
fn is_harmless(json: &[u8], deepest: usize) -> bool {
    let (mut openings, mut digits) = (0, 0);
    // Counts of single bytes for as many as these can hold, so that many are counted at a time.
    for piece in json.chunks(255) {
        let (mut open, mut digit) = (0_u8, 0_u8);
        for byte in piece {
            // `[` and `{` differ in this bit alone.
            open += u8::from(byte | 0x20 == b'{');
            digit += u8::from(byte.is_ascii_digit());
        }
        openings += usize::from(open);
        digits += usize::from(digit);
    }
    openings <= deepest && digits <= MOST_DIGITS
}

/// Where the string ends whose inside begins at `at`.
fn after_string(json: &[u8], mut at: usize) -> usize {
    while let Some(rest) = json.get(at..) {
        let Some(found) = memchr2(b'"', b'\\', rest) else { break };
        let is_escape = rest.get(found) == Some(&b'\\');
        at += found + if is_escape { 2 } else { 1 };
        if !is_escape {
            return at;
        }
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_counted_outside_strings() {
        assert_eq!(check(br#"[{"a": "[[[\"[[\\"}, [1]]"#, 2), Ok(()));
        assert!(check(b"[[[1]]]", 2).is_err());
        assert_eq!(check(b"[[1],[[]],{}]", 3), Ok(()));
        let deep = "[".repeat(10_000_000);
        assert_eq!(check(deep.as_bytes(), 128).unwrap_err(), "nested deeper than 128 levels");
        // A string that never ends, also behind an escape.
        for open in ["\"[[[", "\"\\", "\"\\\""] {
            assert_eq!(check(open.as_bytes(), 1), Ok(()), "{open}");
        }
    }

    #[test]
    fn a_number_has_an_end() {
        assert_eq!(check("7".repeat(4_000).as_bytes(), 1), Ok(()));
        assert!(check("7".repeat(4_001).as_bytes(), 1).is_err());
        assert_eq!(check(format!("\"{}\"", "7".repeat(9_000)).as_bytes(), 1), Ok(()));
    }
}
