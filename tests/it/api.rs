//! The public names of each library crate, as the page of its own in docs/api has them: a change is seen in a diff.
//! `BLESS=1` writes the pages anew. The lint `unreachable_pub` holds that what says `pub` can be reached.

use std::fs;
use std::path::{Path, PathBuf};

use tests::process::root;

/// The sources of a crate that are not tests, in order.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        let is_test = name.trim_end_matches(".rs").ends_with("tests") || name == "bin";
        if path.is_dir() && !is_test {
            found.extend(sources(&path));
        } else if name.ends_with(".rs") && !is_test && name != "main.rs" {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// What is public in a source, a line each: items and fields with their signatures, the functions of traits, the
/// variants of enums, each below what holds it.
fn listing(text: &str) -> Vec<String> {
    let code = text.split("\n#[cfg(test)]").next().unwrap_or_default();
    let (mut out, mut holder, mut open): (Vec<String>, Option<String>, Option<String>) =
        (Vec::new(), None, None);
    for line in code.lines() {
        let indent = line.len() - line.trim_start().len();
        let line = line.trim();
        if line.starts_with("//") || line.starts_with('#') {
            continue;
        }
        // A signature over several lines ends with what begins the body, or with the item.
        if let Some(mut begun) = open.take() {
            begun.push(' ');
            begun.push_str(line);
            finish(begun, &mut out, &mut open);
            continue;
        }
        if indent == 0 {
            let holds = ["impl", "pub trait", "pub enum", "pub struct"]
                .iter()
                .any(|word| line.starts_with(word));
            holder = (holds && line.ends_with('{')).then(|| line.trim_end_matches(" {").to_owned());
        }
        let of = |word: &str| holder.as_ref().is_some_and(|holder| holder.starts_with(word));
        let variant = indent == 4 && of("pub enum") && line.starts_with(char::is_uppercase);
        let asked = indent == 4
            && of("pub trait")
            && (line.starts_with("fn ") || line.starts_with("async fn "));
        if line.starts_with("pub ") || variant || asked {
            let within = holder.as_ref().filter(|_| indent > 0);
            let within = within.map_or(String::new(), |holder| format!("{holder} :: "));
            finish(within + line, &mut out, &mut open);
        }
    }
    out
}

/// Ends a line at the body, or leaves it open where the signature goes on.
fn finish(begun: String, out: &mut Vec<String>, open: &mut Option<String>) {
    let item = begun.rsplit(" :: ").next().unwrap_or_default();
    let lists = item.starts_with("pub use") || item.contains("fn ");
    let whole = begun.ends_with([';', '{', '}']) || !lists;
    let of_use = item.starts_with("pub use") && !begun.ends_with(';');
    if whole && !of_use {
        let cut = begun.trim_end_matches(['{', ',', ';']).trim_end();
        out.push(cut.replace("( ", "(").replace(", )", ")"));
    } else {
        *open = Some(begun);
    }
}

fn page(krate: &Path) -> String {
    let lines = sources(&krate.join("src"))
        .into_iter()
        .flat_map(|source| listing(&fs::read_to_string(source).unwrap()));
    let mut lines: Vec<String> = lines.collect();
    lines.sort();
    lines.dedup();
    lines.join("\n") + "\n"
}

#[test]
fn public_names_are_those_of_the_pages() {
    let mut changed = Vec::new();
    for entry in fs::read_dir(root().join("crates")).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        // The program's own library is no library for others.
        if name == "cli" {
            continue;
        }
        let (path, now) =
            (root().join("docs/api").join(format!("{name}.txt")), page(&entry.path()));
        assert!(now.lines().count() > 3, "{name} has more than that");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, &now).unwrap();
            continue;
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        let differs = |a: &str, b: &str, sign: char| -> Vec<String> {
            let lines = a.lines().filter(|line| !b.lines().any(|other| other == *line));
            lines.map(|line| format!("{sign} {name}: {line}")).collect()
        };
        changed.extend(differs(&kept, &now, '-'));
        changed.extend(differs(&now, &kept, '+'));
    }
    assert!(
        changed.is_empty(),
        "renew with BLESS=1 what was meant to change:\n{}",
        changed.join("\n")
    );
}

#[test]
fn a_listing_has_what_can_be_named() {
    let text = "pub use a::{B,\n    C};\npub(crate) fn no() {}\nimpl D {\n    pub fn long(\n        a: u8,\n    ) -> u8 {\n        a\n    }\n}\npub trait T {\n    fn t(&self);\n}\npub enum E {\n    /// One.\n    One,\n}\npub struct S {\n    pub a: u8,\n    b: u8,\n}\n#[cfg(test)]\npub fn tested() {}\n";
    let lines = [
        "pub use a::{B, C}",
        "impl D :: pub fn long(a: u8) -> u8",
        "pub trait T",
        "pub trait T :: fn t(&self)",
        "pub enum E",
        "pub enum E :: One",
        "pub struct S",
        "pub struct S :: pub a: u8",
    ];
    assert_eq!(listing(text), lines);
}
