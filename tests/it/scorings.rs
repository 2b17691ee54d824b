//! Scorings of a run beside each other, and the values that answers are held against.

use serde_json::{Value, json};
use tests::house::House;
use tests::process::Said;

/// Ten rows that were logged with `yes` or `no`, and what they should have been.
fn house() -> House {
    let house = House::with_rows(0);
    let rows = (0..10).map(|n| {
        let text = if n < 6 { "yes" } else { "no" };
        json!({
            "key": format!("k{n}"), "want": {"so": "yes"},
            "request": {"contents": [{"parts": [{"text": format!("question {n}")}]}]},
            "response": {"candidates": [{"content": {"parts": [{"text": text}]}, "finishReason": "STOP"}]},
        })
    });
    house.write("data.jsonl", &rows.map(|row| format!("{row}\n")).collect::<String>());
    house.write(
        "rule.py",
        "def is_correct(row, beside):
    if beside['expected'] is None:
        return {'unscorable': 'nothing is expected'}
    return row['response']['candidates'][0]['content']['parts'][0]['text'] == beside['expected']
",
    );
    house
}

/// The verdicts on the logged column: scored, unscorable, passes.
fn logged(said: &Said) -> [u64; 3] {
    let report = &said.last()["report"];
    let columns = report["models"].as_array().unwrap();
    let column = columns.iter().find(|column| column["label"] == "logged").unwrap();
    ["scored", "unscorable", "passes"].map(|name| column["scores"][0][name].as_u64().unwrap())
}

const RULE: [&str; 2] = ["--scorer", "python:rule.py"];

fn score(house: &House, what: &str, words: &[&str]) -> Said {
    house.call_without_key(&[&["score", what, "--json"], RULE.as_slice(), words].concat())
}

fn run(house: &House, words: &[&str]) -> Said {
    let own = ["run", "data.jsonl", "--emulator", "-m", "sim-a", "--json", "--accept-partial"];
    house.call_without_key(&[own.as_slice(), RULE.as_slice(), words].concat())
}

#[test]
fn expected_values_come_from_the_row_a_file_or_the_logged_answer() {
    let house = house();
    let line = |n: usize, text: &str| {
        format!("{}\n", json!({"key": format!("k{n}"), "is": {"label": text}}))
    };
    let keyed: String = (0..8).rev().map(|n| line(n, "no")).collect();
    house.write("keyed.jsonl", &keyed);
    house.write("plain.jsonl", &"\"yes\"\n".repeat(10));
    house.write("rows.jsonl", "{\"row\":9,\"expected\":\"no\"}\n{\"row\":0,\"expected\":\"no\"}\n");
    for (from, want) in [
        ("/want/so", [10, 0, 6]),
        ("$.want['so']", [10, 0, 6]),
        ("plain.jsonl", [10, 0, 6]),
        ("keyed.jsonl:/is/label", [8, 2, 2]),
        ("rows.jsonl", [2, 8, 1]),
        ("logged", [10, 0, 0]),
    ] {
        let said = score(&house, "data.jsonl", &["--expected", from]);
        assert_eq!(logged(&said), want, "{from}: {said:?}");
        let name = format!(
            "r-{}",
            from.replace(|c: char| !c.is_ascii_alphanumeric(), "-").trim_matches('-')
        );
        let said = run(&house, &["--name", &name, "--expected", from]);
        assert_eq!(said.code, Some(0), "{from}: {said:?}");
        assert_eq!(logged(&said), want, "{from} in a run: {said:?}");
    }
    assert_eq!(logged(&score(&house, "data.jsonl", &[])), [0, 10, 0]);
    // Not in the order of the dataset: values without keys would be another row's.
    house.write("results.jsonl", "{\"key\":\"k3\",\"response\":{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"no\"}]}}]}}\n");
    let said = score(&house, "results.jsonl", &["--expected", "plain.jsonl"]);
    assert_eq!((said.code, said.stdout.contains("any order")), (Some(2), true), "{said:?}");
    let said = score(&house, "results.jsonl", &["--expected", "keyed.jsonl:/is/label"]);
    assert_eq!(said.last()["report"]["models"][0]["scores"][0]["passes"], 1, "{said:?}");
}

