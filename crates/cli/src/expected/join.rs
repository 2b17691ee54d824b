//! Reads a file of expected values and finds out which of them is whose.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek as _, Write};
use std::path::Path;

use eval_report::sanitize;
use jsonl_transform::{Dataset, Input, InputError};
use scoring::{Place, View};
use serde_json::value::RawValue;

use super::lookup::Lookup;
use super::table::{LONGEST, Layout, Table};
use crate::exit::{Exit, Failure, Outcome};
use crate::hashing::Hashing;
use crate::prepare;

/// No dataset has more lines; a larger number would make an index of that size.
const MOST_ROWS: u64 = 1 << 40;

/// How the lines of a file say whose they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// A `key`, which is that of the dataset row.
    Key,
    /// A `row`, which is the number of the dataset's line, from 0.
    Row,
    /// By standing on the same line.
    Place,
}

impl By {
    /// A line with `expected` and a key or number that is none is a mistake, and no value by itself: it would be
    /// another row's.
    fn of(line: View<'_>) -> Result<Self, &'static str> {
        match line.pick(["key", "row", "expected"]) {
            [Some(key), ..] if key.as_str().is_some() => Ok(Self::Key),
            [_, Some(row), _] if row.as_u64().is_some() => Ok(Self::Row),
            [Some(_), _, Some(_)] => Err("its `key` is no text"),
            [_, Some(_), Some(_)] => Err("its `row` is no whole number from 0 on"),
            _ => Ok(Self::Place),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Key => "has a key",
            Self::Row => "has a row number",
            Self::Place => "has neither key nor row number",
        }
    }
}

/// A file of values that was read.
pub(super) struct Values {
    pub(super) table: Table,
    pub(super) sha256: String,
    pub(super) layout: Layout,
    /// How many of them are values.
    pub(super) many: u64,
}

/// The values of a file for rows that are found by their keys or numbers.
pub(super) fn whole(path: &Path, value: Option<Place>) -> Outcome<Table> {
    let copy = temporary()?;
    Ok(read(path, value, &copy)?.table)
}

/// Copies the file, unpacked where it is packed, into `copy`, and indexes it.
pub(super) fn read(path: &Path, value: Option<Place>, copy: &File) -> Outcome<Values> {
    let shown = sanitize(&path.display().to_string()).into_owned();
    let failed = |error: &io::Error| Failure::io(format!("failed to read {shown}"), error);
    // What opening it fails with is said before anything is read.
    prepare::open_file(&path.display().to_string())?;
    let input = Input::new(shown.clone(), move || File::open(path));
    let source = Dataset::new(vec![input]);
    let mut source = Hashing::new(source.reader());
    let mut out = BufWriter::new(copy);
    let lines = copied(&mut source, &mut out).map_err(|error| unread(&shown, &error))?;
    out.flush().map_err(|error| failed(&error))?;
    drop(out);
    let (_, sha256) = source.finish();
    let mut values = copy.try_clone().map_err(|error| failed(&error))?;
    values.rewind().map_err(|error| failed(&error))?;
    let mut join = Join { shown: &shown, values: copy, value, first: None };
    let (lookup, layout, many) = join.indexed(BufReader::new(values), lines)?;
    let table = Table::new(
        copy.try_clone().map_err(|error| failed(&error))?,
        lookup,
        layout.clone(),
        sha256[..12].to_owned(),
    );
    Ok(Values { table, sha256, layout, many })
}

/// A file of another kind, a packed one that is cut, or a disk that cannot be read.
fn unread(shown: &str, error: &io::Error) -> Failure {
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(problem @ InputError::Unsupported(kind)) => {
            Failure::new(Exit::Dataset, format!("{shown} {problem}")).next(kind.hint())
        }
        Some(problem) => Failure::new(Exit::Dataset, format!("{shown}: {problem}")),
        None => Failure::io(format!("failed to read {shown}"), error),
    }
}

