//! Journals that lost lines, such as those that sent rows again: the jobs are found by their marks, none is paid
//! for twice, and no row is lost.

use serde_json::Value;
use tests::house::{House, KEY, column, creates, run_words};
use tests::process::{Said, Server, batch_eval};

/// Both models fail two rows at first; what is sent again gets through.
const SCRIPT: &str =
    "[[jobs]]\nwhen = { display_name = \".s0001.\" }\nplan = { failing = { lines = [2, 5] } }\n";
const RUN: &str = "lost";

/// A run of two models that both have rows to be sent again.
fn house() -> (House, Server) {
    let house = House::scripted(8, SCRIPT);
    let words =
        ["--time-scale", "300", "--control", "--script", "script.toml", "--answers", "echo"];
    let server = Server::emulator(house.path(), &words);
    let said = house.call(&run_words(&server, RUN, &["sim-a", "sim-b"]));
    assert_eq!((said.code, creates(&server).len()), (Some(0), 2), "{said:?}");
    (house, server)
}

fn call(house: &House, words: &[&str]) -> Said {
    call_with(house, KEY, words)
}

fn call_with(house: &House, key: &str, words: &[&str]) -> Said {
    let mut all = words.to_vec();
    all.insert(1, RUN);
    all.extend(["--poll-interval", "30ms", "--settle", "300ms", "--accept-partial"]);
    let mut command = batch_eval(house.path(), &all);
    Said::from(command.env("GEMINI_API_KEY", key).output().unwrap())
}

/// Damages the `nth` line that sent rows again.
fn damage(house: &House, nth: usize) {
    let mut lines = house.journal(RUN);
    let of_kind = |line: &&mut String| line.contains("\"attempted\"");
    let line = lines.iter_mut().filter(of_kind).nth(nth).unwrap();
    *line = line.replace("attempted", "attenpted");
    house.write(&format!("runs/{RUN}/journal.jsonl"), &(lines.join("\n") + "\n"));
    let said = call(house, &["resume"]);
    assert_eq!(said.code, Some(8), "{said:?}");
    assert!(said.stderr.contains("--repair"), "{said:?}");
}

fn answered(house: &House, model: &str) -> Value {
    column(&house.report(RUN), model, None)["outcomes"]["answered"].clone()
}

#[test]
fn jobs_for_rows_sent_again_are_found_by_their_marks_and_not_paid_for_twice() {
    let (house, server) = house();
    // Only the second model's rows: without the line, nothing in the folder tells whose they are.
    let said = call(&house, &["retry", "-m", "sim-b", "--until", "submitted"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 3), "{said:?}");
    damage(&house, 0);
    let said = call(&house, &["resume", "--repair", "--until", "prepared"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 3), "{said:?}");
    let said = call(&house, &["retry"]);
    assert_eq!((said.code, creates(&server).len()), (Some(10), 3), "{said:?}");
    assert!(said.stderr.contains("that the run's journal does not tell of"), "{said:?}");
    let said = call(&house, &["resume"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 3), "{said:?}");
    assert!(said.stderr.contains("1 job of sim-b found again"), "{said:?}");
    assert_eq!((answered(&house, "sim-a"), answered(&house, "sim-b")), (6.into(), 8.into()));
    // What was not sent again may be now.
    let said = call(&house, &["retry"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 4), "{said:?}");
    assert_eq!((answered(&house, "sim-a"), answered(&house, "sim-b")), (8.into(), 8.into()));
    let said = call(&house, &["resume", "--repair"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 4), "{said:?}");
}

