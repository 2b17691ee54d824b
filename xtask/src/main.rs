//! The workspace's own commands; it starts cargo and others, and links none of the crates.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod bench;
mod checks;
mod emulator;
mod eval;
mod lint;
mod sbom;
mod shell;
mod suite;
mod tally;
mod torture;

use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask COMMAND

  eval [ARGUMENTS]  build batch-eval and run it: all arguments go to `batch-eval run`;
                    with none it evaluates the bundled sample with the built-in emulator
  test [NAME…]      all tests, then the checks by outsiders; the last line counts them all
  torture [TEST…]   deaths, faults and hostile bytes with new seeds, for as long as wanted; see --help
  bench [NAME…]     measures transfers, the pipeline and polling beside curl and Python
  sbom              writes the list of the program's parts to target/sbom/
  lint              formatting, clippy, documentation, tidy
  tidy              the rules of the house that no lint knows
  ci                lint, then test

Names for `test`:";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", [].as_slice()),
    };
    let done = match (command, rest) {
        ("eval", rest) => return eval::run(rest),
        ("test", names) => test(names),
        ("bench", names) => bench::run(names),
        ("sbom", []) => sbom(),
        ("torture", [help]) if help == "--help" => {
            println!("{}", torture::usage());
            true
        }
        ("torture", words) => torture::run(words),
        ("lint", []) => lint::run(),
        ("tidy", []) => lint::tidy(),
        ("ci", []) => lint::run() && test(&[]),
        ("help" | "--help" | "-h", _) => {
            println!("{USAGE}\n  cargo{}", checks::names());
            true
        }
        _ => {
            eprintln!("{USAGE}\n  cargo{}", checks::names());
            return ExitCode::from(2);
        }
    };
    if done { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Writes the list of parts.
fn sbom() -> bool {
    match sbom::write() {
        Ok(parts) => println!("{parts} parts in target/sbom/batch-eval.cdx.json"),
        Err(why) => {
            eprintln!("sbom failed: {why}");
            return false;
        }
    }
    true
}

/// Runs the named parts of the test suite, all when none is named; prints the closing line.
fn test(names: &[String]) -> bool {
    if let Some(unknown) = names.iter().find(|name| *name != "cargo" && !checks::exists(name)) {
        eprintln!("there is no check {unknown:?}; there are cargo{}", checks::names());
        return false;
    }
    let mut tally = tally::Tally::default();
    let binary = suite::build(&mut tally);
    if names.is_empty() || names.iter().any(|name| name == "cargo") {
        suite::run(binary.as_deref(), &mut tally);
    }
    checks::run(binary.as_deref(), names, &mut tally);
    tally.close(shell::in_ci())
}
