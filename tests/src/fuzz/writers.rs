//! `report_writers`: whatever stands in a dataset or an answer, in every form a report is written in.

#![expect(clippy::expect_used, reason = "a target says by a panic what does not hold")]

use std::io::{self, Write};

use eval_report::{
    Column, ColumnSource, Conclude, Dataset, Junit, Page, PageRows, Paint, Report, Role, RowAnswer,
    RowNames, RowsCsv, RowsJsonl, RunRow, Slicing, Spoken, Terminal, to_json, to_markdown,
};
use scoring::{Form, Json, Keys, Needs, Outcome, Pass, Row, Scorer, Scores, Verdict};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::read_back::{csv, marks, tags, xml};
use super::shown::is_harmless;

/// What is longer is cut, so that every page has its rows in one chunk.
const MOST: usize = 4096;
/// The rows that all columns of the report have.
const ROWS: u64 = 3;
/// Of which so many are written one by one.
const WRITTEN: usize = 2;
/// A longer label, in bytes, is none.
const LONGEST_LABEL: usize = 200;
const BASELINE: &str = "logged";

/// Any bytes as all texts that come from outside: the page has the tags it has without them, CSV and JSON lines read
/// back as what went in, no cell begins a formula, XML is well-formed, Markdown has no more marks, and a terminal obeys
/// nothing.
pub fn report_writers(bytes: &[u8]) {
    let bytes = bytes.get(..MOST).unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    // As long as it, since of what is too long something else is said.
    let harmless = "x".repeat(text.len());
    let plain = Texts { text: &harmless, line: b"{}" };
    let hostile = Texts { text: &text, line: bytes };
    let written = |texts: &Texts<'_>| texts.written().expect("memory can be written to");
    let (plain, hostile) = (written(&plain), written(&hostile));
    assert_eq!(tags(&hostile.page), tags(&plain.page), "the page has other tags");
    assert_eq!(marks(&hostile.markdown), marks(&plain.markdown), "Markdown has other marks");
    assert_eq!(xml(&hostile.junit), xml(&plain.junit), "the XML has other elements");
    for shown in [&hostile.terminal, &hostile.json, &hostile.markdown] {
        assert!(shown.chars().all(|c| c == '\n' || is_harmless(c)), "{shown:?}");
    }
    let report: Value = serde_json::from_str(&hostile.json).expect("the report is JSON");
    assert_eq!(report["models"][1]["label"], *text, "the label reads as something else");
    check_csv(&hostile.csv, &text);
    // Numbers stand in them as they came, also those that no value can hold.
    let lines = hostile.jsonl.split_terminator(['\n', '\r']).map(serde_json::from_str);
    let lines: Vec<&RawValue> = lines.collect::<Result<_, _>>().expect("each line is JSON");
    assert_eq!(lines.len(), 2 * WRITTEN, "a line for each row and column");
    let answer: Value = serde_json::from_str(lines[1].get()).expect("it has no odd numbers");
    let said = &answer["judges"][0]["said"];
    for value in [&answer["text"], &answer["column"], &answer["dataset_key"], said] {
        assert_eq!(*value, *text, "{answer}");
    }
}

/// The cells hold the text, with an apostrophe before what a spreadsheet would run.
fn check_csv(file: &str, text: &str) {
    let table = csv(file);
    assert_eq!(table.len(), 1 + 2 * WRITTEN, "a line for each row and column");
    for cell in table.iter().flatten() {
        let seen = cell.trim_start_matches([' ', '\u{a0}', '\u{feff}']);
        let runs = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r', '\n'];
        assert!(!seen.starts_with(runs) && !cell.contains('\0'), "{cell:?} could be run");
        assert_eq!(table[0].len(), table[1].len(), "a line has more cells than another");
    }
    let text = text.replace('\0', "␀");
    let cell = |line: usize, name: &str| {
        let at = table[0].iter().position(|head| head == name).expect("the column is there");
        table[line][at].strip_prefix('\'').unwrap_or(&table[line][at])
    };
    for name in ["dataset_key", "column", "text"] {
        assert_eq!(cell(2, name), text, "in {name}");
    }
    for name in ["verdict", "said", "slice"] {
        assert_eq!(cell(2, &format!("{name} {text}")), text, "in {name}");
    }
}

/// What comes from outside: a text, and a line of results.
struct Texts<'t> {
    text: &'t str,
    line: &'t [u8],
}

/// Everything that is written of a report and its rows.
#[derive(Default)]
struct Written {
    page: String,
    csv: String,
    jsonl: String,
    junit: String,
    terminal: String,
    markdown: String,
    json: String,
}

