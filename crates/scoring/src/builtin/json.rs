//! Scorers that take the text of an answer for JSON.

use super::answer::json;
use super::compare::{agreement, same, value_of};
use super::target::Target;
use super::text::text_of;
use super::{Builtin, EXPECTED, FENCE, MIN, Made, VALUE, graded, param, rule};
use crate::schema::{Dialect, Fault, Schema};
use crate::{ExpectedFrom, Needs, ParamError, Params, Verdict};

pub(super) const ALL: &[Builtin] = &[
    Builtin {
        name: "json-valid",
        about: "the text of the answer is JSON",
        params: &[FENCE],
        example: "json-valid:fence",
        make: valid,
    },
    Builtin {
        name: "json-schema",
        about: "the text of the answer is JSON that a JSON Schema allows",
        params: &[param("schema", "JSON", "", "the schema; needed"), FENCE],
        example: r#"json-schema(schema={"type": "object", "required": ["answer"]})"#,
        make: schema,
    },
    Builtin {
        name: "json-path",
        about: "the answer is JSON that has the expected value at a place",
        params: &[
            param("path", "pointer or path", "", "the place, such as /a/0 or $.a[0]; needed"),
            VALUE,
            EXPECTED,
            param("exists", "switch", "", "anything at all may stand there"),
            FENCE,
        ],
        example: r#"json-path(path="/answer", expected="/metadata/answer")"#,
        make: path,
    },
    Builtin {
        name: "json-match",
        about: "the share of the fields in which the JSON of the answer and the expected one agree",
        params: &[VALUE, EXPECTED, FENCE, MIN],
        example: r#"json-match(expected="/metadata/order", min=1)"#,
        make: matches,
    },
];

fn valid(params: &mut Params) -> Made {
    let fence = params.flag("fence")?;
    rule(params, Needs::NOTHING, move |row| {
        Ok(Verdict::Pass(json(&text_of(row)?, fence).is_some()))
    })
}

fn schema(params: &mut Params) -> Made {
    let Some(schema) = params.value("schema") else {
        return Err(ParamError::new("schema", "`schema` is needed"));
    };
    let schema = Schema::of(&schema, Dialect::JsonSchema)
        .map_err(|error| ParamError::new("schema", format!("`schema` cannot be used: {error}")))?;
    let fence = params.flag("fence")?;
    rule(params, Needs::NOTHING, move |row| {
        let text = text_of(row)?;
        let view = json(&text, fence).ok_or(Verdict::Pass(false))?;
        let value = value_of(view).ok_or_else(too_odd)?;
        Ok(verdict(schema.check(&value)))
    })
}

/// What the check of a value against a schema amounts to.
pub(super) fn verdict(checked: Result<(), Fault>) -> Verdict {
    match checked {
        Ok(()) => Verdict::Pass(true),
        Err(Fault::Invalid) => Verdict::Pass(false),
        Err(Fault::TooMuch) => {
            Verdict::unscorable("the schema takes too many steps for this value")
        }
    }
}

/// JSON that is sound and cannot be looked into.
pub(super) fn too_odd() -> Verdict {
    Verdict::unscorable(
        "the JSON of the answer is nested too deeply or has a number beyond all bounds",
    )
}

fn path(params: &mut Params) -> Made {
    let Some(place) = params.place("path")? else {
        return Err(ParamError::new("path", "`path` is needed"));
    };
    let target = Target::given(params, Some(&ExpectedFrom::Given))?;
    let exists = params.flag("exists")?;
    let fence = params.flag("fence")?;
    if exists && target.is_some() {
        return Err(ParamError::new("exists", "`exists` needs no `value` and no `expected`"));
    }
    if exists {
        return rule(params, Needs::NOTHING, move |row| {
            let text = text_of(row)?;
            let found = json(&text, fence).and_then(|view| place.find(view));
            Ok(Verdict::Pass(found.is_some()))
        });
    }
    let target = target.unwrap_or(Target::From(ExpectedFrom::Given));
    rule(params, target.needs(), move |row| {
        let wanted = target.value(row, fence)?;
        // Of a logged answer only the same place is held against this one's.
        let wanted = match &target {
            Target::From(ExpectedFrom::Logged) => {
                let logged = wanted.to_string();
                json(&logged, false).and_then(|view| value_of(place.find(view)?))
            }
            _ => Some(wanted.into_owned()),
        };
        let text = text_of(row)?;
        let found = json(&text, fence).and_then(|view| place.find(view));
        let found = found.map(|view| value_of(view).ok_or_else(too_odd)).transpose()?;
        Ok(Verdict::Pass(match (found, wanted) {
            (Some(found), Some(wanted)) => same(&found, &wanted),
            (None, None) => true,
            _ => false,
        }))
    })
}

fn matches(params: &mut Params) -> Made {
    let target = Target::take(params, &ExpectedFrom::Given)?;
    let fence = params.flag("fence")?;
    let min = params.share("min")?;
    rule(params, target.needs(), move |row| {
        let wanted = target.value(row, fence)?;
        let text = text_of(row).unwrap_or_default();
        let Some(view) = json(&text, fence) else {
            return Ok(graded(0.0, min));
        };
        let value = value_of(view).ok_or_else(too_odd)?;
        Ok(graded(agreement(&value, &wanted), min))
    })
}
