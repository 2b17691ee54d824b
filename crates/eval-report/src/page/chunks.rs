//! Rows in gzip chunks, and the index that says where each row stands.

use std::fmt;
use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::data;

/// A chunk is closed when it holds so much text: little enough to unpack it at a click.
const CHUNK_TEXT: usize = 256 << 10;
/// So many lines can be told apart in a chunk.
const CHUNK_LINES: u64 = 1 << 15;
/// A part of the index is closed when it holds so much text.
const INDEX_TEXT: usize = 1 << 20;

/// What was written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Done {
    pub(super) rows: u64,
    pub(super) chunks: u64,
    pub(super) indexes: u64,
}

/// The chunks under way.
pub(super) struct Chunks {
    rows: Pack,
    index: Pack,
    lines: u64,
    all: u64,
    /// Bytes that may still be written.
    left: u64,
    /// Bytes that were written, and the rows that stand in them.
    written: (u64, u64),
}

impl Chunks {
    pub(super) fn new(most: u64) -> Self {
        Self {
            rows: Pack::new('c'),
            index: Pack::new('i'),
            lines: 0,
            all: 0,
            left: most,
            written: (0, 0),
        }
    }

    /// Whether a row of so many bytes still goes in, however badly it is packed.
    pub(super) fn has_room(&self, row: usize) -> bool {
        // Base64 makes four bytes of three; a whole chunk is kept free for what is about the rows.
        let under_way = (self.rows.text + self.index.text + row) as u64;
        self.left >= CHUNK_TEXT as u64 + under_way / 3 * 4
    }

    /// About how many more rows go in, if they are like those that did; none as long as that is not known.
    pub(super) fn room(&self) -> Option<u64> {
        let (bytes, rows) = self.written;
        Some(self.left / bytes.checked_div(rows)?.max(1))
    }

    /// Adds a row; `entry` makes its line of the index from the chunk and the line it stands on.
    pub(super) fn push(
        &mut self,
        out: &mut impl Write,
        row: &str,
        entry: impl FnOnce(u64, u64) -> String,
    ) -> io::Result<()> {
        self.index.add(&entry(self.rows.number, self.lines))?;
        self.rows.add(row)?;
        self.lines += 1;
        self.all += 1;
        if self.rows.text >= CHUNK_TEXT || self.lines >= CHUNK_LINES {
            self.lines = 0;
            self.spend(|chunks| chunks.rows.close(out))?;
            self.written.1 = self.all;
        }
        if self.index.text >= INDEX_TEXT {
            self.spend(|chunks| chunks.index.close(out))?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self, out: &mut impl Write) -> io::Result<Done> {
        self.rows.close(out)?;
        self.index.close(out)?;
        Ok(Done { rows: self.all, chunks: self.rows.number, indexes: self.index.number })
    }

    fn spend(&mut self, write: impl FnOnce(&mut Self) -> io::Result<u64>) -> io::Result<()> {
        let spent = write(self)?;
        self.left = self.left.saturating_sub(spent);
        self.written.0 += spent;
        Ok(())
    }
}

/// One chunk under way, and how many were before.
struct Pack {
    letter: char,
    number: u64,
    text: usize,
    packed: GzEncoder<Vec<u8>>,
}

impl Pack {
    fn new(letter: char) -> Self {
        Self { letter, number: 0, text: 0, packed: encoder() }
    }

    fn add(&mut self, line: &str) -> io::Result<()> {
        self.text += line.len() + 1;
        self.packed.write_all(line.as_bytes())?;
        self.packed.write_all(b"\n")
    }

    /// Writes the chunk, if there is anything in it; gives how much that took.
    fn close(&mut self, out: &mut impl Write) -> io::Result<u64> {
        if self.text == 0 {
            return Ok(0);
        }
        let packed = std::mem::replace(&mut self.packed, encoder()).finish()?;
        let text = STANDARD.encode(packed);
        data::script(out, "text/plain", &format!("{}{}", self.letter, self.number), &text)?;
        self.text = 0;
        self.number += 1;
        Ok(text.len() as u64)
    }
}

fn encoder() -> GzEncoder<Vec<u8>> {
    GzEncoder::new(Vec::new(), Compression::new(5))
}

impl fmt::Debug for Chunks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunks")
            .field("rows", &self.all)
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_stop_at_their_size() {
        const MOST: u64 = 2 << 20;
        // Text that cannot be packed well: the room is gone long before the rows are through.
        let mut state = 1_u64;
        let mut noise = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b'a' + u8::try_from((state >> 40) % 26).unwrap())
        };
        let (mut out, mut chunks, mut pushed) = (Vec::new(), Chunks::new(MOST), 0);
        assert_eq!(chunks.room(), None);
        loop {
            let row: String = (0..10_000).map(|_| noise()).collect();
            if !chunks.has_room(row.len()) {
                break;
            }
            if pushed == 100 {
                let room = chunks.room().unwrap();
                assert!((120..220).contains(&room), "{room}");
            }
            chunks.push(&mut out, &row, |chunk, line| format!("[{chunk},{line}]")).unwrap();
            pushed += 1;
        }
        // A chunk is kept free, and four thirds of what is under way: of such rows, with 7.8 KB each, some 76.
        let room = chunks.room().unwrap();
        assert!(room <= 76, "{room}");
        let done = chunks.finish(&mut out).unwrap();
        assert_eq!(done.rows, pushed);
        let length = out.len() as u64;
        assert!(length <= MOST && length > MOST / 2, "{length} bytes, {pushed} rows");
        assert_eq!(
            String::from_utf8(out).unwrap().matches("<script").count() as u64,
            done.chunks + done.indexes
        );
    }
}
