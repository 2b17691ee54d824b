//! One streaming pass over the result files of a cell notes where each row's line lies.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::FileExt as _;

use scoring::{Row, RowKey};
use serde_json::value::RawValue;

use super::place::{Class, Place, Places, RECORD};
use crate::hashing::Hashing;
use crate::stop::Stop;

const BOM: &[u8] = b"\xef\xbb\xbf";
/// What is longer is no result line.
const LONGEST: usize = 64 << 20;
/// Lines that are noted together: with their places, three mebibytes.
const BATCH: usize = 1 << 17;
/// Records that are changed together: a page of the file.
const WINDOW: u64 = 256;

/// Notes the lines of a cell's files, given from the first to the last sent. Of a row that was sent
/// more than once the last answer counts, and failures only where there is none: as in the pass.
///
/// Gives the digests of the files.
pub(super) fn note(
    places: &Places,
    files: &[File],
    stop: &Stop,
    is_ours: &dyn Fn(RowKey) -> bool,
) -> io::Result<Vec<String>> {
    let mut digests = vec![String::new(); files.len()];
    let mut lines = Vec::new();
    for (at, file) in files.iter().enumerate().rev() {
        let number = u32::try_from(at).unwrap_or(u32::MAX);
        let mut reader =
            BufReader::with_capacity(1 << 19, Hashing::new(stop.reader(file.try_clone()?)));
        let (mut line, mut offset) = (Vec::new(), 0);
        loop {
            let read = read_line(&mut reader, &mut line)?;
            if read == 0 {
                break;
            }
            // A byte order mark before the first line is none of it.
            let skipped = if offset == 0 && line.starts_with(BOM) { BOM.len() } else { 0 };
            let text = &line[skipped..];
            if let Some((row, class)) = classify(text).filter(|(key, _)| is_ours(*key)) {
                let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
                let offset = offset + skipped as u64;
                lines.push((row.number, Place { file: number, class, offset, length }));
            }
            offset += read;
            if lines.len() >= BATCH {
                settle(places, files, &mut lines)?;
            }
        }
        settle(places, files, &mut lines)?;
        digests[at] = reader.into_inner().finish().1;
    }
    Ok(digests)
}

/// Enters lines, in the order in which they came.
fn settle(places: &Places, files: &[File], lines: &mut Vec<(u64, Place)>) -> io::Result<()> {
    lines.sort_by_key(|(row, _)| *row);
    for window in lines.chunk_by(|(one, _), (other, _)| one / WINDOW == other / WINDOW) {
        let first = window[0].0 / WINDOW * WINDOW;
        places.change(first, WINDOW.try_into().unwrap_or(usize::MAX), |records| {
            for (row, place) in window {
                let at = usize::try_from(row - first).unwrap_or(usize::MAX) * RECORD;
                let Some(record) = records.get_mut(at..at + RECORD) else { continue };
                let kept = stays(files, Place::of_bytes(record), *place)?;
                record.copy_from_slice(&kept.to_bytes());
            }
            Ok(())
        })?;
    }
    lines.clear();
    Ok(())
}

/// Which of two lines of a row counts: the one that was there, or the one that came.
fn stays(files: &[File], there: Option<Place>, came: Place) -> io::Result<Place> {
    Ok(match there {
        Some(there) if there.file == came.file => {
            let differs = there.length != came.length
                || read(files, there, Vec::new())? != read(files, came, Vec::new())?;
            let class = if differs { Class::Conflict } else { there.class };
            Place { class, ..there }
        }
        // It is of a later job.
        Some(there) if there.class == Class::Answer => there,
        _ => came,
    })
}

/// The line at a place.
pub(super) fn read(files: &[File], place: Place, mut line: Vec<u8>) -> io::Result<Vec<u8>> {
    let file = files.get(place.file as usize).ok_or(io::ErrorKind::NotFound)?;
    line.resize(place.length as usize, 0);
    file.read_exact_at(&mut line, place.offset)?;
    Ok(line)
}

/// Whose a line is, and whether it is an answer.
fn classify(line: &[u8]) -> Option<(RowKey, Class)> {
    let Ok(raw) = serde_json::from_slice::<&RawValue>(line) else {
        return salvage(line).map(|key| (key, Class::Failure));
    };
    let row = Row::of_line(0, raw);
    let class = if row.outcome.is_scored() { Class::Answer } else { Class::Failure };
    Some((row.key.parse().ok()?, class))
}

