//! The three streams: exact bytes of input and logged lines, and the index into both.

use std::io::Cursor;

use jsonl_transform::{BadRowPolicy, IndexReader, InputShape, RowKey, Transformer};

use crate::support::{run, told};

#[track_caller]
fn check(shape: InputShape, row: &str, input: &str, logged: &str) {
    let ran = run(&Transformer::new().shape(shape), row.as_bytes());
    ran.summary();
    assert_eq!(told(&ran.input), format!("{input}\n"), "input of {row}");
    // The one row stands on line 1; where rows stand has a test of its own.
    let logged = logged.replacen("\",", "\",\"line\":1,", 1);
    assert_eq!(told(&ran.logged), format!("{logged}\n"), "logged of {row}");
}

#[test]
fn request_and_key_only() {
    let check =
        |row: &str, input: &str, logged: &str| check(InputShape::Request, row, input, logged);
    check(
        r#"{"request":{"model":"m","contents":[1]},"response":{"a":[1e400]}}"#,
        r##"{"key":"#0","request":{"contents":[1]}}"##,
        r##"{"key":"#0","response":{"a":[1e400]},"model":"m","row":{}}"##,
    );
    check(
        r#"{ "id" : 7 , "response" : null , "request" : { "contents" : [1] , "model" : "m" } , "key" : "k" }"#,
        r##"{"key":"#0","request":{ "contents" : [1] }}"##,
        r##"{"key":"#0","response":null,"model":"m","row":{ "id" : 7 , "key" : "k" }}"##,
    );
    check(
        r#"{"re\u0071uest":{"a":1,"mod\u0065l":"m\u002d1","contents":[1]},"r\u0065sponse":1}"#,
        r##"{"key":"#0","request":{"a":1,"contents":[1]}}"##,
        r##"{"key":"#0","response":1,"model":"m\u002d1","row":{}}"##,
    );
    check(
        r#"{"response":1,"request":{"model":1,"contents":[1],"model":2},"response":2}"#,
        r##"{"key":"#0","request":{"contents":[1]}}"##,
        r##"{"key":"#0","response":2,"model":2,"row":{}}"##,
    );
    check(
        r#"{"request":{"contents":[{"model":"inner","response":1}]},"x":{"request":1,"model":2}}"#,
        r##"{"key":"#0","request":{"contents":[{"model":"inner","response":1}]}}"##,
        r##"{"key":"#0","row":{"x":{"request":1,"model":2}}}"##,
    );
}

#[test]
fn the_row_as_it_came_with_our_key() {
    let check = |row: &str, input: &str, logged: &str| check(InputShape::Row, row, input, logged);
    check(
        r#"{"request":{"model":"m","contents":[1]},"response":{}}"#,
        r##"{"key":"#0","request":{"contents":[1]}}"##,
        r##"{"key":"#0","response":{},"model":"m","row":{}}"##,
    );
    check(
        r#"{ "key" : "mine", "a":1 , "request" : {"contents":[1]} , "response":2 , "b":3 }"#,
        r##"{"key":"#0", "a":1 , "request" : {"contents":[1]} , "b":3 }"##,
        r##"{"key":"#0","response":2,"row":{ "key" : "mine", "a":1 , "b":3 }}"##,
    );
    check(
        r#"{"response":2,"request":{"contents":[1]},"k\u0065y":1,"key":2}"#,
        r##"{"key":"#0","request":{"contents":[1]}}"##,
        r##"{"key":"#0","response":2,"row":{"k\u0065y":1,"key":2}}"##,
    );
}

#[test]
fn the_row_as_the_notebook_leaves_it() {
    let check =
        |row: &str, input: &str, logged: &str| check(InputShape::Notebook, row, input, logged);
    check(
        r#" {"key":"mine","request":{"model":"m","contents":[1]},"response":{},"b": 1e3 } "#,
        r#"{"key":"mine","request":{"contents":[1]},"b": 1e3 }"#,
        r##"{"key":"#0","response":{},"model":"m","row":{"key":"mine","b": 1e3 }}"##,
    );
}

