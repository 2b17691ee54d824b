//! Comparisons, slices and gates as users meet them: by flags, kept with the run, from the settings file.

use std::fs;

use serde_json::{Value, json};
use tests::house::House;

/// Twenty rows of two countries and ten talks, each with a logged answer; nobody calls a function.
fn house() -> House {
    let house = House::with_rows(0);
    let row = |n: usize| {
        let country = if n.is_multiple_of(4) { "fr" } else { "de" };
        json!({
            "request": {"contents": [{"role": "user", "parts": [{"text": format!("Say {n}")}]}]},
            "response": {"candidates": [{"content": {"parts": [{"text": n.to_string()}], "role": "model"}, "finishReason": "STOP"}]},
            "country": country,
            "talk": n / 2,
        })
    };
    house.write_rows("data.jsonl", (0..20).map(row));
    house
}

const RUN: [&str; 9] = [
    "run",
    "data.jsonl",
    "--emulator",
    "--name",
    "one",
    "--scorer",
    "not(function-call)",
    "--scorer",
    "function-call",
];

#[test]
fn a_gate_ends_a_report_in_three_ways_and_a_past_run_can_be_gated() {
    let house = house();
    let said = house.call_without_key(&RUN);
    assert_eq!(said.code, Some(0), "{said:?}");
    for (gate, code, word) in [
        ("sim-pro@not(function-call) >= 0.5", 0, "passed"),
        ("sim-pro@not(function-call) >= logged - 0.3", 0, "passed"),
        ("sim-pro@function-call >= 0.5", 1, "failed"),
        ("sim-pro@not(function-call) >= logged - 0.02", 11, "undecided"),
    ] {
        let said = house.call_without_key(&["report", "one", "--gate", gate]);
        assert_eq!(said.code, Some(code), "{gate}: {said:?}");
        assert!(said.stdout.contains(&format!("gate: {gate}: {word}, ")), "{said:?}");
        let said = house.call_without_key(&["report", "one", "--gate", gate, "--json"]);
        let event = said.last();
        assert_eq!((said.code, &event["exit"]), (Some(code), &code.into()), "{event}");
        assert_eq!(event["report"]["gates"][0]["text"], gate);
    }
    let gates = ["sim-pro@not(function-call) >= 0.5", "sim-pro@function-call >= 1"];
    let both = ["report", "one", "--gate", gates[0], "--gate", gates[1]];
    assert_eq!(house.call_without_key(&both).code, Some(1), "one that fails is enough");
}

