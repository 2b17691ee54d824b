//! Rows as JSON lines, for scripts.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::RowNames;
use super::said::{Said, origin};
use crate::{RunRow, json_for_terminals};

/// Writes rows as JSON lines: one object for each row and column.
///
/// Function calls and errors stand in it as they came, with all their digits; what a terminal would obey, or would not
/// show, is written as `\u` and its four hexadecimal digits.
#[derive(Debug)]
pub struct RowsJsonl<W> {
    out: W,
    columns: Vec<String>,
    scorers: Vec<String>,
    fields: Vec<String>,
}

impl<W: Write> RowsJsonl<W> {
    /// Starts a file of rows.
    pub fn begin(out: W, names: RowNames<'_>) -> Self {
        let RowNames { columns, scorers, fields, .. } = names;
        Self { out, columns: columns.to_vec(), scorers: scorers.to_vec(), fields: fields.to_vec() }
    }

    /// Writes the lines of a row; `values` are its values of the fields.
    ///
    /// # Errors
    /// What writing gives.
    pub fn row(&mut self, row: &RunRow, values: &[Option<String>]) -> io::Result<()> {
        let (dataset_key, dataset_line) = origin(row);
        let slices: Map<String, Value> =
            self.fields.iter().cloned().zip(values.iter().map(|value| json!(value))).collect();
        for (title, answer) in self.columns.iter().zip(&row.answers) {
            let said = Said::of(row.number, answer);
            let verdicts: Map<String, Value> =
                self.scorers.iter().cloned().zip(answer.verdicts_json()).collect();
            let start = json!({
                "row": row.number, "key": row.key, "dataset_key": dataset_key,
                "dataset_line": dataset_line, "column": title, "outcome": answer.outcome.name(),
                "finish_reason": said.finish, "model_version": said.model_version,
                "verdicts": verdicts, "judges": answer.judges, "slices": slices,
                "tokens": {
                    "prompt": said.usage.prompt, "answer": said.usage.candidates,
                    "thinking": said.usage.thoughts, "total": said.usage.total,
                },
                "text": said.text,
            })
            .to_string();
            let start = start.strip_suffix('}').unwrap_or(&start);
            let error = said.error.map_or("null", scoring::View::text);
            let line =
                format!("{start},\"function_calls\":{},\"error\":{error}}}", said.calls_json());
            // In what stands as it came, line ends can be only where spaces may.
            let line = line.replace(['\n', '\r'], " ");
            writeln!(self.out, "{}", json_for_terminals(&line))?;
        }
        Ok(())
    }

    /// Flushes what was written.
    ///
    /// # Errors
    /// What writing gives.
    pub fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}
