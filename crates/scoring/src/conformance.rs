//! What every scorer must do, to be called from the tests of whoever brings one.
//!
//! ```
//! scoring::conformance::check(&scoring::FunctionCall::any_part());
//! ```

use serde_json::value::RawValue;

use crate::{DatasetRow, Json, Row, Scorer, Verdict};

/// Result lines of every shape, sane and odd, that a scorer may be given; each is a JSON object.
pub fn odd_rows() -> Vec<String> {
    let mut rows: Vec<String> = PARTS.iter().map(|parts| with_parts(parts)).collect();
    rows.extend(LINES.iter().map(|&line| line.to_owned()));
    let nested = |open: &str, close: &str| {
        let (open, close) = (open.repeat(10_000), close.repeat(10_000));
        with_parts(&format!(r#"[{{"functionCall":{{"args":{open}{close}}}}}]"#))
    };
    rows.push(nested("[", "]"));
    rows.push(nested(r#"{"a":"#, "}").replace(r#""a":}"#, r#""a":1}"#));
    rows.push(with_parts(&format!("[{}]", vec![r#"{"text":"x"}"#; 2_000].join(","))));
    rows.push(with_parts(&format!(r#"[{{"text":"{}"}}]"#, "long ".repeat(4_000))));
    rows
}

/// Checks all that can be checked of a scorer without knowing its rule.
///
/// Its name and needs must be stable and well-formed; on every row of [`odd_rows`] it must give the same verdict
/// twice, from another thread, and in another order, with grades within 0..=1; with and without the dataset beside it
/// it must not panic.
///
/// # Panics
/// Where the scorer breaks a rule, with the rule and the row.
pub fn check(scorer: &dyn Scorer) {
    check_name(scorer);
    let lines = odd_rows();
    let raws: Vec<&RawValue> =
        lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert_eq!(raws.len(), lines.len(), "all odd rows are JSON");
    // Row numbers are part of a row, so each line keeps its own in any order.
    let rows: Vec<Row<'_>> =
        (0..).zip(&raws).map(|(number, raw)| Row::of_line(number, raw)).collect();
    let nothing = DatasetRow::default();
    let alone = verdicts(scorer, &rows, &nothing);
    for (line, verdict) in lines.iter().zip(&alone) {
        check_verdict(scorer.name(), verdict, line);
    }
    let reversed: Vec<Row<'_>> = rows.iter().rev().copied().collect();
    let backwards = verdicts(scorer, &reversed, &nothing);
    let elsewhere = std::thread::scope(|scope| {
        let thread = scope.spawn(|| verdicts(scorer, &rows, &nothing));
        thread.join().unwrap_or_default()
    });
    for (at, line) in lines.iter().enumerate() {
        let first = alone.get(at);
        let again = [elsewhere.get(at), backwards.get(lines.len() - 1 - at)];
        assert!(
            again.iter().all(|verdict| same(*verdict, first)),
            "scorer {:?} is not pure: {first:?}, then {again:?} for {}",
            scorer.name(),
            start(line)
        );
    }
    for beside in datasets() {
        for (line, verdict) in lines.iter().zip(verdicts(scorer, &rows, &beside)) {
            check_verdict(scorer.name(), &verdict, line);
        }
    }
}

fn check_name(scorer: &dyn Scorer) {
    let name = scorer.name();
    assert!(
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.len() <= 500
            && name.chars().all(|c| c.is_ascii_graphic()),
        "scorer name {name:?} is not printable ASCII without spaces that begins with a lower-case letter"
    );
    assert_eq!(name, scorer.name(), "the name of a scorer must be stable");
    assert_eq!(scorer.needs(), scorer.needs(), "the needs of a scorer must be stable");
}

fn check_verdict(name: &str, verdict: &Verdict, line: &str) {
    if let Verdict::Value(value) = verdict {
        assert!(
            (0.0..=1.0).contains(value),
            "scorer {name:?} gave the grade {value} for {}",
            start(line)
        );
    }
}

fn verdicts(scorer: &dyn Scorer, rows: &[Row<'_>], beside: &DatasetRow) -> Vec<Verdict> {
    let judge = |row: &Row<'_>| {
        // A scorer only ever sees these.
        row.outcome.is_scored().then(|| scorer.score(&row.with_dataset(beside)))
    };
    let unseen = || Verdict::unscorable("not seen by scorers");
    rows.iter().map(|row| judge(row).unwrap_or_else(unseen)).collect()
}

fn datasets() -> Vec<DatasetRow> {
    let odd = ["null", "7", "\"text\"", "[]", "{}", r#"{"candidates":[]}"#];
    odd.into_iter()
        .map(|json| {
            let json = || Json::parse(json);
            DatasetRow {
                request: json(),
                logged: json(),
                expected: json(),
                fields: json(),
                taken: json(),
            }
        })
        .collect()
}

/// Equal, where NaN equals itself.
fn same(one: Option<&Verdict>, other: Option<&Verdict>) -> bool {
    format!("{one:?}") == format!("{other:?}")
}

fn start(line: &str) -> &str {
    crate::tally::cut(line, 200)
}

fn with_parts(parts: &str) -> String {
    format!(
        r#"{{"key":"r00000000-00000000","response":{{"candidates":[{{"content":{{"role":"model","parts":{parts}}},"finishReason":"STOP"}}],"modelVersion":"m"}}}}"#
    )
}

const PARTS: &[&str] = &[
    r#"[{"functionCall":{"name":"f","args":{"why":"…"}}}]"#,
    r#"[{"text":"no"},{"functionCall":{"name":"f"},"thoughtSignature":"s"}]"#,
    r#"[{"functionCall":{"name":"f"}},{"text":""}]"#,
    r#"[{"functionCall":null}]"#,
    r#"[{"functionCall":"f"}]"#,
    r#"[{"functionCall":{"name":null,"args":[]}}]"#,
    r#"[{"function\u0043all":{}}]"#,
    r#"[{"thought":true,"text":"hm"},{"text":"done"}]"#,
    r#"[{"text":null}]"#,
    r#"[{"text":7}]"#,
    r#"[{"text":"\ud800"}]"#,
    r#"[{"\ud800":1}]"#,
    r#"[{"text":"a","text":"b"}]"#,
    r#"[{"inlineData":{"mimeType":"image/png","data":""}}]"#,
    r#"[{"executableCode":{"language":"PYTHON","code":"1"}}]"#,
    r#"["functionCall"]"#,
    r#"[["functionCall"]]"#,
    "[{}]",
    "[null]",
    "[7]",
    "[1e400]",
    "[123456789012345678901234567890]",
    "[true]",
    "[]",
    "null",
    "{}",
    "7",
    r#""functionCall""#,
];

const LINES: &[&str] = &[
    r#"{"response":null}"#,
    r#"{"response":{}}"#,
    r#"{"response":{"promptFeedback":{"blockReason":"SAFETY"}}}"#,
    r#"{"response":{"candidates":null}}"#,
    r#"{"response":{"candidates":{}}}"#,
    r#"{"response":{"candidates":"text"}}"#,
    r#"{"response":{"candidates":[]}}"#,
    r#"{"response":{"candidates":[null]}}"#,
    r#"{"response":{"candidates":[[]]}}"#,
    r#"{"response":{"candidates":[{}]}}"#,
    r#"{"response":{"candidates":[{"finishReason":7}]}}"#,
    r#"{"response":{"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL"}]}}"#,
    r#"{"response":{"candidates":[{"finishReason":"SAFETY"}]}}"#,
    r#"{"response":{"candidates":[{"content":null,"finishReason":"MAX_TOKENS"}]}}"#,
    r#"{"response":{"candidates":[{"content":"text"}]}}"#,
    r#"{"response":{"candidates":[{"content":{}}]}}"#,
    r#"{"response":{"usageMetadata":{"promptTokenCount":-1,"totalTokenCount":"9"}}}"#,
    r#"{"response":{"usageMetadata":[],"modelVersion":{}}}"#,
    r#"{ "key" : 7 , "response" : { "candidates" : [ { "content" : { "parts" : [ { "text" : " " } ] } } ] } }"#,
];

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::Needs;

    #[test]
    fn the_corpus_is_objects_and_most_of_it_is_seen_by_scorers() {
        let lines = odd_rows();
        let seen = lines.iter().filter(|line| {
            let raw = serde_json::from_str(line).unwrap();
            assert_eq!(crate::View::new(raw).kind(), crate::Kind::Object);
            Row::of_line(0, raw).outcome.is_scored()
        });
        assert_eq!(seen.count(), lines.len());
    }

    /// A scorer that breaks a rule.
    #[derive(Debug, Default)]
    struct Broken {
        name: &'static str,
        calls: AtomicU64,
        grade: f64,
        counts: bool,
    }

    impl Scorer for Broken {
        fn name(&self) -> &str {
            self.name
        }
        fn needs(&self) -> Needs {
            Needs::NOTHING
        }
        fn score(&self, _row: &Row<'_>) -> Verdict {
            let call = self.calls.fetch_add(1, Ordering::Relaxed);
            if self.counts {
                Verdict::Pass(call.is_multiple_of(2))
            } else {
                Verdict::Value(self.grade)
            }
        }
    }

    #[test]
    #[should_panic(expected = "is not pure")]
    fn a_scorer_with_a_memory_is_caught() {
        check(&Broken { name: "counts", counts: true, ..Broken::default() });
    }

    #[test]
    #[should_panic(expected = "gave the grade 1.5")]
    fn a_grade_out_of_range_is_caught() {
        check(&Broken { name: "grades", grade: 1.5, ..Broken::default() });
    }

    #[test]
    #[should_panic(expected = "is not printable ASCII")]
    fn a_name_with_spaces_is_caught() {
        check(&Broken { name: "two words", ..Broken::default() });
    }
}
