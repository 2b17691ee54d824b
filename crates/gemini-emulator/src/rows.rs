//! The rows of an input: what create says of bad ones, how many there are, and how they are read.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read as _, Write};

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::record::Kind;
use crate::reply::Failure;
use crate::validate::{self, BadLine};

/// How many bad lines a refusal names at most.
const COMPLAINTS: usize = 20;

/// Reads lines that are not blank, with their numbers from 1.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    input: R,
    line: Vec<u8>,
    number: u64,
    most: u64,
}

/// Why there is no line.
#[derive(Debug)]
pub(crate) enum NoLine {
    /// The line of this number has more bytes than are taken; the next call goes on after it.
    TooLong(u64),
    Io(io::Error),
}

impl From<io::Error> for NoLine {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<NoLine> for io::Error {
    fn from(why: NoLine) -> Self {
        match why {
            NoLine::TooLong(number) => Self::other(format!("line {number} is too long")),
            NoLine::Io(error) => error,
        }
    }
}

impl<R: BufRead> Lines<R> {
    /// The lines of an input that has been checked.
    pub(crate) fn new(input: R) -> Self {
        Self::up_to(u64::MAX, input)
    }

    /// Lines of so many bytes at most, their ends not counted.
    fn up_to(most: u64, input: R) -> Self {
        Self { input, line: Vec::new(), number: 0, most }
    }

    pub(crate) fn next(&mut self) -> Result<Option<(u64, &[u8])>, NoLine> {
        loop {
            self.line.clear();
            let most = self.most.saturating_add(1);
            if (&mut self.input).take(most).read_until(b'\n', &mut self.line)? == 0 {
                return Ok(None);
            }
            self.number += 1;
            if self.line.len() as u64 == most && !self.line.ends_with(b"\n") {
                self.input.skip_until(b'\n')?;
                return Err(NoLine::TooLong(self.number));
            }
            if !self.line.trim_ascii().is_empty() {
                return Ok(Some((self.number, self.line.trim_ascii())));
            }
        }
    }
}

/// Checks the rows of a file, none of them longer than `most` bytes, and counts them; names the
/// bad ones.
pub(crate) fn check(kind: Kind, input: impl BufRead, most: u64) -> Result<u64, Failure> {
    let mut lines = Lines::up_to(most, input);
    let mut rows = 0;
    let mut complaints: Vec<String> = Vec::new();
    while complaints.len() < COMPLAINTS {
        match lines.next() {
            Ok(None) => break,
            Ok(Some((number, line))) => complaints.extend(check_line(kind, number, line).err()),
            Err(NoLine::TooLong(number)) => {
                complaints.push(format!("Error on line {number}: longer than {most} bytes"));
            }
            Err(NoLine::Io(error)) => return Err(error.into()),
        }
        rows += 1;
    }
    if !complaints.is_empty() {
        return Err(Failure::invalid(complaints.join("\n")));
    }
    if rows == 0 {
        return Err(Failure::invalid("The input file is empty."));
    }
    Ok(rows)
}

/// Checks a line and the request in it; says what create says about a bad one.
fn check_line(kind: Kind, number: u64, line: &[u8]) -> Result<(), String> {
    let wrong = |column: usize, what: &str| {
        format!("Error on line {number}: invalid JSON, near column {column}: {what}")
    };
    let begins = line.first().copied().map_or(' ', char::from);
    let shape = match kind {
        Kind::Generate => "GenerateContentRequest",
        Kind::Embed => "EmbedContentRequest",
    };
    validate::check_line(shape, line).map_err(|bad| match bad {
        BadLine::NotJson(error) if error.is_data() => {
            wrong(1, &format!("unexpected character: '{begins}'; expected '{{'"))
        }
        BadLine::NotJson(error) => {
            let what = error.to_string();
            wrong(error.column(), what.split(" at line ").next().unwrap_or_default())
        }
        BadLine::NoRequest => format!("Error on line {number}: request is not specified"),
        BadLine::Violation(violation) => violation.on_line(number, &String::from_utf8_lossy(line)),
    })
}

/// A create's own row, as far as it has to be looked into once its fields are known.
#[derive(Debug, Deserialize)]
struct Inlined<'a> {
    #[serde(borrow)]
    request: Option<&'a RawValue>,
}

/// Checks that each of a create's own rows has a request.
pub(crate) fn check_inlined(rows: &[&RawValue]) -> Result<(), Failure> {
    let without = rows.iter().position(|row| {
        let asked = serde_json::from_str::<Inlined<'_>>(row.get());
        !asked.is_ok_and(|row| row.request.is_some())
    });
    without.map_or(Ok(()), |number| {
        Err(Failure::invalid(format!(
            "* BatchGenerateContentRequest.batch.input_config.requests.requests[{number}]\
             .request: request is not specified\n"
        )))
    })
}

/// Writes a create's own rows as the lines of a file.
pub(crate) fn write_inlined(rows: &[&RawValue], out: &mut impl Write) -> io::Result<()> {
    for row in rows {
        // In valid JSON a line's end is white space wherever it stands.
        for piece in row.get().split(['\n', '\r']) {
            out.write_all(piece.as_bytes())?;
            out.write_all(b" ")?;
        }
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// A row that has been checked.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) request: Box<RawValue>,
    /// What the result says again beside the answer.
    pub(crate) echoed: Map<String, Value>,
    pub(crate) key: Option<String>,
}

impl Row {
    /// Reads a line of a file; lists beside the request come back empty.
    pub(crate) fn of_file(line: &[u8]) -> io::Result<Self> {
        let mut members: BTreeMap<String, &RawValue> = serde_json::from_slice(line)?;
        let request = request(&mut members)?;
        let mut echoed = Map::new();
        for (name, value) in members {
            if matches!(name.as_str(), "response" | "error" | "status") {
                continue;
            }
            let value: Value = serde_json::from_str(value.get())?;
            echoed.insert(name, if value.is_array() { json!([]) } else { value });
        }
        let key = echoed.get("key").and_then(Value::as_str).map(str::to_owned);
        Ok(Self { request, echoed, key })
    }

    /// Reads a row of a create's own body, as `write_inlined` wrote it.
    pub(crate) fn of_body(line: &[u8]) -> io::Result<Self> {
        let mut members: BTreeMap<String, &RawValue> = serde_json::from_slice(line)?;
        let request = request(&mut members)?;
        let mut echoed = Map::new();
        if let Some(metadata) = members.remove("metadata") {
            echoed.insert("metadata".into(), serde_json::from_str(metadata.get())?);
        }
        let metadata = echoed.get("metadata").and_then(|metadata| metadata.get("key"));
        let key = metadata.and_then(Value::as_str).map(str::to_owned);
        Ok(Self { request, echoed, key })
    }
}

fn request(members: &mut BTreeMap<String, &RawValue>) -> io::Result<Box<RawValue>> {
    let found = members.remove("request").ok_or_else(|| io::Error::other("a row has no request"));
    found.map(ToOwned::to_owned)
}
