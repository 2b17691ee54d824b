//! The chunks of a page and the index that says where each row stands, within what a page may hold.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::mem;

use super::pack::{self, Batch, Packed, Packers};
use super::{data, entry, text};
use crate::RunRow;

/// A chunk is closed when it holds so much text: little enough to unpack it at a click.
const CHUNK_TEXT: usize = 256 << 10;
/// So many lines can be told apart in a chunk.
const CHUNK_LINES: usize = 1 << 15;
/// A part of the index is closed when it holds so much text.
const INDEX_TEXT: usize = 1 << 20;
/// What a chunk comes to is counted when so many more were handed in, whatever the number of threads and whoever is
/// done first: it has a say in which rows go in.
const UNDER_WAY: usize = 8;
/// Rows that hold more are packed alone, so that there is but one of them in memory.
const LONG: usize = 1 << 20;

/// What was written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Done {
    pub(super) rows: u64,
    pub(super) chunks: u64,
    pub(super) indexes: u64,
}

/// The chunks under way.
#[derive(Debug)]
pub(super) struct Chunks {
    batch: Batch,
    /// What the rows of the batch hold, and the most that they and their entries come to.
    held: usize,
    most: Most,
    packers: Packers,
    /// The most that each chunk comes to that was given to be packed, and its rows.
    given: VecDeque<(Most, u64)>,
    index: String,
    closed: u64,
    indexes: u64,
    rows: u64,
    /// Bytes that may still be written.
    left: u64,
    /// Bytes that were written, and the rows that stand in them.
    written: (u64, u64),
}

/// The most bytes that rows and their entries in the index come to before they are packed.
#[derive(Debug, Clone, Copy, Default)]
struct Most {
    text: usize,
    entries: usize,
}

impl Chunks {
    pub(super) fn new(most: u64) -> Self {
        Self {
            batch: Batch::default(),
            held: 0,
            most: Most::default(),
            packers: Packers::new(),
            given: VecDeque::new(),
            index: String::new(),
            closed: 0,
            indexes: 0,
            rows: 0,
            left: most,
            written: (0, 0),
        }
    }

    /// About how many more rows go in, if they are like those that did; none as long as that is not known.
    pub(super) fn room(&mut self, out: &mut impl Write) -> io::Result<Option<u64>> {
        self.settle(out, 0)?;
        let (bytes, rows) = self.written;
        let all = bytes.checked_div(rows).map(|each| self.left / each.max(1));
        Ok(all.map(|all| all.saturating_sub(self.rows - rows)))
    }

    /// Adds a row with its values of the fields, if there is room for it; says whether there was.
    pub(super) fn push(
        &mut self,
        out: &mut impl Write,
        row: RunRow,
        values: Vec<Option<String>>,
    ) -> io::Result<bool> {
        let most = Most { text: text::most(&row), entries: entry::most(&row, &values) };
        if !self.has_room(most) {
            // Those under way are reckoned as if they could not be packed.
            self.settle(out, 0)?;
            if !self.has_room(most) {
                return Ok(false);
            }
        }
        self.held += text::held(&row);
        self.most.text += most.text;
        self.most.entries += most.entries;
        self.batch.rows.push((row, values));
        self.rows += 1;
        if self.most.text >= CHUNK_TEXT || self.batch.rows.len() >= CHUNK_LINES {
            self.close(out, false)?;
        }
        Ok(true)
    }

    pub(super) fn finish(mut self, out: &mut impl Write) -> io::Result<Done> {
        // What is left is little, and a page of one chunk needs no threads.
        self.close(out, true)?;
        // Where the last row closed its chunk nothing was left, and that chunk may still be under way.
        self.settle(out, 0)?;
        self.close_index(out)?;
        self.packers.end()?;
        Ok(Done { rows: self.rows, chunks: self.closed, indexes: self.indexes })
    }

    /// Whether a row still goes in, however badly it is packed.
    fn has_room(&self, row: Most) -> bool {
        let given = self.given.iter().map(|(most, _)| most).chain([&self.most, &row]);
        let under_way =
            given.map(|most| most.text + most.entries).sum::<usize>() + self.index.len();
        // Base64 makes four bytes of three; a whole chunk is kept free for what is about the rows.
        self.left >= CHUNK_TEXT as u64 + under_way as u64 / 3 * 4
    }

    /// Has the chunk packed, if there is anything in it: here, or by others meanwhile.
    fn close(&mut self, out: &mut impl Write, here: bool) -> io::Result<()> {
        if self.batch.rows.is_empty() {
            return Ok(());
        }
        let number = self.batch.number;
        let batch = mem::replace(&mut self.batch, Batch { number: number + 1, rows: Vec::new() });
        self.given.push_back((mem::take(&mut self.most), batch.rows.len() as u64));
        if here || mem::take(&mut self.held) > LONG {
            self.settle(out, 0)?;
            let packed = batch.pack()?;
            drop(batch);
            return self.write(out, &packed);
        }
        self.packers.give(batch)?;
        self.settle(out, UNDER_WAY - 1)
    }

