//! The expected values that a run was made with, copied into its folder: `input/expected.*`.

use std::io::{self, BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use run_store::{RunFolder, RunPaths};
use scoring::{ExpectedFrom, Place, Scorer, View};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::fits::none;
use super::join::{self, Values};
use super::lookup::Lookup;
use super::table::{Layout, Table};
use super::{Source, Wish, given, looking};
use crate::context::{Context, store};
use crate::exit::{Exit, Failure, Outcome};
use crate::words::rows;

const VERSION: u32 = 1;

/// `expected.json`: where the values came from.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    v: u32,
    /// As it was asked for.
    from: String,
    /// Of the file, where it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<KeptFile>,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeptFile {
    sha256: String,
    /// Where in each line the value stands: a place, or nothing for the whole line.
    value: Option<String>,
    /// How many rows have a value.
    rows: u64,
}

/// Where the three files lie.
struct Places {
    about: PathBuf,
    values: PathBuf,
    index: PathBuf,
}

impl Places {
    fn in_folder(folder: &Path) -> Self {
        let at = |end: &str| folder.join(format!("expected.{end}"));
        Self { about: at("json"), values: at("jsonl"), index: at("bin") }
    }

    /// Of the values that the run was made with.
    fn own(paths: &RunPaths) -> Self {
        Self::in_folder(&paths.root().join("input"))
    }

    /// Of values that came later; derived, so they may go at any time.
    fn later(paths: &RunPaths, sha256: &str) -> Self {
        let name = format!("expected-{}", &sha256[..12]);
        Self::in_folder(&paths.root().join("scores").join(name))
    }
}

/// Copies what a new run asks for into its folder, whose dataset is prepared.
pub(crate) fn keep(context: &Context, paths: &RunPaths, text: Option<&str>) -> Outcome<()> {
    let Some(text) = text else { return Ok(()) };
    let places = Places::own(paths);
    let file = match Wish::parse(text)? {
        Wish::From(_) => None,
        Wish::File { path, value } => {
            let read = join::read(&path, value, &join::temporary()?)?;
            Some(joined(context, paths, &places, &read)?)
        }
    };
    about(paths, &places, &Kept { v: VERSION, from: text.to_owned(), file })
}

/// The values of a run: those that `text` names, or those that it was made with.
pub(crate) fn of_run(
    context: &Context,
    folder: &RunFolder,
    text: Option<&str>,
) -> Outcome<Option<Source>> {
    let paths = folder.paths();
    let Some(text) = text else {
        let places = Places::own(paths);
        let Some(kept) = read(paths, &places)? else { return Ok(None) };
        return source(paths, &places, &kept).map(Some);
    };
    match Wish::parse(text)? {
        Wish::From(from) => Ok(Some(Source::From(from))),
        Wish::File { path, value } => {
            let read = join::read(&path, value, &join::temporary()?)?;
            let places = Places::later(paths, &read.sha256);
            let file = joined(context, paths, &places, &read)?;
            let kept = Kept { v: VERSION, from: text.to_owned(), file: Some(file) };
            about(paths, &places, &kept)?;
            source(paths, &places, &kept).map(Some)
        }
    }
}

/// The scorers of a run, those that look at an expected value given it from where `text` says, or else from where
/// the run was made with.
pub(crate) fn given_of_run(
    context: &Context,
    folder: &RunFolder,
    scorers: Vec<Box<dyn Scorer>>,
    text: Option<&str>,
) -> Outcome<Vec<Box<dyn Scorer>>> {
    let source = of_run(context, folder, text)?;
    let looking = looking(&scorers);
    if source.is_some() && !looking.is_empty() {
        let kept = || read(folder.paths(), &Places::own(folder.paths()));
        let from = match text {
            Some(text) => Some(text.to_owned()),
            None => kept()?.map(|kept| kept.from),
        };
        from.map(|from| context.held.set((from, looking)));
    }
    Ok(given(scorers, source))
}

/// Refuses scorers, named for a run, that can judge no row of it: it was given no expected values either.
pub(crate) fn lacking_in_run(
    folder: &RunFolder,
    scorers: &[Box<dyn Scorer>],
    text: Option<&str>,
) -> Outcome<()> {
    if Places::own(folder.paths()).about.is_file() {
        return Ok(());
    }
    super::lacking(scorers, text)
}

/// How what is asked for differs from what a run was made with, in words.
pub(crate) fn differs(folder: &RunFolder, text: Option<&str>) -> Outcome<Option<String>> {
    let kept = read(folder.paths(), &Places::own(folder.paths()))?;
    let was = kept.as_ref().map_or("nothing", |kept| &kept.from);
    let is = text.unwrap_or("nothing");
    if was != is {
        return Ok(Some(format!("expected values: from {was}, not from {is}")));
    }
    let (Some(text), Some(file)) = (text, kept.and_then(|kept| kept.file)) else { return Ok(None) };
    let Wish::File { path, value } = Wish::parse(text)? else { return Ok(None) };
    let same = join::read(&path, value, &join::temporary()?)?.sha256 == file.sha256;
    Ok((!same).then(|| format!("expected values: {text} has changed")))
}

