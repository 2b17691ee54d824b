//! Binomial, beta and Poisson weights in Loader's saddle-point form, right to the last digits at any size.

use std::f64::consts::TAU;

/// Stirling's series in 1/n, from the 11th power down to the first, every second one.
const SERIES: [f64; 6] =
    [-691.0 / 360_360.0, 1.0 / 1188.0, -1.0 / 1680.0, 1.0 / 1260.0, -1.0 / 360.0, 1.0 / 12.0];

/// The error of Stirling's formula: ln Γ(n+1) − (n + ½) ln n + n − ½ ln 2π, for n > 0.
///
/// From 16 on the series in 1/n; below, its own recurrence S(n) = S(n+1) + (n + ½) ln(1 + 1/n) − 1 leads there.
fn stirling_error(n: f64) -> f64 {
    let (mut n, mut below) = (n, 0.0);
    while n < 16.0 {
        below += (n + 0.5) * (1.0 / n).ln_1p() - 1.0;
        n += 1.0;
    }
    let square = 1.0 / (n * n);
    below + SERIES.iter().fold(0.0, |sum, term| sum * square + term) / n
}

/// The deviance x ln(x/m) + m − x, for x > 0 and m > 0, without subtracting nearly equal numbers.
fn deviance(x: f64, m: f64) -> f64 {
    let apart = x - m;
    if apart.abs() >= 0.1 * (x + m) {
        return x * (x / m).ln() - apart;
    }
    let v = apart / (x + m);
    let (mut total, mut term, mut odd) = (apart * v, 2.0 * x * v, 1.0);
    loop {
        term *= v * v;
        odd += 2.0;
        let next = total + term / odd;
        if next.total_cmp(&total).is_eq() {
            return total;
        }
        total = next;
    }
}

/// The logarithm of x^a y^b Γ(a+b) / (Γ(a) Γ(b)) with y = 1 − x: the beta density in the variable ln(x/y).
pub(super) fn ln_beta_kernel(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let both = a + b;
    let size = 0.5 * (a / TAU * (b / both)).ln();
    size + stirling_error(both)
        - stirling_error(a)
        - stirling_error(b)
        - deviance(a, both * x)
        - deviance(b, both * y)
}

/// The logarithm of x^a e^−x / Γ(a+1).
pub(super) fn ln_poisson_kernel(a: f64, x: f64) -> f64 {
    -0.5 * (TAU * a).ln() - stirling_error(a) - deviance(a, x)
}

/// The probability of `k` out of `n` when each happens with probability `p`; needs `k <= n` and `0 <= p <= 1`.
pub(crate) fn binomial(k: f64, n: f64, p: f64) -> f64 {
    if k <= 0.0 {
        return (n * (-p).ln_1p()).exp();
    }
    if k >= n {
        return (n * p.ln()).exp();
    }
    if p <= 0.0 || p >= 1.0 {
        return 0.0;
    }
    let others = n - k;
    // C(n, k) p^k q^(n−k) is the beta kernel at (k, n−k) times n / (k (n−k)).
    (ln_beta_kernel(k, others, p, 1.0 - p) + (n / k / others).ln()).exp()
}
