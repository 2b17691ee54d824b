//! The file or folder that somebody probably meant.

use std::path::Path;

/// More names than these are not looked through.
const MOST: usize = 10_000;

/// The name in a folder that is spelt most like this one, if any is spelt nearly so.
pub(crate) fn in_folder(folder: &Path, name: &str) -> Option<String> {
    let entries = std::fs::read_dir(folder).ok()?;
    let names =
        entries.flatten().take(MOST).filter_map(|entry| entry.file_name().into_string().ok());
    // A name is never a way to somewhere else, and never hidden.
    let names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
    scoring::nearest(name, names.iter().map(String::as_str)).map(str::to_owned)
}

/// The path of the file beside this one that is spelt most like it.
pub(crate) fn file(path: &str) -> Option<String> {
    let path = Path::new(path);
    let beside = path.parent()?;
    let folder = if beside.as_os_str().is_empty() { Path::new(".") } else { beside };
    let near = in_folder(folder, path.file_name()?.to_str()?)?;
    Some(beside.join(near).display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_beside_the_one_that_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["logs.jsonl", "notes.txt", ".log.jsonl"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let near = |name: &str| file(folder.path().join(name).to_str().unwrap());
        assert_eq!(near("log.jsonl"), folder.path().join("logs.jsonl").to_str().map(str::to_owned));
        assert_eq!(near("something-else"), None);
        assert_eq!(file("/no/such/folder/logs.jsonl"), None);
    }
}
