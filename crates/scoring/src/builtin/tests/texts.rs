//! Scorers of texts, alikeness, JSON and numbers.

use super::{NO, Verdict, YES, beside, check, check_beside, nothing, problem, text};

#[test]
fn texts_are_found() {
    for (scorer, answer, want) in [
        (r#"equals(value="Yes")"#, " Yes\n", YES),
        (r#"equals(value="Yes")"#, "yes", NO),
        (r#"equals(value="Yes", ignore-case)"#, "yes", YES),
        (r#"equals(value="Yes", exact)"#, "Yes\n", NO),
        (r#"equals(value=["No", 42])"#, "42", YES),
        ("equals:value=Yes", "Yes", YES),
        (r#"contains(value="ß", ignore-case)"#, "GROß", YES),
        (r#"contains(value=["x", "b"])"#, "abc", YES),
        (r#"contains(any=["x", "b"])"#, "abc", YES),
        (r#"contains(all=["x", "b"])"#, "abc", NO),
        (r#"contains(all=["A", "b"], any=["C"], ignore-case)"#, "abc", YES),
        (r#"contains(all=["a"], any=["x"])"#, "abc", NO),
        (r#"contains(value="")"#, "", YES),
        (r#"starts-with(value=["Yes", "No"])"#, "\nNo, not at all", YES),
        (r#"starts-with(value="no", ignore-case)"#, "No, not at all", YES),
        (r#"ends-with(value=".")"#, "It is.\n", YES),
        (r#"ends-with(value=".")"#, "It is", NO),
        (r#"regex(pattern="[0-9]+")"#, "a1b", YES),
        (r#"regex(pattern="[0-9]+", full)"#, "a1b", NO),
        (r#"regex(pattern="a|b", full)"#, " b\n", YES),
        (r#"regex(pattern="^A", ignore-case)"#, "ab", YES),
        ("words(max=2)", "one  two", YES),
        ("words(min=3)", "one two", NO),
        ("length(min=3, max=3)", "äöü", YES),
        ("length:max=2", "äöü", NO),
    ] {
        check(scorer, &text(answer), &want);
        for line in nothing() {
            check(scorer, &line, &NO);
        }
    }
}

#[test]
fn what_is_expected_comes_from_where_it_is_said_to() {
    let row = beside(
        r#"{"metadata":{"answer":"Paris","others":["x","paris"],"n":7,"o":{}}}"#,
        Some(&text("Lyon")),
    );
    for (scorer, answer, want) in [
        (r#"equals(expected="/metadata/answer")"#, "Paris", YES),
        (r#"equals(expected="$.metadata.answer")"#, "Lyon", NO),
        (r#"equals(expected="$.metadata.others[-1]")"#, "paris", YES),
        (r#"equals(expected="/metadata/others")"#, "paris", YES),
        (r#"equals(expected="/metadata/n")"#, "7", YES),
        (r#"equals(expected="logged")"#, "Lyon", YES),
        (r#"contains(expected="logged")"#, "in Lyon", YES),
        (r#"contains(expected="/metadata/others")"#, "in paris", YES),
        ("same-text", "Lyon", Verdict::Value(1.0)),
        ("same-text", "Lyons", Verdict::Value(0.8)),
        (r#"same-text(by="equals")"#, "Lyons", Verdict::Value(0.0)),
        ("same-text(min=0.75)", "Lyons", YES),
        (
            r#"equals(expected="/metadata/none")"#,
            "x",
            Verdict::unscorable("no expected value at /metadata/none"),
        ),
        (
            r#"equals(expected="/metadata/o")"#,
            "x",
            Verdict::unscorable("the expected value at /metadata/o is not a text"),
        ),
        (r#"equals(expected="file")"#, "x", Verdict::unscorable("no expected value")),
        ("equals", "x", Verdict::unscorable("no expected value")),
    ] {
        check_beside(scorer, &text(answer), &row, &want);
    }
    check(r#"equals(expected="logged")"#, &text("x"), &Verdict::unscorable("no logged response"));
    check("same-text", &text("x"), &Verdict::unscorable("no logged response"));
    let silent = beside("{}", Some(&nothing()[1]));
    check_beside("same-text", &nothing()[0], &silent, &Verdict::Value(1.0));
    check_beside("same-text", &text("x"), &silent, &Verdict::Value(0.0));
}

#[test]
fn alikeness_is_graded_or_passes_from_a_grade_on() {
    for (scorer, answer, want) in [
        (r#"levenshtein(value="kitten")"#, "sitting", Verdict::Value(1.0 - 3.0 / 7.0)),
        (
            r#"levenshtein(value=["kitten", "Sitting"], ignore-case)"#,
            "sitting",
            Verdict::Value(1.0),
        ),
        (r#"levenshtein(value="kitten", min=0.6)"#, "sitting", NO),
        (r#"token-f1(value="The cat")"#, "a cat!", Verdict::Value(1.0)),
        (r#"token-f1(value="cat dog")"#, "cat", Verdict::Value(2.0 / 3.0)),
        (r#"token-f1(value=["cat dog", "cat"])"#, "cat", Verdict::Value(1.0)),
        (r#"rouge-1(value="a b", measure="recall")"#, "a", Verdict::Value(0.5)),
        (r#"rouge-1(value="a b", measure="precision")"#, "a", Verdict::Value(1.0)),
        (r#"rouge-2(value="a b c")"#, "a b", Verdict::Value(2.0 / 3.0)),
        (r#"rouge-l(value="a b c d", min=0.75)"#, "a x c d", YES),
    ] {
        check(scorer, &text(answer), &want);
    }
    for line in nothing() {
        check(r#"rouge-l(value="a")"#, &line, &Verdict::Value(0.0));
        check(r#"rouge-l(value="a", min=0.1)"#, &line, &NO);
    }
}

#[test]
fn json_is_looked_into() {
    let fenced = "Sure:\n```json\n{\"a\": [1, 2.0]}\n```";
    for (scorer, answer, want) in [
        ("json-valid", " [1]\n", YES),
        ("json-valid", fenced, NO),
        ("json-valid:fence", fenced, YES),
        ("json-valid", "", NO),
        (r#"json-schema(schema={"type":"array"})"#, "[1]", YES),
        (r#"json-schema(schema={"type":"object","required":["a"]}, fence)"#, fenced, YES),
        (r#"json-schema(schema={"type":"array"})"#, "[1", NO),
        (r#"json-path(path="/a/1", value=2, fence)"#, fenced, YES),
        (r#"json-path(path="$.a[-1]", value=3, fence)"#, fenced, NO),
        (r#"json-path(path="/a/2", exists, fence)"#, fenced, NO),
        (r#"json-path(path="/a", exists)"#, r#"{"a":null}"#, YES),
        (r#"json-path(path="/a", value=null)"#, r#"{"a":null}"#, YES),
        (r#"json-path(path="/a", value=null)"#, "{}", NO),
        (r#"json-match(value={"a":1,"b":2})"#, r#"{"b":2.0,"a":0}"#, Verdict::Value(0.5)),
        (r#"json-match(value={"a":1}, min=1)"#, r#"{"a":1}"#, YES),
        (r#"json-match(value={"a":1})"#, "a: 1", Verdict::Value(0.0)),
    ] {
        check(scorer, &text(answer), &want);
    }
    let row = beside(r#"{"order":{"a":1,"b":[2]}}"#, Some(&text(r#"{"a":1,"c":5}"#)));
    for (scorer, answer, want) in [
        (r#"json-match(expected="/order")"#, r#"{"a":1,"b":[3]}"#, Verdict::Value(0.5)),
        (r#"json-path(path="/a", expected="/order/a")"#, r#"{"a":1}"#, YES),
        (r#"json-path(path="/a", expected="logged")"#, r#"{"a":1,"b":9}"#, YES),
        (r#"json-path(path="/z", expected="logged")"#, "{}", YES),
        (r#"json-path(path="/c", expected="logged")"#, "{}", NO),
        (r#"json-match(expected="logged")"#, r#"{"a":1,"c":6}"#, Verdict::Value(0.5)),
    ] {
        check_beside(scorer, &text(answer), &row, &want);
    }
    let deep = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
    check("json-valid", &text(&deep), &YES);
    check(
        "json-match(value=[])",
        &text(&deep),
        &Verdict::unscorable(
            "the JSON of the answer is nested too deeply or has a number beyond all bounds",
        ),
    );
}

#[test]
fn numbers_are_held_within_their_tolerance() {
    for (scorer, answer, want) in [
        ("number(value=42)", "It is 42.", YES),
        ("number(value=42)", "42 or 43", NO),
        ("number(value=42, abs=1)", "42 or 43", YES),
        ("number(value=1000, rel=0.01)", "1,009.5", YES),
        ("number(value=1000, rel=0.01)", "1,011", NO),
        ("number(value=-0.5)", "−.5", YES),
        ("number(value=0.3)", "0.30000000000000004", YES),
        (r#"number(value="so: 72")"#, "72", YES),
        ("number(value=1)", "one", NO),
        (r#"number(value=7, at="/total")"#, r#"{"total": 7, "of": 9}"#, YES),
        (r#"number(value=7, at="/total")"#, r#"{"total": "7 EUR"}"#, YES),
        (r#"number(value=7, at="/total")"#, "7", NO),
    ] {
        check(scorer, &text(answer), &want);
    }
    let row = beside(r#"{"total":7,"text":"none"}"#, Some(&text("so 8")));
    check_beside(r#"number(expected="/total")"#, &text("7.0"), &row, &YES);
    check_beside(r#"number(expected="logged")"#, &text("8"), &row, &YES);
    let none = Verdict::unscorable("the expected value at /text is not a number, and has none");
    check_beside(r#"number(expected="/text")"#, &text("7"), &row, &none);
}

#[test]
fn mistakes_in_parameters_are_said() {
    for (scorer, want) in [
        (r#"equals(value="a", expected="/b")"#, "`value` and `expected` exclude each other"),
        ("equals(value={})", "`value` must be a text or an array of texts, not {}"),
        (
            "equals(expected=7)",
            "`expected` says where it comes from, such as \"/metadata/answer\"; for 7 itself there is `value`",
        ),
        (r#"equals(expected="$.a[*]")"#, "`*` can mean several values, and one is wanted"),
        (r#"equals(expected="$")"#, "a dataset row is an object: name a field of it"),
        ("equals(valeu=1)", "`equals` knows no `valeu`; did you mean `value`?"),
        (
            r#"contains(value="a", any=["b"])"#,
            "`any` and `all` stand in place of `value` and `expected`",
        ),
        ("contains(any=[])", "`any` must be a string or an array of strings, not []"),
        ("regex", "`pattern` is needed"),
        (r#"regex(pattern="(")"#, "`pattern` is no regular expression: unclosed group"),
        (r#"regex(pattern=")(")"#, "`pattern` is no regular expression: unopened group"),
        ("words", "`min` or `max` is needed"),
        ("words(maxx=5)", "`words` knows no `maxx`; did you mean `max`?"),
        ("words(colour=5)", "`min` or `max` is needed"),
        ("words(colour=5, maxx=5)", "`words` knows no `maxx`; did you mean `max`?"),
        ("words(min=2, max=1)", "`min` 2 is above `max` 1"),
        ("words(min=-1)", "`min` must be a whole number from 0 on, not -1"),
        (r#"levenshtein(value="a", min=2)"#, "`min` must be from 0 to 1, not 2"),
        (
            r#"rouge-l(measure="recal")"#,
            "`measure` must be one of \"f1\", \"precision\", \"recall\", not \"recal\"; did you mean `recall`?",
        ),
        ("json-schema", "`schema` is needed"),
        (
            r#"json-schema(schema={"type":"strin"})"#,
            "`schema` cannot be used: there is no `type` \"strin\"",
        ),
        (
            r#"json-path(path="a")"#,
            "expected a JSON Pointer such as /a/0 or a JSONPath such as $.a[0]",
        ),
        (r#"json-path(path="/a", exists, value=1)"#, "`exists` needs no `value` and no `expected`"),
        (
            r#"number(value="none")"#,
            "`value` must be a number, or a text that has one, not \"none\"",
        ),
        ("number(value=1, abs=-1)", "`abs` must not be negative"),
    ] {
        assert_eq!(problem(scorer), want, "{scorer}");
    }
}