#[test]
fn with_another_key_they_are_not_looked_for_unless_it_is_said_to_see_them() {
    let (house, server) = house();
    let said = call(&house, &["retry", "-m", "sim-b", "--until", "submitted"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 3), "{said:?}");
    damage(&house, 0);
    let said = call(&house, &["resume", "--repair", "--until", "prepared"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let other = KEY.replace("CANARY", "OTHERS");
    let said = call_with(&house, &other, &["resume", "--retry-rows", "1"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 3), "{said:?}");
    for part in [
        "1 input may be at the service without a line in the journal",
        "a resume with the key that the run was made with, or with --on-ambiguous retry",
    ] {
        assert!(said.stderr.contains(part), "{part}: {said:?}");
    }
    assert!(!said.stderr.contains("found again"), "{said:?}");
    assert!(![KEY, &other].iter().any(|key| said.stderr.contains(*key)), "{said:?}");
    assert!(house.run(RUN).join("input/s0002.v0.jsonl").exists(), "kept for the other key");
    let said = call_with(&house, &other, &["retry"]);
    assert_eq!((said.code, creates(&server).len()), (Some(10), 3), "{said:?}");
    let next = format!("resume {RUN}, with the key that the run was made with");
    assert!(said.stderr.contains(&next), "{said:?}");
    // Whoever says that this key sees them has them looked for.
    let said = call_with(&house, &other, &["resume", "--on-ambiguous", "retry"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 3), "{said:?}");
    assert!(said.stderr.contains("1 job of sim-b found again"), "{said:?}");
    assert!(!said.stderr.contains("without a line in the journal;"), "{said:?}");
    assert_eq!(answered(&house, "sim-b"), 8);
}

#[test]
fn a_run_that_sends_rows_again_by_itself_finds_those_it_forgot_first() {
    let (house, server) = house();
    let said = call(&house, &["resume", "--retry-rows", "1"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 4), "{said:?}");
    let before = house.report(RUN)["models"].clone();
    for nth in [1, 0] {
        damage(&house, nth);
        let said = call(&house, &["resume", "--repair", "--retry-rows", "1"]);
        assert_eq!((said.code, creates(&server).len()), (Some(0), 4), "{nth}: {said:?}");
        assert_eq!(house.report(RUN)["models"], before);
    }
}

#[test]
fn rows_whose_second_job_never_came_to_be_are_looked_for_and_may_be_sent_then() {
    let (house, server) = house();
    let said = call(&house, &["retry", "--until", "uploaded"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 2), "{said:?}");
    damage(&house, 0);
    let input = house.run(RUN).join("input/s0002.v0.jsonl");
    assert!(input.exists());
    let said = call(&house, &["resume", "--repair"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 2), "sent by nobody: {said:?}");
    assert!(!input.exists(), "{said:?}");
    let said = call(&house, &["retry"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 4), "{said:?}");
    assert_eq!((answered(&house, "sim-a"), answered(&house, "sim-b")), (8.into(), 8.into()));
}

#[test]
fn a_job_whose_rows_cannot_be_told_is_named_and_nothing_is_sent_beside_it() {
    let (house, server) = house();
    let said = call(&house, &["retry", "-m", "sim-b"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 3), "{said:?}");
    damage(&house, 0);
    let input = house.run(RUN).join("input/s0002.v0.jsonl");
    let was = std::fs::read_to_string(&input).unwrap();
    std::fs::write(&input, was.lines().next().unwrap()).unwrap();
    let said = call(&house, &["resume", "--repair", "--retry-rows", "1"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 3), "{said:?}");
    let name = creates(&server)[2]["name"].as_str().unwrap().to_owned();
    assert!(said.stderr.contains(&format!("the job {name} is of this run")), "{said:?}");
    assert_eq!((call(&house, &["retry"]).code, creates(&server).len()), (Some(10), 3));
    // With the file as it was, it is known again.
    std::fs::write(&input, was).unwrap();
    let said = call(&house, &["resume"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 3), "{said:?}");
    assert_eq!(answered(&house, "sim-b"), 8);
}

/// Cuts the journal off at the end of a line, as if a disk had forgotten its last blocks.
fn keep_lines(house: &House, n: usize) {
    let kept = house.journal(RUN)[..n].join("\n") + "\n";
    house.write(&format!("runs/{RUN}/journal.jsonl"), &kept);
}

#[test]
fn a_journal_cut_off_at_any_line_makes_no_job_again() {
    let (house, server) = house();
    let said = call(&house, &["retry"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 4), "{said:?}");
    let whole = house.journal(RUN).join("\n") + "\n";
    let before = house.report(RUN)["models"].clone();
    let inputs =
        |house: &House| std::fs::read(house.run(RUN).join("input/s0002.v0.jsonl")).unwrap();
    let sent = inputs(&house);
    // One line at least is the run's own.
    for n in (1..whole.lines().count()).rev() {
        house.write(&format!("runs/{RUN}/journal.jsonl"), &whole);
        keep_lines(&house, n);
        let again: &[&str] = if n % 2 == 0 { &["--retry-rows", "1"] } else { &[] };
        let said = call(&house, &[&["resume"], again].concat());
        assert_eq!((said.code, creates(&server).len()), (Some(0), 4), "{n} lines: {said:?}");
        assert_eq!(house.report(RUN)["models"], before, "{n} lines: {said:?}");
        assert_eq!(inputs(&house), sent, "{n} lines: {said:?}");
    }
}
