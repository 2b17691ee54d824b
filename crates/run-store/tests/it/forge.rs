//! Journal lines made by hand, from the description of the format alone.

use crc::{CRC_32_ISCSI, Crc};

/// A line `{"v":…,…,"prev":…,"crc":…}` with its end; `fields` is what stands between.
pub(crate) fn line(v: u64, seq: u64, fields: &str, prev: &str) -> String {
    let body =
        format!(r#"{{"v":{v},"seq":{seq},"t":"2026-11-19T02:13:20Z",{fields},"prev":"{prev}""#);
    let crc = Crc::<u32>::new(&CRC_32_ISCSI).checksum(body.as_bytes());
    format!("{body},\"crc\":\"{crc:08x}\"}}\n")
}

/// The check of a line.
pub(crate) fn check_of(line: &str) -> &str {
    line.trim_end().strip_suffix("\"}").unwrap().rsplit('"').next().unwrap()
}

/// The line that follows the last one of `journal`.
pub(crate) fn next_line(journal: &[u8], v: u64, fields: &str) -> String {
    let text = std::str::from_utf8(journal).unwrap();
    let last = text.lines().last().unwrap();
    line(v, text.lines().count() as u64 + 1, fields, check_of(last))
}