#[test]
fn models_and_responses_are_counted() {
    let dataset = concat!(
        r#"{"request":{"model":"a","contents":[1]},"response":1}"#,
        "\n",
        r#"{"request":{"model":"\u0061","contents":[1]},"response":1,"response":2}"#,
        "\n",
        r#"{"request":{"model":"models/b","contents":[1],"model":"b"}}"#,
        "\n",
        r#"{"request":{"model":null,"contents":[1]}}"#,
        "\n",
        r#"{"request":{"contents":[1]}}"#,
        "\n",
    );
    let ran = run(&Transformer::new(), dataset.as_bytes());
    let summary = ran.summary();
    let models: Vec<_> =
        summary.models.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(models, [("a", 2), ("b", 1)]);
    assert_eq!(summary.with_response, 2);
    assert_eq!(summary.bytes_in, dataset.len() as u64);
    assert_eq!(summary.bytes_input, ran.input.len() as u64);
    assert_eq!(summary.bytes_logged, ran.logged.len() as u64);
    assert_eq!(
        ran.warnings(),
        [
            "request.model is doubled; the last one counts x1 from line 3",
            "request.model is not a string x1 from line 4",
            "response is doubled; the last one counts x1 from line 2",
        ]
    );
}

#[test]
fn the_index_leads_to_both_lines_of_every_row() {
    let row = |n: usize| {
        let response = "x".repeat(n);
        format!(r#"{{"request":{{"model":"m","contents":[{n}]}},"response":"{response}"}}"#)
    };
    let dataset = (0..300).map(row).collect::<Vec<_>>().join("\n");
    for shape in [InputShape::Request, InputShape::Row] {
        let ran = run(&Transformer::new().shape(shape), dataset.as_bytes());
        let mut index = IndexReader::open(Cursor::new(&ran.index)).expect("an index");
        assert_eq!(index.rows(), 300);
        for number in [299, 0, 17, 298] {
            let record = index.get(number).expect("reads").expect("there");
            let line = |stream: &[u8], offset: u64| {
                let rest = &stream[usize::try_from(offset).expect("small")..];
                String::from_utf8_lossy(rest.split(|byte| *byte == b'\n').next().expect("a line"))
                    .into_owned()
            };
            let request = format!("{{\"contents\":[{number}]}}");
            let key = RowKey::new(number, request.as_bytes());
            assert_eq!(
                line(&ran.input, record.input),
                format!("{{\"key\":\"{key}\",\"request\":{request}}}")
            );
            assert!(
                line(&ran.logged, record.logged).starts_with(&format!(
                    "{{\"key\":\"{key}\",\"line\":{},\"response\":\"x",
                    number + 1
                )) || number == 0
            );
        }
    }
}

#[test]
fn a_second_pass_changes_nothing() {
    let dataset = concat!(
        r#"{"x":1,"request":{"model":"a","contents":[1], "n":1e400},"response":1}"#,
        "\n",
        r#"{"request": {"contents":["\ud800"] , "model":3 } }"#,
        "\n",
    );
    for shape in [InputShape::Request, InputShape::Row, InputShape::Notebook] {
        let once = run(&Transformer::new().shape(shape), dataset.as_bytes());
        let twice = run(&Transformer::new().shape(shape), &once.input[..]);
        assert_eq!(told(&twice.input), told(&once.input));
        assert_eq!(twice.input, once.input);
    }
}

#[test]
fn logged_rows_say_on_which_line_of_the_dataset_they_stood() {
    let dataset = "\n{\"request\":{\"contents\":[1]}}\nbad\n\n{\"request\":{\"contents\":[2]}}\n";
    let ran = run(&Transformer::new().bad_rows(BadRowPolicy::Skip), dataset.as_bytes());
    let logged = String::from_utf8(ran.logged.clone()).expect("UTF-8");
    let lines: Vec<serde_json::Value> =
        logged.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.iter().map(|line| &line["line"]).collect::<Vec<_>>(), [2, 5]);
    assert_eq!(ran.summary().written, 2);
}
