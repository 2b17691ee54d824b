//! Why rows failed: the code of each failed row, kept in the byte of its outcome.

use super::{CLOSED, Scores, index};
use crate::tally::cut;
use crate::{Outcome, Tally};

/// Bytes from this one on, up to [`CLOSED`], are the outcome `error` with a code; those below are outcomes.
const FIRST_CODE: u8 = 8;
/// Codes that are told apart; what comes beyond them has this last one.
const MOST_CODES: u8 = CLOSED - FIRST_CODE;
const OTHERS: &str = "others";
const LONGEST_CODE: usize = 40;

/// The outcome that a byte stands for.
pub(super) fn outcome_of(byte: u8) -> Outcome {
    match byte & !CLOSED {
        FIRST_CODE.. => Outcome::Error,
        code => Outcome::of_code(code),
    }
}

impl Scores {
    /// The code of a failed row: a number, a status word, or `unknown`; `None` for rows that did not fail.
    ///
    /// Beyond 119 different codes it is `others`. A word comes from outside: it must be sanitized where it is shown.
    pub fn error_code(&self, row: u64) -> Option<&str> {
        let code = self.outcome_code(row).checked_sub(FIRST_CODE)?;
        self.error_codes.get(usize::from(code)).map(String::as_str)
    }

    /// How many rows failed with each code: the rows that are [`Outcome::Error`] now, and no lines that a later file
    /// or an answer took the place of.
    pub fn error_codes(&self) -> Tally {
        let mut rows = vec![0; self.error_codes.len()];
        for byte in &self.outcomes {
            let code = byte.checked_sub(FIRST_CODE).filter(|_| *byte < CLOSED);
            if let Some(rows) = code.and_then(|code| rows.get_mut(usize::from(code))) {
                *rows += 1;
            }
        }
        let mut tally = Tally::default();
        for (code, rows) in self.error_codes.iter().zip(rows).filter(|(_, rows)| *rows > 0) {
            tally.add(code, rows);
        }
        tally
    }

    /// Notes the code of a row that has just been set to [`Outcome::Error`].
    pub(crate) fn set_error_code(&mut self, row: u64, code: &str) {
        let code = cut(code, LONGEST_CODE);
        let known = self.error_codes.iter().position(|known| known == code);
        let at = known.unwrap_or_else(|| {
            let full = self.error_codes.len() + 1 >= usize::from(MOST_CODES);
            let code = if full { OTHERS } else { code };
            if self.error_codes.last().is_none_or(|last| last != OTHERS) {
                self.error_codes.push(code.to_owned());
            }
            self.error_codes.len() - 1
        });
        let byte = u8::try_from(at).ok().and_then(|at| FIRST_CODE.checked_add(at));
        let slot = index(row).and_then(|at| self.outcomes.get_mut(at));
        if let (Some(slot), Some(byte)) = (slot, byte.filter(|byte| *byte < CLOSED)) {
            *slot = byte;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_rows_keep_their_codes_until_something_takes_their_place() {
        let mut scores = Scores::new(4, &[]);
        for (row, code) in [(0, "13"), (1, "RESOURCE_EXHAUSTED"), (2, "13")] {
            scores.set_outcome(row, Outcome::Error);
            scores.set_error_code(row, code);
        }
        assert_eq!(scores.error_code(1), Some("RESOURCE_EXHAUSTED"));
        assert_eq!((scores.error_code(3), scores.outcome(3)), (None, Outcome::Missing));
        assert_eq!(scores.outcomes().get(Outcome::Error), 3);
        scores.close();
        assert_eq!(scores.outcome(0), Outcome::Error);
        scores.set_outcome(0, Outcome::Answered);
        scores.close();
        assert_eq!((scores.error_code(0), scores.outcome(0)), (None, Outcome::Answered));
        let codes = scores.error_codes();
        assert_eq!(codes.iter().collect::<Vec<_>>(), [("13", 1), ("RESOURCE_EXHAUSTED", 1)]);
    }

    #[test]
    fn any_number_of_codes_leaves_every_failed_row_an_error() {
        let mut scores = Scores::new(300, &[]);
        for row in 0..300 {
            scores.set_outcome(row, Outcome::Error);
            scores.set_error_code(row, &format!("{row}{}", "x".repeat(100)));
        }
        assert_eq!(scores.outcomes().get(Outcome::Error), 300);
        assert!((0..300).all(|row| scores.error_code(row).is_some()));
        assert_eq!(
            (scores.error_code(118).map(str::len), scores.error_code(119)),
            (Some(40), Some(OTHERS))
        );
        let codes = scores.error_codes();
        let counted: u64 = codes.iter().map(|(_, rows)| rows).sum();
        assert_eq!(counted + codes.others(), 300);
    }
}
