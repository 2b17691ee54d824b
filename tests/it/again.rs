//! Rows sent again: only those that may end otherwise, in jobs of their own, each paid for once.

use serde_json::{Value, json};
use tests::death::kill_when;
use tests::house::{House, column, creates, run_words};
use tests::process::{Said, Server};

/// The first job of `sim-a` fails two rows for the moment and leaves one out, that of `sim-b`
/// fails two for good and blocks one.
const SCRIPT: &str = r#"
[[jobs]]
when = { model = "*sim-a" }
times = 1
plan = { failing = { lines = [2, 5] }, missing = { lines = [7] }, row_error = { code = 13, message = "internal" } }

[[jobs]]
when = { model = "*sim-b" }
times = 1
plan = { failing = { lines = [1, 3] }, blocked = { lines = [4] }, row_error = { code = 3, message = "bad request" } }
"#;
const MODELS: [&str; 2] = ["sim-a", "sim-b"];

fn house() -> House {
    House::scripted(8, SCRIPT)
}

fn server(house: &House) -> Server {
    let words =
        ["--time-scale", "300", "--control", "--script", "script.toml", "--answers", "echo"];
    Server::emulator(house.path(), &words)
}

/// The outcomes of a model that are not zero.
fn outcomes(house: &House, run: &str, model: &str) -> Value {
    let column = column(&house.report(run), model, None);
    let outcomes = column["outcomes"].as_object().unwrap().clone();
    assert_eq!(outcomes.values().filter_map(Value::as_u64).sum::<u64>(), 8, "{column}");
    Value::Object(outcomes.into_iter().filter(|(_, rows)| *rows != 0).collect())
}

fn numbers(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| &row["key"].as_str().unwrap()[..9]).collect()
}

fn retry(house: &House, words: &[&str]) -> Said {
    let mut all = vec!["retry"];
    all.extend(words);
    all.extend(["--poll-interval", "30ms", "--settle", "300ms"]);
    house.call(&all)
}

