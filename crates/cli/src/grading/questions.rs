//! From the answers of a run to the rows that ask a judge about them.

use std::io::{BufWriter, Write};
use std::iter::Peekable;

use eval_report::RunRow;
use model_judge::{JudgeSpec, Kind, Material, Order, Reference, Side, show_request, show_response};
use run_store::RunFolder;
use scoring::Json;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::desk::no_column;
use super::lacking::Lacking;
use super::rounds::damaged;
use crate::context::{Context, store};
use crate::exit::{Failure, Outcome};
use crate::hashing::digest;
use crate::rows::{BookColumn, RowBook};

/// Which question a row of a round asks: in this order they stand in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Place {
    /// The row of the run.
    pub(super) row: u64,
    /// Its column among those of the row book.
    pub(super) column: usize,
    /// Whether the judged answer stands second.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) backward: bool,
}

impl Place {
    pub(super) fn order(self) -> Order {
        if self.backward { Order::Backward } else { Order::Forward }
    }
}

/// What stands beside the request in a row of a round.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Judged {
    pub(super) place: Place,
    /// What was asked, in a few characters.
    print: String,
}

/// What a judge is asked about.
pub(super) struct Scope<'a> {
    spec: &'a JudgeSpec,
    /// The columns whose answers are judged.
    columns: Vec<usize>,
    /// The column that answers are compared with.
    against: Option<usize>,
}

impl<'a> Scope<'a> {
    pub(super) fn of(spec: &'a JudgeSpec, columns: &[BookColumn]) -> Outcome<Self> {
        let against = match (&spec.kind, &spec.against) {
            (Kind::Pairwise, Side::Logged) => Some(0),
            (Kind::Pairwise, Side::Column(title)) => {
                let found = columns.iter().position(|column| column.title == *title);
                let titles =
                    || columns.iter().map(|column| column.title.clone()).collect::<Vec<_>>();
                Some(found.ok_or_else(|| no_column(spec, title, &titles()))?)
            }
            _ => None,
        };
        let is_judged = |(at, _): &(usize, &BookColumn)| {
            Some(*at) != against && (*at > 0 || spec.judges_logged)
        };
        let columns = columns.iter().enumerate().filter(is_judged).map(|(at, _)| at).collect();
        Ok(Self { spec, columns, against })
    }

    /// Every question about a row: those about answers that came, and of which there is all that the prompt shows.
    fn questions(&self, row: &RunRow, variants: &[u32]) -> Vec<(Place, Value)> {
        let reference = reference(self.spec, row);
        if self.spec.needs_reference() && reference.is_none() {
            return Vec::new();
        }
        let reference = reference.unwrap_or_default();
        let answer = |column: usize| {
            let answer = row.answers.get(column).filter(|answer| answer.outcome.is_scored())?;
            let line: Value = serde_json::from_slice(answer.line.as_deref()?).ok()?;
            Some(show_response(line.get("response")?))
        };
        let other = match self.against {
            Some(column) => match answer(column) {
                Some(other) => other,
                None => return Vec::new(),
            },
            None => String::new(),
        };
        let mut questions = Vec::new();
        for column in &self.columns {
            let Some(answer) = answer(*column) else { continue };
            let variant = variants.get(*column).copied().unwrap_or_default() as usize;
            let request = row.requests.get(variant).and_then(Option::as_ref).map(parsed);
            let request = request.map(|request| show_request(&request)).unwrap_or_default();
            let (answer, other) = (answer.as_str(), other.as_str());
            let material = Material { request: &request, answer, other, reference: &reference };
            for order in self.spec.kind.orders() {
                let backward = *order == Order::Backward;
                let place = Place { row: row.number, column: *column, backward };
                questions.push((place, self.spec.request(material, *order)));
            }
        }
        questions
    }
}

fn parsed(json: &Json) -> Value {
    serde_json::from_str(json.get()).unwrap_or_default()
}

/// What is taken to be true of a row, as text.
fn reference(spec: &JudgeSpec, row: &RunRow) -> Option<String> {
    let dataset = || parsed(&row.dataset);
    match &spec.reference {
        Reference::Logged => row.answers.first()?.line.as_ref().and_then(|_| {
            dataset().get("response").filter(|response| response.is_object()).map(show_response)
        }),
        Reference::Given => shown(&parsed(row.expected.as_ref()?)),
        Reference::At(at) => shown(dataset().get("row")?.pointer(at)?),
        _ => None,
    }
}

fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Writes a row for every question that was not asked yet or is to be asked again, and returns how many those are.
pub(super) fn write(
    context: &Context,
    book: &mut RowBook,
    spec: &JudgeSpec,
    (earlier, again): (&[RunFolder], &Lacking),
    out: impl Write,
) -> Outcome<u64> {
    let scope = Scope::of(spec, book.columns())?;
    let variants: Vec<u32> = book.columns().iter().map(|column| column.variant).collect();
    let mut asked: Vec<Asked> = earlier.iter().map(Asked::open).collect::<Outcome<_>>()?;
    let mut out = BufWriter::with_capacity(1 << 18, out);
    let failed = |error| Failure::io("failed to write the questions", &error);
    let mut written = 0;
    for number in 0..book.rows() {
        if let Some(stopped) = context.stop.failure() {
            return Err(stopped);
        }
        let Some(row) = book.row(number)? else { break };
        for (place, request) in scope.questions(&row, &variants) {
            let request = request.to_string();
            let print = digest(request.as_bytes())[..16].to_owned();
            let mut last = None;
            for round in &mut asked {
                last = round.print(place)?.or(last);
            }
            if last.as_ref() == Some(&print) && !again.contains(&place) {
                continue;
            }
            let judged = serde_json::to_string(&Judged { place, print })
                .map_err(|error| failed(error.into()))?;
            writeln!(out, "{{\"request\":{request},\"judged\":{judged}}}").map_err(failed)?;
            written += 1;
        }
    }
    out.flush().map_err(failed)?;
    Ok(written)
}

/// The questions of an earlier round, read along.
struct Asked {
    round: RunFolder,
    lines: Peekable<Lines>,
}

type Lines = Box<dyn Iterator<Item = Option<Judged>>>;

impl Asked {
    fn open(round: &RunFolder) -> Outcome<Self> {
        use std::io::{BufRead as _, BufReader};
        let paths = round.paths();
        let file = paths.open_file(&paths.logged()).map_err(|error| store(&error))?;
        let lines = BufReader::with_capacity(1 << 18, file).split(b'\n');
        let lines: Lines = Box::new(lines.map(|line| judged(&line.ok()?)));
        Ok(Self { round: round.clone(), lines: lines.peekable() })
    }

    /// What was asked at a place, which is not before those asked for so far.
    fn print(&mut self, place: Place) -> Outcome<Option<String>> {
        let is_before =
            |judged: &Option<Judged>| judged.as_ref().is_some_and(|judged| judged.place < place);
        while self.lines.next_if(is_before).is_some() {}
        match self.lines.peek() {
            Some(None) => Err(damaged(&self.round, "a row does not say what it asks")),
            Some(Some(judged)) if judged.place == place => Ok(Some(judged.print.clone())),
            _ => Ok(None),
        }
    }
}

/// Which question a row of a round asks, by its line of what stood beside the request.
pub(super) fn judged(line: &[u8]) -> Option<Judged> {
    #[derive(Deserialize)]
    struct Line {
        row: Beside,
    }
    #[derive(Deserialize)]
    struct Beside {
        judged: Judged,
    }
    serde_json::from_slice::<Line>(line).ok().map(|line| line.row.judged)
}