/// A file that nobody else can open, and that goes when the program does.
pub(super) fn temporary() -> Outcome<File> {
    tempfile::tempfile().map_err(|error| Failure::io("failed to make a temporary file", &error))
}

/// Copies all of it and counts its lines.
fn copied(source: &mut impl Read, out: &mut impl Write) -> io::Result<u64> {
    let mut buffer = vec![0; 1 << 16];
    let mut lines = 0;
    loop {
        let read = source.read(&mut buffer)?;
        if read == 0 {
            return Ok(lines + 1);
        }
        lines += memchr::memchr_iter(b'\n', &buffer[..read]).count() as u64;
        out.write_all(&buffer[..read])?;
    }
}

struct Join<'a> {
    shown: &'a str,
    values: &'a File,
    value: Option<Place>,
    /// How the first line says whose it is.
    first: Option<By>,
}

impl Join<'_> {
    fn wrong(&self, line: u64, problem: &dyn std::fmt::Display) -> Failure {
        let what = format!("{} line {}: {problem}", self.shown, line + 1);
        Failure::new(Exit::Dataset, what).next(
            "each line is a value, or an object with `key` or `row` and `expected`, \
             or with the value at FILE:/POINTER",
        )
    }

    fn indexed(&mut self, mut lines: impl BufRead, most: u64) -> Outcome<(Lookup, Layout, u64)> {
        let failed = |error: &io::Error| Failure::io("failed to index expected values", error);
        let (mut lookup, mut layout, mut values) = (None, Layout::Plain, 0);
        let (mut bytes, mut offset) = (Vec::new(), 0);
        for number in 0.. {
            bytes.clear();
            let mut line = lines.by_ref().take(LONGEST as u64);
            let read = line.read_until(b'\n', &mut bytes).map_err(|error| failed(&error))?;
            if read == 0 {
                break;
            }
            if read == LONGEST {
                return Err(self.wrong(number, &"longer than 64 MiB"));
            }
            let at = offset;
            offset += read as u64;
            if bytes.trim_ascii().is_empty() {
                continue;
            }
            let line: &RawValue = serde_json::from_slice(&bytes)
                .map_err(|error| self.wrong(number, &format_args!("not JSON: {error}")))?;
            let line = View::new(line);
            let by = By::of(line).map_err(|problem| self.wrong(number, &problem))?;
            let first = *self.first.get_or_insert(by);
            if first != by {
                let (by, first) = (by.words(), first.words());
                return Err(
                    self.wrong(number, &format_args!("it {by}, and the first line {first}"))
                );
            }
            if lookup.is_none() {
                layout = match (&self.value, by) {
                    (Some(place), _) => Layout::At(place.clone()),
                    (None, By::Key | By::Row) => Layout::Member,
                    (None, By::Place) => Layout::Plain,
                };
            }
            let index = match &mut lookup {
                Some(index) => index,
                none => none.insert(match by {
                    By::Key => Lookup::of_keys(temporary()?, most),
                    By::Row | By::Place => Lookup::Numbers(temporary()?),
                }),
            };
            values += u64::from(layout.value(line).is_some());
            let earlier = match by {
                By::Key => {
                    let key = line.get("key").and_then(View::as_str).unwrap_or_default();
                    index.enter(&key, at, self.values)
                }
                By::Row => {
                    let row = line.get("row").and_then(View::as_u64).unwrap_or_default();
                    if row >= MOST_ROWS {
                        return Err(self.wrong(number, &format_args!("there is no row {row}")));
                    }
                    index.enter_number(row, at)
                }
                By::Place => index.enter_number(number, at),
            };
            if earlier.map_err(|error| failed(&error))?.is_some() {
                return Err(self.wrong(number, &"an earlier line is of the same row"));
            }
        }
        match lookup {
            Some(lookup) if values > 0 => Ok((lookup, layout, values)),
            _ => Err(Failure::new(Exit::Dataset, format!("{} holds no value", self.shown))
                .next("each line is a value, or an object with `key` or `row` and `expected`; FILE:/POINTER names another place")),
        }
    }
}

