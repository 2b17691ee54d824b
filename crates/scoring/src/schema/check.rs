//! Whether a schema allows a value, in a bounded number of steps whatever the two are.

use serde_json::Value;

use super::{Array, At, Fault, Node, Number, Object, Text, Type};
use crate::builtin::same;

/// Far more than any sane schema and value take.
const MOST_STEPS: u32 = 1_000_000;

/// Values are at most 128 levels deep, and references may add to that.
const DEEPEST: u32 = 300;

pub(super) fn check(nodes: &[Node], value: &Value) -> Result<(), Fault> {
    let mut walk = Walk { nodes, steps: 0, depth: 0 };
    if walk.allows(0, value)? { Ok(()) } else { Err(Fault::Invalid) }
}

struct Walk<'s> {
    nodes: &'s [Node],
    steps: u32,
    depth: u32,
}

type Allows = Result<bool, Fault>;

impl<'s> Walk<'s> {
    fn allows(&mut self, at: At, value: &Value) -> Allows {
        self.step()?;
        if self.depth == DEEPEST {
            return Err(Fault::TooMuch);
        }
        let Some(node) = self.nodes.get(at) else {
            return Ok(true);
        };
        self.depth += 1;
        let allows = self.node_allows(node, value);
        self.depth -= 1;
        allows
    }

    fn step(&mut self) -> Result<(), Fault> {
        self.spend(1)
    }

    /// Counts what is looked through as a whole: a few bytes or entries cost less than a step.
    fn spend(&mut self, steps: usize) -> Result<(), Fault> {
        self.steps = self.steps.saturating_add(u32::try_from(steps).unwrap_or(u32::MAX));
        if self.steps > MOST_STEPS { Err(Fault::TooMuch) } else { Ok(()) }
    }

    fn node_allows(&mut self, node: &'s Node, value: &Value) -> Allows {
        if node.nullable && value.is_null() {
            return Ok(true);
        }
        self.spend(node.values.as_ref().map_or(0, |values| values.len() / 8))?;
        let is_typed = |types: &Vec<Type>| types.iter().any(|kind| is_of(*kind, value));
        let is_listed = |values: &Vec<Value>| values.iter().any(|known| same(known, value));
        if node.never
            || !node.types.as_ref().is_none_or(is_typed)
            || !node.values.as_ref().is_none_or(is_listed)
        {
            return Ok(false);
        }
        let own = match value {
            Value::Object(_) => self.object_allows(&node.object, value)?,
            Value::Array(elements) => self.array_allows(&node.array, elements)?,
            Value::String(text) => text_allows(&node.text, text),
            Value::Number(number) => number_allows(&node.number, number),
            Value::Bool(_) | Value::Null => true,
        };
        Ok(own && self.others_allow(node, value)?)
    }

