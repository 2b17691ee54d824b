//! Programs that speak the protocol by themselves, well or badly.

use std::time::Duration;

use scorer_plugins::{PluginError, ProcessPlan};
use scoring::{BatchScorer as _, Verdict};

use crate::support::{Heard, impatient, judge, judged, line, marks, program, reason, settings};

/// Reads hello, says hello, and has each row as `row`, with its text as `text`, for `BODY` to answer.
fn plugin(body: &str) -> String {
    let body = body.replace('\n', "\n    ");
    format!(
        "
import json, os, sys, time
hello = json.loads(sys.stdin.readline())
assert hello['batch_eval_scorer'] == 1 and hello['min'] == 1
def say(**what): print(json.dumps(what), flush=True)
say(batch_eval_scorer=1, name='test', version='7')
for line in sys.stdin:
    row = json.loads(line)
    text = row['result']['response']['candidates'][0]['content']['parts'][0]['text']
    {body}
"
    )
}

#[test]
fn rows_are_matched_by_id_in_any_order() {
    let heard = Heard::default();
    let code = plugin(
        "
waiting = globals().setdefault('waiting', [])
waiting.append((row['id'], text))
if len(waiting) == 3:
    for number, text in sorted(waiting, reverse=True): say(id=number, label=text, unknown=[1])
    waiting.clear()",
    );
    let mut scorer = program(&code, settings(&heard));
    assert_eq!((scorer.hello().name.as_str(), scorer.hello().version.as_str()), ("test", "7"));
    let verdicts = judge(&mut scorer, &["a", "b", "c", "d", "e", "f"]);
    let labels: Vec<_> =
        ["a", "b", "c", "d", "e", "f"].map(|label| Verdict::Label(label.into())).into();
    assert_eq!(verdicts, labels);
    assert_eq!(heard.all(), Vec::<String>::new());
}

