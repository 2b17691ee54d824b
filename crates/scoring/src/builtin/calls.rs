//! Scorers of the functions that an answer calls: which, with what arguments, how often, in what order.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::answer::{Answer, Call};
use super::compare::{contains, same, value_of};
use super::function_call::check_name;
use super::similar::share;
use super::target::Target;
use super::{
    Bounds, Builtin, EXPECTED, LEAST, MIN, MOST, Made, VALUE, count_of, graded, param, rule,
};
use crate::{ExpectedFrom, Kind, Needs, ParamError, Params, Row, Verdict};

const ANY_PART: super::ParamDoc = param("any-part", "switch", "", "a call in any part counts");
const NAME: super::ParamDoc = param("name", "text", "", "only calls of this function count");

pub(super) const ALL: &[Builtin] = &[
    Builtin {
        name: "call-name",
        about: "the last part of the answer calls the expected function, or one of several",
        params: &[VALUE, EXPECTED, ANY_PART],
        example: r#"call-name(expected="/metadata/tool", any-part)"#,
        make: call_name,
    },
    Builtin {
        name: "call-args",
        about: "the last part of the answer calls a function with the expected arguments, or with more than them",
        params: &[
            VALUE,
            EXPECTED,
            NAME,
            param(
                "match",
                "\"equal\" or \"subset\"",
                "\"equal\"",
                "subset: arguments beside them are fine",
            ),
            ANY_PART,
        ],
        example: r#"call-args(name="report_spam", value={"why": "phishing"}, match="subset")"#,
        make: call_args,
    },
    Builtin {
        name: "call-count",
        about: "the answer calls functions so many times",
        params: &[LEAST, MOST, NAME],
        example: r#"call-count(min=1, max=1, name="report_spam")"#,
        make: call_count,
    },
    Builtin {
        name: "call-order",
        about: "the answer calls these functions in this order, perhaps with others in between",
        params: &[VALUE, EXPECTED, param("only", "switch", "", "no others")],
        example: r#"call-order(value=["search", "open", "answer"])"#,
        make: call_order,
    },
    Builtin {
        name: "no-call",
        about: "the model answered, and calls no function",
        params: &[],
        example: "no-call",
        make: |params| {
            rule(params, Needs::NOTHING, |row| {
                let answer = Answer::of(row);
                Ok(Verdict::Pass(answer.is_there() && answer.calls().next().is_none()))
            })
        },
    },
    Builtin {
        name: "call-f1",
        about: "F1 of the calls that the answer and the logged response share; two without calls are alike",
        params: &[param("args", "switch", "", "calls are alike only with equal arguments"), MIN],
        example: "call-f1(args, min=1)",
        make: call_f1,
    },
    Builtin {
        name: "same-call",
        about: "the answer calls the functions that the logged response calls, in any order; or both call none",
        params: &[],
        example: "same-call",
        make: |params| same_calls(params, false),
    },
    Builtin {
        name: "same-args",
        about: "the answer makes the calls of the logged response, arguments and all, in any order; or both make none",
        params: &[],
        example: "same-args",
        make: |params| same_calls(params, true),
    },
];

fn call_name(params: &mut Params) -> Made {
    let target = Target::take(params, &ExpectedFrom::Given)?;
    target.check_texts()?;
    if let Target::Value(Value::String(name)) = &target {
        check_name("value", name)?;
    }
    let any_part = params.flag("any-part")?;
    rule(params, target.needs(), move |row| {
        let wanted = match &target {
            Target::From(ExpectedFrom::Logged) => {
                let logged = called(target.logged(row)?, any_part);
                logged.into_iter().map(|call| call.name).collect()
            }
            target => target.texts(row)?,
        };
        let calls = called(Answer::of(row), any_part);
        Ok(Verdict::Pass(match &target {
            Target::From(ExpectedFrom::Logged) if wanted.is_empty() => calls.is_empty(),
            _ => calls.iter().any(|call| wanted.contains(&call.name)),
        }))
    })
}

