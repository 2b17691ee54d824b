//! Every odd dataset that the promises name, each with what becomes of it.

use jsonl_transform::{BadRowPolicy, TransformError, Transformer};

use crate::support::{run, told};

const GOOD: &str = r#"{"request":{"contents":[{}]}}"#;

/// The bad rows of a dataset that also holds one good row.
#[track_caller]
fn check_bad(row: impl AsRef<[u8]>, expect: &str) {
    let dataset = [GOOD.as_bytes(), b"\n", row.as_ref(), b"\n"].concat();
    let failed = run(&Transformer::new(), &dataset[..]);
    assert!(matches!(failed.ended, Err(TransformError::BadRows { .. })), "{:?}", failed.ended);
    assert_eq!(failed.bad(), [expect]);
    let skipped = run(&Transformer::new().bad_rows(BadRowPolicy::Skip), &dataset[..]);
    let summary = skipped.summary();
    assert_eq!((summary.rows_in, summary.written, summary.bad.count), (2, 1, 1));
    assert_eq!(skipped.bad(), [expect]);
}

#[track_caller]
fn check_good(dataset: impl AsRef<[u8]>, input: &str) {
    let ran = run(&Transformer::new(), dataset.as_ref());
    ran.summary();
    assert_eq!(told(&ran.input), input);
}