#[test]
fn verdicts_of_all_kinds() {
    let code = plugin("print(text.replace('ID', str(row['id'])), flush=True)");
    let mut scorer = program(&code, settings(&Heard::default()));
    for (answer, verdict) in [
        (r#"{"id":ID,"pass":true,"score":0.5}"#, Verdict::Pass(true)),
        (r#"{"id":ID,"score":0.5,"label":"x","reason":"y"}"#, Verdict::Value(0.5)),
        (r#"{"id":ID,"pass":null,"label":"é"}"#, Verdict::Label("é".into())),
        (r#"{"id":ID,"unscorable":"no","pass":true}"#, Verdict::unscorable("no")),
        (r#"{"id":ID,"error":"cannot read"}"#, Verdict::unscorable("cannot read")),
    ] {
        assert_eq!(judge(&mut scorer, &[answer]), [verdict], "{answer}");
    }
    let odd = [
        r#"{"id":ID}"#,
        r#"{"id":ID,"score":1.5}"#,
        r#"{"id":ID,"pass":"yes"}"#,
        r#"{"id":ID,"label":7}"#,
    ];
    assert_eq!(marks(&judge(&mut scorer, &odd)), "????");
}

#[test]
fn a_crash_costs_one_row() {
    for (body, why) in [
        ("os._exit(3)", "ended with status 3"),
        ("os.kill(os.getpid(), 11)", "was ended by signal 11"),
        ("sys.exit(0)", "ended with status 0"),
        ("os.close(1); time.sleep(60)", "closed its output"),
        ("print('hello', flush=True); time.sleep(60)", "wrote \"hello\", which is no answer"),
        ("print(flush=True); time.sleep(60)", "wrote \"\", which is no answer"),
        ("say(id=10**9, pass_=True); time.sleep(60)", "answered 1000000000, which was not asked"),
        (
            "say(id=row['id'], label='x'); say(id=row['id'], label='x'); say(id=row['id'])",
            "was answered before",
        ),
        ("time.sleep(60)", "said nothing for 0.7 s"),
        (
            "os.write(1, b'x' * (2 << 20)); time.sleep(60)",
            "wrote a line of more than 1048576 bytes",
        ),
    ] {
        let heard = Heard::default();
        let code = plugin(&format!(
            "if text == 'bad':\n    {body}\nelse: say(**{{'id': row['id'], 'pass': text == 'yes'}})"
        ));
        let mut scorer = program(&code, impatient(&heard));
        let verdicts = judge(&mut scorer, &["yes", "no", "bad", "yes", "no"]);
        if why.contains("answered before") {
            // The row was answered; the process is replaced, and the others do not suffer.
            assert_eq!(marks(&verdicts), "PFLPF", "{body}");
        } else {
            assert_eq!(marks(&verdicts), "PF?PF", "{body}: {:?}", heard.all());
            assert!(reason(&verdicts[2]).contains(why), "{body}: {:?}", verdicts[2]);
            assert_eq!(heard.count("lost 2 "), 1, "{body}: {:?}", heard.all());
        }
        assert!(
            heard.all().iter().any(|event| event.starts_with("restarted") && event.contains(why)),
            "{body}: {:?}",
            heard.all()
        );
    }
}

#[test]
fn a_flood_is_bounded() {
    let heard = Heard::default();
    let flood = "while True: os.write(1, b'x' * 65536)";
    let mut scorer = program(&plugin(flood), impatient(&heard));
    assert_eq!(marks(&judge(&mut scorer, &["a"])), "?");
    let lines = "while True: say(id=row['id'], label='again')";
    let mut scorer = program(&plugin(lines), impatient(&heard));
    assert_eq!(marks(&judge(&mut scorer, &["a"])), "L");
    // Its standard error is read to the end, but not shown to the end.
    let heard = Heard::default();
    let loud =
        "for _ in range(100): os.write(2, b'e' * 65536 + b'\\n')\nsay(id=row['id'], score=1)";
    let mut scorer = program(&plugin(loud), settings(&heard));
    assert_eq!(marks(&judge(&mut scorer, &["a"])), "V");
    drop(scorer);
    assert!(heard.count("stderr") < 300, "{}", heard.count("stderr"));
}

#[test]
fn one_that_always_breaks_is_given_up() {
    for workers in [1, 4] {
        let heard = Heard::default();
        let mut few = settings(&heard);
        few.restarts = 3;
        few.workers = workers.try_into().unwrap();
        let mut scorer = program(&plugin("os._exit(9)"), few);
        let lines: Vec<String> = (0..200).map(|number| line(number, "x")).collect();
        let error = judged(&mut scorer, &lines).unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(
            source.contains("broke down 4 times, the last time it ended with status 9"),
            "{source}"
        );
        // What other workers' processes do at the same time is neither counted nor told.
        assert_eq!(heard.count("restarted"), 4);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn what_a_process_started_ends_with_it() {
    let code = plugin(
        "
import subprocess
child = subprocess.Popen(['sleep', '600'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
say(id=row['id'], label=str(child.pid))",
    );
    let mut scorer = program(&code, settings(&Heard::default()));
    let Some(Verdict::Label(process)) = judge(&mut scorer, &["x"]).pop() else { panic!() };
    // One that nobody has taken the status of is a zombie.
    let lives = || {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
    };
    assert!(lives());
    drop(scorer);
    assert!((0..1_000_000).any(|_| !lives()), "{process} is still there");
}

#[test]
fn hellos_are_checked() {
    for (command, why) in [
        ("sh -c 'exit 3'", "it ended with status 3"),
        ("sh -c 'echo hi; sleep 60'", "\"hi\", which is no hello"),
        ("sh -c 'read hello; sleep 60'", "it said nothing for 0.7 s"),
        (r#"sh -c 'echo "{\"batch_eval_scorer\":2}"; sleep 60'"#, "speaks version 2"),
        (
            r#"sh -c 'echo "{\"batch_eval_scorer\":1,\"needs\":[\"all\"]}"; sleep 60'"#,
            "needs \"all\"",
        ),
        ("yes", "\"y\", which is no hello"),
        ("cat /dev/zero", "more than 1048576 bytes"),
    ] {
        let mut quick = impatient(&Heard::default());
        quick.start_limit = Duration::from_millis(700);
        match ProcessPlan::exec(command, 0).unwrap().start(quick) {
            Err(PluginError::Hello { why: said, .. }) => {
                assert!(said.contains(why), "{command}: {said}");
            }
            other => panic!("{command}: {other:?}"),
        }
    }
    let refused = r#"sh -c 'echo "{\"batch_eval_scorer\":1,\"error\":\"no licence\"}"'"#;
    let error =
        ProcessPlan::exec(refused, 0).unwrap().start(settings(&Heard::default())).unwrap_err();
    assert!(error.to_string().ends_with("cannot work: no licence"), "{error}");
    let error = ProcessPlan::exec("/nowhere/at-all", 0)
        .unwrap()
        .start(settings(&Heard::default()))
        .unwrap_err();
    assert!(matches!(error, PluginError::Start { .. }), "{error}");
}

#[test]
fn one_that_says_hello_but_not_every_time_is_started_again() {
    let heard = Heard::default();
    // The second process ends before it says anything.
    let second = "
import os, pathlib, sys
started = pathlib.Path(__file__).with_suffix('.started')
times = len(started.read_text()) if started.exists() else 0
started.write_text('x' * (times + 1))
if times == 1: sys.exit(5)
";
    let answers = "if text == 'bad': os._exit(3)\nsay(id=row['id'], label=text)";
    let mut scorer = program(&format!("{second}{}", plugin(answers)), settings(&heard));
    assert_eq!(marks(&judge(&mut scorer, &["a", "bad", "c"])), "L?L");
    let hello = "restarted did not say hello: it ended with status 5";
    assert_eq!(heard.count(hello), 1, "{:?}", heard.all());
    // One that never does again is given up as one that always breaks.
    let never = second.replace("== 1", "> 0");
    let mut few = settings(&heard);
    few.restarts = 3;
    let mut scorer = program(&format!("{never}{}", plugin(answers)), few);
    let error = judged(&mut scorer, &[line(0, "bad")]).unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    let why = "broke down 4 times, the last time it did not say hello: it ended with status 5";
    assert!(source.contains(why), "{source}");
}

#[test]
fn the_environment_is_empty_but_for_what_is_allowed() {
    let code = plugin("say(id=row['id'], label=' '.join(sorted(os.environ)))");
    let mut scorer = program(&code, settings(&Heard::default()));
    let Some(Verdict::Label(names)) = judge(&mut scorer, &["x"]).pop() else { panic!() };
    // A Python that is started by a shell script finds a few more, which that script sets.
    let ours: Vec<_> = names.split(' ').filter(|name| name.starts_with("CARGO")).collect();
    assert!(ours.is_empty() && names.contains("BATCH_EVAL_SCORER"), "{names}");
    assert!(std::env::vars_os().any(|(name, _)| name == "CARGO_PKG_NAME"));
}

#[test]
fn more_than_pipes_hold_goes_through() {
    let code = plugin("say(id=row['id'], label=text[:1] * 60000)");
    let mut scorer = program(&code, settings(&Heard::default()));
    let big = "y".repeat(200_000);
    let lines: Vec<String> = (0..60).map(|number| line(number, &big)).collect();
    let verdicts = judged(&mut scorer, &lines).unwrap();
    assert!(
        verdicts
            .iter()
            .all(|verdict| matches!(verdict, Verdict::Label(label) if label.len() == 60_000))
    );
    assert_eq!(scorer.name().split(':').next(), Some("exec"));
}