#[cfg(test)]
mod tests {
    use scoring::Row;

    use super::*;

    fn table(text: &str, value: Option<&str>) -> Outcome<Table> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("expected.jsonl");
        std::fs::write(&path, text).unwrap();
        whole(&path, value.map(|text| Place::parse(text).unwrap()))
    }

    /// What rows 0, 1 and 2 with the keys a, b and c are to be.
    fn values(table: &Table) -> [Option<String>; 3] {
        let mut number = 0;
        ["a", "b", "c"].map(|key| {
            let line = format!(r#"{{"key":"{key}","response":{{}}}}"#);
            let raw: &RawValue = serde_json::from_str(&line).unwrap();
            let value = table.value(&Row::of_line(number, raw)).unwrap();
            number += 1;
            value.map(|raw| raw.get().to_owned())
        })
    }

    #[track_caller]
    fn check(text: &str, value: Option<&str>, want: [Option<&str>; 3]) {
        let table = table(text, value).unwrap();
        assert_eq!(values(&table), want.map(|text| text.map(str::to_owned)), "{text}");
    }

    #[test]
    fn values_find_their_rows_by_key_by_number_and_by_line() {
        let [one, two] = [Some("\"x\""), Some("[1, 2]")];
        check("\"x\"\n\n[1, 2]\n", None, [one, None, two]);
        let keyed = "{\"key\":\"c\",\"expected\":[1, 2]}\n{\"expected\":\"x\",\"key\":\"a\"}";
        check(keyed, None, [one, None, two]);
        let numbered = "{\"row\":2,\"expected\":[1, 2]}\n{\"row\":1,\"expected\":null}\n{\"row\":0,\"expected\":\"x\"}\n";
        check(numbered, None, [one, None, two]);
        let deep = "{\"key\":\"c\",\"is\":{\"so\":[1, 2]}}\n{\"key\":\"b\",\"is\":{\"so\":null}}\n";
        check(deep, Some("/is/so"), [None, None, two]);
        check("{\"label\":\"x\"}\n", Some("$.label"), [one, None, None]);
    }

    #[test]
    fn many_keys_are_told_apart() {
        let lines = (0..3000).map(|n| format!("{{\"key\":\"k{n}\",\"expected\":{n}}}\n"));
        let table = table(&lines.collect::<String>(), None).unwrap();
        for n in [0, 1, 1499, 2999] {
            let line = format!(r#"{{"key":"k{n}","response":{{}}}}"#);
            let raw: &RawValue = serde_json::from_str(&line).unwrap();
            let value = table.value(&Row::of_line(7, raw)).unwrap().unwrap();
            assert_eq!(value.get(), n.to_string());
        }
        assert!(table.is_keyed());
    }

    #[test]
    fn what_cannot_be_joined_is_refused_by_its_line() {
        for (text, problem) in [
            (
                "{\"key\":\"a\",\"expected\":1}\n{\"key\":\"a\",\"expected\":2}\n",
                "line 2: an earlier line",
            ),
            ("{\"key\":\"a\",\"expected\":1}\n3\n", "line 2: it has neither key nor row number"),
            ("1\nnope\n", "line 2: not JSON"),
            ("{\"row\":1099511627776,\"expected\":1}\n", "there is no row"),
            ("{\"key\":7,\"expected\":1}\n", "line 1: its `key` is no text"),
            ("{\"row\":-1,\"expected\":1}\n", "line 1: its `row` is no whole number"),
            ("\u{feff}\"x\"\n\"y\n", "line 2: not JSON"),
            ("null\n", "holds no value"),
            ("", "holds no value"),
        ] {
            let failure = table(text, None).unwrap_err();
            assert!(failure.what.contains(problem), "{text}: {}", failure.what);
            assert_eq!(failure.exit, Exit::Dataset);
        }
    }
}
