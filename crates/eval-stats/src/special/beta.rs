//! The incomplete beta function and its inverse: binomial tails, exact intervals and Student's t come from it.

use super::fraction::continued_fraction;
use super::kernel::ln_beta_kernel;

/// `I_x(a, b)` for y = 1 − x: the chance that a Beta(a, b) variable is at most x; for a, b > 0.
///
/// By a continued fraction on the side where it converges quickly. It takes some √max(a, b) steps; a + b up to 2³² is
/// what the tests reach.
pub(crate) fn incomplete_beta(a: f64, b: f64, x: f64, y: f64) -> f64 {
    ln_lower(a, b, x, y).0.exp()
}

/// P(X ≤ k) of a binomial variable with `n` trials of probability `p`.
pub(crate) fn binomial_lower(k: f64, n: f64, p: f64) -> f64 {
    if k >= n {
        return 1.0;
    }
    if k < 0.0 {
        return 0.0;
    }
    incomplete_beta(n - k, k + 1.0, 1.0 - p, p)
}

/// The logarithm of `I_x(a, b)` and its derivative in ln(x/y).
fn ln_lower(a: f64, b: f64, x: f64, y: f64) -> (f64, f64) {
    if x <= 0.0 {
        return (f64::NEG_INFINITY, a);
    }
    if y <= 0.0 {
        return (0.0, 0.0);
    }
    let ln_kernel = ln_beta_kernel(a, b, x, y);
    if x * (a + b + 2.0) < a + 1.0 {
        let fraction = over_kernel(a, b, x, y);
        return (ln_kernel + fraction.ln(), 1.0 / fraction);
    }
    let kernel = ln_kernel.exp();
    let ln = (-(kernel * over_kernel(b, a, y, x)).min(1.0)).ln_1p();
    (ln, kernel / ln.exp())
}

/// The ln(x/(1−x)) of the quantile x of Beta(a, b) that has `below` under it and `above` over it.
///
/// Both tails are given, so that neither has to be had by subtraction. In this variable ln I is increasing, concave
/// and linear towards −∞ with a derivative that the fraction yields for free, so Newton's method converges from
/// anywhere: at most one step too far, then steadily upwards.
pub(crate) fn beta_log_odds(a: f64, b: f64, below: f64, above: f64) -> f64 {
    if below > above {
        return -beta_log_odds(b, a, above, below);
    }
    let target = below.ln();
    let mut log_odds = (a / b).ln();
    for _ in 0..200 {
        let (x, y) = logistic(log_odds);
        let (ln, slope) = ln_lower(a, b, x, y);
        let step = (ln - target) / slope;
        // e^−700 is as good as nothing and still a normal number.
        log_odds = (log_odds - step).max(-700.0);
        // The error left is of the order of this step's square.
        if step.abs() <= 1e-10 {
            break;
        }
    }
    log_odds
}

/// The quantile of Beta(a, b) that has `below` under it and `above` over it.
pub(crate) fn beta_quantile(a: f64, b: f64, below: f64, above: f64) -> f64 {
    logistic(beta_log_odds(a, b, below, above)).0
}

/// The share of these log odds and its complement, each to its own last digit.
fn logistic(log_odds: f64) -> (f64, f64) {
    (1.0 / (1.0 + (-log_odds).exp()), 1.0 / (1.0 + log_odds.exp()))
}

/// The incomplete beta function divided by its kernel, for x below the mean or so.
///
/// The even part of the fraction DLMF 8.17.22 as in Didonato & Morris 1992 (TOMS 708): it takes half the steps and has
/// x close to 1 enter by y, which the plain form would lose.
fn over_kernel(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let from_mean = a * y - b * x + 1.0;
    let first = a * from_mean / (a + 1.0);
    let fraction = continued_fraction(first, |m| {
        let (before, after) = (a + 2.0 * m - 1.0, a + 2.0 * m + 1.0);
        let side = m * (b - m) * x / before;
        let numerator = (a + m - 1.0) / before * (a + b + m - 1.0) * x * side;
        (numerator, m + side + (a + m) / after * (from_mean + m * (1.0 + y)))
    });
    1.0 / fraction
}
