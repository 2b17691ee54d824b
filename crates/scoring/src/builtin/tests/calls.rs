//! Scorers of calls, by themselves, against the logged ones, and against what the request declares.

use super::{
    DatasetRow, Json, NO, Verdict, YES, beside, check, check_beside, nothing, parts, problem, text,
};

/// `f({"a": 1})` as a part.
fn call(name: &str, args: &str) -> String {
    format!(r#"{{"functionCall":{{"name":"{name}","args":{args}}}}}"#)
}

fn calls(calls: &[(&str, &str)]) -> String {
    let calls: Vec<String> = calls.iter().map(|(name, args)| call(name, args)).collect();
    parts(&format!("[{}]", calls.join(",")))
}

#[test]
fn names_arguments_counts_and_order() {
    let two = calls(&[("f", r#"{"a":1,"b":{"c":2}}"#), ("g", "{}")]);
    for (scorer, want) in [
        (r#"call-name(value="g")"#, YES),
        (r#"call-name(value="f")"#, NO),
        (r#"call-name(value="f", any-part)"#, YES),
        (r#"call-name(value=["x", "g"])"#, YES),
        ("call-args(value={})", YES),
        (r#"call-args(value={}, name="f")"#, NO),
        (r#"call-args(value={"b":{"c":2.0},"a":1}, any-part)"#, YES),
        (r#"call-args(value={"b":{}}, match="subset", any-part)"#, YES),
        (r#"call-args(value={"b":{"c":3}}, match="subset", any-part)"#, NO),
        ("call-count(min=2)", YES),
        ("call-count(max=1)", NO),
        (r#"call-count(min=1, max=1, name="f")"#, YES),
        (r#"call-order(value=["f", "g"])"#, YES),
        (r#"call-order(value=["g"])"#, YES),
        (r#"call-order(value=["g"], only)"#, NO),
        (r#"call-order(value=["f", "g"], only)"#, YES),
        (r#"call-order(value=["g", "f"])"#, NO),
        ("no-call", NO),
    ] {
        check(scorer, &two, &want);
    }
    check("no-call", &text("no"), &YES);
    check("call-count(max=0)", &text("no"), &YES);
    check("call-order(value=[])", &text("no"), &YES);
    check("call-args(value={})", &parts(r#"[{"functionCall":{"name":"f"}}]"#), &YES);
    for line in nothing() {
        for scorer in
            ["no-call", "call-count(max=0)", "call-order(value=[])", "call-args(value={})"]
        {
            check(scorer, &line, &NO);
        }
    }
}

#[test]
fn logged_calls_are_agreed_with() {
    let logged = calls(&[("f", r#"{"a":1}"#), ("f", r#"{"a":2}"#), ("g", "{}")]);
    let row = beside(r#"{"tools":["f","f","g"],"args":{"a":1}}"#, Some(&logged));
    let same = calls(&[("g", "{}"), ("f", r#"{"a":2.0}"#), ("f", r#"{"a":1}"#)]);
    let fewer = calls(&[("f", r#"{"a":9}"#), ("g", "{}")]);
    for (scorer, line, want) in [
        ("same-call", &same, YES),
        ("same-args", &same, YES),
        ("same-call", &fewer, NO),
        ("call-f1", &same, Verdict::Value(1.0)),
        ("call-f1", &fewer, Verdict::Value(0.8)),
        ("call-f1(args)", &fewer, Verdict::Value(0.4)),
        ("call-f1(args, min=0.4)", &fewer, YES),
        ("call-f1", &text("no"), Verdict::Value(0.0)),
        (r#"call-name(expected="logged")"#, &fewer, YES),
        (r#"call-name(expected="logged")"#, &text("no"), NO),
        (r#"call-args(expected="logged", name="g")"#, &fewer, YES),
        (r#"call-args(expected="/args", any-part)"#, &same, YES),
        (
            r#"call-args(expected="/tools")"#,
            &same,
            Verdict::unscorable("the expected value at /tools is not an object of arguments"),
        ),
        (r#"call-order(expected="/tools")"#, &logged, YES),
        (r#"call-order(expected="logged", only)"#, &logged, YES),
        (r#"call-order(expected="logged")"#, &same, NO),
    ] {
        check_beside(scorer, line, &row, &want);
    }
    let silent = beside("{}", Some(&text("no")));
    for scorer in ["same-call", "same-args", r#"call-name(expected="logged")"#] {
        check_beside(scorer, &text("well"), &silent, &YES);
        check_beside(scorer, &fewer, &silent, &NO);
        check(scorer, &fewer, &Verdict::unscorable("no logged response"));
    }
    check_beside("call-f1", &text("well"), &silent, &Verdict::Value(1.0));
}

fn request(declarations: &str) -> DatasetRow {
    let json = format!(r#"{{"contents":[],"tools":[{{"googleSearch":{{}}}},{declarations}]}}"#);
    DatasetRow { request: Json::parse(&json), ..DatasetRow::default() }
}

#[test]
fn calls_are_held_against_the_declarations_of_the_request() {
    let own = request(
        r#"{"functionDeclarations":[{"name":"ping"},{"name":"f","parameters":{"type":"OBJECT","properties":{"a":{"type":"INTEGER"}},"required":["a"]}}]}"#,
    );
    let snake = request(
        r#"{"function_declarations":[{"name":"ping"},{"name":"f","parameters_json_schema":{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],"additionalProperties":false}}]}"#,
    );
    for row in [&own, &snake] {
        for (line, want) in [
            (calls(&[("f", r#"{"a":1}"#)]), YES),
            (calls(&[("f", r#"{"a":1.0}"#), ("ping", "{}")]), YES),
            (calls(&[("f", r#"{"a":"1"}"#)]), NO),
            (calls(&[("f", r#"{"a":1,"b":2}"#)]), NO),
            (calls(&[("f", "{}")]), NO),
            (calls(&[("f", r#"{"a":1}"#), ("h", "{}")]), NO),
            (calls(&[("ping", r#"{"x":1}"#)]), NO),
            (parts(r#"[{"functionCall":{"name":"ping"}}]"#), YES),
            (text("no call"), NO),
        ] {
            check_beside("valid-call", &line, row, &want);
        }
    }
    check_beside("valid-call(extra)", &calls(&[("f", r#"{"a":1,"b":2}"#)]), &own, &YES);
    check_beside("valid-call(extra)", &calls(&[("f", r#"{"a":1,"b":2}"#)]), &snake, &NO);
    check("valid-call", &calls(&[("f", "{}")]), &Verdict::unscorable("no request"));
    let odd = request(
        r#"{"functionDeclarations":[{"name":"f","parametersJsonSchema":{"$dynamicRef":"x"}}]}"#,
    );
    let why = "a declaration cannot be used: the keyword `$dynamicRef` is not followed";
    check_beside("valid-call", &calls(&[("f", "{}")]), &odd, &Verdict::unscorable(why));
    check_beside("valid-call", &calls(&[("f", "{}")]), &request("{}"), &NO);
}

#[test]
fn mistakes_in_parameters_are_said() {
    for (scorer, want) in [
        ("call-args(value=1)", "`value` must be an object of arguments, not 1"),
        (
            r#"call-args(value={}, match="sub")"#,
            "`match` must be one of \"equal\", \"subset\", not \"sub\"; did you mean `subset`?",
        ),
        (r#"call-name(value="a b")"#, "\"a b\" cannot be the name of a function"),
        (r#"call-order(value="f")"#, "`value` must be an array of names, not \"f\""),
        ("call-count", "`min` or `max` is needed"),
        ("same-call(name=1)", "`same-call` knows no `name`"),
    ] {
        assert_eq!(problem(scorer), want, "{scorer}");
    }
}
