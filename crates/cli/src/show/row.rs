//! One row with all that is known of it, as text and as one object.

use std::collections::BTreeMap;

use eval_report::{RunRow, Spoken, sanitize};
use run_store::Variant;
use scoring::{Json, Verdict};
use serde::Serialize;
use serde_json::Value;

use super::screen::Screen;
use super::{answer, request};
use crate::exit::{Exit, Failure, Outcome};
use crate::judge::is_varied;
use crate::rows::BookColumn;

/// A row and what it stands in.
pub(super) struct Shown<'a> {
    pub(super) run: &'a str,
    pub(super) dataset: &'a str,
    pub(super) variants: &'a [Variant],
    pub(super) columns: &'a [BookColumn],
    pub(super) scorers: &'a [String],
    pub(super) row: &'a RunRow,
}

/// The row for programs; JSON from outside stays byte for byte.
#[derive(Serialize)]
struct Object<'a> {
    r#type: &'static str,
    run: &'a str,
    row: u64,
    key: &'a str,
    dataset: &'a Json,
    requests: Vec<Request<'a>>,
    expected: Option<&'a Json>,
    answers: Vec<Answer<'a>>,
}

#[derive(Serialize)]
struct Request<'a> {
    variant: &'a str,
    request: Option<&'a Json>,
}

#[derive(Serialize)]
struct Answer<'a> {
    column: &'a str,
    outcome: &'static str,
    verdicts: BTreeMap<&'a str, Value>,
    /// What judges said of it; not there where none was asked.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    judges: &'a [Spoken],
    /// The line as it came; `null` where nothing came, or where it is no JSON.
    line: Option<&'a Json>,
    /// The line as text, where it is no JSON.
    raw: Option<String>,
}

impl Shown<'_> {
    pub(super) fn text(&self, width: usize, full: bool) -> String {
        let mut screen = Screen::new(width, full);
        let dataset: Value = serde_json::from_str(self.row.dataset.get()).unwrap_or_default();
        let line = dataset["line"].as_u64();
        let line =
            line.map(|line| format!(", line {line} of {}", self.dataset)).unwrap_or_default();
        screen.heading(&format!("row {} of {}{line}", self.row.number, self.run));
        screen.say("key", &self.row.key);
        for (name, value) in dataset["row"].as_object().into_iter().flatten() {
            screen.say("field", &format!("{name}: {value}"));
        }
        if let Some(expected) = &self.row.expected {
            screen.say("expected", expected.get());
        }
        for (at, asked) in self.row.requests.iter().enumerate() {
            let title = match self.variants.get(at).filter(|_| is_varied(self.variants)) {
                Some(variant) => format!("request, as variant {}", variant.name),
                None => "request".to_owned(),
            };
            screen.heading(&title);
            match asked.as_ref().map(|asked| serde_json::from_str::<Value>(asked.get())) {
                Some(Ok(asked)) => request::request(&mut screen, &asked),
                Some(Err(_)) => screen.say("", "too deeply nested to be laid out; --json has it"),
                None => screen.say("", "not kept"),
            }
        }
        for (column, answered) in self.columns.iter().zip(&self.row.answers) {
            answer::answer(&mut screen, &column.title, answered, self.scorers);
            answer::judged(&mut screen, &answered.judges);
        }
        screen.end()
    }

    pub(super) fn json(&self) -> Outcome<String> {
        let requests = self.row.requests.iter().enumerate().map(|(at, request)| Request {
            variant: self.variants.get(at).map_or("", |variant| variant.name.as_str()),
            request: request.as_ref(),
        });
        let answers = self.columns.iter().zip(&self.row.answers);
        let answers = answers.map(|(column, answer)| {
            let verdicts = self.scorers.iter().zip(&answer.verdicts).map(|(scorer, verdict)| {
                (scorer.as_str(), verdict.as_ref().map(value).unwrap_or_default())
            });
            let line = answer.json();
            let text = answer.line.as_deref().filter(|_| line.is_none());
            Answer {
                column: &column.title,
                outcome: answer.outcome.name(),
                verdicts: verdicts.collect(),
                judges: &answer.judges,
                line,
                raw: text.map(|text| sanitize(&String::from_utf8_lossy(text)).into_owned()),
            }
        });
        let object = Object {
            r#type: "row",
            run: self.run,
            row: self.row.number,
            key: &self.row.key,
            dataset: &self.row.dataset,
            requests: requests.collect(),
            expected: self.row.expected.as_ref(),
            answers: answers.collect(),
        };
        serde_json::to_string(&object).map_err(|error| Failure::of(Exit::Bug, &error))
    }
}

/// A verdict as score files have it.
fn value(verdict: &Verdict) -> Value {
    match verdict {
        Verdict::Pass(pass) => (*pass).into(),
        Verdict::Value(value) => (*value).into(),
        Verdict::Label(label) => label.as_ref().into(),
        Verdict::Choice { given, .. } => given.as_ref().into(),
        _ => Value::Null,
    }
}
