//! The answers of a job that is not yet done, one line each, so that none is asked for again.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use crate::results::{Counts, Settled};

/// A file of `NUMBER WORD RESULT` lines in the order in which the answers came; the word is `ok`,
/// `failed`, either with a `2` for rows that shall be there twice, or `missing` without a result.
#[derive(Debug)]
pub(crate) struct Part {
    file: File,
}

/// What a file of answers held when it was opened.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) counts: Counts,
    /// A bit for each row.
    rows: Vec<u64>,
}

impl Known {
    pub(crate) fn answered(&self, number: u64) -> bool {
        let (at, bit) = place(number);
        self.rows.get(at).is_some_and(|bits| bits & bit != 0)
    }

    fn note(&mut self, number: u64) {
        let (at, bit) = place(number);
        if self.rows.len() <= at {
            self.rows.resize(at + 1, 0);
        }
        self.rows[at] |= bit;
    }
}

fn place(number: u64) -> (usize, u64) {
    (usize::try_from(number / 64).unwrap_or(usize::MAX), 1 << (number % 64))
}

/// A line's row, its word and its result.
fn parse(line: &[u8]) -> Option<(u64, &str, &[u8])> {
    let mut pieces = line.splitn(3, |c| *c == b' ');
    let number = std::str::from_utf8(pieces.next()?).ok()?.parse().ok()?;
    let word = std::str::from_utf8(pieces.next()?).ok()?;
    Some((number, word, pieces.next().unwrap_or_default()))
}

impl Part {
    /// Opens or makes the file; a last line that a killed process left unfinished is cut off.
    pub(crate) fn open(path: &Path) -> io::Result<(Self, Known)> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut known = Known::default();
        let mut input = BufReader::with_capacity(1 << 16, file);
        let mut line = Vec::new();
        let mut sound = 0;
        loop {
            line.clear();
            let length = input.read_until(b'\n', &mut line)? as u64;
            let Some(text) = line.strip_suffix(b"\n") else { break };
            let Some((number, word, _)) = parse(text) else {
                return Err(io::Error::other("a kept answer is damaged"));
            };
            known.note(number);
            match word {
                "ok" | "ok2" => known.counts.add(true),
                "failed" | "failed2" => known.counts.add(false),
                _ => {}
            }
            sound += length;
        }
        let mut file = input.into_inner();
        file.set_len(sound)?;
        file.seek(SeekFrom::Start(sound))?;
        Ok((Self { file }, known))
    }

    pub(crate) fn append(&mut self, number: u64, settled: &Settled) -> io::Result<()> {
        let line = match settled {
            Settled::Missing => format!("{number} missing\n").into_bytes(),
            Settled::Line { line, succeeded, twice } => {
                let word = if *succeeded { "ok" } else { "failed" };
                let again = if *twice { "2" } else { "" };
                let mut whole = format!("{number} {word}{again} ").into_bytes();
                whole.extend(line);
                whole.push(b'\n');
                whole
            }
        };
        self.file.write_all(&line)
    }
}

/// Where the rows' lines begin, by the rows' numbers.
fn places(input: &mut impl BufRead) -> io::Result<Vec<(u64, u64)>> {
    let (mut places, mut at, mut line) = (Vec::new(), 0, Vec::new());
    loop {
        let length = input.read_until(b'\n', &mut line)? as u64;
        if length == 0 {
            break;
        }
        places.extend(parse(&line).map(|(number, _, _)| (number, at)));
        at += length;
        line.clear();
    }
    places.sort_unstable();
    Ok(places)
}

/// Makes the result file out of the answers: in the order in which they came, or in that of the
/// rows when `sorted` (for rows that came in a create's body); at the end the lines
/// of rows that nobody sent.
pub(crate) fn publish(
    part: &Path,
    results: &Path,
    sorted: bool,
    blank_lines: bool,
    foreign: &[Vec<u8>],
) -> io::Result<()> {
    let unfinished = results.with_extension("data.tmp");
    let mut out = BufWriter::with_capacity(1 << 16, File::create(&unfinished)?);
    let mut input = BufReader::with_capacity(1 << 16, File::open(part)?);
    let mut write = |line: &[u8]| -> io::Result<()> {
        let Some((_, word, result)) = parse(line).filter(|(_, word, _)| *word != "missing") else {
            return Ok(());
        };
        for _ in 0..if word.ends_with('2') { 2 } else { 1 } {
            out.write_all(result)?;
            out.write_all(if blank_lines { b"\n\n" } else { b"\n" })?;
        }
        Ok(())
    };
    if sorted {
        let places = places(&mut input)?;
        let mut line = Vec::new();
        for (_, at) in places {
            input.seek(SeekFrom::Start(at))?;
            line.clear();
            input.read_until(b'\n', &mut line)?;
            write(line.strip_suffix(b"\n").unwrap_or(&line))?;
        }
    } else {
        let mut line = Vec::new();
        while input.read_until(b'\n', &mut line)? > 0 {
            write(line.strip_suffix(b"\n").unwrap_or(&line))?;
            line.clear();
        }
    }
    for line in foreign {
        out.write_all(line)?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    std::fs::rename(unfinished, results)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, succeeded: bool, twice: bool) -> Settled {
        Settled::Line { line: text.as_bytes().to_vec(), succeeded, twice }
    }

    #[test]
    fn answers_are_known_again_and_a_torn_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let (path, results) = (dir.path().join("j.part"), dir.path().join("j.data"));
        let (mut part, known) = Part::open(&path).unwrap();
        assert!(!known.answered(1));
        part.append(70, &line(r#"{"a":"b c"}"#, true, false)).unwrap();
        part.append(2, &line(r#"{"e":1}"#, false, true)).unwrap();
        part.append(5, &Settled::Missing).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for torn in ["7", "7 ok", "7 ok {\"x\""] {
            std::fs::write(&path, [&whole, torn.as_bytes()].concat()).unwrap();
            let (_, known) = Part::open(&path).unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), whole);
            assert_eq!(known.counts, Counts { succeeded: 1, failed: 1 });
            let answered: Vec<u64> = (0..200).filter(|n| known.answered(*n)).collect();
            assert_eq!(answered, [2, 5, 70]);
        }
        let (mut part, _) = Part::open(&path).unwrap();
        part.append(7, &line("{}", true, false)).unwrap();
        publish(&path, &results, false, false, &[]).unwrap();
        let text = std::fs::read_to_string(&results).unwrap();
        assert_eq!(text, "{\"a\":\"b c\"}\n{\"e\":1}\n{\"e\":1}\n{}\n");
        publish(&path, &results, true, true, &[]).unwrap();
        let text = std::fs::read_to_string(&results).unwrap();
        assert_eq!(text, "{\"e\":1}\n\n{\"e\":1}\n\n{}\n\n{\"a\":\"b c\"}\n\n");
    }

    #[test]
    fn damage_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("j.part");
        std::fs::write(&path, "x ok {}\n").unwrap();
        assert!(Part::open(&path).is_err());
    }
}
