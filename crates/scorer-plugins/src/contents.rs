//! What a plugin is made of: the files that its command names, so that a change of one is noticed.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read as _;

use sha2::{Digest, Sha256};

use crate::{Settings, name};

/// A larger file is known by its first so many bytes and its length.
const MOST_BYTES: u64 = 256 << 20;
/// A command with more words than that names files by other means than to run them.
const MOST_FILES: usize = 64;

/// A digest of the contents of all files that words of a command name, in hexadecimal digits; of the program itself
/// where it is found in `PATH` and names no file. `None` if there is nothing to be read.
pub(crate) fn digest(words: &[OsString], settings: &Settings) -> Option<String> {
    let named = words.iter().map(|word| settings.file(word)).filter(|path| path.is_file());
    let mut files: Vec<_> = named.take(MOST_FILES).collect();
    if files.is_empty() {
        files.extend(words.first().and_then(|program| settings.in_path(program)));
    }
    // A file that cannot be read cannot be run either.
    let sums: Vec<_> = files.iter().filter_map(|path| sum(path).ok()).collect();
    (!sums.is_empty()).then(|| name::digest(sums.iter().map(Vec::as_slice)))
}

fn sum(path: &std::path::Path) -> std::io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut hash = Sha256::new();
    hash.update(length.to_le_bytes());
    let mut file = file.take(MOST_BYTES);
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hash.finalize().to_vec()),
            read => hash.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_any_file_in_a_command_shows() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings { folder: Some(folder.path().to_owned()), ..Settings::default() };
        let words = ["sh", "-x", "rule.sh", "list.txt"].map(OsString::from);
        assert_eq!(digest(&words, &settings), None, "nothing of it is there");
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
            digest(&words, &settings).unwrap()
        };
        let one = write("rule.sh", "a");
        let two = write("list.txt", "b");
        assert_eq!(one.len(), 64);
        assert_ne!(one, two);
        assert_ne!(two, write("list.txt", "c"));
        assert_eq!(two, write("list.txt", "b"));
    }

    #[test]
    fn a_program_without_files_is_looked_for_in_the_path() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("my-scorer"), "one").unwrap();
        let path = [("PATH".into(), folder.path().into())];
        let settings = Settings::default().allowed_of(path);
        let words = ["my-scorer", "--strict"].map(OsString::from);
        assert!(digest(&words, &settings).is_some());
        assert_eq!(digest(&words, &Settings::default()), None);
    }
}
