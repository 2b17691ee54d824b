//! Google's JavaScript SDK judges the emulator: another official client, another way to speak.

use std::fs;
use std::path::{Path, PathBuf};

use super::{SAMPLE, SDK_SCRIPT, number_after, outcome, path_text};
use crate::emulator::Emulator;
use crate::shell;
use crate::tally::Outcome;

const FOLDER: &str = "tests/js";

/// The oldest version of Node that the SDK supports, and our own scripts with it.
const NODE: u64 = 20;

/// The official SDK, unchanged, against `batch-eval emulator`: the walk, sizes, states, faults.
pub(crate) fn sdk(binary: &Path) -> Outcome {
    if let Err(why) = node() {
        return Outcome::Skipped(why);
    }
    match environment(FOLDER, "js-sdk") {
        Ok(folder) => outcome(drive(&folder, binary)),
        Err(why) => Outcome::Skipped(why),
    }
}

fn drive(folder: &Path, binary: &Path) -> Result<String, String> {
    let (calm, scripted) = (Emulator::start(binary, &[])?, Emulator::start(binary, &SDK_SCRIPT)?);
    let script = "tests/js/roundtrip.mjs";
    let arguments = [script, calm.base_url.as_str(), scripted.base_url.as_str(), SAMPLE];
    let mut command = shell::program("node", &arguments);
    let printed = shell::output(command.env("SDK_FOLDER", folder))?;
    let n_steps = number_after(&printed, "\"steps\":")?;
    Ok(format!("@google/genai took {n_steps} steps"))
}

/// Whether there are node, new enough, and npm.
pub(super) fn node() -> Result<(), String> {
    let missing = |_| format!("there is no node of version {NODE} or later, with npm");
    let version = shell::output(&mut shell::program("node", &["--version"])).map_err(missing)?;
    let major = version.trim_start_matches('v').split('.').next().unwrap_or_default();
    if major.parse::<u64>().is_ok_and(|major| major >= NODE) {
        shell::output(&mut shell::program("npm", &["--version"])).map(drop).map_err(missing)
    } else {
        Err(format!("node is {}, and the SDK wants {NODE} or later", version.trim()))
    }
}

/// The folder of this name with the packages in it that `source` pins, made when it is not there.
pub(super) fn environment(source: &str, name: &str) -> Result<PathBuf, String> {
    let folder = shell::target().join(name);
    let installed = folder.join("installed.json");
    let failed = |error: std::io::Error| format!("failed to fill {}: {error}", folder.display());
    let wanted = fs::read(shell::root().join(source).join("package-lock.json")).map_err(failed)?;
    if fs::read(&installed).is_ok_and(|have| have == wanted) {
        return Ok(folder);
    }
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(failed)?;
    for name in ["package.json", "package-lock.json"] {
        fs::copy(shell::root().join(source).join(name), folder.join(name)).map_err(failed)?;
    }
    // The lock names no registry, only hashes: npm asks the one that this machine is set to.
    let arguments =
        ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", path_text(&folder)?];
    shell::output(&mut shell::program("npm", &arguments))
        .map_err(|why| format!("what {source} names cannot be installed: {why}"))?;
    fs::write(&installed, wanted).map_err(failed)?;
    Ok(folder)
}
