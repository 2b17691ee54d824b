//! Can each crate be used without the others, from outside, and be published?

use std::fs;
use std::path::Path;

use super::{number_after, outcome};
use crate::emulator::Emulator;
use crate::shell;
use crate::tally::Outcome;

/// The workspace of the unpacked archives: they find each other in it, and nothing of the checkout.
/// The profile is the checkout's, so that what is built there can be used here.
const PACKED: &str = "\
[workspace]
resolver = \"3\"
members = [\"*-[0-9]*\"]

[profile.dev]
debug = \"line-tables-only\"

[profile.dev.package.sha2]
opt-level = 3

[patch.crates-io]
";

/// Each crate builds without its default features.
pub(crate) fn features(_binary: &Path) -> Outcome {
    outcome(folders("crates").and_then(|crates| {
        for name in &crates {
            let arguments = ["check", "--quiet", "--no-default-features", "--package", name];
            shell::output(&mut shell::cargo(&arguments))?;
        }
        Ok(format!("{} crates without default features", crates.len()))
    }))
}

/// A workspace of its own, one program a crate, uses only what is public; each program runs.
pub(crate) fn foreign(_binary: &Path) -> Outcome {
    outcome(run_foreign())
}

fn run_foreign() -> Result<String, String> {
    let folder = shell::root().join("tests").join("foreign");
    // The foreign workspace resolves for itself, from the versions that are tested here.
    fs::copy(shell::root().join("Cargo.lock"), folder.join("Cargo.lock"))
        .map_err(|error| format!("failed to copy Cargo.lock: {error}"))?;
    let programs = folders("tests/foreign")?;
    for program in &programs {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = shell::program(cargo, &["run", "--quiet", "--package", program]);
        command.current_dir(&folder).env("CARGO_TARGET_DIR", shell::target());
        shell::output(&mut command)?;
    }
    match programs.len() {
        0 => Err("there are no programs in tests/foreign".to_owned()),
        n => Ok(format!("{n} programs ran")),
    }
}

/// What is synced before what, read off the calls of a whole run; then runs die or meet an error at one of 200 system
/// calls, and come to their reports all the same.
pub(crate) fn system_calls(binary: &Path) -> Outcome {
    let mut probe = shell::program("strace", &["-qq", "-o", "/dev/null", "true"]);
    if let Err(why) = shell::output(&mut probe) {
        return Outcome::Skipped(format!("strace cannot trace here: {why}"));
    }
    outcome(run_traced(binary))
}

fn run_traced(binary: &Path) -> Result<String, String> {
    let example = |words: &[&str]| {
        let begin = ["run", "--quiet", "--package", "tests", "--example"];
        let mut command = shell::cargo(&[&begin, words].concat());
        shell::output(command.env("BATCH_EVAL_BIN", binary))
    };
    let order = example(&["write_order"])?;
    let lines = number_after(&order, "\"lines\":")?;
    let renames = number_after(&order, "\"renames\":")?;
    let points = example(&["system_calls", "--", "200", "1"])?;
    let felt = number_after(&points, "\"felt\":")?;
    let of = number_after(&points, "\"of\":")?;
    Ok(format!(
        "{lines} lines and {renames} files synced in order; 200 of {of} points, {felt} felt"
    ))
}

/// Clients of the API that others wrote in Rust, each a program, against emulators of their own.
pub(crate) fn clients(binary: &Path) -> Outcome {
    outcome(run_clients(binary))
}

fn run_clients(binary: &Path) -> Result<String, String> {
    let folder = shell::root().join("tests").join("foreign-clients");
    let programs = folders("tests/foreign-clients")?;
    let mut seen = Vec::new();
    for program in &programs {
        let server = Emulator::start(binary, &[])?;
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let arguments = ["run", "--quiet", "--locked", "--package", program, "--"];
        let mut command = shell::program(cargo, &arguments);
        // A target folder of its own: it shares no dependency with the checkout's builds.
        let target = shell::target().join("foreign-clients");
        command.arg(&server.base_url).current_dir(&folder).env("CARGO_TARGET_DIR", target);
        let printed = shell::output(&mut command)?;
        let name = program.trim_start_matches("uses-");
        seen.push(format!("{name} took {} steps", number_after(&printed, "\"steps\": ")?));
    }
    match seen.as_slice() {
        [] => Err("there are no programs in tests/foreign-clients".to_owned()),
        seen => Ok(seen.join(", ")),
    }
}

/// `cargo package` makes every crate's archive; the archives, unpacked, build without the checkout.
pub(crate) fn packages(_binary: &Path) -> Outcome {
    outcome(package_all())
}

/// Cargo's own verification is not used: it keeps what it unpacked of our crates between runs, and
/// would build a changed crate against yesterday's of the same version.
fn package_all() -> Result<String, String> {
    let mut pack = shell::cargo(&["package", "--workspace", "--no-verify", "--allow-dirty"]);
    pack.args(["--exclude", "tests", "--exclude", "xtask"]);
    shell::output(&mut pack)?;

    let folder = shell::target().join("packed");
    let _ = fs::remove_dir_all(&folder);
    let failed = |error: std::io::Error| format!("failed to fill {}: {error}", folder.display());
    fs::create_dir_all(&folder).map_err(failed)?;
    let crates = folders("crates")?;
    let patches: Result<Vec<String>, String> = crates
        .iter()
        .map(|name| Ok(format!("{name} = {{ path = \"{}\" }}\n", unpacked(&folder, name)?)))
        .collect();
    fs::write(folder.join("Cargo.toml"), format!("{PACKED}{}", patches?.concat()))
        .map_err(failed)?;
    fs::copy(shell::root().join("Cargo.lock"), folder.join("Cargo.lock")).map_err(failed)?;

    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut check = shell::program(cargo, &["check", "--quiet", "--workspace", "--all-features"]);
    shell::output(check.current_dir(&folder).env("CARGO_TARGET_DIR", shell::target()))?;
    Ok(format!("{} crates packed, and built from their archives alone", crates.len()))
}

/// Unpacks the archive of a crate and returns the folder's name.
fn unpacked(into: &Path, name: &str) -> Result<String, String> {
    let packed = format!("{name}-{}", env!("CARGO_PKG_VERSION"));
    let archive = shell::target().join("package").join(format!("{packed}.crate"));
    // With the time of now: the archive's own is always the same, and cargo would take a changed
    // crate for one it has built.
    let mut tar = shell::program("tar", &["-xzmf"]);
    shell::output(tar.arg(&archive).arg("-C").arg(into))?;
    for needed in ["README.md", "Cargo.toml", "src/lib.rs"] {
        if !into.join(&packed).join(needed).is_file() {
            return Err(format!("the archive of {name} lacks {needed}"));
        }
    }
    Ok(packed)
}

/// The folders in a folder that hold a crate, in order.
fn folders(of: &str) -> Result<Vec<String>, String> {
    let entries = fs::read_dir(shell::root().join(of))
        .map_err(|error| format!("failed to read the folder {of}: {error}"))?;
    let mut names: Vec<String> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.path().join("Cargo.toml").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    Ok(names)
}
