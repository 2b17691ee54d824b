//! Python judges the program: Google's own SDK, and the notebook's steps written anew.

use std::fs;
use std::path::{Path, PathBuf};

use super::{SAMPLE, SDK_SCRIPT, number_after, outcome, path_text};
use crate::emulator::Emulator;
use crate::shell;
use crate::tally::Outcome;

const ODD_ROWS: &str = "tests/fixtures/odd_rows.jsonl";
const ODD_RESULTS: &str = "tests/fixtures/odd_results.jsonl";
const REQUIREMENTS: &str = "tests/python/requirements.txt";

/// The official SDK, unchanged, does the whole notebook against `batch-eval emulator`.
pub(crate) fn sdk(binary: &Path) -> Outcome {
    if let Err(why) = python3() {
        return Outcome::Skipped(why);
    }
    match environment() {
        Ok(python) => outcome(walk(&python, binary)),
        Err(why) => Outcome::Skipped(why),
    }
}

fn walk(python: &Path, binary: &Path) -> Result<String, String> {
    let server = Emulator::start(binary, &[])?;
    let script = "tests/python/sdk_roundtrip.py";
    let arguments = ["-B", script, server.base_url.as_str(), SAMPLE];
    let printed = shell::output(&mut shell::program(python, &arguments))?;
    let n_steps = number_after(&printed, "\"steps\": ")?;

    let (calm, scripted) = (Emulator::start(binary, &[])?, Emulator::start(binary, &SDK_SCRIPT)?);
    let script = "tests/python/sdk_faults.py";
    let arguments = ["-B", script, calm.base_url.as_str(), scripted.base_url.as_str()];
    let printed = shell::output(&mut shell::program(python, &arguments))?;
    let n_steps = n_steps + number_after(&printed, "\"steps\": ")?;
    Ok(format!("google-genai took {n_steps} steps"))
}

/// The emulator in front of a server of another protocol that no one here wrote: LiteLLM's proxy
/// with mock answers.
pub(crate) fn upstream(binary: &Path) -> Outcome {
    if let Err(why) = python3() {
        return Outcome::Skipped(why);
    }
    let python = match environment_of("python-litellm", "tests/python/upstream_requirements.txt") {
        Ok(python) => python,
        Err(why) => return Outcome::Skipped(why),
    };
    outcome(binary.to_str().ok_or("the binary's path is no text".to_owned()).and_then(|binary| {
        let script = "tests/python/upstream_litellm.py";
        let emulator = ["emulator", "--listen", "127.0.0.1:0", "--upstream", "{url}"];
        let key = ["--upstream-key-env", "UPSTREAM_KEY"];
        let words = [&["-B", script, binary][..], &emulator, &key].concat();
        let printed = shell::output(&mut shell::program(&python, &words))?;
        let n_rows = number_after(&printed, "\"rows\": ")?;
        Ok(format!("LiteLLM's proxy answered {n_rows} rows"))
    }))
}

/// `batch-eval transform` gives the rows that the notebook's cell gives.
pub(crate) fn transform(binary: &Path) -> Outcome {
    with_python(|scratch| {
        let mut n_rows = 0;
        for dataset in [SAMPLE, ODD_ROWS] {
            let (theirs, ours) = (scratch.join("theirs.jsonl"), scratch.join("ours.jsonl"));
            let (theirs, ours) = (path_text(&theirs)?, path_text(&ours)?);
            remove(ours)?;
            notebook(&["transform", dataset, theirs])?;
            let arguments = ["transform", dataset, "--output", ours];
            shell::output(&mut shell::program(binary, &arguments))?;
            let answer = notebook(&["compare", theirs, ours])?;
            n_rows += number_after(&answer, "\"rows\": ")?;
        }
        Ok(format!("{n_rows} rows equal the notebook's"))
    })
}

/// `batch-eval score` counts as the notebook's cell counts, an empty file included.
pub(crate) fn score(binary: &Path) -> Outcome {
    with_python(|scratch| {
        let empty = scratch.join("empty.jsonl");
        fs::write(&empty, "").map_err(|error| format!("failed to write: {error}"))?;
        let without_keys = scratch.join("without_keys.jsonl");
        notebook(&["unkey", ODD_RESULTS, path_text(&without_keys)?])?;
        let files = [SAMPLE, ODD_RESULTS, path_text(&without_keys)?, path_text(&empty)?];
        let mut n_rows = 0;
        for results in files {
            let arguments = ["score", results, "--json"];
            let ours = shell::output(&mut shell::program(binary, &arguments))?;
            let report = scratch.join("score.json");
            fs::write(&report, ours).map_err(|error| format!("failed to write: {error}"))?;
            let answer = notebook(&["agree", results, path_text(&report)?])?;
            n_rows += number_after(&answer, "\"rows\": ")?;
        }
        Ok(format!("{n_rows} result rows in {} files counted alike", files.len()))
    })
}

