//! Judges of one name that ask different things: what one says of a run never takes the place of what the other said.

use serde_json::{Value, json};
use tests::house::{House, run_words};
use tests::process::{Said, Server};

const LOGGED: &str = r#"judge:rubric(model="sim-judge", rubric="A", logged)"#;
const GRADES: &str = r#"judge:rubric(model="sim-judge", scale="grade")"#;

fn row(n: usize) -> Value {
    json!({
        "request": {"contents": [{"role": "user", "parts": [{"text": format!("Where is {n}?")}]}]},
        "response": {"candidates": [{
            "content": {"role": "model", "parts": [{"text": format!("Parcel {n} is here.")}]},
            "finishReason": "STOP",
        }]},
    })
}

fn house() -> (House, Server) {
    let house = House::with_rows(0);
    house.write_rows("data.jsonl", (0..4).map(row));
    let server = Server::emulator(house.path(), &["--time-scale", "300"]);
    (house, server)
}

/// What is said of a row, with what `drift` says.
fn seen(house: &House) -> (Value, Value) {
    let last = |said: Said| {
        assert_eq!(said.code, Some(0), "{said:?}");
        said.last()
    };
    (
        last(house.call(&["show", "two", "3", "--json"])),
        last(house.call(&["drift", "two", "--json"])),
    )
}

#[test]
fn another_judge_of_the_name_changes_nothing_of_what_the_run_was_made_with() {
    let (house, server) = house();
    let mut words = run_words(&server, "two", &["sim-flash"]);
    words.extend(["--scorer", LOGGED]);
    let said = house.call(&words);
    assert_eq!(said.code, Some(0), "{said:?}");
    let before = seen(&house);
    let verdict = |at: usize| before.0["answers"][at]["verdicts"]["judge:rubric"].clone();
    assert!(verdict(0).is_boolean() && verdict(1).is_boolean(), "{before:?}");
    assert_eq!(before.1["models"][0]["verdicts"][0]["rows"], 4, "{before:?}");

    let score = ["score", "two", "--scorer", GRADES];
    let said = house.call(&score);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(!said.stderr.contains("set aside") && !said.stderr.contains("kept as"), "{said:?}");
    assert_eq!(seen(&house), before);
    // The page of the other one has its own verdicts.
    let page = house.call(&["report", "two", "--format", "jsonl"]);
    let first: Value = serde_json::from_str(page.stdout.lines().next().unwrap()).unwrap();
    assert!(
        first.to_string().contains(r#""judge:rubric":true"#)
            || first.to_string().contains(r#""judge:rubric":false"#),
        "{first}"
    );

    let said = house.call(&["score", "two", "--list", "--json"]);
    let scorings = said.last()["scorings"].as_array().unwrap().clone();
    let versions: Vec<&Value> = scorings.iter().map(|one| &one["scorers"][0]["version"]).collect();
    assert!(scorings.len() == 2 && versions[0] != versions[1], "{said:?}");
}

#[test]
fn a_judge_beside_a_scorer_of_expected_values_is_that_of_the_run() {
    let (house, server) = house();
    house.write_rows("right.jsonl", (0..4).map(|n| json!({"row": n, "expected": "no"})));
    let both = format!("any(equals, {GRADES})").replace(r#", scale="grade""#, "");
    let mut words = run_words(&server, "two", &["sim-flash"]);
    words.extend(["--scorer", &both, "--expected", "right.jsonl"]);
    let said = house.call(&words);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(house.path().join("runs/two/report/report.json").is_file());
    let (shown, _) = seen(&house);
    let verdicts = shown["answers"][1]["verdicts"].as_object().unwrap();
    assert!(verdicts.values().all(Value::is_boolean) && verdicts.len() == 1, "{shown}");
}
