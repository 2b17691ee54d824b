//! The labels of one scorer, each with the right one beside it where that is known, and the matrix they make.

use super::{FIRST_GRADE, FIRST_LABEL, Scores};

/// Labels, or pairs of a label and the right one, that are told apart; each has a code below the grades.
const MOST_LABELS: usize = 1_900;
const LONGEST_LABEL: usize = 200;

/// The labels of one scorer by the codes that stand for them.
#[derive(Debug, Clone, Default)]
pub(super) struct Labels(Vec<Known>);

#[derive(Debug, Clone)]
struct Known {
    given: String,
    truth: Option<String>,
}

impl Labels {
    /// The code of a label and the right one; the reason if there is none.
    pub(super) fn code(&mut self, given: &str, truth: Option<&str>) -> Result<u16, &'static str> {
        let is_it = |known: &Known| known.given == given && known.truth.as_deref() == truth;
        let at = match self.0.iter().position(is_it) {
            Some(at) => at,
            None if given.len().max(truth.map_or(0, str::len)) > LONGEST_LABEL => {
                return Err("a label of more than 200 bytes");
            }
            None if self.0.len() == MOST_LABELS => {
                return Err(
                    "more than 1,900 different labels, or pairs of one given and one right",
                );
            }
            None => {
                let truth = truth.map(str::to_owned);
                self.0.push(Known { given: given.to_owned(), truth });
                self.0.len() - 1
            }
        };
        u16::try_from(at).map(|at| FIRST_LABEL + at).map_err(|_| "too many labels")
    }

    /// Whether the label of this code is the right one; `None` if that is not known.
    pub(super) fn is_right(&self, code: u16) -> Option<bool> {
        let known = self.known(code)?;
        known.truth.as_ref().map(|truth| *truth == known.given)
    }

    /// The labels that were given, each once, with the sum of `rows`, which are those of each code.
    pub(super) fn given(&self, rows: &[u64]) -> Vec<(String, u64)> {
        let mut labels: Vec<(String, u64)> = Vec::new();
        for (known, rows) in self.0.iter().zip(rows) {
            match labels.iter_mut().find(|(label, _)| *label == known.given) {
                Some((_, sum)) => *sum += rows,
                None => labels.push((known.given.clone(), *rows)),
            }
        }
        labels
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    fn known(&self, code: u16) -> Option<&Known> {
        let at = code.checked_sub(FIRST_LABEL).filter(|_| code < FIRST_GRADE)?;
        self.0.get(usize::from(at))
    }
}

/// How often which label was given where which was the right one.
///
/// ```
/// use scoring::{Pass, Registry, Scores};
/// let scorers = vec![Registry::builtin().build(r#"label(labels=["ham","spam"], expected="/kind")"#)?];
/// let mut scores = Scores::new(0, &scorers);
/// let rows = r#"
/// {"request":{},"kind":"spam","response":{"candidates":[{"content":{"parts":[{"text":"spam"}]}}]}}
/// {"request":{},"kind":"spam","response":{"candidates":[{"content":{"parts":[{"text":"ham"}]}}]}}
/// {"request":{},"kind":"ham","response":{"candidates":[{"content":{"parts":[{"text":"ham"}]}}]}}"#;
/// Pass::new(&scorers).form(scoring::Form::Logged).run(rows.as_bytes(), &mut scores)?;
/// let confusion = scores.confusion(0).unwrap();
/// assert_eq!(confusion.labels, ["ham", "spam"]);
/// assert_eq!(confusion.matrix, [[1, 0], [1, 1]]); // one spam was taken for ham
/// assert_eq!(scores.tally(0).unwrap().passes, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Confusion {
    /// All labels, given or right, in alphabetical order.
    pub labels: Vec<String>,
    /// `matrix[right][given]`, by the positions of the labels.
    pub matrix: Vec<Vec<u64>>,
}

impl Scores {
    /// The row's label by the scorer of this position.
    pub fn label(&self, scorer: usize, row: u64) -> Option<&str> {
        let known = self.columns.get(scorer)?.labels.known(self.code(scorer, row))?;
        Some(&known.given)
    }

    /// The label that would have been the right one for the row, if the scorer of this position knows it.
    pub fn truth(&self, scorer: usize, row: u64) -> Option<&str> {
        let known = self.columns.get(scorer)?.labels.known(self.code(scorer, row))?;
        known.truth.as_deref()
    }

