//! Python judges the program: Google's own SDK, and the notebook's steps written anew.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use super::outcome;
use crate::shell;
use crate::tally::Outcome;

const SAMPLE: &str = "crates/cli/data/sample.jsonl";
const ODD_ROWS: &str = "tests/fixtures/odd_rows.jsonl";
const ODD_RESULTS: &str = "tests/fixtures/odd_results.jsonl";
const REQUIREMENTS: &str = "tests/python/requirements.txt";

/// Emulated jobs of about a minute end in about a second.
const TIME_SCALE: &str = "60";

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
    let server = Emulator::start(binary)?;
    let script = "tests/python/sdk_roundtrip.py";
    let arguments = ["-B", script, server.base_url.as_str(), SAMPLE];
    let printed = shell::output(&mut shell::program(python, &arguments))?;
    let n_steps = number_after(&printed, "\"steps\": ")?;
    Ok(format!("google-genai took {n_steps} steps"))
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
fn python3() -> Result<(), String> {
    let test = "import sys; sys.exit(sys.version_info < (3, 11))";
    shell::output(&mut shell::program("python3", &["-c", test]))
        .map(drop)
        .map_err(|_| "there is no python3 of version 3.11 or later".to_owned())
}

/// The python of a virtual environment with the pinned SDK, made when it is not there.
fn environment() -> Result<PathBuf, String> {
    let folder = shell::target().join("python-sdk");
    let python = folder.join("bin").join("python");
    let installed = folder.join("installed.txt");
    let wanted = fs::read(shell::root().join(REQUIREMENTS))
        .map_err(|error| format!("failed to read {REQUIREMENTS}: {error}"))?;
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
        REQUIREMENTS,
    ];
    shell::output(&mut shell::program(&python, &install))
        .map_err(|why| format!("the SDK cannot be installed: {why}"))?;
    fs::write(&installed, wanted).map_err(|error| format!("failed to write: {error}"))?;
    Ok(python)
}

/// `batch-eval emulator` on a free port; killed when dropped.
struct Emulator {
    child: Child,
    base_url: String,
}

impl Emulator {
    fn start(binary: &Path) -> Result<Self, String> {
        let arguments = ["emulator", "--listen", "127.0.0.1:0", "--time-scale", TIME_SCALE];
        let mut child = shell::program(binary, &arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("failed to start the emulator: {error}"))?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            let mut stdout = BufReader::new(stdout);
            let _ = stdout.read_line(&mut line);
            // Whatever else it prints is read, lest the pipe fills up.
            std::thread::spawn(move || stdout.read_to_end(&mut Vec::new()));
        }
        let server = Self { child, base_url: line.trim().to_owned() };
        if server.base_url.starts_with("http://127.0.0.1:") {
            Ok(server)
        } else {
            Err(format!("the emulator began with {line:?}, not with its base URL"))
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn path_text(path: &Path) -> Result<&str, String> {
    path.to_str().ok_or_else(|| format!("{} is not UTF-8", path.display()))
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

/// The number behind a member name in one line of JSON that our own script printed.
fn number_after(text: &str, name: &str) -> Result<u64, String> {
    let digits = text.split_once(name).map(|(_, rest)| rest);
    let digits = digits.and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
    digits.and_then(|digits| digits.parse().ok()).ok_or_else(|| format!("no {name} in {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_behind_its_name() {
        assert_eq!(number_after("{\"rows\": 85, \"equal\": true}", "\"rows\": "), Ok(85));
        assert!(number_after("{}", "\"rows\": ").is_err());
    }
}
