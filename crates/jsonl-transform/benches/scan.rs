//! How fast the scanner is on strings, numbers and white space, and a transform on rows, in memory.

use std::hint::black_box;
use std::io;

use divan::Bencher;
use divan::counter::BytesCount;
use jsonl_transform::{Streams, Transformer, members, validate};

fn main() {
    divan::main();
}

/// About this many bytes of rows in each bench of a transform.
const DATASET: usize = 8 << 20;

/// One text of each kind that scanners find fast or slow.
fn text(kind: &str) -> String {
    let words = "the quick brown fox jumps over the lazy dog ".repeat(1000);
    match kind {
        "plain text" => format!("\"{words}\""),
        "escaped text" => format!("\"{}\"", words.replace('o', "\\u003c").replace('e', "\\n")),
        "other scripts" => format!("\"{}\"", "明日の会議 добрый день ".repeat(1000)),
        "base64" => format!("\"{}\"", "iVBORw0KGgoAAAANSUhEUg+/".repeat(40_000)),
        "numbers" => format!("[{}0]", "-12.5e3,0.1000000000000000055,7,".repeat(1500)),
        "short members" => {
            format!("[{}{{}}]", r#"{"token":"a","tokenId":12,"p":-0.5},"#.repeat(1500))
        }
        "white space" => format!("[{}0]", "1,\n        ".repeat(4000)),
        _ => "[".repeat(128) + &"]".repeat(128),
    }
}

const KINDS: [&str; 8] = [
    "plain text",
    "escaped text",
    "other scripts",
    "base64",
    "numbers",
    "short members",
    "white space",
    "nested",
];

#[divan::bench(args = KINDS)]
fn scanner(bencher: Bencher<'_, '_>, kind: &str) {
    let text = text(kind);
    assert!(validate(text.as_bytes()).is_ok(), "{kind} is no JSON");
    bencher
        .counter(BytesCount::of_str(&text))
        .bench_local(|| validate(black_box(text.as_bytes())).is_ok());
}

#[divan::bench]
fn members_of_a_row(bencher: Bencher<'_, '_>) {
    let row = row(300);
    bencher
        .counter(BytesCount::of_str(&row))
        .bench_local(|| members(black_box(row.as_bytes())).map_or(0, |members| members.len()));
}

/// A logged row whose text has this many words; its response is about half of a short one.
fn row(words: usize) -> String {
    let text = "hello, world? ".repeat(words);
    let answer = r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"sort","args":{"spam":true,"confidence":0.71}}}],"role":"model"},"finishReason":"STOP","avgLogprobs":-0.25}],"usageMetadata":{"promptTokenCount":210,"candidatesTokenCount":14,"totalTokenCount":224},"modelVersion":"m"}"#;
    format!(
        r#"{{"request":{{"model":"models/m","contents":[{{"role":"user","parts":[{{"text":"{text}"}}]}}],"generationConfig":{{"temperature":0.25,"seed":7}}}},"response":{answer}}}"#
    )
}

#[divan::bench(args = [40, 3000, 70_000], sample_count = 20)]
fn transform(bencher: Bencher<'_, '_>, words: usize) {
    let row = row(words) + "\n";
    let dataset = row.repeat((DATASET / row.len()).max(2));
    bencher.counter(BytesCount::of_str(&dataset)).bench_local(|| {
        let mut streams = Streams::new(io::sink(), io::sink(), io::sink());
        let done = Transformer::new().run(black_box(dataset.as_bytes()), &mut streams);
        done.map_or(0, |summary| summary.written)
    });
}
