//! Judges asked again, half asked and asked for by strangers: what is paid for, what is shown, who is trusted.

use std::fs;

use serde_json::{Value, json};
use tests::death::kill_when;
use tests::house::{House, column, creates, run_words};
use tests::process::{Said, Server};

const MODEL: &str = "sim-flash";
const JUDGE: &str = r#"judge:rubric(model="sim-judge", rubric="It deals with the request.")"#;

fn report_of(said: &Said) -> Value {
    said.last()["report"].clone()
}

/// A judge of which the first job fails at two rows and leaves one out.
const SCRIPT: &str = r#"
[[jobs]]
when = { model = "*judge" }
times = 1
plan = { failing = { lines = [2, 5] }, missing = { lines = [7] }, row_error = { code = 13, message = "internal" } }
"#;

/// The questions that came back from the service, usable or not.
fn came(judge: &Value) -> u64 {
    let of = |lack: &Value| match lack["name"].as_str() {
        Some("no answer of the judge came" | "the judge's row failed at the service") => {
            lack["rows"].as_u64().unwrap()
        }
        _ => 0,
    };
    let lacks: u64 = judge["lacks"].as_array().unwrap().iter().map(of).sum();
    judge["asked"].as_u64().unwrap() - lacks
}

fn failing() -> (House, Server) {
    let house = House::scripted(8, SCRIPT);
    house.write("batch-eval.toml", "poll_interval = \"30ms\"\n");
    let words =
        ["--time-scale", "300", "--control", "--script", "script.toml", "--answers", "echo"];
    let server = Server::emulator(house.path(), &words);
    (house, server)
}

#[test]
fn questions_that_failed_at_the_service_are_asked_again_by_retry_alone_and_once() {
    let (house, server) = failing();
    let mut words = run_words(&server, "again", &[MODEL]);
    words.extend(["--scorer", JUDGE, "--json"]);
    let said = house.call(&words);
    assert_eq!(said.code, Some(0), "{said:?}");
    let judge = report_of(&said)["judges"][0].clone();
    assert_eq!((&judge["asked"], came(&judge)), (&json!(8), 5), "{judge}");
    assert_eq!(creates(&server).len(), 2);

    // Neither going on nor scoring again asks anything.
    for words in [&["resume", "again", "--accept-partial"][..], &["score", "again"]] {
        let said = house.call(words);
        assert_eq!((said.code, creates(&server).len()), (Some(0), 2), "{said:?}");
    }
    let said = house.call(&["retry", "again", "--dry-run"]);
    assert!(said.stdout.contains("judges would be asked 3 questions again"), "{said:?}");
    assert_eq!(creates(&server).len(), 2);

    let retry = ["retry", "again", "--poll-interval", "30ms", "--json"];
    let said = house.call(&retry);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 3), "{said:?}");
    let judge = report_of(&said)["judges"][0].clone();
    assert_eq!((&judge["asked"], came(&judge)), (&json!(8), 8), "{judge}");
    let said = house.call(&retry);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 3), "{said:?}");
    assert!(said.stdout.contains("\"sent\":false"), "{said:?}");
}

#[test]
fn a_judge_that_a_scoring_brought_is_asked_again_where_that_is_wished() {
    let (house, server) = failing();
    assert_eq!(house.call(&run_words(&server, "plain", &[MODEL])).code, Some(0));
    for (more, jobs, all) in
        [(&[][..], 2, 5), (&[], 2, 5), (&["--ask-again"], 3, 8), (&["--ask-again"], 3, 8)]
    {
        let mut words = vec!["score", "plain", "--scorer", JUDGE, "--json"];
        words.extend(more);
        let said = house.call(&words);
        assert_eq!((said.code, creates(&server).len()), (Some(0), jobs), "{said:?}");
        assert_eq!(came(&report_of(&said)["judges"][0]), all, "{said:?}");
    }
}

