//! Which crate may know which: the drawing of the house, checked against `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;
use tests::process::root;

use super::{Text, none_of, texts};

/// The arrows there may be between our crates; `cli` may know all of them.
const ARROWS: [(&str, &[&str]); 12] = [
    ("batch-backend", &[]),
    ("batch-cost", &[]),
    ("batch-orchestrator", &["batch-backend"]),
    ("eval-report", &["eval-stats", "scoring"]),
    ("eval-stats", &[]),
    ("gemini-client", &["batch-backend"]),
    ("gemini-emulator", &[]),
    ("jsonl-transform", &[]),
    ("model-judge", &["eval-stats", "scoring"]),
    ("run-store", &["batch-backend", "batch-orchestrator"]),
    ("scorer-plugins", &["scoring"]),
    ("scoring", &[]),
];

/// The crates with fuzz targets, which the tests' own library drives.
const FUZZED: [&str; 8] = [
    "batch-orchestrator",
    "cli",
    "eval-report",
    "gemini-client",
    "jsonl-transform",
    "run-store",
    "scorer-plugins",
    "scoring",
];

/// Words that may not occur in the code of a crate, in lower case.
const FENCES: [(&str, &[&str]); 10] = [
    ("batch-backend", &["gemini", "google", "std::net", "std::process", "reqwest"]),
    ("batch-cost", &["std::fs", "std::net", "std::process", "tokio", "::now("]),
    (
        "batch-orchestrator",
        &["gemini", "google", "std::fs", "std::net", "instant::now", "systemtime::now"],
    ),
    ("eval-report", &["std::fs", "std::net", "std::process"]),
    ("eval-stats", &["gemini", "std::fs", "std::net", "std::process"]),
    ("jsonl-transform", &["tokio", "async fn", "std::net", "reqwest", "hyper"]),
    ("model-judge", &["gemini", "google", "std::fs", "std::net", "std::process", "tokio"]),
    ("run-store", &["gemini_", "std::net", "reqwest"]),
    ("scorer-plugins", &["gemini", "google", "std::net", "tokio"]),
    ("scoring", &["std::fs", "std::net", "std::process", "tokio"]),
];

fn metadata() -> Vec<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(root())
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    answer["packages"].as_array().unwrap().clone()
}

fn name(value: &Value) -> &str {
    value["name"].as_str().unwrap()
}

fn dependencies(package: &Value) -> impl Iterator<Item = &Value> {
    package["dependencies"].as_array().unwrap().iter()
}

#[test]
fn every_arrow_between_our_crates_is_in_the_drawing() {
    let packages = metadata();
    let ours: BTreeSet<&str> = packages.iter().map(name).collect();
    let drawing: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    let mut complaints = Vec::new();
    for package in &packages {
        let from = name(package);
        let normal = dependencies(package).filter(|dependency| dependency["kind"].is_null());
        for to in normal.map(name).filter(|to| ours.contains(to)) {
            let drawn = match drawing.get(from) {
                Some(allowed) => allowed.contains(&to),
                None if from == "tests" => FUZZED.contains(&to),
                None => from == "cli" && to != "tests" && to != "xtask",
            };
            if !drawn {
                complaints.push(format!("{from} may not depend on {to}"));
            }
        }
    }
    none_of(&complaints);
}

#[test]
fn the_drawing_names_the_crates_that_there_are() {
    let packages = metadata();
    let there: BTreeSet<&str> = packages.iter().map(name).collect();
    let beside = ["cli", "tests", "xtask"];
    let drawn: BTreeSet<&str> = ARROWS.iter().map(|(name, _)| *name).chain(beside).collect();
    assert_eq!(there, drawn);
}

/// The client, and the emulator where it stands in front of a real model: there only in the folder
/// and under the feature that are for it.
#[test]
fn only_the_client_and_the_upstream_name_reqwest() {
    let mut complaints = Vec::new();
    for package in metadata().iter().filter(|package| name(package) != "gemini-client") {
        let may = |dependency: &Value| {
            name(package) == "gemini-emulator" && dependency["optional"] == Value::Bool(true)
        };
        let named = dependencies(package).filter(|dependency| name(dependency) == "reqwest");
        if !named.into_iter().all(may) {
            complaints.push(format!("{} depends on reqwest", name(package)));
        }
    }
    let free = ["crates/gemini-client", "crates/gemini-emulator/src/upstream"];
    let fenced = |text: &&Text| text.is_rust() && !free.iter().any(|folder| text.is_in(folder));
    for text in texts().iter().filter(fenced) {
        for (number, line) in text.code_lines() {
            if line.contains(concat!("reqwest", "::")) {
                complaints.push(format!("{}:{number} names reqwest", text.path));
            }
        }
    }
    none_of(&complaints);
}

#[test]
fn no_crate_steps_over_its_fence() {
    let texts = texts();
    let mut complaints = Vec::new();
    for (fenced, words) in FENCES {
        let folder = format!("crates/{fenced}/src");
        let inside: Vec<_> = texts.iter().filter(|text| text.is_in(&folder)).collect();
        assert!(!inside.is_empty(), "{folder} is empty");
        for text in inside {
            for (number, line) in text.code_lines() {
                let line = line.to_ascii_lowercase();
                for word in words.iter().filter(|word| line.contains(**word)) {
                    complaints.push(format!("{}:{number} has {word:?}", text.path));
                }
            }
        }
    }
    none_of(&complaints);
}

#[test]
fn every_library_says_what_it_is() {
    let mut complaints = Vec::new();
    for package in metadata() {
        let name = name(&package);
        if !package["publish"].is_null() {
            continue;
        }
        for field in ["description", "license", "repository", "readme", "rust_version"] {
            if package[field].as_str().is_none_or(str::is_empty) {
                complaints.push(format!("{name} has no {field}"));
            }
        }
        if package["keywords"].as_array().is_none_or(Vec::is_empty) {
            complaints.push(format!("{name} has no keywords"));
        }
        if package.pointer("/metadata/docs/rs").is_none() {
            complaints.push(format!("{name} has no [package.metadata.docs.rs]"));
        }
    }
    none_of(&complaints);
}
