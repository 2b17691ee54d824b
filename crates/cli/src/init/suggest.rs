//! Which scorers fit what was seen, of those that there are.

use scoring::Registry;
use serde_json::json;

use super::look::Look;
use crate::context::DEFAULT_SCORER;
use crate::words::grouped;

/// A scorer worth having, and why.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Suggestion {
    pub(super) scorer: String,
    pub(super) why: String,
}

/// The scorers that fit, the best first; only those that can be built.
pub(super) fn scorers(look: Option<&Look>, registry: &Registry) -> Vec<Suggestion> {
    let mut all = Vec::new();
    let mut add = |scorer: String, why: String| all.push(Suggestion { scorer, why });
    let why = "the notebook's rule: the last part of the answer is a function call";
    let Some(look) = look else {
        add(DEFAULT_SCORER.to_owned(), why.to_owned());
        return all;
    };
    let of = |n: u64| format!("{} of {} logged answers", grouped(n), grouped(look.with_response));
    let calls = look.with_tools > 0 || look.calls > 0;
    if calls {
        add(DEFAULT_SCORER.to_owned(), format!("{why}: {}", of(look.last_calls)));
        if look.calls > look.last_calls {
            let why = format!("a call in any part: {}", of(look.calls));
            add("function-call:any-part".to_owned(), why);
        }
        let names = look.functions.most();
        for (name, rows) in names.iter().filter(|_| names.len() > 1).take(2) {
            let why = format!("a call of this function, which {} rows declare", grouped(*rows));
            add(format!("function-call(name={})", json!(name)), why);
        }
        add("same-call".to_owned(), "the same functions as were logged".to_owned());
        add("same-args".to_owned(), "the same calls as were logged, arguments and all".to_owned());
        add("valid-call".to_owned(), "calls that fit what the request declares".to_owned());
    }
    let labels = look.answers.most();
    let are_labels = (2..=12).contains(&labels.len()) && look.answers.others == 0;
    if are_labels && look.rows >= 4 * labels.len() as u64 {
        let mut names: Vec<&str> = labels.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        let labels = json!(names);
        if let Some(pointer) = look.expected() {
            let scorer = format!("label(labels={labels}, expected={})", json!(pointer));
            add(scorer, format!("the label that {pointer} of its row says"));
        }
        let why = "the label that was logged, with a confusion matrix".to_owned();
        add(format!("same-label(labels={labels})"), why);
    } else if let Some(pointer) = look.expected() {
        let why = format!("the answer is what {pointer} of its row says");
        add(format!("equals(expected={})", json!(pointer)), why);
    }
    if look.asks_json > 0 || look.jsons * 2 > look.texts.max(1) {
        let why = "the share of fields that are as they were logged".to_owned();
        add("json-match(expected=\"logged\")".to_owned(), why);
        add("json-valid".to_owned(), format!("the answer is JSON: {}", of(look.jsons)));
    }
    if look.texts > 0 && !calls {
        let why = "how alike the text is to what was logged, from 0 to 1".to_owned();
        add("same-text".to_owned(), why);
    }
    // What this program has not is not suggested by it.
    all.retain(|suggestion| registry.build(&suggestion.scorer).is_ok());
    if all.is_empty() {
        let why = format!("{why}; no row declares a function");
        all.push(Suggestion { scorer: DEFAULT_SCORER.to_owned(), why });
    }
    all
}
