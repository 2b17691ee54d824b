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
    house.write_rows("data.jsonl", rows);
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
    // The report takes others too, in each of its forms; the run goes on holding its own.
    let report = |words: &[&str]| house.call_without_key(&[&["report", "own"], words].concat());
    let other = ["--expected", "other.jsonl"];
    assert_eq!(logged(&report(&[&other[..], &["--json"]].concat())), [1, 7, 1]);
    let lines = |words: &[&str]| {
        let said = report(&[words, &["--format", "jsonl"]].concat());
        let verdicts = said.stdout.lines().map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            (line["column"] == "logged", line["verdicts"]["python:rule.py"].clone())
        });
        let logged = verdicts.filter(|(is_logged, _)| *is_logged).map(|(_, verdict)| verdict);
        logged.collect::<Vec<_>>()
    };
    let of_others = lines(&other);
    assert_eq!(of_others.iter().filter(|verdict| verdict.is_null()).count(), 7, "{of_others:?}");
    assert_eq!(of_others[6], json!(true), "the row of line 8");
    assert_eq!(
        lines(&[]),
        json!([true, true, true, true, false, false, false, false]).as_array().unwrap()[..]
    );
    assert_eq!(logged(&report(&["--json"])), [8, 0, 4]);
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
    assert_eq!(said.code, Some(9), "{said:?}");
    assert!(said.stderr.contains("rule.py was changed after"), "{said:?}");
    assert_eq!(list().len(), 2, "nothing was scored by it");
    let said = house.call_without_key(&["score", "own", "--trust-plugins"]);
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

#[test]
fn a_change_is_confirmed_once() {
    let house = house();
    assert_eq!(run(&house, &["--name", "own", "--expected", "/want/so"]).code, Some(0));
    let text = std::fs::read_to_string(house.path().join("rule.py")).unwrap();
    let code = |words: &[&str]| house.call_without_key(words).code;
    for (time, confirmed) in
        [&["score", "own", "--trust-plugins"][..], &["score", "own", "--scorer", "python:rule.py"]]
            .into_iter()
            .enumerate()
    {
        house.write("rule.py", &format!("{text}# change {time}\n"));
        assert_eq!(code(&["score", "own"]), Some(9), "{time}");
        assert_eq!(code(&["report", "own"]), Some(9), "{time}");
        assert_eq!(code(confirmed), Some(0), "{time}");
        let said = house.call_without_key(&["score", "own"]);
        assert_eq!(said.code, Some(0), "{said:?}");
        assert!(!said.stderr.contains("is not what the run was made with"), "{said:?}");
        assert_eq!(code(&["report", "own"]), Some(0), "{time}");
    }
    // A file of that name elsewhere is not the run's: nothing is confirmed of it.
    let other = tempfile::tempdir().unwrap();
    std::fs::write(other.path().join("rule.py"), format!("{text}# elsewhere\n")).unwrap();
    let own = house.run("own");
    let words = ["score", own.to_str().unwrap(), "--scorer", "python:rule.py"];
    let mut command = tests::process::batch_eval(other.path(), words);
    let said = Said::from(command.env("HOME", house.path()).output().unwrap());
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(code(&["score", "own"]), Some(0));
}

