//! Finds where the plain run of a string ends, many bytes at a time and without unsafe code of ours.

use wide::u8x16;

/// So many bytes are looked at together.
const STRIDE: usize = 16;

/// Long runs are passed in steps of so many bytes.
const LONG: usize = 4 * STRIDE;

/// What is seen of a string at once, with a little of what follows it.
pub(super) type View = [u8; 3 * STRIDE + 4];

/// The first bytes from `at` on, if there are enough.
#[inline]
pub(super) fn view(bytes: &[u8], at: usize) -> Option<&View> {
    bytes.get(at..).and_then(<[u8]>::first_chunk)
}

/// Where the quote stands that ends a plain string, if it is among the first 32 bytes.
#[expect(clippy::inline_always, reason = "a tenth of the whole pass is the call")]
#[inline(always)]
pub(super) fn short_end(view: &View) -> Option<usize> {
    let (chunks, _) = view.as_chunks::<STRIDE>();
    match quote(&chunks[0])? {
        STRIDE => quote(&chunks[1]).filter(|&end| end < STRIDE).map(|end| STRIDE + end),
        end => Some(end),
    }
}

/// Where the first quote stands, [`STRIDE`] if there is none; nothing if a backslash or a byte below
/// 0x20 stands before it.
#[expect(clippy::inline_always, reason = "a tenth of the whole pass is the call")]
#[inline(always)]
fn quote(chunk: &[u8; STRIDE]) -> Option<usize> {
    let text = u8x16::new(*chunk);
    // All that comes after a string waits for its end, so the quotes are looked for by themselves.
    // The bit that is set beyond the chunk bounds the place, so that no bounds need to be checked.
    let end = (text.simd_eq(u8x16::splat(b'"')).to_bitmask() | 1 << STRIDE).trailing_zeros();
    let controls = text.min(u8x16::splat(0x1F)).simd_eq(text);
    let others = (controls | text.simd_eq(u8x16::splat(b'\\'))).to_bitmask();
    (others.trailing_zeros() > end).then_some(end as usize)
}

/// The offset, from `at` on, of the first quote, backslash or byte below 0x20; the length of
/// `bytes` if there is none.
#[inline]
pub(super) fn string_stop(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at..).and_then(<[u8]>::first_chunk) {
        Some(chunk) => match stops(chunk).to_bitmask() {
            0 => long_stop(bytes, at + STRIDE),
            stops => at + stops.trailing_zeros() as usize,
        },
        None => last_stop(bytes, at),
    }
}

#[inline(never)]
fn long_stop(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<LONG>) {
        let (quarters, _) = chunk.as_chunks::<STRIDE>();
        let [a, b, c, d] = [0, 1, 2, 3].map(|quarter| stops(&quarters[quarter]));
        if ((a | b) | (c | d)).to_bitmask() != 0 {
            let low = u64::from(a.to_bitmask() | b.to_bitmask() << STRIDE);
            let high = u64::from(c.to_bitmask() | d.to_bitmask() << STRIDE);
            return at + (low | high << (2 * STRIDE)).trailing_zeros() as usize;
        }
        at += LONG;
    }
    last_stop(bytes, at)
}

/// The same near the end of the text.
#[inline(never)]
fn last_stop(bytes: &[u8], at: usize) -> usize {
    let tail = bytes.get(at..).unwrap_or_default();
    at + tail.iter().position(|&byte| is_stop(byte)).unwrap_or(tail.len())
}

#[inline]
fn is_stop(byte: u8) -> bool {
    byte == b'"' || byte == b'\\' || byte < 0x20
}

/// Marks the stops with ones.
#[inline]
fn stops(chunk: &[u8; STRIDE]) -> u8x16 {
    // With its second bit turned over, a quote comes to stand right above the control characters.
    let turned = u8x16::new(*chunk) ^ u8x16::splat(0x02);
    let quotes_and_controls = turned.min(u8x16::splat(0x20)).simd_eq(turned);
    quotes_and_controls | turned.simd_eq(u8x16::splat(b'\\' ^ 0x02))
}

#[cfg(test)]
mod tests {
    use super::{STRIDE, short_end, string_stop, view};

    fn check(text: &[u8], at: usize, expect: usize) {
        assert_eq!(string_stop(text, at), expect, "{} from {at}", text.escape_ascii());
        if let Some(view) = view(text, at) {
            let is_short = text.get(expect) == Some(&b'"') && expect - at < 2 * STRIDE;
            let end = is_short.then_some(expect - at);
            assert_eq!(short_end(view), end, "{} from {at}", text.escape_ascii());
        }
    }

    #[test]
    fn a_stop_is_found_at_every_distance_and_every_start() {
        for stop in [b'"', b'\\', 0, 0x1F, b'\n'] {
            for distance in 0..200 {
                for filler in [b'x', 0x20, 0x21, 0x23, 0x5B, 0x5D, 0x7F, 0x80, 0xA2, 0xDC, 0xFF] {
                    let mut text = vec![filler; distance];
                    text.push(stop);
                    text.extend_from_slice(b"\"\\ tail tail tail tail tail");
                    for at in [0, distance / 2, distance] {
                        check(&text, at, distance);
                    }
                }
            }
        }
    }

    #[test]
    fn every_byte_is_told_right() {
        for byte in 0..=u8::MAX {
            let is_stop = byte == b'"' || byte == b'\\' || byte < 0x20;
            for place in [0, 7, 15, 16, 31, 40, 95] {
                let mut text = vec![b'a'; 96];
                text[place] = byte;
                check(&text, 0, if is_stop { place } else { 96 });
            }
        }
    }

    #[test]
    fn without_a_stop_it_is_the_length() {
        for length in 0..200 {
            let text = vec![0xA2; length];
            check(&text, 0, length);
            check(&text, length, length);
        }
    }
}
