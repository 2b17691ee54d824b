//! Whether scorers and expected values fit together, found out before anything is sent.

use scoring::{Row, Scorer, Verdict};
use serde_json::value::RawValue;

use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};

/// An answer like any other.
pub(crate) const ANSWER: &str =
    r#"{"response":{"candidates":[{"content":{"parts":[{"text":"1"}]},"finishReason":"STOP"}]}}"#;

/// Refuses scorers that can judge no row: they look at an expected value, and none is given.
pub(crate) fn lacking(scorers: &[Box<dyn Scorer>], expected: Option<&str>) -> Outcome<()> {
    if expected.is_some() {
        return Ok(());
    }
    let line: &RawValue =
        serde_json::from_str(ANSWER).map_err(|error| Failure::of(Exit::Bug, &error))?;
    let row = Row::of_line(0, line);
    // What a program does without a value is its own affair; and a label says something by itself.
    let lacks = |scorer: &&dyn Scorer| {
        let asks = scorer.needs().expected && !scorer.prefers_batches();
        asks && !matches!(scorer.score(&row), Verdict::Label(_))
    };
    let Some(scorer) = scorers.iter().map(|one| &**one).find(lacks) else { return Ok(()) };
    let name = eval_report::sanitize(scorer.name());
    let what = format!("{name} holds answers against a right one, and no row is given any");
    Err(Failure::usage(what).safe("nothing was sent").next(
        "--expected FILE, or in the scorer expected=\"/metadata/answer\", a field of each row, \
         or value=\"…\", the same for every row",
    ))
}

/// What is to be said of `--expected` where no scorer looks at its values.
pub(crate) const UNSEEN: &str = "none of the scorers looks at the values of --expected";

/// Whether any of the scorers looks at the values of `--expected`.
pub(crate) fn is_seen(context: &Context, scorers: &[Box<dyn Scorer>]) -> bool {
    // Judges may be shown them.
    !context.desk.is_empty() || !looking(scorers).is_empty()
}

/// The names of the scorers that look at the values of `--expected`.
pub(crate) fn looking(scorers: &[Box<dyn Scorer>]) -> Vec<String> {
    let looking = scorers.iter().filter(|scorer| scorer.needs().expected);
    looking.map(|scorer| scorer.name().to_owned()).collect()
}

/// The same, and where none does, that is said.
pub(crate) fn told(context: &Context, scorers: &[Box<dyn Scorer>], expected: Option<&str>) -> bool {
    let is_seen = is_seen(context, scorers);
    if expected.is_some() && !is_seen {
        context.ui.note(&format!("note       {UNSEEN}"));
    }
    is_seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is_lacking(text: &str, expected: Option<&str>) -> bool {
        let scorer = scoring::Registry::builtin().build(text).unwrap();
        let failure = lacking(&[scorer], expected).err();
        assert!(failure.iter().all(|failure| failure.exit == Exit::Usage));
        failure.is_some()
    }

    #[test]
    fn scorers_that_can_judge_nothing_are_refused() {
        for text in ["equals", "number", "call-args", "all(no-call, json-match)", "rouge-l"] {
            assert!(is_lacking(text, None), "{text}");
            assert!(!is_lacking(text, Some("right.jsonl")), "{text}");
        }
        for text in [
            "equals(expected=\"/answer\")",
            "equals(value=\"a\")",
            "same-text",
            "label(labels=[\"a\",\"b\"])",
        ] {
            assert!(!is_lacking(text, None), "{text}");
        }
        assert!(is_lacking("label(labels=[\"a\",\"b\"],expected=\"file\")", None));
    }
}
