//! The dataset's side of a row, fetched from the run folder for scorers that ask for it.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom};
use std::path::Path;

use jsonl_transform::{IndexReader, member};
use run_store::RunFolder;
use scoring::{DatasetRow, DatasetRows, Needs};
use serde_json::value::RawValue;

use crate::context::store;
use crate::exit::{Exit, Failure, Outcome};
use crate::prepare::INPUT;

/// Reads single rows through the index.
pub(crate) struct FolderRows {
    index: IndexReader<File>,
    input: BufReader<File>,
    logged: BufReader<File>,
    line: Vec<u8>,
}

impl FolderRows {
    pub(crate) fn open(folder: &RunFolder) -> Outcome<Self> {
        let paths = folder.paths();
        let open = |path: &Path| paths.open_file(path).map_err(|error| store(&error));
        let index = IndexReader::open(open(&paths.index())?)
            .map_err(|error| Failure::of(Exit::RunFolder, &error))?;
        let (input, logged) = (open(&paths.input(INPUT))?, open(&paths.logged())?);
        let (input, logged) = (BufReader::new(input), BufReader::new(logged));
        Ok(Self { index, input, logged, line: Vec::new() })
    }
}

impl DatasetRows for FolderRows {
    fn fetch(&mut self, number: u64, needs: Needs) -> io::Result<DatasetRow> {
        let mut row = DatasetRow::default();
        let Some(record) = self.index.get(number).map_err(io::Error::other)? else {
            return Ok(row);
        };
        if needs.request {
            row.request = part(&mut self.input, record.input, &mut self.line, "request")?;
        }
        if needs.logged {
            row.logged = part(&mut self.logged, record.logged, &mut self.line, "response")?;
        }
        Ok(row)
    }
}

/// One member of the line that begins at `offset`.
fn part(
    file: &mut BufReader<File>,
    offset: u64,
    line: &mut Vec<u8>,
    name: &str,
) -> io::Result<Option<Box<RawValue>>> {
    file.seek(SeekFrom::Start(offset))?;
    line.clear();
    file.read_until(b'\n', line)?;
    let found = member(line, name).map_err(io::Error::other)?;
    let Some(found) = found else { return Ok(None) };
    let text = std::str::from_utf8(&line[found]).map_err(io::Error::other)?;
    RawValue::from_string(text.to_owned()).map(Some).map_err(io::Error::other)
}

/// Which line of the dataset the service means when it refuses "line N" of an input, in words.
pub(crate) fn refused_line(folder: &RunFolder, reason: &str) -> Option<String> {
    let (_, rest) = reason.split_once("line ")?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    let row = digits.parse::<u64>().ok()?.checked_sub(1)?;
    let mut rows = FolderRows::open(folder).ok()?;
    let record = rows.index.get(row).ok()??;
    let line = part(&mut rows.logged, record.logged, &mut rows.line, "line").ok()??;
    let dataset = &folder.manifest().asked.dataset.label;
    Some(format!("that is line {} of {dataset}", line.get()))
}
