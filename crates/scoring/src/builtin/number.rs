//! The scorer of numbers: one that stands in the text of an answer, or at a place in its JSON.

use super::answer::json;
use super::target::Target;
use super::text::text_of;
use super::{Builtin, EXPECTED, FENCE, Made, VALUE, param, rule};
use crate::{ExpectedFrom, Kind, ParamError, Params, Place, Row, Verdict, View};

pub(super) const ALL: &[Builtin] = &[Builtin {
    name: "number",
    about: "the last number in the answer is the expected one, within a tolerance",
    params: &[
        VALUE,
        EXPECTED,
        param("abs", "number", "0", "how far it may be off"),
        param("rel", "number", "1e-9", "how far it may be off, as a share of the expected number"),
        param("at", "pointer or path", "", "where in the JSON of the answer it stands"),
        FENCE,
    ],
    example: r#"number(expected="/metadata/total", abs=0.01)"#,
    make,
}];

/// As good as equal, for numbers that went through a decimal text.
const REL: f64 = 1e-9;

fn make(params: &mut Params) -> Made {
    let target = Target::take(params, &ExpectedFrom::Given)?;
    if let Target::Value(value) = &target
        && of_texts(&target).is_none()
    {
        let problem = format!("`value` must be a number, or a text that has one, not {value}");
        return Err(ParamError::new("value", problem));
    }
    let abs = tolerance(params, "abs")?.unwrap_or(0.0);
    let rel = tolerance(params, "rel")?.unwrap_or(REL);
    let at = params.place("at")?;
    let fence = params.flag("fence")?;
    rule(params, target.needs(), move |row| {
        let wanted = wanted(&target, row, at.as_ref(), fence)?;
        let text = text_of(row)?;
        let Some(number) = number_in(&text, at.as_ref(), fence) else {
            return Ok(Verdict::Pass(false));
        };
        Ok(Verdict::Pass((number - wanted).abs() <= abs.max(rel * wanted.abs())))
    })
}

fn tolerance(params: &mut Params, name: &str) -> Result<Option<f64>, ParamError> {
    match params.number(name)? {
        Some(number) if number < 0.0 => {
            Err(ParamError::new(name, format!("`{name}` must not be negative")))
        }
        number => Ok(number),
    }
}

fn of_texts(target: &Target) -> Option<f64> {
    match target {
        Target::Value(value) => value
            .as_f64()
            .or_else(|| last_number(value.as_str()?))
            .filter(|number| number.is_finite()),
        Target::From(_) => None,
    }
}

/// The expected number; of a logged response the one at the same place.
fn wanted(target: &Target, row: &Row<'_>, at: Option<&Place>, fence: bool) -> Result<f64, Verdict> {
    let number = match target {
        Target::Value(_) => of_texts(target),
        Target::From(ExpectedFrom::Logged) => {
            let text = target.logged(row)?.text();
            text.and_then(|text| number_in(&text, at, fence))
        }
        Target::From(from) => of_view(target.some(from.of(row))?),
    };
    number.ok_or_else(|| target.unfit("a number, and has none"))
}

fn number_in(text: &str, at: Option<&Place>, fence: bool) -> Option<f64> {
    match at {
        None => last_number(text),
        Some(place) => of_view(place.find(json(text, fence)?)?),
    }
}

fn of_view(view: View<'_>) -> Option<f64> {
    match view.kind() {
        Kind::Number => view.text().parse().ok().filter(|number: &f64| number.is_finite()),
        Kind::String => last_number(&view.as_str()?),
        _ => None,
    }
}

/// The last number that is written in a text: `-1,234.5e6`, with commas only between groups of three digits.
///
/// A minus is one only where no letter or digit stands before it; so `3-4` is two numbers, 3 and 4.
pub(super) fn last_number(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let (mut at, mut last) = (0, None);
    while let Some(byte) = bytes.get(at) {
        let starts_with_point = *byte == b'.'
            && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
            && !at.checked_sub(1).and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
        if byte.is_ascii_digit() || starts_with_point {
            let end = number_end(bytes, at);
            last = Some((at, end));
            at = end;
        } else {
            at += 1;
        }
    }
    let (start, end) = last?;
    let digits = text.get(start..end)?.replace(',', "");
    let number: f64 = digits.parse().ok().filter(|number: &f64| number.is_finite())?;
    Some(if is_negated(text.get(..start)?) { -number } else { number })
}

fn is_negated(before: &str) -> bool {
    // A currency may stand between: -$5.
    let before = before.trim_end_matches(['$', '€', '£', '¥']);
    let Some(rest) = before.strip_suffix(['-', '\u{2212}']) else {
        return false;
    };
    !rest.ends_with(|c: char| c.is_alphanumeric() || matches!(c, ')' | ']' | '_' | '-'))
}

/// Where the number that begins at `at` ends.
fn number_end(bytes: &[u8], at: usize) -> usize {
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut end = at;
    while digit(end) {
        end += 1;
    }
    // Groups only behind one to three digits, each of exactly three.
    if end > at && end - at <= 3 {
        while bytes.get(end) == Some(&b',')
            && (1..=3).all(|next| digit(end + next))
            && !digit(end + 4)
        {
            end += 4;
        }
    }
    if bytes.get(end) == Some(&b'.') && digit(end + 1) {
        end += 1;
        while digit(end) {
            end += 1;
        }
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if digit(end + 1 + sign) {
            end += 1 + sign;
            while digit(end) {
                end += 1;
            }
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_number_is_found_as_people_write_it() {
        for (text, want) in [
            ("The answer is 42.", Some(42.0)),
            ("1, 2, 3", Some(3.0)),
            ("so 1,234,567.5 it is", Some(1_234_567.5)),
            ("1,23", Some(23.0)),
            ("1234,567", Some(567.0)),
            ("-5", Some(-5.0)),
            ("= −5", Some(-5.0)),
            ("-$5.50", Some(-5.5)),
            ("3-4", Some(4.0)),
            ("a-4", Some(4.0)),
            ("x = -4", Some(-4.0)),
            ("#### 72", Some(72.0)),
            ("6.02e23 of them", Some(6.02e23)),
            ("1e-3", Some(0.001)),
            ("2e", Some(2.0)),
            (".5", Some(0.5)),
            ("50%", Some(50.0)),
            ("1e999", None),
            ("no number", None),
            ("", None),
            ("٣", None),
        ] {
            assert_eq!(last_number(text), want, "{text}");
        }
    }
}
