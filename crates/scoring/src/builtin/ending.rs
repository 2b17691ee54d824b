//! Scorers of how an answer ended: blocked, with which reason, or with a refusal.

use super::answer::Answer;
use super::text::text_of;
use super::{Builtin, Made, param, rule};
use crate::{Needs, Outcome, ParamError, Params, Row, Verdict, View};

/// How refusals are put, in lower case, one a line.
const REFUSALS: &str = include_str!("refusals.txt");

/// Refusals come early; what stands further on is mostly about something else.
const REFUSED_WITHIN: usize = 400;

pub(super) const ALL: &[Builtin] = &[
    Builtin {
        name: "blocked",
        about: "the service blocked the prompt or the answer",
        params: &[],
        example: "not:blocked",
        make: |params| {
            rule(params, Needs::NOTHING, |row| Ok(Verdict::Pass(row.outcome == Outcome::Blocked)))
        },
    },
    Builtin {
        name: "finish-reason",
        about: "the answer ended with this reason, or one of several; of a blocked prompt it is the blockReason",
        params: &[param(
            "is",
            "texts",
            "",
            "such as \"STOP\" or [\"STOP\", \"MAX_TOKENS\"]; needed",
        )],
        example: r#"finish-reason(is="STOP")"#,
        make: finish_reason,
    },
    Builtin {
        name: "refusal",
        about: "the answer begins with words of refusal, by a list of English phrases: a heuristic",
        params: &[param("also", "texts", "", "more phrases; upper and lower case are one")],
        example: "not:refusal",
        make: refusal,
    },
];

fn finish_reason(params: &mut Params) -> Made {
    let Some(reasons) = params.texts("is")? else {
        return Err(ParamError::new("is", "`is` is needed, such as \"STOP\""));
    };
    let is_reason = |reason: &String| {
        let is_part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        !reason.is_empty() && reason.chars().all(is_part)
    };
    if let Some(odd) = reasons.iter().find(|reason| !is_reason(reason)) {
        let upper = odd.to_uppercase();
        let hint = is_reason(&upper).then(|| format!("did you mean `{upper}`?"));
        let problem = format!("{odd:?} cannot be a reason; they are written like MAX_TOKENS");
        return Err(ParamError::new("is", problem).with_hint(hint));
    }
    rule(params, Needs::NOTHING, move |row| {
        let reason = reason(row).and_then(View::as_str);
        Ok(Verdict::Pass(reason.is_some_and(|reason| reasons.iter().any(|known| *known == reason))))
    })
}

/// Why the first candidate ended, or the prompt was blocked if there is none.
fn reason<'a>(row: &Row<'a>) -> Option<View<'a>> {
    let [candidates, feedback] = row.response?.pick(["candidates", "promptFeedback"]);
    match candidates.and_then(|candidates| candidates.at(0)) {
        Some(first) => first.get("finishReason"),
        None => feedback?.get("blockReason"),
    }
}

fn refusal(params: &mut Params) -> Made {
    let also = params.texts("also")?.unwrap_or_default();
    let also: Vec<String> = also.iter().map(|phrase| plain(phrase, usize::MAX)).collect();
    if also.iter().any(String::is_empty) {
        return Err(ParamError::new("also", "a phrase must not be empty"));
    }
    rule(params, Needs::NOTHING, move |row| {
        // A call is no refusal, whatever is said with it.
        if Answer::of(row).calls().next().is_some() {
            return Ok(Verdict::Pass(false));
        }
        let text = plain(&text_of(row)?, REFUSED_WITHIN);
        let known = REFUSALS.lines().filter(|phrase| !phrase.is_empty());
        let mut phrases = known.chain(also.iter().map(String::as_str));
        Ok(Verdict::Pass(phrases.any(|phrase| text.contains(phrase))))
    })
}

/// Lower case, with plain apostrophes and single spaces, of so many characters.
fn plain(text: &str, most: usize) -> String {
    let words: String =
        text.chars().take(most).map(|c| if c == '\u{2019}' { '\'' } else { c }).collect();
    let words: Vec<&str> = words.split_whitespace().collect();
    words.join(" ").to_lowercase()
}
