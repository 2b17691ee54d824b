//! What a function in Python is handed: the same as by `json.loads`, whichever way it went.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use scorer_plugins::PythonFunction;
use scoring::Verdict;
use serde_json::Value;

use crate::support::{Heard, judged, python, settings};

const BRIDGE: &str = include_str!("../../src/python/bridge.py");

/// Says all of a row, types and order too, in a few letters.
const TELL: &str = "
import hashlib
def is_correct(row): return hashlib.sha256(repr(row).encode()).hexdigest()
";

/// What the function says of lines that `json.loads` reads.
const PLAIN: &str = "
import json, sys
for line in sys.stdin.buffer: print(is_correct(json.loads(line)))
";

/// JSON by chance, of all that JSON has, in rows that a scorer sees.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        // Xorshift (Marsaglia 2003).
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }

    fn text(&mut self) -> String {
        let pieces = [
            "a",
            "key",
            " ",
            "é",
            "漢",
            "😀",
            r"\n",
            r#"\""#,
            r"\\",
            r"\/",
            r"\u0000",
            r"\u00e4",
            r"\ud83d\ude00",
            r"\ud800",
            r"\udc00x",
            r"\uD834\uDD1E",
            "\u{7f}",
            "\u{2028}",
            "long text ",
        ];
        let many = if self.below(20) == 0 { 300 } else { self.below(5) };
        (0..many).fold(String::new(), |text, _| text + self.one(&pieces))
    }

    fn number(&mut self) -> String {
        let known = [
            "0",
            "-0",
            "-0.0",
            "1e3",
            "1E+3",
            "1e400",
            "-1e-400",
            "0.1",
            "2.2250738585072011e-308",
            "2147483647",
            "2147483648",
            "-2147483649",
            "1152921504606846976",
            "9223372036854775807",
            "9223372036854775808",
            "-9223372036854775808",
            "-9223372036854775809",
            "123456789012345678901234567890",
            "5e-324",
        ];
        match self.below(3) {
            0 => self.one(&known).to_owned(),
            1 => self.0.cast_signed().to_string(),
            _ => format!("{}.{}e{}", self.below(1000), self.0, self.0 % 600).replace("e5", "e-5"),
        }
    }

    fn value(&mut self, depth: u32) -> String {
        let space = self.one(&["", "", " ", "\t", " \r "]);
        let value = match self.below(if depth > 5 { 5 } else { 8 }) {
            0 => self.one(&["true", "false", "null"]).to_owned(),
            1 | 2 => self.number(),
            3 | 4 => format!("\"{}\"", self.text()),
            5 => {
                let parts: Vec<String> =
                    (0..self.below(4)).map(|_| self.value(depth + 1)).collect();
                format!("[{}]", parts.join(","))
            }
            _ => self.object(depth),
        };
        format!("{space}{value}{space}")
    }

    fn object(&mut self, depth: u32) -> String {
        let members = (0..self.below(5)).fold(String::new(), |mut members, at| {
            let comma = if at > 0 { "," } else { "" };
            let (name, value) = (self.text(), self.value(depth + 1));
            write!(members, "{comma}\"{name}\": {value}").unwrap();
            members
        });
        format!("{{{members}}}")
    }
}

/// What Python says of lines by itself.
fn plainly(lines: &[String]) -> Vec<String> {
    let mut process = Command::new(python())
        .args(["-c", &format!("{TELL}{PLAIN}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = process.stdin.take().unwrap();
    let text = lines.join("\n");
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()).unwrap());
    let output = process.wait_with_output().unwrap();
    writer.join().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn rows_are_what_json_loads_makes_of_them() {
    let mut chance = Chance(0x2026_1123);
    let mut lines: Vec<String> = (0..600)
        .map(|_| format!("{{\"response\":{},\"x\":{}}}", chance.object(0), chance.value(0)))
        .collect();
    // Python does not read what nests deeper than its own stack.
    let is_flat = |row: &String| row.matches(['[', '{']).count() < 500;
    let odd = scoring::conformance::odd_rows().into_iter().filter(is_flat);
    lines.extend(odd.map(|row| row.replace('\n', " ")));
    // Names that come again in other places, twice in one object, and more of them than are remembered.
    lines.push(r#"{"a":1,"a":{"a":2,"b":3},"b":4,"a":5}"#.to_owned());
    let many: Vec<String> =
        (0..900).map(|at| format!("\"name {at}\":{{\"name {}\":{at}}}", at / 2)).collect();
    lines.push(format!("{{{}}}", many.join(",")));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tell.py");
    std::fs::write(&path, TELL).unwrap();
    let plan = PythonFunction::parse(&path.display().to_string(), 0).unwrap().plan();
    let mut scorer = plan.start(settings(&Heard::default())).unwrap();
    assert!(scorer.hello().takes_marshal);
    let verdicts = judged(&mut scorer, &lines).unwrap();
    let wanted = plainly(&lines);
    assert_eq!((verdicts.len(), wanted.len()), (lines.len(), lines.len()));
    for ((line, verdict), wanted) in lines.iter().zip(verdicts).zip(wanted) {
        assert_eq!(verdict, Verdict::Label(wanted.into()), "{line}");
    }
}

/// What the bridge answers to these lines, when this is run before it.
fn answers(before: &str, lines: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tell.py");
    std::fs::write(&path, TELL).unwrap();
    let mut process = Command::new(python())
        .args(["-B", "-c", &format!("{before}\n{BRIDGE}")])
        .args([path.as_os_str(), "is_correct".as_ref()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    process.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_python_with_another_marshal_is_asked_in_json() {
    let rows =
        [r#"{"key":"k","response":{"a":[1,0.5,"é"]}}"#, r#"{"response":{}}"#].map(str::to_owned);
    let hello = |features: &str| {
        let rows = rows.join(",");
        format!(
            "{{\"batch_eval_scorer\":1,\"min\":1,\"features\":[{features}],\"row_limit_ms\":30000}}\n\
             {{\"batch\":7,\"rows\":[{rows}],\"numbers\":[0,1]}}\n"
        )
    };
    let wanted = plainly(&rows);
    // Python itself reads its modules by it, which are no lists.
    let other = |what: &str| {
        format!(
            "import marshal\nloads = marshal.loads\n\
             marshal.loads = lambda data: {what} if bytes(data[:1]) == b'[' else loads(data)"
        )
    };
    for (before, features) in [
        ("", r#""batch","plain""#),
        (&other("[]"), r#""batch","plain","marshal""#),
        (&other("1 / 0"), r#""batch","plain","marshal""#),
    ] {
        let said = answers(before, &hello(features));
        assert_eq!(said[0]["features"], serde_json::json!(["batch", "plain"]), "{before}");
        assert_eq!(said[1], serde_json::json!({"batch": 7, "verdicts": wanted}), "{before}");
    }
}
