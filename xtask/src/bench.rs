//! `cargo xtask bench`: how fast and how large, beside others in the same run.

pub(crate) mod instructions;
mod plugins;
mod rows;

use std::path::Path;

use crate::checks::python;
use crate::shell;

/// What can be measured.
const MEASURED: [&str; 9] = [
    "upload",
    "download",
    "upload-bare",
    "download-bare",
    "upload-tls",
    "download-tls",
    "pipeline",
    "pipeline-big",
    "sweep",
];

/// Just below what the service takes in one file.
const BIG_MIB: &str = "1812";

/// Builds what is measured, measures, prints a table and writes `target/bench/*.json`.
pub(crate) fn run(words: &[String]) -> bool {
    if let Some(done) = of_rows(words) {
        return said(&done);
    }
    let big = words.iter().any(|word| word == "--big");
    let names: Vec<&str> =
        words.iter().map(String::as_str).filter(|word| *word != "--big").collect();
    let unknown = names.iter().find(|name| **name != "big" && !MEASURED.contains(name));
    let alone = !names.contains(&"big") || names.len() == 1;
    if unknown.is_some() || !alone {
        eprintln!(
            "bench what? {}; --big makes transfers of 1.9 GB\n{}; --size MIB, --seed N, --rounds N, \
             --profile NAME, --without PEER\nalone: big, instructions [--renew], plugins",
            MEASURED.join(", "),
            rows::MEASURED.join(", ")
        );
        return false;
    }
    let done = measure(&names, big);
    // With no word everything is measured, but for what needs minutes or valgrind.
    let everything = names.is_empty() && !big;
    said(&if everything { done.and_then(|()| rows::measure(&[], &[])) } else { done })
}

/// Measures passes over rows, if that is what the first word names.
fn of_rows(words: &[String]) -> Option<Result<(), String>> {
    let (first, rest) = words.split_first()?;
    if first == "instructions" {
        return Some(instructions::measure(rest));
    }
    if first == "plugins" && rest.is_empty() {
        return Some(plugins::measure());
    }
    let is_name = |word: &&String| rows::MEASURED.contains(&word.as_str());
    let names: Vec<&str> = words.iter().take_while(is_name).map(String::as_str).collect();
    let options = &words[names.len()..];
    // Both kinds are not measured in one go.
    let are_options = options.first().is_none_or(|word| word.starts_with("--"));
    (!names.is_empty() && are_options).then(|| rows::measure(&names, options))
}

fn said(done: &Result<(), String>) -> bool {
    if let Err(why) = done {
        eprintln!("bench failed: {why}");
    }
    done.is_ok()
}

fn measure(names: &[&str], big: bool) -> Result<(), String> {
    python::python3()?;
    let sdk = python::environment()?;
    shell::output(&mut shell::program("curl", &["--version"]))?;
    shell::output(&mut shell::program("openssl", &["version"]))?;
    for what in [
        ["--package", "cli", "--bin", "batch-eval"],
        ["--package", "gemini-client", "--example", "transfer"],
        ["--package", "tests", "--example", "bare_server"],
    ] {
        let mut build = shell::cargo(&["build", "--release"]);
        shell::succeeds(build.args(what))?;
    }
    let release = shell::target().join("release");
    if names == ["big"] {
        return survive(&release);
    }
    let example = |name| release.join("examples").join(name);
    let mut bench = shell::program("python3", &["-B", "tests/bench/bench.py"]);
    bench.arg("--program").arg(release.join("batch-eval"));
    bench.arg("--transfer").arg(example("transfer"));
    bench.arg("--bare").arg(example("bare_server"));
    bench.arg("--sdk").arg(sdk);
    bench.arg("--out").arg(shell::target().join("bench"));
    if big {
        // Three rounds of what takes minutes a round; the small things do not grow.
        bench.args(["--size", BIG_MIB, "--rounds", "3"]);
    }
    let names = if big && names.is_empty() { &["upload", "download"] } else { names };
    shell::succeeds(bench.args(names))
}

/// The long test: 1.9 GB up and down through kill -9.
fn survive(release: &Path) -> Result<(), String> {
    let mut big = shell::program("python3", &["-B", "tests/bench/big.py", "--size", BIG_MIB]);
    big.arg("--program").arg(release.join("batch-eval"));
    big.arg("--transfer").arg(release.join("examples").join("transfer"));
    shell::succeeds(big.arg("--out").arg(shell::target().join("bench")))
}
