//! The rules of the house that no lint knows; `cargo xtask tidy` runs these tests alone.

mod arrows;
mod docs;
mod sources;

use std::fs;
use std::path::{Path, PathBuf};

use tests::process::root;

/// A text file of the checkout.
struct Text {
    /// Relative to the root, with forward slashes.
    path: String,
    content: String,
}

impl Text {
    fn is_rust(&self) -> bool {
        self.has_ending("rs")
    }

    fn has_ending(&self, ending: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|have| have == ending)
    }

    fn is_in(&self, folder: &str) -> bool {
        self.path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
    }

    /// The numbered lines that are code, comments left out.
    fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.content.lines()).filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

/// Every text file that belongs to the project.
fn texts() -> Vec<Text> {
    let mut found = Vec::new();
    walk(root(), &mut found);
    assert!(found.iter().any(|text| text.path == "tests/it/tidy.rs"), "the walk went astray");
    found
}

fn walk(folder: &Path, found: &mut Vec<Text>) {
    const NOT_OURS: [&str; 6] = ["target", ".git", "runs", "__pycache__", "node_modules", ".venv"];
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let kind = fs::symlink_metadata(&path).unwrap().file_type();
        if kind.is_dir() && !NOT_OURS.contains(&name.as_str()) {
            walk(&path, found);
        } else if kind.is_file()
            && let Ok(content) = fs::read_to_string(&path)
        {
            let relative = path.strip_prefix(root()).unwrap_or(&path);
            let path = relative.to_string_lossy().replace('\\', "/");
            found.push(Text { path, content });
        }
    }
}

/// Fails with all complaints at once, one a line.
#[track_caller]
fn none_of(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}
