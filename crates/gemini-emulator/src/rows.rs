//! The rows of an input: what create says of bad ones, how many there are, and how they are read.

use std::collections::BTreeMap;
use std::io::{self, BufRead};

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::record::Kind;
use crate::reply::Failure;
use crate::validate;

/// How many bad lines a refusal names at most.
const COMPLAINTS: usize = 20;

/// Reads lines that are not blank, with their numbers from 1.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    input: R,
    line: Vec<u8>,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input, line: Vec::new(), number: 0 }
    }

    pub(crate) fn next(&mut self) -> io::Result<Option<(u64, &[u8])>> {
        loop {
            self.line.clear();
            if self.input.read_until(b'\n', &mut self.line)? == 0 {
                return Ok(None);
            }
            self.number += 1;
            if !self.line.trim_ascii().is_empty() {
                return Ok(Some((self.number, self.line.trim_ascii())));
            }
        }
    }
}

/// Checks the rows of a file and counts them; names the bad ones.
pub(crate) fn check(kind: Kind, input: impl BufRead) -> Result<u64, Failure> {
    let mut lines = Lines::new(input);
    let mut rows = 0;
    let mut complaints: Vec<String> = Vec::new();
    while complaints.len() < COMPLAINTS {
        let Some((number, line)) = lines.next()? else { break };
        rows += 1;
        complaints.extend(check_line(kind, number, line).err());
    }
    if !complaints.is_empty() {
        return Err(Failure::invalid(complaints.join("\n")));
    }
    if rows == 0 {
        return Err(Failure::invalid("The input file is empty."));
    }
    Ok(rows)
}

/// Parses a line and checks the request in it; says what create says about a bad one.
fn check_line(kind: Kind, number: u64, line: &[u8]) -> Result<(), String> {
    let wrong = |column: usize, what: &str| {
        format!("Error on line {number}: invalid JSON, near column {column}: {what}")
    };
    let row: Value = serde_json::from_slice(line).map_err(|error| {
        let what = error.to_string();
        let what = what.split(" at line ").next().unwrap_or_default();
        wrong(error.column(), what)
    })?;
    let Value::Object(row) = row else {
        let begins = line.first().copied().map_or(' ', char::from);
        return Err(wrong(1, &format!("unexpected character: '{begins}'; expected '{{'")));
    };
    let Some(request) = row.get("request") else {
        return Err(format!("Error on line {number}: request is not specified"));
    };
    let shape = match kind {
        Kind::Generate => "GenerateContentRequest",
        Kind::Embed => "EmbedContentRequest",
    };
    validate::check(shape, request)
        .and_then(|()| validate::check_row(request))
        .map_err(|violation| violation.on_line(number, &String::from_utf8_lossy(line)))
}

/// A create's own rows, written as the lines of a file.
pub(crate) fn inlined(rows: &[&RawValue]) -> Result<Vec<u8>, Failure> {
    let mut lines = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let asked = serde_json::from_str::<Map<String, Value>>(row.get());
        if !asked.is_ok_and(|row| row.contains_key("request")) {
            return Err(Failure::invalid(format!(
                "* BatchGenerateContentRequest.batch.input_config.requests.requests[{number}]\
                 .request: request is not specified\n"
            )));
        }
        // In valid JSON a line's end is white space wherever it stands.
        let text = row.get().bytes().map(|c| if matches!(c, b'\n' | b'\r') { b' ' } else { c });
        lines.extend(text);
        lines.push(b'\n');
    }
    Ok(lines)
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

    /// Reads a row of a create's own body, as `inlined` wrote it.
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
