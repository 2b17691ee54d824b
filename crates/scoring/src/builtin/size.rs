//! Scorers of how long an answer is, in words, characters and tokens, and of what it cost.

use super::text::text_of;
use super::{Bounds, Builtin, LEAST, MOST, Made, count_of, param, rule};
use crate::{Needs, ParamError, Params, Usage, Verdict, View};

pub(super) const ALL: &[Builtin] = &[
    bounded(
        "words",
        "the text of the answer has so many words, parted by white space",
        "words(max=50)",
        |params| measured(params, |text| count_of(text.split_whitespace())),
    ),
    bounded(
        "length",
        "the text of the answer has so many characters (Unicode scalar values)",
        "length(min=1, max=280)",
        |params| measured(params, |text| count_of(text.chars())),
    ),
    Builtin {
        name: "tokens",
        about: "the answer took so many tokens, as the service states them",
        params: &[
            LEAST,
            MOST,
            param(
                "kind",
                "\"output\", \"answer\", \"thoughts\", \"prompt\" or \"total\"",
                "\"output\"",
                "which tokens; output is answer and thoughts, which is what is billed as such",
            ),
        ],
        example: r#"tokens(max=1000, kind="thoughts")"#,
        make: tokens,
    },
    Builtin {
        name: "cost",
        about: "the row cost at most so many dollars, by its tokens and the model's batch price",
        params: &[param("max", "number", "", "in dollars; needed")],
        example: "cost(max=0.002)",
        make: cost,
    },
];

/// A scorer of the length of the answer's text.
const fn bounded(
    name: &'static str,
    about: &'static str,
    example: &'static str,
    make: fn(&mut Params) -> Made,
) -> Builtin {
    Builtin { name, about, params: &[LEAST, MOST], example, make }
}

/// An answer without text has no length that could be right.
fn measured(params: &mut Params, measure: fn(&str) -> u64) -> Made {
    let bounds = Bounds::take(params)?;
    rule(params, Needs::NOTHING, move |row| Ok(bounds.hold(measure(&text_of(row)?))))
}

fn tokens(params: &mut Params) -> Made {
    let bounds = Bounds::take(params)?;
    let kinds = ["output", "answer", "thoughts", "prompt", "total"];
    // What is not stated beside what is, is nought: the service leaves noughts out.
    let count: fn(&Usage) -> u64 = match params.choice("kind", &kinds)? {
        "answer" => |usage| usage.candidates.unwrap_or(0),
        "thoughts" => |usage| usage.thoughts.unwrap_or(0),
        "prompt" => |usage| usage.prompt.unwrap_or(0),
        "total" => |usage| usage.total.unwrap_or(0),
        _ => |usage| usage.candidates.unwrap_or(0).saturating_add(usage.thoughts.unwrap_or(0)),
    };
    rule(params, Needs::NOTHING, move |row| {
        if row.usage.is_unknown() {
            return Err(Verdict::unscorable("the response states no tokens"));
        }
        Ok(bounds.hold(count(&row.usage)))
    })
}

fn cost(params: &mut Params) -> Made {
    let Some(max) = params.number("max")? else {
        return Err(ParamError::new("max", "`max` is needed, in dollars"));
    };
    if max < 0.0 {
        return Err(ParamError::new("max", "`max` must not be negative"));
    }
    let Some(prices) = params.prices().cloned() else {
        return Err(ParamError::new("", "`cost` needs prices, and none are known here"));
    };
    rule(params, Needs::NOTHING, move |row| {
        if row.usage.is_unknown() {
            return Err(Verdict::unscorable("the response states no tokens"));
        }
        let model = row.response.and_then(|response| response.get("modelVersion"));
        let model = model.and_then(View::as_str);
        let dollars = prices.dollars(model.as_deref(), &row.usage);
        let dollars =
            dollars.ok_or_else(|| Verdict::unscorable("the model's price is not known"))?;
        Ok(Verdict::Pass(dollars <= max))
    })
}
