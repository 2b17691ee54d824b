//! Edits against the same edits of a parsed value, and what becomes of the bytes around them.

use proptest::{collection::vec, prelude::*};
use serde_json::{Map, Value, json};

use super::{EditError, EditProblem, Edits};

fn edited(edits: &Edits, request: &str) -> Result<String, EditProblem> {
    let bytes = edits.edit(request.as_bytes()).map_err(|fault| fault.problem)?;
    crate::validate(&bytes).expect("still JSON");
    Ok(String::from_utf8(bytes).expect("still UTF-8"))
}

#[track_caller]
fn check(edits: Result<Edits, EditError>, request: &str, expect: &str) {
    assert_eq!(edited(&edits.expect("an edit"), request).as_deref(), Ok(expect), "{request}");
}

fn set(pointer: &str, json: &str) -> Result<Edits, EditError> {
    Edits::new().set(pointer, json.as_bytes())
}

fn remove(pointer: &str) -> Result<Edits, EditError> {
    Edits::new().remove(pointer)
}

#[test]
fn only_what_is_named_changes() {
    check(set("/a", "1.50"), "{ \"a\" : 2 , \"b\":1e400}", "{ \"a\" : 1.50 , \"b\":1e400}");
    check(set("/c", "[]"), "{ \"a\" : 2 }", "{ \"a\" : 2,\"c\":[] }");
    check(set("/c", "1"), "{}", "{\"c\":1}");
    check(set("/c/d", "1"), "{\"a\":{}}", "{\"a\":{},\"c\":{\"d\":1}}");
    check(set("/a/d", "1"), "{\"a\":null}", "{\"a\":{\"d\":1}}");
    check(
        set("/a/b", "1"),
        "{\"a\":{\"b\":0,\"c\":{\"b\":2}}}",
        "{\"a\":{\"b\":1,\"c\":{\"b\":2}}}",
    );
    check(set("/a\"\n", "1"), "{}", r#"{"a\"\u000a":1}"#);
    check(remove("/a"), "{\"a\":1, \"b\":2}", "{\"b\":2}");
    check(remove("/b"), "{\"a\":1, \"b\":2 }", "{\"a\":1 }");
    check(remove("/a"), "{ \"a\":1 }", "{  }");
    check(remove("/a/b/c"), "{\"a\":7}", "{\"a\":7}");
    check(remove("/\\u0061"), "{\"a\":1}", "{\"a\":1}");
    check(remove("/a"), "{\"\\u0061\":1}", "{}");
}

#[test]
fn a_member_may_go_where_another_comes() {
    let edits = || remove("/b").and_then(|edits| edits.set("/c", b"3"));
    check(edits(), "{\"a\":1, \"b\":2 }", "{\"a\":1,\"c\":3 }");
    check(edits(), "{\"b\":2}", "{\"c\":3}");
    check(edits(), "{\"b\":2,\"a\":1}", "{\"a\":1,\"c\":3}");
    check(edits(), "{\"b\":2,\"c\":1}", "{\"c\":3}");
}

#[test]
fn arrays_are_edited_by_index_and_grow_at_the_end() {
    check(set("/a/1", "9"), "{\"a\":[0, 1, 2]}", "{\"a\":[0, 9, 2]}");
    check(remove("/a/2"), "{\"a\":[0, 1, 2]}", "{\"a\":[0, 1]}");
    check(remove("/a/7"), "{\"a\":[0]}", "{\"a\":[0]}");
    check(set("/a/-", "9"), "{\"a\":[0]}", "{\"a\":[0,9]}");
    check(set("/a/-", "9"), "{\"a\":[ ]}", "{\"a\":[ 9]}");
    check(set("/a/-", "9"), "{}", "{\"a\":[9]}");
    check(set("/a/0/b", "9"), "{\"a\":[{\"b\":1},{\"b\":2}]}", "{\"a\":[{\"b\":9},{\"b\":2}]}");
    let both = remove("/a/0").and_then(|edits| edits.remove("/a/1"));
    check(both, "{\"a\":[0,1,2]}", "{\"a\":[2]}");
}

#[test]
fn both_cases_of_a_field_are_one_but_the_users_names_are_kept_apart() {
    check(
        set("/systemInstruction", "1"),
        "{\"system_instruction\":0}",
        "{\"system_instruction\":1}",
    );
    check(remove("/tool_config"), "{\"toolConfig\":0}", "{}");
    let schema = "{\"g\":{\"properties\":{\"user_name\":{\"min_items\":1}}}}";
    check(remove("/g/properties/userName"), schema, schema);
    check(
        remove("/g/properties/user_name/minItems"),
        schema,
        "{\"g\":{\"properties\":{\"user_name\":{}}}}",
    );
}

#[test]
fn doubled_members_end_as_one_or_as_a_fault() {
    check(set("/a", "9"), "{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":9,\"b\":2}");
    check(remove("/a"), "{\"a\":1,\"b\":2,\"a\":3}", "{\"b\":2}");
    check(remove("/topK"), "{\"topK\":1,\"top_k\":3}", "{}");
    let way = set("/a/b", "1").expect("an edit");
    assert_eq!(edited(&way, "{\"a\":{},\"a\":{}}"), Err(EditProblem::Doubled));
    let flood = format!("{{{}\"b\":1}}", "\"a\":1,\"b\":1,".repeat(2000));
    let fault = edited(&remove("/a").expect("an edit"), &flood);
    assert_eq!(fault, Err(EditProblem::DoubledTooOften));
}

#[test]
fn edits_that_do_not_fit_say_where() {
    for (pointer, request, problem, offset) in [
        ("/a/b", "{\"a\":5}", EditProblem::NotAContainer, 5),
        ("/a/5", "{\"a\":[1]}", EditProblem::NoElement, 5),
        ("/a/x", "{\"a\":[1]}", EditProblem::NoElement, 5),
        ("/a/01", "{\"a\":[1,2]}", EditProblem::NoElement, 5),
        ("/a", "[1]", EditProblem::NotJson, 0),
        ("/a", "{\"a\"", EditProblem::NotJson, 4),
    ] {
        let fault =
            set(pointer, "1").expect("an edit").plan(request.as_bytes()).expect_err(request);
        assert_eq!((fault.problem, fault.offset), (problem, offset), "{pointer} in {request}");
    }
}

#[test]
fn edits_that_can_not_be_are_refused_when_made() {
    let told = |edit: Result<Edits, EditError>| edit.expect_err("refused").to_string();
    assert_eq!(told(set("/a", "{")), "the value for /a is not JSON");
    assert_eq!(
        told(set("", "1")),
        "the whole can't be edited; name a member, as in /generationConfig/temperature"
    );
    assert!(told(set("/model", "\"m\"")).contains("the job names the model"));
    assert!(told(remove("/contents")).contains("without contents"));
    assert!(told(set("/contents", "[ ]")).contains("without contents"));
    let inside = set("/a", "7").and_then(|edits| edits.set("/a/b", b"1"));
    assert_eq!(told(inside), "/a/b leads into a value that was set and has no such place");
}

#[test]
fn later_edits_count_and_reach_into_what_was_set() {
    check(set("/a", "1").and_then(|edits| edits.remove("/a")), "{\"a\":0}", "{}");
    check(
        remove("/a").and_then(|edits| edits.set("/a/b", b"1")),
        "{\"a\":{\"c\":0}}",
        "{\"a\":{\"b\":1}}",
    );
    let inside = set("/a", "{\"b\":[1]}").and_then(|edits| edits.set("/a/b/0", b"2"));
    check(inside, "{}", "{\"a\":{\"b\":[2]}}");
    let cases = set("/top_k", "1").and_then(|edits| edits.set("/topK", b"2"));
    check(cases, "{}", "{\"top_k\":2}");
    let variant = set("/g/t", "1").expect("an edit").remove("/labels").expect("an edit");
    let both = remove("/g").and_then(|edits| edits.then(&variant));
    check(both, "{\"g\":{\"x\":0},\"labels\":{}}", "{\"g\":{\"t\":1}}");
}

#[test]
fn what_is_lost_is_told() {
    let edits = set("/g/t", "1").and_then(|edits| edits.remove("/l")).expect("an edit");
    let request = br#"{"l":1,"g":{"t":0.7},"l":2}"#;
    let plan = edits.plan(request).expect("fits");
    let told: Vec<_> = plan
        .taken
        .iter()
        .map(|taken| (&taken.pointer[..], str::from_utf8(&request[taken.value.clone()])))
        .collect();
    assert_eq!(told, [("/l", Ok("2")), ("/g/t", Ok("0.7"))]);
}

/// One edit of a parsed value; elements that go leave a mark, so that indexes stay as they came.
fn oracle(value: &mut Value, path: &[&str], new: Option<&Value>) -> bool {
    let [name, rest @ ..] = path else { return false };
    match value {
        Value::Null if new.is_some() => {
            let only = if *name == "-" { json!([]) } else { json!({}) };
            *value = only;
            oracle(value, path, new)
        }
        Value::Object(members) if rest.is_empty() => {
            match new {
                Some(new) => members.insert((*name).to_owned(), new.clone()),
                None => members.remove(*name),
            };
            true
        }
        Value::Object(members) if new.is_none() && !members.contains_key(*name) => true,
        Value::Object(members) => oracle(members.entry(*name).or_insert(Value::Null), rest, new),
        Value::Array(elements) => match (name.parse::<usize>().ok(), new) {
            (None, Some(new)) if *name == "-" => {
                elements.push(Value::Null);
                let last = elements.last_mut().expect("just added");
                if rest.is_empty() {
                    *last = new.clone();
                    true
                } else {
                    oracle(last, rest, Some(new))
                }
            }
            (Some(index), new) if index < elements.len() && rest.is_empty() => {
                elements[index] = new.cloned().unwrap_or(json!("GONE"));
                true
            }
            (Some(index), new) if index < elements.len() => oracle(&mut elements[index], rest, new),
            (_, new) => new.is_none(),
        },
        _ => new.is_none(),
    }
}

fn sweep(value: &mut Value) {
    match value {
        Value::Array(elements) => {
            elements.retain(|element| element != "GONE");
            elements.iter_mut().for_each(sweep);
        }
        Value::Object(members) => members.values_mut().for_each(sweep),
        _ => {}
    }
}

fn names() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "b", "c d", "0", "1", "é\"\\"])
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z\"\\\\{}\\[\\],: é\n]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((names(), inner), 0..4).prop_map(|members| {
                let owned = members.into_iter().map(|(name, value)| (name.to_owned(), value));
                Value::Object(owned.collect::<Map<_, _>>())
            }),
        ]
    })
}

