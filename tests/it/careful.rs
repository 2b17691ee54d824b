//! Places where a careless program loses data, money or trust.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use tests::house::{House, creates, run_words};
use tests::process::{Said, Server, batch_eval, binary};

const GOOD: &str = "{\"request\":{\"contents\":[{\"parts\":[{\"text\":\"hello\"}]}]}}\n";

#[test]
fn transform_never_writes_over_its_own_dataset_or_a_device() {
    let house = House::with_rows(3);
    let before = fs::read(house.path().join("data.jsonl")).unwrap();
    std::os::unix::fs::symlink("data.jsonl", house.path().join("link")).unwrap();
    for out in ["data.jsonl", "./data.jsonl", "link"] {
        let said = house.call_without_key(&["transform", "data.jsonl", "-o", out]);
        assert_eq!(said.code, Some(2), "{out}: {said:?}");
    }
    assert_eq!(fs::read(house.path().join("data.jsonl")).unwrap(), before);
    let said = house.call_without_key(&["transform", "data.jsonl", "-o", "/dev/full"]);
    assert_eq!(said.code, Some(74), "{said:?}");
    assert!(!fs::metadata("/dev/full").unwrap().is_file(), "it is a device still");
}

#[test]
fn no_made_up_figure_stands_under_a_real_name_by_accident() {
    let house = House::with_rows(3);
    let said = house.call_without_key(&["run", "data.jsonl", "-m", "gemini-3.8-flash"]);
    assert_eq!(said.code, Some(4), "{said:?}");
    let words = ["run", "data.jsonl", "-m", "gemini-3.8-flash", "--emulator", "--accept-partial"];
    let said = house.call_without_key(&words);
    assert_eq!(said.code, Some(0), "asked for, it is done: {said:?}");
    assert!(said.stdout.contains("emulated"), "{said:?}");
}

#[test]
fn the_emulator_is_taken_when_asked_for_whatever_the_environment_says() {
    let house = House::with_rows(3);
    let mut command = batch_eval(house.path(), ["run", "--emulator"]);
    command.env("GOOGLE_GEMINI_BASE_URL", "http://127.0.0.1:9").env("GEMINI_API_KEY", "any");
    let said = Said::from(command.output().unwrap());
    assert_eq!(said.code, Some(0), "{said:?}");
}

#[test]
fn the_sample_passes_with_failed_rows_but_not_with_missing_ones() {
    let house = House::with_rows(3);
    let words = ["run", "--name", "sample", "--until", "submitted"];
    assert_eq!(house.call_without_key(&words).code, Some(0));
    house.call_without_key(&["cancel", "sample"]);
    let said = house.call_without_key(&["resume", "sample"]);
    let report = house.report("sample");
    let missing: u64 = report["models"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|column| column["role"] == "model")
        .map(|column| column["outcomes"]["missing"].as_u64().unwrap())
        .sum();
    // A job may have finished before the cancel reached it.
    assert_eq!(said.code, Some(if missing > 0 { 6 } else { 0 }), "{missing} missing: {said:?}");
}

#[test]
fn a_refused_job_and_rows_left_out_stand_in_the_report() {
    let house = House::with_rows(3);
    house.write(
        "script.json",
        r#"{"faults": [{"when": {"path": "bad:batchGenerateContent"},
        "action": {"answer": {"status": 400, "json": {"error": {"code": 400,
        "status": "INVALID_ARGUMENT", "message": "Error on line 2: no such field"}}}}}]}"#,
    );
    house.write("some.jsonl", &format!("{GOOD}nonsense\n{GOOD}"));
    let server =
        Server::emulator(house.path(), &["--time-scale", "200", "--script", "script.json"]);
    let words = |models: &[&'static str], name: &'static str| {
        let mut words = run_words(&server, name, models).into_iter().map(str::to_owned);
        let mut words: Vec<String> = words.by_ref().collect();
        words[1] = "some.jsonl".to_owned();
        words.extend(["--bad-rows".to_owned(), "skip".to_owned()]);
        words
    };
    let call =
        |words: Vec<String>| house.call(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let said = call(words(&["good", "bad"], "half"));
    assert!(said.stdout.contains("bad: its job was refused"), "{said:?}");
    assert!(said.stdout.contains("no such field"), "{said:?}");
    // The second line that was sent is the third of the dataset: one was left out.
    let text = said.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("that is line 3 of some.jsonl"), "{said:?}");
    assert!(said.stdout.contains("1 row of the dataset left out"), "{said:?}");
    let said = call(words(&["bad"], "none"));
    assert_eq!(said.code, Some(6), "{said:?}");
    assert!(said.stderr.contains("refused every job"), "{said:?}");
}

