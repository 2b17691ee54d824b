//! Whole runs through seeded chaos: faults on every route, jobs that end badly, and still one job
//! a model and every row accounted for.

use serde_json::Value;
use tests::death::told;
use tests::house::{House, creates, run_words};
use tests::process::Server;

const MODELS: [&str; 2] = ["sim-flash", "sim-pro"];

/// Longer than any creation of the emulator's chaos comes late (2 s) or is missing in lists (2 s): nobody can keep
/// one job a model from a service that is slower than this wait.
const SETTLE: &str = "5s";

fn through(seed: u64) {
    let house = House::with_rows(40);
    let seed = seed.to_string();
    let words = ["--time-scale", "200", "--control", "--chaos-seed", &seed];
    let server = Server::emulator(house.path(), &words);
    let mut words = run_words(&server, "chaos", &MODELS);
    words.extend(["--settle", SETTLE]);
    let mut said = house.call(&words);
    for _ in 0..5 {
        if matches!(said.code, Some(0 | 6)) {
            break;
        }
        said = house.call(&["resume", "chaos", "--accept-partial", "--poll-interval", "50ms"]);
    }
    assert!(matches!(said.code, Some(0 | 6)), "seed {seed}: {said:?}");
    let creates = creates(&server);
    for model in MODELS {
        let of_model = |create: &&Value| {
            create["model"].as_str().is_some_and(|name| name.ends_with(model))
                && create["cancelled"] == false
        };
        let alive = creates.iter().filter(of_model).count();
        assert_eq!(alive, 1, "seed {seed}: living jobs of {model} in {creates:?}");
    }
    for column in house.report("chaos")["models"].as_array().unwrap() {
        let rows: u64 =
            column["outcomes"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
        assert_eq!(rows, 40, "seed {seed}: every row has one outcome");
    }
}

/// `CHAOS` asks for more seeds than 4, `CHAOS_FROM` for others.
#[test]
fn runs_come_through_seeded_chaos() {
    let from = told("CHAOS_FROM", 1);
    for seed in from..from + told("CHAOS", 4) {
        through(seed);
    }
}