/// A value, and the white space to print it with.
pub(crate) fn spaced_values() -> impl Strategy<Value = (Value, Vec<u8>)> {
    (values(), vec(0..3_u8, 1..12))
}

/// JSON text with spaces between the tokens, as many as `spaces` says in turn.
pub(crate) fn print(value: &Value, spaces: &[u8]) -> String {
    let mut turn = 0;
    let mut out = String::new();
    let text = value.to_string();
    let mut in_string = false;
    let mut escaped = false;
    for letter in text.chars() {
        let is_token = !in_string && "{}[],:".contains(letter);
        let mut space = |out: &mut String| {
            if is_token {
                turn += 1;
                out.extend(std::iter::repeat_n(' ', spaces[turn % spaces.len()].into()));
            }
        };
        if !out.is_empty() {
            space(&mut out);
        }
        out.push(letter);
        space(&mut out);
        in_string ^= letter == '"' && !escaped;
        escaped = in_string && letter == '\\' && !escaped;
    }
    out.truncate(out.trim_end().len());
    out
}

proptest! {
    #[test]
    fn edits_equal_those_of_a_parsed_value(
        members in vec((names(), values()), 0..5),
        spaces in vec(0..3_u8, 1..12),
        edits in vec((vec(prop_oneof![19 => names(), 1 => Just("-")], 1..4), prop::option::of(values())), 1..4),
    ) {
        let members = members.into_iter().map(|(name, value)| (name.to_owned(), value));
        let value = Value::Object(members.collect());
        let request = print(&value, &spaces);
        // What "-" means where nothing is yet depends on the edits beside it.
        prop_assume!(edits.len() == 1 || !edits.iter().any(|(path, _)| path.contains(&"-")));
        let mut pointers: Vec<String> = Vec::new();
        let mut built = Edits::new();
        let mut expect = value.clone();
        let mut fits = true;
        for (path, new) in &edits {
            let pointer = format!("/{}", path.join("/"));
            // Edits are meant all at once, the oracle makes them one by one.
            prop_assume!(!pointers.iter().any(|other| {
                other.starts_with(&pointer) || pointer.starts_with(other.as_str())
            }));
            built = match new {
                Some(new) => built.set(&pointer, new.to_string().as_bytes()),
                None => built.remove(&pointer),
            }.expect("an edit");
            fits &= oracle(&mut expect, path, new.as_ref());
            pointers.push(pointer);
        }
        sweep(&mut expect);
        match edited(&built, &request) {
            Ok(text) => {
                let found: Value = serde_json::from_str(&text).expect("JSON");
                prop_assert!(fits, "{}", request);
                prop_assert_eq!(found, expect, "{}", request);
            }
            Err(problem) => prop_assert!(!fits, "{:?} in {}", problem, request),
        }
    }

    #[test]
    fn bytes_outside_the_splices_stay(
        (value, spaces) in spaced_values(),
        name in names(),
    ) {
        let request = print(&json!({"x": value, "a": 1}), &spaces);
        let edits = Edits::new().set(&format!("/x/{name}"), b"[2]").expect("an edit");
        if let Ok(plan) = edits.plan(request.as_bytes()) {
            let edited = edits.edit(request.as_bytes()).expect("fits");
            let (mut at, mut from) = (0, 0);
            for splice in &plan.splices {
                let kept = &request.as_bytes()[from..splice.range.start];
                prop_assert_eq!(&edited[at..at + kept.len()], kept);
                at += kept.len() + splice.with.len();
                from = splice.range.end;
            }
            prop_assert_eq!(&edited[at..], &request.as_bytes()[from..]);
            // Making them again changes nothing.
            prop_assert_eq!(edits.edit(&edited).expect("fits"), edited);
        }
    }
}
