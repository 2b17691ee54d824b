//! Student's t distribution, for means of few rows.

use super::beta::{beta_log_odds, incomplete_beta};

/// P(|T| > |t|) with `df` degrees of freedom.
pub(crate) fn student_two_sided(t: f64, df: f64) -> f64 {
    let square = t * t;
    if square.is_infinite() {
        return 0.0;
    }
    incomplete_beta(df / 2.0, 0.5, df / (df + square), square / (df + square))
}

/// The t that |T| stays below with probability `confidence`, in 0..1 without the ends.
pub(crate) fn student_quantile(confidence: f64, df: f64) -> f64 {
    // df / (df + T²) is Beta(df/2, ½), so T² = df / odds.
    (df * (-beta_log_odds(df / 2.0, 0.5, 1.0 - confidence, confidence)).exp()).sqrt()
}