    fn object_allows(&mut self, object: &'s Object, value: &Value) -> Allows {
        let Some(members) = value.as_object() else {
            return Ok(true);
        };
        let has = |name: &String| members.contains_key(name);
        let depends = |(name, needed): &(String, Vec<String>)| !has(name) || needed.iter().all(has);
        if !within(members.len(), object.min, object.max)
            || !object.required.iter().all(has)
            || !object.dependent.iter().all(depends)
        {
            return Ok(false);
        }
        for (name, value) in members {
            if let Some(names) = object.names
                && !self.allows(names, &Value::String(name.clone()))?
            {
                return Ok(false);
            }
            self.spend(
                object.properties.len() / 16 + object.patterns.len() * (1 + name.len() / 64),
            )?;
            let mut is_named = false;
            let properties = object.properties.iter().filter(|(known, _)| known == name);
            let patterns = object.patterns.iter().filter(|(pattern, _)| pattern.is_match(name));
            for at in properties.map(|(_, at)| *at).chain(patterns.map(|(_, at)| *at)) {
                is_named = true;
                if !self.allows(at, value)? {
                    return Ok(false);
                }
            }
            if let Some(others) = object.others.filter(|_| !is_named)
                && !self.allows(others, value)?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn array_allows(&mut self, array: &'s Array, elements: &[Value]) -> Allows {
        if !within(elements.len(), array.min, array.max) {
            return Ok(false);
        }
        for (at, element) in elements.iter().enumerate() {
            let schema = array.first.get(at).copied().or(array.rest);
            if let Some(schema) = schema
                && !self.allows(schema, element)?
            {
                return Ok(false);
            }
            if array.unique {
                for earlier in elements.get(..at).unwrap_or_default() {
                    self.step()?;
                    if same(earlier, element) {
                        return Ok(false);
                    }
                }
            }
        }
        let Some((schema, min, max)) = array.contains else {
            return Ok(true);
        };
        let mut found = 0;
        for element in elements {
            found += u64::from(self.allows(schema, element)?);
        }
        Ok((min..=max).contains(&found))
    }

    /// What schemas beside the node's own keywords say.
    fn others_allow(&mut self, node: &'s Node, value: &Value) -> Allows {
        for at in node.reference.iter().chain(&node.all_of) {
            if !self.allows(*at, value)? {
                return Ok(false);
            }
        }
        if let Some(any) = &node.any_of
            && self.count(any, value, 1)? == 0
        {
            return Ok(false);
        }
        if let Some(one) = &node.one_of
            && self.count(one, value, 2)? != 1
        {
            return Ok(false);
        }
        if let Some(not) = node.not
            && self.allows(not, value)?
        {
            return Ok(false);
        }
        let Some((condition, then, otherwise)) = node.when else {
            return Ok(true);
        };
        let branch = if self.allows(condition, value)? { then } else { otherwise };
        branch.map_or(Ok(true), |at| self.allows(at, value))
    }

    /// How many of the schemas allow the value, where more than `enough` are not looked for.
    fn count(&mut self, schemas: &[At], value: &Value, enough: u32) -> Result<u32, Fault> {
        let mut found = 0;
        for at in schemas {
            found += u32::from(self.allows(*at, value)?);
            if found == enough {
                break;
            }
        }
        Ok(found)
    }
}

fn is_of(kind: Type, value: &Value) -> bool {
    match kind {
        Type::Object => value.is_object(),
        Type::Array => value.is_array(),
        Type::String => value.is_string(),
        Type::Number => value.is_number(),
        // 1.0 is a whole number.
        Type::Integer => {
            value.is_i64()
                || value.is_u64()
                || value.as_f64().is_some_and(|number| number.fract() == 0.0)
        }
        Type::Boolean => value.is_boolean(),
        Type::Null => value.is_null(),
    }
}

fn within(count: usize, min: Option<u64>, max: Option<u64>) -> bool {
    (min.unwrap_or(0)..=max.unwrap_or(u64::MAX)).contains(&(count as u64))
}

fn text_allows(rule: &Text, text: &str) -> bool {
    let long = || {
        (rule.min.is_none() && rule.max.is_none())
            || within(text.chars().count(), rule.min, rule.max)
    };
    rule.pattern.as_ref().is_none_or(|pattern| pattern.is_match(text)) && long()
}

fn number_allows(rule: &Number, number: &serde_json::Number) -> bool {
    let Some(value) = number.as_f64() else {
        return true;
    };
    rule.min.is_none_or(|min| value >= min)
        && rule.max.is_none_or(|max| value <= max)
        && rule.above.is_none_or(|above| value > above)
        && rule.below.is_none_or(|below| value < below)
        && rule.multiple_of.as_ref().is_none_or(|of| is_multiple(number, of))
}

fn is_multiple(number: &serde_json::Number, of: &serde_json::Number) -> bool {
    if let (Some(number), Some(of)) = (number.as_i64(), of.as_i64()) {
        return number.checked_rem(of) == Some(0);
    }
    let (Some(number), Some(of)) = (number.as_f64(), of.as_f64()) else {
        return true;
    };
    (number / of).fract() == 0.0
}
