//! Every object that a command prints under `--json` is what its published schema says.

use std::collections::BTreeSet;

use serde_json::Value;
use tests::house::{House, run_words};
use tests::process::{Said, Server, root};
use tests::schema::{Met, Published};

/// Objects held against their schemas as they come.
struct Book {
    published: Published,
    met: Met,
    types: BTreeSet<String>,
}

impl Book {
    fn new() -> Self {
        Self { published: Published::read(), met: Met::new(), types: BTreeSet::new() }
    }

    /// Each line is an object that its schema describes.
    fn take(&mut self, said: &Said) {
        assert!(!said.stdout.is_empty(), "{said:?}");
        for object in said.events() {
            self.published.check(&object, &mut self.met).unwrap();
            self.types.insert(object["type"].as_str().unwrap().to_owned());
        }
    }

    fn has(&self, types: &[&str]) {
        let met: Vec<&str> = self.types.iter().map(String::as_str).collect();
        let lacking: Vec<_> = types.iter().filter(|one| !met.contains(one)).collect();
        assert!(lacking.is_empty(), "no {lacking:?} among {met:?}");
    }

    fn has_met(&self, properties: &[&str]) {
        let lacking: Vec<_> = properties.iter().filter(|one| !self.met.contains(**one)).collect();
        assert!(lacking.is_empty(), "{lacking:?} never came");
    }
}

fn call(house: &House, words: &[&str]) -> Said {
    let json: &[&str] = if words.contains(&"--json") { &[] } else { &["--json"] };
    house.call_without_key(&[words, json].concat())
}

#[test]
fn commands_that_need_no_service_print_what_their_schemas_say() {
    let house = House::with_rows(40);
    let mut book = Book::new();
    let mut take = |words: &[&str]| book.take(&call(&house, words));
    let run = ["run", "data.jsonl", "-m", "sim-pro", "-m", "sim-flash", "--name", "a"];
    take(&[&run[..], &["--accept-partial", "--gate", "sim-pro >= 0.1"]].concat());
    take(&[
        "run",
        "data.jsonl",
        "-m",
        "sim-pro",
        "--name",
        "b",
        "--head",
        "30",
        "--accept-partial",
    ]);
    take(&["run", "data.jsonl", "-m", "sim-pro", "--name", "c", "--until", "prepared"]);
    take(&["run", "data.jsonl", "-m", "sim-pro", "--name", "d", "--dry-run"]);
    std::fs::create_dir(house.run("broken")).unwrap();
    house.write("runs/broken/run.json", "{");
    for words in [
        &["runs"][..],
        &["status", "a"],
        &["status", "c"],
        &["watch", "a"],
        &["show", "a", "3"],
        &["drift", "a", "--slice", "/request/contents/0/role"],
        &["compare", "a", "b"],
        &["report", "a"],
        &["score", "a", "--scorer", "not(refusal)"],
        &["score", "a", "--list"],
        &["score", "data.jsonl"],
        &["retry", "a", "--dry-run"],
        &["cancel", "a"],
        &["init", "data.jsonl", "-o", "made.toml"],
        &["check", "data.jsonl", "-m", "sim-pro"],
        &["check", "nothing.jsonl", "-m", "sim-pro", "--scorer", "refusl"],
        &["doctor"],
        &["transform", "data.jsonl", "-o", "out.jsonl"],
        &["plugin", "check", "jq:true"],
        &["judge", "template", "rubric"],
        &["man"],
        &["man", "pages"],
        &["completions", "bash"],
        &["show", "a", "4000"],
        &["run", "data.jsonl", "--nonsense"],
    ] {
        take(words);
    }
    let listed = call(&house, &["score", "a", "--list"]).last();
    let ids = listed["scorings"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap());
    let ids: Vec<&str> = ids.collect();
    take(&["score", "a", "--diff", ids[0], ids[1]]);
    book.has(&[
        "runs",
        "status",
        "report",
        "row",
        "drift",
        "compare",
        "scorings",
        "scoring_diff",
        "retried",
        "cancelled",
        "init",
        "check",
        "doctor",
        "transformed",
        "plugin",
        "judge_template",
        "man",
        "completions",
        "error",
        "run",
        "paused",
        "created",
        "ended",
        "fetched",
        "input_stored",
    ]);
    book.has_met(&[
        "runs-1.json#/runs/*/accuracy/*/value",
        "runs-1.json#/runs/*/standing",
        "row-1.json#/dataset/row",
        "row-1.json#/answers/*/line",
        "drift-1.json#/models/*/slices/*/value",
        "drift-1.json#/models/*/verdicts/*/lost",
        "compare-1.json#/matched/by",
        "report-1.json#/comparisons/*/table",
        "report-1.json#/report/gates/*/outcome",
        "scoring_diff-1.json#/columns/*/first/*/a",
        "scoring_diff-1.json#/columns/*/directions/*/from",
        "check-1.json#/findings/*/facts",
        "status-1.json#/jobs/*/rows/succeeded",
        "man-1.json#/page",
        "man-1.json#/pages",
        "error-1.json#/next",
    ]);
}

