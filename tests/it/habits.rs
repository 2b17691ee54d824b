//! What one expects of any good program: help with examples, quiet pipes, suggestions, pages, logs, documented names.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use serde_json::Value;
use tests::house::{House, KEY};
use tests::process::{Said, batch_eval, root};

/// The commands below some words, as the program itself lists them.
fn commands_below(house: &House, words: &[&str]) -> Vec<String> {
    let help = house.call_without_key(&[words, &["--help"]].concat());
    let Some((_, list)) = help.stdout.split_once("Commands:\n") else { return Vec::new() };
    let list = list.split("\nOptions:").next().unwrap();
    let list = list.split("\nArguments:").next().unwrap();
    let names = list.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = names.map(|line| line.split_whitespace().next().unwrap().to_owned());
    names.filter(|name| name != "help").collect()
}

fn commands(house: &House) -> Vec<String> {
    commands_below(house, &[])
}

#[test]
fn every_command_has_help_with_examples_of_itself() {
    let house = House::with_rows(1);
    let commands = commands(&house);
    assert!(commands.len() >= 20, "{commands:?}");
    for command in &commands {
        let said = house.call_without_key(&["help", command]);
        assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{command}: {said:?}");
        let below = commands_below(&house, &[command]);
        // A family of commands shows its examples at its head or with each member.
        let mut asked: Vec<Vec<&str>> = vec![vec![command]];
        if !said.stdout.contains("Examples:") {
            asked = below.iter().map(|below| vec![command.as_str(), below.as_str()]).collect();
        }
        assert!(!asked.is_empty(), "{command} has no examples");
        for words in asked {
            let said = house.call_without_key(&[&words[..], &["--help"]].concat());
            let own = format!("batch-eval {}", words.join(" "));
            let examples = said.stdout.split_once("Examples:\n").map(|(_, examples)| examples);
            assert!(
                examples.is_some_and(|text| text.contains(&own)),
                "{words:?} has no examples:\n{}",
                said.stdout
            );
        }
    }
}

/// The examples of every command are words that the program knows.
#[test]
fn the_examples_in_the_help_are_right() {
    let house = House::with_rows(1);
    let mut seen = 0;
    for command in commands(&house) {
        let help = house.call_without_key(&[&command, "--help"]).stdout;
        let Some((_, examples)) = help.split_once("Examples:\n") else { continue };
        for line in examples.lines().filter(|line| line.trim_start().starts_with("batch-eval ")) {
            for flag in
                line.split_whitespace().filter(|word| word.starts_with("--") && word.len() > 2)
            {
                let flag = flag.trim_end_matches(['`', ',', ')']);
                let flag = flag.split('=').next().unwrap();
                let own = line.split('|').next().unwrap().contains(flag);
                assert!(!own || help.contains(flag), "{command} has no {flag}: {line}");
                seen += 1;
            }
        }
    }
    assert!(seen > 15, "{seen}");
}

/// Runs with a standard output that nobody reads.
fn unread(house: &House, words: &[&str]) -> Said {
    let mut child = batch_eval(house.path(), words)
        .env("GEMINI_API_KEY", KEY)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    Said::from(child.wait_with_output().unwrap())
}

#[test]
fn a_reader_that_goes_away_is_no_trouble_to_any_command_that_prints() {
    let house = House::with_rows(20);
    for run in ["one", "two"] {
        let said =
            house.call_without_key(&["run", "data.jsonl", "--name", run, "--accept-partial", "-q"]);
        assert_eq!(said.code, Some(0), "{said:?}");
    }
    let printing: [&[&str]; 19] = [
        &["runs"],
        &["runs", "--json"],
        &["status", "one"],
        &["report", "one"],
        &["report", "one", "--format", "csv"],
        &["report", "one", "--format", "jsonl"],
        &["report", "one", "--format", "html"],
        &["report", "one", "--format", "junit"],
        &["score", "one"],
        &["show", "one", "3"],
        &["show", "one", "3", "--json"],
        &["drift", "one"],
        &["compare", "one", "two"],
        &["check", "data.jsonl", "--emulator", "-m", "sim-pro"],
        &["doctor"],
        &["init", "data.jsonl", "-o", "-"],
        &["completions", "zsh"],
        &["man"],
        &["transform", "data.jsonl", "-o", "-"],
    ];
    for words in printing {
        let said = unread(&house, words);
        assert!(
            !said.stderr.contains("panicked") && !said.stderr.contains("error"),
            "{words:?}: {said:?}"
        );
        assert_eq!(said.code, Some(141), "{words:?}: {said:?}");
    }
    for words in [["--help", "run"], ["help", "run"], ["--version", "run"]] {
        let said = unread(&house, &words[..2]);
        assert!(
            said.stderr.is_empty() && matches!(said.code, Some(0 | 141)),
            "{words:?}: {said:?}"
        );
    }
}