#[test]
fn what_a_run_is_made_with_stays_with_it() {
    let house = house();
    let gate = "sim-flash@function-call >= 0.9";
    let words = [
        &RUN[..],
        &["--gate", gate, "--slice", "/country", "--cluster", "/talk", "--baseline", "sim-pro"],
    ]
    .concat();
    let said = house.call_without_key(&words);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.stderr.contains("error: a gate is not met"), "{said:?}");
    let said = house.call_without_key(&["report", "one"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    let report = house.report("one");
    assert_eq!((&report["baseline"], &report["cluster"]), (&json!("sim-pro"), &json!("/talk")));
    let found = &report["comparisons"][0];
    assert_eq!(
        (&found["a"], &found["b"], &found["clusters"]),
        (&json!("logged"), &json!("sim-pro"), &json!(10))
    );
    let of = |value: &str| -> Vec<&Value> {
        let slices = report["slices"].as_array().unwrap().iter();
        slices.filter(|slice| slice["value"] == value && slice["column"] == "logged").collect()
    };
    assert_eq!((&of("de")[0]["rows"], &of("fr")[0]["rows"]), (&json!(15), &json!(5)));
    assert_eq!(of("de").len(), 2, "once for each scorer");
    // Another gate is decided beside those of the run, and not in their place.
    let other = "sim-pro@not(function-call) >= 0.5";
    let said = house.call_without_key(&["report", "one", "--gate", other, "--json"]);
    let event = said.last();
    assert_eq!((said.code, &event["exit"]), (Some(1), &json!(1)), "{event}");
    let gates = event["report"]["gates"].as_array().unwrap().iter();
    let gates: Vec<_> = gates.map(|gate| [&gate["text"], &gate["outcome"]]).collect();
    assert_eq!(gates, [[gate, "fail"], [other, "pass"]]);
    let markdown = fs::read_to_string(house.run("one").join("report/report.md")).unwrap();
    assert!(markdown.starts_with("### batch-eval: data.jsonl, 20 rows\n"), "{markdown}");
    assert!(markdown.contains("--slice /country --cluster /talk"), "{markdown}");
}

#[test]
fn gates_are_decided_even_where_rows_are_missing() {
    let house = House::with_rows(0);
    // The emulator's models fail a row in a hundred or so.
    let row = |n: usize| json!({"request": {"contents": [{"role": "user", "parts": [{"text": format!("Say {n}")}]}]}});
    house.write_rows("data.jsonl", (0..100).map(row));
    let [low, high] = ["sim-pro@not(function-call) >= 0.5", "sim-pro@not(function-call) >= 0.9999"];
    let gates = ["-m", "sim-pro", "--gate", low, "--gate", high];
    let said = house.call_without_key(&[&RUN[..], &gates].concat());
    assert_eq!(said.code, Some(6), "rows are lacking, whatever the gates say: {said:?}");
    assert!(said.stdout.contains(&format!("gate: {low}: passed, ")), "{said:?}");
    assert!(said.stderr.contains("; gates by those: 1 passed, 1 undecided"), "{said:?}");
    for words in [&["report", "one"][..], &["resume", "one", "--accept-partial"]] {
        let said = house.call_without_key(words);
        assert_eq!(said.code, Some(11), "then the gates are the code: {said:?}");
    }
}

#[test]
fn mistakes_are_found_before_anything_is_made() {
    let house = house();
    for (words, what) in [
        (
            ["--gate", "sim-prp@function-call >= logged"],
            "bad gate: there is no column `sim-prp`\nsim-prp@function-call >= logged\n^^^^^^^",
        ),
        (
            ["--gate", "sim-pro > logged"],
            "bad gate: a gate says `>=` once\nsim-pro > logged\n        ^",
        ),
        (["--baseline", "sim-pr"], "the baseline sim-pr is no column of the run"),
        (["--slice", "country"], "country is no JSON Pointer into a row of the dataset"),
    ] {
        let said = house.call_without_key(&[&RUN[..], &words].concat());
        assert_eq!(said.code, Some(2), "{said:?}");
        assert!(said.stderr.contains(what), "{said:?}");
        assert!(!house.run("one").exists(), "{words:?}");
    }
}

#[test]
fn what_wants_logged_answers_is_refused_where_there_are_none() {
    let house = house();
    let row = |answer: Value| json!({"request": {"contents": [{"role": "user", "parts": [{"text": "Hello?"}]}]}, "response": answer});
    house.write_rows("bare.jsonl", (0..4).map(|_| row(Value::Null)));
    let run = ["run", "bare.jsonl", "--name", "bare", "-m", "sim-pro", "-q", "--accept-partial"];
    for words in [["--gate", "sim-pro >= logged - 0.02"], ["--baseline", "logged"]] {
        let said = house.call_without_key(&[&run[..], &words].concat());
        assert_eq!(said.code, Some(2), "{said:?}");
        assert!(said.stderr.contains("no row of the dataset has a logged answer"), "{said:?}");
        assert!(said.stderr.contains("safe: nothing was sent"), "{said:?}");
        assert!(!house.run("bare").exists(), "{words:?}");
        let check = ["check", "bare.jsonl", "-m", "sim-pro"];
        let said = house.call_without_key(&[&check[..], &words].concat());
        assert_eq!(said.code, Some(2), "check finds what run does: {said:?}");
        assert!(said.stdout.contains("has a logged"), "{said:?}");
    }
    // One row with an answer is enough to begin; whether it is to decide, the gate says then.
    let answer =
        json!({"candidates": [{"content": {"parts": [{"text": "Hello."}], "role": "model"}}]});
    let answers = [Value::Null, answer, Value::Null, Value::Null];
    house.write_rows("bare.jsonl", answers.into_iter().map(row));
    let said = house.call_without_key(&[&run[..], &["--gate", "sim-pro >= logged"]].concat());
    assert_eq!(said.code, Some(11), "{said:?}");
    let said = house.call_without_key(&["check", "-m", "sim-pro", "--gate", "sim-pr >= 0.5"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.stdout.contains("there is no column `sim-pr`"), "{said:?}");
}

#[test]
fn the_settings_file_says_it_too_and_files_can_be_scored_by_slices() {
    let house = house();
    house.write(
        "batch-eval.toml",
        "scorer = [\"not(function-call)\"]\nslices = [\"/country\"]\ngate = [\"sim-pro >= 0.99\"]\nbaseline = \"logged\"\n",
    );
    let said = house.call_without_key(&["run", "data.jsonl", "--emulator", "--name", "one"]);
    assert_eq!(said.code, Some(11), "20 of 20 is not shown to be 99 %: {said:?}");
    assert!(said.stdout.contains("By /country; differences to logged"), "{said:?}");
    fs::remove_file(house.path().join("batch-eval.toml")).unwrap();
    let words = ["score", "data.jsonl", "--slice", "/country", "--gate", "logged >= 0.9", "--json"];
    let said = house.call_without_key(&words);
    let event = said.last();
    assert_eq!((said.code, &event["exit"]), (Some(1), &json!(1)), "{event}");
    let slices = event["report"]["slices"].as_array().unwrap();
    let rows: Vec<_> =
        slices.iter().map(|slice| (slice["value"].as_str(), slice["rows"].as_u64())).collect();
    assert_eq!(rows, [(Some("de"), Some(15)), (Some("fr"), Some(5))]);
}

#[test]
fn a_report_is_written_in_the_form_that_is_asked_for() {
    let house = house();
    assert_eq!(house.call_without_key(&RUN).code, Some(0));
    let said = house.call_without_key(&["report", "one", "--format", "md", "-o", "comment.md"]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), ""), "{said:?}");
    let text = fs::read_to_string(house.path().join("comment.md")).unwrap();
    assert!(text.contains("| model | passes of scored |"), "{text}");
    let said = house.call_without_key(&["report", "one", "--format", "json", "--quiet"]);
    let report: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(report["schema"], "batch-eval/report/1");
    let said = house.call_without_key(&["report", "one", "--format", "terminal", "-o", "-"]);
    assert!(said.stdout.contains("data.jsonl, 20 rows, scored by"), "{said:?}");
}