#[test]
fn commands_that_ask_a_service_print_what_their_schemas_say() {
    let house = House::with_rows(3);
    let server = Server::emulator(house.path(), &["--time-scale", "500"]);
    let mut book = Book::new();
    let model = "gemini-3.8-flash";
    let mut words = run_words(&server, "dear", &[model]);
    words.extend(["--budget", "5", "--json"]);
    book.take(&house.call(&[&words[..], &["--until", "submitted"]].concat()));
    let mut board = |command: &[&str]| {
        let words = [command, &["--base-url", server.base_url(), "--json"]].concat();
        book.take(&house.call(&words));
    };
    board(&["jobs"]);
    board(&["check", "data.jsonl", "-m", model]);
    board(&["files"]);
    book.take(&house.call(&words));
    let base = server.base_url();
    for words in [
        &["status", "dear", "--json"][..],
        &["report", "dear", "--json"],
        &["jobs", "--base-url", base, "--json"],
    ] {
        book.take(&house.call(words));
    }
    book.take(&house.call(&["gc", "--orphans", "--base-url", server.base_url(), "--json"]));
    book.has(&["forecast", "run", "paused", "report", "jobs", "files", "gc", "status"]);
    book.has_met(&[
        "events-1.json#/parts/*/cost_micros/high",
        "jobs-1.json#/jobs/*/cost_micros/spent",
        "files-1.json#/files/*/expires",
        "gc-1.json#/things/*/why",
        "status-1.json#/forecast/likely",
        "report-1.json#/report/models/*/cost",
    ]);
}

/// Every object schema that stands in a schema.
fn objects<'a>(schema: &'a Value, found: &mut Vec<&'a Value>) {
    match schema {
        Value::Object(members) => {
            if schema["properties"].is_object() {
                found.push(schema);
            }
            members.values().for_each(|member| objects(member, found));
        }
        Value::Array(elements) => elements.iter().for_each(|element| objects(element, found)),
        _ => {}
    }
}

#[test]
fn schemas_are_whole_and_listed() {
    let page = std::fs::read_to_string(root().join("docs/events.md")).unwrap();
    let about = std::fs::read_to_string(root().join("docs/config.md")).unwrap();
    for (name, schema) in Published::read().iter() {
        assert!(schema["$id"].as_str().unwrap().ends_with(&format!("/{name}")), "{name}");
        assert!(schema["title"].is_string() && schema["description"].is_string(), "{name}");
        let link = format!("schemas/{name})");
        assert!(page.contains(&link) || about.contains(&link), "no page leads to {name}");
        if name == "config-1.json" {
            continue;
        }
        let mut found = Vec::new();
        objects(schema, &mut found);
        assert!(!found.is_empty(), "{name}");
        for object in found {
            let properties = object["properties"].as_object().unwrap();
            for required in object["required"].as_array().unwrap() {
                assert!(properties.contains_key(required.as_str().unwrap()), "{name}: {required}");
            }
        }
    }
}

#[test]
fn an_object_that_is_not_what_its_schema_says_is_refused() {
    let published = Published::read();
    let good = serde_json::json!({"type": "cancelled", "run": "a", "asked": 1, "note": "-"});
    let check = |value: &Value| published.check(value, &mut Met::new());
    assert_eq!(check(&good), Ok(()));
    for (field, value) in [
        ("asked", serde_json::json!(-1)),
        ("asked", serde_json::json!(1.5)),
        ("run", Value::Null),
        ("more", serde_json::json!("what no schema names")),
        ("type", serde_json::json!("nothing")),
    ] {
        let mut bad = good.clone();
        bad[field] = value;
        assert!(check(&bad).is_err(), "{bad}");
    }
    let mut bad = good;
    bad.as_object_mut().unwrap().remove("note");
    assert!(check(&bad).is_err(), "{bad}");
}
