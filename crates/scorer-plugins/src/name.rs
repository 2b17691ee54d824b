//! Names of scorers that are made of a text a user wrote.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// What a report can show in a column.
const LONGEST: usize = 200;

/// The name of a scorer: `kind:text`, where what no name may have is written as `%20` in URLs.
///
/// A long text is cut and told apart by its digest.
pub(crate) fn of(kind: &str, text: &str) -> String {
    let mut name = format!("{kind}:");
    for byte in text.trim().bytes() {
        if byte.is_ascii_graphic() && byte != b'%' {
            name.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(name, "%{byte:02x}");
        }
    }
    if name.len() > LONGEST {
        name.truncate(LONGEST - 13);
        name.push('~');
        name.push_str(digest([text.as_bytes()]).get(..12).unwrap_or_default());
    }
    name
}

/// The SHA-256 of parts, each told apart from the next, in lower-case hexadecimal digits.
pub(crate) fn digest<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_readable_and_differ() {
        assert_eq!(of("jq", ".a>1"), "jq:.a>1");
        assert_eq!(of("jq", " .a == \"x%\" "), "jq:.a%20==%20\"x%25\"");
        let (one, other) = (of("jq", &"a".repeat(900)), of("jq", &"a".repeat(901)));
        assert!(one != other && one.len() == LONGEST && one.is_ascii());
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(digest([&b"ab"[..], b"c"]), digest([&b"a"[..], b"bc"]));
    }
}
