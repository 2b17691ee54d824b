//! The key and the addresses of upload sessions in nothing that is written, by the program, its scorers and judges,
//! at the chattiest level, through faults that throw them back.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use tests::between::{Between, Gate, Then};
use tests::house::House;
use tests::leaks::{SECRET, below, forms, found};
use tests::process::{Said, Server, batch_eval, binary};
use tests::raw::Answer;
use tests::recorder::Request;

/// A scorer that tells what it can see of the program that started it.
const NOSY: &str = r#"
import json, os, sys
seen = {"environ": dict(os.environ), "argv": sys.argv}
for what in ["environ", "cmdline", "mem", "maps"]:
    try:
        with open(f"/proc/{os.getppid()}/{what}", "rb") as file:
            seen[what + " of the parent"] = file.read(1 << 16).decode("latin-1")
    except OSError as error:
        seen[what + " of the parent"] = type(error).__name__
with open("SEEN", "w") as file:
    json.dump(seen, file)
print(json.dumps(seen), file=sys.stderr)

def is_correct(row):
    return True
"#;

/// Calls the program with the secret for a key, what it says kept in files of the folder; nothing is asked of it.
fn call(house: &House, name: &str, words: &[&str]) -> Option<i32> {
    let mut command = as_a_user(house.path());
    spawn(house, name, command.args(words)).wait().unwrap().code()
}

/// The program without root's right to look everywhere, as users have it.
fn as_a_user(folder: &Path) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-user=1000", "--map-group=1000"]).arg(binary());
    command.current_dir(folder).env_clear().env("HOME", folder).stdin(Stdio::null());
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

fn spawn(house: &House, name: &str, command: &mut Command) -> Child {
    let open = |ending: &str| File::create(house.path().join(format!("{name}.{ending}"))).unwrap();
    command.env("GEMINI_API_KEY", SECRET).env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
    command.stdout(open("out")).stderr(open("err")).spawn().unwrap()
}

/// Throws back at a client what it sent, its key above all, once for each kind of call and in turn in each way; else
/// it passes things on. The session addresses that went by are kept.
fn echoing(server: &Server, sessions: &Arc<Mutex<Vec<String>>>) -> String {
    let (kept, calls) = (Arc::clone(sessions), Mutex::new(BTreeSet::new()));
    let between = Between::before(server.base_url(), move |request, pass| {
        let kind = format!("{} {}", request.method, request.header("x-goog-upload-command"));
        let kind = kind + request.target.split(['?', ':']).next_back().unwrap_or_default();
        // A create is answered well: a doubt about one costs the wait for it.
        let mut calls = calls.lock().unwrap();
        if !request.target.contains("batchGenerateContent") && calls.insert(kind) {
            return thrown_back(request, calls.len() % 4);
        }
        drop(calls);
        let answer = pass().ok()?;
        let session = answer.header("x-goog-upload-url").to_owned();
        if !session.is_empty() {
            kept.lock().unwrap().push(session);
        }
        Some(answer)
    });
    between.unwrap().base_url()
}

fn thrown_back(request: &Request, way: usize) -> Option<Answer> {
    let words = format!("your key {} at {}", request.header("x-goog-api-key"), request.target);
    let error = format!(
        r#"{{"error":{{"code":503,"message":"{words}","status":"{words}","details":[{{"reason":"{words}"}}]}}}}"#
    );
    let headers = vec![("Retry-After".to_owned(), words.clone()), ("X-Odd".to_owned(), words)];
    match way {
        0 => Some(Answer { status: 503, headers, body: error.into_bytes() }),
        1 => Some(Answer { status: 500, headers, body: format!("<html>{error}").into_bytes() }),
        2 => Some(Answer { status: 429, headers, body: error.into_bytes() }),
        _ => None,
    }
}

/// The value that opens an upload session, in every form; the rest of its address is everybody's.
fn ids(sessions: &Mutex<Vec<String>>) -> Vec<String> {
    let sessions = sessions.lock().unwrap();
    let id = |url: &String| {
        let rest = url.split_once("upload_id=").unwrap().1;
        rest.split('&').next().unwrap().to_owned()
    };
    sessions.iter().map(id).collect()
}

