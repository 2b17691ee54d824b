//! Signals at random moments, and eight processes at once on one run: each ends as it says, and nothing is made twice.

use std::process::{Child, Command};

use tests::death::{chance, told, written};
use tests::house::{House, creates, run_words};
use tests::process::{Said, Server, batch_eval};

/// Moments tried, and rounds of eight processes. `SIGNALS` and `RACES` ask for more, with `_FROM` for others.
const SIGNALS: u64 = 12;
const RACES: u64 = 4;
/// Looks at a journal between two of its lines, at most.
const LOOKS: u64 = 2_000;

const KINDS: [(&str, i32); 3] = [("-INT", 130), ("-TERM", 143), ("-HUP", 129)];

fn numbers(variable: &str, usual: u64) -> std::ops::Range<u64> {
    let from = told(&format!("{variable}_FROM"), 0);
    from..from + told(variable, usual)
}

/// Signals a program once the run has so many lines, and so many looks later; `None` when it was over before.
fn signal_at(
    house: &House,
    run: &str,
    child: &mut Child,
    n: u64,
    whole: usize,
    kind: &str,
) -> Option<i32> {
    let drawn = chance(31, n);
    let lines = usize::try_from(drawn >> 32).unwrap() % (whole + 1);
    let mut looks = drawn % LOOKS;
    while child.try_wait().unwrap().is_none() {
        if written(&house.run(run)) >= lines {
            if looks == 0 {
                let pid = child.id().to_string();
                let _ = Command::new("kill").args([kind, &pid]).status().unwrap();
                return child.wait().unwrap().code();
            }
            looks -= 1;
        }
    }
    None
}

#[test]
fn by_a_signal_at_any_moment_a_run_stops_and_goes_on_to_the_same_report() {
    let house = House::with_rows(20);
    let server = Server::emulator(house.path(), &["--time-scale", "100", "--control"]);
    let mut words = run_words(&server, "whole", &["sim-a"]);
    words.extend(["--settle", "300ms"]);
    assert_eq!(house.call(&words).code, Some(0));
    let (whole, lines) = (house.report("whole"), written(&house.run("whole")));
    for n in numbers("SIGNALS", SIGNALS) {
        let name = format!("stops-{n}");
        let (kind, code) = KINDS[usize::try_from(n).unwrap() % KINDS.len()];
        let mut words = run_words(&server, &name, &["sim-a"]);
        words.extend(["--settle", "300ms"]);
        let before = creates(&server).len();
        let mut child = house.start(&words);
        let ended = signal_at(&house, &name, &mut child, n, lines, kind);
        // One that is over, or not yet listening, ends by itself or by the signal.
        assert!([None, Some(0), Some(code)].contains(&ended), "{kind} {n}: {ended:?}");
        let err = std::fs::read_to_string(house.path().join("err")).unwrap();
        if ended == Some(code) && house.run(&name).join("run.json").exists() {
            assert!(err.contains(&format!("batch-eval resume {name}")), "{kind} {n}: {err}");
        }
        assert!(creates(&server).iter().all(|create| create["cancelled"] == false), "{kind} {n}");
        let said = house.call(&words);
        assert_eq!(said.code, Some(0), "{kind} {n}: {said:?}");
        assert_eq!(house.report(&name), whole, "{kind} {n}");
        assert_eq!(creates(&server).len(), before + 1, "{kind} {n}");
    }
}

#[test]
fn of_eight_processes_on_one_run_one_works_at_a_time() {
    let house = House::with_rows(20);
    let server = Server::emulator(house.path(), &["--time-scale", "100", "--control"]);
    for n in numbers("RACES", RACES) {
        let name = format!("race-{n}");
        let mut words = run_words(&server, &name, &["sim-a"]);
        words.extend(["--settle", "300ms"]);
        let before = creates(&server).len();
        let start = || {
            let mut command = batch_eval(house.path(), &words);
            command.env("GEMINI_API_KEY", tests::house::KEY);
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
            command.spawn().unwrap()
        };
        let mut children: Vec<Child> = (0..8).map(|_| start()).collect();
        // One of them dies, at a moment that is drawn; the others are as they were.
        let drawn = usize::try_from(chance(7, n) % 8).unwrap();
        let mut victim = (n % 2 == 1).then(|| children.remove(drawn));
        if let Some(victim) = &mut victim {
            victim.kill().unwrap();
        }
        let ended = children.into_iter().map(|child| child.wait_with_output().unwrap());
        let saids: Vec<Said> = ended.map(Said::from).collect();
        if let Some(mut victim) = victim {
            // Until it is dead, which takes a while on a busy machine, it holds what it has locked.
            victim.wait().unwrap();
        }
        for said in &saids {
            assert!([Some(0), Some(8)].contains(&said.code), "race {n}: {said:?}");
        }
        if n % 2 == 0 {
            assert!(saids.iter().any(|said| said.code == Some(0)), "race {n}: {saids:?}");
        }
        let said = house.call(&words);
        assert_eq!(said.code, Some(0), "race {n}: {said:?}");
        assert_eq!(creates(&server).len(), before + 1, "race {n}");
    }
}
