//! `cargo xtask eval`: the shortest way from a clean checkout to a comparison of models.

use std::process::{Command, ExitCode};

use crate::shell;

/// Builds the program and becomes it; all arguments are those of `batch-eval run`.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let built = shell::target().join("release").join("batch-eval").exists();
    if !built {
        eprintln!("Building batch-eval; the first time this takes a few minutes.");
    }
    let quiet: &[&str] = if built { &["--quiet"] } else { &[] };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    // The folder stays the caller's: a dataset named on the command line is relative to it.
    command
        .arg("run")
        .args(quiet)
        .args(["--release", "--package", "cli", "--bin", "batch-eval", "--manifest-path"])
        .arg(shell::root().join("Cargo.toml"))
        .args(["--", "run"])
        .args(arguments);
    become_it(&mut command)
}

/// Replaces this process, so that Ctrl-C and the exit code are the program's own.
#[cfg(unix)]
fn become_it(command: &mut Command) -> ExitCode {
    use std::os::unix::process::CommandExt as _;

    let error = command.exec();
    eprintln!("failed to start cargo: {error}");
    ExitCode::FAILURE
}

#[cfg(not(unix))]
fn become_it(command: &mut Command) -> ExitCode {
    match command.status() {
        Ok(status) => {
            let code = status.code().and_then(|code| u8::try_from(code).ok());
            ExitCode::from(code.unwrap_or(1))
        }
        Err(error) => {
            eprintln!("failed to start cargo: {error}");
            ExitCode::FAILURE
        }
    }
}
