//! Continued fractions from the front, so that as many terms are taken as it needs.

/// first + n₁/(d₁ + n₂/(d₂ + …)) for `term(i)` = (nᵢ, dᵢ), by the algorithm of Lentz as Thompson & Barnett 1986 mend it.
pub(super) fn continued_fraction(first: f64, term: impl Fn(f64) -> (f64, f64)) -> f64 {
    const TINY: f64 = 1e-300;
    // Far more terms than any fraction here takes: a bound so that no input can hang.
    const MOST_TERMS: u32 = 1_000_000;
    let away_from_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut value = away_from_zero(first);
    let (mut forward, mut backward) = (value, 0.0);
    for i in 1..MOST_TERMS {
        let (numerator, denominator) = term(f64::from(i));
        backward = 1.0 / away_from_zero(denominator + numerator * backward);
        forward = away_from_zero(denominator + numerator / forward);
        let change = forward * backward;
        value *= change;
        if (change - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    value
}
