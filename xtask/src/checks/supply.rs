//! What the program is built of: licences, bans, sources, build scripts, advisories, features, the list of parts.

use std::path::{Path, PathBuf};

use super::{outcome, python};
use crate::shell;
use crate::tally::Outcome;

const REQUIREMENTS: &str = "tests/python/supply_requirements.txt";

/// Names a folder that holds the advisories of `RustSec`, unpacked.
const ADVISORIES: &str = "BATCH_EVAL_ADVISORY_DB";

/// cargo-deny finds nothing that `.cargo/deny.toml` forbids, cargo-audit no advisory, and the list of parts is whole.
pub(crate) fn chain(_binary: &Path) -> Outcome {
    let tools = match tools() {
        Ok(tools) => tools,
        Err(why) => return Outcome::Skipped(why),
    };
    outcome(look(&tools))
}

fn look(tools: &Path) -> Result<String, String> {
    // The crates of other systems are looked at too, and no build here has fetched those.
    shell::output(&mut shell::cargo(&["fetch"]))?;
    let deny = ["--offline", "--log-level", "error", "check", "--hide-inclusion-graph"];
    let rules = ["--allow", "duplicate", "licenses", "bans", "sources"];
    shell::output(&mut shell::program(tools.join("cargo-deny"), &[&deny[..], &rules].concat()))?;
    let advisories = advisories(tools)?;
    let parts = crate::sbom::write()?;
    Ok(format!("licences, bans and sources hold; {advisories}; {parts} parts in the list"))
}

/// cargo-audit's word on `Cargo.lock`; without a database that was brought it says so, and is no failure.
fn advisories(tools: &Path) -> Result<String, String> {
    let Some(database) = std::env::var_os(ADVISORIES) else {
        return Ok(format!("advisories not looked at, as {ADVISORIES} is not set"));
    };
    let mut audit = shell::program(tools.join("cargo-audit"), &["audit", "--no-fetch", "--stale"]);
    audit.args(["--quiet", "--deny", "warnings", "--db"]).arg(database);
    shell::output(&mut audit)?;
    Ok("no advisory".to_owned())
}

/// Each feature of each crate builds alone.
pub(crate) fn each_feature(_binary: &Path) -> Outcome {
    let tools = match tools() {
        Ok(tools) => tools,
        Err(why) => return Outcome::Skipped(why),
    };
    let words = ["hack", "check", "--quiet", "--workspace", "--each-feature", "--locked"];
    let mut hack = shell::program(tools.join("cargo-hack"), &words);
    outcome(shell::output(&mut hack).map(|_| "each feature of each crate builds alone".to_owned()))
}

/// Two clones in two folders build to the same bytes.
pub(crate) fn reproducible(_binary: &Path) -> Outcome {
    outcome(twice())
}

fn twice() -> Result<String, String> {
    let folder = shell::target().join("reproducible");
    let _ = std::fs::remove_dir_all(&folder);
    let clones = ["one", "another-folder"].map(|name| folder.join(name));
    // Both before anything is built: a commit made meanwhile would be a difference by itself.
    for clone in &clones {
        let place = super::path_text(clone)?;
        shell::output(&mut shell::program("git", &["clone", "--quiet", ".", place]))?;
    }
    let mut digests = Vec::new();
    for clone in &clones {
        let build = ["build", "--quiet", "--profile", "dist", "--package", "cli", "--locked"];
        let mut cargo = shell::cargo(&build);
        cargo.current_dir(clone).env("CARGO_TARGET_DIR", clone.join("target"));
        shell::output(&mut cargo)?;
        let binary = clone.join("target").join("dist").join("batch-eval");
        let printed = shell::output(&mut shell::program("sha256sum", &[&binary]))?;
        digests.push(printed.split(' ').next().unwrap_or_default().to_owned());
        // What differs is worth a look; what it was built of takes a gigabyte.
        keep_only(clone, &binary)
            .map_err(|error| format!("failed to tidy {}: {error}", clone.display()))?;
    }
    let equal = digests.windows(2).all(|pair| pair[0] == pair[1]);
    if !equal {
        return Err(format!(
            "two builds of one commit differ, see {}: {digests:?}",
            folder.display()
        ));
    }
    let _ = std::fs::remove_dir_all(&folder);
    Ok(format!("two clones build to {}", digests[0]))
}

/// Keeps one file of a folder, under the folder's name.
fn keep_only(folder: &Path, file: &Path) -> std::io::Result<()> {
    let kept = folder.with_extension("bin");
    std::fs::rename(file, &kept)?;
    std::fs::remove_dir_all(folder)
}

/// The folder with the programs.
fn tools() -> Result<PathBuf, String> {
    python::python3()?;
    let python = python::environment_of("supply-chain", REQUIREMENTS)?;
    Ok(python.parent().map(Path::to_path_buf).unwrap_or_default())
}
