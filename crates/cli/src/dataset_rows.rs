//! The dataset's side of a row, fetched from the run folder for scorers that ask for it.

use std::error::Error;
use std::io::{self, BufRead as _, BufReader};
use std::path::PathBuf;

use batch_orchestrator::InputId;
use jsonl_transform::{IndexError, IndexReader, IndexRecord};
use run_store::{MadeInput, RunFolder, RunPaths, StoreError, StoreErrorKind};
use scoring::{DatasetReader, DatasetRow, DatasetRows, Json, Needs, View};

use crate::context::{Context, store};
use crate::exit::{Exit, Failure, Outcome};
use crate::nearby::Nearby;
use crate::row_keys;

/// What to do about a damaged folder.
pub(crate) const BRING_BACK: &str =
    "bring the run's folder back from a copy; nothing in it was touched";

/// The inputs of one variant, read as if they were one file: so the index sees them.
pub(crate) struct InputLines {
    paths: RunPaths,
    /// Where each input begins, and where it lies; in the order of their shards.
    parts: Vec<(u64, PathBuf)>,
    open: Option<(usize, Nearby)>,
}

impl InputLines {
    pub(crate) fn of(paths: &RunPaths, made: &[MadeInput], variant: u32) -> Self {
        let made = made.iter();
        let mut inputs: Vec<_> = made.filter(|input| input.id.variant == variant).collect();
        inputs.sort_by_key(|input| input.id.shard);
        let begin = |start: &mut u64, input: &&MadeInput| {
            let at = *start;
            *start += input.bytes;
            Some((at, paths.input(input.id)))
        };
        let parts = inputs.iter().scan(0, begin).collect();
        Self { paths: paths.clone(), parts, open: None }
    }

    /// Reads the line that begins at `offset`, its end with it.
    pub(crate) fn line(&mut self, offset: u64, line: &mut Vec<u8>) -> io::Result<()> {
        let after = self.parts.partition_point(|(start, _)| *start <= offset);
        let part = after.checked_sub(1).ok_or_else(|| damaged("the run has no input"))?;
        let (start, path) = &self.parts[part];
        let file = match &mut self.open {
            Some((open, file)) if *open == part => file,
            open => {
                let file = self.paths.open_file(path).map_err(of_store)?;
                &mut open.insert((part, Nearby::new(file))).1
            }
        };
        file.line(offset - start, line)
    }
}

/// The index of a run under one of its variants, with a record for each of its rows.
pub(crate) fn index(folder: &RunFolder, variant: u32) -> Outcome<IndexReader<Nearby>> {
    let (paths, made) = (folder.paths(), folder.manifest().made.rows);
    let path = paths.index_of(variant);
    let file = paths.open_file(&path).map_err(|error| store(&error))?;
    let told = |error: io::Error| unread(format!("failed to read {}", path.display()), &error);
    let index = IndexReader::open(Nearby::new(file)).map_err(|error| told(of_index(error)))?;
    if index.rows() != made {
        let what = format!("it leads to {} rows, and the run has {made}", index.rows());
        return Err(told(damaged(what)));
    }
    Ok(index)
}

/// What is wrong with a file of the run, other than that it cannot be read.
pub(crate) fn damaged(what: impl Into<Box<dyn Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// What is wrong with a file that cannot be opened.
fn of_store(error: StoreError) -> io::Error {
    if error.kind() == StoreErrorKind::Io { io::Error::other(error) } else { damaged(error) }
}

/// What is wrong with an index.
pub(crate) fn of_index(error: IndexError) -> io::Error {
    match error {
        IndexError::Io(error) => error,
        error => damaged(error),
    }
}

/// Why something of the run cannot be read: its folder is damaged, or the disk fails.
pub(crate) fn unread(what: impl Into<String>, error: &io::Error) -> Failure {
    let failure = Failure::io(what, error);
    if error.kind() != io::ErrorKind::InvalidData {
        return failure;
    }
    Failure { exit: Exit::RunFolder, ..failure }.next(BRING_BACK)
}

/// Reads single rows through the index.
pub(crate) struct FolderRows {
    index: IndexReader<Nearby>,
    input: InputLines,
    logged: Nearby,
    line: Vec<u8>,
}

impl FolderRows {
    /// The rows of a run under one of its variants.
    pub(crate) fn open(folder: &RunFolder, variant: u32) -> Outcome<Self> {
        let paths = folder.paths();
        let index = index(folder, variant)?;
        let logged = paths.open_file(&paths.logged()).map_err(|error| store(&error))?;
        let logged = Nearby::new(logged);
        let input = InputLines::of(paths, &folder.manifest().made.inputs, variant);
        Ok(Self { index, input, logged, line: Vec::new() })
    }

    /// The line of a row as it was uploaded, its end with it; empty for a row that there is not.
    pub(crate) fn input_line(&mut self, row: u64) -> io::Result<&[u8]> {
        self.line.clear();
        if let Some(record) = self.index.get(row).map_err(of_index)? {
            self.sent(row, record)?;
        }
        Ok(&self.line)
    }

    /// The request of a row as it was sent; none beyond the last.
    pub(crate) fn request(&mut self, row: u64) -> io::Result<Option<Json>> {
        let line = self.input_line(row)?;
        if line.is_empty() { Ok(None) } else { part(line, "request") }
    }

    /// Reads the line that was sent for a row, which is that of an equal one for a copy.
    fn sent(&mut self, row: u64, record: IndexRecord) -> io::Result<()> {
        self.input.line(record.input, &mut self.line)?;
        let found = row_keys::of_line(&self.line).map(|key| key.number());
        if found == Some(row) {
            return Ok(());
        }
        let first = self.index.copy_of(row).map_err(of_index)?;
        if first.is_some() && first == found { Ok(()) } else { Err(astray(row)) }
    }
}

/// The dataset of a run under one of its variants, for as many readers as work on it.
pub(crate) struct FolderDataset<'a> {
    pub(crate) folder: &'a RunFolder,
    pub(crate) variant: u32,
}

