//! The scorer of whether calls keep to what the request declares.

use super::answer::Answer;
use super::calls::args_of;
use super::compare::value_of;
use super::json::verdict;
use super::{Builtin, Made, param, rule};
use crate::schema::{Dialect, Schemas};
use crate::{Needs, Params, Row, Verdict, View};

pub(super) const ALL: &[Builtin] = &[Builtin {
    name: "valid-call",
    about: "the answer calls functions, each of them declared in the request, with arguments as declared",
    params: &[param(
        "extra",
        "switch",
        "",
        "arguments that `parameters` does not name are fine, as JSON Schema has it",
    )],
    example: "valid-call",
    make,
}];

fn make(params: &mut Params) -> Made {
    let dialect = if params.flag("extra")? { Dialect::GeminiOpen } else { Dialect::Gemini };
    let schemas = Schemas::default();
    rule(params, Needs::NOTHING.and_request(), move |row| judge(row, dialect, &schemas))
}

fn judge(row: &Row<'_>, dialect: Dialect, schemas: &Schemas) -> Result<Verdict, Verdict> {
    let request = row.request.ok_or_else(|| Verdict::unscorable("no request"))?;
    let mut calls = Answer::of(row).calls().peekable();
    if calls.peek().is_none() {
        return Ok(Verdict::Pass(false));
    }
    for call in calls {
        let Some(declared) = declaration(request, &call.name) else {
            return Ok(Verdict::Pass(false));
        };
        let Some((schema, dialect)) = parameters(declared, dialect) else {
            // A function without parameters takes no arguments.
            let has_args = call.args.is_some_and(|args| args.members().next().is_some());
            if has_args && !matches!(dialect, Dialect::GeminiOpen) {
                return Ok(Verdict::Pass(false));
            }
            continue;
        };
        let found = schemas.get(schema.text(), dialect, || value_of(schema));
        let schema = found.as_ref().as_ref().map_err(|error| {
            Verdict::unscorable(format!("a declaration cannot be used: {error}"))
        })?;
        let checked = verdict(schema.check(&args_of(&call)?));
        if checked != Verdict::Pass(true) {
            return Ok(checked);
        }
    }
    Ok(Verdict::Pass(true))
}

/// The declaration of a function, in any of the request's tools.
fn declaration<'a>(request: View<'a>, name: &str) -> Option<View<'a>> {
    let tools = request.get("tools")?.elements();
    let mut declarations = tools.flat_map(|tool| {
        let spelled = tool.pick(["functionDeclarations", "function_declarations"]);
        spelled.into_iter().flatten().flat_map(View::elements)
    });
    declarations.find(|declared| {
        declared.get("name").and_then(View::as_str).is_some_and(|known| known == name)
    })
}

/// The schema of a function's parameters, and what it is written in.
fn parameters(declared: View<'_>, dialect: Dialect) -> Option<(View<'_>, Dialect)> {
    let spelled = declared.pick(["parameters", "parametersJsonSchema", "parameters_json_schema"]);
    let [own, camel, snake] = spelled.map(|schema| schema.filter(|schema| !schema.is_null()));
    own.map(|own| (own, dialect))
        .or_else(|| camel.or(snake).map(|schema| (schema, Dialect::JsonSchema)))
}
