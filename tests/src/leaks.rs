//! Looking for a secret in everything that was written, whole and in part, in every form it may have been put into.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// So many characters in a row are a part of a secret.
const PART: usize = 8;

/// A secret that looks random, so that no part of it is found by chance.
pub const SECRET: &str = "AIzaSyQ7xW2v-Kp9_ZtR4mJ8bN3cH6fLyD5gUeXo";

/// One form of a secret or of a part of it.
#[derive(Debug)]
pub struct Form {
    /// What it is, for people.
    pub name: String,
    bytes: Vec<u8>,
}

/// All forms to look for: parts of the text, and the encodings that would hide them from a search for the text.
pub fn forms(secret: &str) -> Vec<Form> {
    let bytes = secret.as_bytes();
    let form = |name: String, text: String| Form { name, bytes: text.into_bytes() };
    let mut forms = Vec::new();
    for at in 0..=bytes.len().saturating_sub(PART) {
        let part = &bytes[at..at + PART];
        let text = String::from_utf8_lossy(part).into_owned();
        forms.push(form(format!("characters {at} to {}", at + PART), text));
        let each = |put: fn(u8) -> String| part.iter().map(|byte| put(*byte)).collect::<String>();
        forms.push(form(format!("hex from {at}"), each(|byte| format!("{byte:02x}"))));
        forms.push(form(format!("HEX from {at}"), each(|byte| format!("{byte:02X}"))));
        forms.push(form(format!("percent from {at}"), each(|byte| format!("%{byte:02x}"))));
        forms.push(form(format!("Percent from {at}"), each(|byte| format!("%{byte:02X}"))));
        forms.push(form(format!("JSON from {at}"), each(|byte| format!("\\u{byte:04x}"))));
        forms.push(form(format!("bytes from {at}"), format!("{part:?}").replace(['[', ']'], "")));
    }
    // Any three bytes on, base64 looks the same; so each beginning stands for every third one.
    for at in 0..=bytes.len().saturating_sub(9) {
        let part = &bytes[at..at + 9];
        forms.push(form(format!("base64 from {at}"), STANDARD.encode(part)));
        forms.push(form(format!("base64url from {at}"), URL_SAFE_NO_PAD.encode(part)));
    }
    let reversed: String = secret.chars().rev().take(2 * PART).collect();
    forms.push(form("reversed".to_owned(), reversed));
    forms
}

/// What of the forms stands in these bytes: one look at each byte, however many forms there are.
pub fn found(bytes: &[u8], forms: &[Form]) -> Vec<String> {
    let mut by_start: HashMap<&[u8], Vec<&Form>> = HashMap::new();
    for form in forms {
        by_start.entry(&form.bytes[..PART]).or_default().push(form);
    }
    let mut names = BTreeSet::new();
    for (at, start) in bytes.windows(PART).enumerate() {
        for form in by_start.get(start).into_iter().flatten() {
            if bytes[at..].starts_with(&form.bytes) {
                names.insert(form.name.clone());
            }
        }
    }
    names.into_iter().collect()
}

/// Every file below a folder that holds one of the forms, in its name or in its bytes; `passes` says which files may.
/// The number of files is told too.
///
/// # Panics
///
/// When a file cannot be read.
pub fn below(
    folder: &Path,
    forms: &[Form],
    passes: &dyn Fn(&Path) -> bool,
) -> (usize, Vec<String>) {
    let (mut files, mut leaks) = (0, Vec::new());
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            panic!("failed to read {}", folder.display())
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            let name = found(path.as_os_str().as_encoded_bytes(), forms);
            leaks.extend(name.first().map(|what| format!("{what} in a name: {}", path.display())));
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else if path.is_file() && !passes(&path) {
                files += 1;
                let Ok(bytes) = fs::read(&path) else {
                    panic!("failed to read {}", path.display())
                };
                let seen = found(&bytes, forms);
                leaks.extend(seen.first().map(|what| format!("{what} in {}", path.display())));
            }
        }
    }
    (files, leaks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_whole_cut_and_encoded() {
        let forms = forms(SECRET);
        let each = |put: fn(u8) -> String| SECRET.bytes().map(put).collect::<String>();
        let hex = each(|byte| format!("{byte:02x}"));
        let percent = each(|byte| format!("%{byte:02X}"));
        let json = each(|byte| format!("\\u{byte:04x}"));
        let base64 = |before: &str| STANDARD.encode(format!("{before}{SECRET} and more"));
        for text in [
            SECRET.to_owned(),
            format!("…{}…", &SECRET[..8]),
            format!("…{}", &SECRET[SECRET.len() - 8..]),
            hex.to_uppercase(),
            hex,
            percent,
            json,
            base64(""),
            base64("a"),
            base64("ab"),
            format!("{:?}", SECRET.as_bytes()),
            SECRET.chars().rev().collect(),
        ] {
            assert!(!found(text.as_bytes(), &forms).is_empty(), "{text}");
        }
        assert!(found(b"AIzaSyABCDEFGHIJKL and 0123456789abcdef", &forms).is_empty());
    }
}