#[test]
fn what_may_end_otherwise_is_sent_again_once_and_answers_take_its_place() {
    let (house, words) = (house(), ["failed", "--accept-partial"]);
    let server = server(&house);
    let said = house.call(&run_words(&server, "failed", &MODELS));
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(
        outcomes(&house, "failed", "sim-a"),
        json!({"answered": 5, "error": 2, "missing": 1})
    );
    assert_eq!(
        outcomes(&house, "failed", "sim-b"),
        json!({"answered": 5, "error": 2, "blocked": 1})
    );

    let next = || house.call_without_key(&["status", "failed", "--json"]).last()["next"].clone();
    assert_eq!(next(), "batch-eval retry failed", "some of it may pass");
    let said = house.call(&["resume", "failed", "--poll-interval", "30ms"]);
    assert_eq!(said.code, Some(6), "{said:?}");
    assert!(
        said.stderr.contains("next: batch-eval retry failed; or batch-eval resume"),
        "{said:?}"
    );

    let shown = retry(&house, &["failed", "--dry-run"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert!(shown.stderr.contains("sim-a: 3 rows (1 missing, 2 transient)"), "{shown:?}");
    assert!(shown.stderr.contains("sim-b: 0 rows; not sent: 2 invalid, 1 blocked"), "{shown:?}");
    assert!(shown.stdout.contains("3 rows would be sent again"), "{shown:?}");
    let shown = retry(&house, &["failed", "--dry-run", "--json"]).last();
    let cell = json!({
        "model": "sim-a", "variant": null, "rows": 3, "held": 0,
        "classes": {"missing": 1, "transient": 2}, "not_sent": {},
    });
    assert_eq!((&shown["rows"], &shown["cells"][0]), (&json!(3), &cell), "{shown}");
    assert_eq!(creates(&server).len(), 2, "shown, not done");

    let said = retry(&house, &words);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(creates(&server).len(), 3, "{said:?}");
    let again = house.input("failed", "s0002.v0");
    assert_eq!(numbers(&again), ["r00000001", "r00000004", "r00000006"]);
    let first = house.input("failed", "s0001.v0");
    assert!(again.iter().all(|row| first.contains(row)), "keys and bytes are as before");
    assert_eq!(outcomes(&house, "failed", "sim-a"), json!({"answered": 8}));
    let codes = |model| column(&house.report("failed"), model, None)["error_codes"].clone();
    assert_eq!(codes("sim-a"), json!([]), "no error of a row that was answered since");
    assert_eq!(codes("sim-b"), json!([{"name": "3", "rows": 2}]));
    assert_eq!(
        outcomes(&house, "failed", "sim-b"),
        json!({"answered": 5, "error": 2, "blocked": 1})
    );
    assert_eq!(column(&house.report("failed"), "sim-a", None)["lines"]["doubles"], 0);
    assert_eq!(next(), "batch-eval report failed", "what is left will not pass");

    let said = retry(&house, &words);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stdout.contains("no row of the run is to be sent again"), "{said:?}");
    assert_eq!(creates(&server).len(), 3);

    let said = retry(&house, &["failed", "--also", "blocked", "--also", "invalid", "-m", "sim-b"]);
    assert_eq!(said.code, Some(0), "nothing is missing now: {said:?}");
    let also = house.input("failed", "s0003.v0");
    assert_eq!(numbers(&also), ["r00000000", "r00000002", "r00000003"]);
    assert_eq!(outcomes(&house, "failed", "sim-b"), json!({"answered": 8}));
    // The report can be made again from the folder alone.
    let before = house.report("failed");
    assert_eq!(house.call_without_key(&["report", "failed"]).code, Some(0));
    assert_eq!(house.report("failed")["models"], before["models"]);
    let resumed = house.call(&["resume", "failed", "--poll-interval", "30ms"]);
    assert_eq!((resumed.code, creates(&server).len()), (Some(0), 4), "{resumed:?}");
}

#[test]
fn a_run_may_send_rows_again_by_itself_as_often_as_it_was_told() {
    let house = house();
    // One row fails in the second job too.
    let more = "[[jobs]]\nwhen = { model = \"*sim-a\" }\ntimes = 1\nplan = { failing = { lines = [1] } }\n";
    house.write("script.toml", &format!("{SCRIPT}{more}"));
    let server = server(&house);
    let mut words = run_words(&server, "once", &MODELS);
    words.extend(["--retry-rows", "1"]);
    let said = house.call(&words);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(creates(&server).len(), 3, "{said:?}");
    assert_eq!(outcomes(&house, "once", "sim-a"), json!({"answered": 7, "error": 1}));
    assert_eq!(house.told("once", "attempted").len(), 1);
    let said = house.call(&["resume", "once", "--accept-partial", "--retry-rows", "2"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 4), "{said:?}");
    assert_eq!(outcomes(&house, "once", "sim-a"), json!({"answered": 8}));
}

#[test]
fn killed_while_it_sends_rows_again_a_run_makes_no_job_twice() {
    let house = house();
    // Every first job of a run fails two rows; what is sent again gets through.
    let plan = "[[jobs]]\nwhen = { display_name = \".s0001.\" }\nplan = { failing = { lines = [2, 5] } }\n";
    house.write("script.toml", plan);
    let server = server(&house);
    // Lines of the journal that a session lives to write: before the rows are in it, right after, and
    // on the way to the new job.
    for (at, lines) in [1, 2, 5, 7].into_iter().enumerate() {
        let run = format!("dies-{at}");
        assert_eq!(house.call(&run_words(&server, &run, &["sim-c"])).code, Some(0));
        assert_eq!(outcomes(&house, &run, "sim-c"), json!({"answered": 6, "error": 2}));
        let before = creates(&server).len();
        let until = house.journal(&run).len() + lines;
        let mut child = house.start(&["retry", &run, "--poll-interval", "30ms"]);
        kill_when(&mut child, || house.journal(&run).len() >= until);
        let on =
            ["resume", &run, "--accept-partial", "--settle", "300ms", "--poll-interval", "30ms"];
        let said = house.call(&on);
        assert_eq!(said.code, Some(0), "{said:?}");
        // Whoever died before the rows were written down has to be told again.
        assert_eq!(retry(&house, &[&run]).code, Some(0));
        assert_eq!(creates(&server).len(), before + 1, "death {at}: {:?}", house.journal(&run));
        assert_eq!(outcomes(&house, &run, "sim-c"), json!({"answered": 8}));
    }
}

#[test]
fn rows_sent_again_are_cut_as_the_runs_own_are() {
    let fails = |shard: u32| {
        let when = format!("when = {{ display_name = \".s000{shard}.\" }}");
        format!("[[jobs]]\n{when}\nplan = {{ failing = {{ lines = [1, 2, 3] }} }}\n")
    };
    let house = House::scripted(8, &(1..=3).map(fails).collect::<String>());
    let server = server(&house);
    let mut words = run_words(&server, "cut", &["sim-c"]);
    words.extend(["--rows-per-shard", "3"]);
    assert_eq!(house.call(&words).code, Some(0));
    assert_eq!(outcomes(&house, "cut", "sim-c"), json!({"error": 8}));
    let said = retry(&house, &["cut"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 3 + 3), "{said:?}");
    let sent = ["s0004.v0", "s0005.v0", "s0006.v0"].map(|id| house.input("cut", id).len());
    assert_eq!(sent, [3, 3, 2], "three rows in a job");
    assert_eq!(outcomes(&house, "cut", "sim-c"), json!({"answered": 8}));

    // The same by bytes: each input holds as many rows as fit.
    let mut words = run_words(&server, "bytes", &["sim-c"]);
    words.extend(["--bytes-per-shard", "600"]);
    assert_eq!(house.call(&words).code, Some(0));
    let before = house.told("bytes", "input_stored").len();
    let said = retry(&house, &["bytes"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let again = house.told("bytes", "input_stored").split_off(before);
    let bytes: Vec<u64> = again.iter().map(|input| input["bytes"].as_u64().unwrap()).collect();
    assert!(bytes.len() > 1 && bytes.iter().all(|bytes| *bytes <= 600), "{bytes:?}");
}

#[test]
fn rows_are_not_sent_again_while_the_run_is_under_way() {
    let house = house();
    let server = server(&house);
    let mut words = run_words(&server, "busy", &MODELS);
    words.extend(["--until", "submitted"]);
    assert_eq!(house.call(&words).code, Some(0));
    let said = retry(&house, &["busy"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.stderr.contains("batch-eval resume busy"), "{said:?}");
    let said = retry(&house, &["busy", "-m", "sim-z"]);
    assert_eq!((said.code, creates(&server).len()), (Some(2), 2), "{said:?}");
}