#[test]
fn watching_a_run_that_nobody_works_on_ends() {
    let house = House::with_rows(3);
    let words = ["run", "data.jsonl", "--name", "idle", "--until", "submitted"];
    assert_eq!(house.call_without_key(&words).code, Some(0));
    let said = house.call_without_key(&["watch", "idle"]);
    assert_eq!(said.code, Some(75), "{said:?}");
    assert!(said.stderr.contains("batch-eval resume idle"), "{said:?}");
}

#[test]
fn an_interrupt_while_the_dataset_is_awaited_leaves_nothing() {
    let house = House::with_rows(3);
    let mut child = batch_eval(house.path(), ["run", "-", "--name", "piped"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.as_mut().unwrap().write_all(GOOD.as_bytes()).unwrap();
    while !house.path().join("runs/piped/LOCK").exists() {
        assert!(child.try_wait().unwrap().is_none(), "it waits for more rows");
    }
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let stdin = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    let said = Said::from(output);
    assert_eq!(said.code, Some(130), "{said:?}");
    assert!(said.stderr.contains("nothing was sent"), "{said:?}");
    assert!(!house.path().join("runs/piped").exists(), "no half-made run is left");
}

#[test]
fn a_hangup_that_was_ignored_at_the_start_stays_ignored() {
    let house = House::with_rows(3);
    let server = Server::emulator(house.path(), &["--time-scale", "15", "--control"]);
    let mut command = Command::new("nohup");
    command
        .arg(binary())
        .args(run_words(&server, "hup", &["sim-pro"]))
        .current_dir(house.path())
        .env("GEMINI_API_KEY", tests::house::KEY)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .stdin(Stdio::null());
    let mut child = command.spawn().unwrap();
    while creates(&server).is_empty() {
        assert!(child.try_wait().unwrap().is_none());
    }
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_damaged_result_file_can_be_fetched_again() {
    let house = House::with_rows(10);
    let server = Server::emulator(house.path(), &["--time-scale", "200", "--control"]);
    assert_eq!(house.call(&run_words(&server, "hurt", &["sim-pro"])).code, Some(0));
    let whole = house.report("hurt");
    let raw = house.path().join("runs/hurt/jobs/s0001.v0.m0/raw.jsonl");
    let bytes = fs::read(&raw).unwrap();
    fs::remove_file(&raw).unwrap();
    fs::write(&raw, &bytes[..bytes.len() / 2]).unwrap();
    let said = house.call_without_key(&["report", "hurt"]);
    assert_eq!(said.code, Some(8), "a changed result is not scored: {said:?}");
    let said = house.call(&["resume", "hurt", "--refetch", "--accept-partial"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(house.report("hurt"), whole);
    assert_eq!(creates(&server).len(), 1);
}

#[test]
fn a_download_cut_at_a_line_end_is_noticed() {
    let house = House::with_rows(10);
    let script = r#"{"faults": [{"when": {"path": ":download"}, "times": 1,
        "action": {"truncate": {"bytes": 0, "length": "absent"}}}]}"#;
    house.write("script.json", script);
    let server =
        Server::emulator(house.path(), &["--time-scale", "200", "--script", "script.json"]);
    let said = house.call(&run_words(&server, "cut", &["sim-pro"]));
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(house.report("cut")["models"][1]["outcomes"]["missing"], 0);
}

#[test]
fn a_key_may_come_from_a_pipe_but_not_from_a_file_that_others_read() {
    let house = House::with_rows(3);
    let server = Server::emulator(house.path(), &["--time-scale", "200"]);
    let words = run_words(&server, "piped-key", &["sim-pro"]).join(" ");
    let script = format!("{} {words} --api-key-file <(echo some-key)", binary().display());
    let mut command = Command::new("bash");
    command.args(["-c", &script]).current_dir(house.path()).env_remove("GEMINI_API_KEY");
    let said = Said::from(command.output().unwrap());
    assert_eq!(said.code, Some(0), "{said:?}");
}

#[test]
fn another_key_is_noticed() {
    let house = House::with_rows(3);
    let server = Server::emulator(house.path(), &["--time-scale", "200"]);
    let mut words = run_words(&server, "keys", &["sim-pro"]);
    words.extend(["--until", "submitted"]);
    assert_eq!(house.call(&words).code, Some(0));
    let mut command =
        batch_eval(house.path(), ["resume", "keys", "--poll-interval", "50ms", "--accept-partial"]);
    let said = Said::from(command.env("GEMINI_API_KEY", "AIzaOther0123456789").output().unwrap());
    assert!(said.stderr.contains("another key"), "{said:?}");
    let manifest = fs::read_to_string(house.path().join("runs/keys/run.json")).unwrap();
    assert!(manifest.contains("key_fingerprint") && !manifest.contains("CANARY"), "{manifest}");
}
