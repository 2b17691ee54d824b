//! Rows that belong together stay together when two runs are compared; gates that nothing decides are refused before.

use serde_json::{Value, json};
use tests::house::House;
use tests::process::Said;

/// Sixty rows of six talks, each with a logged answer.
fn house() -> House {
    let house = House::with_rows(0);
    let row = |n: usize| {
        json!({
            "request": {"contents": [{"role": "user", "parts": [{"text": format!("Say {n}")}]}]},
            "response": {"candidates": [{"content": {"parts": [{"text": n.to_string()}], "role": "model"}, "finishReason": "STOP"}]},
            "talk": n / 10,
            "turn": n,
        })
    };
    house.write_rows("data.jsonl", (0..60).map(row));
    house
}

fn run(house: &House, name: &str, more: &[&str]) {
    let words = ["run", "data.jsonl", "--name", name, "--accept-partial", "-q", "-m", "sim-pro"];
    let said = house.call_without_key(&[&words[..], more].concat());
    assert_eq!(said.code, Some(0), "{said:?}");
}

fn compared(house: &House, words: &[&str]) -> (Value, Said) {
    let words = [&["compare"], words].concat();
    let json = house.call_without_key(&[&words[..], &["--json"]].concat());
    assert_eq!(json.code, Some(0), "{json:?}");
    (serde_json::from_str(json.stdout.trim()).unwrap(), house.call_without_key(&words))
}

#[test]
fn rows_that_belong_together_in_two_runs_do_so_in_their_comparison() {
    let house = house();
    for name in ["one", "two"] {
        run(&house, name, &["--cluster", "/talk"]);
    }
    let (found, said) = compared(&house, &["one", "two"]);
    assert_eq!(
        (&found["cluster"], &found["comparisons"][0]["clusters"]),
        (&json!("/talk"), &json!(6)),
        "{found}"
    );
    assert_eq!(found["comparisons"][0]["interval"]["method"], "clustered");
    let few = "rows come in 6 clusters by /talk";
    assert!(found["warnings"][0].as_str().unwrap().starts_with(few), "{found}");
    assert!(said.stdout.contains(&format!("warning: {few}")), "{said:?}");
    run(&house, "each", &[]);
    let (found, said) = compared(&house, &["one", "each"]);
    assert_eq!(
        (&found["cluster"], &found["comparisons"][0]["clusters"]),
        (&Value::Null, &Value::Null)
    );
    assert!(said.stdout.contains("and each takes each row for itself"), "{said:?}");
    let (found, said) = compared(&house, &["one", "each", "--cluster", "/talk"]);
    assert_eq!(
        (&found["cluster"], &found["comparisons"][0]["clusters"]),
        (&json!("/talk"), &json!(6))
    );
    assert!(!said.stdout.contains("for itself"), "{said:?}");
    // Other rows in another order meet by their requests, and their talks with them.
    let text = std::fs::read_to_string(house.path().join("data.jsonl")).unwrap();
    let lines: Vec<&str> = text.lines().rev().take(45).collect();
    house.write("data.jsonl", &(lines.join("\n") + "\n"));
    run(&house, "back", &["--cluster", "/talk"]);
    let (found, _) = compared(&house, &["one", "back"]);
    assert_eq!(found["matched"]["rows"], 45);
    assert_eq!(found["comparisons"][0]["clusters"], 5, "{found}");
    let said = house.call_without_key(&["compare", "one", "two", "--cluster", "/tlak"]);
    assert_eq!(said.code, Some(2), "{said:?}");
}

#[test]
fn gates_that_nothing_decides_are_refused_before_anything_is_sent() {
    let house = house();
    let label = r#"label(labels=["1", "2"])"#;
    let judge = r#"judge:pairwise(model="sim-pro")"#;
    for (scorers, gate, what) in [
        (
            &["json-valid", "function-call"][..],
            "sim-pro >= 0.5",
            "there are several scorers, and the gate names none",
        ),
        (&[label], "sim-pro >= 0.5", "gives labels and nobody says which are right"),
        (&[judge], "sim-pro >= logged", "and nothing of logged itself"),
    ] {
        let mut rest = vec!["data.jsonl", "-m", "sim-pro", "--emulator", "--gate", gate];
        rest.extend(scorers.iter().flat_map(|scorer| ["--scorer", scorer]));
        let said = house.call_without_key(&[&["run", "--name", "one"], &rest[..]].concat());
        assert_eq!(said.code, Some(2), "{said:?}");
        assert!(said.stderr.contains(what), "{said:?}");
        assert!(!house.run("one").exists(), "{gate}");
        let said = house.call_without_key(&[&["check"], &rest[..]].concat());
        assert_eq!(said.code, Some(2), "check finds what run does: {said:?}");
    }
    run(&house, "one", &["--scorer", "json-valid", "--scorer", "function-call"]);
    for words in [["report", "one"], ["score", "one"]] {
        let said = house.call_without_key(&[&words[..], &["--gate", "sim-pro >= 0.5"]].concat());
        assert_eq!(said.code, Some(2), "{said:?}");
        assert!(said.stderr.contains("`sim-pro@function-call`"), "the spelling: {said:?}");
    }
    let words = ["score", "data.jsonl", "--scorer", label, "--gate", "logged >= 0.5"];
    assert_eq!(house.call_without_key(&words).code, Some(2));
    let with = [&words[..], &["--expected", "/turn"]].concat();
    assert_ne!(house.call_without_key(&with).code, Some(2), "right answers are named");
}