/// Rows that stay as they are but for the key.
#[track_caller]
fn check_request_kept(request: &str) {
    check_good(
        format!(r#"{{"request":{request}}}"#),
        &format!("{{\"key\":\"#0\",\"request\":{request}}}\n"),
    );
}

const KEYED: &str = "{\"key\":\"#0\",\"request\":{\"contents\":[{}]}}\n";

#[test]
fn empty_and_blank_inputs_hold_no_rows() {
    for (dataset, blank) in [("", 0), ("\n\r\n  \t\n", 3), ("\u{FEFF}", 0), ("\u{FEFF}\n ", 2)] {
        let ran = run(&Transformer::new(), dataset.as_bytes());
        let error = ran.ended.expect_err("no rows");
        assert_eq!(error.to_string(), "0 rows to send: 0 read, 0 of them bad");
        assert_eq!(error.summary().map(|summary| summary.blank), Some(blank), "{dataset:?}");
    }
}

#[test]
fn nothing_left_after_skipping_is_no_rows() {
    let ran = run(&Transformer::new().bad_rows(BadRowPolicy::Skip), &b"{}\n[1]\n"[..]);
    assert_eq!(
        ran.ended.expect_err("no rows").to_string(),
        "0 rows to send: 2 read, 2 of them bad"
    );
}

#[test]
fn to_leave_bad_rows_out_is_no_advice_where_all_are_bad() {
    let hint =
        |dataset: &str| run(&Transformer::new(), dataset.as_bytes()).ended.unwrap_err().hint();
    assert_eq!(hint("{}\n[1]\n"), Some("mend the rows"));
    let some = format!("{{}}\n{GOOD}\n");
    assert_eq!(hint(&some), Some("mend the rows, or leave them out with --bad-rows skip"));
}

#[test]
fn line_ends_marks_and_blank_lines_are_taken_as_they_come() {
    check_good(format!("{GOOD}\n"), KEYED);
    check_good(GOOD, KEYED);
    check_good(format!("\u{FEFF}{GOOD}\n"), KEYED);
    check_good(format!("{GOOD}\r\n"), KEYED);
    check_good(format!("\r\n \n{GOOD}\r\r\n\n\n"), KEYED);
    check_good(format!("  {GOOD}\t \n"), KEYED);
    let ran = run(&Transformer::new(), format!("\u{FEFF}\n{GOOD}\n\n").as_bytes());
    assert!(ran.summary().had_bom);
    assert_eq!((ran.summary().blank, ran.summary().bytes_in), (2, 3 + 1 + 29 + 2));
}

#[test]
fn other_formats_are_refused_by_name() {
    for (dataset, name) in [
        (&b"\xFF\xFE{\0}\0"[..], "UTF-16 text"),
        (b"\xFE\xFF\0{\0}", "UTF-16 text"),
        (b"\x1F\x8B\x08\0\0\0", "gzip data"),
        (b"\x28\xB5\x2F\xFD\x24\0", "zstd data"),
        (b"PK\x03\x04\x14\0", "a zip archive"),
        (b"[{\"request\":{}}]", "one JSON array"),
        (b"\n\n[\n {\"request\":{}}\n]\n", "one JSON array"),
        (b"{\n \"request\": {}\n}\n", "JSON spread over several lines"),
        (b"\xEF\xBB\xBFrequest,response\r\n1,2\r\n", "CSV"),
    ] {
        let error = run(&Transformer::new(), dataset).ended.expect_err(name);
        assert_eq!(
            error.to_string(),
            format!("the dataset looks like {name}, not like JSON lines")
        );
        assert!(error.hint().is_some());
    }
}

#[test]
fn bad_json_is_told_with_line_column_and_pointer() {
    check_bad(
        "{\"request\":",
        "line 2 column 12 at /request: bad JSON: unexpected end of the text",
    );
    check_bad(
        r#"{"request":{"contents":[{"a":1,}]}}"#,
        "line 2 column 32 at /request/contents/0: bad JSON: trailing comma",
    );
    check_bad(
        r#"{"request":{"contents":[{}]}} // why"#,
        "line 2 column 31: bad JSON: trailing characters",
    );
    check_bad(
        r#"{"request":{"t":NaN}}"#,
        "line 2 column 17 at /request/t: bad JSON: expected a value, found 'N'",
    );
    check_bad(
        "{'request':{}}",
        "line 2 column 2: bad JSON: expected a name in double quotes, found '''",
    );
    check_bad(format!("{GOOD} {GOOD}"), "line 2 column 31: bad JSON: trailing characters");
    check_bad("request", "line 2 column 1: bad JSON: expected an object, found 'r'");
    check_bad(
        "{\"request\":{\"contents\":[{}]},\"a\0\":1}",
        "line 2 column 32: bad JSON: raw control character 0x00 in a string",
    );
    check_bad("\0\0\0", "line 2 column 1: bad JSON: expected an object, found byte 0x00");
}

#[test]
fn bytes_that_are_not_utf8_are_bad_rows() {
    for (bad, column) in
        [(&b"\xFF"[..], 17), (b"ab\xC0\xAF", 19), (b"\xED\xA0\x80", 17), (b"\xF0\x9F\x98", 17)]
    {
        let row = [b"{\"request\":{\"t\":\"", bad, b"\"}}"].concat();
        check_bad(
            row,
            &format!("line 2 column {} at /request/t: bad JSON: invalid UTF-8", column + 1),
        );
    }
    let half_at_the_end = [GOOD.as_bytes(), b"\n{\"request\":\"\xE2\x82"].concat();
    let ran = run(&Transformer::new(), &half_at_the_end[..]);
    assert_eq!(ran.bad(), ["line 2 column 13 at /request: bad JSON: invalid UTF-8"]);
}

#[test]
fn bare_carriage_returns_are_bad_rows() {
    let dataset = format!("{GOOD}\r{GOOD}\r");
    let ran = run(&Transformer::new(), dataset.as_bytes());
    assert_eq!(ran.bad(), ["line 1 column 30: carriage return without line feed"]);
    check_bad(
        "{\"request\":\r{\"contents\":[{}]}}",
        "line 2 column 12 at /request: carriage return without line feed",
    );
}

#[test]
fn rows_of_another_shape_are_bad() {
    check_bad("[1]", "line 2 column 1: not an object but an array");
    check_bad(" \"x\"", "line 2 column 2: not an object but a string");
    check_bad("-1.5", "line 2 column 1: not an object but a number");
    check_bad("null", "line 2 column 1: not an object but null");
    check_bad("true", "line 2 column 1: not an object but a boolean");
    check_bad("{}", "line 2 column 1: request missing");
    check_bad(r#"{"Request":{},"key":"k"}"#, "line 2 column 1: request missing");
    for (value, kind) in
        [("null", "null"), ("[{}]", "an array"), ("\"{}\"", "a string"), ("7", "a number")]
    {
        check_bad(
            format!(r#"{{"a":1,"request":{value}}}"#),
            &format!("line 2 column 18 at /request: request is not an object but {kind}"),
        );
    }
    check_bad(r#"{"request":{}}"#, "line 2 column 12 at /request: request.contents missing");
    check_bad(
        r#"{"request":{"contents":[ ]}}"#,
        "line 2 column 24 at /request/contents: request.contents is empty",
    );
    for (value, kind) in
        [("{}", "an object"), ("\"hi\"", "a string"), ("null", "null"), ("false", "a boolean")]
    {
        check_bad(
            format!(r#"{{"request":{{"contents":{value}}}}}"#),
            &format!(
                "line 2 column 24 at /request/contents: request.contents is not an array but {kind}"
            ),
        );
    }
}

#[test]
fn doubled_names_that_matter_are_bad_however_they_are_spelled() {
    check_bad(
        r#"{"request":{"contents":[{}]},"re\u0071uest":{"contents":[{}]}}"#,
        "line 2 column 30: doubled key request",
    );
    check_bad(
        r#"{"request":{"contents":[{}],"contents":[1]}}"#,
        "line 2 column 40 at /request/contents: doubled key contents",
    );
}

#[test]
fn a_flood_of_doubled_members_is_a_bad_row() {
    let flood = |member: &str, times: usize| format!("{member},\"a\":0,").repeat(times);
    for (member, in_request) in [("\"model\":0", true), ("\"response\":0", false)] {
        let row = |times| match (flood(member, times), in_request) {
            (flood, true) => format!("{{\"request\":{{{flood}\"contents\":[{{}}]}}}}"),
            (flood, false) => format!("{{{flood}{}", &GOOD[1..]),
        };
        assert_eq!(run(&Transformer::new(), row(900).as_bytes()).summary().written, 1);
        let ran = run(&Transformer::new(), row(100_000).as_bytes());
        assert!(ran.bad()[0].ends_with("doubled keys without end"), "{:?}", ran.bad());
    }
}

#[test]
fn nesting_is_limited() {
    let nested = |levels: usize| {
        let value = "[".repeat(levels) + &"]".repeat(levels);
        format!(r#"{{"request":{{"contents":{value}}}}}"#)
    };
    check_good(nested(126), &format!("{{\"key\":\"#0\",{}\n", &nested(126)[1..]));
    // Cut after 256 characters.
    let pointer = format!("/request/contents{}/…", "/0".repeat(119));
    check_bad(
        nested(127),
        &format!("line 2 column 150 at {pointer}: bad JSON: too deep (limit 128)"),
    );
    check_bad(
        nested(1_000_000),
        &format!("line 2 column 150 at {pointer}: bad JSON: too deep (limit 128)"),
    );
    // What is beside the request gets one level deeper in the logged line; it stays readable.
    let beside = format!("{{\"x\":{}{},{}", "[".repeat(127), "]".repeat(127), &GOOD[1..]);
    check_good(beside, KEYED);
}

#[test]
fn numbers_escapes_and_separators_of_lines_stay_as_they_are() {
    check_request_kept(
        r#"{"contents":[12345678901234567890123,-0,1.0,1e400,1E-400,0.1000000000000000055]}"#,
    );
    check_request_kept("{\"contents\":[\"a\u{2028}b\u{2029}c\u{85}d\u{FEFF}e\"]}");
    check_request_kept(r#"{ "contents" : [ { "\u0061" :	"\/\u00e9é" } ] , "tools" : [ ] }"#);
    check_request_kept(r#"{"contents":["\ud800 \udfff"],"\ud83d":1}"#);
}

#[test]
fn halves_of_surrogate_pairs_are_warned_about_and_whole_pairs_are_not() {
    let lone = [
        r"\ud800",
        r"\uDBFF",
        r"\udc00",
        r"\uDFFF",
        r"\ud800x",
        r"\ud800\n",
        r"\udc00\ud800",
        r"\ud800\ud800\udc00",
        r"\ud800\ue000",
    ];
    let whole = [r"\ud800\udc00", r"\uDBFF\uDFFF", r"\ud7ff", r"\ue000", r"\\ud800"];
    for (texts, expect) in [(&lone[..], 1), (&whole[..], 0)] {
        for text in texts {
            let row = format!(r#"{{"request":{{"contents":["{text}"]}}}}"#);
            let ran = run(&Transformer::new(), row.as_bytes());
            let told = vec!["half a surrogate pair in a string x1 from line 1"; expect];
            assert_eq!(ran.warnings(), told, "{text}");
        }
    }
}

#[test]
fn keys_of_the_user_are_kept_beside() {
    let dataset = concat!(
        r#"{"key":"same","request":{"contents":[1]}}"#,
        "\n",
        r#"{"key":"same","request":{"contents":[2]}}"#,
        "\n",
        r#"{"request":{"contents":[3]},"key":"line\nfeed \u001b[31m 🎉"}"#,
        "\n",
        r#"{"request":{"contents":[4]},"key":"r00000000-00000000"}"#,
        "\n",
    );
    let ran = run(&Transformer::new(), dataset.as_bytes());
    assert_eq!(ran.summary().written, 4);
    let lines: Vec<String> = (0..4)
        .map(|n| format!("{{\"key\":\"#{n}\",\"request\":{{\"contents\":[{}]}}}}\n", n + 1))
        .collect();
    assert_eq!(told(&ran.input), lines.concat());
    let logged = String::from_utf8(ran.logged).expect("UTF-8");
    let rows: Vec<&str> =
        logged.lines().filter_map(|line| line.split_once("\"row\":")).map(|(_, row)| row).collect();
    assert_eq!(
        rows,
        [
            r#"{"key":"same"}}"#,
            r#"{"key":"same"}}"#,
            r#"{"key":"line\nfeed \u001b[31m 🎉"}}"#,
            r#"{"key":"r00000000-00000000"}}"#,
        ]
    );
}

#[test]
fn fields_a_batch_refuses_and_unknown_ones_are_warned_about() {
    let dataset = concat!(
        r#"{"request":{"contents":[1],"stream":true,"frobnicate":0}}"#,
        "\n\n",
        r#"{"request":{"contents":[1],"store":true,"s\u0074ream":1,"generationConfig":{"x":1}}}"#,
        "\n",
    );
    let ran = run(&Transformer::new(), dataset.as_bytes());
    assert_eq!(
        ran.warnings(),
        [
            "request.store is refused in a batch x1 from line 3",
            "request.stream is refused in a batch x2 from line 1",
            "unknown field request.frobnicate x1 from line 1",
            "unknown field request.generationConfig.x x1 from line 3",
        ]
    );
}

#[test]
fn the_api_key_may_not_be_in_a_row() {
    let dataset = format!("{GOOD}\n{{\"request\":{{\"contents\":[\"AIza-secret\"]}}}}\n");
    let transformer = Transformer::new().forbid(b"AIza-secret");
    let ran = run(&transformer, dataset.as_bytes());
    assert_eq!(ran.bad(), ["line 2 column 26: the row holds the API key"]);
    assert!(!format!("{transformer:?}").contains("secret"));
    assert_eq!(run(&transformer.forbid(b""), dataset.as_bytes()).summary().written, 2);
}

#[test]
fn the_first_twenty_bad_rows_are_listed_and_all_are_counted() {
    let pairs: Vec<String> = (0..50).map(|n| format!("{{\"n\":{n}}}\n{GOOD}\n")).collect();
    let dataset = format!("{GOOD}\n{}", pairs.concat());
    let ran = run(&Transformer::new(), dataset.as_bytes());
    let bad = ran.bad();
    assert_eq!(bad.len(), 20);
    assert_eq!(bad[19], "line 40 column 1: request missing");
    assert_eq!(ran.ended.expect_err("bad rows").to_string(), "50 of 101 rows are bad");
}
