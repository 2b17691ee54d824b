//! How verdicts on a row make one.

use crate::Verdict;

/// What the verdicts of several scorers on a row make.
#[derive(Debug)]
pub(super) enum How {
    Lowest,
    Highest,
    /// The mean, with these weights.
    Mean(Vec<f64>),
}

impl How {
    /// What stands before the name of a scorer: its weight, if that is not 1.
    pub(super) fn times(&self, at: usize) -> String {
        match self {
            Self::Mean(weights) => match weights.get(at) {
                Some(weight) if (weight - 1.0).abs() >= f64::EPSILON => format!("{weight}*"),
                _ => String::new(),
            },
            _ => String::new(),
        }
    }

    /// One verdict of those of all scorers, in their order.
    pub(super) fn fold(&self, verdicts: impl Iterator<Item = Verdict>) -> Verdict {
        match self {
            Self::Lowest => extreme(verdicts, 0.0, f64::min),
            Self::Highest => extreme(verdicts, 1.0, f64::max),
            Self::Mean(weights) => mean(weights, verdicts),
        }
    }
}

/// The extreme of grades, where one of them decides alone, whatever the others are.
fn extreme(
    verdicts: impl Iterator<Item = Verdict>,
    decisive: f64,
    more: fn(f64, f64) -> f64,
) -> Verdict {
    let mut grade = 1.0 - decisive;
    let mut graded = false;
    let mut unscorable = None;
    for verdict in verdicts {
        match grade_of(verdict) {
            Ok((value, is_grade)) => {
                graded |= is_grade;
                grade = more(grade, value);
            }
            Err(verdict) => unscorable = Some(verdict),
        }
    }
    let decided = (grade - decisive).abs() < f64::EPSILON;
    match unscorable {
        Some(verdict) if !decided => verdict,
        _ if graded => Verdict::Value(grade),
        _ => Verdict::Pass(grade > 0.5),
    }
}

fn mean(weights: &[f64], verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    let (mut sum, mut total) = (0.0, 0.0);
    for (weight, verdict) in weights.iter().zip(verdicts) {
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

/// Passes as grades; with whether it is one. Otherwise why there is none.
fn grade_of(verdict: Verdict) -> Result<(f64, bool), Verdict> {
    let pass = |pass: bool| (f64::from(u8::from(pass)), false);
    match verdict {
        Verdict::Pass(right) => Ok(pass(right)),
        Verdict::Choice { given, truth } => Ok(pass(given == truth)),
        Verdict::Value(value) if (0.0..=1.0).contains(&value) => Ok((value, true)),
        Verdict::Value(_) => Err(Verdict::unscorable("a value outside 0..=1")),
        Verdict::Label(_) => Err(Verdict::unscorable("a label cannot be combined")),
        unscorable @ Verdict::Unscorable(_) => Err(unscorable),
    }
}