    /// Writes chunks until only so many are being packed.
    fn settle(&mut self, out: &mut impl Write, under_way: usize) -> io::Result<()> {
        while self.packers.under_way() > under_way {
            let packed = self.packers.take()?;
            self.write(out, &packed)?;
        }
        Ok(())
    }

    fn write(&mut self, out: &mut impl Write, packed: &Packed) -> io::Result<()> {
        let (_, rows) = self.given.pop_front().unwrap_or_default();
        chunk(out, 'c', self.closed, &packed.chunk)?;
        self.closed += 1;
        self.spend(packed.chunk.len());
        self.written.1 += rows;
        self.index.push_str(&packed.entries);
        if self.index.len() >= INDEX_TEXT { self.close_index(out) } else { Ok(()) }
    }

    fn close_index(&mut self, out: &mut impl Write) -> io::Result<()> {
        let index = mem::take(&mut self.index);
        if !index.is_empty() {
            let packed = pack::packed(&index)?;
            chunk(out, 'i', self.indexes, &packed)?;
            self.indexes += 1;
            self.spend(packed.len());
        }
        Ok(())
    }

    fn spend(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes as u64);
        self.written.0 += bytes as u64;
    }
}

fn chunk(out: &mut impl Write, letter: char, number: u64, packed: &str) -> io::Result<()> {
    data::script(out, "text/plain", &format!("{letter}{number}"), packed)
}

#[cfg(test)]
mod tests {
    use scoring::Json;

    use super::*;

    /// A row of text that cannot be packed well.
    fn noise(number: u64, letters: usize) -> RunRow {
        let mut state = number;
        let text: String = (0..letters)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                char::from(b'a' + u8::try_from((state >> 40) % 26).unwrap())
            })
            .collect();
        RunRow {
            number,
            key: String::new(),
            dataset: Json::parse(&format!("\"{text}\"")).unwrap(),
            requests: Vec::new(),
            expected: None,
            answers: Vec::new(),
        }
    }

    /// A page of rows of such lengths, as many as go in, packed by so many threads and this one.
    fn filled(most: u64, others: usize, lengths: impl Iterator<Item = usize>) -> (String, Done) {
        let (mut out, mut chunks) = (Vec::new(), Chunks::new(most));
        chunks.packers = Packers::of(others, Batch::pack);
        for (number, length) in (0..).zip(lengths) {
            if !chunks.push(&mut out, noise(number, length), Vec::new()).unwrap() {
                break;
            }
        }
        let done = chunks.finish(&mut out).unwrap();
        (String::from_utf8(out).unwrap(), done)
    }

    #[test]
    fn chunks_stop_at_their_size() {
        const MOST: u64 = 4 << 20;
        // Of such rows, with 7.8 KB each, some 530 go in, whoever packs them.
        let (page, done) = filled(MOST, 1, std::iter::repeat(10_000));
        let length = page.len() as u64;
        assert!(length <= MOST && length > MOST / 20 * 17, "{length} bytes, {} rows", done.rows);
        assert_eq!(page.matches("<script").count() as u64, done.chunks + done.indexes);
        for others in 2..=3 {
            assert!(filled(MOST, others, std::iter::repeat(10_000)).0 == page, "{others}");
        }
    }

    #[test]
    fn the_room_is_told_of_all_rows_that_were_packed() {
        let (mut out, mut chunks) = (Vec::new(), Chunks::new(4 << 20));
        assert_eq!(chunks.room(&mut out).unwrap(), None);
        for number in 0..200 {
            assert!(chunks.push(&mut out, noise(number, 10_000), Vec::new()).unwrap());
        }
        let room = chunks.room(&mut out).unwrap().unwrap();
        assert!((300..370).contains(&room), "{room}");
    }

    #[test]
    fn a_last_row_that_fills_its_chunk_is_not_left_behind() {
        for rows in [1, 2, 3, UNDER_WAY, UNDER_WAY + 1, 2 * UNDER_WAY] {
            let (page, done) = filled(64 << 20, 2, std::iter::repeat_n(CHUNK_TEXT, rows));
            let rows = rows as u64;
            assert_eq!((done.rows, done.chunks, done.indexes), (rows, rows, 1));
            assert_eq!(page.matches("<script").count() as u64, done.chunks + done.indexes);
        }
    }

    #[test]
    fn chunks_stand_in_their_order_whoever_packs_them() {
        // Among many short rows two that are packed alone.
        let length = |at| if at == 100 || at == 101 { 3 << 20 } else { 3_000 };
        let (page, done) = filled(64 << 20, 1, (0..2_000).map(length));
        assert_eq!(done.rows, 2_000);
        let ids = page.split("id=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let chunks: Vec<&str> = ids.filter(|id| id.starts_with('c')).collect();
        let want: Vec<String> = (0..done.chunks).map(|at| format!("c{at}")).collect();
        assert!(chunks == want && chunks.len() > 2 * UNDER_WAY, "{chunks:?}");
        for others in 2..=3 {
            assert!(filled(64 << 20, others, (0..2_000).map(length)).0 == page, "{others}");
        }
    }
}