impl Texts<'_> {
    fn written(&self) -> io::Result<Written> {
        let (report, text) = (self.report(), self.text.to_owned());
        let columns = [BASELINE.to_owned(), text.clone()];
        let (texts, values) = ([text.clone()], [Some(text)]);
        let rows: Vec<RunRow> = (0..WRITTEN).map(|at| self.row(at)).collect();
        let names = RowNames { columns: &columns, scorers: &texts, judges: &texts, fields: &texts };
        let about = PageRows { columns: &columns, fields: &texts, rows: rows.len() as u64 };
        let mut junit = Junit::new(&report, &columns);
        for row in &rows {
            junit.row(row);
        }
        Ok(Written {
            page: file(|out| {
                let mut page = Page::begin(out, &report, &about)?;
                for row in &rows {
                    assert!(page.push(row.clone(), values.to_vec())?, "there is no room");
                }
                page.finish().map(drop)
            })?,
            csv: file(|out| {
                let mut file = RowsCsv::begin(out, names)?;
                rows.iter().try_for_each(|row| file.row(row, &values))?;
                file.finish()
            })?,
            jsonl: file(|out| {
                let mut file = RowsJsonl::begin(out, names);
                rows.iter().try_for_each(|row| file.row(row, &values))?;
                file.finish()
            })?,
            junit: file(|mut out| junit.write(&mut out))?,
            terminal: Terminal { width: 100, paint: Paint::Plain }.render(&report),
            markdown: to_markdown(&report),
            json: to_json(&report)?,
        })
    }

    fn report(&self) -> Report {
        let scorers: [Box<dyn Scorer>; 1] = [Box::new(Says(self.text.to_owned()))];
        let column = |label, role| self.column(label, role, &scorers);
        let columns = [column(BASELINE, Role::Logged), column(self.text, Role::Model)];
        let mut report = Report::new([self.text]);
        report.dataset = Some(Dataset { name: self.text.to_owned(), rows: ROWS });
        let mut slicing = Slicing::new(self.text);
        for _ in 0..ROWS {
            slicing.push(Some(self.text));
        }
        let (columns, scores): (Vec<Column>, Vec<Scores>) = columns.into_iter().unzip();
        for column in columns {
            report.push(column);
        }
        let scores: Vec<&Scores> = scores.iter().collect();
        let slices = [slicing];
        let how = Conclude { baseline: Some(BASELINE), slices: &slices, ..Conclude::default() };
        report.conclude(&scores, &how);
        report
    }

    /// A column whose three rows are answered, stopped for a reason, and refused.
    fn column(&self, label: &str, role: Role, scorers: &[Box<dyn Scorer>]) -> (Column, Scores) {
        let code = json!({ "code": 13, "status": self.text, "message": self.text });
        let answers = [self.answer("STOP"), self.answer(self.text), json!({ "error": code })];
        let mut lines = String::new();
        for (at, mut line) in answers.into_iter().enumerate() {
            line["key"] = json!(key(at));
            lines.push_str(&line.to_string());
            lines.push('\n');
        }
        let mut scores = Scores::new(ROWS, scorers);
        let pass = Pass::new(scorers).keys(Keys::ours(0..ROWS)).form(Form::Results);
        let summary = pass.run(lines.as_bytes(), &mut scores).expect("memory can be read");
        let model = Some(label).filter(|_| role == Role::Model);
        let source = ColumnSource {
            label,
            role,
            model,
            variant: model.and(Some(self.text)),
            scores: &scores,
            summary: &summary,
        };
        (Column::of(source), scores)
    }

    fn answer(&self, finish: &str) -> Value {
        let text = self.text;
        let parts =
            json!([{ "text": text }, { "functionCall": { "name": text, "args": { text: text } } }]);
        let candidate = json!({ "content": { "parts": parts }, "finishReason": finish });
        json!({ "response": { "candidates": [candidate], "modelVersion": text } })
    }

    /// A row as it is written one by one: the first one's answer holds the text, the second one's is any line.
    fn row(&self, at: usize) -> RunRow {
        let text = self.text;
        let dataset = json!({ "key": key(at), "line": at + 1, "response": self.answer("STOP")["response"],
            "row": { "key": text, "field": text } });
        let answer = |line: Value, outcome| RowAnswer {
            outcome,
            verdicts: vec![Some(Verdict::Label(text.to_owned().into()))],
            line: Some(line.to_string().as_bytes().into()),
            judges: vec![Spoken { scorer: text.into(), second: false, said: Some(text.into()) }],
        };
        let mut answers = vec![
            answer(dataset.clone(), Outcome::Answered),
            answer(self.answer(text), Outcome::Answered),
        ];
        if at > 0 {
            answers[1].line = Some(self.line.into());
            answers[1].outcome = Outcome::Unparsable;
        }
        RunRow {
            number: at as u64,
            key: key(at),
            dataset: raw(&dataset),
            requests: vec![Some(raw(&json!({ "contents": [{ "parts": [{ "text": text }] }] })))],
            expected: Some(raw(&json!(text))),
            answers,
        }
    }
}

/// Says of every second row what it was told to say, as far as a label may be long, and of the others that as a reason.
#[derive(Debug)]
struct Says(String);

impl Scorer for Says {
    fn name(&self) -> &str {
        &self.0
    }

    fn needs(&self) -> Needs {
        Needs::NOTHING
    }

    fn score(&self, row: &Row<'_>) -> Verdict {
        if row.number.is_multiple_of(2) {
            let end = self.0.floor_char_boundary(LONGEST_LABEL);
            Verdict::Label(self.0[..end].to_owned().into())
        } else {
            Verdict::unscorable(self.0.clone())
        }
    }
}

fn key(at: usize) -> String {
    format!("r{at:08}-1f9c03ab")
}

fn raw(value: &Value) -> Json {
    Json::parse(&value.to_string()).expect("a value is JSON")
}

fn file(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<String> {
    let mut bytes = Vec::new();
    write(&mut bytes)?;
    String::from_utf8(bytes).map_err(io::Error::other)
}
