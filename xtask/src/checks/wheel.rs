//! Is the program there after `pip install`, and does it work there?

use std::fs;
use std::path::{Path, PathBuf};

use super::{outcome, path_text, python};
use crate::shell;
use crate::tally::Outcome;

const REQUIREMENTS: &str = "tests/python/wheel_requirements.txt";

/// Builds the wheel, installs it where nothing else is, and evaluates the bundled sample with it.
pub(crate) fn installed(_binary: &Path) -> Outcome {
    let ready =
        python::python3().and_then(|()| python::environment_of("python-wheel", REQUIREMENTS));
    match ready {
        Ok(python) => outcome(try_it(&python)),
        Err(why) => Outcome::Skipped(why),
    }
}

fn try_it(python: &Path) -> Result<String, String> {
    let folder = shell::target().join("wheels");
    let _ = fs::remove_dir_all(&folder);
    // The profile of the other checks, as its parts are built already; a release takes `dist`.
    let words = ["-m", "maturin", "build", "--quiet", "--profile", "release", "--locked"];
    let mut build = shell::program(python, &words);
    build.args(["--manifest-path", "crates/cli/Cargo.toml", "--out"]).arg(&folder);
    shell::output(&mut build)?;
    let wheel = only_file(&folder)?;
    let fresh = folder.join("environment");
    shell::output(&mut shell::program("python3", &["-m", "venv", path_text(&fresh)?]))?;
    let bin = fresh.join("bin");
    let words = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"];
    shell::output(shell::program(bin.join("python"), &words).arg(&wheel))?;
    let program = bin.join("batch-eval");
    let version = shell::output(&mut shell::program(&program, &["--version"]))?;
    let runs = folder.join("runs");
    let words = ["run", "--emulator", "--quiet", "--runs-dir", path_text(&runs)?];
    let printed = shell::output(&mut shell::program(&program, &words))?;
    if !printed.contains("sim-flash") {
        return Err(format!("the installed program printed no table:\n{printed}"));
    }
    let name = wheel.file_name().unwrap_or_default().to_string_lossy();
    Ok(format!("{} from {name}", version.trim()))
}

/// The wheel: there is one file in the folder.
fn only_file(folder: &Path) -> Result<PathBuf, String> {
    let failed = |error: std::io::Error| format!("failed to read {}: {error}", folder.display());
    let mut files = fs::read_dir(folder).map_err(failed)?;
    match (files.next(), files.next()) {
        (Some(file), None) => Ok(file.map_err(failed)?.path()),
        _ => Err(format!("{} does not hold one wheel", folder.display())),
    }
}
