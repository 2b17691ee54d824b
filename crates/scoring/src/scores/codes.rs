//! The verdicts of one scorer on many rows, as numbers in as few bits as they need.

/// Rows in a byte of the smallest kind.
const IN_A_BYTE: usize = 4;

/// A code for each row: in two bits while there is nothing but passes and fails, in a byte once there are labels, in
/// two bytes once there are grades or many labels.
#[derive(Debug, Clone)]
pub(super) enum Codes {
    /// Four rows a byte, the first in its lowest bits; and how many rows there are.
    Tiny(Vec<u8>, usize),
    Narrow(Vec<u8>),
    Wide(Vec<u16>),
}

impl Codes {
    pub(super) fn new() -> Self {
        Self::Tiny(Vec::new(), 0)
    }

    fn rows(&self) -> usize {
        match self {
            Self::Tiny(_, rows) => *rows,
            Self::Narrow(codes) => codes.len(),
            Self::Wide(codes) => codes.len(),
        }
    }

    /// Makes room for `rows` rows in all, whose codes are 0.
    pub(super) fn grow(&mut self, rows: usize) {
        match self {
            Self::Tiny(bytes, known) => {
                bytes.resize(rows.div_ceil(IN_A_BYTE), 0);
                *known = rows;
            }
            Self::Narrow(codes) => codes.resize(rows, 0),
            Self::Wide(codes) => codes.resize(rows, 0),
        }
    }

    /// The code of a row; 0 for a row that is none.
    pub(super) fn get(&self, row: usize) -> u16 {
        match self {
            Self::Tiny(bytes, _) => {
                let byte = bytes.get(row / IN_A_BYTE).copied().unwrap_or(0);
                u16::from(byte >> shift(row) & 3)
            }
            Self::Narrow(codes) => codes.get(row).copied().map_or(0, u16::from),
            Self::Wide(codes) => codes.get(row).copied().unwrap_or(0),
        }
    }

    /// Sets the code of a row that is there.
    pub(super) fn set(&mut self, row: usize, code: u16) {
        self.fit(code);
        match self {
            Self::Tiny(bytes, rows) if row < *rows => {
                if let (Some(byte), Ok(code)) = (bytes.get_mut(row / IN_A_BYTE), u8::try_from(code))
                {
                    *byte = *byte & !(3 << shift(row)) | code << shift(row);
                }
            }
            Self::Narrow(codes) => {
                if let (Some(slot), Ok(code)) = (codes.get_mut(row), u8::try_from(code)) {
                    *slot = code;
                }
            }
            Self::Wide(codes) => {
                if let Some(slot) = codes.get_mut(row) {
                    *slot = code;
                }
            }
            Self::Tiny(..) => {}
        }
    }

    /// Takes more bits a row where a code needs them.
    pub(super) fn fit(&mut self, code: u16) {
        match self {
            Self::Tiny(..) | Self::Narrow(_) if code > u16::from(u8::MAX) => {
                *self = Self::Wide(self.iter().collect());
            }
            Self::Tiny(..) if code > 3 => *self = Self::Narrow(self.iter().map(low).collect()),
            _ => {}
        }
    }

    /// The codes of all rows, in order.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = u16> + '_ {
        (0..self.rows()).map(|row| self.get(row))
    }

    /// The codes of these rows, in that order; 0 for rows that are none.
    pub(super) fn picked(&self, rows: impl Iterator<Item = Option<usize>>) -> Self {
        let codes = rows.map(|row| row.map_or(0, |row| self.get(row)));
        match self {
            Self::Wide(_) => Self::Wide(codes.collect()),
            _ => Self::Narrow(codes.map(low).collect()),
        }
    }
}

fn shift(row: usize) -> usize {
    row % IN_A_BYTE * 2
}

/// A code that fits a byte.
fn low(code: u16) -> u8 {
    u8::try_from(code).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn codes_are_as_they_were_set_whatever_comes_beside_them(
            rows in 0..30_usize,
            sets in proptest::collection::vec((0..40_usize, prop_oneof![0..4_u16, 0..256_u16, 0..=u16::MAX]), 0..60),
        ) {
            let mut codes = Codes::new();
            codes.grow(rows);
            let mut plain = vec![0; rows];
            for (row, code) in sets {
                codes.set(row, code);
                if let Some(slot) = plain.get_mut(row) {
                    *slot = code;
                }
            }
            prop_assert_eq!(codes.iter().collect::<Vec<_>>(), plain.as_slice());
            prop_assert_eq!(codes.get(rows), 0);
            let backwards = codes.picked((0..=rows).rev().map(Some));
            plain.reverse();
            prop_assert_eq!(backwards.iter().skip(1).collect::<Vec<_>>(), plain);
            prop_assert_eq!(backwards.get(0), 0, "no such row");
        }
    }

    #[test]
    fn passes_and_fails_take_a_quarter_of_a_byte() {
        let mut codes = Codes::new();
        codes.grow(1_000_000);
        (0..1_000_000).for_each(|row| codes.set(row, 2));
        assert!(matches!(&codes, Codes::Tiny(bytes, 1_000_000) if bytes.len() == 250_000));
        codes.set(7, 4);
        assert!(matches!(&codes, Codes::Narrow(codes) if codes.len() == 1_000_000));
        codes.grow(1_000_001);
        codes.set(8, 2_000);
        assert!(matches!(&codes, Codes::Wide(codes) if codes.len() == 1_000_001));
        assert_eq!([6, 7, 8, 1_000_000].map(|row| codes.get(row)), [2, 4, 2_000, 0]);
    }
}