impl DatasetRows for FolderDataset<'_> {
    fn open(&self) -> io::Result<Box<dyn DatasetReader + '_>> {
        match FolderRows::open(self.folder, self.variant) {
            Ok(rows) => Ok(Box::new(rows)),
            Err(Failure { what, causes, exit, .. }) => {
                let what = [vec![what], causes].concat().join(": ");
                Err(if exit == Exit::Io { io::Error::other(what) } else { damaged(what) })
            }
        }
    }
}

impl DatasetReader for FolderRows {
    fn fetch(&mut self, number: u64, needs: Needs) -> io::Result<DatasetRow> {
        let Some(record) = self.index.get(number).map_err(of_index)? else {
            return Ok(DatasetRow::default());
        };
        let mut request = None;
        if needs.request {
            self.sent(number, record)?;
            request = part(&self.line, "request")?;
        }
        if !(needs.logged || needs.fields || needs.taken) {
            return Ok(DatasetRow { request, ..DatasetRow::default() });
        }
        logged_line(&mut self.logged, number, record, &mut self.line)?;
        Ok(DatasetRow { request, ..beside(whole(&self.line)?, needs) })
    }
}

/// Gives the lines of a run's `logged.jsonl` in the order of its rows, until one was what was sought.
pub(crate) fn seek_logged<T>(
    context: &Context,
    folder: &RunFolder,
    mut look: impl FnMut(&[u8]) -> Option<T>,
) -> Outcome<Option<T>> {
    let paths = folder.paths();
    let file = paths.open_file(&paths.logged()).map_err(|error| store(&error))?;
    let mut reader = BufReader::with_capacity(1 << 18, context.stop.reader(file));
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line).map_err(|error| {
            let failed = || Failure::io("failed to read the run's rows", &error);
            context.stop.failure().unwrap_or_else(failed)
        })?;
        if read == 0 {
            return Ok(None);
        }
        if let Some(found) = look(&line) {
            return Ok(Some(found));
        }
    }
}

/// Reads the line of `logged.jsonl` of a row.
pub(crate) fn logged_line(
    logged: &mut Nearby,
    row: u64,
    record: IndexRecord,
    line: &mut Vec<u8>,
) -> io::Result<()> {
    logged.line(record.logged, line)?;
    let is_its = row_keys::of_line(line).is_some_and(|key| key.number() == row);
    if is_its { Ok(()) } else { Err(astray(row)) }
}

/// An index that leads elsewhere, or a line that is none of ours any more.
fn astray(row: u64) -> io::Error {
    damaged(format!("the run's index leads to another line than that of row {row}"))
}

/// What a line of `logged.jsonl` holds of its dataset row. Every row has other fields, be they none: the line's own
/// are none of the dataset's.
pub(crate) fn beside(line: View<'_>, needs: Needs) -> DatasetRow {
    let [logged, fields, taken, model] = line.pick(["response", "row", "taken", "model"]);
    DatasetRow {
        logged: logged.filter(|_| needs.logged).map(Json::from),
        fields: fields.or_else(|| View::parse("{}")).filter(|_| needs.fields).map(Json::from),
        taken: if needs.taken { all_taken(taken, model) } else { None },
        ..DatasetRow::default()
    }
}

/// What a request was sent without, the model among it: it goes into the address.
fn all_taken(taken: Option<View<'_>>, model: Option<View<'_>>) -> Option<Json> {
    let Some(model) = model else { return taken.map(Json::from) };
    let others = taken.map_or("{}", View::text);
    let others = others.strip_prefix('{').unwrap_or("}").trim_start();
    let comma = if others.starts_with('}') { "" } else { "," };
    Json::parse(&format!("{{\"/model\":{}{comma}{others}", model.text()))
}

/// One member of a line.
fn part(line: &[u8], name: &str) -> io::Result<Option<Json>> {
    Ok(whole(line)?.get(name).map(Json::from))
}

/// A line that is JSON, as our own are.
pub(crate) fn whole(line: &[u8]) -> io::Result<View<'_>> {
    let text = std::str::from_utf8(line).map_err(damaged)?;
    View::parse(text).ok_or_else(|| damaged("a line of it is no JSON"))
}

/// Which line of the dataset the service means when it refuses "line N" of an input, in words.
pub(crate) fn refused_line(folder: &RunFolder, input: InputId, reason: &str) -> Option<String> {
    let (_, rest) = reason.split_once("line ")?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    let at = digits.parse::<usize>().ok()?.checked_sub(1)?;
    let file = folder.paths().open_file(&folder.paths().input(input)).ok()?;
    let sent = BufReader::new(file).split(b'\n').nth(at)?.ok()?;
    let mut rows = FolderRows::open(folder, input.variant).ok()?;
    let row = row_keys::of_line(&sent)?.number();
    let record = rows.index.get(row).ok()??;
    logged_line(&mut rows.logged, row, record, &mut rows.line).ok()?;
    let line = part(&rows.line, "line").ok()??;
    let dataset = &folder.manifest().asked.dataset.label;
    Some(format!("that is line {} of {dataset}", line.get()))
}
