//! Functions in Python files, the notebook's own among them.

use std::path::Path;
use std::time::Duration;

use scorer_plugins::{PluginError, ProcessScorer, PythonFunction, Settings};
use scoring::{BatchScorer as _, DatasetRow, Json, Row, Verdict};
use serde_json::value::RawValue;

use crate::support::{Heard, impatient, judge, judged, line, marks, reason, settings};

fn start(code: &str, function: &str, settings: Settings) -> Result<ProcessScorer, PluginError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my-rules.py");
    std::fs::write(&path, code).unwrap();
    let text = format!("python:{}{function}", path.display());
    let started = PythonFunction::parse(&text, 7).unwrap().plan().start(settings);
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing is written beside the file: {left:?}");
    // Processes that replace the first read the file again.
    let _ = folder.keep();
    started
}

const NOTEBOOK: &str = "
def is_correct(row):
    parts = row['response']['candidates'][0]['content']['parts']
    return 'functionCall' in parts[-1]
";

#[test]
fn the_notebooks_function_works_unchanged() {
    let heard = Heard::default();
    let mut scorer = start(NOTEBOOK, "", settings(&heard)).unwrap();
    assert!(scorer.name().starts_with("python:/") && scorer.name().ends_with("/my-rules.py"));
    assert!(!scorer.needs().any());
    let call =
        line(0, "x").replace(r#"{"text":"x"}"#, r#"{"text":"x"},{"functionCall":{"name":"f"}}"#);
    let lines = [call, line(1, "no"), r#"{"response":{"candidates":[]}}"#.to_owned()];
    let verdicts = judged(&mut scorer, &lines).unwrap();
    assert_eq!(marks(&verdicts), "PF?");
    assert_eq!(reason(&verdicts[2]), "IndexError: list index out of range");
    drop(scorer);
    assert!(
        heard.all().iter().any(|event| event.contains("my-rules.py\", line 3")),
        "{:?}",
        heard.all()
    );
    assert_eq!(heard.count("restarted"), 0);
}

#[test]
fn what_functions_may_say() {
    let code = "
import sys
def judge(row):
    text = row['response']['candidates'][0]['content']['parts'][0]['text']
    print('seen', text)
    if text == 'exit': sys.exit('enough')
    return eval(text)
";
    let heard = Heard::default();
    let mut scorer = start(code, ":judge", settings(&heard)).unwrap();
    let said = [
        ("True", Verdict::Pass(true)),
        ("0.25", Verdict::Value(0.25)),
        ("1", Verdict::Value(1.0)),
        ("'spam'", Verdict::Label("spam".into())),
        ("{'pass': False}", Verdict::Pass(false)),
        ("{'score': 0.5, 'reason': 'half'}", Verdict::Value(0.5)),
        ("{'label': 'x\\ud800'}", Verdict::Label("x?".into())),
        ("{'unscorable': 'why'}", Verdict::unscorable("why")),
        ("input()", Verdict::unscorable("EOFError: EOF when reading a line")),
        ("exit", Verdict::unscorable("SystemExit: enough")),
    ];
    let texts: Vec<&str> = said.iter().map(|(text, _)| *text).collect();
    let verdicts = judge(&mut scorer, &texts);
    for ((text, wanted), verdict) in said.iter().zip(&verdicts) {
        assert_eq!(verdict, wanted, "{text}");
    }
    let odd = [
        "None",
        "2",
        "-1",
        "float('nan')",
        "[]",
        "{}",
        "{'pass': 1, 'score': 1}",
        "10**400",
        "object()",
    ];
    assert_eq!(marks(&judge(&mut scorer, &odd)), "?????????");
    assert!(heard.all().contains(&"stderr seen True".to_owned()), "{:?}", heard.all());
}

#[test]
fn a_text_of_any_length_and_a_changed_json_module_break_nothing_down() {
    let code = "
import json, sys
json.dumps = lambda *_, **__: 'garbage'
json.JSONDecoder = None
def judge(row):
    return 'x' * 5_000_000 if row['key'].startswith('r00000001') else {'unscorable': 'y' * 5_000_000}
";
    let heard = Heard::default();
    let mut scorer = start(code, ":judge", settings(&heard)).unwrap();
    let verdicts = judge(&mut scorer, &["a", "b", "c"]);
    // What is longer than a label may be is for the pass to refuse, as of any scorer.
    assert!(matches!(&verdicts[1], Verdict::Label(label) if label.len() == 1_000), "{verdicts:?}");
    assert_eq!(reason(&verdicts[0]).chars().count(), 301);
    assert_eq!(heard.count("restarted"), 0, "{:?}", heard.all());
}

#[test]
fn a_second_parameter_gets_the_datasets_side() {
    let code = "
def is_correct(row, beside):
    return beside['expected'] == 7 and beside['number'] == 3 and beside['request'] is None and row['key'] == 'k'
";
    let mut scorer = start(code, "", settings(&Heard::default())).unwrap();
    let needs = scorer.needs();
    assert!(needs.request && needs.logged && needs.expected);
    let raw: &RawValue = serde_json::from_str(r#"{"key": "k", "response": {}}"#).unwrap();
    let dataset = DatasetRow {
        expected: Json::parse("7"),
        logged: Json::parse("{\n\"a\":\r\n1}"),
        ..DatasetRow::default()
    };
    let row = Row::of_line(3, raw).with_dataset(&dataset);
    assert_eq!(scorer.score_batch(&[row]).unwrap(), [Verdict::Pass(true)]);
    // A parameter with a default is the function's own.
    let code = "def is_correct(row, threshold=1): return threshold == 1";
    let mut scorer = start(code, "", settings(&Heard::default())).unwrap();
    assert!(!scorer.needs().any());
    assert_eq!(marks(&judge(&mut scorer, &["x"])), "P");
}

#[test]
fn files_that_cannot_be_used_say_why() {
    for (code, function, why) in [
        ("def is_correct(row) return 1", "", "SyntaxError"),
        ("import nowhere_to_be_found", "", "ModuleNotFoundError"),
        ("def good(row): return True", "", "has no function is_correct; it has good"),
        ("def f(): return True", ":f", "must take one argument"),
        ("def f(a, b, c): return True", ":f", "must take one argument"),
        ("async def f(row): return True", ":f", "is async"),
        ("raise SystemExit(3)", "", "SystemExit"),
    ] {
        match start(code, function, settings(&Heard::default())) {
            Err(PluginError::Refused { why: said, .. }) => assert!(said.contains(why), "{said}"),
            other => panic!("{code}: {other:?}"),
        }
    }
    let missing = PythonFunction::parse("/nowhere/x.py", 0).unwrap().plan();
    assert!(matches!(missing.start(settings(&Heard::default())), Err(PluginError::Refused { .. })));
    let mut none = settings(&Heard::default());
    none.python = "/nowhere/python3".into();
    let error = start(NOTEBOOK, "", none).unwrap_err();
    assert_eq!(error.to_string(), "failed to start \"/nowhere/python3\"");
}

#[test]
fn a_crash_a_hang_and_an_endless_loop_cost_a_row_each() {
    let code = "
import os, time, signal
def is_correct(row):
    text = row['response']['candidates'][0]['content']['parts'][0]['text']
    if text == 'crash': os._exit(3)
    if text == 'loop':
        while True:
            try: sum(range(1000))
            except Exception: pass
    if text == 'hang':
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
        while True: time.sleep(1)
    return True
";
    let heard = Heard::default();
    let mut scorer = start(code, "", impatient(&heard)).unwrap();
    let verdicts = judge(&mut scorer, &["a", "crash", "b", "loop", "c", "hang", "d", "crash", "e"]);
    assert_eq!(marks(&verdicts), "P?P?P?P?P");
    assert_eq!(reason(&verdicts[1]), "the scorer ended with status 3");
    assert_eq!(reason(&verdicts[3]), "the function took longer than 0.7 s");
    assert_eq!(reason(&verdicts[5]), "the scorer said nothing for 2.4 s");
    assert_eq!((heard.count("lost 1 "), heard.count("lost 5 "), heard.count("lost 7 ")), (1, 1, 1));
    assert_eq!(heard.count("lost"), 3);
}

#[test]
fn rows_that_python_cannot_read_cost_only_themselves() {
    let heard = Heard::default();
    let mut scorer = start("def is_correct(row): return True", "", settings(&heard)).unwrap();
    let deep = |levels: usize| {
        format!("{{\"response\":{{\"a\":{}{}}}}}", "[".repeat(levels), "]".repeat(levels))
    };
    let digits = |many: usize| format!("{{\"response\":{{\"a\":{}}}}}", "7".repeat(many));
    let surrogate = r#"{"response":{"a":"\ud800 \u0000"}}"#.to_owned();
    let lines = [line(0, "ok"), deep(400), deep(5_000), digits(3_000), digits(5_000), surrogate];
    let verdicts = judged(&mut scorer, &lines).unwrap();
    assert_eq!(marks(&verdicts), "PP?P?P");
    assert_eq!(heard.count("restarted"), 0);
}

#[test]
fn several_processes_keep_the_order() {
    let mut many = settings(&Heard::default());
    many.workers = 3.try_into().unwrap();
    let code = "
import os
def is_correct(row):
    return {'label': row['key'][:9] + ' ' + str(os.getpid())}
";
    let mut scorer = start(code, "", many).unwrap();
    let lines: Vec<String> = (0..500).map(|number| line(number, "x")).collect();
    let mut processes = std::collections::BTreeSet::new();
    for (number, verdict) in judged(&mut scorer, &lines).unwrap().into_iter().enumerate() {
        let Verdict::Label(label) = verdict else { panic!("{verdict:?}") };
        let (key, process) = label.split_once(' ').unwrap();
        assert_eq!(key, format!("r{number:08}"));
        processes.insert(process.to_owned());
    }
    // Others help as soon as they have started; how many of them do is chance.
    assert!((1..=3).contains(&processes.len()), "{processes:?}");
}

#[test]
fn no_process_is_left_behind() {
    let code = "
import os
def is_correct(row): return str(os.getpid())
";
    let mut scorer = start(code, "", settings(&Heard::default())).unwrap();
    let Some(Verdict::Label(process)) = judge(&mut scorer, &["x"]).pop() else { panic!() };
    let folder = format!("/proc/{process}");
    let is_linux = Path::new("/proc/self").exists();
    assert!(!is_linux || Path::new(&folder).exists());
    drop(scorer);
    assert!(!Path::new(&folder).exists());
}

#[test]
fn a_bomb_of_memory_is_stopped() {
    let mut small = settings(&Heard::default());
    small.memory = 256 << 20;
    small.row_limit = Duration::from_secs(20);
    let mut scorer =
        start("def is_correct(row): return len(bytes(1 << 30)) > 0", "", small).unwrap();
    let verdicts = judge(&mut scorer, &["x"]);
    if cfg!(target_os = "linux") {
        assert_eq!(reason(&verdicts[0]), "MemoryError: ");
    }
}
