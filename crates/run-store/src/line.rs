//! One line of the journal around its record: version, number, time, and two checks.
//!
//! `{"v":1,"seq":2,"t":"…","ev":…,…,"prev":"0a1b2c3d","crc":"4e5f6a7b"}`: `crc` is the CRC-32C of
//! everything before `,"crc":`, `prev` is the `crc` of the line before, `00000000` for the first.

use std::time::SystemTime;

use crc::{CRC_32_ISCSI, Crc};
use serde::Deserialize;

use crate::FORMAT;
use crate::record::Record;
use crate::stamp::Stamp;

const CASTAGNOLI: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);
const CHECK: &[u8] = br#","crc":""#;
/// `,"crc":"01234567"}`
const CHECK_LEN: usize = 18;

/// Where the chain of lines stands: what the next line has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chain {
    /// Number of the next line, from 1.
    pub(crate) seq: u64,
    prev: u32,
}

/// A line that was read.
pub(crate) struct Line {
    pub(crate) at: SystemTime,
    pub(crate) record: Record,
    /// Whether a program that does not know the event may skip it.
    pub(crate) optional: bool,
}

/// What can be wrong with a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Its check does not fit: it was not written so, or not to its end.
    Broken,
    /// It was written so, by a version that knows more.
    Newer(String),
    /// It was written so, and not for this place.
    Misplaced(String),
}

#[derive(Deserialize)]
struct Envelope {
    v: u64,
    seq: u64,
    t: Stamp,
    #[serde(default)]
    opt: bool,
    prev: String,
}

#[derive(Deserialize)]
struct Version {
    v: u64,
}

impl Chain {
    /// Before the first line.
    pub(crate) fn start() -> Self {
        Self { seq: 1, prev: 0 }
    }

    /// The next line, with its line end, and the chain behind it.
    ///
    /// # Errors
    /// In words, for times beyond the year 9999.
    pub(crate) fn write(self, at: SystemTime, record: &Record) -> Result<(String, Self), String> {
        let at = Stamp::new(at).map_err(|error| error.to_string())?;
        let optional = if record.is_optional() { r#""opt":true,"# } else { "" };
        let record = serde_json::to_string(record).map_err(|error| error.to_string())?;
        let fields = record.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let fields = fields.ok_or("a record is an object")?;
        let body = format!(
            r#"{{"v":{FORMAT},"seq":{},"t":"{at}",{optional}{fields},"prev":"{:08x}""#,
            self.seq, self.prev
        );
        let crc = CASTAGNOLI.checksum(body.as_bytes());
        let line = format!("{body},\"crc\":\"{crc:08x}\"}}\n");
        Ok((line, Self { seq: self.seq + 1, prev: crc }))
    }

    /// Reads the next line, given without its line end, and gives the chain behind it.
    pub(crate) fn read(self, text: &[u8]) -> Result<(Line, Self), Fault> {
        let crc = check(text).ok_or_else(|| newer_or_broken(text))?;
        let misplaced = |what: String| Fault::Misplaced(what);
        let envelope: Envelope =
            serde_json::from_slice(text).map_err(|error| newer(text, error.to_string()))?;
        if envelope.v != FORMAT {
            return Err(newer(text, format!("there is no format {}", envelope.v)));
        }
        if envelope.seq != self.seq {
            let what = format!("number {} stands in place of {}", envelope.seq, self.seq);
            return Err(misplaced(what));
        }
        if envelope.prev != format!("{:08x}", self.prev) {
            return Err(misplaced("it does not follow the line before it".to_owned()));
        }
        // The check fits, so the line is as it was written: what is not understood is newer.
        let record: Record =
            serde_json::from_slice(text).map_err(|error| Fault::Newer(error.to_string()))?;
        let line = Line { at: envelope.t.time(), record, optional: envelope.opt };
        if line.record == Record::Unknown && !line.optional {
            return Err(Fault::Newer("it has an event that this version does not know".to_owned()));
        }
        Ok((line, Self { seq: self.seq + 1, prev: crc }))
    }

    /// Whether a text holds a whole right line and more behind it: then two lines ran together,
    /// and it is not the end of an append that was cut off.
    pub(crate) fn read_inside(self, text: &[u8]) -> bool {
        let end = text.windows(CHECK.len()).position(|at| at == CHECK).map(|at| at + CHECK_LEN);
        end.filter(|end| *end < text.len()).is_some_and(|end| self.read(&text[..end]).is_ok())
    }
}

/// The line's check, if it fits.
fn check(text: &[u8]) -> Option<u32> {
    let (body, written) = text.split_at_checked(text.len().checked_sub(CHECK_LEN)?)?;
    let crc = CASTAGNOLI.checksum(body);
    (written == format!(",\"crc\":\"{crc:08x}\"}}").as_bytes()).then_some(crc)
}

fn newer_or_broken(text: &[u8]) -> Fault {
    match newer(text, String::new()) {
        Fault::Misplaced(_) => Fault::Broken,
        newer => newer,
    }
}

/// A later format may have other checks and other fields; its version still says what it is.
fn newer(text: &[u8], otherwise: String) -> Fault {
    match serde_json::from_slice::<Version>(text) {
        Ok(Version { v }) if v > FORMAT => Fault::Newer(format!("it has format {v}")),
        _ => Fault::Misplaced(otherwise),
    }
}

#[cfg(test)]
mod tests;
