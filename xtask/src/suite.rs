//! The Rust tests of the workspace: `cargo test`, streamed and counted.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::shell;
use crate::tally::{Outcome, Tally};

/// Builds the release binary that end-to-end tests and outsiders use.
pub(crate) fn build(tally: &mut Tally) -> Option<PathBuf> {
    let arguments = ["build", "--release", "--package", "cli", "--bin", "batch-eval"];
    match shell::succeeds(&mut shell::cargo(&arguments)) {
        Ok(()) => {
            let name = format!("batch-eval{}", std::env::consts::EXE_SUFFIX);
            Some(shell::target().join("release").join(name))
        }
        Err(why) => {
            tally.add("release build", Outcome::Failed(why));
            None
        }
    }
}

/// Runs all tests and doctests of the workspace.
pub(crate) fn run(binary: Option<&Path>, tally: &mut Tally) {
    let failed_before = tally.failed;
    match stream(binary, tally) {
        Ok(true) => {}
        // A test that counted itself as failed needs no second count.
        Ok(false) if tally.failed > failed_before => {}
        Ok(false) => {
            let why = "cargo test failed outside of its tests: a crash, or it did not build";
            tally.add("cargo test", Outcome::Failed(why.to_owned()));
        }
        Err(why) => tally.add("cargo test", Outcome::Failed(why)),
    }
}

fn stream(binary: Option<&Path>, tally: &mut Tally) -> Result<bool, String> {
    let mut command = shell::cargo(&["test", "--workspace", "--all-features", "--no-fail-fast"]);
    if let Some(binary) = binary {
        command.env("BATCH_EVAL_BIN", binary);
    }
    let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = started.map_err(|error| format!("failed to start cargo test: {error}"))?;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line.map_err(|error| format!("failed to read from cargo test: {error}"))?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            tally.add_line(&line);
        }
    }
    let status = child.wait().map_err(|error| format!("failed to wait for cargo test: {error}"))?;
    Ok(status.success())
}