fn about(paths: &RunPaths, places: &Places, kept: &Kept) -> Outcome<()> {
    let json = serde_json::to_vec_pretty(kept).map_err(|error| Failure::of(Exit::Bug, &error))?;
    let mut file = paths.create_file(&places.about).map_err(|error| store(&error))?;
    file.write_all(&json).map_err(|error| failed(&error))?;
    file.commit().map_err(|error| store(&error))
}

fn failed(error: &io::Error) -> Failure {
    Failure::io("failed to keep the expected values", error)
}

fn read(paths: &RunPaths, places: &Places) -> Outcome<Option<Kept>> {
    if !places.about.is_file() {
        return Ok(None);
    }
    let file = paths.open_file(&places.about).map_err(|error| store(&error))?;
    serde_json::from_reader(BufReader::new(file)).map(Some).map_err(|error| damaged(places, &error))
}

fn damaged(places: &Places, error: &dyn std::fmt::Display) -> Failure {
    let what = format!("{} is damaged: {error}", places.about.display());
    Failure::new(Exit::RunFolder, what).next("bring it back from a copy; nothing else was touched")
}

fn source(paths: &RunPaths, places: &Places, kept: &Kept) -> Outcome<Source> {
    let Some(file) = &kept.file else {
        let from = ExpectedFrom::parse(&kept.from).map_err(|error| damaged(places, &error))?;
        return Ok(Source::From(from));
    };
    let open = |path: &Path| paths.open_file(path).map_err(|error| store(&error));
    let layout = match &file.value {
        None => Layout::Plain,
        Some(place) => Layout::At(Place::parse(place).map_err(|error| damaged(places, &error))?),
    };
    let lookup = Lookup::Numbers(open(&places.index)?);
    let id = file.sha256.get(..12).unwrap_or_default().to_owned();
    Ok(Source::Table(Table::new(open(&places.values)?, lookup, layout, id)))
}

/// Copies values into the folder, and writes down where that of each row stands.
fn joined(
    context: &Context,
    paths: &RunPaths,
    places: &Places,
    read: &Values,
) -> Outcome<KeptFile> {
    let create = |path: &Path| paths.create_file(path).map_err(|error| store(&error));
    let mut values = create(&places.values)?;
    let mut copy = read.table.values().map_err(|error| failed(&error))?;
    io::copy(&mut copy, &mut values).map_err(|error| failed(&error))?;
    values.commit().map_err(|error| store(&error))?;

    let logged = paths.open_file(&paths.logged()).map_err(|error| store(&error))?;
    let mut index = create(&places.index)?;
    let mut out = BufWriter::with_capacity(1 << 16, &mut index);
    let (mut with, mut all) = (0, 0);
    let mut lines = BufReader::with_capacity(1 << 18, context.stop.reader(logged));
    let mut line = Vec::new();
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line).map_err(|error| failed(&error))? == 0 {
            break;
        }
        let found = place(&read.table, &line).map_err(|error| failed(&error))?;
        all += 1;
        with += u64::from(found.is_some());
        let word = found.map_or(0, |offset| offset + 1);
        out.write_all(&word.to_le_bytes()).map_err(|error| failed(&error))?;
    }
    out.flush().map_err(|error| failed(&error))?;
    drop(out);
    index.commit().map_err(|error| store(&error))?;
    if with == 0 {
        return Err(none(all));
    }
    // Values that this call goes by were told of when they were first read.
    if context.expected.get().is_none() {
        let (all, many) = (rows(all), read.many);
        context.ui.note(&format!("expected   {with} of {all} have a value, of {many} in the file"));
    }
    let value = match &read.layout {
        Layout::Plain => None,
        Layout::Member => Some("/expected".to_owned()),
        Layout::At(place) => Some(place.to_string()),
    };
    Ok(KeptFile { sha256: read.sha256.clone(), value, rows: with })
}

/// Where the value of a row stands, which is given by its line of `logged.jsonl`.
pub(super) fn place(table: &Table, line: &[u8]) -> io::Result<Option<u64>> {
    let line: &RawValue = serde_json::from_slice(line)?;
    let [number, row] = View::new(line).pick(["line", "row"]);
    if table.is_keyed() {
        let key = row.and_then(|row| row.get("key")).and_then(View::as_str);
        return key.map_or(Ok(None), |key| table.place_of_key(&key));
    }
    let number = number.and_then(View::as_u64).and_then(|line| line.checked_sub(1));
    number.map_or(Ok(None), |number| table.place_of_number(number))
}
