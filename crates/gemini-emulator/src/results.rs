//! Rows and their answers to result lines: what the script does to them, their order, their counts.

use std::io::{self, BufRead, Write};

use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::answer::{Answerer, RowAnswer, RowAsk};
use crate::dice::{Dice, mix};
use crate::embed;
use crate::record::Kind;
use crate::rows::{Lines, Row};
use crate::script::{JobPlan, Rows};

/// Results are shuffled within windows of so many rows or bytes, so that memory stays bounded.
const WINDOW_ROWS: usize = 4096;
const WINDOW_BYTES: usize = 4 << 20;

/// What a job gives its rows.
#[derive(Debug)]
pub(crate) struct Job<'a> {
    pub(crate) seed: u64,
    /// Its place among all jobs: no two answers have one id.
    pub(crate) index: u64,
    /// Without `models/`.
    pub(crate) model: &'a str,
    pub(crate) kind: Kind,
    pub(crate) plan: &'a JobPlan,
    /// Whether the rows came in the create's own body: their order is kept.
    pub(crate) inlined: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) succeeded: u64,
    pub(crate) failed: u64,
}

/// A row on its way to an answer.
#[derive(Debug)]
pub(crate) struct Pending {
    row: Row,
    response_id: String,
    fate: Fate,
}

/// What becomes of a row in the results.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// It is not there.
    Missing,
    Line {
        line: Vec<u8>,
        succeeded: bool,
        twice: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Own,
    Missing,
    Failing,
    Blocked,
    Truncated,
    Empty,
    Unparsable,
    Doubled,
}

impl Job<'_> {
    /// Reads a row that create has checked.
    pub(crate) fn read(&self, number: u64, line: &[u8]) -> io::Result<Pending> {
        let row = if self.inlined { Row::of_body(line)? } else { Row::of_file(line)? };
        let (index, place) = (self.index.to_le_bytes(), number.to_le_bytes());
        let own = mix(self.seed, &[b"response", self.model.as_bytes(), &index, &place]);
        let fate = self.fate(number, row.key.as_deref());
        Ok(Pending { row, response_id: Dice::new(own).id(22), fate })
    }

    /// Asks for the answer, unless the script has one.
    pub(crate) async fn settle(
        &self,
        pending: Pending,
        answerer: &dyn Answerer,
    ) -> io::Result<Settled> {
        let Pending { row, response_id, fate } = pending;
        let ask = RowAsk { model: self.model, request: &row.request, response_id: &response_id };
        let answer = match fate {
            Fate::Missing => return Ok(Settled::Missing),
            Fate::Failing => None,
            Fate::Truncated => Some(ended("MAX_TOKENS", Some("I th"), ask)),
            Fate::Empty => Some(ended("STOP", None, ask)),
            Fate::Blocked => Some(RowAnswer::Response(json!({
                "promptFeedback": { "blockReason": "PROHIBITED_CONTENT" },
                "modelVersion": self.model,
                "responseId": response_id,
            }))),
            _ if self.kind == Kind::Embed => {
                let request = serde_json::from_str(row.request.get())?;
                Some(RowAnswer::Response(embed::answer(self.seed, self.model, &request)))
            }
            Fate::Unparsable | Fate::Doubled | Fate::Own => Some(answerer.answer(ask).await),
        };
        let succeeded = !matches!(answer, None | Some(RowAnswer::Error { .. }));
        let mut line = serde_json::to_vec(&row.echoed)?;
        line.pop();
        if !row.echoed.is_empty() {
            line.push(b',');
        }
        if let Some(answer) = answer {
            self.write_answer(answer, &mut line)?;
        } else {
            let (name, error) = row_error(self.plan);
            line.extend(format!("\"{name}\":{error}").into_bytes());
        }
        line.push(b'}');
        // What stands in an answer of the service itself is always JSON.
        if fate == Fate::Unparsable && !self.inlined {
            line.truncate(line.len() / 2);
        }
        Ok(Settled::Line { line, succeeded, twice: fate == Fate::Doubled })
    }

    fn write_answer(&self, answer: RowAnswer, line: &mut Vec<u8>) -> io::Result<()> {
        let response = match (answer, &self.plan.model_version) {
            (RowAnswer::Error { code, message }, _) => {
                line.extend(b"\"error\":");
                serde_json::to_writer(line, &json!({ "code": code, "message": message }))?;
                return Ok(());
            }
            (RowAnswer::Verbatim(raw), None) => {
                line.extend(b"\"response\":");
                // What a logged response has as line ends is white space in JSON.
                line.extend(raw.get().bytes().map(|c| if c < b' ' { b' ' } else { c }));
                return Ok(());
            }
            (RowAnswer::Verbatim(raw), Some(_)) => serde_json::from_str::<Value>(raw.get())?,
            (RowAnswer::Response(response), _) => response,
        };
        let mut response = response;
        if let (Some(version), Kind::Generate) = (&self.plan.model_version, self.kind) {
            response["modelVersion"] = version.as_str().into();
        }
        line.extend(b"\"response\":");
        serde_json::to_writer(line, &response)?;
        Ok(())
    }

    /// Answers all rows at once by someone who makes answers up; `None` when `go_on` said no.
    pub(crate) fn make(
        &self,
        answerer: &dyn Answerer,
        input: impl BufRead,
        out: &mut impl Write,
        go_on: &dyn Fn() -> bool,
    ) -> io::Result<Option<Counts>> {
        let mut lines = Lines::new(input);
        let mut counts = Counts::default();
        let mut window = Window::new(self);
        while let Some((number, line)) = lines.next()? {
            if !go_on() {
                return Ok(None);
            }
            let settled = self.settle(self.read(number, line)?, answerer).now_or_never();
            let settled = settled.ok_or_else(|| io::Error::other("a made-up answer waits"))??;
            let Settled::Line { line, succeeded, twice } = settled else { continue };
            counts.add(succeeded);
            if twice {
                window.push(line.clone(), out)?;
            }
            window.push(line, out)?;
        }
        for line in self.foreign() {
            window.push(line, out)?;
        }
        window.flush(out)?;
        Ok(Some(counts))
    }

    /// Result lines for rows that nobody sent.
    pub(crate) fn foreign(&self) -> impl Iterator<Item = Vec<u8>> + use<> {
        let n = if self.inlined { 0 } else { self.plan.foreign };
        (0..n).map(|n| {
            let line = json!({ "key": format!("foreign-{n}"), "response": { "candidates": [] } });
            line.to_string().into_bytes()
        })
    }

    /// What the script wants of a row.
    fn fate(&self, number: u64, key: Option<&str>) -> Fate {
        let plan = self.plan;
        let picks = |rows: &Rows, name: &str| {
            let by_chance = rows.share > 0.0 && {
                let own = mix(self.seed, &[name.as_bytes(), &number.to_le_bytes()]);
                Dice::new(own).chance(rows.share)
            };
            rows.lines.contains(&number)
                || key.is_some_and(|key| rows.keys.iter().any(|known| known == key))
                || by_chance
        };
        [
            (&plan.missing, "missing", Fate::Missing),
            (&plan.failing, "failing", Fate::Failing),
            (&plan.blocked, "blocked", Fate::Blocked),
            (&plan.truncated, "truncated", Fate::Truncated),
            (&plan.empty, "empty", Fate::Empty),
            (&plan.unparsable, "unparsable", Fate::Unparsable),
            (&plan.doubled, "doubled", Fate::Doubled),
        ]
        .into_iter()
        .find(|(rows, name, _)| picks(rows, name))
        .map_or(Fate::Own, |(_, _, fate)| fate)
    }
}

