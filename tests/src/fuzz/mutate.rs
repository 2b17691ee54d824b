//! Damage from a seed, for finding out without a fuzzer what a fuzzer would find out first.

/// What is put into inputs: the pieces that JSON and lines are made of, whole and broken.
const PIECES: [&[u8]; 48] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\"",
    b"\\",
    b" ",
    b"\t",
    b"\r",
    b"\n",
    b"\r\n",
    b"0",
    b"-",
    b".",
    b"e",
    b"E+",
    b"true",
    b"null",
    b"nul",
    b"NaN",
    b"1e400",
    b"-0.0",
    b"01",
    b"\\u",
    b"\\ud83d",
    b"\\udc00",
    b"\\u0000",
    b"\\x",
    b"\x00",
    b"\x1f",
    b"\x7f",
    b"\x80",
    b"\xc3\xa9",
    b"\xed\xa0\x80",
    b"\xf0\x9f\x99\x82",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\"request\":{",
    b"\"re\\u0071uest\":",
    b"\"response\":",
    b"\"model\":1,",
    b"\"contents\":[1]",
    b"\"key\":\"r00000000-00000000\",",
    b"[[[[[[[[",
    b"]]]]]]]]",
    b",,",
];

/// Inputs made of others, the same ones for the same seed.
#[derive(Debug)]
pub struct Mutator {
    state: u64,
}

impl Mutator {
    /// A mutator that starts from this seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 }
    }

    fn below(&mut self, end: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        let most = end.max(1) as u64;
        usize::try_from(self.state % most).unwrap_or(0)
    }

    /// One of the inputs with one to four places damaged.
    pub fn next(&mut self, inputs: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = inputs.get(self.below(inputs.len())).cloned().unwrap_or_default();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len() + 1);
            let end = (at + self.below(24)).min(bytes.len());
            let piece = PIECES[self.below(PIECES.len())];
            match self.below(6) {
                0 | 1 => drop(bytes.splice(at..at, piece.iter().copied())),
                2 => drop(bytes.splice(at..(at + 1).min(bytes.len()), piece.iter().copied())),
                3 => drop(bytes.drain(at..end)),
                4 => {
                    let again = bytes[at..end].to_vec();
                    drop(bytes.splice(at..at, again));
                }
                _ => {
                    let other = inputs.get(self.below(inputs.len())).map_or(&[][..], Vec::as_slice);
                    bytes.truncate(at);
                    bytes.extend_from_slice(&other[self.below(other.len())..]);
                }
            }
        }
        bytes
    }
}
