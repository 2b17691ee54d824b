//! `cargo xtask bench`: how fast and how large, beside curl and Google's SDK in the same run.

use std::path::Path;

use crate::checks::python;
use crate::shell;

/// What can be measured.
const MEASURED: [&str; 4] = ["upload", "download", "pipeline", "sweep"];

/// Just below what the service takes in one file.
const BIG_MIB: &str = "1812";

/// Builds what is measured, measures, prints a table and writes `target/bench/*.json`.
pub(crate) fn run(words: &[String]) -> bool {
    let big = words.iter().any(|word| word == "--big");
    let names: Vec<&str> =
        words.iter().map(String::as_str).filter(|word| *word != "--big").collect();
    let unknown = names.iter().find(|name| **name != "big" && !MEASURED.contains(name));
    let alone = !names.contains(&"big") || names.len() == 1;
    if unknown.is_some() || !alone {
        eprintln!(
            "bench what? {}, alone: big; --big makes transfers of 1.9 GB",
            MEASURED.join(", ")
        );
        return false;
    }
    let done = measure(&names, big);
    if let Err(why) = &done {
        eprintln!("bench failed: {why}");
    }
    done.is_ok()
}

fn measure(names: &[&str], big: bool) -> Result<(), String> {
    python::python3()?;
    let sdk = python::environment()?;
    shell::output(&mut shell::program("curl", &["--version"]))?;
    for what in [
        ["--package", "cli", "--bin", "batch-eval"],
        ["--package", "tests", "--example", "transfer"],
    ] {
        let mut build = shell::cargo(&["build", "--release"]);
        shell::succeeds(build.args(what))?;
    }
    let release = shell::target().join("release");
    if names == ["big"] {
        return survive(&release);
    }
    let mut bench = shell::program("python3", &["-B", "tests/bench/bench.py"]);
    bench.arg("--program").arg(release.join("batch-eval"));
    bench.arg("--transfer").arg(release.join("examples").join("transfer"));
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
