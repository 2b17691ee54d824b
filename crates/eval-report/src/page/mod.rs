//! The report as one HTML file that carries its rows along and loads nothing.

mod assets;
mod brief;
mod chunks;
mod data;
mod entry;
mod pack;
mod text;

use std::io::{self, Write};

use self::assets::Shell;
use self::chunks::Chunks;
use crate::{Report, RunRow};

/// The most that the rows of a page take in its file.
pub const MOST_BYTES: u64 = 64 << 20;

/// What the page says of its rows beside what stands in the report.
#[derive(Debug, Clone, Default)]
pub struct PageRows<'a> {
    /// The title of each answer of a row, in their order; the first is that of the logged answers.
    pub columns: &'a [String],
    /// The fields by whose values rows can be chosen.
    pub fields: &'a [String],
    /// How many rows the run has.
    pub rows: u64,
}

/// Writes a page: first all that the report says, then rows one by one, as long as there is room.
///
/// A page holds at most [`MOST_BYTES`] of rows, so what shall surely stand in it is given first; it shows them by
/// their numbers whatever their order. Memory does not grow with the rows.
///
/// ```
/// use eval_report::{Page, PageRows, Report};
/// let report = Report::new(["function-call"]);
/// let mut file = Vec::new();
/// Page::begin(&mut file, &report, &PageRows::default())?.finish()?;
/// let text = String::from_utf8(file).unwrap();
/// assert!(text.starts_with("<!doctype html>") && text.contains("Content-Security-Policy"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Page<W: Write> {
    out: W,
    rows: u64,
    chunks: Chunks,
}

impl<W: Write> Page<W> {
    /// Writes the upper part.
    ///
    /// # Errors
    /// What writing gives.
    pub fn begin(mut out: W, report: &Report, about: &PageRows<'_>) -> io::Result<Self> {
        let shell = Shell::new();
        shell.head(&mut out, &data::meta(&report.as_written(), about)?)?;
        Ok(Self { out, rows: about.rows, chunks: Chunks::new(MOST_BYTES) })
    }

    /// Adds a row, with its values of the fields; says whether there was room for it.
    ///
    /// # Errors
    /// What writing gives.
    pub fn push(&mut self, row: RunRow, values: Vec<Option<String>>) -> io::Result<bool> {
        self.chunks.push(&mut self.out, row, values)
    }

    /// About how many more rows there is room for, if they are like those so far; `None` after too few to tell.
    ///
    /// # Errors
    /// What writing gives: those that are being packed are waited for.
    pub fn room(&mut self) -> io::Result<Option<u64>> {
        self.chunks.room(&mut self.out)
    }

    /// Writes what is left; gives the number of rows that stand in the page.
    ///
    /// # Errors
    /// What writing gives.
    pub fn finish(mut self) -> io::Result<u64> {
        let done = self.chunks.finish(&mut self.out)?;
        let about = serde_json::json!({
            "rows": self.rows, "shown": done.rows, "chunks": done.chunks, "indexes": done.indexes,
        });
        data::script(&mut self.out, "application/json", "about", &about.to_string())?;
        self.out.write_all(b"</body>\n</html>\n")?;
        self.out.flush()?;
        Ok(done.rows)
    }
}
