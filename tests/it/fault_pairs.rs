//! The real client against the emulator's faults, in pairs: whatever two of them meet a run, it comes to the
//! report of a run that met none, with one job.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use tests::death::told;
use tests::get;
use tests::house::{House, creates, run_words};
use tests::process::Server;

const ROWS: usize = 8;
/// Runs at once: they mostly wait.
const AT_ONCE: usize = 4;

/// A request that goes wrong, and how: a call of a run, and an action of the emulator's script.
const FAULTS: [(&str, &str); 34] = [
    (OPEN, r#"{ refuse = "overloaded" }"#),
    (OPEN, r#"{ refuse = "html_page" }"#),
    (OPEN, r#""drop""#),
    (OPEN, r#""apply_then_drop""#),
    (SEND, r#"{ refuse = "overloaded" }"#),
    (SEND, r#"{ refuse = "offset_mismatch" }"#),
    (SEND, r#""drop""#),
    (SEND, r#""apply_then_drop""#),
    (SEND, r"{ apply_then_answer = { status = 503 } }"),
    (SEND, r#""lose_session""#),
    (SEND, "{ cut_upload = { bytes = 100 } }"),
    (SEND, "{ short_size_received = { by = 10 } }"),
    (CREATE, r#"{ refuse = "overloaded" }"#),
    (CREATE, r#"{ refuse = "internal" }"#),
    (CREATE, r#"{ refuse = "html_page" }"#),
    (CREATE, r#""drop""#),
    (CREATE, r#""apply_then_drop""#),
    (CREATE, "{ late = { after_ms = 100 } }"),
    (CREATE, "{ apply_then_answer = { status = 503 } }"),
    (CREATE, r#"{ truncate = { bytes = 20, length = "right" } }"#),
    (LOOK, r#"{ refuse = "overloaded" }"#),
    (LOOK, r#"{ refuse = "html_page" }"#),
    (LOOK, r#""drop""#),
    (LOOK, r#"{ truncate = { bytes = 20, length = "absent" } }"#),
    (LOOK, "{ delay = { ms = 100 } }"),
    (LIST, r#"{ refuse = "internal" }"#),
    (LIST, r#""drop""#),
    (LIST, r#"{ truncate = { bytes = 20, length = "short" } }"#),
    (FETCH, r#"{ refuse = "deadline" }"#),
    (FETCH, r#""drop""#),
    (FETCH, r#"{ truncate = { bytes = 300, length = "absent" } }"#),
    (FETCH, r#"{ truncate = { bytes = 300, length = "right" } }"#),
    (FETCH, r#"{ truncate = { bytes = 300, length = "short" } }"#),
    (FETCH, "{ drip = { bytes = 500, every_ms = 5 } }"),
];
const OPEN: &str = r#"{ headers = { x-goog-upload-command = "start" } }"#;
const SEND: &str = r#"{ headers = { x-goog-upload-command = "upload*" } }"#;
const CREATE: &str = r#"{ method = "POST", path = ":batchGenerateContent" }"#;
const LOOK: &str = r#"{ method = "GET", path = "/batches/" }"#;
const LIST: &str = r#"{ method = "GET", path = "/batches", query = "pageSize=" }"#;
const FETCH: &str = r#"{ path = ":download" }"#;

/// The report of a run through these faults, and what stands against it.
fn report(faults: &[usize]) -> Result<Value, String> {
    let rule = |at: &usize| {
        let (when, action) = FAULTS[*at];
        format!("[[faults]]\nwhen = {when}\ntimes = 1\naction = {action}\n")
    };
    let house = House::scripted(ROWS, &faults.iter().map(rule).collect::<String>());
    let words =
        ["--time-scale", "300", "--control", "--answers", "echo", "--script", "script.toml"];
    let server = Server::emulator(house.path(), &words);
    let mut words = run_words(&server, "pair", &["sim-a"]);
    words.extend(["--settle", "500ms"]);
    let mut said = house.call(&words);
    for _ in 0..3 {
        if said.code == Some(0) {
            break;
        }
        let mut on = vec!["resume", "pair", "--poll-interval", "50ms", "--settle", "500ms"];
        if said.stderr.contains("--refetch") {
            // Two downloads that are cut alike are what the service has, until a person says otherwise.
            on.push("--refetch");
        }
        said = house.call(&on);
    }
    let made = creates(&server).len();
    let history = get::json(server.base_url(), "/__emulator/history");
    let requests = history["requests"].as_array().ok_or("no requests are told")?;
    let met = requests.iter().filter(|request| !request["fault"].is_null()).count();
    if said.code != Some(0) || made != 1 || met != faults.len() {
        return Err(format!("{made} jobs, {met} faults were met, and it said {said:?}"));
    }
    Ok(house.report("pair"))
}

/// What went wrong in these pairs, worked on by several at once.
fn failures(pairs: &[[usize; 2]]) -> Vec<String> {
    let whole = report(&[]).unwrap();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut failed = Vec::new();
        while let Some(pair) = pairs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let wrong = match report(pair) {
                Err(wrong) => wrong,
                Ok(report) if report != whole => format!("another report: {report}"),
                Ok(_) => continue,
            };
            failed.push(format!("{:?} and {:?}: {wrong}", FAULTS[pair[0]], FAULTS[pair[1]]));
        }
        failed
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    })
}

/// Every fault is met once; `FAULT_PAIRS` asks for more of the 595 pairs, each fault with itself among them.
#[test]
fn runs_come_through_the_faults_of_the_emulator_in_pairs() {
    let half = FAULTS.len() / 2;
    let first = (0..half).map(|at| [at, at + half]);
    let all = (0..FAULTS.len()).flat_map(|one| (one..FAULTS.len()).map(move |other| [one, other]));
    let rest = all.filter(|[one, other]| other - one != half);
    let asked = usize::try_from(told("FAULT_PAIRS", half as u64)).unwrap();
    let pairs: Vec<_> = first.chain(rest).take(asked).collect();
    let failed = failures(&pairs);
    assert!(failed.is_empty(), "{} of {}: {failed:#?}", failed.len(), pairs.len());
}
