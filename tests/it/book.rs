//! The rows of a run as files: each with its own answers, under variants and with doubles sent only once.

use std::fs;

use serde_json::{Value, json};
use tests::house::{House, run_words};
use tests::process::Server;

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
    let titles = [
        "logged",
        "sim-flash / as-logged",
        "sim-pro / as-logged",
        "sim-flash / terse",
        "sim-pro / terse",
    ];
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
