//! Amounts as people write them, read exactly: no binary fraction ever stands between the text and the sum.

/// Digits behind the point that are kept.
const DIGITS: usize = 6;

/// A text that is no amount of dollars.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no amount of dollars: write it as 5 or 0.25, with at most six decimals")]
pub struct NoAmount(pub(crate) String);

/// Millionths in a decimal number such as `5`, `0.375` or `$12.50`.
pub(crate) fn millionths(text: &str) -> Result<u64, NoAmount> {
    let number = text.trim();
    let number = number.strip_prefix('$').unwrap_or(number);
    parse(number).ok_or_else(|| NoAmount(text.to_owned()))
}

fn parse(number: &str) -> Option<u64> {
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let kept = part.trim_end_matches('0');
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || !is_number(part) || kept.len() > DIGITS {
        return None;
    }
    let part: u64 = format!("{kept:0<DIGITS$}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(1_000_000)?.checked_add(part)
}

/// Serde's view of an amount: a string, or a number whose shortest spelling is exact.
pub(crate) struct Visitor;

impl serde::de::Visitor<'_> for Visitor {
    type Value = u64;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an amount of dollars, such as 0.375")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<u64, E> {
        millionths(text).map_err(E::custom)
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<u64, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<u64, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<u64, E> {
        self.visit_str(&number.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        for (text, want) in [
            ("5", 5_000_000),
            ("0.375", 375_000),
            ("$12.50", 12_500_000),
            (" 0.000001 ", 1),
            ("0.10000000", 100_000),
            ("18446744073709.551615", u64::MAX),
        ] {
            assert_eq!(millionths(text), Ok(want), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in
            ["", "$", ".5", "5.", "-1", "+1", "1e3", "0.0000001", "1,5", "NaN", "18446744073710"]
        {
            assert!(millionths(text).is_err(), "{text}");
        }
    }
}
