//! A message that asks for rows, in the form that the process at the other end reads best.

use std::io::Write as _;

use scoring::Row;
use serde_json::Value;

use crate::protocol::{self, Hello};
use crate::python::List;

/// How many rows go into a message for a process that takes many, and from how many bytes on no more.
const MOST_ROWS: usize = 64;
const MOST_BYTES: usize = 1 << 18;

/// A message that asks for one row or many, as it grows.
pub(crate) struct Question<'h> {
    id: u64,
    hello: &'h Hello,
    rows: Rows,
    numbers: Vec<u64>,
    /// The JSON of a row, before it goes to the others.
    json: Vec<u8>,
}

/// The rows, one after another.
enum Rows {
    /// The members of the only one.
    One(Vec<u8>),
    Many(Vec<u8>),
    /// Those in the places that stand beside it are texts, for Python to read by itself.
    Marshal(List, Vec<usize>),
}

impl<'h> Question<'h> {
    /// One without rows.
    pub(crate) fn new(id: u64, hello: &'h Hello) -> Self {
        let rows = match (hello.takes_batches, hello.takes_marshal) {
            (false, _) => Rows::One(Vec::new()),
            (true, false) => Rows::Many(Vec::with_capacity(MOST_BYTES / 4)),
            (true, true) => Rows::Marshal(List::new(MOST_BYTES / 4), Vec::new()),
        };
        Self { id, hello, rows, numbers: Vec::new(), json: Vec::new() }
    }

    /// Whether there is no room for another row.
    pub(crate) fn is_full(&self) -> bool {
        let most = if matches!(self.rows, Rows::One(_)) { 1 } else { MOST_ROWS };
        self.numbers.len() >= most || self.len() >= MOST_BYTES
    }

    /// Adds a row.
    ///
    /// # Errors
    /// Why it cannot be handed to anybody.
    pub(crate) fn add(&mut self, row: &Row<'_>) -> Result<(), String> {
        if let Rows::One(members) = &mut self.rows {
            protocol::members(row, self.hello.needs, members)?;
        } else {
            self.write(row)?;
        }
        match &mut self.rows {
            Rows::One(_) => {}
            Rows::Many(rows) => {
                if !self.numbers.is_empty() {
                    rows.push(b',');
                }
                rows.extend_from_slice(&self.json);
            }
            Rows::Marshal(rows, texts) => {
                let json = std::str::from_utf8(&self.json).map_err(|error| error.to_string())?;
                if rows.add(json).is_err() {
                    rows.add_text(json);
                    texts.push(self.numbers.len());
                }
            }
        }
        self.numbers.push(row.number);
        Ok(())
    }

    /// One of many rows as JSON.
    fn write(&mut self, row: &Row<'_>) -> Result<(), String> {
        self.json.clear();
        if self.hello.takes_plain_rows {
            return protocol::plain(row, &mut self.json);
        }
        self.json.push(b'{');
        protocol::members(row, self.hello.needs, &mut self.json)?;
        self.json.push(b'}');
        Ok(())
    }

    /// About how many bytes it has.
    pub(crate) fn len(&self) -> usize {
        match &self.rows {
            Rows::One(rows) | Rows::Many(rows) => rows.len(),
            Rows::Marshal(rows, _) => rows.len(),
        }
    }

    /// The whole message, with more members of its object, each with a comma before it.
    pub(crate) fn end(self, more: &str) -> Vec<u8> {
        let (id, mut message) = (self.id, Vec::with_capacity(self.len() + 1024));
        let numbers = Value::from(self.numbers);
        // Writing to a vector cannot fail.
        match self.rows {
            Rows::One(members) => {
                let _ = write!(message, "{{\"id\":{id},");
                message.extend_from_slice(&members);
                let _ = writeln!(message, "{more}}}");
            }
            Rows::Many(rows) => {
                let _ = write!(message, "{{\"batch\":{id},\"rows\":[");
                message.extend_from_slice(&rows);
                let _ = if self.hello.takes_plain_rows {
                    writeln!(message, "],\"numbers\":{numbers}{more}}}")
                } else {
                    writeln!(message, "]{more}}}")
                };
            }
            Rows::Marshal(rows, texts) => {
                let (rows, texts) = (rows.end(), Value::from(texts));
                let _ = writeln!(
                    message,
                    "{{\"batch\":{id},\"bytes\":{},\"texts\":{texts},\"numbers\":{numbers}{more}}}",
                    rows.len()
                );
                message.extend_from_slice(&rows);
            }
        }
        message
    }
}