    /// Which labels the scorer of this position gave where which were right; `None` if it knows no right ones.
    ///
    /// Costs a walk over the rows, and memory for the square of the labels: at most 3,800, and hardly ever so many.
    pub fn confusion(&self, scorer: usize) -> Option<Confusion> {
        let column = self.columns.get(scorer)?;
        let known = &column.labels.0;
        let rows = column.rows_by_label();
        let pairs = || {
            let seen = known.iter().zip(&rows).filter(|(_, rows)| **rows > 0);
            seen.filter_map(|(known, rows)| Some((known.truth.as_ref()?, &known.given, *rows)))
        };
        let mut labels: Vec<String> =
            pairs().flat_map(|(truth, given, _)| [truth.clone(), given.clone()]).collect();
        labels.sort_unstable();
        labels.dedup();
        if labels.is_empty() {
            return None;
        }
        let mut matrix = vec![vec![0; labels.len()]; labels.len()];
        for (truth, given, rows) in pairs() {
            let (row, cell) =
                (labels.binary_search(truth).ok()?, labels.binary_search(given).ok()?);
            *matrix.get_mut(row)?.get_mut(cell)? += rows;
        }
        Some(Confusion { labels, matrix })
    }
}

impl super::Column {
    /// How many rows have each label, by its code.
    pub(super) fn rows_by_label(&self) -> Vec<u64> {
        let mut rows = vec![0; self.labels.len()];
        let mut count = |code: u16| {
            let at = code.checked_sub(FIRST_LABEL).map(usize::from);
            if let Some(rows) = at.and_then(|at| rows.get_mut(at)) {
                *rows += 1;
            }
        };
        self.codes.iter().filter(|code| *code < FIRST_GRADE).for_each(&mut count);
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Outcome, Verdict};

    fn scores(verdicts: &[Verdict]) -> Scores {
        let mut scores = Scores::named(verdicts.len() as u64, ["label"]);
        for (row, verdict) in (0..).zip(verdicts) {
            scores.set_outcome(row, Outcome::Answered);
            scores.set_verdict(0, row, verdict);
        }
        scores
    }

    fn choice(given: &str, truth: &str) -> Verdict {
        Verdict::Choice { given: given.to_owned().into(), truth: truth.to_owned().into() }
    }

    #[test]
    fn choices_are_passes_labels_and_cells() {
        let mut scores = scores(&[
            choice("a", "a"),
            choice("a", "b"),
            choice("b", "b"),
            choice("b", "b"),
            choice("(none)", "b"),
            Verdict::Label("a".into()),
            choice("c", "a"),
        ]);
        scores.set_outcome(6, Outcome::Conflict);
        let tally = scores.tally(0).unwrap();
        assert_eq!((tally.scored, tally.passes, tally.fails), (6, 3, 2));
        let labels = [
            ("a".to_owned(), 3),
            ("b".to_owned(), 2),
            ("(none)".to_owned(), 1),
            ("c".to_owned(), 0),
        ];
        assert_eq!(tally.labels, labels);
        assert_eq!((scores.label(0, 1), scores.truth(0, 1)), (Some("a"), Some("b")));
        assert_eq!((scores.passed(0, 1), scores.value(0, 2)), (Some(false), Some(1.0)));
        assert_eq!(
            (scores.label(0, 5), scores.truth(0, 5), scores.passed(0, 5)),
            (Some("a"), None, None)
        );
        let confusion = scores.confusion(0).unwrap();
        assert_eq!(confusion.labels, ["(none)", "a", "b"]);
        assert_eq!(confusion.matrix, [[0, 0, 0], [0, 1, 0], [1, 1, 2]]);
    }

    #[test]
    fn without_right_labels_there_is_no_matrix() {
        assert_eq!(scores(&[Verdict::Label("a".into()), Verdict::Pass(true)]).confusion(0), None);
        assert_eq!(scores(&[]).confusion(1), None);
    }

    #[test]
    fn many_labels_fit_and_no_more() {
        let labels: Vec<_> = (0..1901).map(|n| Verdict::Label(format!("l{n}").into())).collect();
        let scores = scores(&labels);
        assert_eq!((scores.label(0, 1899), scores.label(0, 1900)), (Some("l1899"), None));
        assert_eq!(scores.tally(0).unwrap().unscorable, 1);
    }
}
