//! What the README shows is what the program prints.

use std::fs;

use tests::house::House;
use tests::process::root;

/// The block of the README that shows a run.
fn shown() -> String {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, rest) = readme.split_once("<!-- real output").unwrap();
    let (_, rest) = rest.split_once("```text\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

/// Takes out what differs from one run to the next: the time and the run's name.
fn settled(text: &str) -> String {
    let line = |line: &str| {
        if line.starts_with("It took ") {
            "It took TIME.".to_owned()
        } else if line.starts_with("run folder: ") {
            "run folder: FOLDER".to_owned()
        } else {
            line.to_owned()
        }
    };
    text.trim().lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_readme_shows_the_real_output() {
    let said = House::with_rows(1).call_without_key(&["run"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(
        settled(&said.stdout),
        settled(&shown()),
        "make the README show this:\n{}",
        said.stdout
    );
}

#[test]
fn the_commands_of_the_readme_exist() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let house = House::with_rows(1);
    let mut seen = 0;
    for line in readme.lines().filter_map(|line| line.strip_prefix("batch-eval ")) {
        let command = line.split_whitespace().next().unwrap();
        let said = house.call_without_key(&[command, "--help"]);
        assert_eq!(said.code, Some(0), "{line}: {said:?}");
        let flags = line.split_whitespace().filter(|word| word.starts_with("--"));
        for flag in flags {
            assert!(said.stdout.contains(flag), "{command} has {flag}");
        }
        seen += 1;
    }
    assert!(seen >= 10, "{seen} commands");
}
