//! Scorers that name the class an answer chooses out of a set.

use std::borrow::Cow;

use super::answer::{Answer, json};
use super::target::Target;
use super::text::Case;
use super::{Builtin, EXPECTED, FENCE, IGNORE_CASE, Made, VALUE, param, rule};
use crate::{ExpectedFrom, ParamError, Params, Place, Row, Verdict, View};

/// The label of an answer that chooses none.
const NO_CHOICE: &str = "(none)";

const LABELS: super::ParamDoc = param("labels", "texts", "", "the set, two or more; needed");
const MENTION: super::ParamDoc = param(
    "mention",
    "\"exact\", \"first\" or \"last\"",
    "\"exact\"",
    "exact: the text is the label; else the label that is mentioned first or last, as a whole word",
);
const AT: super::ParamDoc =
    param("at", "pointer or path", "", "where in the JSON of the answer the label stands");

pub(super) const ALL: &[Builtin] = &[
    Builtin {
        name: "label",
        about: "which label of a set the answer chooses; with an expected one, whether it is that, and a confusion matrix",
        params: &[LABELS, MENTION, AT, FENCE, IGNORE_CASE, VALUE, EXPECTED],
        example: r#"label(labels=["spam", "ham"], mention="last", expected="/metadata/kind")"#,
        make: |params| {
            let choice = Choice::take(params)?;
            let target = Target::given(params, None)?;
            judged(params, choice, target)
        },
    },
    Builtin {
        name: "same-label",
        about: "whether the answer chooses the label that the logged response chooses, and a confusion matrix",
        params: &[LABELS, MENTION, AT, FENCE, IGNORE_CASE],
        example: r#"same-label(labels=["spam", "ham"], ignore-case)"#,
        make: |params| {
            let choice = Choice::take(params)?;
            judged(params, choice, Some(Target::From(ExpectedFrom::Logged)))
        },
    },
];

/// How a text names a label.
#[derive(Debug)]
struct Choice {
    labels: Vec<String>,
    /// As they are compared.
    folded: Vec<String>,
    mention: Mention,
    at: Option<Place>,
    fence: bool,
    case: Case,
}

#[derive(Debug, Clone, Copy)]
enum Mention {
    Exact,
    First,
    Last,
}

impl Choice {
    fn take(params: &mut Params) -> Result<Self, ParamError> {
        let Some(labels) = params.texts("labels")? else {
            return Err(ParamError::new("labels", "`labels` is needed, an array of texts"));
        };
        let mention = match params.choice("mention", &["exact", "first", "last"])? {
            "first" => Mention::First,
            "last" => Mention::Last,
            _ => Mention::Exact,
        };
        let at = params.place("at")?;
        let fence = params.flag("fence")?;
        let case = Case::take(params)?;
        let folded = case.all(&labels);
        let bad = |problem: String| Err(ParamError::new("labels", problem));
        if labels.len() < 2 {
            return bad("a choice needs two labels or more".to_owned());
        }
        if let Some(odd) = labels.iter().find(|label| label.trim().is_empty() || label.len() > 200)
        {
            return bad(format!("a label must have from 1 to 200 bytes: {odd:?}"));
        }
        if let Some(twice) = folded.iter().enumerate().find(|(at, one)| folded[..*at].contains(one))
        {
            return bad(format!("label {:?} is named twice", twice.1));
        }
        Ok(Self { labels, folded, mention, at, fence, case })
    }

    /// The label that an answer's text chooses.
    fn of(&self, text: &str) -> Option<&str> {
        match &self.at {
            None => self.named_by(text, self.mention),
            Some(place) => {
                let chosen = place.find(json(text, self.fence)?).and_then(View::as_str)?;
                self.named_by(&chosen, self.mention)
            }
        }
    }

    fn named_by(&self, text: &str, mention: Mention) -> Option<&str> {
        let text = self.case.of(text.into());
        let at = match mention {
            Mention::Exact => self.folded.iter().position(|label| label.trim() == text.trim()),
            Mention::First | Mention::Last => {
                let is_last = matches!(mention, Mention::Last);
                let found = self.folded.iter().enumerate().filter_map(|(at, label)| {
                    // Of labels that begin at the same place the longest is meant; it also ends last.
                    let place = mentioned(&text, label, is_last)?;
                    let start = if is_last {
                        (place + label.len(), label.len())
                    } else {
                        (usize::MAX - place, label.len())
                    };
                    Some((start, at))
                });
                found.max().map(|(_, at)| at)
            }
        }?;
        self.labels.get(at).map(String::as_str)
    }
}

