//! Gemini's schemas to JSON Schema: types in lower case, `nullable` as a type, 64-bit texts as
//! numbers, properties in the order in which the model shall write them.

use super::Untranslatable;
use super::json::{Json, Object, object};
use super::node::{Node, same};

/// Deeper schemas are not followed.
const DEPTH: usize = 64;

/// Limits that are 64-bit integers, which come as text.
const LIMITS: [&str; 6] =
    ["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"];

/// A `Schema` as JSON Schema.
///
/// Servers that decode by a grammar write properties in the order of the schema, so the order as
/// sent is kept and `propertyOrdering` goes before it: a model that is to reason and then answer
/// does so.
pub(super) fn json_schema<'a>(schema: &Node<'a>) -> Result<Json<'a>, Untranslatable> {
    translate(schema, 0)
}

fn translate<'a>(schema: &Node<'a>, depth: usize) -> Result<Json<'a>, Untranslatable> {
    if !schema.is_object() || depth == DEPTH {
        return Err(Untranslatable::new("a schema that is no object, or too deep"));
    }
    let mut out = Object::default();
    for (name, value) in schema.members().iter().filter(|(_, value)| !value.is_null()) {
        match name.as_str() {
            "type" => {
                let lower = value.text().unwrap_or_default().to_ascii_lowercase();
                if !lower.is_empty() && lower != "type_unspecified" {
                    out.put("type", lower);
                }
            }
            "properties" => {
                let mut properties = Object::default();
                for (name, schema) in value.members() {
                    properties.put(name, translate(schema, depth + 1)?);
                }
                let order = schema.field("propertyOrdering").map_or(&[][..], Node::items);
                properties.sort_by(&order.iter().filter_map(Node::text).collect::<Vec<_>>());
                out.put("properties", properties);
            }
            "items" => out.put("items", translate(value, depth + 1)?),
            "anyOf" | "any_of" => {
                let branches = value.items().iter().map(|branch| translate(branch, depth + 1));
                out.put("anyOf", branches.collect::<Result<Vec<_>, _>>()?);
            }
            // A format of Gemini's own, which says no more than `enum` does.
            "format" if value.text() == Some("enum") => {}
            "example" => out.put("examples", vec![value.into()]),
            "nullable" | "propertyOrdering" | "property_ordering" => {}
            other => match LIMITS.into_iter().find(|limit| same(limit, other)) {
                Some(limit) => out.put(limit, value.integer().map_or(value.into(), Json::Integer)),
                None => out.put(other, value),
            },
        }
    }
    if schema["nullable"].is_true() {
        allow_null(&mut out, &schema["enum"]);
    }
    Ok(out.into())
}

fn allow_null<'a>(out: &mut Object<'a>, choices: &Node<'a>) {
    if let Some(kind) = out.get_mut("type") {
        *kind = vec![kind.clone(), "null".into()].into();
    }
    if let Some(Json::List(branches)) = out.get_mut("anyOf") {
        branches.push(object([("type", "null".into())]).into());
    }
    if choices.is_list() {
        let mut choices: Vec<Json<'a>> = choices.items().iter().map(Json::from).collect();
        choices.push(Json::Null);
        out.put("enum", choices);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    fn there(gemini: &str) -> Option<String> {
        let raw: Box<RawValue> = serde_json::from_str(gemini).unwrap();
        let schema = json_schema(&Node::read(&raw).unwrap()).ok()?;
        Some(serde_json::to_string(&schema).unwrap())
    }

    #[test]
    fn schemas_come_out_as_json_schema() {
        for (gemini, expected) in [
            (
                r#"{"type":"STRING","format":"enum","enum":["a","b"],"nullable":true}"#,
                r#"{"type":["string","null"],"enum":["a","b",null]}"#,
            ),
            (
                r#"{"type":"INTEGER","format":"int64","minimum":1.10,"description":"how many"}"#,
                r#"{"type":"integer","format":"int64","minimum":1.10,"description":"how many"}"#,
            ),
            (
                r#"{"type":"ARRAY","minItems":"1","max_items":3,"items":{"type":"NUMBER"}}"#,
                r#"{"type":"array","minItems":1,"maxItems":3,"items":{"type":"number"}}"#,
            ),
            (
                r#"{"anyOf":[{"type":"BOOLEAN"},{"type":"STRING","maxLength":"9"}],"nullable":true}"#,
                r#"{"anyOf":[{"type":"boolean"},{"type":"string","maxLength":9},{"type":"null"}]}"#,
            ),
            (r#"{"type":"STRING","example":"x"}"#, r#"{"type":"string","examples":["x"]}"#),
            (r#"{"type":"TYPE_UNSPECIFIED","title":null}"#, "{}"),
            (
                r#"{"type":"OBJECT","properties":{"type":{"type":"STRING"}}}"#,
                r#"{"type":"object","properties":{"type":{"type":"string"}}}"#,
            ),
        ] {
            assert_eq!(there(gemini).as_deref(), Some(expected));
        }
        assert_eq!(there(r#""STRING""#), None);
        let deep = r#"{"items":"#.repeat(70) + "{}" + &"}".repeat(70);
        assert_eq!(there(&deep), None);
    }

    #[test]
    fn properties_keep_their_order_and_take_the_one_asked_for() {
        let properties = r#""properties":{"z":{},"answer":{},"reasoning":{}}"#;
        for (order, expected) in [
            (String::new(), ["z", "answer", "reasoning"]),
            (r#""propertyOrdering":["reasoning","answer"],"#.into(), ["reasoning", "answer", "z"]),
            (r#""property_ordering":["answer","gone","z"],"#.into(), ["answer", "z", "reasoning"]),
        ] {
            let [a, b, c] = expected;
            assert_eq!(
                there(&format!("{{{order}{properties}}}")).unwrap(),
                format!(r#"{{"properties":{{"{a}":{{}},"{b}":{{}},"{c}":{{}}}}}}"#)
            );
        }
    }
}