#[test]
fn a_run_holds_its_expected_values_and_can_be_scored_with_others() {
    let house = house();
    house.write("plain.jsonl", &"\"yes\"\n".repeat(10));
    let said = run(&house, &["--name", "own", "--rows", "2..", "--expected", "plain.jsonl"]);
    assert_eq!(logged(&said), [8, 0, 4], "{said:?}");
    let again = run(&house, &["--name", "own", "--rows", "2..", "--expected", "/want/so"]);
    assert_eq!(again.code, Some(2), "{again:?}");
    assert!(again.stdout.contains("expected values: from plain.jsonl"), "{again:?}");
    std::fs::remove_file(house.path().join("plain.jsonl")).unwrap();
    assert_eq!(logged(&score(&house, "own", &[])), [8, 0, 4]);
    house.write("other.jsonl", "{\"row\":8,\"expected\":\"no\"}\n");
    let said = score(&house, "own", &["--expected", "other.jsonl"]);
    assert_eq!(
        logged(&said),
        [1, 7, 1],
        "by the line of the dataset, not by the run's own number: {said:?}"
    );
    for (text, code, part) in [
        ("none.jsonl", 2, "no such file"),
        ("$.a[*]", 2, "can mean several values"),
        ("data.jsonl", 3, "holds no value"),
        ("rule.py", 3, "not JSON"),
    ] {
        let said = score(&house, "own", &["--expected", text]);
        assert_eq!(said.code, Some(code), "{text}: {said:?}");
        assert!(said.stdout.contains(part), "{text}: {said:?}");
    }
}

#[test]
fn scorings_stand_beside_each_other_and_are_compared() {
    let house = house();
    let said = run(&house, &["--name", "own", "--expected", "/want/so"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let list = || {
        let said = house.call_without_key(&["score", "own", "--list", "--json"]);
        said.last()["scorings"].as_array().unwrap().clone()
    };
    assert_eq!(list().len(), 1);
    // The same scorer again is the same scoring; another one, and a changed one, are others.
    score(&house, "own", &[]);
    assert_eq!(list().len(), 1);
    house.call_without_key(&["score", "own", "--scorer", "function-call"]);
    let text = std::fs::read_to_string(house.path().join("rule.py")).unwrap();
    house.write("rule.py", &text.replace("== beside['expected']", "!= beside['expected']"));
    let said = house.call_without_key(&["score", "own"]);
    assert!(said.stderr.contains("is not what the run was made with"), "{said:?}");
    let scorings = list();
    assert_eq!(scorings.len(), 3, "{scorings:?}");
    let prints: std::collections::BTreeSet<_> =
        scorings.iter().map(|one| one["scorers"][0]["fingerprint"].as_str().unwrap()).collect();
    assert_eq!(prints.len(), 3, "{scorings:?}");
    let with = |name: &str| -> Vec<&str> {
        let of = |one: &&Value| one["scorers"][0]["name"] == name;
        scorings.iter().filter(of).map(|one| one["id"].as_str().unwrap()).collect()
    };
    let [before, after] = with("python:rule.py")[..] else { panic!("{scorings:?}") };
    let said = house.call_without_key(&["score", "own", "--diff", before, after, "--json"]);
    let found = said.last();
    let columns = found["columns"].as_array().unwrap();
    let logged = columns.iter().find(|column| column["column"] == "logged").unwrap();
    assert_eq!((&logged["changed"], &logged["rows"]), (&10.into(), &10.into()), "{found}");
    assert_eq!(
        logged["directions"],
        json!([{"from": "fail", "to": "pass", "rows": 4}, {"from": "pass", "to": "fail", "rows": 6}])
    );
    assert_eq!((&logged["pairs"]["only_a"], &logged["pairs"]["only_b"]), (&6.into(), &4.into()));
    let said = house.call_without_key(&["score", "own", "--diff", before, after]);
    assert!(said.stdout.contains("pass → fail: 6 rows"), "{said:?}");
    assert!(
        said.stdout.contains("on 10 rows judged by both: B passes 4 and A 6, -20.0 points"),
        "{said:?}"
    );
    let said = house.call_without_key(&["score", "own", "--diff", before, "s-nothing"]);
    assert_eq!(said.code, Some(2), "{said:?}");
}
