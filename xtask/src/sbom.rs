//! The list of parts of the program in `CycloneDX`'s JSON: every crate that is linked into it.

use std::collections::BTreeMap;
use std::fs;

use crate::shell;

/// Writes `target/sbom/batch-eval.cdx.json` and says how many parts it lists.
pub(crate) fn write() -> Result<usize, String> {
    let words = ["tree", "--package", "cli", "--edges", "normal,no-proc-macro", "--prefix", "none"];
    let mut tree = shell::cargo(&words);
    tree.args(["--no-dedupe", "--format", "{p}\t{l}"]);
    let lock = fs::read_to_string(shell::root().join("Cargo.lock"))
        .map_err(|error| format!("failed to read Cargo.lock: {error}"))?;
    let parts = parts(&shell::output(&mut tree)?, &checksums(&lock));
    let folder = shell::target().join("sbom");
    let path = folder.join("batch-eval.cdx.json");
    fs::create_dir_all(&folder)
        .and_then(|()| fs::write(&path, document(&parts)))
        .map_err(|error| format!("failed to write {}: {error}", path.display()))?;
    Ok(parts.len())
}

/// One crate: its licence, and the digest of its archive if it came from the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    licence: String,
    sha256: Option<String>,
}

type Parts = BTreeMap<(String, String), Part>;

/// The crates in a tree of lines `NAME vVERSION …<tab>LICENCE`.
fn parts(tree: &str, checksums: &BTreeMap<(String, String), String>) -> Parts {
    let part = |line: &str| {
        let (package, licence) = line.split_once('\t')?;
        let mut words = package.split(' ');
        let id = (words.next()?.to_owned(), words.next()?.trim_start_matches('v').to_owned());
        let sha256 = checksums.get(&id).cloned();
        Some((id, Part { licence: licence.to_owned(), sha256 }))
    };
    tree.lines().filter_map(part).collect()
}

/// The digests that a lock file holds.
fn checksums(lock: &str) -> BTreeMap<(String, String), String> {
    let value = |block: &str, name: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = \""));
        line.map(|rest| rest.trim_end_matches('"').to_owned())
    };
    let entry = |block: &str| {
        Some(((value(block, "name")?, value(block, "version")?), value(block, "checksum")?))
    };
    lock.split("[[package]]").filter_map(entry).collect()
}

fn document(parts: &Parts) -> String {
    let components: Vec<String> = parts
        .iter()
        .map(|((name, version), part)| {
            let hashes = part.sha256.as_ref().map_or_else(String::new, |digest| {
                format!(r#", "hashes": [{{"alg": "SHA-256", "content": "{digest}"}}]"#)
            });
            // Names, versions and licences of crates hold nothing that JSON would have to escape.
            format!(
                r#"{{"type": "library", "name": "{name}", "version": "{version}", "purl": "pkg:cargo/{name}@{version}", "licenses": [{{"expression": "{}"}}]{hashes}}}"#,
                part.licence
            )
        })
        .collect();
    format!(
        "{{\"bomFormat\": \"CycloneDX\", \"specVersion\": \"1.6\", \"version\": 1,\n\"components\": [\n{}\n]}}\n",
        components.join(",\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_its_licence_and_the_digest_of_its_archive() {
        let lock = "version = 4\n\n[[package]]\nname = \"memchr\"\nversion = \"2.8.3\"\n\
                    source = \"registry\"\nchecksum = \"abc\"\n\n[[package]]\nname = \"cli\"\nversion = \"0.1.0\"\n";
        let tree = "cli v0.1.0 (/somewhere)\tMIT OR Apache-2.0\nmemchr v2.8.3\tUnlicense OR MIT\nmemchr v2.8.3\tUnlicense OR MIT\n";
        let parts = parts(tree, &checksums(lock));
        let id = |name: &str, version: &str| (name.to_owned(), version.to_owned());
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[&id("memchr", "2.8.3")].sha256.as_deref(), Some("abc"));
        assert_eq!(parts[&id("cli", "0.1.0")].sha256, None);
        assert!(document(&parts).contains(r#""name": "memchr", "version": "2.8.3""#));
    }
}
