//! A death or an error at one system call of a run after the other: then `resume`, the same report, no second job.
//!
//! ```text
//! system_calls POINTS SEED           # so many points, drawn by the seed
//! system_calls CALL ACTION NTH [FILE]  # one of them again: write ENOSPC 7+ journal.jsonl
//! ```
//! Needs `strace` and the right to trace children. Prints one line of JSON; a point that fails is named with the
//! command that repeats it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use tests::death::chance;
use tests::house::{House, creates, run_words};
use tests::process::Server;
use tests::traced;

const USAGE: &str = "usage: system_calls POINTS SEED | system_calls CALL ACTION NTH[+] [FILE]";
const REFERENCE: &str = "whole";
const MODELS: [&str; 2] = ["sim-flash", "sim-pro"];
/// Points tried at the same time; most of a point is waiting.
const AT_ONCE: usize = 3;

/// Calls on files, with the errors that each may meet on a file of the run, beside death.
const FILE_CALLS: [(&str, &[&str]); 10] = [
    ("openat", &["ENOSPC", "EIO", "EMFILE", "EROFS"]),
    ("read", &["EIO", "EINTR"]),
    ("write", &["ENOSPC", "EIO", "EDQUOT", "EINTR"]),
    ("fsync", &["EIO", "ENOSPC"]),
    ("fdatasync", &["EIO", "ENOSPC"]),
    ("rename", &["ENOSPC", "EIO", "EROFS"]),
    ("ftruncate", &["EIO"]),
    ("unlink", &["EIO"]),
    ("mkdir", &["ENOSPC", "EROFS"]),
    ("flock", &["EINTR"]),
];

/// Calls on connections.
const NET_CALLS: [(&str, &[&str]); 6] = [
    ("socket", &["EMFILE"]),
    ("connect", &["ECONNREFUSED", "ETIMEDOUT"]),
    ("sendto", &["ECONNRESET", "EPIPE"]),
    ("writev", &["ECONNRESET"]),
    ("recvfrom", &["ECONNRESET"]),
    ("close", &[]),
];

/// What happens at which call of a thread.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Point {
    call: String,
    /// `KILL`, or the name of an error.
    action: String,
    /// As strace writes it: `7` once, `7+` from then on.
    nth: String,
    /// The only file of the run folder that it is about.
    file: Option<String>,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.call, self.action, self.nth)?;
        self.file.iter().try_for_each(|file| write!(f, " {file}"))
    }
}

impl Point {
    /// Words for strace, in a run of this folder.
    fn words(&self, run: &Path) -> Vec<String> {
        let kind = if self.action == "KILL" { "signal" } else { "error" };
        let inject = format!("inject={}:{kind}={}:when={}", self.call, self.action, self.nth);
        let mut words = vec!["-e".to_owned(), format!("trace={}", self.call), "-e".into(), inject];
        if let Some(file) = &self.file {
            words.extend(["-P".to_owned(), run.join(file).display().to_string()]);
        }
        words
    }
}

/// How often one thread makes a call at most: on anything, and on each file of the run.
type Counts = BTreeMap<(String, Option<String>), usize>;

/// Every point there is. Errors on files meet files of the run alone: the runtime's own pipes never fail so.
fn all_points(counts: &Counts) -> Vec<Point> {
    let of_files = FILE_CALLS.iter().map(|call| (call, true));
    let calls = of_files.chain(NET_CALLS.iter().map(|call| (call, false)));
    let calls: BTreeMap<&str, _> =
        calls.map(|((call, errors), files)| (*call, (errors, files))).collect();
    let mut points = Vec::new();
    for ((call, file), most) in counts {
        let Some((errors, of_files)) = calls.get(call.as_str()) else { continue };
        for n in 1..=*most {
            let mut add = |action: &str, nth: String| {
                let (call, action, file) = (call.clone(), action.to_owned(), file.clone());
                points.push(Point { call, action, nth, file });
            };
            if file.is_none() {
                add("KILL", n.to_string());
            }
            for error in errors.iter().filter(|_| *of_files == file.is_some()) {
                add(error, n.to_string());
                // A full or broken disk stays so; an interrupted call is made again.
                if matches!(*error, "ENOSPC" | "EIO" | "EROFS" | "EDQUOT") {
                    add(error, format!("{n}+"));
                }
            }
        }
    }
    points
}

/// So many of them, drawn without putting back.
fn drawn(mut points: Vec<Point>, most: usize, seed: u64) -> Vec<Point> {
    let mut out = Vec::new();
    while out.len() < most && !points.is_empty() {
        let at = usize::try_from(chance(seed, out.len() as u64)).unwrap_or(0) % points.len();
        out.push(points.swap_remove(at));
    }
    out
}

