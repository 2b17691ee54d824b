//! Rows for other programs: each format read back by someone else's rules.

use eval_report::{Junit, Report, Role, RowNames, RowsCsv, RowsJsonl, RunRow, Spoken};
use serde_json::{Value, json};

use crate::page::row;
use crate::support::{built, report};

const HOSTILE: [&str; 6] =
    ["=1+1", "a\"b,c\r\nd", "\u{1b}[31m\0<&>", "'quoted", "+\u{202e}x", "plain"];

fn columns() -> Vec<String> {
    vec!["logged".to_owned(), "m".to_owned()]
}

/// Rows of hostile texts, in which a judge said no better of the second answer, in both orders.
fn rows() -> Vec<RunRow> {
    let judged = |(number, text): (u64, &str)| {
        let mut row = row(number, text);
        let said = |second, said| Spoken { scorer: "judge:pairwise".to_owned(), second, said };
        row.answers[1].judges = vec![said(false, Some(text.to_owned())), said(true, None)];
        row
    };
    (0..).zip(HOSTILE).map(judged).collect()
}

/// Reads CSV as RFC 4180 has it.
fn parsed(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut fields, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut quoted, mut letters) = (false, text.chars().peekable());
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => field.extend(letters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            '\r' if !quoted => assert_eq!(letters.peek(), Some(&'\n')),
            '\n' if !quoted => {
                fields.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut fields));
            }
            letter => field.push(letter),
        }
    }
    assert!(!quoted && field.is_empty());
    records
}

#[test]
fn csv_reads_back_and_holds_no_formula() {
    let mut file = Vec::new();
    let names = RowNames {
        columns: &columns(),
        scorers: &["function-call".to_owned()],
        judges: &["judge:pairwise".to_owned()],
        fields: &["/country".to_owned()],
    };
    let mut csv = RowsCsv::begin(&mut file, names).unwrap();
    for row in rows() {
        csv.row(&row, &[Some(HOSTILE[0].to_owned())]).unwrap();
    }
    csv.finish().unwrap();
    let records = parsed(&String::from_utf8(file).unwrap());
    assert_eq!(records.len(), 1 + 2 * HOSTILE.len(), "a line for each row and column");
    let at = |name: &str| records[0].iter().position(|field| field == name).unwrap();
    for (line, record) in records[1..].iter().enumerate() {
        assert_eq!(record.len(), records[0].len());
        assert!(
            record.iter().all(|field| !field.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']))
        );
        let text = &record[at("text")];
        let text = text.strip_prefix('\'').unwrap_or(text).replace('␀', "\0");
        assert_eq!(text, HOSTILE[line / 2]);
        assert_eq!(record[at("verdict function-call")], ["pass", "fail"][line % 2]);
        assert_eq!(record[at("slice /country")], "'=1+1");
        let said = &record[at("said judge:pairwise")];
        let said = said.strip_prefix('\'').unwrap_or(said).replace('␀', "\0");
        let second = "this answer second: no answer that could be read";
        let want = format!("{}\n{second}", HOSTILE[line / 2]);
        assert_eq!(said, if line % 2 == 0 { "" } else { &want });
        let calls: Value =
            serde_json::from_str(&record[at("function_calls")].replace('␀', "")).unwrap();
        assert_eq!(calls[0]["args"]["a"], HOSTILE[line / 2]);
    }
}

#[test]
fn json_lines_hold_everything_as_it_came() {
    let mut file = Vec::new();
    let names = RowNames {
        columns: &columns(),
        scorers: &["s".to_owned()],
        fields: &["/country".to_owned()],
        ..RowNames::default()
    };
    let mut lines = RowsJsonl::begin(&mut file, names);
    for row in rows() {
        lines.row(&row, &[None]).unwrap();
    }
    lines.finish().unwrap();
    let file = String::from_utf8(file).unwrap();
    let read: Vec<Value> = file.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read.len(), 2 * HOSTILE.len());
    for (at, line) in read.iter().enumerate() {
        let text = HOSTILE[at / 2];
        assert_eq!((&line["text"], &line["dataset_key"]), (&Value::from(text), &Value::from(text)));
        assert_eq!(line["function_calls"][0]["name"], text);
        assert_eq!(line["verdicts"]["s"], at % 2 == 0);
        let said = json!([{"scorer": "judge:pairwise", "second": false, "said": text},
            {"scorer": "judge:pairwise", "second": true, "said": null}]);
        assert_eq!(line["judges"], if at % 2 == 0 { json!([]) } else { said });
        assert_eq!((&line["error"], &line["slices"]["/country"]), (&Value::Null, &Value::Null));
    }
}

#[test]
fn junit_lists_what_got_worse() {
    let mut report: Report = report([
        built("logged", Role::Logged, "FFFFFF", "l", &["function-call"]),
        built("m", Role::Model, "TTTTTT", "m", &["function-call"]),
    ]);
    report.baseline = Some("logged".to_owned());
    let mut junit = Junit::new(&report, &columns());
    let mut rows = rows();
    rows[5].answers[1] = eval_report::RowAnswer::missing(1);
    for row in &rows {
        junit.row(row);
    }
    let mut file = Vec::new();
    junit.write(&mut file).unwrap();
    let file = String::from_utf8(file).unwrap();
    assert!(file.contains(r#"<testsuite name="m" tests="7" failures="5" errors="1">"#), "{file}");
    assert!(!file.contains(r#"testsuite name="logged""#));
    assert!(!file.contains(['\u{1b}', '\0']));

    // More than are listed are counted.
    let mut junit = Junit::new(&report, &columns());
    (0..1500).for_each(|number| junit.row(&row(number, "x")));
    let mut file = Vec::new();
    junit.write(&mut file).unwrap();
    let file = String::from_utf8(file).unwrap();
    assert!(file.contains("501 more rows failed like these"), "{}", &file[file.len() - 300..]);
}
