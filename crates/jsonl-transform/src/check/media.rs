//! Finds references to media that may be gone, or out of reach, when the job reads them.

use std::{fmt, ops::Range, sync::LazyLock};

use memchr::memmem::Finder;

use crate::scan::Watch;

/// What about a file reference may fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum MediaRisk {
    /// A file of the Files API: it is deleted 48 hours after its upload.
    Expires,
    /// An object in Cloud Storage, which the Gemini API does not read.
    CloudStorage,
    /// An address on the web, read while the job runs, if at all.
    Elsewhere,
}

impl fmt::Display for MediaRisk {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Expires => {
                "a file of the Files API, which is deleted 48 hours after its upload and must be \
                 there until the job has run"
            }
            Self::CloudStorage => "a gs:// file, which the Gemini API does not read",
            Self::Elsewhere => "a file on the web, which must be there while the job runs",
        })
    }
}

/// The spellings of the field; one with escapes goes unseen, which costs a warning only.
const NAMES: [&[u8]; 2] = [b"\"fileUri\"", b"\"file_uri\""];

/// Begins both.
static START: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"file"));

const HOMES: &[&[u8]] =
    &[b"https://www.youtube.com/", b"https://youtube.com/", b"https://youtu.be/"];

/// The risks of a request, each once, in the order in which they were met.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct MediaRisks([Option<MediaRisk>; 3]);

impl MediaRisks {
    /// Looks for references in a request that is not scanned.
    pub(crate) fn search(&mut self, request: &[u8]) {
        for hit in START.find_iter(request) {
            let rest = &request[hit..];
            let value = NAMES
                .iter()
                .find_map(|name| rest.strip_prefix(*name)?.trim_ascii_start().strip_prefix(b":"));
            if let Some(value) = value {
                self.value(value.trim_ascii_start());
            }
        }
    }

    /// Takes the value of a reference, which the text begins with.
    fn value(&mut self, text: &[u8]) {
        let Some(risk) = text.strip_prefix(b"\"").and_then(risk) else {
            return;
        };
        let place = self.0.iter_mut().find(|place| place.is_none_or(|met| met == risk));
        if let Some(place) = place {
            *place = Some(risk);
        }
    }
}

impl Watch for MediaRisks {
    #[inline]
    fn name(&mut self, text: &[u8], name: Range<usize>, value: usize) {
        // Hardly a name begins like this.
        if text.get(name.start + 1) == Some(&b'f') && NAMES.contains(&&text[name]) {
            self.value(&text[value..]);
        }
    }
}

impl IntoIterator for MediaRisks {
    type Item = MediaRisk;
    type IntoIter = std::iter::Flatten<std::array::IntoIter<Option<MediaRisk>, 3>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().flatten()
    }
}

/// What may fail about the address that `text` begins with.
fn risk(text: &[u8]) -> Option<MediaRisk> {
    let end = text.iter().position(|&byte| byte == b'"').unwrap_or(text.len());
    let address = &text[..end];
    let is_web = address.starts_with(b"https:") || address.starts_with(b"http:");
    if address.starts_with(b"files/")
        || address.starts_with(b"https://generativelanguage.googleapis.com/")
    {
        Some(MediaRisk::Expires)
    } else if address.starts_with(b"gs:") {
        Some(MediaRisk::CloudStorage)
    } else if is_web && !HOMES.iter().any(|home| address.starts_with(home)) {
        Some(MediaRisk::Elsewhere)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{MediaRisk, MediaRisks};
    use crate::scan::Scanner;

    #[track_caller]
    fn check(request: &str, expect: &[MediaRisk]) {
        let mut searched = MediaRisks::default();
        searched.search(request.as_bytes());
        assert_eq!(searched.into_iter().collect::<Vec<_>>(), expect, "{request}");
        let mut watched = MediaRisks::default();
        let mut scanner = Scanner::new(request.as_bytes()).expect("UTF-8");
        if scanner.watched_value(&mut watched).is_ok() {
            assert_eq!(watched, searched, "{request}");
        }
    }

    #[test]
    fn addresses_are_told_apart() {
        check(r#"{"fileUri":"files/abc"}"#, &[MediaRisk::Expires]);
        let full = "https://generativelanguage.googleapis.com/v1beta/files/abc";
        check(&format!(r#"{{"file_uri" : "{full}"}}"#), &[MediaRisk::Expires]);
        check(r#"{"fileUri":"gs://b/o"}"#, &[MediaRisk::CloudStorage]);
        check(r#"{"fileUri":"https://a.example/b.png"}"#, &[MediaRisk::Elsewhere]);
        check(r#"{"fileUri":"https://www.youtube.com/watch?v=x"}"#, &[]);
        check(r#"{"fileData":{"mimeType":"a/b"},"fileUri":7,"file":"gs://b"}"#, &[]);
        check(r#"{"text":"\"fileUri\":\"gs://b/o\""}"#, &[]);
        check(
            r#"[{"fileUri":"gs:"},{"file_uri":"files/x"}]"#,
            &[MediaRisk::CloudStorage, MediaRisk::Expires],
        );
        check(r#"{"fileUri"#, &[]);
        check(r#"{"fileUri":"#, &[]);
    }
}
