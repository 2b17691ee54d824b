//! Stopped, or killed, while a request is on the way: a laptop that sleeps, a process that dies. Whatever became of
//! the request meanwhile, the run comes to its report with one job.

use std::process::{Child, Command};

use serde_json::Value;
use tests::between::{Between, Gate, Then};
use tests::house::{House, column, creates};
use tests::process::Server;
use tests::recorder::Request;

type Known = fn(&Request) -> bool;

/// The requests of a run at which it is stopped.
const POINTS: [(&str, Known); 5] = [
    ("upload opened", |request| command(request) == "start"),
    ("chunk sent", |request| command(request).starts_with("upload")),
    ("upload finalized", |request| command(request).ends_with("finalize")),
    ("create", |request| request.target.ends_with(":batchGenerateContent")),
    ("download", |request| request.target.contains(":download")),
];

fn command(request: &Request) -> &str {
    request.header("x-goog-upload-command")
}

fn emulator(house: &House) -> Server {
    Server::emulator(house.path(), &["--time-scale", "300", "--control", "--answers", "echo"])
}

/// Words of a run through a gate or another place on the way.
fn through<'a>(base: &'a str, name: &'a str) -> Vec<&'a str> {
    let words = ["run", "data.jsonl", "--name", name, "--base-url", base, "-m", "sim-a"];
    [&words[..], &["--poll-interval", "30ms", "--settle", "300ms"]].concat()
}

fn signal(child: &Child, name: &str) {
    let pid = child.id().to_string();
    assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
}

/// Stops a program, all its threads, and waits until it stands still.
fn stop(child: &Child) {
    signal(child, "-STOP");
    let stands = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
        stat.rsplit_once(") ").unwrap().1.starts_with('T')
    };
    assert!((0..1_000_000).any(|_| stands()), "it goes on");
}

/// A program is stopped while the request is held; then the way is opened, and it wakes.
fn sleeps_at(gate: &Gate, then: Then, child: &mut Child) -> Option<i32> {
    gate.wait();
    stop(child);
    gate.open(then);
    signal(child, "-CONT");
    child.wait().unwrap().code()
}

fn one_job_and_all_rows(house: &House, server: &Server, run: &str, cell: &str) {
    assert_eq!(creates(server).len(), 1, "{cell}");
    let outcomes = column(&house.report(run), "sim-a", None)["outcomes"].clone();
    assert_eq!(outcomes["answered"], 8, "{cell}");
}

#[test]
fn a_run_that_sleeps_while_a_request_is_on_the_way_goes_on() {
    for (point, is_it) in POINTS {
        for then in [Then::Answer, Then::LoseAnswer, Then::LoseRequest] {
            let cell = format!("{point}, {then:?}");
            let house = House::scripted(8, "");
            let server = emulator(&house);
            let gate = Gate::before(server.base_url(), is_it).unwrap();
            let mut child = house.start(&through(&gate.base_url(), "sleeps"));
            let code = sleeps_at(&gate, then, &mut child);
            let err = std::fs::read_to_string(house.path().join("err")).unwrap();
            assert_eq!(code, Some(0), "{cell}: {err}");
            one_job_and_all_rows(&house, &server, "sleeps", &cell);
        }
    }
}

