//! `scorer_protocol`: what the host makes of any bytes that a scorer prints.

#![expect(clippy::expect_used, reason = "a target says by a panic what does not hold")]

use std::sync::OnceLock;

use scorer_plugins::fuzzing::judged;
use scoring::{Row, Verdict};
use serde_json::value::RawValue;

/// So many rows are asked for: more than one message may have.
const ROWS: u64 = 70;
/// Beyond what was said, a verdict holds at most a sentence of ours.
const SENTENCE: usize = 400;

/// Any bytes as what a scorer prints: one verdict a row, none out of range, none larger than what was said.
pub fn scorer_protocol(bytes: &[u8]) {
    let rows: Vec<Row<'_>> = (0..).zip(lines()).map(|(at, line)| Row::of_line(at, line)).collect();
    let Ok(verdicts) = judged(bytes, &rows) else { return };
    assert_eq!(verdicts.len(), rows.len(), "not one verdict a row");
    let mut labels = 0;
    for verdict in verdicts {
        match verdict {
            Verdict::Value(grade) => assert!((0.0..=1.0).contains(&grade), "{grade}"),
            Verdict::Label(label) => labels += label.len(),
            Verdict::Unscorable(why) => {
                assert!(!why.is_empty() && why.len() <= 4 * bytes.len() + SENTENCE, "{why:?}");
            }
            _ => {}
        }
    }
    // JSON has no text that is longer than it is written.
    assert!(labels <= bytes.len(), "labels of {labels} bytes from {}", bytes.len());
}

fn lines() -> &'static [Box<RawValue>] {
    static LINES: OnceLock<Vec<Box<RawValue>>> = OnceLock::new();
    LINES.get_or_init(|| {
        let line = |at| {
            let line = format!(r#"{{"key":"r{at:08}-00000000","response":{{"candidates":[]}}}}"#);
            RawValue::from_string(line).expect("it is JSON")
        };
        (0..ROWS).map(line).collect()
    })
}
