//! Notes where each row's line lies while a pass goes over the result files of a cell.

use std::io;
use std::ops::Range;

use super::place::{Place, Places, RECORD};

/// Lines that are noted together: with their places, a third of a mebibyte.
const BATCH: usize = 1 << 13;
/// Records that are changed together: a page of the file.
const WINDOW: u64 = 256;

/// Takes note of what passes over the files of a cell tell of their lines, whichever file comes first.
#[derive(Debug)]
pub(crate) struct Noting {
    places: Places,
    file: u32,
    /// Rows and where their lines lie, in the order in which they came; those without a place are contradicted.
    lines: Vec<(u64, Option<Place>)>,
    failure: Option<io::Error>,
}

impl Noting {
    pub(super) fn new(places: Places) -> Self {
        Self { places, file: 0, lines: Vec::with_capacity(BATCH), failure: None }
    }

    /// What comes from now on is of this file of the cell, counted from 0.
    pub(crate) fn file(&mut self, number: usize) {
        self.file = u32::try_from(number).unwrap_or(u32::MAX);
    }

    /// Notes what [`Pass::spots`](scoring::Pass::spots) tells.
    pub(crate) fn note(&mut self, row: u64, bytes: Option<Range<u64>>) {
        let place = bytes.map(|Range { start, end }| Place {
            file: self.file,
            conflicts: false,
            offset: start,
            length: u32::try_from(end - start).unwrap_or(u32::MAX),
        });
        self.lines.push((row, place));
        if self.lines.len() >= BATCH {
            self.settle();
        }
    }

    /// The places, when all files were passed over.
    pub(super) fn finish(mut self) -> io::Result<Places> {
        self.settle();
        self.failure.map_or(Ok(self.places), Err)
    }

    /// Enters the lines; a pass cannot be stopped for what fails here, so that it is told of at the end.
    fn settle(&mut self) {
        if self.failure.is_none() {
            self.lines.sort_by_key(|(row, _)| *row);
            self.failure = self.enter().err();
        }
        self.lines.clear();
    }

    fn enter(&self) -> io::Result<()> {
        for window in self.lines.chunk_by(|(one, _), (other, _)| one / WINDOW == other / WINDOW) {
            let Some((row, _)) = window.first() else { continue };
            let first = row / WINDOW * WINDOW;
            self.places.change(first, WINDOW.try_into().unwrap_or(usize::MAX), |records| {
                for (row, place) in window {
                    let at = usize::try_from(row - first).unwrap_or(usize::MAX) * RECORD;
                    let Some(record) = records.get_mut(at..at + RECORD) else { continue };
                    let there = || Some(Place { conflicts: true, ..Place::of_bytes(record)? });
                    if let Some(place) = place.or_else(there) {
                        record.copy_from_slice(&place.to_bytes());
                    }
                }
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use scoring::{Keys, Pass, RowKey, Scores};

    use super::*;

    fn line(row: u64, text: &str) -> String {
        format!(
            r#"{{"response":{{"candidates":[{{"content":{{"parts":[{{"text":"{text}"}}]}}}}]}},"key":"r{row:08}-00000007"}}"#
        )
    }

    fn error(row: u64) -> String {
        format!(r#"{{"key":"r{row:08}-00000007","error":{{"code":13}}}}"#)
    }

    /// Where the lines of these rows are found in files, given from the first to the last sent.
    fn noted(rows: u64, texts: &[String]) -> Places {
        let mut noting = Noting::new(Places::begin(tempfile::tempfile().unwrap(), rows).unwrap());
        let mut scores = Scores::new(rows, &[]);
        let is_ours = |key: RowKey| key.hash == 7;
        for (number, text) in texts.iter().enumerate().rev() {
            noting.file(number);
            let mut spots = |row, bytes| noting.note(row, bytes);
            let pass = Pass::new(&[]).keys(Keys::checked(0..rows, &is_ours)).block(1 << 16);
            pass.spots(&mut spots).run(text.as_bytes(), &mut scores).unwrap();
        }
        noting.finish().unwrap()
    }

    /// The lines that are found, and whether they are contradicted.
    fn found(rows: u64, texts: &[String]) -> Vec<Option<(bool, &str)>> {
        let places = noted(rows, texts);
        let line = |row| {
            let place = places.get(row).unwrap()?;
            let offset = usize::try_from(place.offset).unwrap();
            let line = &texts[place.file as usize][offset..][..place.length as usize];
            Some((place.conflicts, line))
        };
        (0..rows).map(line).collect()
    }

    #[test]
    fn the_last_answer_counts_and_failures_only_without_one() {
        let first = [line(0, "old"), line(1, "kept"), error(2), error(3)].join("\n");
        let again = [line(0, "new"), error(1), line(2, "came"), error(3)].join("\n");
        let want = [line(0, "new"), line(1, "kept"), line(2, "came"), error(3)];
        let texts = [first, again];
        let found = found(5, &texts);
        for (found, want) in found.iter().zip(&want) {
            assert_eq!(*found, Some((false, &**want)));
        }
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
        let texts = [lines.join("\n")];
        let found = found(5, &texts);
        assert_eq!(found[0], Some((false, &*line(0, "same"))));
        assert_eq!(found[1], Some((true, &*line(1, "one"))));
        assert_eq!(found[2], Some((false, &*line(2, "last"))));
        assert_eq!(found[3], Some((false, broken)));
        assert_eq!(found[4], None);
    }

    #[test]
    fn what_contradicts_an_earlier_answer_does_not_touch_it() {
        let earlier = [line(0, "a"), line(0, "b"), line(1, "c")].join("\n");
        let later = [line(0, "answer"), line(1, "d"), line(1, "e")].join("\n");
        let texts = [earlier, later];
        let found = found(2, &texts);
        assert_eq!(found[0], Some((false, &*line(0, "answer"))));
        // Of the later file's two that differ none counts, so that the earlier one does.
        assert_eq!(found[1], Some((false, &*line(1, "c"))));
    }

    #[test]
    fn shuffled_lines_of_many_batches_are_all_found() {
        const ROWS: u64 = 300_000;
        // 7 and 300,000 have no common part, so each row comes once.
        let text: String = (0..ROWS).map(|at| error(at * 7 % ROWS) + "\n").collect();
        let texts = [text];
        let found = found(ROWS, &texts);
        for (row, found) in (0..).zip(found).step_by(97) {
            assert_eq!(found, Some((false, &*error(row))));
        }
    }
}
