//! The rows of a run as files: each with its own answers, under variants and with doubles sent only once.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tests::house::{House, run_words};
use tests::process::Server;
use tests::schema::{Met, Published};

use crate::variants::CONFIG;

/// Nine rows, of which each third asks the same.
fn house() -> House {
    let house = House::with_rows(0);
    let row = |n: usize| {
        let ask = if n % 3 == 2 { "the same".to_owned() } else { format!("number {n}") };
        json!({
            "key": format!("case-{n}"),
            "request": {"contents": [{"role": "user", "parts": [{"text": format!("Say {ask}")}]}]},
            "response": {"candidates": [{"content": {"parts": [{"text": format!("=logged {n}")}]}}]},
            "country": if n.is_multiple_of(2) { "de" } else { "fr" },
        })
        .to_string()
    };
    house.write("data.jsonl", &(0..9).map(|n| row(n) + "\n").collect::<String>());
    house.write("batch-eval.toml", CONFIG);
    house
}

fn lines(house: &House, words: &[&str]) -> Vec<Value> {
    let said = house.call(&[&["report", "book", "--format", "jsonl"], words].concat());
    assert_eq!(said.code, Some(0), "{said:?}");
    said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_row_has_its_own_answers() {
    let house = house();
    let server = Server::emulator(house.path(), &["--time-scale", "300"]);
    let mut words = run_words(&server, "book", &[]);
    words.extend(["--dedupe", "--slice", "/country", "--scorer", "words(min=1)"]);
    let said = house.call(&words);
    assert_eq!(said.code, Some(0), "{said:?}");

    let found = lines(&house, &["--slice", "/country"]);
    assert_eq!(found.len(), 9 * 5, "a line for each row and column");
    let titles =
        ["logged", "sim-flash/as-logged", "sim-pro/as-logged", "sim-flash/terse", "sim-pro/terse"];
    let place = |line: &Value| titles.iter().position(|title| line["column"] == *title).unwrap();
    for (at, line) in found.iter().enumerate() {
        let (row, column) = (at / 5, place(line));
        assert_eq!(
            (line["row"].as_u64(), line["dataset_key"].as_str()),
            (Some(row as u64), Some(&*format!("case-{row}")))
        );
        assert_eq!(line["slices"]["/country"], ["de", "fr"][row % 2]);
        if column == 0 {
            assert_eq!(line["text"], format!("=logged {row}"));
        }
        // What came back is told of the row that was sent and of every double of it.
        if row % 3 == 2 {
            let first = found[2 * 5..3 * 5].iter().find(|one| place(one) == column).unwrap();
            let same = ["outcome", "tokens", "error"].iter().all(|name| line[name] == first[name]);
            assert!(same && (column == 0 || line["text"] == first["text"]), "{line} {first}");
        }
    }
    // The raw lines say the same, each under its own key and in the folder of its own model and variant.
    let raw = fs::read_to_string(house.run("book").join("jobs/s0001.v1.m0/raw.jsonl")).unwrap();
    let raw: Vec<Value> = raw.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(raw.len(), 7, "two doubles were not sent");
    for line in &raw {
        // The rest of a key is of the request as this variant sent it.
        let row: u64 = line["key"].as_str().unwrap()[1..9].parse().unwrap();
        let told = found.iter().find(|one| one["row"] == row && place(one) == 3).unwrap();
        let parts = line["response"]["candidates"][0]["content"]["parts"].as_array();
        let texts = parts.into_iter().flatten().filter(|part| part["thought"] != true);
        let texts: Vec<&str> = texts.filter_map(|part| part["text"].as_str()).collect();
        assert_eq!(told["text"], texts.join("\n"));
    }

    // Made again from nothing it is the same, and where lines lie is no scoring.
    let scores = house.run("book").join("scores");
    fs::remove_dir_all(scores.join("places")).unwrap();
    assert_eq!(lines(&house, &["--slice", "/country"]), found);
    assert!(scores.join("places").is_dir());
    let listed = house.call(&["score", "book", "--list"]);
    assert!(listed.code == Some(0) && !listed.stdout.contains("places"), "{listed:?}");

    // The page that is asked for is the one that is kept; other scorers have a page of their own.
    let kept = house.run("book").join("report/report.html");
    let page = house.path().join("page.html");
    let said = house.call(&["report", "book", "--format", "html", "-o", "page.html"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let own = fs::read(&kept).unwrap();
    assert_eq!(own, fs::read(page).unwrap());
    assert_eq!(house.call(&["score", "book", "--scorer", "no-call"]).code, Some(0));
    assert_eq!(own, fs::read(&kept).unwrap());
    let pages = fs::read_dir(kept.parent().unwrap()).unwrap();
    let pages =
        pages.filter(|file| file.as_ref().unwrap().path().extension() == Some("html".as_ref()));
    assert_eq!(pages.count(), 2);
}

/// The folders in a folder, in the order of their names.
fn folders(path: &Path) -> Vec<PathBuf> {
    let mut all: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.retain(|path| path.is_dir());
    all.sort();
    all
}

fn objects(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What a judge said, as it is told: `winner: A. It says more.`
fn told(text: &str) -> String {
    let said: Value = serde_json::from_str(text).unwrap();
    let verdict = ["pass", "winner"].into_iter().find(|name| said.get(name).is_some()).unwrap();
    let value = said[verdict].as_str().map_or_else(|| said[verdict].to_string(), str::to_owned);
    format!("{verdict}: {value}. {}", said["reason"].as_str().unwrap())
}

/// What one judge said of a row, a column, in either order, by its rounds on disk; equal questions were sent once.
fn said_on_disk(judge: &Path) -> BTreeMap<(u64, u64, bool), Option<String>> {
    let mut said = BTreeMap::new();
    for round in folders(judge) {
        let asked = objects(&round.join("input/logged.jsonl"));
        let print = |asked: &Value| asked["row"]["judged"]["print"].as_str().unwrap().to_owned();
        let mut answers = BTreeMap::new();
        for line in objects(&round.join("jobs/s0001.v0.m0/raw.jsonl")) {
            let question = asked.iter().find(|one| one["key"] == line["key"]).unwrap();
            let text = line["response"]["candidates"][0]["content"]["parts"][0]["text"].as_str();
            answers.insert(print(question), text.map(told));
        }
        for question in &asked {
            let place = &question["row"]["judged"]["place"];
            let second = place["backward"].as_bool().unwrap_or_default();
            let [row, column] = ["row", "column"].map(|name| place[name].as_u64().unwrap());
            said.insert((row, column, second), answers.get(&print(question)).cloned().flatten());
        }
    }
    said
}

/// The first job of a judge fails at two rows and leaves one out.
const LACKING: &str = r#"
[[jobs]]
when = { model = "*judge" }
times = 1
plan = { failing = { lines = [2, 5] }, missing = { lines = [7] }, row_error = { code = 13, message = "internal" } }
"#;

#[test]
fn what_judges_said_stands_beside_each_answer_in_every_form() {
    let house = house();
    house.write("script.toml", LACKING);
    let rates = ["--judge-unparsable", "0", "--judge-error", "0.4", "--judge-position-bias", "0.4"];
    let script = ["--time-scale", "300", "--script", "script.toml"];
    let server = Server::emulator(house.path(), &[&script[..], &rates].concat());
    let rubric = r#"judge:rubric(model="sim-judge", rubric="It greets.", logged)"#;
    let pairwise = r#"judge:pairwise(model="sim-judge")"#;
    let mut words = run_words(&server, "book", &[]);
    words.extend(["--dedupe", "--scorer", rubric, "--scorer", pairwise]);
    assert_eq!(house.call(&words).code, Some(0));
    let one_round = lines(&house, &[]);
    let retried = house.call(&["retry", "book", "--accept-partial", "--poll-interval", "30ms"]);
    assert_eq!(retried.code, Some(0), "{retried:?}");

    let judges: Vec<_> = folders(&house.run("book").join("judges"));
    assert!(judges.iter().any(|judge| folders(judge).len() == 2), "one was asked again");
    let published = Published::read();
    let mut met = Met::new();
    let (mut told, mut lacking) = (0, 0);
    let found = lines(&house, &[]);
    for (at, line) in found.iter().enumerate() {
        published.check_as(line, "rows-1.json", &mut met).unwrap();
        let (row, column) = (at as u64 / 5, at as u64 % 5);
        let mut want: Vec<Value> = Vec::new();
        for judge in &judges {
            let said = said_on_disk(judge);
            let scorer =
                if said.keys().any(|(.., second)| *second) { "pairwise" } else { "rubric" };
            let scorer = format!("judge:{scorer}");
            for second in [false, true] {
                if let Some(said) = said.get(&(row, column, second)) {
                    want.push(json!({"scorer": scorer, "second": second, "said": said}));
                }
            }
        }
        // In the order of the run's scorers.
        want.sort_by_key(|said| said["scorer"] == "judge:pairwise");
        assert_eq!(line["judges"], json!(want), "{line}");
        told += want.len();
        let before = one_round[at]["judges"].as_array().unwrap();
        lacking += before.iter().filter(|said| said["said"].is_null()).count();
        if column == 0 {
            let shown = house.call(&["show", "book", &row.to_string(), "--json"]);
            let shown: Value = serde_json::from_str(shown.stdout.trim()).unwrap();
            for (beside, answer) in shown["answers"].as_array().unwrap().iter().enumerate() {
                let judges = answer.get("judges").cloned().unwrap_or_else(|| json!([]));
                assert_eq!(judges, found[at + beside]["judges"], "{answer}");
            }
        }
    }
    assert!(told > 60 && lacking >= 3, "{told} were told, of which {lacking} came later");
    for at in ["judges/*/said", "judges/*/second", "tokens/total", "slices", "function_calls"] {
        assert!(met.contains(&format!("rows-1.json#/{at}")), "{at}");
    }

    let csv = house.call(&["report", "book", "--format", "csv"]).stdout;
    let head = csv.lines().next().unwrap();
    assert!(head.ends_with(",said judge:rubric,said judge:pairwise"), "{head}");
    let first = found[1]["judges"][0]["said"].as_str().unwrap();
    assert!(
        csv.contains(first) && csv.contains("\nthis answer second: winner: "),
        "{first}: {csv}"
    );
}
