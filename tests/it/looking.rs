//! The commands that look at runs: the list, one row, the drift from the log, two runs side by side.

use serde_json::{Value, json};
use tests::house::House;
use tests::process::Said;
use tests::rows;

fn object(said: &Said) -> Value {
    assert_eq!(said.code, Some(0), "{said:?}");
    serde_json::from_str(said.stdout.trim()).unwrap()
}

/// A row with one question and a logged answer of these parts.
fn row(question: &str, parts: &Value, fields: &Value) -> String {
    let mut row = json!({
        "request": {
            "contents": [{"role": "user", "parts": [{"text": question}]}],
            "tools": [{"functionDeclarations": [{"name": "report_spam", "description": "Reports spam.",
                "parameters": {"type": "OBJECT", "properties": {"reason": {"type": "STRING"}}}}]}],
        },
        "response": {"candidates": [{"content": {"role": "model", "parts": parts},
            "finishReason": "STOP"}], "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 4}},
    });
    for (name, value) in fields.as_object().unwrap() {
        row[name] = value.clone();
    }
    row.to_string() + "\n"
}

fn run(house: &House, name: &str, more: &[&str]) {
    let mut words =
        vec!["run", "data.jsonl", "--name", name, "--accept-partial", "-q", "-m", "sim-pro"];
    words.extend(more);
    let said = house.call_without_key(&words);
    assert_eq!(said.code, Some(0), "{said:?}");
}

#[test]
fn runs_are_listed_with_their_figures_and_what_is_wrong_with_them() {
    let house = House::with_rows(40);
    run(&house, "done", &["-m", "sim-flash"]);
    run(&house, "begun", &["--until", "prepared"]);
    std::fs::create_dir(house.path().join("runs/broken")).unwrap();
    house.write("runs/broken/run.json", "\u{1b}[31m{");
    let listed = object(&house.call_without_key(&["runs", "--json"]));
    let runs = listed["runs"].as_array().unwrap();
    let of = |name: &str| runs.iter().find(|run| run["run"] == name).unwrap();
    assert_eq!(
        (of("done")["state"].as_str(), of("begun")["state"].as_str()),
        (Some("fetched"), Some("prepared"))
    );
    let report = house.report("done");
    let column =
        report["models"].as_array().unwrap().iter().find(|c| c["label"] == "sim-pro").unwrap();
    let figure = &of("done")["accuracy"][0];
    assert_eq!(figure["value"], column["scores"][0]["accuracy"]["value"]);
    assert_eq!(
        (figure["column"].as_str(), figure["scored"].as_u64()),
        (Some("sim-pro"), column["scores"][0]["scored"].as_u64())
    );
    let broken = runs.iter().find(|run| run["run"].is_null()).unwrap();
    assert_eq!(broken["state"], "unreadable", "{broken}");

    let text = house.call_without_key(&["runs"]).stdout;
    assert!(!text.contains('\u{1b}'), "{text:?}");
    assert!(text.contains("% of "), "every figure has its denominator: {text}");
    let narrow =
        tests::process::batch_eval(house.path(), ["runs"]).env("COLUMNS", "60").output().unwrap();
    let narrow = Said::from(narrow);
    let long = |line: &&str| line.chars().count() > 60;
    assert_eq!(narrow.stdout.lines().filter(long).count(), 0, "{}", narrow.stdout);
}

#[test]
fn a_row_is_found_by_number_key_and_line_and_cannot_steer_the_terminal() {
    let house = House::with_rows(0);
    let evil = "\u{1b}]0;owned\u{7}\u{202e}gnp.exe <script>";
    let call = json!([{"functionCall": {"name": "report_spam", "args": {"reason": evil}}}]);
    let data = row("hello", &json!([{"text": "fine"}]), &json!({}))
        + "\n"
        + &row(
            evil,
            &call,
            &json!({"metadata": {"language": evil, "id": 12_345_678_901_234_567_890_u64}}),
        );
    house.write("data.jsonl", &data);
    run(&house, "friday", &[]);
    let shown = object(&house.call_without_key(&["show", "friday", "1", "--json"]));
    let key = shown["key"].as_str().unwrap().to_owned();
    assert!(key.starts_with("r00000001-"), "{key}");
    assert_eq!(shown["dataset"]["row"]["metadata"]["id"], 12_345_678_901_234_567_890_u64);
    let columns: Vec<&str> = shown["answers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["column"].as_str().unwrap())
        .collect();
    assert_eq!(columns, ["logged", "sim-pro"]);
    assert_eq!(shown["answers"][0]["verdicts"]["function-call"], true, "{shown}");

    let by_number = house.call_without_key(&["show", "friday", "1"]);
    assert_eq!(by_number.code, Some(0), "{by_number:?}");
    for text in [
        "line 3 of data.jsonl",
        "report_spam(reason: ",
        r"\u{1b}]0;owned\u{7}\u{202e}gnp.exe",
        "logged: answered",
    ] {
        assert!(by_number.stdout.contains(text), "{text} in {}", by_number.stdout);
    }
    assert!(!by_number.stdout.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{by_number:?}");
    for words in [vec!["show", "friday", &key], vec!["show", "friday", "line:3"], vec!["show", "1"]]
    {
        assert_eq!(house.call_without_key(&words).stdout, by_number.stdout, "{words:?}");
    }
    for odd in ["2", "line:2", "r00000001-00000000", "nothing", "line:x"] {
        let said = house.call_without_key(&["show", "friday", odd]);
        assert_eq!(said.code, Some(2), "{odd}: {said:?}");
        assert!(said.stderr.contains("has no row") && said.stderr.contains("2 rows"), "{said:?}");
    }
}

#[test]
fn long_rows_are_cut_unless_all_is_wanted() {
    let house = House::with_rows(0);
    let text: Vec<String> = (0..50).map(|n| format!("line number {n}")).collect();
    house.write("data.jsonl", &row(&text.join("\n"), &json!([{"text": "ok"}]), &json!({})));
    run(&house, "long", &[]);
    let cut = house.call_without_key(&["show", "0"]).stdout;
    assert!(cut.contains("… 40 more lines: --full") && !cut.contains("line number 49"), "{cut}");
    let full = house.call_without_key(&["show", "0", "--full"]).stdout;
    assert!(full.contains("line number 49") && !full.contains("--full"), "{full}");
}

/// A script by which every row is answered with these words.
fn answers_from(house: &House, answers: &[Value]) {
    let lines: Vec<String> = std::fs::read_to_string(house.path().join("data.jsonl"))
        .unwrap()
        .lines()
        .zip(answers)
        .map(|(line, parts)| {
            let mut row: Value = serde_json::from_str(line).unwrap();
            row["response"]["candidates"][0]["content"]["parts"] = parts.clone();
            row.to_string() + "\n"
        })
        .collect();
    house.write("answers.jsonl", &lines.concat());
}

#[test]
fn drift_counts_every_kind_of_change_and_names_its_rows() {
    let call = |name: &str, reason: &str| json!([{"functionCall": {"name": name, "args": {"reason": reason}}}]);
    let text = |text: &str| json!([{"text": text}]);
    let logged = [
        call("report_spam", "a"),
        call("report_spam", "b"),
        call("report_spam", "c"),
        text("d"),
        text("e"),
        text("f"),
    ];
    let now = [
        call("report_spam", "a"),
        call("report_spam", "other"),
        text("no"),
        call("report_spam", "d"),
        text("e"),
        text("longer f"),
    ];
    let house = House::with_rows(0);
    let languages = ["en", "en", "de", "de", "en", "de"];
    let rows: Vec<String> = (0..6)
        .map(|n| {
            row(
                &format!("question {n}"),
                &logged[n],
                &json!({"metadata": {"language": languages[n]}}),
            )
        })
        .collect();
    house.write("data.jsonl", &rows.concat());
    answers_from(&house, &now);
    let server = tests::process::Server::emulator(
        house.path(),
        &["--replay", "answers.jsonl", "--time-scale", "500"],
    );
    let words = tests::house::run_words(&server, "friday", &["model-a"]);
    let said = house.call(&words);
    assert_eq!(said.code, Some(0), "{said:?}");

    let drift = object(&house.call_without_key(&[
        "drift",
        "friday",
        "--slice",
        "/metadata/language",
        "--json",
    ]));
    assert_eq!((drift["rows"].as_u64(), drift["logged"].as_u64()), (Some(6), Some(6)), "{drift}");
    let model = &drift["models"][0];
    let calls = &model["calls"];
    assert_eq!((calls["same"].as_u64(), calls["none"].as_u64()), (Some(1), Some(2)), "{calls}");
    let first = |kind: &str| calls[kind]["first"].clone();
    assert_eq!(
        (first("arguments"), first("gone"), first("new")),
        (json!([1]), json!([2]), json!([3])),
        "{calls}"
    );
    let verdicts = &model["verdicts"][0];
    assert_eq!(
        (verdicts["rows"].as_u64(), verdicts["both_pass"].as_u64()),
        (Some(6), Some(2)),
        "{verdicts}"
    );
    assert_eq!(
        (verdicts["lost"]["first"].clone(), verdicts["won"]["first"].clone()),
        (json!([2]), json!([3]))
    );
    assert_eq!(model["texts"]["changed"]["first"], json!([5]), "{model}");
    assert_eq!(model["texts"]["letters"]["mean"], 4.5, "{model}");
    let slices = model["slices"].as_array().unwrap();
    let of = |value: &str| slices.iter().find(|slice| slice["value"] == value).unwrap();
    assert_eq!(
        (of("de")["rows"].as_u64(), of("de")["flipped"].as_u64()),
        (Some(3), Some(2)),
        "{slices:?}"
    );
    assert_eq!((of("en")["rows"].as_u64(), of("en")["calls_changed"].as_u64()), (Some(3), Some(1)));

    let said = house.call_without_key(&["drift", "friday", "--slice", "/metadata/language"]);
    for part in [
        "6 of 6 rows have a logged answer",
        "flipped 2 of 6 (33.3%)",
        "other arguments 1 of 6 (16.7%): rows 1",
        "/metadata/language",
    ] {
        assert!(said.stdout.contains(part), "{part} in {}", said.stdout);
    }
    let said = house.call_without_key(&["drift", "friday", "--slice", "metadata"]);
    assert_eq!((said.code, said.stderr.contains("--slice /metadata")), (Some(2), true), "{said:?}");
}

#[test]
fn runs_are_compared_row_by_row_whatever_their_order() {
    let house = House::with_rows(60);
    run(&house, "monday", &["-m", "sim-flash"]);
    run(&house, "tuesday", &["-m", "sim-flash"]);
    let same = object(&house.call_without_key(&["compare", "monday", "tuesday", "--json"]));
    assert_eq!(
        (same["matched"]["rows"].as_u64(), same["matched"]["by"].as_str()),
        (Some(60), Some("dataset")),
        "{same}"
    );
    for comparison in same["comparisons"].as_array().unwrap() {
        assert_eq!(
            (comparison["table"]["only_a"].as_u64(), comparison["table"]["only_b"].as_u64()),
            (Some(0), Some(0))
        );
        assert_eq!(comparison["difference"], 0.0, "{comparison}");
    }
    // The same rows backwards, some left out: matched by their requests.
    let text = std::fs::read_to_string(house.path().join("data.jsonl")).unwrap();
    let mut lines: Vec<&str> = text.lines().skip(10).collect();
    lines.reverse();
    house.write("data.jsonl", &(lines.join("\n") + "\n"));
    run(&house, "backwards", &[]);
    let back = object(&house.call_without_key(&["compare", "monday", "backwards", "--json"]));
    let matched = &back["matched"];
    assert_eq!(
        (matched["by"].as_str(), matched["rows"].as_u64()),
        (Some("request"), Some(50)),
        "{back}"
    );
    assert_eq!(
        (matched["only_before"].as_u64(), matched["only_after"].as_u64()),
        (Some(10), Some(0))
    );
    let comparison = &back["comparisons"][0];
    let pairs: u64 = ["both", "only_a", "only_b", "neither"]
        .iter()
        .map(|f| comparison["table"][f].as_u64().unwrap())
        .sum();
    assert_eq!(Some(pairs), comparison["rows"].as_u64(), "{comparison}");
    assert_eq!(
        (comparison["table"]["only_a"].as_u64(), comparison["table"]["only_b"].as_u64()),
        (Some(0), Some(0)),
        "equal requests are answered alike: {comparison}"
    );
    assert!(
        comparison["table"]["both"].as_u64() > Some(0)
            && comparison["table"]["neither"].as_u64() > Some(0)
    );

    let other = house.call_without_key(&["compare", "monday", "backwards", "--with", "sim-flash"]);
    assert!(other.code == Some(0) && other.stdout.contains("sim-pro in backwards"), "{other:?}");
    assert!(other.stdout.contains("not in both and left out: 10 of monday"), "{other:?}");
    house.write("data.jsonl", &rows::plain_file(0..5));
    run(&house, "foreign", &[]);
    for (words, part) in [
        (["compare", "monday", "foreign"], "no row in common"),
        (["compare", "monday", "monday"], "is one run"),
        (["compare", "monday", "nobody"], "nobody"),
    ] {
        let said = house.call_without_key(&words);
        assert_eq!((said.code, said.stderr.contains(part)), (Some(2), true), "{words:?}: {said:?}");
    }
}
