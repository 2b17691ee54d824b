//! Checks by outsiders: Google's SDK, the notebook's steps, a foreign workspace, packaging.

mod crates;
mod python;

use std::path::Path;

use crate::tally::{Outcome, Tally};

/// What a check needs and what it says.
type Check = fn(&Path) -> Outcome;

/// Checks that need the release binary get its path; the others get it too and do not look.
const CHECKS: [(&str, Check); 6] = [
    ("sdk", python::sdk),
    ("transform", python::transform),
    ("score", python::score),
    ("features", crates::features),
    ("foreign", crates::foreign),
    ("packages", crates::packages),
];

/// Whether there is a check of this name.
pub(crate) fn exists(name: &str) -> bool {
    CHECKS.iter().any(|(have, _)| *have == name)
}

/// The names of all checks, each after a comma.
pub(crate) fn names() -> String {
    CHECKS.iter().flat_map(|(name, _)| [", ", name]).collect()
}

/// Runs the wanted checks one after the other.
pub(crate) fn run(binary: Option<&Path>, wanted: impl Fn(&str) -> bool, tally: &mut Tally) {
    for (name, check) in CHECKS.iter().filter(|(name, _)| wanted(name)) {
        let outcome = match binary {
            Some(binary) => check(binary),
            None => Outcome::Failed("there is no binary to check".to_owned()),
        };
        tally.add(name, outcome);
    }
}

/// A failure, or what was seen.
fn outcome(result: Result<String, String>) -> Outcome {
    match result {
        Ok(seen) => Outcome::Passed(seen),
        Err(why) => Outcome::Failed(why),
    }
}