/// The error of a row that the script lets fail, and the field that it stands in.
fn row_error(plan: &JobPlan) -> (&'static str, Value) {
    let Some(own) = &plan.row_error else {
        return ("error", json!({ "code": 13, "message": "Internal error encountered." }));
    };
    let mut error = json!({ "code": own.code, "message": own.message });
    if !own.details.is_empty() {
        error["details"] = own.details.clone().into();
    }
    (if own.as_status { "status" } else { "error" }, error)
}

/// An answer of one candidate that ended for `reason`, with some text or no content at all.
fn ended(reason: &str, text: Option<&str>, ask: RowAsk<'_>) -> RowAnswer {
    let mut candidate = json!({ "finishReason": reason, "index": 0 });
    if let Some(text) = text {
        candidate["content"] = json!({ "role": "model", "parts": [{ "text": text }] });
    }
    RowAnswer::Response(json!({
        "candidates": [candidate], "modelVersion": ask.model, "responseId": ask.response_id,
    }))
}

impl Counts {
    pub(crate) fn add(&mut self, succeeded: bool) {
        if succeeded {
            self.succeeded += 1;
        } else {
            self.failed += 1;
        }
    }
}

/// Result lines on their way to disorder, or not, if their order is kept.
struct Window {
    lines: Vec<Vec<u8>>,
    bytes: usize,
    dice: Option<Dice>,
    blank_lines: bool,
}

impl Window {
    fn new(job: &Job<'_>) -> Self {
        let dice = Dice::new(mix(job.seed, &[b"order", job.model.as_bytes()]));
        let dice = (!job.inlined).then_some(dice);
        let blank_lines = job.plan.blank_lines && !job.inlined;
        Self { lines: Vec::new(), bytes: 0, dice, blank_lines }
    }

    fn push(&mut self, line: Vec<u8>, out: &mut impl Write) -> io::Result<()> {
        self.bytes += line.len();
        self.lines.push(line);
        if self.lines.len() >= WINDOW_ROWS || self.bytes >= WINDOW_BYTES {
            self.flush(out)?;
        }
        Ok(())
    }

    fn flush(&mut self, out: &mut impl Write) -> io::Result<()> {
        if let Some(dice) = &mut self.dice {
            dice.shuffle(&mut self.lines);
        }
        self.bytes = 0;
        for line in self.lines.drain(..) {
            out.write_all(&line)?;
            out.write_all(if self.blank_lines { b"\n\n" } else { b"\n" })?;
        }
        Ok(())
    }
}
