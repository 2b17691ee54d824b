//! The upper incomplete gamma function: tails of chi-squared and, through it, of the normal distribution.

use super::fraction::continued_fraction;
use super::kernel::ln_poisson_kernel;

/// P(χ² > x) with `df` degrees of freedom.
pub(crate) fn chi_squared_upper(x: f64, df: f64) -> f64 {
    upper_gamma(df / 2.0, x / 2.0)
}

/// Q(a, x) = Γ(a, x) / Γ(a) for a > 0, x ≥ 0: the series below a + 1 (DLMF 8.11.4), the fraction above (8.9.2).
pub(super) fn upper_gamma(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    let kernel = ln_poisson_kernel(a, x).exp();
    if x < a + 1.0 {
        return (1.0 - kernel * lower_series(a, x)).max(0.0);
    }
    kernel * a * upper_fraction(a, x)
}

/// Σ x^i / ((a+1) … (a+i)).
fn lower_series(a: f64, x: f64) -> f64 {
    let (mut total, mut term, mut divisor) = (1.0, 1.0, a);
    while term > f64::EPSILON / 4.0 * total {
        divisor += 1.0;
        term *= x / divisor;
        total += term;
    }
    total
}

/// 1/(x+1−a − 1(1−a)/(x+3−a − 2(2−a)/(x+5−a − …))).
fn upper_fraction(a: f64, x: f64) -> f64 {
    let first = x + 1.0 - a;
    1.0 / continued_fraction(first, |i| (-i * (i - a), first + 2.0 * i))
}
