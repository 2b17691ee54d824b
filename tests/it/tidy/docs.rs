//! Documents that must keep up with the code: crate docs, dependencies, licences, links.

use std::collections::BTreeSet;
use std::path::Path;

use tests::process::root;

use super::{none_of, texts};

/// A file of the root, or nothing.
fn file(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_default()
}

#[test]
fn every_crate_readme_is_its_crate_doc_and_runs_an_example() {
    let texts = texts();
    let libraries =
        texts.iter().filter(|text| text.is_in("crates") && text.path.ends_with("/src/lib.rs"));
    let mut complaints = Vec::new();
    for library in libraries {
        let folder = library.path.trim_end_matches("/src/lib.rs");
        if !library.content.contains("#![doc = include_str!(\"../README.md\")]") {
            complaints.push(format!("{} does not include its README", library.path));
        }
        let readme = file(&format!("{folder}/README.md"));
        let fences = opening_fences(&readme);
        if !fences.iter().any(|fence| fence.is_empty() || fence.starts_with("rust")) {
            complaints.push(format!("{folder}/README.md has no example"));
        }
        if fences.iter().any(|fence| fence.contains("ignore")) {
            complaints.push(format!("an example of {folder}/README.md is not compiled"));
        }
    }
    none_of(&complaints);
}

/// What stands behind the three ticks that open a block of code.
fn opening_fences(markdown: &str) -> Vec<&str> {
    let fences = markdown.lines().filter_map(|line| line.trim().strip_prefix("```"));
    fences.step_by(2).collect()
}

#[test]
fn every_dependency_has_its_line() {
    let manifest = file("Cargo.toml");
    let section = manifest.split("[workspace.dependencies]").nth(1).unwrap();
    let section = section.split("\n[").next().unwrap();
    let wanted: BTreeSet<&str> = section
        .lines()
        .filter(|line| !line.starts_with('#') && !line.contains("path = "))
        .filter_map(|line| line.split_once(" = ").map(|(name, _)| name))
        .collect();
    let documented = file("docs/dependencies.md");
    let have: BTreeSet<&str> =
        documented.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let no_line: Vec<_> = wanted.difference(&have).collect();
    let no_dependency: Vec<_> = have.difference(&wanted).collect();
    assert!(
        no_line.is_empty() && no_dependency.is_empty(),
        "docs/dependencies.md lacks {no_line:?} and has {no_dependency:?} too much"
    );
}

#[test]
fn every_dependency_comes_from_the_workspace() {
    let mut complaints = Vec::new();
    for text in texts() {
        let member = text.is_in("crates") || text.is_in("xtask") || text.path == "tests/Cargo.toml";
        if !member || !text.path.ends_with("Cargo.toml") {
            continue;
        }
        let mut in_dependencies = false;
        for (number, line) in (1..).zip(text.content.lines()) {
            if line.starts_with('[') {
                in_dependencies = line.ends_with("dependencies]");
            }
            let has_version = line.contains("version = \"") || line.contains(" = \"");
            if in_dependencies && has_version && !line.contains("path = ") {
                complaints.push(format!("{}:{number} has a version of its own", text.path));
            }
        }
    }
    none_of(&complaints);
}

#[test]
fn the_licences_are_here_in_full() {
    let mit = file("LICENSE-MIT");
    assert!(mit.contains("Permission is hereby granted, free of charge") && mit.contains("AS IS"));
    let apache = file("LICENSE-APACHE");
    assert!(apache.contains("Version 2.0, January 2004"));
    assert!(apache.contains("END OF TERMS AND CONDITIONS"));
}

#[test]
fn every_link_to_a_file_leads_somewhere() {
    let mut complaints = Vec::new();
    for text in texts().iter().filter(|text| text.has_ending("md")) {
        let folder = root().join(&text.path);
        let folder = folder.parent().unwrap_or(Path::new(""));
        for target in links(&text.content) {
            // Crate documentation also links to items by their names.
            let item = target.contains("::") || !target.contains(['.', '/']);
            let outside = target.contains("://") || target.starts_with('#');
            let path = target.split('#').next().unwrap_or_default();
            if !outside && !item && !folder.join(path).exists() {
                complaints.push(format!("{} links to {target}", text.path));
            }
        }
    }
    none_of(&complaints);
}

/// The targets of `[text](target)` outside of code.
fn links(markdown: &str) -> Vec<&str> {
    let mut in_code = false;
    let mut targets = Vec::new();
    for line in markdown.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        let rests = line.match_indices("](").map(|(at, found)| &line[at + found.len()..]);
        targets.extend(rests.filter_map(|rest| rest.split(')').next()));
    }
    targets
}

#[test]
fn the_published_schemas_are_those_that_are_tested() {
    for (name, owner) in [("report-1.json", "eval-report"), ("config-1.json", "cli")] {
        let tested = file(&format!("crates/{owner}/schema/{name}"));
        assert!(!tested.is_empty(), "{owner} has no {name}");
        assert_eq!(file(&format!("docs/schemas/{name}")), tested);
    }
}
