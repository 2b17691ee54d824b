//! `cargo xtask bench plugins`: rows a second through the Python bridge, beside a plain Python loop in the same run.

use crate::shell;

/// Builds and runs the bench on all cores, then on one.
pub(crate) fn measure() -> Result<(), String> {
    let words = ["bench", "--package", "scorer-plugins", "--bench", "bridge"];
    println!("on all cores");
    shell::succeeds(&mut shell::cargo(&words))?;
    if shell::output(&mut shell::program("taskset", &["--version"])).is_err() {
        println!("on one core: skipped, there is no taskset");
        return Ok(());
    }
    println!("on one core");
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let bound: Vec<&str> = ["-c", "0", &cargo].into_iter().chain(words).collect();
    shell::succeeds(&mut shell::program("taskset", &bound))
}