#[test]
fn a_whole_run_with_judges_scorers_and_faults_writes_no_secret_anywhere() {
    let house = House::scripted(6, "");
    let seen = house.path().join("seen.json");
    house.write("nosy.py", &NOSY.replace("SEEN", seen.to_str().unwrap()));
    let server = Server::emulator(house.path(), &["--time-scale", "300", "--control"]);
    let sessions = Arc::default();
    let base = echoing(&server, &sessions);
    let judge = r#"judge:rubric(model="sim-judge", rubric="It deals with the request.")"#;
    let loud = ["--log", "trace", "--log-file", "trace.log", "-vvv"];
    let run = [
        &["run", "data.jsonl", "--name", "loud", "--base-url", &base, "-m", "sim-a"][..],
        &["--poll-interval", "30ms", "--settle", "300ms", "--accept-partial"],
        &["--scorer", "function-call", "--scorer", "python:nosy.py", "--scorer", judge],
    ];
    let code = call(&house, "run", &[run.concat(), loud.to_vec()].concat());
    let err = std::fs::read_to_string(house.path().join("run.err")).unwrap();
    assert_eq!(code, Some(0), "{err}");
    let trace = std::fs::read_to_string(house.path().join("trace.log")).unwrap();
    for part in ["TRACE", "exchange", "trying again"] {
        assert!(trace.contains(part), "no {part} in the log, so nothing was tried");
    }
    let after: [&[&str]; 9] = [
        &["status", "loud"],
        &["report", "loud", "--format", "html", "-o", "page.html"],
        &["report", "loud", "--json"],
        &["show", "loud", "--row", "1"],
        &["score", "loud", "--scorer", "python:nosy.py", "--json"],
        &["doctor", "--base-url", &base],
        &["jobs", "--base-url", &base],
        &["resume", "loud", "--json"],
        &["run", SECRET, "--api-key", SECRET],
    ];
    for (n, words) in after.into_iter().enumerate() {
        let loud = ["--log", "trace", "--log-format", "json", "--log-file", "json.log"];
        call(&house, &format!("after{n}"), &[words, &loud].concat());
    }
    // What the user typed at a place where it does not belong is the user's, and is looked at by itself.
    let typed = |path: &Path| path.file_name().is_some_and(|name| name == "after8.err");
    let (files, leaks) = below(house.path(), &forms(SECRET), &|path| typed(path));
    assert!(files > 30 && seen.exists(), "{files} files");
    assert_eq!(leaks, Vec::<String>::new(), "of {files} files");

    let ids = ids(&sessions);
    assert!(!ids.is_empty() && ids.iter().all(|id| id.len() >= 12), "{ids:?}");
    for id in ids {
        // The journal may: a run goes on by it, and it is its owner's alone.
        let journal = |path: &Path| path.file_name().is_some_and(|name| name == "journal.jsonl");
        let (_, leaks) = below(house.path(), &forms(&id), &journal);
        assert_eq!(leaks, Vec::<String>::new(), "{id}");
    }
    let journal = std::fs::metadata(house.run("loud").join("journal.jsonl")).unwrap();
    assert_eq!(journal.permissions().mode() & 0o777, 0o600);
}

/// What a scorer is given of the environment, and nothing else.
#[test]
fn a_scorer_starts_from_an_empty_environment_and_sees_nothing_of_the_program() {
    let house = House::scripted(3, "");
    let seen = house.path().join("seen.json");
    house.write("nosy.py", &NOSY.replace("SEEN", seen.to_str().unwrap()));
    let score = ["score", "data.jsonl", "--scorer", "python:nosy.py"];
    let mut command = as_a_user(house.path());
    command.args(score).env("GEMINI_API_KEY", SECRET).env("OTHER_TOKEN", SECRET);
    let said = Said::from(command.output().unwrap());
    assert_eq!(said.code, Some(0), "{said:?}");
    let text = std::fs::read(&seen).unwrap();
    assert_eq!(found(&text, &forms(SECRET)), Vec::<String>::new());
    let told: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let names: Vec<&str> =
        told["environ"].as_object().unwrap().keys().map(String::as_str).collect();
    let known = ["PATH", "LANG", "HOME", "BATCH_EVAL_SCORER"];
    // What Python, or a shell that stands in for it, sets by itself.
    let own = ["LC_CTYPE", "PWD", "OLDPWD", "SHLVL", "_"];
    let stranger = |name: &&str| {
        !known.contains(name) && !own.contains(name) && !name.trim_matches('_').starts_with("PY")
    };
    assert_eq!(names.into_iter().find(stranger), None);
    for what in ["environ", "mem", "maps"] {
        assert_eq!(told[format!("{what} of the parent")], "PermissionError", "{told}");
    }
}

/// A program that dies of a signal in the middle leaves no core, where any other would.
#[test]
fn a_death_in_the_middle_leaves_no_core_and_an_abort_says_nothing() {
    let house = House::scripted(6, "");
    let server = Server::emulator(house.path(), &["--time-scale", "300"]);
    let creates = |request: &Request| request.target.contains(":batchGenerateContent");
    let gate = Gate::before(server.base_url(), creates).unwrap();
    let limits = "ulimit -c unlimited; exec \"$0\" \"$@\"";
    let mut control = Command::new("sh");
    control.args(["-c", "ulimit -c unlimited; kill -ABRT $$"]).current_dir(house.path());
    let others_dump = control.status().unwrap().core_dumped();
    let mut command = batch_eval(house.path(), [""; 0]);
    let base = gate.base_url();
    let words = ["run", "data.jsonl", "--name", "dies", "--base-url", &base, "-m", "sim-a"];
    let mut shell = Command::new("sh");
    shell.args(["-c", limits]).arg(binary()).args(words).args(["--log", "trace"]);
    shell.current_dir(house.path()).env_clear();
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command = shell;
    let mut child = spawn(&house, "dies", &mut command);
    gate.wait();
    let cmdline = std::fs::read(format!("/proc/{}/cmdline", child.id())).unwrap();
    assert_eq!(found(&cmdline, &forms(SECRET)), Vec::<String>::new());
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-ABRT", &pid]).status().unwrap().success());
    let status = child.wait().unwrap();
    gate.open(Then::LoseAnswer);
    assert_eq!((status.signal(), status.core_dumped()), (Some(6), false), "others: {others_dump}");

    // Out of memory at some point on the way: it aborts, or says so.
    let resume = ["-c", "ulimit -v \"$0\"; exec \"$@\""];
    for kilobytes in ["60000", "90000", "120000", "200000"] {
        let mut shell = Command::new("sh");
        shell.args(resume).arg(kilobytes).arg(binary()).args(["resume", "dies", "-vvv"]);
        shell.current_dir(house.path());
        spawn(&house, &format!("poor{kilobytes}"), &mut shell).wait().unwrap();
    }
    let core = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy() == "core");
    let (files, leaks) = below(house.path(), &forms(SECRET), &|path| others_dump && core(path));
    assert!(files > 10, "{files} files");
    assert_eq!(leaks, Vec::<String>::new());
}
