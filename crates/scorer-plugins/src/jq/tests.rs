//! What expressions may say, and what they may not do.

use scoring::{Row, Scorer, Verdict, conformance};

use super::*;

fn accepts(expression: &str, row: &str) -> Result<bool, String> {
    JqFilter::compile(expression).unwrap().accepts(row.as_bytes())
}

#[track_caller]
fn refused(expression: &str) -> (String, String) {
    let error = JqFilter::compile(expression).unwrap_err();
    (error.to_string(), error.caret())
}

#[test]
fn filters_are_shared_by_threads() {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<JqFilter>();
    is_shared::<JqScorer>();
}

#[test]
fn the_first_value_decides() {
    let row = r#"{"a": 1, "tags": ["x", "y"]}"#;
    for (expression, accepted) in [
        (".a == 1", true),
        (".b", false),
        ("empty", false),
        ("false, true", false),
        ("0", true),
        (r#".tags | index("y")"#, true),
        ("select(.a > 1)", false),
        (r#".tags[] | test("^Y$"; "i")"#, false),
        ("true, error", true),
        ("[.tags[] | ascii_upcase] == [\"X\", \"Y\"]", true),
        ("[range(3)] == [0, 1, 2] and ([limit(2; repeat(7))] == [7, 7])", true),
        ("[recurse(if . < 3 then . + 1 else empty end)] == 1", false),
        ("[1 | recurse(. + 1; . < 4)] == [1, 2, 3]", true),
        ("[[[1], 2], 3] | flatten == [1, 2, 3]", true),
        ("[[1, 2], [3]] | [combinations] == [[1, 3], [2, 3]]", true),
        ("(1 | until(. > 99; . * 2)) == 128 and ([1 | while(. < 5; . * 2)] == [1, 2, 4])", true),
        ("[..] | length == 5", true),
        (r#"("[1, 2]" | fromjson) == [1, 2] and ("7" | tonumber) == 7"#, true),
    ] {
        assert_eq!(accepts(expression, row), Ok(accepted), "{expression}");
    }
}

#[test]
fn errors_say_what_and_where() {
    assert!(accepts(".a + {}", r#"{"a": 1}"#).unwrap_err().starts_with("jq: "));
    assert_eq!(accepts("error(\"no\")", "1"), Err("jq: no".to_owned()));
    assert!(accepts(".", "{").is_err());
    assert!(accepts(".", "1 2").is_err());
    assert_eq!(refused(".a | foo(1)").1, ".a | foo(1)\n     ^^^");
    assert_eq!(refused(".a |").0, "expected term");
    assert_eq!(refused("(.a").1, "(.a\n   ^");
    assert_eq!(refused(".a & .b").1, ".a & .b\n   ^");
    assert_eq!(refused("").0, "expected term");
    assert_eq!(refused("$x").0, "`$x` is not known here");
    assert_eq!(refused("import \"a\" as a; .").0, "modules cannot be loaded");
    let long = accepts("error", &format!("{:?}", "x".repeat(5_000))).unwrap_err();
    assert!(long.chars().count() < 300, "{}", long.len());
}

#[test]
fn nothing_of_the_world_is_seen() {
    for name in [
        "env",
        "$ENV",
        "now",
        "input",
        "inputs",
        "halt",
        "debug",
        "stderr",
        "localtime",
        "halt_error",
    ] {
        refused(name);
        assert!(refused(name).0.contains("not known"), "{name}: {}", refused(name).0);
    }
    refused("include \"a\"; .");
    refused("input_filename");
}

#[test]
fn what_never_ends_is_ended() {
    for endless in [
        "last(repeat(1))",
        "[range(1e18)]",
        "last(recurse(.))",
        "last(while(true; .))",
        "reduce range(1; 1e12) as $i (0; . + $i)",
        "[range(1000) as $i | range(1000)] | length",
        "last(range(0; 1; 0))",
        "[range(40) | [0, 1]] | last(combinations)",
        "last([0, 1] | combinations(60))",
    ] {
        let error = accepts(endless, "1").unwrap_err();
        assert!(error.contains("gave up after 10000 rounds"), "{endless}: {error}");
    }
    for deeper in ["last(recurse([.]))", "until(false; [.])", "until(false; {a: .})"] {
        assert!(accepts(deeper, "1").unwrap_err().contains("deeper and deeper"), "{deeper}");
    }
    for definition in ["def f: f; f", "[\"\\(def f: 1 + f; f)\"]", "(.a | def f: f; f)"] {
        assert!(refused(definition).0.contains("cannot be defined"), "{definition}");
    }
    assert!(refused(&"[".repeat(600)).0.contains("brackets"));
    assert!(refused(&"-".repeat(20_000)).0.contains("longer"));
}

#[test]
fn rows_that_would_break_the_reader_are_refused() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    assert_eq!(accepts(".", &deep), Err("nested deeper than 128 levels".to_owned()));
    let row = format!("{{\"text\": \"{deep}\", \"digits\": \"{}\"}}", "7".repeat(1 << 20));
    assert!(accepts(".text | fromjson", &row).unwrap_err().contains("nested deeper"));
    assert!(accepts(".digits | tonumber", &row).unwrap_err().contains("digits"));
    assert_eq!(accepts(".text | (fromjson? // 1) == 1", &row), Ok(true));
    assert!(accepts(".", &"7".repeat(1 << 20)).is_err());
    assert_eq!(accepts("true", &("[".repeat(128) + &"]".repeat(128))), Ok(true));
}

#[test]
fn a_scorer_says_passes_grades_and_labels() {
    let line = r#"{"key": "r00000000-12345678", "response": {"candidates": [{"content": {"parts": []}}]}}"#;
    let raw = serde_json::from_str(line).unwrap();
    let row = Row::of_line(0, raw);
    let verdict = |expression| JqScorer::compile(expression).unwrap().score(&row);
    assert_eq!(verdict(".response | has(\"candidates\")"), Verdict::Pass(true));
    assert_eq!(verdict("false"), Verdict::Pass(false));
    assert_eq!(verdict("1 / 4"), Verdict::Value(0.25));
    assert_eq!(verdict("\"yes\""), Verdict::Label("yes".into()));
    for odd in ["null", "empty", "2", "-1", "nan", "infinite", "[]", "{}", "error(\"x\")"] {
        assert!(!verdict(odd).is_scored(), "{odd}: {:?}", verdict(odd));
    }
    let scorer = JqScorer::compile(".response | length > 1").unwrap();
    assert_eq!(Scorer::name(&scorer), "jq:.response%20|%20length%20>%201");
    let other = JqScorer::compile(".").unwrap();
    assert_ne!(scoring::fingerprint(&scorer), scoring::fingerprint(&other));
}

#[test]
fn scorers_conform() {
    for expression in [
        ".response.candidates[0].content.parts[-1] | has(\"functionCall\")",
        "[.. | strings | length] | add // 0 | if . > 100 then 1 else . / 100 end",
        ".response.candidates[0].finishReason",
        "..|numbers",
    ] {
        conformance::check(&JqScorer::compile(expression).unwrap());
    }
}
