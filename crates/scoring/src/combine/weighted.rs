//! The weighted mean of scorers.

use std::borrow::Cow;

use super::{each, grade_of, in_batches, needs_of, prefer_batches, versions_of};
use crate::fingerprint::bearable;
use crate::{Needs, Row, Scorer, ScorerError, Verdict};

/// The weighted mean of scorers' grades, where a pass is 1 and a fail 0; unscorable where one of them is.
///
/// ```
/// use scoring::{Registry, Row, Verdict};
/// let line = serde_json::from_str(r#"{"response": {"candidates": [{"content": {"parts": [{"text": "ab"}]}}]}}"#)?;
/// let scorer = Registry::builtin().build(r#"weighted(3*contains(value="a"), contains(value="x"))"#)?;
/// assert_eq!(scorer.score(&Row::of_line(0, line)), Verdict::Value(0.75));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Weighted {
    name: String,
    weights: Vec<f64>,
    inner: Vec<Box<dyn Scorer>>,
}

impl Weighted {
    /// The mean over `inner`, each with its weight; weights that are no numbers above 0 count as 1.
    pub fn new(inner: Vec<(f64, Box<dyn Scorer>)>) -> Self {
        let sound = |weight: f64| {
            if weight.is_finite() && weight > 0.0 { weight } else { 1.0 }
        };
        let (weights, inner): (Vec<f64>, Vec<_>) =
            inner.into_iter().map(|(weight, scorer)| (sound(weight), scorer)).unzip();
        let part = |(weight, scorer): (&f64, &dyn Scorer)| {
            let times = if (weight - 1.0).abs() < f64::EPSILON {
                String::new()
            } else {
                format!("{weight}*")
            };
            format!("{times}{}", scorer.name())
        };
        let parts: Vec<String> =
            weights.iter().zip(inner.iter().map(AsRef::as_ref)).map(part).collect();
        let name = bearable(format!("weighted({})", parts.join(",")));
        Self { name, weights, inner }
    }
}

impl Scorer for Weighted {
    fn name(&self) -> &str {
        &self.name
    }

    fn needs(&self) -> Needs {
        needs_of(&self.inner)
    }

    fn version(&self) -> Cow<'_, str> {
        versions_of(&self.inner)
    }

    fn score(&self, row: &Row<'_>) -> Verdict {
        self.mean(&mut each(&self.inner, row))
    }

    fn prefers_batches(&self) -> bool {
        prefer_batches(&self.inner)
    }

    fn score_all(&self, rows: &[Row<'_>]) -> Result<Vec<Verdict>, ScorerError> {
        in_batches(&self.inner, rows, |verdicts| self.mean(verdicts))
    }
}

impl Weighted {
    fn mean(&self, verdicts: &mut dyn Iterator<Item = Verdict>) -> Verdict {
        let (mut sum, mut total) = (0.0, 0.0);
        for (weight, verdict) in self.weights.iter().zip(verdicts) {
            match grade_of(verdict) {
                Ok((value, _)) => sum += weight * value,
                Err(verdict) => return verdict,
            }
            total += weight;
        }
        if total > 0.0 && total.is_finite() {
            Verdict::Value((sum / total).clamp(0.0, 1.0))
        } else {
            Verdict::unscorable("nothing to weigh")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Says, judge};
    use super::*;

    #[test]
    fn weights_make_means_and_doubt_stays_doubt() {
        let weighted = |parts: &[(f64, Verdict)]| {
            let boxed = |(weight, verdict): &(f64, Verdict)| {
                (*weight, Box::new(Says(verdict.clone())) as Box<dyn Scorer>)
            };
            Weighted::new(parts.iter().map(boxed).collect())
        };
        let right = Verdict::Choice { given: "a".into(), truth: "a".into() };
        let scorer =
            weighted(&[(2.0, right), (1.0, Verdict::Value(0.25)), (1.0, Verdict::Pass(false))]);
        assert_eq!(scorer.name(), "weighted(2*says,says,says)");
        assert_eq!(judge(&scorer), Verdict::Value(0.5625));
        let doubt = [(1.0, Verdict::Pass(true)), (9.0, Verdict::unscorable("?"))];
        assert_eq!(judge(&weighted(&doubt)), Verdict::unscorable("?"));
        assert!(!judge(&weighted(&[])).is_scored());
        // Weights whose sum is beyond all numbers make no mean.
        let heavy = || (f64::MAX, Verdict::Pass(true));
        assert!(!judge(&weighted(&[heavy(), heavy()])).is_scored());
    }
}
