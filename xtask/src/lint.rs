//! `cargo xtask lint`: what can be said of the code without running the program.

use std::process::Command;

use crate::shell;

/// Runs every lint, also after a failure, and says which failed.
pub(crate) fn run() -> bool {
    let mut docs = shell::cargo(&["doc", "--workspace", "--no-deps", "--all-features"]);
    docs.env("RUSTDOCFLAGS", "-D warnings");
    let clippy =
        ["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];
    let steps = [
        ("formatting", shell::cargo(&["fmt", "--all", "--check"])),
        ("clippy", shell::cargo(&clippy)),
        ("documentation", docs),
        ("tidy", tidy_command()),
    ];
    let mut failed = Vec::new();
    for (name, mut command) in steps {
        println!("lint: {name}");
        if let Err(why) = shell::succeeds(&mut command) {
            eprintln!("lint: {name} failed: {why}");
            failed.push(name);
        }
    }
    match failed.as_slice() {
        [] => println!("lint: all good"),
        failed => eprintln!("lint: failed in {}", failed.join(", ")),
    }
    failed.is_empty()
}

/// Runs the rules of the house alone.
pub(crate) fn tidy() -> bool {
    let done = shell::succeeds(&mut tidy_command());
    if let Err(why) = &done {
        eprintln!("tidy failed: {why}");
    }
    done.is_ok()
}

fn tidy_command() -> Command {
    shell::cargo(&["test", "--quiet", "--package", "tests", "--test", "it", "--", "tidy::"])
}
