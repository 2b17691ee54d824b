//! What leaves its plugin's process group cannot be ended, holds the plugin's pipes open, and holds up nobody.

use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Duration;

use scoring::Verdict;

use crate::support::{Heard, impatient, judge, marks, program, python};

/// Nothing here takes this long, unless it hangs.
const PATIENCE: Duration = Duration::from_mins(1);

/// A plugin that passes `yes`, and starts a process in a session of its own, which has its three pipes, before it does
/// `BODY` with a row that says `bad`.
///
/// That process waits until it is an orphan, reads what is left for it to read, writes for as long as anybody may read
/// that, and says in `folder` how far it came.
fn plugin(folder: &Path, body: &str) -> String {
    // A string of JSON is one of Python.
    let folder = serde_json::Value::from(folder.to_str().unwrap());
    let orphan = format!(
        "
import os, sys, time
parent = int(sys.argv[1])
while os.getppid() == parent: time.sleep(0.01)
place = os.path.join({folder}, str(os.getpid()))
open(place + '.orphan', 'w').close()
while os.read(0, 1 << 16): pass
open(place + '.end', 'w').close()
try:
    while True: os.write(1, b'not an answer\\n' * 1000)
except OSError: open(place + '.unread', 'w').close()
"
    );
    format!(
        "
import json, os, subprocess, sys, time
hello = json.loads(sys.stdin.readline())
def say(**what): print(json.dumps(what), flush=True)
say(batch_eval_scorer=1)
for line in sys.stdin:
    row = json.loads(line)
    text = row['result']['response']['candidates'][0]['content']['parts'][0]['text']
    if text == 'bad':
        words = [{python:?}, '-c', {orphan:?}, str(os.getpid())]
        subprocess.Popen(words, start_new_session=True)
        {body}
    say(**{{'id': row['id'], 'pass': text == 'yes'}})
",
        python = python(),
    )
}

/// How many files of the folder end so.
fn left(folder: &Path, ending: &str) -> usize {
    let files = std::fs::read_dir(folder).unwrap().flatten();
    files.filter(|file| file.path().extension().is_some_and(|end| end == ending)).count()
}

/// Judges three rows with a plugin that does `body` at the second one, and lets go of it.
fn judged(folder: &Path, body: &str) -> (Vec<Verdict>, Heard) {
    let (done, judged) = channel();
    let code = plugin(folder, body);
    std::thread::spawn(move || {
        let heard = Heard::default();
        let mut scorer = program(&code, impatient(&heard));
        let verdicts = judge(&mut scorer, &["yes", "bad", "no"]);
        drop(scorer);
        done.send((verdicts, heard)).unwrap();
    });
    judged.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("it hangs: {body}"))
}

#[test]
#[cfg(target_os = "linux")]
fn one_that_left_costs_a_row_and_holds_up_nobody() {
    for (body, why) in [
        // It may be told by its silence only, as its pipes are still open.
        ("os._exit(3)", "said nothing for 0.7 s"),
        ("os.kill(os.getpid(), 9)", "said nothing for 0.7 s"),
        ("time.sleep(600)", "said nothing for 0.7 s"),
        ("os.close(1); time.sleep(600)", "said nothing for 0.7 s"),
        ("print('hello', flush=True); os._exit(0)", "wrote \"hello\", which is no answer"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (verdicts, heard) = judged(folder.path(), body);
        assert_eq!(marks(&verdicts), "P?F", "{body}: {:?}", heard.all());
        assert_eq!(heard.count("lost 1 "), 1, "{body}: {:?}", heard.all());
        let is_told = |event: &String| event.starts_with("restarted") && event.contains(why);
        assert!(heard.all().iter().any(is_told), "{body}: {:?}", heard.all());
        // Asked among others, and alone.
        let (wanted, folder) = (2, folder.path());
        for ending in ["orphan", "end", "unread"] {
            let is_there = (0..1_000_000).any(|_| left(folder, ending) == wanted);
            assert!(is_there, "{body}: {ending} of {}", left(folder, ending));
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn one_that_left_a_plugin_which_is_well_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (verdicts, heard) = judged(folder.path(), "pass");
    assert_eq!(marks(&verdicts), "PFF", "{:?}", heard.all());
    assert_eq!(heard.all(), Vec::<String>::new());
    for ending in ["orphan", "end", "unread"] {
        assert!((0..1_000_000).any(|_| left(folder.path(), ending) == 1), "{ending}");
    }
}
