//! Starting other programs from the root of the checkout.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The root of the checkout.
pub(crate) fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

/// Where cargo builds to.
pub(crate) fn target() -> PathBuf {
    let set = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    set.map_or_else(|| root().join("target"), |folder| root().join(folder))
}

/// With `CI=true` nothing may be skipped and the lock file may not change.
pub(crate) fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true" || value == "1")
}

/// A cargo command in the root, with `--locked` in CI.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let (own, to_others) = match arguments.iter().position(|argument| *argument == "--") {
        Some(at) => arguments.split_at(at),
        None => (arguments, [].as_slice()),
    };
    let mut command = program(cargo, own);
    let knows_locked = own.first().is_some_and(|first| *first != "fmt");
    if in_ci() && knows_locked {
        command.arg("--locked");
    }
    command.args(to_others);
    command
}

/// Any program in the root, without the keys that may stand in our environment.
pub(crate) fn program<S: AsRef<OsStr>>(program: impl AsRef<OsStr>, arguments: &[S]) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).args(arguments);
    for key in ["GOOGLE_API_KEY", "GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL"] {
        command.env_remove(key);
    }
    command
}

/// Runs a program to its end, its output on the terminal.
pub(crate) fn succeeds(command: &mut Command) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{} ended with {status}", shown(command))),
        Err(error) => Err(format!("failed to start {}: {error}", shown(command))),
    }
}

/// Runs a program to its end and returns what it printed; its errors come with the failure.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("failed to start {}: {error}", shown(command)))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(printed);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let status = output.status;
    Err(format!("{} ended with {status}\n{printed}{errors}", shown(command)))
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
