//! Rules for every source file: how it opens, how long it is, what it may not hold.

use super::{none_of, texts};

/// House rule is about 400; this is where "about" ends.
const LONGEST: usize = 450;

#[test]
fn every_file_says_why_it_exists() {
    let mut complaints = Vec::new();
    for text in texts().iter().filter(|text| text.is_rust()) {
        let first = text.content.lines().next().unwrap_or_default();
        if !first.starts_with("//! ") && !first.starts_with("#![doc") {
            complaints.push(format!("{} opens with {first:?}", text.path));
        }
    }
    none_of(&complaints);
}

#[test]
fn no_file_is_too_long_to_read() {
    let mut complaints = Vec::new();
    for text in texts().iter().filter(|text| text.is_rust() || text.has_ending("py")) {
        let lines = text.content.lines().count();
        if lines > LONGEST {
            complaints.push(format!("{} has {lines} lines: split it by noun", text.path));
        }
    }
    none_of(&complaints);
}

#[test]
fn no_source_holds_what_the_house_forbids() {
    let ignored = concat!("#[", "ignore");
    let words = [
        (ignored, "a test that is not run is no test"),
        (concat!("#[", "allow("), "use expect with a reason"),
        (concat!("#![", "allow("), "use expect with a reason"),
        (concat!("serde(", "flatten"), "poor error messages"),
        (concat!("serde(", "untagged"), "poor error messages"),
        (concat!("un", "safe {"), "no crate needs it"),
    ];
    let mut complaints = Vec::new();
    for text in texts().iter().filter(|text| text.is_rust()) {
        for (number, line) in text.code_lines() {
            for (word, why) in words.iter().filter(|(word, _)| line.contains(word)) {
                complaints.push(format!("{}:{number} has {word}: {why}", text.path));
            }
        }
    }
    none_of(&complaints);
}

#[test]
fn only_the_program_and_xtask_print() {
    let prints = [
        concat!("print", "ln!("),
        concat!("e", "print!("),
        concat!(" ", "print!("),
        concat!("d", "bg!("),
    ];
    let may_print = ["crates/cli", "xtask", "tests/foreign", "tests/foreign-clients"];
    let mut complaints = Vec::new();
    for text in texts().iter().filter(|text| text.is_rust()) {
        // Examples and benchmarks are programs of their own.
        let program = ["/examples/", "/benches/"].iter().any(|part| text.path.contains(part));
        if program || may_print.iter().any(|folder| text.is_in(folder)) {
            continue;
        }
        for (number, line) in text.code_lines() {
            if prints.iter().any(|word| line.contains(word)) {
                complaints.push(format!("{}:{number} prints", text.path));
            }
        }
    }
    none_of(&complaints);
}

#[test]
fn no_test_file_is_forgotten() {
    let texts = texts();
    let main = texts.iter().find(|text| text.path == "tests/it/main.rs").unwrap();
    let mut complaints = Vec::new();
    for text in texts.iter().filter(|text| text.is_rust()) {
        let Some(name) = text.path.strip_prefix("tests/it/").filter(|name| !name.contains('/'))
        else {
            continue;
        };
        let name = name.trim_end_matches(".rs");
        if name != "main" && !main.content.lines().any(|line| line == format!("mod {name};")) {
            complaints.push(format!("tests/it/main.rs does not name {name}"));
        }
    }
    none_of(&complaints);
}

#[test]
fn no_file_knows_the_machine_it_was_written_on() {
    let needles = [
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("../sha", "red"),
        concat!("/tmp/ba", "sh_jobs"),
    ];
    let mut complaints = Vec::new();
    for text in texts().iter().filter(|text| text.path != ".ci/run") {
        for (number, line) in (1..).zip(text.content.lines()) {
            for needle in needles.iter().filter(|needle| line.contains(**needle)) {
                complaints.push(format!("{}:{number} has {needle:?}", text.path));
            }
        }
    }
    none_of(&complaints);
}
