//! `cargo xtask bench transform score join`: the passes over rows, beside other programs in the same run.

use crate::checks::python;
use crate::shell;

/// What can be measured.
pub(crate) const MEASURED: [&str; 3] = ["transform", "score", "join"];

/// The Python packages that are peers.
const REQUIREMENTS: &str = "tests/bench/data/requirements.txt";

/// Builds and installs what is needed and measures; `flags` go to the script as they are.
pub(crate) fn measure(names: &[&str], flags: &[String]) -> Result<(), String> {
    python::python3()?;
    let peers = python::environment_of("python-peers", REQUIREMENTS)?;
    for what in [
        ["--package", "cli", "--bin", "batch-eval"],
        ["--package", "tests", "--example", "results"],
    ] {
        shell::succeeds(shell::cargo(&["build", "--release"]).args(what))?;
    }
    let release = shell::target().join("release");
    let mut bench = shell::program("python3", &["-B", "tests/bench/data/rows.py"]);
    bench.arg("--program").arg(release.join("batch-eval"));
    bench.arg("--results").arg(release.join("examples").join("results"));
    bench.arg("--python").arg(peers);
    bench.arg("--out").arg(shell::target().join("bench"));
    shell::succeeds(bench.args(flags).args(names))
}