#[test]
fn slips_of_the_pen_are_understood() {
    let house = House::with_rows(1);
    for (words, hint) in [
        (vec!["rnu"], "'runs'"),
        (vec!["doctr"], "'doctor'"),
        (vec!["run", "--modle", "x"], "'--model'"),
        (vec!["show", "--ful", "1"], "'--full'"),
        (vec!["run", "data.jsonl", "--bad-rows", "skp"], "'skip'"),
        (vec!["completions", "bsh"], "'bash'"),
        (vec!["run", "data.jsonl", "--scorer", "functon-call"], "`function-call`"),
        (vec!["check", "data.jsonl", "-m", "gemini-3.8-flsh", "--offline"], "gemini-3.8-flash?"),
    ] {
        let said = house.call_without_key(&words);
        assert_ne!(said.code, Some(0), "{words:?}");
        let both = format!("{}{}", said.stdout, said.stderr);
        assert!(both.contains(hint), "{words:?} should name {hint}: {said:?}");
    }
}

#[test]
fn the_version_names_the_commit_where_it_is_known_and_is_the_same_twice() {
    let house = House::with_rows(1);
    let said = house.call_without_key(&["--version"]);
    let version = said.stdout.trim().strip_prefix("batch-eval ").unwrap();
    let number = version.split(' ').next().unwrap();
    assert!(number.split('.').count() == 3, "{said:?}");
    if let Some((_, commit)) = version.split_once(" (") {
        let commit = commit.trim_end_matches(')');
        let (hash, day) = commit.split_once(' ').unwrap_or((commit, "2026-01-01"));
        assert!(hash.len() >= 7 && day.len() == 10, "{said:?}");
    }
    assert_eq!(house.call_without_key(&["--version"]).stdout, said.stdout);
    assert!(house.call_without_key(&["doctor"]).stdout.contains(version));
}