/// The counts in strace's own record of a whole run in this folder.
fn counted(log: &str, run: &Path) -> Counts {
    let run = format!("{}/", run.display());
    let mut by_thread: BTreeMap<(&str, &str, Option<String>), usize> = BTreeMap::new();
    for line in log.lines() {
        let Some((thread, rest)) = line.split_once(char::is_whitespace) else { continue };
        let Some((call, words)) = rest.trim_start().split_once('(') else { continue };
        *by_thread.entry((thread, call, None)).or_default() += 1;
        let file = words.split_once(&run).map(|(_, rest)| rest.split(['"', '>']).next());
        if let Some(Some(file)) = file {
            *by_thread.entry((thread, call, Some(file.to_owned()))).or_default() += 1;
        }
    }
    let mut most = Counts::new();
    for ((_, call, file), n) in by_thread {
        let seen = most.entry((call.to_owned(), file)).or_default();
        *seen = n.max(*seen);
    }
    most
}

/// One point in a run of its own. `Ok(true)` when the call was reached at all.
fn tried(
    house: &House,
    server: &Server,
    whole: &Value,
    name: &str,
    point: &Point,
) -> Result<bool, String> {
    let mut words = run_words(server, name, &MODELS);
    words.extend(["--settle", "300ms", "--patience", "2s"]);
    let strace = [vec!["/dev/null".to_owned()], point.words(&house.run(name))].concat();
    let said = traced::run(house, &strace, &words);
    let reached = said.code != Some(0);
    if said.stderr.contains("panicked") || matches!(said.code, Some(70 | 101)) {
        return Err(format!("it panicked or met what it thinks impossible: {said:?}"));
    }
    if !house.run(name).join("report").join("report.json").exists() || reached {
        let resume =
            ["resume", name, "--accept-partial", "--poll-interval", "30ms", "--settle", "300ms"];
        let said = if house.run(name).join("run.json").exists() {
            house.call(&resume)
        } else {
            house.call(&words)
        };
        if said.code != Some(0) {
            return Err(format!("it did not recover: {said:?}"));
        }
    }
    let report = house.report(name);
    if report != *whole {
        return Err(format!("the report differs: {report}"));
    }
    let manifest =
        std::fs::read(house.run(name).join("run.json")).map_err(|error| error.to_string())?;
    let manifest: Value = serde_json::from_slice(&manifest).map_err(|error| error.to_string())?;
    let tag = manifest["tag"].as_str().unwrap_or("no tag");
    let ours = creates(server)
        .iter()
        .filter(|create| create["display_name"].as_str().is_some_and(|name| name.contains(tag)))
        .count();
    if ours == MODELS.len() {
        Ok(reached)
    } else {
        Err(format!("{ours} jobs for {} models", MODELS.len()))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let house = House::with_rows(40);
    let server = Server::emulator(house.path(), &["--time-scale", "200", "--control"]);
    let names = FILE_CALLS.iter().chain(&NET_CALLS).map(|(call, _)| *call);
    let trace = format!("trace={}", names.collect::<Vec<_>>().join(","));
    let strace = ["calls.log".to_owned(), "-e".to_owned(), trace];
    let said = traced::run(&house, &strace, &run_words(&server, REFERENCE, &MODELS));
    if said.code != Some(0) {
        return Err(format!("the run under strace failed: {said:?}").into());
    }
    let whole = house.report(REFERENCE);
    let log = std::fs::read_to_string(house.path().join("calls.log"))?;
    let all = all_points(&counted(&log, &house.run(REFERENCE)));
    let n_all = all.len();
    let points = match words[..] {
        [most, seed] => drawn(all, most.parse()?, seed.parse()?),
        [call, action, nth, ..] if words.len() < 5 => {
            let file = words.get(3).map(|file| (*file).to_owned());
            vec![Point { call: call.into(), action: action.into(), nth: nth.into(), file }]
        }
        _ => return Err(USAGE.into()),
    };
    let (next, reached, failures) =
        (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(BTreeSet::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(point) = points.get(at) else { break };
                    match tried(&house, &server, &whole, &format!("point-{at}"), point) {
                        Ok(true) => _ = reached.fetch_add(1, Ordering::Relaxed),
                        Ok(false) => {}
                        Err(why) => {
                            let mut failures =
                                failures.lock().unwrap_or_else(PoisonError::into_inner);
                            failures.insert(format!("system_calls {point}\n{why}"));
                        }
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut out = std::io::stdout();
    for failure in &failures {
        writeln!(out, "{failure}\n")?;
    }
    let seen = serde_json::json!({
        "points": points.len(), "of": n_all, "felt": reached.into_inner(), "failures": failures.len(),
    });
    writeln!(out, "{seen}")?;
    if failures.is_empty() { Ok(()) } else { Err("a point failed".into()) }
}