#[test]
fn a_round_that_the_budget_bears_in_part_is_asked_in_part_and_told_so() {
    let script = "[[jobs]]\nwhen = { model = \"*judge\" }\ntimes = 1\n\
        plan = { phases = [{ state = \"BATCH_STATE_RUNNING\", lasts_s = 900 }] }\n";
    let house = House::scripted(12, script);
    house.write("batch-eval.toml", "poll_interval = \"30ms\"\n");
    let words =
        ["--time-scale", "300", "--control", "--answers", "echo", "--script", "script.toml"];
    let server = Server::emulator(house.path(), &words);
    let model = |name: &str| {
        format!("[[model]]\nname = \"{name}\"\n[[model.price]]\ninput = 100\noutput = 100\n")
    };
    let (paid, judge) = (model("paid"), model("paid-judge"));
    let head = "schema = \"batch-eval/prices/1\"\ndate = \"2026-11-22\"\n";
    house.write("prices.toml", &format!("{head}{paid}{judge}"));
    // One small job at a time, so that there are some to bear and some not.
    let mut words = run_words(&server, "half", &["paid"]);
    words.extend(["--prices", "prices.toml", "--rows-per-shard", "4", "--jobs", "1"]);
    let said = house.call(&words);
    assert_eq!(said.code, Some(0), "{said:?}");
    let jobs = creates(&server).len();
    let judge = r#"judge:rubric(model="paid-judge", max-tokens=200)"#;
    let words = |budget: &'static str| {
        ["score", "half", "--scorer", judge, "--budget", budget, "--yes", "--json"]
    };
    // What does not fit as a whole is not begun, whatever is agreed to.
    let said = house.call(&words("0.05"));
    assert_eq!((said.code, creates(&server).len()), (Some(5), jobs), "{said:?}");

    let mut child = house.start(&words("5"));
    let came = kill_when(&mut child, || creates(&server).len() > jobs);
    assert!(came, "{:?}", fs::read_to_string(house.path().join("err")));
    // What was begun is waited for, and nothing is added that the budget does not bear.
    let said = house.call(&words("0.05"));
    assert_eq!((said.code, creates(&server).len()), (Some(5), jobs + 1), "{said:?}");
    assert!(said.stdout.contains("2 jobs not sent: the budget of $"), "{said:?}");
    let said = house.call(&words("5"));
    assert_eq!((said.code, creates(&server).len()), (Some(0), jobs + 3), "{said:?}");
    let judge = report_of(&said)["judges"][0].clone();
    assert_eq!((&judge["asked"], self::came(&judge)), (&json!(12), 12), "{judge}");
}

#[test]
fn why_a_judge_said_so_is_shown_beside_the_answer() {
    let house = House::scripted(3, "");
    let server =
        Server::emulator(house.path(), &["--time-scale", "300", "--judge-unparsable", "0"]);
    let mut words = run_words(&server, "why", &[MODEL]);
    let pairwise = r#"judge:pairwise(model="sim-judge")"#;
    words.extend(["--scorer", JUDGE, "--scorer", pairwise]);
    assert_eq!(house.call(&words).code, Some(0));
    let text = house.call_without_key(&["show", "why", "1"]);
    assert_eq!(text.code, Some(0), "{text:?}");
    assert!(text.stdout.contains("judge    judge:rubric: pass: "), "{text:?}");
    let shown = house.call_without_key(&["show", "why", "1", "--json"]);
    let shown: Value = serde_json::from_str(shown.stdout.trim()).unwrap();
    let answers = shown["answers"].as_array().unwrap();
    let of_model = answers.iter().find(|answer| answer["column"] == MODEL).unwrap();
    let said = of_model["judges"].as_array().unwrap();
    assert!(said.iter().any(|said| said["scorer"] == "judge:rubric"), "{of_model}");
    assert!(said.iter().all(|said| said["said"].is_string()), "{of_model}");
}

