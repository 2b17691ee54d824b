//! Rows written to a terminal, which nothing in them may steer; files and pipes get them byte for byte.

use std::io::{self, Write};

use eval_report::sanitize;

/// Writes text to a terminal with what it would obey, or would not show, as escapes; line ends stay.
#[derive(Debug)]
pub(crate) struct Harmless<W> {
    out: W,
    /// The start of a character, or a carriage return, of which the rest has not come.
    rest: Vec<u8>,
}

impl<W: Write> Harmless<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out, rest: Vec::new() }
    }

    fn show(&mut self, bytes: &[u8]) -> io::Result<()> {
        let text = String::from_utf8_lossy(bytes);
        for line in text.split_inclusive('\n') {
            let (line, end) = match line.strip_suffix('\n') {
                Some(line) => (line.strip_suffix('\r').unwrap_or(line), "\n"),
                None => (line, ""),
            };
            self.out.write_all(sanitize(line).as_bytes())?;
            self.out.write_all(end.as_bytes())?;
        }
        Ok(())
    }

    /// Shows what is left.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        let rest = std::mem::take(&mut self.rest);
        self.show(&rest)?;
        self.out.flush()
    }
}

impl<W: Write> Write for Harmless<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut all = std::mem::take(&mut self.rest);
        all.extend_from_slice(bytes);
        self.rest = all.split_off(whole(&all));
        self.show(&all)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// How many of the bytes end with a whole character, and not within a line end.
fn whole(bytes: &[u8]) -> usize {
    let cut = match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => bytes.len(),
    };
    if bytes[..cut].ends_with(b"\r") { cut - 1 } else { cut }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "a,\"\u{1b}]0;x\u{7}\u{9b}31m\u{202e}\u{200b}\rb\"\r\nä模\t\n\r";
    const SHOWN: &str = "a,\"\\u{1b}]0;x\\u{7}\\u{9b}31m\\u{202e}\\u{200b}\\rb\"\nä模\\t\n\\r";

    #[test]
    fn nothing_steers_wherever_the_text_is_cut() {
        for size in 1..=HOSTILE.len() {
            let mut seen = Vec::new();
            let mut out = Harmless::new(&mut seen);
            for piece in HOSTILE.as_bytes().chunks(size) {
                out.write_all(piece).unwrap();
            }
            out.finish().unwrap();
            assert_eq!(String::from_utf8(seen).unwrap(), SHOWN, "pieces of {size} bytes");
        }
    }

    #[test]
    fn what_is_no_text_is_shown_as_such() {
        let mut seen = Vec::new();
        let mut out = Harmless::new(&mut seen);
        out.write_all(b"a\xff\x9b\xe2\x80").unwrap();
        out.finish().unwrap();
        let seen = String::from_utf8(seen).unwrap();
        assert!(seen.starts_with('a') && seen.ends_with('\u{fffd}'), "{seen:?}");
    }
}
