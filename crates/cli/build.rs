//! Puts the version and, where it is known, the commit into the program, so that `--version` names the code that runs.

use std::path::Path;
use std::process::Command;

/// A commit named by whoever builds: a package of sources has no repository around it.
const VARIABLE: &str = "BATCH_EVAL_COMMIT";

fn main() {
    let version = std::env::var("CARGO_PKG_VERSION").unwrap_or_default();
    tell(&format!("cargo:rerun-if-env-changed={VARIABLE}"));
    tell("cargo:rerun-if-changed=build.rs");
    let long = match std::env::var(VARIABLE).ok().filter(|named| is_plain(named)).or_else(commit) {
        Some(commit) => format!("{version} ({commit})"),
        None => version,
    };
    tell(&format!("cargo:rustc-env=BATCH_EVAL_VERSION={long}"));
}

/// The commit that is checked out and its day: no clock is read, so that two builds are alike.
fn commit() -> Option<String> {
    for moving in ["HEAD", "logs/HEAD"] {
        let path = git(&["rev-parse", "--git-path", moving])?;
        // A file that is not there would have this run with every build.
        if Path::new(&path).is_file() {
            tell(&format!("cargo:rerun-if-changed={path}"));
        }
    }
    // Unpacked sources inside of somebody else's repository are not described by its commits.
    git(&["ls-files", "--error-unmatch", "build.rs"])?;
    git(&["log", "-1", "--format=%h %cs", "--abbrev=10"]).filter(|text| is_plain(text))
}

/// What `git` says in the package's own folder; nothing where there is no git, or no repository.
fn git(words: &[&str]) -> Option<String> {
    let said = Command::new("git").args(words).output().ok()?;
    let text = String::from_utf8(said.stdout).ok()?.trim().to_owned();
    (said.status.success() && !text.is_empty()).then_some(text)
}

/// Whether a text is fit to be printed as it is.
fn is_plain(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-. +".contains(c);
    (1..=60).contains(&text.len()) && text.chars().all(plain)
}

/// Build scripts talk to cargo on standard output.
fn tell(line: &str) {
    println!("{line}");
}
