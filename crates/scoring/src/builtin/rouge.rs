//! ROUGE as Google's rouge-score computes it, without its stemmer.

use std::collections::HashMap;

use super::similar::share;

/// Longer texts are not compared word by word: the work grows with the product.
const MOST_PAIRS: usize = 1 << 32;

/// Which of the figures is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Measure {
    Precision,
    Recall,
    F1,
}

/// What a text has of a wanted one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Figures {
    /// Of what the text has, what is wanted.
    pub(super) precision: f64,
    /// Of what is wanted, what the text has.
    pub(super) recall: f64,
}

impl Figures {
    fn of_common(common: usize, wanted: usize, text: usize) -> Self {
        Self { precision: share(common, text), recall: share(common, wanted) }
    }

    pub(super) fn of(self, measure: Measure) -> f64 {
        match measure {
            Measure::Precision => self.precision,
            Measure::Recall => self.recall,
            Measure::F1 if self.precision + self.recall > 0.0 => {
                2.0 * self.precision * self.recall / (self.precision + self.recall)
            }
            Measure::F1 => 0.0,
        }
    }
}

/// ROUGE-N: the runs of `n` words that both have, each as often as both have it.
pub(super) fn ngrams(wanted: &str, text: &str, n: usize) -> Figures {
    let (wanted, text) = (wanted.to_lowercase(), text.to_lowercase());
    let (wanted, text) = (tokens(&wanted), tokens(&text));
    let mut counts: HashMap<&[&str], usize> = HashMap::new();
    for run in wanted.windows(n) {
        *counts.entry(run).or_default() += 1;
    }
    let mut common = 0;
    for run in text.windows(n) {
        if let Some(left) = counts.get_mut(run).filter(|left| **left > 0) {
            *left -= 1;
            common += 1;
        }
    }
    let runs = |tokens: &[&str]| (tokens.len() + 1).saturating_sub(n);
    Figures::of_common(common, runs(&wanted), runs(&text))
}

/// ROUGE-L: the longest sequence of words that both have in this order; `None` if they are too long for it.
pub(super) fn longest(wanted: &str, text: &str) -> Option<Figures> {
    let (wanted, text) = (wanted.to_lowercase(), text.to_lowercase());
    let (wanted, text) = (tokens(&wanted), tokens(&text));
    if wanted.len().saturating_mul(text.len()) > MOST_PAIRS {
        return None;
    }
    let mut numbers = HashMap::new();
    let (one, other) = (numbered(&wanted, &mut numbers), numbered(&text, &mut numbers));
    let common =
        rapidfuzz::distance::lcs_seq::similarity(one.iter().copied(), other.iter().copied());
    Some(Figures::of_common(common, wanted.len(), text.len()))
}

/// Equal tokens as equal numbers.
fn numbered<'t>(tokens: &[&'t str], numbers: &mut HashMap<&'t str, usize>) -> Vec<u64> {
    let mut number = |token: &&'t str| {
        let next = numbers.len();
        *numbers.entry(token).or_insert(next) as u64
    };
    tokens.iter().map(&mut number).collect()
}

/// Runs of `a` to `z` and `0` to `9`; letters of other alphabets are no words for it.
fn tokens(lower: &str) -> Vec<&str> {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    lower.split(|c| !is_part(c)).filter(|token| !token.is_empty()).collect()
}
