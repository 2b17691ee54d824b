//! Scorers that grade how alike the text of an answer and the expected one are.

use super::answer::Answer;
use super::target::Target;
use super::text::Case;
use super::{Builtin, EXPECTED, IGNORE_CASE, MIN, Made, VALUE, graded, param, rouge, rule, squad};
use crate::{ExpectedFrom, ParamError, Params, Verdict};

const MEASURE: super::ParamDoc = param(
    "measure",
    "\"f1\", \"precision\" or \"recall\"",
    "\"f1\"",
    "which of the three figures is the grade",
);

pub(super) const ALL: &[Builtin] = &[
    Builtin {
        name: "levenshtein",
        about: "how alike the texts are: 1 - edits / length of the longer, in characters",
        params: &[VALUE, EXPECTED, IGNORE_CASE, MIN],
        example: r#"levenshtein(expected="/metadata/answer", min=0.9)"#,
        make: |params| {
            let case = Case::take(params)?;
            similarity(params, &ExpectedFrom::Given, move |text, wanted| {
                levenshtein(&case.of(text.into()), &case.of(wanted.into()))
            })
        },
    },
    Builtin {
        name: "token-f1",
        about: "F1 of the words that the texts share, normalised as for SQuAD",
        params: &[VALUE, EXPECTED, MIN],
        example: r#"token-f1(expected="$.metadata.answers")"#,
        make: |params| {
            similarity(params, &ExpectedFrom::Given, |text, wanted| Some(squad::f1(text, wanted)))
        },
    },
    rouge(
        "rouge-1",
        "ROUGE-1: words that the texts share; the figures of Google's rouge-score without stemming",
        r#"rouge-1(expected="/metadata/summary", measure="recall")"#,
        |params| ngrams(params, 1),
    ),
    rouge(
        "rouge-2",
        "ROUGE-2: pairs of words that the texts share; the figures of Google's rouge-score without stemming",
        r#"rouge-2(expected="/metadata/summary")"#,
        |params| ngrams(params, 2),
    ),
    rouge(
        "rouge-l",
        "ROUGE-L: the longest common subsequence of words; the figures of Google's rouge-score without stemming",
        r#"rouge-l(expected="/metadata/summary", min=0.5)"#,
        |params| {
            let measure = measure(params)?;
            similarity(params, &ExpectedFrom::Given, move |text, wanted| {
                rouge::longest(wanted, text).map(|figures| figures.of(measure))
            })
        },
    ),
    Builtin {
        name: "same-text",
        about: "how alike the text of the answer and that of the logged response are; two without text are alike",
        params: &[
            param(
                "by",
                "\"levenshtein\", \"token-f1\", \"rouge-l\" or \"equals\"",
                "\"levenshtein\"",
                "how it is measured",
            ),
            MIN,
        ],
        example: r#"same-text(by="rouge-l", min=0.8)"#,
        make: same_text,
    },
];

/// One of the figures of rouge-score.
const fn rouge(
    name: &'static str,
    about: &'static str,
    example: &'static str,
    make: fn(&mut Params) -> Made,
) -> Builtin {
    Builtin { name, about, params: &[VALUE, EXPECTED, MEASURE, MIN], example, make }
}

fn ngrams(params: &mut Params, n: usize) -> Made {
    let measure = measure(params)?;
    similarity(params, &ExpectedFrom::Given, move |text, wanted| {
        Some(rouge::ngrams(wanted, text, n).of(measure))
    })
}

fn measure(params: &mut Params) -> Result<rouge::Measure, ParamError> {
    Ok(match params.choice("measure", &["f1", "precision", "recall"])? {
        "precision" => rouge::Measure::Precision,
        "recall" => rouge::Measure::Recall,
        _ => rouge::Measure::F1,
    })
}

/// The grade of the most alike of the expected texts; `alike` has none for texts that are too long for it.
fn similarity<F>(params: &mut Params, default: &ExpectedFrom, alike: F) -> Made
where
    F: Fn(&str, &str) -> Option<f64> + Send + Sync + 'static,
{
    let target = Target::take(params, default)?;
    target.check_texts()?;
    let min = params.share("min")?;
    rule(params, target.needs(), move |row| {
        let wanted = target.texts(row)?;
        let Some(text) = Answer::of(row).text() else {
            return Ok(graded(0.0, min));
        };
        let grades: Option<Vec<f64>> = wanted.iter().map(|wanted| alike(&text, wanted)).collect();
        let grades = grades.ok_or_else(too_long)?;
        Ok(graded(grades.into_iter().fold(0.0, f64::max), min))
    })
}

fn too_long() -> Verdict {
    Verdict::unscorable("the texts are too long to be compared")
}

fn same_text(params: &mut Params) -> Made {
    let alike: fn(&str, &str) -> Option<f64> =
        match params.choice("by", &["levenshtein", "token-f1", "rouge-l", "equals"])? {
            "token-f1" => |text, wanted| Some(squad::f1(text, wanted)),
            "rouge-l" => |text, wanted| Some(rouge::longest(wanted, text)?.of(rouge::Measure::F1)),
            "equals" => |text, wanted| Some(f64::from(u8::from(text.trim() == wanted.trim()))),
            _ => levenshtein,
        };
    let min = params.share("min")?;
    let target = Target::From(ExpectedFrom::Logged);
    rule(params, target.needs(), move |row| {
        let logged = target.logged(row)?.text();
        let grade = match (Answer::of(row).text(), logged) {
            (Some(text), Some(logged)) => alike(&text, &logged).ok_or_else(too_long)?,
            (None, None) => 1.0,
            _ => 0.0,
        };
        Ok(graded(grade, min))
    })
}

/// The work that is done for one pair of texts, in pairs of characters: 64 of them are one step.
const MOST_PAIRS: usize = 1 << 32;

/// `1 - distance / length of the longer`; two empty texts are alike.
fn levenshtein(one: &str, other: &str) -> Option<f64> {
    if one == other {
        return Some(1.0);
    }
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().saturating_mul(other.len()) > MOST_PAIRS {
        return None;
    }
    let edits =
        rapidfuzz::distance::levenshtein::distance(one.iter().copied(), other.iter().copied());
    Some(1.0 - share(edits, one.len().max(other.len())))
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 characters")]
pub(super) fn share(part: usize, all: usize) -> f64 {
    if all == 0 { 0.0 } else { part as f64 / all as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levenshtein_is_in_characters_and_bounded_in_work() {
        for (one, other, want) in [
            ("", "", 1.0),
            ("", "abc", 0.0),
            ("kitten", "sitting", 1.0 - 3.0 / 7.0),
            ("größe", "grösse", 1.0 - 2.0 / 6.0),
            ("äöü", "äöü", 1.0),
            ("abc", "xyz", 0.0),
        ] {
            let there = levenshtein(one, other).unwrap();
            assert!((there - want).abs() < 1e-12, "{one} {other}: {there}");
        }
        let long = "x".repeat(70_000);
        assert_eq!(levenshtein(&long, &"y".repeat(70_000)), None);
        assert_eq!(levenshtein(&long, &long.clone()), Some(1.0));
    }
}