/// The key on a line that is no JSON.
fn salvage(line: &[u8]) -> Option<RowKey> {
    memchr::memmem::find_iter(line, b"\"key\"").find_map(|found| {
        let rest = line.get(found + 5..)?.trim_ascii_start();
        let rest = rest.strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"\"")?;
        std::str::from_utf8(rest.get(..memchr::memchr(b'"', rest)?)?).ok()?.parse().ok()
    })
}

/// Reads a line without its end, and no more of it than the longest there may be; gives how many
/// bytes it takes in the file.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<u64> {
    line.clear();
    let mut taken = 0;
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            break;
        }
        let end = memchr::memchr(b'\n', buffer);
        let read = end.map_or(buffer.len(), |end| end + 1);
        let text = &buffer[..end.unwrap_or(read)];
        if line.len() + text.len() <= LONGEST {
            line.extend_from_slice(text);
        }
        taken += read as u64;
        reader.consume(read);
        if end.is_some() {
            break;
        }
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn file(text: &str) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        io::Seek::rewind(&mut file).unwrap();
        file
    }

    fn line(row: u64, text: &str) -> String {
        format!(
            r#"{{"response":{{"candidates":[{{"content":{{"parts":[{{"text":"{text}"}}]}}}}]}},"key":"r{row:08}-00000007"}}"#
        )
    }

    fn error(row: u64) -> String {
        format!(r#"{{"key":"r{row:08}-00000007","error":{{"code":13}}}}"#)
    }

    /// The lines that are found for the rows of these files, given from the first to the last sent.
    fn found(rows: u64, texts: &[String]) -> Vec<Option<(Class, String)>> {
        let files: Vec<File> = texts.iter().map(|text| file(text)).collect();
        let places = Places::begin(tempfile::tempfile().unwrap(), rows).unwrap();
        let is_ours = |key: RowKey| key.hash == 7 && key.number < rows;
        let digests = note(&places, &files, &Stop::default(), &is_ours).unwrap();
        let want: Vec<String> =
            texts.iter().map(|text| crate::hashing::digest(text.as_bytes())).collect();
        assert_eq!(digests, want);
        let line = |row| {
            let place = places.get(row).unwrap()?;
            let line = String::from_utf8(read(&files, place, Vec::new()).unwrap()).unwrap();
            Some((place.class, line))
        };
        (0..rows).map(line).collect()
    }

    #[test]
    fn the_last_answer_counts_and_failures_only_without_one() {
        let first = [line(0, "old"), line(1, "kept"), error(2), error(3)].join("\n");
        let again = [line(0, "new"), error(1), line(2, "came"), error(3)].join("\n");
        let found = found(5, &[first, again]);
        let answer = |text: String| Some((Class::Answer, text));
        assert_eq!(
            found[..3],
            [answer(line(0, "new")), answer(line(1, "kept")), answer(line(2, "came"))]
        );
        assert_eq!(found[3], Some((Class::Failure, error(3))));
        assert_eq!(found[4], None);
    }

    #[test]
    fn doubles_conflicts_foreign_and_broken_lines_are_told_apart() {
        let broken = r#"{"key":"r00000003-00000007","response":{"#;
        let foreign = line(4, "x").replace("-00000007", "-00000008");
        let lines = [
            format!("\u{feff}{}\r", line(0, "same")),
            line(0, "same"),
            line(1, "one"),
            line(1, "two"),
            String::new(),
            foreign,
            broken.to_owned(),
            "<html>".to_owned(),
            line(2, "last"),
        ];
        let found = found(5, &[lines.join("\n")]);
        assert_eq!(found[0], Some((Class::Answer, line(0, "same"))));
        assert_eq!(found[1], Some((Class::Conflict, line(1, "one"))));
        assert_eq!(found[2], Some((Class::Answer, line(2, "last"))));
        assert_eq!(found[3], Some((Class::Failure, broken.to_owned())));
        assert_eq!(found[4], None);
    }

    #[test]
    fn shuffled_lines_of_many_batches_are_all_found() {
        const ROWS: u64 = 300_000;
        // 7 and 300,000 have no common part, so each row comes once.
        let text: String = (0..ROWS).map(|at| error(at * 7 % ROWS) + "\n").collect();
        let files = [file(&text)];
        let places = Places::begin(tempfile::tempfile().unwrap(), ROWS).unwrap();
        note(&places, &files, &Stop::default(), &|_| true).unwrap();
        for row in (0..ROWS).step_by(997).chain([ROWS - 1]) {
            let place = places.get(row).unwrap().unwrap();
            assert_eq!(read(&files, place, Vec::new()).unwrap(), error(row).into_bytes());
        }
    }
}
