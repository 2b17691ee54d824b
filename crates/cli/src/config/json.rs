//! TOML values as the JSON they mean, digit by digit: what a person writes as `0.70` is sent as `0.70`.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

/// A value that JSON does not have, and where it stands.
pub(crate) type NoJson = (Range<usize>, &'static str);

/// The members of a table in the order in which they were written.
pub(crate) fn in_order<'t, 'i>(table: &'t DeTable<'i>) -> Vec<Member<'t, 'i>> {
    let mut members: Vec<_> = table.iter().collect();
    members.sort_by_key(|(name, _)| name.span().start);
    members
}

type Member<'t, 'i> = (&'t Spanned<std::borrow::Cow<'i, str>>, &'t Spanned<DeValue<'i>>);

/// The value as JSON text.
pub(crate) fn json(value: &Spanned<DeValue<'_>>) -> Result<String, NoJson> {
    let refuse = |why| Err((value.span(), why));
    match value.get_ref() {
        DeValue::String(text) => Ok(quoted(text)),
        DeValue::Boolean(flag) => Ok(flag.to_string()),
        DeValue::Integer(number) => {
            integer(number).ok_or((value.span(), "this number is too large"))
        }
        DeValue::Float(number) => {
            let digits = number.as_str().trim_start_matches('+');
            if digits.contains(['i', 'n']) {
                return refuse("JSON has no such number");
            }
            Ok(digits.to_owned())
        }
        DeValue::Datetime(_) => refuse("JSON has no dates: write it as a string"),
        DeValue::Array(values) => {
            let values: Result<Vec<String>, NoJson> = values.iter().map(json).collect();
            Ok(format!("[{}]", values?.join(",")))
        }
        DeValue::Table(table) => {
            let member = |(name, value): Member<'_, '_>| {
                Ok(format!("{}:{}", quoted(name.get_ref()), json(value)?))
            };
            let members: Result<Vec<String>, NoJson> =
                in_order(table).into_iter().map(member).collect();
            Ok(format!("{{{}}}", members?.join(",")))
        }
    }
}

/// Decimal digits stay as they are, of any length; other bases become decimal.
fn integer(number: &DeInteger<'_>) -> Option<String> {
    let digits = number.as_str().trim_start_matches('+');
    if number.radix() == 10 {
        return Some(digits.to_owned());
    }
    u128::from_str_radix(digits, number.radix()).ok().map(|value| value.to_string())
}

/// A text as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(toml: &str) -> Result<String, NoJson> {
        json(&DeValue::parse(toml).unwrap())
    }

    #[test]
    fn values_keep_their_digits_and_their_order() {
        for (toml, want) in [
            ("0.70", "0.70"),
            ("+1.0", "1.0"),
            ("1e6", "1e6"),
            ("-0.0", "-0.0"),
            ("1_000_000", "1000000"),
            ("9223372036854775808123", "9223372036854775808123"),
            ("0xff", "255"),
            ("true", "true"),
            ("\"a\\\"\\u0001 \u{e9}\"", "\"a\\\"\\u0001 \u{e9}\""),
            ("[1, [2.50, \"x\"], []]", "[1,[2.50,\"x\"],[]]"),
            ("{ z = 1, a = { k.b = 2 }, m = 3 }", "{\"z\":1,\"a\":{\"k\":{\"b\":2}},\"m\":3}"),
        ] {
            let got = value(toml).unwrap();
            assert_eq!(got, want, "{toml}");
            serde_json::from_str::<&serde_json::value::RawValue>(&got).unwrap();
        }
    }

    #[test]
    fn what_json_lacks_is_refused_at_its_place() {
        for (toml, at) in [("inf", 0..3), ("[1, nan]", 4..7), ("{ d = 2026-11-22 }", 6..16)] {
            assert_eq!(value(toml).unwrap_err().0, at, "{toml}");
        }
    }
}