/// A run whose job waits at the service, and a gate that holds what `is_it` knows.
fn waiting(house: &House, is_it: fn(&Request) -> bool) -> (Server, Gate) {
    let server = Server::emulator(house.path(), &["--time-scale", "0.001", "--control"]);
    let gate = Gate::before(server.base_url(), is_it).unwrap();
    let mut words =
        through(&gate.base_url(), "off").into_iter().map(str::to_owned).collect::<Vec<_>>();
    words.extend(["--until".to_owned(), "submitted".to_owned()]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    assert_eq!(house.call(&words).code, Some(0));
    (server, gate)
}

fn is_cancel(request: &Request) -> bool {
    request.target.ends_with(":cancel")
}

#[test]
fn a_cancel_that_sleeps_while_it_is_under_way_stops_the_job() {
    for then in [Then::Answer, Then::LoseAnswer, Then::LoseRequest] {
        let house = House::scripted(8, "");
        let (server, gate) = waiting(&house, is_cancel);
        let mut child = house.start(&["cancel", "off"]);
        assert_eq!(sleeps_at(&gate, then, &mut child), Some(0), "{then:?}");
        let jobs = creates(&server);
        assert_eq!((jobs.len(), &jobs[0]["cancelled"]), (1, &Value::Bool(true)), "{then:?}");
    }
}

#[test]
fn a_cancel_that_is_killed_before_its_line_is_given_again() {
    for then in [Then::LoseAnswer, Then::LoseRequest] {
        let house = House::scripted(8, "");
        let (server, gate) = waiting(&house, is_cancel);
        let mut child = house.start(&["cancel", "off"]);
        gate.wait();
        let lines = house.journal("off").len();
        child.kill().unwrap();
        child.wait().unwrap();
        gate.open(then);
        assert_eq!(house.journal("off").len(), lines, "it died in the act");
        let said = house.call(&["cancel", "off"]);
        assert_eq!(said.code, Some(0), "{then:?}: {said:?}");
        let jobs = creates(&server);
        assert_eq!((jobs.len(), &jobs[0]["cancelled"]), (1, &Value::Bool(true)), "{then:?}");
        let said = house.call(&["resume", "off", "--poll-interval", "30ms"]);
        assert_eq!(said.code, Some(6), "no row has an answer: {said:?}");
        assert_eq!(creates(&server).len(), 1, "what was called off is not made again");
    }
}

fn is_delete(request: &Request) -> bool {
    request.method == "DELETE"
}

/// A run that is over, its input still at the service.
fn over(house: &House, server: &Server) {
    let base = server.base_url().to_owned();
    assert_eq!(house.call(&through(&base, "over")).code, Some(0));
}

fn gc<'a>(base: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["gc", "--json", "--base-url", base], more].concat()
}

fn files(house: &House, base: &str) -> Value {
    let said = house.call(&["files", "--json", "--base-url", base]);
    serde_json::from_str::<Value>(said.stdout.trim()).unwrap()["all"].clone()
}

#[test]
fn a_removal_that_sleeps_or_is_killed_while_it_is_under_way_is_done_in_the_end() {
    for then in [Then::Answer, Then::LoseAnswer, Then::LoseRequest] {
        for killed in [false, true] {
            let cell = format!("{then:?}, killed: {killed}");
            let house = House::scripted(8, "");
            let server = emulator(&house);
            over(&house, &server);
            let report = house.report("over");
            let gate = Gate::before(server.base_url(), is_delete).unwrap();
            let base = gate.base_url();
            let mut child = house.start(&gc(&base, &["--yes"]));
            if killed {
                gate.wait();
                child.kill().unwrap();
                child.wait().unwrap();
                gate.open(then);
                let said = house.call(&gc(&base, &["--yes"]));
                assert_eq!(said.code, Some(0), "{cell}: {said:?}");
            } else {
                assert_eq!(sleeps_at(&gate, then, &mut child), Some(0), "{cell}");
            }
            assert_eq!(files(&house, server.base_url()), 0, "{cell}");
            let said = house.call_without_key(&["report", "over"]);
            assert_eq!((said.code, house.report("over")), (Some(0), report), "{cell}");
        }
    }
}

#[test]
fn a_list_that_still_shows_what_was_removed_does_no_harm() {
    let house = House::scripted(8, "");
    let server = emulator(&house);
    over(&house, &server);
    // The first list is the one that is shown for ever.
    let kept = std::sync::Mutex::new(None);
    let stale = Between::before(server.base_url(), move |request, pass| {
        if request.method != "GET" || !request.target.starts_with("/v1beta/files?") {
            return pass().ok();
        }
        let mut kept = kept.lock().unwrap();
        if kept.is_none() {
            *kept = pass().ok();
        }
        kept.clone()
    });
    let base = stale.unwrap().base_url();
    for _ in 0..2 {
        let said = house.call(&gc(&base, &["--yes"]));
        assert_eq!(said.code, Some(0), "{said:?}");
        let told: Value = serde_json::from_str(said.stdout.trim()).unwrap();
        assert_eq!(told["things"].as_array().map(Vec::len), Some(1), "it is still shown: {told}");
    }
    assert_eq!(files(&house, server.base_url()), 0);
    let said = house.call(&["resume", "over", "--poll-interval", "30ms"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 1), "{said:?}");
}
