//! Kill -9 at random moments, then `resume`: the same report, and no second job at the service.

use std::process::Child;

use tests::death::{chance, kill_between_lines, told, written};
use tests::house::{House, creates, run_words};
use tests::process::Server;

const MODELS: [&str; 2] = ["sim-flash", "sim-pro"];
/// Deaths tried in each of the ways; each costs about a second. `KILLS` asks for more of them, `KILLS_FROM` for
/// others.
const DEATHS: u64 = 24;
const DEATHS_AMONG_SHARDS: u64 = 8;
/// Looks at a journal between two of its lines, at most: some thirty milliseconds.
const LOOKS: u64 = 3_000;

/// The moments of death, by number.
fn deaths(usual: u64) -> std::ops::Range<u64> {
    let from = told("KILLS_FROM", 0);
    from..from + told("KILLS", usual)
}

/// Kills a program at a moment that the number draws: after up to `lines` more lines in the journals of the run, and
/// up to so many looks at them.
fn dies(house: &House, run: &str, child: &mut Child, n: u64, lines: usize) {
    let drawn = chance(0, n);
    let lines = usize::try_from(drawn >> 32).unwrap() % (lines + 1);
    kill_between_lines(house, run, child, lines, drawn % LOOKS);
}

fn resumed(house: &House, run: &str, words: &[&str]) -> tests::process::Said {
    let folder = house.path().join("runs").join(run).join("run.json");
    if folder.exists() {
        house.call(&["resume", run, "--accept-partial", "--poll-interval", "30ms"])
    } else {
        // It died before the run was made: the same command makes it.
        house.call(words)
    }
}

#[test]
fn killed_at_random_moments_a_run_comes_to_the_same_report_and_one_job_a_model() {
    let house = House::with_rows(40);
    let server = Server::emulator(house.path(), &["--time-scale", "200", "--control"]);
    let mut words = run_words(&server, "whole", &MODELS);
    words.extend(["--settle", "300ms"]);
    let said = house.call(&words);
    assert_eq!(said.code, Some(0), "{said:?}");
    let whole = house.report("whole");
    let lines = written(&house.run("whole"));

    for death in deaths(DEATHS) {
        let name = format!("dies-{death}");
        let mut words = run_words(&server, &name, &MODELS);
        words.extend(["--settle", "300ms"]);
        let mut child = house.start(&words);
        dies(&house, &name, &mut child, death, lines);
        // And once more while it recovers.
        let mut again = house.start(&["resume", &name, "--poll-interval", "30ms"]);
        dies(&house, &name, &mut again, death + 1_000, lines);
        let said = resumed(&house, &name, &words);
        assert_eq!(said.code, Some(0), "death {death}: {said:?}");
        assert_eq!(house.report(&name), whole, "death {death}");
        let tag = tag(&house, &name);
        let ours = creates(&server).into_iter().filter(|create| {
            create["display_name"].as_str().is_some_and(|name| name.contains(&tag))
        });
        assert_eq!(ours.count(), MODELS.len(), "death {death}: jobs of run {tag}");
    }
}

#[test]
fn killed_at_random_moments_shards_and_rows_sent_again_come_to_the_same_report() {
    // The first jobs of every run fail some rows for the moment, which are sent again.
    let plan = "[[jobs]]\nwhen = { display_name = \".s0001.\" }\nplan = { failing = { lines = [1, 3] } }\n\
                [[jobs]]\nwhen = { display_name = \".s0003.\" }\nplan = { missing = { lines = [2] } }\n";
    let house = House::scripted(20, plan);
    let words =
        ["--time-scale", "200", "--control", "--answers", "echo", "--script", "script.toml"];
    let server = Server::emulator(house.path(), &words);
    let cut = ["--settle", "300ms", "--rows-per-shard", "5", "--retry-rows", "1"];
    let mut words = run_words(&server, "whole", &MODELS);
    words.extend(cut);
    let said = house.call(&words);
    assert_eq!(said.code, Some(0), "{said:?}");
    let whole = house.report("whole");
    let lines = written(&house.run("whole"));
    let jobs = creates(&server).len();
    assert_eq!(jobs, MODELS.len() * (4 + 1));

    for death in deaths(DEATHS_AMONG_SHARDS) {
        let name = format!("dies-{death}");
        let mut words = run_words(&server, &name, &MODELS);
        words.extend(cut);
        let before = creates(&server).len();
        let mut child = house.start(&words);
        dies(&house, &name, &mut child, death + 2_000, lines);
        let mut again = house.start(&["resume", &name, "--poll-interval", "30ms"]);
        dies(&house, &name, &mut again, death + 3_000, lines);
        let said = resumed(&house, &name, &words);
        assert_eq!(said.code, Some(0), "death {death}: {said:?}");
        let report = house.report(&name);
        for model in MODELS {
            let outcomes = |report| tests::house::column(report, model, None)["outcomes"].clone();
            assert_eq!(outcomes(&report), outcomes(&whole), "death {death}");
        }
        assert_eq!(creates(&server).len(), before + jobs, "death {death}: jobs of {name}");
    }
}

fn tag(house: &House, run: &str) -> String {
    let path = house.path().join("runs").join(run).join("run.json");
    let manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    manifest["tag"].as_str().unwrap().to_owned()
}

#[test]
fn an_emulated_run_that_was_killed_goes_on_in_a_new_process() {
    let house = House::with_rows(40);
    let whole =
        house.call_without_key(&["run", "data.jsonl", "--name", "whole", "--accept-partial"]);
    assert_eq!(whole.code, Some(0), "{whole:?}");
    let lines = written(&house.run("whole"));
    for death in 0..6 {
        let name = format!("dies-{death}");
        let words = ["run", "data.jsonl", "--name", &name, "--emulator", "--accept-partial"];
        let mut child = house.start(&words);
        dies(&house, &name, &mut child, death, lines);
        let said = house.call_without_key(&words);
        assert_eq!(said.code, Some(0), "death {death}: {said:?}");
        assert_eq!(house.report(&name), house.report("whole"), "death {death}");
    }
}

#[test]
fn a_server_that_is_killed_too_keeps_its_jobs() {
    let house = House::with_rows(20);
    let words = ["--time-scale", "100", "--control", "--state", "service"];
    let server = Server::emulator(house.path(), &words);
    let port = server.base_url().rsplit_once(':').unwrap().1.to_owned();
    let mut run = run_words(&server, "both", &MODELS);
    run.extend(["--until", "submitted"]);
    assert_eq!(house.call(&run).code, Some(0));
    drop(server);
    let listen = format!("127.0.0.1:{port}");
    let mut again = tests::process::batch_eval(house.path(), ["emulator", "--listen", &listen]);
    again.args(words);
    let server = Server::start(again);
    let said = house.call(&["resume", "both", "--accept-partial", "--poll-interval", "50ms"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(creates(&server).len(), 2);
}
