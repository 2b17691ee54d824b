//! Which bytes end a plain run of a string or a number, sixteen at a time and without unsafe code of ours.

use wide::u8x16;

/// So many bytes are looked at together.
pub(super) const STRIDE: usize = 16;

/// The bytes from `at` on, if there are so many.
#[inline]
pub(super) fn chunk<const N: usize>(bytes: &[u8], at: usize) -> Option<&[u8; N]> {
    // Two comparisons fewer than by way of what follows `at`.
    bytes.get(at..at.checked_add(N)?)?.first_chunk()
}

/// A bit for each byte that ends a run inside a string, the first byte lowest: `"`, `\` and all below a space.
#[inline]
pub(super) fn stops(chunk: &[u8; STRIDE]) -> u32 {
    stop_lanes(chunk).to_bitmask()
}

/// Where the first quote stands, [`STRIDE`] if there is none; nothing if a backslash or a byte below a space stands
/// before it.
#[expect(clippy::inline_always, reason = "a tenth of the whole pass is the call")]
#[inline(always)]
pub(super) fn quote(chunk: &[u8; STRIDE]) -> Option<usize> {
    let text = u8x16::new(*chunk);
    // All that comes after a string waits for its end, so the quotes are looked for by themselves.
    // The bit that is set beyond the chunk bounds the place, so that no bounds need to be checked.
    let quote = before(text.simd_eq(u8x16::splat(b'"')).to_bitmask() | 1 << STRIDE);
    let controls = text.min(u8x16::splat(0x1F)).simd_eq(text);
    let others = (controls | text.simd_eq(u8x16::splat(b'\\'))).to_bitmask();
    (before(others) > quote).then_some(quote)
}

/// How many bytes come before the first such byte in four times as many, if there is one.
#[inline]
pub(super) fn far_stop(chunk: &[u8; 4 * STRIDE]) -> Option<usize> {
    let (quarters, _) = chunk.as_chunks();
    let lanes = [0, 1, 2, 3].map(|quarter| stop_lanes(&quarters[quarter]));
    let any = lanes.iter().fold(u8x16::splat(0), |any, lanes| any | *lanes);
    if any.to_bitmask() == 0 {
        return None;
    }
    let stops =
        lanes.iter().rev().fold(0, |stops, lanes| stops << STRIDE | u64::from(lanes.to_bitmask()));
    Some(stops.trailing_zeros() as usize)
}

#[inline]
fn stop_lanes(chunk: &[u8; STRIDE]) -> u8x16 {
    let text = u8x16::new(*chunk);
    // With its second bit turned over, a quote comes to stand right above the control characters.
    let turned = text ^ u8x16::splat(2);
    turned.min(u8x16::splat(0x20)).simd_eq(turned) | text.simd_eq(u8x16::splat(b'\\'))
}

/// A bit for each byte that is no digit, the first byte lowest.
#[inline]
pub(super) fn others_than_digits(chunk: &[u8; STRIDE]) -> u32 {
    let values = u8x16::new(*chunk) - u8x16::splat(b'0');
    !values.min(u8x16::splat(9)).simd_eq(values).to_bitmask()
}

/// How many bytes come before the lowest bit.
#[inline]
pub(super) fn before(bits: u32) -> usize {
    bits.trailing_zeros() as usize
}