/// The calls that count.
fn called(answer: Answer<'_>, any_part: bool) -> Vec<Call<'_>> {
    if any_part { answer.calls().collect() } else { answer.last_call().into_iter().collect() }
}

fn call_args(params: &mut Params) -> Made {
    let target = Target::take(params, &ExpectedFrom::Given)?;
    if let Target::Value(value) = &target
        && !value.is_object()
    {
        let problem = format!("`value` must be an object of arguments, not {value}");
        return Err(ParamError::new("value", problem));
    }
    let name = function(params)?;
    let is_subset = params.choice("match", &["equal", "subset"])? == "subset";
    let any_part = params.flag("any-part")?;
    rule(params, target.needs(), move |row| {
        let counts = |call: &Call<'_>| name.as_ref().is_none_or(|name| *name == call.name);
        let mut calls = called(Answer::of(row), any_part);
        calls.retain(counts);
        let wanted = match &target {
            Target::From(ExpectedFrom::Logged) => {
                let mut logged = called(target.logged(row)?, any_part).into_iter();
                match logged.find(counts) {
                    Some(call) => args_of(&call)?,
                    // Where nothing was called nothing is to be called.
                    None => return Ok(Verdict::Pass(calls.is_empty())),
                }
            }
            target => target.value(row, false)?.into_owned(),
        };
        if !wanted.is_object() {
            return Err(target.unfit("an object of arguments"));
        }
        for call in &calls {
            let args = args_of(call)?;
            if if is_subset { contains(&args, &wanted) } else { same(&args, &wanted) } {
                return Ok(Verdict::Pass(true));
            }
        }
        Ok(Verdict::Pass(false))
    })
}

fn function(params: &mut Params) -> Result<Option<String>, ParamError> {
    let name = params.text("name")?;
    if let Some(name) = &name {
        check_name("name", name)?;
    }
    Ok(name)
}

/// The arguments of a call; none are as good as an empty object.
pub(super) fn args_of(call: &Call<'_>) -> Result<Value, Verdict> {
    let Some(args) = call.args else {
        return Ok(Value::Object(Map::new()));
    };
    value_of(args).ok_or_else(|| {
        Verdict::unscorable(
            "the arguments of a call are nested too deeply or have a number beyond all bounds",
        )
    })
}

fn call_count(params: &mut Params) -> Made {
    let bounds = Bounds::take(params)?;
    let name = function(params)?;
    rule(params, Needs::NOTHING, move |row| {
        let answer = Answer::of(row);
        if !answer.is_there() {
            return Ok(Verdict::Pass(false));
        }
        let counts = |call: &Call<'_>| name.as_ref().is_none_or(|name| *name == call.name);
        Ok(bounds.hold(count_of(answer.calls().filter(counts))))
    })
}

fn call_order(params: &mut Params) -> Made {
    let target = Target::take(params, &ExpectedFrom::Given)?;
    if let Target::Value(value) = &target
        && !value.as_array().is_some_and(|names| names.iter().all(Value::is_string))
    {
        let problem = format!("`value` must be an array of names, not {value}");
        return Err(ParamError::new("value", problem));
    }
    let only = params.flag("only")?;
    rule(params, target.needs(), move |row| {
        let wanted: Vec<String> = match &target {
            Target::From(ExpectedFrom::Logged) => {
                target.logged(row)?.calls().map(|call| call.name.into_owned()).collect()
            }
            Target::From(from) => {
                let value = target.some(from.of(row))?;
                let names = value.elements().map(|name| name.as_str().map(Into::into));
                let names: Option<Vec<_>> = names.collect();
                names
                    .filter(|_| value.kind() == Kind::Array)
                    .ok_or_else(|| target.unfit("an array of names"))?
            }
            Target::Value(value) => {
                let names = value.as_array().into_iter().flatten();
                names.filter_map(Value::as_str).map(str::to_owned).collect()
            }
        };
        let answer = Answer::of(row);
        let mut calls = answer.calls();
        let in_order = wanted.iter().all(|name| {
            if only {
                calls.next().is_some_and(|call| call.name == *name)
            } else {
                calls.any(|call| call.name == *name)
            }
        });
        let others = only && calls.next().is_some();
        Ok(Verdict::Pass(answer.is_there() && in_order && !others))
    })
}

/// The calls of the answer, those of the logged response, and the pairs that are alike.
struct Shared {
    given: usize,
    wanted: usize,
    alike: usize,
}

fn shared(row: &Row<'_>, target: &Target, with_args: bool) -> Result<Shared, Verdict> {
    let (logged, answer) = (target.logged(row)?, Answer::of(row));
    // By name, so that only calls of the same function are held against each other.
    let mut open: HashMap<String, Vec<Option<Value>>> = HashMap::new();
    let args = |call: &Call<'_>| with_args.then(|| args_of(call)).transpose();
    let (mut wanted, mut given, mut alike) = (0, 0, 0);
    for call in logged.calls() {
        wanted += 1;
        let args = args(&call)?;
        open.entry(call.name.into_owned()).or_default().push(args);
    }
    for call in answer.calls() {
        given += 1;
        let Some(open) = open.get_mut(call.name.as_ref()) else {
            continue;
        };
        let args = args(&call)?;
        let is_it = |known: &Option<Value>| match (known, &args) {
            (Some(known), Some(args)) => same(known, args),
            _ => true,
        };
        if let Some(at) = open.iter().position(is_it) {
            open.swap_remove(at);
            alike += 1;
        }
    }
    Ok(Shared { given, wanted, alike })
}

fn call_f1(params: &mut Params) -> Made {
    let with_args = params.flag("args")?;
    let min = params.share("min")?;
    let target = Target::From(ExpectedFrom::Logged);
    rule(params, target.needs(), move |row| {
        let shared = shared(row, &target, with_args)?;
        let all = shared.given + shared.wanted;
        // 2PR / (P + R)
        Ok(graded(if all == 0 { 1.0 } else { share(2 * shared.alike, all) }, min))
    })
}

fn same_calls(params: &mut Params, with_args: bool) -> Made {
    let target = Target::From(ExpectedFrom::Logged);
    rule(params, target.needs(), move |row| {
        let shared = shared(row, &target, with_args)?;
        Ok(Verdict::Pass(shared.alike == shared.given && shared.alike == shared.wanted))
    })
}
