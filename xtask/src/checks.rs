//! Checks by outsiders: Google's SDK, the notebook's steps, a foreign workspace, packaging.

mod crates;
mod javascript;
mod page;
mod planted;
pub(crate) mod python;
mod supply;
mod wheel;

use std::path::Path;

use crate::bench::instructions;
use crate::tally::{Outcome, Tally};

/// What a check needs and what it says.
type Check = fn(&Path) -> Outcome;

/// Checks that need the release binary get its path; the others get it too and do not look.
const CHECKS: [(&str, Check); 14] = [
    ("sdk", python::sdk),
    ("js", javascript::sdk),
    ("page", page::in_browser),
    ("upstream", python::upstream),
    ("transform", python::transform),
    ("score", python::score),
    ("odd-rows", python::odd_rows),
    ("instructions", instructions::check),
    ("features", crates::features),
    ("foreign", crates::foreign),
    ("packages", crates::packages),
    ("system-calls", crates::system_calls),
    ("supply-chain", supply::chain),
    ("wheel", wheel::installed),
];

/// Checks that run only when they are named: what they build or install takes minutes.
const LONG: [(&str, Check); 5] = [
    ("rust-clients", crates::clients),
    ("statistics", python::statistics),
    ("each-feature", supply::each_feature),
    ("reproducible", supply::reproducible),
    ("planted", planted::faults),
];

/// The dataset that checks use.
const SAMPLE: &str = "crates/cli/data/sample.jsonl";

/// What makes an emulator play the faults and states that the checks by SDKs expect.
const SDK_SCRIPT: [&str; 2] = ["--script", "tests/fixtures/sdk_script.json"];

/// Whether there is a check of this name.
pub(crate) fn exists(name: &str) -> bool {
    CHECKS.iter().chain(&LONG).any(|(have, _)| *have == name)
}

/// The names of all checks, each after a comma.
pub(crate) fn names() -> String {
    let names: String = CHECKS.iter().flat_map(|(name, _)| [", ", name]).collect();
    let long: Vec<&str> = LONG.iter().map(|(name, _)| *name).collect();
    format!("{names}; only when named: {}", long.join(", "))
}

/// Runs the named checks one after the other, all but the long ones when none is named.
pub(crate) fn run(binary: Option<&Path>, named: &[String], tally: &mut Tally) {
    let is_named = |name: &str| named.iter().any(|have| have == name);
    let wanted = CHECKS.iter().filter(|(name, _)| named.is_empty() || is_named(name));
    for (name, check) in wanted.chain(LONG.iter().filter(|(name, _)| is_named(name))) {
        let outcome = match binary {
            Some(binary) => check(binary),
            None => Outcome::Failed("there is no binary to check".to_owned()),
        };
        tally.add(name, outcome);
    }
}

/// A failure, or what was seen.
pub(crate) fn outcome(result: Result<String, String>) -> Outcome {
    match result {
        Ok(seen) => Outcome::Passed(seen),
        Err(why) => Outcome::Failed(why),
    }
}

fn path_text(path: &Path) -> Result<&str, String> {
    path.to_str().ok_or_else(|| format!("{} is not UTF-8", path.display()))
}

/// The number behind a member name in one line of JSON that our own script printed.
fn number_after(text: &str, name: &str) -> Result<u64, String> {
    let digits = text.split_once(name).map(|(_, rest)| rest);
    let digits = digits.and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
    digits.and_then(|digits| digits.parse().ok()).ok_or_else(|| format!("no {name} in {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_behind_its_name() {
        assert_eq!(number_after("{\"rows\": 85, \"equal\": true}", "\"rows\": "), Ok(85));
        assert!(number_after("{}", "\"rows\": ").is_err());
    }

    #[test]
    fn long_checks_are_known_but_not_among_the_usual() {
        assert!(exists("sdk") && exists("rust-clients") && !exists("cargo"));
        assert!(CHECKS.iter().all(|(name, _)| LONG.iter().all(|(long, _)| long != name)));
    }
}
