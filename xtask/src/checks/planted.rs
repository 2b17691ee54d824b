//! Do the tests notice what they are there for? Faults are planted in a copy of the checkout, one after the other.

mod faults;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use self::faults::{By, FAULTS, Fault};
use super::outcome;
use crate::shell;
use crate::tally::Outcome;

/// A fault may make a test wait for ever; that counts as noticed.
const MOST_SECONDS: &str = "900";

/// So many characters of a failure are shown.
const MOST_SHOWN: usize = 100;

/// Every fault, planted alone, makes a test fail that passes without it.
pub(crate) fn faults(_binary: &Path) -> Outcome {
    outcome(plant_all())
}

fn plant_all() -> Result<String, String> {
    let copy = Copy::make()?;
    let mut missed = Vec::new();
    for fault in &FAULTS {
        match copy.notices(fault)? {
            Some(by) => println!("noticed: {}: {by}", fault.what),
            None => missed.push(fault.what),
        }
    }
    if missed.is_empty() {
        return Ok(format!("{} faults planted, each noticed", FAULTS.len()));
    }
    Err(format!("nobody noticed: {}", missed.join("; ")))
}

/// A copy of what git knows and what is new, with a target folder of its own.
struct Copy {
    root: PathBuf,
    target: PathBuf,
}

impl Copy {
    fn make() -> Result<Self, String> {
        let folder = shell::target().join("planted");
        let copy = Self { root: folder.join("checkout"), target: folder.join("target") };
        let failed = |error: std::io::Error| format!("failed to copy the checkout: {error}");
        let words = ["ls-files", "--cached", "--others", "--exclude-standard"];
        let listed = shell::output(&mut shell::program("git", &words))?;
        let _ = fs::remove_dir_all(&copy.root);
        for name in listed.lines() {
            let (from, to) = (shell::root().join(name), copy.root.join(name));
            // What was deleted and not committed is listed too.
            if !from.is_file() {
                continue;
            }
            fs::create_dir_all(to.parent().unwrap_or(&copy.root)).map_err(failed)?;
            fs::copy(from, to).map_err(failed)?;
        }
        Ok(copy)
    }

    /// The first test that fails because of the fault, if any does.
    fn notices(&self, fault: &Fault) -> Result<Option<String>, String> {
        let file = self.root.join(fault.file);
        let failed = |error: std::io::Error| format!("{}: {error}", fault.file);
        let right = fs::read_to_string(&file).map_err(failed)?;
        fs::write(&file, planted(&right, fault)?).map_err(failed)?;
        let tried = self.trial(&fault.noticed_by);
        fs::write(&file, right).map_err(failed)?;
        tried
    }

    fn trial(&self, by: &By) -> Result<Option<String>, String> {
        let binary = self.target.join("debug").join("batch-eval");
        let (build, test): ([&str; 5], [&str; 5]) = match by {
            By::Crate(name) => (
                ["test", "--no-run", "--tests", "--package", name],
                ["test", "--quiet", "--tests", "--package", name],
            ),
            By::Example(name) => {
                let build = ["build", "--package", "tests", "--example", name];
                shell::output(&mut self.cargo(&["build", "--package", "cli"]))?;
                (build, ["run", "--package", "tests", "--example", name])
            }
        };
        // A fault that does not compile is no fault.
        shell::output(&mut self.cargo(&build))?;
        let mut test = self.within("timeout", &[&[MOST_SECONDS, "cargo"], &test[..]].concat());
        let printed = shell::output(test.env("BATCH_EVAL_BIN", binary));
        Ok(printed.err().map(|why| first_failure(&why)))
    }

    fn cargo(&self, words: &[&str]) -> Command {
        self.within("cargo", words)
    }

    fn within(&self, program: &str, words: &[&str]) -> Command {
        let mut command = shell::program(program, words);
        command.current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        command
    }
}

/// The text with the fault in it, which must have stood there right, once.
fn planted(right: &str, fault: &Fault) -> Result<String, String> {
    match right.matches(fault.right).count() {
        1 => Ok(right.replace(fault.right, fault.wrong)),
        n => Err(format!("{}: {:?} stands there {n} times", fault.file, fault.right)),
    }
}

/// The name of the first test that failed, or the last words when none is named.
fn first_failure(printed: &str) -> String {
    let named = printed.lines().find_map(|line| line.strip_prefix("---- ")?.split(' ').next());
    let last = || printed.lines().rev().find(|line| !line.trim().is_empty());
    named.or_else(last).unwrap_or("it did not end").chars().take(MOST_SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_can_still_be_planted() {
        for fault in &FAULTS {
            let right = fs::read_to_string(shell::root().join(fault.file)).unwrap();
            let wrong = planted(&right, fault).unwrap();
            assert_ne!(wrong, right, "{}", fault.what);
        }
    }

    #[test]
    fn the_first_test_that_failed_is_named() {
        let printed = "ran\n\n---- blocks::cut stdout ----\npanicked\n---- b stdout ----\n";
        assert_eq!(first_failure(printed), "blocks::cut");
        assert_eq!(first_failure("timed out\n\n"), "timed out");
    }
}
