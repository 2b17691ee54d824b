//! What the program says to words that do not fit, and what it exits with.

use tests::house::House;
use tests::process::batch_eval;

/// Words, exit code, a part of what is said.
const ODD: [(&[&str], i32, &str); 24] = [
    (&["run", "none.jsonl", "-m", "a"], 2, "none.jsonl: no such file"),
    (&["run", ".", "-m", "a"], 2, "is a directory"),
    (&["run", "empty.jsonl"], 3, "0 rows"),
    (&["run", "bad.jsonl"], 3, "line 2 column"),
    (&["run", "array.jsonl"], 3, "JSON array"),
    (&["run", "data.jsonl", "-m", "../x"], 2, "no model name"),
    (&["run", "data.jsonl", "-m", "a", "-m", "models/a"], 2, "named twice"),
    (&["run", "data.jsonl", "--scorer", "functon-call"], 2, "function-call"),
    (&["run", "data.jsonl", "--scorer", "function-call(name=1)"], 2, "^"),
    (&["run", "data.jsonl", "--name", "../x"], 2, "../x"),
    (&["run", "data.jsonl", "--settle", "5"], 2, "has no unit"),
    (&["run", "data.jsonl", "--api-key", "secret"], 2, "never taken on the command line"),
    (&["run", "data.jsonl", "--base-url", "http://example.com", "-m", "a"], 2, "http"),
    (&["run", "data.jsonl", "--base-url", "http://127.0.0.1@evil.com", "-m", "a"], 2, "base URL"),
    (&["run", "data.jsonl", "--base-url", "http://127.0.0.1:9", "-m", "a"], 4, "GEMINI_API_KEY"),
    (&["run", "data.jsonl", "--api-key-file", "open.key", "-m", "a"], 4, "chmod 600"),
    (&["resume"], 2, "no run"),
    (&["resume", "nobody"], 2, "nobody"),
    (&["status", "nobody"], 2, "nobody"),
    (&["report"], 2, "no run"),
    (&["score", "none.jsonl"], 2, "none.jsonl"),
    (&["transform", "none.jsonl", "-o", "out"], 2, "none.jsonl: no such file"),
    (&["emulator", "--listen", "0.0.0.0:0"], 2, "loopback"),
    (&["emulator", "--listen", "127.0.0.1:0", "--script", "bad.jsonl"], 2, "bad.jsonl"),
];

fn house() -> House {
    use std::os::unix::fs::PermissionsExt as _;
    let house = House::with_rows(3);
    house.write("empty.jsonl", "\n\n");
    house.write("bad.jsonl", "{\"request\":{\"contents\":[{}]}}\n{\"request\": nope}\n");
    house.write("array.jsonl", "[{\"request\":{}}]\n");
    let key = house.write("open.key", "AIzaNotARealKey0123456789\n");
    std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o644)).unwrap();
    house
}

#[test]
fn odd_words_end_in_a_clear_word_and_a_documented_code() {
    let house = house();
    for (words, code, part) in ODD {
        let said = house.call_without_key(words);
        assert_eq!(said.code, Some(code), "{words:?}: {said:?}");
        assert!(said.stderr.contains(part), "{words:?} should say {part:?}: {said:?}");
        assert!(said.stdout.is_empty(), "{words:?}: {said:?}");
        assert!(!said.stderr.contains("secret") && !said.stderr.contains("AIzaNot"), "{said:?}");
    }
    let runs = house.path().join("runs");
    let left = std::fs::read_dir(runs).map_or(0, Iterator::count);
    assert_eq!(left, 0, "what failed before its start leaves no run behind");
}

#[test]
fn failures_are_objects_when_asked() {
    let said = house().call_without_key(&["run", "bad.jsonl", "--json"]);
    assert_eq!(said.code, Some(3));
    let value: serde_json::Value = serde_json::from_str(said.stdout.trim()).unwrap();
    assert_eq!(value["type"], "error");
    assert_eq!(value["code"], "dataset");
    assert!(said.stderr.is_empty(), "{said:?}");
}

#[test]
fn the_sample_never_goes_to_the_real_service_by_accident() {
    let said = house().call(&["run"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.stderr.contains("nothing was sent"), "{said:?}");
    let said = house().call(&["run", "--emulator"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stdout.contains("emulated"), "{said:?}");
}

#[test]
fn help_has_examples_and_a_closed_pipe_is_quiet() {
    let house = house();
    let help = house.call_without_key(&["run", "--help"]);
    assert_eq!(help.code, Some(0));
    assert!(help.stdout.contains("Examples:"), "{help:?}");
    assert_eq!(house.call_without_key(&["run"]).code, Some(0));
    let mut child = batch_eval(house.path(), ["report", "--json"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(141));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_thousand_rows_with_other_tools_have_every_kind_of_answer() {
    let house = House::with_rows(1_000);
    let said = house.call_without_key(&["run", "data.jsonl", "--name", "many", "--accept-partial"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let report = house.report("many");
    let columns: Vec<&serde_json::Value> = report["models"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|column| column["role"] == "model")
        .collect();
    let mut passes = Vec::new();
    for column in &columns {
        let outcomes = &column["outcomes"];
        let sum: u64 =
            outcomes.as_object().unwrap().values().filter_map(serde_json::Value::as_u64).sum();
        assert_eq!(sum, 1_000, "every row has one outcome: {outcomes}");
        for kind in ["answered", "blocked", "error", "truncated"] {
            assert!(outcomes[kind].as_u64().unwrap() > 0, "{kind} in {outcomes}");
        }
        let result = &column["scores"][0];
        let passed = result["passes"].as_u64().unwrap();
        assert!(passed > 0 && passed < result["scored"].as_u64().unwrap(), "{result}");
        passes.push(passed);
    }
    assert_eq!(columns.len(), 2);
    assert_ne!(passes[0], passes[1], "models differ");
}

#[test]
fn keys_are_written_and_read_alike() {
    for number in [0, 42, 99_999_999, 100_000_000, 12_345_678_901] {
        let key = jsonl_transform::RowKey::new(number, b"{\"contents\":[]}");
        let read: scoring::RowKey = key.to_string().parse().unwrap();
        assert_eq!((read.number, read.hash), (key.number(), key.hash()));
    }
}
