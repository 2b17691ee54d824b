//! How fast the pass over results is, by what a row is made of and by what scorers ask for, in memory.

use std::hint::black_box;

use divan::Bencher;
use divan::counter::BytesCount;
use scoring::{Keys, Pass, Registry, Scorer, Scores};

fn main() {
    divan::main();
}

/// About this many bytes of result lines in each bench.
const RESULTS: usize = 4 << 20;

/// Result lines of one kind, and how many.
fn results(kind: &str) -> (String, u64) {
    let call = r#"{"functionCall":{"name":"sort","args":{"spam":true,"why":"an offer that is too good"}}}"#;
    let (parts, beside) = match kind {
        "call" => (call.to_owned(), String::new()),
        "long text" => {
            (format!(r#"{{"text":"{}"}},{call}"#, "hello, world? ".repeat(1000)), String::new())
        }
        "signature" => (
            format!(
                r#"{{"functionCall":{{"name":"f"}},"thoughtSignature":"{}"}}"#,
                "iVBORw0K".repeat(300)
            ),
            String::new(),
        ),
        _ => {
            let token = r#"{"token":"a","tokenId":12,"logProbability":-0.5}"#;
            let chosen = vec![token; 1000].join(",");
            (call.to_owned(), format!(r#","logprobsResult":{{"chosenCandidates":[{chosen}]}}"#))
        }
    };
    let line = |row| {
        format!(
            r#"{{"key":"r{row:08}-1f9c03ab","response":{{"candidates":[{{"content":{{"parts":[{parts}],"role":"model"}},"finishReason":"STOP"{beside}}}],"usageMetadata":{{"promptTokenCount":210,"totalTokenCount":224}},"modelVersion":"m"}}}}"#
        ) + "\n"
    };
    let rows = (RESULTS / line(0).len()) as u64;
    ((0..rows).map(line).collect(), rows)
}

fn measure(bencher: Bencher<'_, '_>, kind: &str, scorers: &[Box<dyn Scorer>]) {
    let (lines, rows) = results(kind);
    bencher.counter(BytesCount::of_str(&lines)).bench_local(|| {
        let mut scores = Scores::new(rows, scorers);
        let pass = Pass::new(scorers).keys(Keys::ours(0..rows));
        pass.run(black_box(lines.as_bytes()), &mut scores).map_or(0, |summary| summary.rows)
    });
}

fn built(specs: &[&str]) -> Vec<Box<dyn Scorer>> {
    let registry = Registry::builtin();
    specs.iter().filter_map(|spec| registry.build(spec).ok()).collect()
}

#[divan::bench(args = ["call", "long text", "signature", "log probabilities"], sample_count = 20)]
fn one_scorer(bencher: Bencher<'_, '_>, kind: &str) {
    measure(bencher, kind, &built(&["function-call"]));
}

#[divan::bench(args = [0, 1, 4], sample_count = 20)]
fn scorers(bencher: Bencher<'_, '_>, count: usize) {
    let specs = [
        "function-call",
        "function-call:any-part",
        "function-call:name=sort",
        "not(function-call)",
    ];
    measure(bencher, "call", &built(&specs[..count]));
}
