//! What judges said of single rows, in their own words: for people who want to know why.

use eval_report::{RunRow, Spoken};
use model_judge::{Lack, words};
use run_store::RunFolder;
use scoring::Outcome as RowOutcome;

use super::questions::{Place, judged};
use super::rounds::{self, damaged};
use crate::context::Context;
use crate::exit::Outcome;
use crate::rows::RowBook;
use crate::steps;

/// The column of a judge among those of its round, after the logged one.
const ANSWERED: usize = 1;

/// Finds what judges said of any row: quickly of the next one, in a few steps of any other, and holding none.
pub(crate) struct Reasons {
    rounds: Vec<Round>,
}

impl Reasons {
    /// What the judges of these names and fingerprints said of a run.
    pub(crate) fn open<'a>(
        context: &Context,
        folder: &RunFolder,
        judges: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Outcome<Self> {
        let mut all = Vec::new();
        for (scorer, print) in judges.into_iter().filter(|(_, print)| is_print(print)) {
            for folder in rounds::of_judge(folder, print)? {
                all.push(Round::open(context, folder, scorer)?);
            }
        }
        Ok(Self { rounds: all })
    }

    /// Puts beside each answer of a row what was said of it.
    pub(crate) fn tell(&mut self, row: &mut RunRow) -> Outcome<()> {
        for round in &mut self.rounds {
            round.go_to(row.number)?;
            while let Some((place, said)) = round.next()? {
                let Some(answer) = row.answers.get_mut(place.column) else { continue };
                let (scorer, second) = (round.scorer.clone(), place.backward);
                // What is asked again counts as it is answered last.
                let is_it = |known: &&mut Spoken| known.scorer == scorer && known.second == second;
                match answer.judges.iter_mut().find(is_it) {
                    Some(known) => known.said = said,
                    None => answer.judges.push(Spoken { scorer, second, said }),
                }
            }
        }
        Ok(())
    }
}

/// Fingerprints come out of a file and become part of a path.
fn is_print(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What was asked of one judge at one time. Its questions stand in the order of their places.
struct Round {
    scorer: String,
    folder: RunFolder,
    book: RowBook,
    /// Every question before this one is about an earlier row than `since`, every other about that or a later one.
    next: u64,
    since: u64,
    /// What the next question is about, once that was looked at.
    place: Option<Place>,
}

impl Round {
    fn open(context: &Context, folder: RunFolder, scorer: &str) -> Outcome<Self> {
        let state = steps::state(&folder)?;
        let book = RowBook::open(context, &folder, &state, &[])?;
        Ok(Self { scorer: scorer.to_owned(), folder, book, next: 0, since: 0, place: None })
    }

    /// Goes to the first question about a row, or where it would stand.
    fn go_to(&mut self, row: u64) -> Outcome<()> {
        let (mut low, mut high) = if row < self.since {
            (0, self.next)
        } else if self.peek()?.is_some_and(|place| place.row < row) {
            (self.next + 1, self.book.rows())
        } else {
            self.since = row;
            return Ok(());
        };
        while low < high {
            let middle = low.midpoint(high);
            if self.place_of(middle)?.is_some_and(|place| place.row < row) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        (self.next, self.since, self.place) = (low, row, None);
        Ok(())
    }

    /// The next question about the row that was gone to, and what was said to it.
    fn next(&mut self) -> Outcome<Option<(Place, Option<String>)>> {
        let Some(place) = self.peek()?.filter(|place| place.row == self.since) else {
            self.since += 1;
            return Ok(None);
        };
        let said = match self.book.line(self.next, ANSWERED)? {
            Some(line) => words(&line),
            None => self.without_line()?,
        };
        (self.next, self.place) = (self.next + 1, None);
        Ok(Some((place, said)))
    }

    /// Why the next question has no line that answers it; none where none came.
    fn without_line(&mut self) -> Outcome<Option<String>> {
        let row = self.book.row(self.next)?;
        let outcome = row.and_then(|row| Some(row.answers.get(ANSWERED)?.outcome));
        let is_contradicted = outcome == Some(RowOutcome::Conflict);
        Ok(is_contradicted.then(|| Lack::Contradicted.reason().to_owned()))
    }

    fn peek(&mut self) -> Outcome<Option<Place>> {
        if self.place.is_none() {
            self.place = self.place_of(self.next)?;
        }
        Ok(self.place)
    }

    /// What a question is about; none beyond the last.
    fn place_of(&mut self, number: u64) -> Outcome<Option<Place>> {
        let Some(beside) = self.book.beside(number)? else { return Ok(None) };
        let judged = judged(beside.get().as_bytes());
        let judged =
            judged.ok_or_else(|| damaged(&self.folder, "a row does not say what it asks"))?;
        Ok(Some(judged.place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_calls_a_fingerprint_leads_nowhere_else() {
        assert!(is_print("1f9c03ab44d1e2aa"));
        for text in ["", "..", "../..", "a/b", "1f\u{0}"] {
            assert!(!is_print(text), "{text:?}");
        }
    }
}