#[test]
fn shells_and_man_learn_every_command() {
    let house = House::with_rows(1);
    let commands = commands(&house);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let said = house.call_without_key(&["completions", shell]);
        let unknown = commands.iter().find(|command| !said.stdout.contains(command.as_str()));
        assert_eq!((said.code, unknown), (Some(0), None), "{shell}");
    }
    // Bash itself takes the script, and completes by it.
    let script = house.call_without_key(&["completions", "bash"]).stdout;
    house.write("completion.bash", &script);
    let ask = "source completion.bash; COMP_WORDS=(batch-eval do); COMP_CWORD=1; _batch__eval batch-eval do batch-eval; echo ${COMPREPLY[@]}";
    let bash = std::process::Command::new("bash")
        .args(["-c", ask])
        .current_dir(house.path())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&bash.stdout).trim(), "doctor", "{bash:?}");

    let said = house.call_without_key(&["man", "pages"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    for command in &commands {
        let page =
            fs::read_to_string(house.path().join(format!("pages/batch-eval-{command}.1"))).unwrap();
        assert!(page.starts_with(".ie") && page.contains(".SH NAME"), "{command}: {page:.200}");
    }
    let page = house.call_without_key(&["man"]).stdout;
    assert!(page.contains(".SH SYNOPSIS"), "{page:.200}");
}

#[test]
fn logs_are_asked_for_escaped_and_go_where_they_are_told() {
    let house = House::with_rows(3);
    let silent =
        house.call_without_key(&["run", "data.jsonl", "--name", "a", "-q", "--accept-partial"]);
    assert_eq!((silent.code, silent.stderr.as_str()), (Some(0), ""), "{silent:?}");
    let evil = "ev\u{1b}[31mil\nFORGED.jsonl";
    fs::copy(house.path().join("data.jsonl"), house.path().join(evil)).unwrap();
    let loud =
        house.call_without_key(&["run", evil, "--name", "b", "-vvv", "-q", "--accept-partial"]);
    assert!(loud.stderr.contains("DEBUG") && !loud.stderr.contains('\u{1b}'), "{loud:?}");
    assert!(!loud.stderr.lines().any(|line| line.starts_with("FORGED")), "{loud:?}");

    let words = [
        "run",
        "data.jsonl",
        "--name",
        "c",
        "-q",
        "--accept-partial",
        "--log-file",
        "log.json",
        "--log-format",
        "json",
        "--log",
        "debug,hyper=off",
    ];
    let said = house.call(&words[..]);
    let _ = said;
    let said = house.call_without_key(&words);
    assert!(said.stderr.is_empty(), "{said:?}");
    let log = fs::read_to_string(house.path().join("log.json")).unwrap();
    let events: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(events.len() > 5 && events.iter().all(|event| event["level"].is_string()), "{log}");
    assert!(!log.contains(KEY), "no log holds the key");
    let mode = fs::metadata(house.path().join("log.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");

    let mut by_name = batch_eval(house.path(), ["runs"]);
    let odd = Said::from(by_name.env("BATCH_EVAL_LOG", "[nonsense").output().unwrap());
    assert_eq!((odd.code, odd.stderr.contains("no log filter")), (Some(2), true), "{odd:?}");
    let said = house.call_without_key(&["runs", "--log-file", "no/such/folder/log"]);
    assert_eq!((said.code, said.stderr.contains("log file")), (Some(2), true), "{said:?}");
}

/// String literals of the sources that are named where the environment is read.
fn variables_of_the_code() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![root().join("crates")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let of_tests = ["tests", "benches", "examples"].iter().any(|name| path.ends_with(name));
            if path.is_dir() && !of_tests {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let text = text.split("#[cfg(test)]").next().unwrap();
                // What is built in, and what is set for children, is not read here.
                let text = text.replace("env!(\"", "(\"!").replace(".env(\"", "(\"!");
                found.extend(literals(&text));
            }
        }
    }
    found
}

/// Names that look like variables of ours or that are asked for in so many words.
fn literals(text: &str) -> Vec<String> {
    let ours = ["BATCH_EVAL_", "GOOGLE_", "GEMINI_", "XDG_"];
    let usual = ["HOME", "PATH", "LANG"];
    let quoted = text.split('"').skip(1).step_by(2);
    let is_name = |name: &&str| {
        name.len() > 3
            && name.chars().all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit())
    };
    let own = quoted.filter(is_name).filter(|name| {
        let ours = ours.iter().any(|start| name.starts_with(start));
        ours || name.ends_with("_PROXY") || usual.contains(name)
    });
    let asked = ["env = \"", "env::var(\"", "env::var_os(\""]
        .into_iter()
        .flat_map(|call| text.split(call).skip(1).filter_map(|rest| rest.split('"').next()));
    // What cargo sets is no business of whoever calls the program, and compilers are not called by it.
    let cargo = |name: &&str| name.starts_with("CARGO");
    own.chain(asked).filter(|name| !cargo(name)).map(str::to_owned).collect()
}

#[test]
fn every_variable_that_is_read_is_documented_and_no_other() {
    let page = fs::read_to_string(root().join("docs/environment.md")).unwrap();
    let names = |line: &str| -> Vec<String> {
        let first = line.split('|').nth(1).unwrap_or_default();
        first.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let section =
        |from: &str| page.split(from).nth(1).unwrap().split("\n## ").next().unwrap().to_owned();
    let rows = |text: &str| -> BTreeSet<String> {
        let lines = text.lines().filter(|line| line.starts_with("| `"));
        lines.flat_map(names).filter(|name| name.to_uppercase() == *name).collect()
    };
    let documented = rows(&section("## Variables"));
    let code = variables_of_the_code();
    let missing: Vec<_> = code.difference(&documented).collect();
    let too_much: Vec<_> = documented.difference(&code).collect();
    assert!(
        missing.is_empty() && too_much.is_empty(),
        "docs/environment.md lacks {missing:?} and has {too_much:?} too much"
    );
    assert!(code.len() >= 8, "{code:?}");
}
