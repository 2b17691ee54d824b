//! What commands print for people fits the terminal: eighty columns where nobody says, more where there are more.

use tests::house::{House, run_words};
use tests::process::{Said, Server, batch_eval};

fn at(house: &House, words: &[&str], columns: Option<&str>) -> Said {
    let mut command = batch_eval(house.path(), words);
    command.env_remove("COLUMNS").env("GEMINI_API_KEY", "test-key-0123456789");
    command.envs(columns.map(|columns| ("COLUMNS", columns)));
    Said::from(command.output().unwrap())
}

/// The widest line; every character of what is printed here takes one column.
fn widest(said: &Said) -> usize {
    said.stdout.lines().map(|line| line.chars().count()).max().unwrap_or(0)
}

#[test]
fn every_list_fits_eighty_columns_and_uses_more_where_there_are_more() {
    let house = House::with_rows(12);
    let server = Server::emulator(house.path(), &["--time-scale", "1000"]);
    let models = ["a-model-with-a-rather-long-name", "another-model-with-a-longer-name-yet"];
    let mut run = run_words(&server, "a-run-with-a-name-that-is-long", &models);
    run.extend(["--scorer", "not(function-call)", "--scorer", "refusal"]);
    let said = house.call(&run);
    assert_eq!(said.code, Some(0), "{said:?}");
    let name = "a-run-with-a-name-that-is-long";
    let base = ["--base-url", server.base_url()];
    let board = |command: &'static str| [&[command][..], &base].concat();
    for (words, wide) in [
        (vec!["status", name], Some("batches/")),
        (vec!["score", name, "--list"], Some("PASSES OF SCORED ROWS")),
        (vec!["runs"], Some("MODELS")),
        (board("jobs"), Some("JOB")),
        (board("files"), None),
        (board("gc"), None),
        (vec!["show", name, "3"], None),
        (vec!["drift", name], None),
        (vec!["report", name], None),
        (vec!["doctor"], None),
    ] {
        for columns in [None, Some("80"), Some("60")] {
            // Its examples stay on their lines, to be copied.
            if columns == Some("60") && words == ["doctor"] {
                continue;
            }
            let said = at(&house, &words, columns);
            assert!(!said.stdout.is_empty(), "{said:?}");
            let most = columns.map_or(80, |columns| columns.parse().unwrap());
            assert!(widest(&said) <= most, "{words:?} at {columns:?}:\n{}", said.stdout);
        }
        let Some(mark) = wide else { continue };
        let said = at(&house, &words, Some("300"));
        let alone = said.stdout.lines().any(|line| line.trim_start().starts_with(mark));
        assert!(said.stdout.contains(mark) && !alone, "nothing hangs below: {}", said.stdout);
    }
}

#[test]
fn a_comparison_of_runs_with_long_names_fits_too() {
    let house = House::with_rows(12);
    let names = ["a-run-with-a-name-that-is-long", "another-run-with-a-name-that-is-long"];
    for name in names {
        let words = ["run", "data.jsonl", "-q", "--emulator", "-m", "sim-a-rather-long-name"];
        let said = at(&house, &[&words[..], &["--accept-partial", "--name", name]].concat(), None);
        assert_eq!(said.code, Some(0), "{said:?}");
    }
    let words = ["compare", names[0], names[1], "--scorer", "not(function-call)"];
    for columns in ["80", "60"] {
        let said = at(&house, &words, Some(columns));
        assert!(said.stdout.contains("no difference shown"), "{said:?}");
        let lines = said.stdout.replace("\u{1b}[1m", "").replace("\u{1b}[0m", "");
        let widest = lines.lines().map(|line| line.chars().count()).max().unwrap_or(0);
        assert!(widest <= columns.parse().unwrap(), "at {columns}:\n{}", said.stdout);
    }
}
