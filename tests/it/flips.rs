//! One byte of one file of a run folder is changed, or the file is cut there or gone: what is looked at afterwards is
//! right or refused, nothing is made twice, and nothing panics.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tests::death::{chance, told};
use tests::house::{House, creates, run_words};
use tests::process::{Said, Server};

/// Damages tried for each kind of folder. `FLIPS` asks for more, `FLIPS_FROM` for others.
const FLIPS: u64 = 40;

/// Exit codes that say what is wrong: usage, rows, key, verification, the run folder, a scorer, a person, a disk.
const REFUSED: [i32; 8] = [2, 3, 4, 6, 8, 9, 10, 74];

#[derive(Debug)]
enum Damage {
    Bit(u8),
    Byte(u8),
    Cut,
    Gone,
}

/// The files of a folder, in order; locks are no files to keep.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.metadata().unwrap().len() > 0 {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Damages what the number draws; says what was done.
fn damage(run: &Path, n: u64) -> String {
    let files = files(run);
    let drawn = chance(9, n);
    // Every file has its turn.
    let file = &files[usize::try_from(n).unwrap() % files.len()];
    let mut bytes = fs::read(file).unwrap();
    let at = usize::try_from(drawn >> 16).unwrap() % bytes.len();
    let damage = match drawn % 8 {
        0..=3 => Damage::Bit(1 << (drawn >> 8 & 7)),
        4 => Damage::Byte(u8::try_from(drawn >> 8 & 0xff).unwrap()),
        5 | 6 => Damage::Cut,
        _ => Damage::Gone,
    };
    match damage {
        Damage::Bit(bit) => bytes[at] ^= bit,
        Damage::Byte(byte) => bytes[at] = byte,
        Damage::Cut => bytes.truncate(at),
        Damage::Gone => {}
    }
    // A new file in its place, as a bad disk would not ask whether it may be written.
    let permissions = fs::metadata(file).unwrap().permissions();
    fs::remove_file(file).unwrap();
    if !matches!(damage, Damage::Gone) {
        fs::write(file, bytes).unwrap();
        fs::set_permissions(file, permissions).unwrap();
    }
    format!("{damage:?} at {at} of {}", file.strip_prefix(run).unwrap().display())
}

/// The columns of a report, without what differs from one session to the next.
fn columns(report: &Value) -> &Value {
    &report["models"]
}

/// The figures that a command printed, if it printed any.
fn printed(said: &Said) -> Option<Value> {
    let last = said.stdout.lines().last()?;
    let last: Value = serde_json::from_str(last).ok()?;
    let report = if last["report"].is_object() { &last["report"] } else { &last };
    report["models"].is_array().then(|| columns(report).clone())
}

fn check(house: &House, server: &Server, name: &str, whole: &Value) {
    let mut jobs = creates(server).len();
    let from = told("FLIPS_FROM", 0);
    for n in from..from + told("FLIPS", FLIPS) {
        let runs = house.path().join(format!("{name}{n}"));
        fs::create_dir(&runs).unwrap();
        copy(&house.run(name), &runs.join(name));
        let what = damage(&runs.join(name), n);
        let runs_dir = runs.to_str().unwrap();
        let commands: [&[&str]; 3] = [
            &["status", name, "--runs-dir", runs_dir],
            &["report", name, "--json", "--runs-dir", runs_dir],
            &["resume", name, "--json", "--poll-interval", "30ms", "--runs-dir", runs_dir],
        ];
        for words in commands {
            let said = house.call(words);
            let cell = format!("damage {n}, {what}: {}: {said:?}", words[0]);
            assert!(!said.stderr.contains("panicked"), "{cell}");
            let code = said.code.unwrap_or_else(|| panic!("a signal ended it: {cell}"));
            assert!(code == 0 || REFUSED.contains(&code), "{cell}");
            if let Some(figures) = printed(&said)
                && code == 0
                && words[0] != "status"
            {
                // A run that is not at its end has rows missing, and says so.
                let early = missing(&figures) > missing(columns(whole));
                let may = words[0] == "report" && early;
                assert!(may || figures == *columns(whole), "other figures in silence: {cell}");
            }
        }
        let more = creates(server).len() - jobs;
        jobs += more;
        // A journal that lost whole lines is one of an earlier time: what was made since is found by its mark.
        assert_eq!(more, 0, "a second job after damage {n}, {what}");
        fs::remove_dir_all(&runs).unwrap();
    }
}

/// Rows of the model that never came, by these columns.
fn missing(columns: &Value) -> u64 {
    let columns = columns.as_array().into_iter().flatten();
    let models = columns.filter(|column| column["role"] == "model");
    models.filter_map(|column| column["outcomes"]["missing"].as_u64()).sum()
}

fn made(until: &[&str]) -> (House, Server) {
    let house = House::with_rows(6);
    let server = Server::emulator(house.path(), &["--time-scale", "300", "--control"]);
    let mut words = run_words(&server, "whole", &["sim-a"]);
    words.extend(["--settle", "100ms"]);
    words.extend(until);
    let said = house.call(&words);
    assert_eq!(said.code, Some(0), "{said:?}");
    (house, server)
}

#[test]
fn a_byte_of_a_finished_run_that_flips_changes_no_figure_in_silence() {
    let (house, server) = made(&[]);
    let whole = house.report("whole");
    check(&house, &server, "whole", &whole);
}

#[test]
fn a_byte_of_a_run_under_way_that_flips_makes_no_second_job() {
    let (house, server) = made(&["--until", "submitted"]);
    let runs = house.path().join("reference");
    fs::create_dir(&runs).unwrap();
    copy(&house.run("whole"), &runs.join("whole"));
    let words = ["resume", "whole", "--poll-interval", "30ms", "--runs-dir", "reference"];
    let said = house.call(&words);
    assert_eq!(said.code, Some(0), "{said:?}");
    let report = fs::read(runs.join("whole/report/report.json")).unwrap();
    check(&house, &server, "whole", &serde_json::from_slice(&report).unwrap());
}

#[test]
fn logged_answers_that_were_changed_are_refused_by_name() {
    let (house, _server) = made(&[]);
    let path = house.run("whole").join("input/logged.jsonl");
    let kept = fs::read_to_string(&path).unwrap();
    let changed = kept.replacen("\"finishReason\"", "\"finishreason\"", 1);
    assert_ne!(kept, changed);
    fs::write(&path, changed).unwrap();
    let said = house.call(&["report", "whole"]);
    assert_eq!(said.code, Some(8), "{said:?}");
    assert!(said.stderr.contains("logged.jsonl is not the file"), "{said:?}");
}
