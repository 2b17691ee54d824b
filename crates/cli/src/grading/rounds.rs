//! Where the questions to a judge lie: a run in the run's own folder for every time that something was to be asked.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use batch_orchestrator::{Phase, RunState, Verdict};
use run_store::{RunFolder, Runs, StoreError};

use crate::context::store;
use crate::exit::{Exit, Failure, Outcome};
use crate::hashing::digest;
use crate::steps;

const JUDGES: &str = "judges";
const ROUND: &str = "judge-";

/// The folder of everything that was asked of one judge.
pub(super) fn place(folder: &RunFolder, fingerprint: &str) -> PathBuf {
    folder.paths().root().join(JUDGES).join(fingerprint)
}

/// The rounds of one judge, as runs among runs.
pub(super) fn runs(folder: &RunFolder, fingerprint: &str) -> Runs {
    Runs::new(place(folder, fingerprint))
}

/// What a round is called.
pub(super) fn name(number: usize) -> String {
    format!("{ROUND}{number}")
}

/// The rounds that one judge was asked in, the first one first.
pub(super) fn of_judge(folder: &RunFolder, fingerprint: &str) -> Outcome<Vec<RunFolder>> {
    let place = place(folder, fingerprint);
    let mut rounds = Vec::new();
    for number in 1.. {
        let path = place.join(name(number));
        if fs::symlink_metadata(&path).is_err() {
            break;
        }
        match RunFolder::open(&path) {
            Ok(round) => rounds.push(round),
            // Its making was cut off: it is made again.
            Err(StoreError::Unfinished { .. }) => break,
            Err(error) => return Err(store(&error)),
        }
    }
    Ok(rounds)
}

/// Every round of every judge that a run ever had.
pub(crate) fn of_run(folder: &RunFolder) -> Outcome<Vec<RunFolder>> {
    let path = folder.paths().root().join(JUDGES);
    let entries = match fs::read_dir(&path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(Failure::io(format!("failed to read {}", path.display()), &error));
        }
    };
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .collect();
    names.sort_unstable();
    let mut rounds = Vec::new();
    for fingerprint in names {
        rounds.extend(of_judge(folder, &fingerprint)?);
    }
    Ok(rounds)
}

/// What all judges of a run have spent or may yet spend, in millionths of a dollar.
pub(crate) fn committed(folder: &RunFolder) -> Outcome<u64> {
    let mut committed = 0u64;
    for round in of_run(folder)? {
        committed = committed.saturating_add(steps::state(&round)?.ledger().committed);
    }
    Ok(committed)
}

/// Where the results of a run come from, in a few bytes: once they have been looked through, they need not be again.
pub(super) fn sources(state: &RunState) -> String {
    let mut text = String::new();
    for job in state.jobs() {
        if let Phase::Over(Verdict::Results { result, .. }) = &job.phase {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{} {}", job.id, result.sha256);
        }
    }
    digest(text.as_bytes())
}

/// The sources that the last round was made from, or found to have nothing new in them.
pub(super) fn seen(folder: &RunFolder, fingerprint: &str) -> Option<String> {
    let path = place(folder, fingerprint).join("seen");
    let file = folder.paths().open_file(&path).ok()?;
    std::io::read_to_string(file).ok().map(|text| text.trim().to_owned())
}

/// Writes down that there is nothing in these sources that was not asked.
pub(super) fn see(folder: &RunFolder, fingerprint: &str, sources: &str) -> Outcome<()> {
    let path = place(folder, fingerprint).join("seen");
    let mut file = folder.paths().create_file(&path).map_err(|error| store(&error))?;
    std::io::Write::write_all(&mut file, sources.as_bytes())
        .map_err(|error| Failure::io(format!("failed to write {}", path.display()), &error))?;
    file.commit().map_err(|error| store(&error))
}

/// What a round says that was written by us and cannot be read.
pub(super) fn damaged(round: &RunFolder, what: &str) -> Failure {
    let path = round.paths().root().display();
    Failure::new(Exit::RunFolder, format!("{path} is damaged: {what}"))
}