/// Odd rows and damaged ones from a seed: Python's own JSON reader says which are good, what bytes
/// must be sent of them, and how result rows count.
pub(crate) fn odd_rows(binary: &Path) -> Outcome {
    with_python(|scratch| {
        let (binary, scratch) = (path_text(binary)?, path_text(scratch)?);
        let differ = |what, count| {
            let words = ["-B", "tests/python/differential.py", what, binary, scratch, count, "1"];
            let printed = shell::output(&mut shell::program("python3", &words))?;
            number_after(&printed, "\"rows\": ")
        };
        let (rows, results) = (differ("transform", "6000")?, differ("score", "6000")?);
        Ok(format!("{rows} dataset rows and {results} result rows as Python reads them"))
    })
}

/// Runs a check that needs python3 and a folder for its files.
fn with_python(check: impl Fn(&Path) -> Result<String, String>) -> Outcome {
    if let Err(why) = python3() {
        return Outcome::Skipped(why);
    }
    let scratch = shell::target().join("notebook");
    if let Err(error) = fs::create_dir_all(&scratch) {
        return Outcome::Failed(format!("failed to make {}: {error}", scratch.display()));
    }
    outcome(check(&scratch))
}

fn notebook(arguments: &[&str]) -> Result<String, String> {
    let mut words = vec!["-B", "tests/python/notebook.py"];
    words.extend(arguments);
    shell::output(&mut shell::program("python3", &words))
}

/// Whether there is a python3 that is new enough for the SDK.
pub(crate) fn python3() -> Result<(), String> {
    let test = "import sys; sys.exit(sys.version_info < (3, 11))";
    shell::output(&mut shell::program("python3", &["-c", test]))
        .map(drop)
        .map_err(|_| "there is no python3 of version 3.11 or later".to_owned())
}

/// The python of a virtual environment with the pinned SDK, made when it is not there.
pub(crate) fn environment() -> Result<PathBuf, String> {
    environment_of("python-sdk", REQUIREMENTS)
}

/// The python of the virtual environment of this name under `target/`, with what the file pins.
pub(crate) fn environment_of(name: &str, requirements: &str) -> Result<PathBuf, String> {
    let folder = shell::target().join(name);
    let python = folder.join("bin").join("python");
    let installed = folder.join("installed.txt");
    let wanted = fs::read(shell::root().join(requirements))
        .map_err(|error| format!("failed to read {requirements}: {error}"))?;
    if python.exists() && fs::read(&installed).is_ok_and(|have| have == wanted) {
        return Ok(python);
    }
    let _ = fs::remove_dir_all(&folder);
    shell::output(&mut shell::program("python3", &["-m", "venv", path_text(&folder)?]))
        .map_err(|why| format!("python3 cannot make a virtual environment: {why}"))?;
    let install = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
        "--only-binary",
        ":all:",
        "--requirement",
        requirements,
    ];
    shell::output(&mut shell::program(&python, &install))
        .map_err(|why| format!("{requirements} cannot be installed: {why}"))?;
    fs::write(&installed, wanted).map_err(|error| format!("failed to write: {error}"))?;
    Ok(python)
}

/// Removes a file of an earlier run.
fn remove(path: &str) -> Result<(), String> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("failed to remove {path}: {error}"))
        }
        _ => Ok(()),
    }
}

/// The statistics equal scipy's and statsmodels' on random inputs that no file of ours holds.
pub(crate) fn statistics(_binary: &Path) -> Outcome {
    if let Err(why) = python3() {
        return Outcome::Skipped(why);
    }
    let python = match environment_of("python-scipy", "tests/python/scipy_requirements.txt") {
        Ok(python) => python,
        Err(why) => return Outcome::Skipped(why),
    };
    let build = ["build", "--quiet", "-p", "eval-stats", "--example", "answers"];
    outcome(shell::succeeds(&mut shell::cargo(&build)).and_then(|()| {
        let program = shell::target().join("debug/examples/answers");
        let words = ["-B", "tests/python/against_scipy.py", path_text(&program)?, "60", "1"];
        let printed = shell::output(&mut shell::program(&python, &words))?;
        let n_figures = number_after(&printed, "\"figures\": ")?;
        Ok(format!("{n_figures} figures equal scipy's and statsmodels'"))
    }))
}