#[test]
fn expected_values_are_those_of_the_dataset_as_it_came() {
    let house = house();
    let text = std::fs::read_to_string(house.path().join("data.jsonl")).unwrap();
    let own = r#""request":{"model":"yes","labels":{"team":["no","yes"]},"#;
    house.write("data.jsonl", &text.replace(r#""request":{"#, own));
    for (name, from) in [
        ("r0", "/request/model"),
        ("r1", "/request/labels/team/1"),
        ("r2", "$.request.labels.team[1]"),
    ] {
        assert_eq!(
            logged(&score(&house, "data.jsonl", &["--expected", from])),
            [10, 0, 6],
            "{from}"
        );
        let words = ["--name", name, "--drop", "/request/labels", "--expected", from];
        let said = run(&house, &words);
        assert_eq!(said.code, Some(0), "{from}: {said:?}");
        assert_eq!(logged(&said), [10, 0, 6], "{from}, which the service never saw: {said:?}");
        let scorer = format!("equals(expected=\"{from}\")");
        let said = house.call_without_key(&["score", name, "--json", "--scorer", &scorer]);
        assert_eq!(logged(&said), [10, 0, 6], "{scorer}: {said:?}");
    }
    // The line that a run keeps of a row has members of its own, which are none of the row's.
    let said =
        house.call_without_key(&["score", "r0", "--json", "--expected", "/line", RULE[0], RULE[1]]);
    assert_eq!(logged(&said), [0, 10, 0], "{said:?}");
}

#[test]
fn the_settings_file_says_where_expected_values_lie_packed_or_not() {
    let house = house();
    house.write("labels", &format!("\u{feff}{}", "\"yes\"\r\n".repeat(10)));
    let packed =
        std::process::Command::new("gzip").arg("-c").arg(house.path().join("labels")).output();
    let packed = packed.unwrap().stdout;
    std::fs::create_dir(house.path().join("settings")).unwrap();
    std::fs::write(house.path().join("settings/labels.jsonl.gz"), &packed).unwrap();
    std::fs::write(house.path().join("settings/cut.jsonl.gz"), &packed[..packed.len() - 9])
        .unwrap();
    let with = |expected: &str, name: &str| {
        house.write("settings/own.toml", &format!("expected = \"{expected}\"\n"));
        run(&house, &["--config", "settings/own.toml", "--name", name])
    };
    let said = with("labels.jsonl.gz", "own");
    assert_eq!((said.code, logged(&said)), (Some(0), [10, 0, 6]), "{said:?}");
    assert_eq!(logged(&score(&house, "own", &[])), [10, 0, 6]);
    let said = with("cut.jsonl.gz", "cut");
    assert_eq!((said.code, said.stdout.contains("is cut")), (Some(3), true), "{said:?}");
    let said = with("labels.json", "none");
    assert_eq!((said.code, said.stdout.contains("no such file")), (Some(2), true), "{said:?}");
}

#[test]
fn rows_are_held_against_what_they_cost() {
    let house = House::with_rows(0);
    let row = |model: &str| {
        let usage = json!({"promptTokenCount": 1_000, "candidatesTokenCount": 400});
        json!({
            "request": {"contents": [{"parts": [{"text": model}]}]},
            "response": {"candidates": [{"content": {"parts": [{"text": "yes"}]}, "finishReason": "STOP"}],
                "usageMetadata": usage, "modelVersion": model},
        })
    };
    let lines =
        ["dear", "dear-001", "cheap", "nobody-knows"].map(|model| format!("{}\n", row(model)));
    house.write("data.jsonl", &lines.concat());
    let model = |name: &str, input: &str, output: &str| {
        format!(
            "[[model]]\nname = \"{name}\"\n[[model.price]]\ninput = {input}\noutput = {output}\n"
        )
    };
    let table = |dear: &str| {
        let head = "schema = \"batch-eval/prices/1\"\ndate = \"2026-11-22\"\n";
        format!("{head}{}{}", model("dear", dear, "10"), model("cheap", "0.1", "1"))
    };
    let prices = &table("1");
    house.write("prices.toml", prices);
    house.write("batch-eval.toml", "prices = \"prices.toml\"\n");
    // A thousand at 1 and 400 at 10 dollars a million are 0.005 dollars; the cheap model takes a tenth.
    for (max, passes) in [("0.005", 3), ("0.0049", 1), ("0.0004", 0)] {
        let scorer = format!("cost(max={max})");
        let said = house.call_without_key(&["score", "data.jsonl", "--json", "--scorer", &scorer]);
        assert_eq!(logged(&said), [3, 1, passes], "{scorer}: {said:?}");
        let name = max.replace('.', "-");
        let words =
            ["run", "data.jsonl", "--emulator", "-m", "sim-a", "--json", "--accept-partial"];
        let words = [&words[..], &["--name", &name, "--scorer", &scorer]].concat();
        let said = house.call_without_key(&words);
        assert_eq!(logged(&said), [3, 1, passes], "{scorer}: {said:?}");
        // A run goes by the prices that it was made with.
        house.write("prices.toml", &table("1000"));
        assert_eq!(logged(&house.call_without_key(&["score", &name, "--json"])), [3, 1, passes]);
        house.write("prices.toml", prices);
    }
}