#[test]
fn fields_and_right_answers_that_no_row_has_are_refused_before_anything_is_sent() {
    let house = house();
    let wrong: [(&[&str], &str, &str); 4] = [
        (&["--slice", "/contry"], "the slice /contry", "did you mean /country?"),
        (&["--cluster", "/meta/tlk"], "the cluster field /meta/tlk", "did you mean /talk?"),
        (&["--scorer", "equals(expected=\"/answer\")"], "/answer, which", "the rows have /country"),
        (&["--scorer", "equals", "--expected", "$.tolk"], "$.tolk, which", "did you mean /talk?"),
    ];
    for (words, what, next) in wrong {
        let run = ["run", "data.jsonl", "--emulator", "-m", "sim-a", "--json"];
        let said = house.call_without_key(&[&run, words].concat());
        let error = said.last();
        let message = error["message"].as_str().unwrap();
        assert_eq!(said.code, Some(2), "{words:?}: {said:?}");
        assert!(message.starts_with(&format!("none of 20 rows has {what}")), "{message}");
        assert_eq!(error["safe"], "nothing was sent");
        assert!(error["next"].as_str().unwrap().starts_with(next), "{error}");
        let check = ["check", "data.jsonl", "--emulator", "-m", "sim-a", "--json"];
        let said = house.call_without_key(&[&check, words].concat());
        let findings = said.last()["findings"].clone();
        let is_told = |one: &Value| one["mark"] == "bad" && one["text"] == *message;
        assert!(findings.as_array().unwrap().iter().any(is_told), "{words:?}: {findings}");
    }
    // A few rows that lack it are another thing.
    let few = ["--rows", "..2", "--slice", "/country", "--name", "few", "-q"];
    let said = house.call_without_key(&[&RUN[..3], &few].concat());
    assert_eq!(said.code, Some(0), "{said:?}");
    for words in [
        &["report", "few", "--slice", "/contry"][..],
        &["score", "few", "--cluster", "/contry"],
        &["score", "data.jsonl", "--slice", "/contry"],
        &["drift", "few", "--slice", "/contry"],
    ] {
        let said = house.call_without_key(words);
        assert_eq!(said.code, Some(2), "{words:?}: {said:?}");
        assert!(said.stderr.contains("did you mean /country?"), "{words:?}: {said:?}");
    }
    // What only the settings ask for keeps no report from being seen.
    house.write("batch-eval.toml", "slices = [\"/contry\"]\n");
    let said = house.call_without_key(&["score", "data.jsonl"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stderr.contains("note       none of 20 rows has the slice /contry"), "{said:?}");
}
