//! Datasets as they lie about: packed, in several files, behind pipes; and the rows that are taken.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;
use tests::house::{House, column, creates, run_words};
use tests::process::{Said, Server, batch_eval};
use tests::rows;

fn house(n_rows: usize) -> House {
    let house = House::with_rows(0);
    house.write("data.jsonl", &rows::plain_file(0..n_rows));
    house
}

fn prepared(house: &House, name: &str, words: &[&str]) -> Said {
    let mut all = vec!["run"];
    all.extend(words);
    all.extend(["--name", name, "--emulator", "--until", "prepared"]);
    house.call_without_key(&all)
}

/// The numbers that the rows of a run ask about.
fn asked(house: &House, run: &str) -> Vec<usize> {
    let number = |row: &Value| {
        let text = row["request"]["contents"][0]["parts"][0]["text"].as_str().unwrap();
        text.split(' ').nth(2).unwrap().parse().unwrap()
    };
    house.input(run, "s0001.v0").iter().map(number).collect()
}

fn packed(house: &House, program: &str, from: &str, to: &str) {
    let out = fs::File::create(house.path().join(to)).unwrap();
    let done = Command::new(program).arg("-c").arg(house.path().join(from)).stdout(out).status();
    assert!(done.unwrap().success());
}

#[test]
fn packed_files_and_several_are_read_as_one_dataset() {
    let house = house(5);
    house.write("more.jsonl", &rows::plain_file(5..9));
    packed(&house, "gzip", "data.jsonl", "data.jsonl.gz");
    let inputs: &[&[&str]] = &[&["data.jsonl", "more.jsonl"], &["data.jsonl.gz", "more.jsonl"]];
    for (at, words) in inputs.iter().enumerate() {
        let run = format!("several-{at}");
        let said = prepared(&house, &run, words);
        assert_eq!(said.code, Some(0), "{said:?}");
        assert_eq!(asked(&house, &run), (0..9).collect::<Vec<_>>());
    }
    let one = fs::read(house.run("several-0").join("input/s0001.v0.jsonl")).unwrap();
    let other = fs::read(house.run("several-1").join("input/s0001.v0.jsonl")).unwrap();
    assert!(one == other, "packed or not, the same bytes go out");
    // What lies there is known again; something else of the same name is not.
    assert_eq!(prepared(&house, "several-0", &["data.jsonl", "more.jsonl"]).code, Some(0));
    let said = prepared(&house, "several-0", &["more.jsonl", "data.jsonl"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    let bad = prepared(&house, "bad", &["data.jsonl", "nowhere.jsonl"]);
    assert!(bad.code == Some(2) && bad.stderr.contains("nowhere.jsonl"), "{bad:?}");
}

#[test]
fn zstd_is_read_and_a_cut_file_is_refused_by_name() {
    let house = house(5);
    // A raw block in a zstd frame of a known size: no packer is needed for it.
    let text = fs::read(house.path().join("data.jsonl")).unwrap();
    let size = u32::try_from(text.len()).unwrap();
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0b1010_0000];
    frame.extend(size.to_le_bytes());
    frame.extend(&((size << 3) | 1).to_le_bytes()[..3]);
    frame.extend(&text);
    fs::write(house.path().join("data.zst"), &frame).unwrap();
    let said = prepared(&house, "zst", &["data.zst"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(asked(&house, "zst"), [0, 1, 2, 3, 4]);
    fs::write(house.path().join("cut.zst"), &frame[..frame.len() - 9]).unwrap();
    let said = prepared(&house, "cut", &["cut.zst"]);
    assert!(matches!(said.code, Some(3 | 74)), "{said:?}");
    assert!(said.stderr.contains("cut.zst") && !house.run("cut").exists(), "{said:?}");
}

#[test]
fn rows_come_through_a_pipe_by_path_or_by_standard_input() {
    let house = house(6);
    let fifo = house.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let text = fs::read(house.path().join("data.jsonl")).unwrap();
    let writer = std::thread::spawn({
        let (fifo, text) = (fifo.clone(), text.clone());
        move || fs::write(fifo, text).unwrap()
    });
    let said = prepared(&house, "fifo", &["pipe"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    writer.join().unwrap();
    assert_eq!(asked(&house, "fifo"), (0..6).collect::<Vec<_>>());

    let words = ["run", "-", "--name", "stdin", "--emulator", "--until", "prepared"];
    let mut child = batch_eval(house.path(), words)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&text).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(asked(&house, "stdin"), (0..6).collect::<Vec<_>>());
    let said = prepared(&house, "drawn", &["-", "--sample", "2"]);
    assert_eq!(said.code, Some(2), "what is read once cannot be drawn from: {said:?}");
}

#[test]
fn rows_are_chosen_by_range_by_number_and_by_chance() {
    let house = house(20);
    let chosen = |name: &str, words: &[&str]| {
        let mut all = vec!["data.jsonl"];
        all.extend(words);
        let said = prepared(&house, name, &all);
        assert_eq!(said.code, Some(0), "{said:?}");
        asked(&house, name)
    };
    assert_eq!(chosen("head", &["--head", "3"]), [0, 1, 2]);
    assert_eq!(chosen("range", &["--rows", "5..8"]), [5, 6, 7]);
    assert_eq!(chosen("both", &["--rows", "5..", "--head", "2"]), [5, 6]);
    let drawn = chosen("drawn", &["--sample", "5", "--seed", "7"]);
    assert_eq!(drawn.len(), 5);
    assert_eq!(chosen("again", &["--sample", "5", "--seed", "7"]), drawn);
    assert_ne!(chosen("other", &["--sample", "5", "--seed", "8"]), drawn);

    let said = prepared(&house, "head", &["data.jsonl", "--head", "3"]);
    assert_eq!(said.code, Some(0), "the same goes on: {said:?}");
    let said = prepared(&house, "head", &["data.jsonl", "--head", "4"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.stderr.contains("--head 3") && said.stderr.contains("--head 4"), "{said:?}");
    let said = prepared(&house, "odd", &["data.jsonl", "--rows", "8..x"]);
    assert!(said.code == Some(2) && said.stderr.contains("--rows"), "{said:?}");
}

#[test]
fn equal_requests_are_sent_once_and_each_is_judged_beside_its_own_logged_answer() {
    let house = House::with_rows(0);
    // Rows 0, 2 and 5 ask the same; only row 2 was logged with a call.
    let call = r#"{"text":"0"}"#;
    let called = rows::plain(0).replace(call, r#"{"functionCall":{"name":"add","args":{}}}"#);
    assert_ne!(called, rows::plain(0));
    let lines =
        [rows::plain(0), rows::plain(1), called, rows::plain(3), rows::plain(1), rows::plain(0)];
    house.write("data.jsonl", &(lines.join("\n") + "\n"));
    let server = Server::emulator(house.path(), &["--time-scale", "300", "--control"]);
    let mut words = run_words(&server, "each", &["sim-a"]);
    assert_eq!(house.call(&words).code, Some(0));
    words = run_words(&server, "once", &["sim-a"]);
    words.push("--dedupe");
    let said = house.call(&words);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(house.input("once", "s0001.v0").len(), 3);
    let (each, once) = (house.report("each"), house.report("once"));
    assert_eq!(column(&once, "sim-a", None)["submitted"], 6);
    let logged = |report: &Value| report["models"][0].clone();
    assert_eq!(logged(&once)["scores"][0]["passes"], 1, "{once}");
    assert_eq!(logged(&once)["scores"], logged(&each)["scores"]);
    let outcomes = |report: &Value| column(report, "sim-a", None)["outcomes"].clone();
    assert_eq!(outcomes(&once)["missing"], 0, "{once}");
    assert_eq!(creates(&server).len(), 2);
}

#[test]
fn rows_that_are_answered_by_others_are_not_sent_again_themselves() {
    let house = House::with_rows(0);
    house.write("data.jsonl", &rows::plain_file([0, 1, 0, 2, 1]));
    house.write("script.toml", "[[jobs]]\ntimes = 1\nplan = { failing = { lines = [2] } }\n");
    let words =
        ["--time-scale", "300", "--control", "--answers", "echo", "--script", "script.toml"];
    let server = Server::emulator(house.path(), &words);
    let mut words = run_words(&server, "once", &["sim-a"]);
    words.push("--dedupe");
    assert_eq!(house.call(&words).code, Some(0));
    assert_eq!(column(&house.report("once"), "sim-a", None)["outcomes"]["error"], 2);
    let said = house.call(&["retry", "once", "--poll-interval", "30ms"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(house.input("once", "s0002.v0").len(), 1);
    assert_eq!(column(&house.report("once"), "sim-a", None)["outcomes"]["answered"], 5);
}

#[test]
fn what_is_dropped_is_not_sent_and_not_lost() {
    let house = house(3);
    let words =
        ["data.jsonl", "--drop", "/request/generationConfig/temperature", "--drop", "/metadata"];
    let said = prepared(&house, "drop", &words);
    assert_eq!(said.code, Some(0), "{said:?}");
    for row in house.input("drop", "s0001.v0") {
        assert!(row["request"]["generationConfig"].get("temperature").is_none(), "{row}");
        assert_eq!(row["request"]["generationConfig"]["maxOutputTokens"], 64, "{row}");
    }
    let logged = fs::read_to_string(house.run("drop").join("input/logged.jsonl")).unwrap();
    assert!(logged.contains("/generationConfig/temperature\":0.5"), "{logged}");
    let said = prepared(&house, "odd", &["data.jsonl", "--drop", "request"]);
    assert!(said.code == Some(2) && said.stderr.contains("--drop request"), "{said:?}");
}

#[test]
fn words_that_make_no_sense_leave_no_run_behind() {
    let house = House::with_rows(3);
    for odd in [["--rows", "5"], ["--where", ".a |"], ["--drop", "labels"]] {
        let mut words = vec!["run", "data.jsonl", "--emulator"];
        words.extend(odd);
        let said = house.call_without_key(&words);
        assert_eq!(said.code, Some(2), "{odd:?}: {said:?}");
        assert!(!house.path().join("runs").exists(), "{odd:?} left a folder");
    }
}