/// The byte at which a text mentions a label as a whole word, the first or the last time.
fn mentioned(text: &str, label: &str, is_last: bool) -> Option<usize> {
    let is_whole = |at: &usize| {
        let (before, rest) = text.split_at(*at);
        let behind = rest.get(label.len()..).unwrap_or_default();
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let starts = !label.starts_with(is_part) || !before.ends_with(is_part);
        starts && (!label.ends_with(is_part) || !behind.starts_with(is_part))
    };
    if is_last {
        text.rmatch_indices(label).map(|(at, _)| at).find(is_whole)
    } else {
        text.match_indices(label).map(|(at, _)| at).find(is_whole)
    }
}

fn judged(params: &Params, choice: Choice, target: Option<Target>) -> Made {
    if let Some(target @ Target::Value(value)) = &target {
        target.check_texts()?;
        if value.as_str().is_none_or(|value| choice.named_by(value, Mention::Exact).is_none()) {
            let problem = format!("`value` must be one of the labels, not {value}");
            return Err(ParamError::new("value", problem));
        }
    }
    // Without a word of a right label, those that come with the rows are taken where any do.
    let given = Target::From(ExpectedFrom::Given);
    let needs = target.as_ref().unwrap_or(&given).needs();
    rule(params, needs, move |row| {
        let held = row.expected.filter(|value| !value.is_null()).map(|_| &given);
        let truth =
            target.as_ref().or(held).map(|target| truth(&choice, target, row)).transpose()?;
        let text = Answer::of(row).text();
        let given = text.as_deref().and_then(|text| choice.of(text)).unwrap_or(NO_CHOICE);
        Ok(match truth {
            None => Verdict::Label(given.to_owned().into()),
            Some(truth) => Verdict::Choice { given: given.to_owned().into(), truth },
        })
    })
}

/// The right label of a row; the one that the logged response chooses may be none.
fn truth(choice: &Choice, target: &Target, row: &Row<'_>) -> Result<Cow<'static, str>, Verdict> {
    let truth = match target {
        Target::From(ExpectedFrom::Logged) => {
            let text = target.logged(row)?.text();
            Some(text.as_deref().and_then(|text| choice.of(text)).unwrap_or(NO_CHOICE).to_owned())
        }
        _ => match target.texts(row)?.as_slice() {
            [text] => choice.named_by(text, Mention::Exact).map(str::to_owned),
            _ => None,
        },
    };
    truth.map(Cow::Owned).ok_or_else(|| target.unfit("one of the labels"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(labels: &[&str], mention: Mention, text: &str, want: Option<&str>) {
        let labels: Vec<String> = labels.iter().map(|&label| label.to_owned()).collect();
        let choice = Choice {
            folded: labels.clone(),
            labels,
            mention,
            at: None,
            fence: false,
            case: Case::EXACT,
        };
        assert_eq!(choice.of(text), want, "{text:?} {mention:?}");
    }

    #[test]
    fn whole_words_are_mentions_and_the_longer_label_wins() {
        use Mention::{Exact, First, Last};
        let labels = ["spam", "ham", "not spam"];
        check(&labels, Exact, " spam\n", Some("spam"));
        check(&labels, Exact, "spam.", None);
        check(&labels, First, "**spam**, not ham", Some("spam"));
        check(&labels, Last, "**spam**, not ham", Some("ham"));
        check(&labels, First, "It is not spam.", Some("not spam"));
        check(&labels, Last, "It is not spam.", Some("not spam"));
        check(&labels, First, "spammer, shame, spam_1", None);
        check(&labels, Last, "shame on spam", Some("spam"));
        check(&["(A)", "(B)"], Last, "(A) or (B)?", Some("(B)"));
        check(&["ä", "ö"], First, "ö ä", Some("ö"));
        check(&["ä", "ö"], First, "", None);
    }
}