#[test]
fn what_answers_are_compared_with_is_not_said_to_lack_a_verdict() {
    let row = |n: usize| {
        json!({
            "request": {"contents": [{"parts": [{"text": format!("Where is parcel {n}?")}]}]},
            "response": {"candidates": [{"content": {"parts": [{"text": "On its way."}]}, "finishReason": "STOP"}]},
        })
        .to_string()
            + "\n"
    };
    let house = House::with_rows(0);
    house.write("data.jsonl", &(0..4).map(row).collect::<String>());
    let server = Server::emulator(house.path(), &["--time-scale", "300"]);
    let mut words = run_words(&server, "beside", &[MODEL]);
    words.extend(["--scorer", r#"judge:pairwise(model="sim-judge")"#]);
    let said = house.call(&words);
    assert_eq!(said.code, Some(0), "{said:?}");
    for wrong in ["in common", "no results for logged", "of logged: the judge was not asked"] {
        assert!(!said.stdout.contains(wrong), "{wrong}: {said:?}");
    }
    assert!(said.stdout.contains("not asked"), "{said:?}");
    let markdown = house.call_without_key(&["report", "beside", "--format", "md"]);
    assert!(!markdown.stdout.contains("in common"), "{markdown:?}");
    assert!(markdown.stdout.contains("sim-flash against logged"), "{markdown:?}");
}

#[test]
fn a_run_folder_alone_does_not_say_where_the_key_goes() {
    let house = House::scripted(2, "");
    // Made without our key; the address is one for documentation, where nobody is.
    let words = ["run", "data.jsonl", "--name", "theirs", "-m", MODEL, "--scorer", JUDGE];
    let more = ["--base-url", "https://192.0.2.1", "--until", "prepared"];
    let said = house.call_without_key(&[&words[..], &more].concat());
    assert_eq!(said.code, Some(0), "{said:?}");
    let before = house.journal("theirs");
    for words in [&["resume", "theirs"][..], &["cancel", "theirs"], &["watch", "theirs"]] {
        let said = house.call(words);
        assert_eq!(said.code, Some(8), "{words:?}: {said:?}");
        assert!(said.stderr.contains("your key goes to https://192.0.2.1"), "{said:?}");
        assert!(said.stderr.contains("--trust-folder"), "{said:?}");
    }
    let sent = |lines: &[String]| lines.iter().filter(|line| line.contains("_intended")).count();
    assert_eq!(sent(&house.journal("theirs")), sent(&before), "nothing was sent");
}

#[test]
fn a_run_folder_alone_does_not_send_its_rows_to_a_judge() {
    let house = House::scripted(2, "");
    let server = Server::emulator(house.path(), &["--time-scale", "300", "--control"]);
    let mut words = run_words(&server, "theirs", &[MODEL]);
    words.extend(["--scorer", JUDGE, "--until", "fetched"]);
    assert_eq!(house.call(&words).code, Some(0));
    let jobs = creates(&server).len();
    let with_another_key = |more: &[&str]| {
        let words = [&["score", "theirs"][..], more].concat();
        let mut command = tests::process::batch_eval(house.path(), words);
        Said::from(command.env("GEMINI_API_KEY", "another-key-0123456789").output().unwrap())
    };
    let said = with_another_key(&[]);
    assert_eq!((said.code, creates(&server).len()), (Some(8), jobs), "{said:?}");
    assert!(said.stderr.contains("wants its rows sent to a judge"), "{said:?}");
    // Who made the run needs no more words.
    let said = house.call(&["score", "theirs"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), jobs + 1), "{said:?}");
}

#[test]
fn equal_questions_of_a_run_that_sends_equal_rows_once_are_paid_for_once() {
    let house = House::with_rows(0);
    let row = |n: usize| {
        let text = format!("Where is parcel {}?", n % 3);
        json!({"key": format!("k{n}"), "request": {"contents": [{"role": "user", "parts": [{"text": text}]}]}})
    };
    house.write_rows("data.jsonl", (0..7).map(row));
    let server = Server::emulator(house.path(), &["--time-scale", "300", "--control"]);
    for (name, more, sent) in [("once", &["--dedupe"][..], 3), ("each", &[], 7)] {
        let mut words = run_words(&server, name, &[MODEL]);
        words.extend(["--scorer", JUDGE, "--json"]);
        words.extend(more);
        let said = house.call(&words);
        assert_eq!(said.code, Some(0), "{said:?}");
        let report = report_of(&said);
        // Every row has its verdict all the same.
        let score = &column(&report, MODEL, None)["scores"][0];
        assert_eq!((&score["scored"], &score["unscorable"]), (&json!(7), &json!(0)), "{report}");
        let judge = &report["judges"][0];
        assert_eq!((&judge["asked"], &judge["answered"]), (&json!(7), &json!(7)), "{judge}");
        let judges = fs::read_dir(house.run(name).join("judges")).unwrap();
        let round = judges.last().unwrap().unwrap().path().join("judge-1");
        let input = fs::read_to_string(round.join("input").join("s0001.v0.jsonl")).unwrap();
        assert_eq!(input.lines().count(), sent, "{name}");
        let asked = creates(&server).len();
        let said = house.call(&["score", name]);
        assert_eq!((said.code, creates(&server).len()), (Some(0), asked), "{said:?}");
    }
}
