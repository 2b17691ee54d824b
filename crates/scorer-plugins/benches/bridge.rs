//! How many rows a second a Python function judges through the bridge, against a plain Python loop over the same file.
//!
//! `cargo bench -p scorer-plugins`; for one core, `taskset -c 0` in front of it.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints and may panic")]
#![expect(clippy::disallowed_methods, reason = "a bench reads the clock")]

use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use scorer_plugins::{PythonFunction, Settings};
use scoring::{FunctionCall, Keys, Pass, Scorer, Scores};

const ROWS: u64 = 100_000;

const FUNCTION: &str = "
def is_correct(row):
    parts = row['response']['candidates'][0]['content']['parts']
    return 'functionCall' in parts[-1]
";

const LOOP: &str = "
import json, sys, time
sys.path.insert(0, sys.argv[1])
from rule import is_correct
start = time.perf_counter()
with open(sys.argv[2], encoding='utf-8') as file:
    passes = sum(is_correct(json.loads(line)) for line in file)
print(passes, time.perf_counter() - start)
";

/// A result line of about 1,400 bytes, every second of which calls a function.
fn line(number: u64) -> String {
    let text =
        "The caller asks whether the delivery could come on another day, since nobody is at home. "
            .repeat(11);
    let call = if number.is_multiple_of(2) {
        r#",{"functionCall":{"name":"report","args":{"class":"x"}}}"#
    } else {
        ""
    };
    format!(
        r#"{{"key":"r{number:08}-1f9c03ab","response":{{"candidates":[{{"content":{{"role":"model","parts":[{{"text":"{text}"}}{call}]}},"finishReason":"STOP","index":0}}],"usageMetadata":{{"promptTokenCount":812,"candidatesTokenCount":143,"totalTokenCount":955,"promptTokensDetails":[{{"modality":"TEXT","tokenCount":812}}]}},"modelVersion":"sim-flash","responseId":"abcdefghijklmnop"}}}}"#
    ) + "\n"
}

fn pass(file: &Path, scorers: &[Box<dyn Scorer>]) -> Scores {
    let mut scores = Scores::new(ROWS, scorers);
    let file = std::fs::File::open(file).unwrap();
    Pass::new(scorers).keys(Keys::ours(0..ROWS)).run(file, &mut scores).unwrap();
    scores
}

fn bridged(file: &Path, folder: &Path, workers: usize) -> Duration {
    let mut settings = Settings::default().allowed_of(std::env::vars_os());
    settings.workers = NonZeroUsize::new(workers).unwrap();
    let text = folder.join("rule.py").display().to_string();
    let plan = PythonFunction::parse(&text, 0).unwrap().plan();
    let scorers: Vec<Box<dyn Scorer>> = vec![Box::new(plan.start(settings).unwrap())];
    // All processes are started by the first rows.
    pass(file, &scorers);
    let start = Instant::now();
    let scores = pass(file, &scorers);
    assert_eq!(scores.tally(0).unwrap().passes, ROWS / 2);
    start.elapsed()
}

fn looped(file: &Path, folder: &Path) -> Duration {
    let output = Command::new("python3").args(["-c", LOOP]).args([folder, file]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let (passes, seconds) = said.trim().split_once(' ').unwrap();
    assert_eq!(passes, (ROWS / 2).to_string());
    Duration::from_secs_f64(seconds.parse().unwrap())
}

fn native(file: &Path) -> Duration {
    let scorers: Vec<Box<dyn Scorer>> = vec![Box::new(FunctionCall::last_part())];
    let start = Instant::now();
    pass(file, &scorers);
    start.elapsed()
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rule.py"), FUNCTION).unwrap();
    let file = folder.path().join("results.jsonl");
    std::fs::write(&file, (0..ROWS).map(line).collect::<String>()).unwrap();
    let rows = f64::from(u32::try_from(ROWS).unwrap());
    let rate = |time: Duration| rows / time.as_secs_f64() / 1_000.0;
    // Back to back, so that what else the machine does weighs on all alike.
    for _ in 0..3 {
        println!(
            "1000 rows/s: plain loop {:.0}, bridge with one process {:.0}, with two {:.0}, built in {:.0}",
            rate(looped(&file, folder.path())),
            rate(bridged(&file, folder.path(), 1)),
            rate(bridged(&file, folder.path(), 2)),
            rate(native(&file)),
        );
    }
}
