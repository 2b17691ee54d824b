//! How many instructions a pass takes for each byte: a count that repeats, so that a slower pass shows in CI.

use std::fs;
use std::path::{Path, PathBuf};

use crate::checks::{self, python};
use crate::shell;
use crate::tally::Outcome;

/// The counts that were taken last, and what they were taken with.
const BASELINE: &str = "tests/bench/data/instructions.txt";

/// A pass may take this much more than its baseline; the count itself repeats to the thousandth.
const MOST: f64 = 1.10;
/// A pass that takes less than this share wants a new baseline, or the next slow step goes unseen.
const LEAST: f64 = 0.90;

/// What is counted: a name, how its file is made, and the words for batch-eval with the file put in between.
struct Counted {
    name: &'static str,
    made: [&'static str; 3],
    before: &'static [&'static str],
    after: &'static [&'static str],
}

const COUNTED: [Counted; 5] = [
    Counted {
        name: "transform-short",
        made: ["dataset", "--profile=short", "--size=6"],
        before: &["transform"],
        after: &["--output", "/dev/null", "--quiet", "--threads", "1"],
    },
    Counted {
        name: "transform-long",
        made: ["dataset", "--profile=long", "--size=6"],
        before: &["transform"],
        after: &["--output", "/dev/null", "--quiet", "--threads", "1"],
    },
    Counted {
        name: "transform-blob",
        made: ["dataset", "--profile=blob", "--size=6"],
        before: &["transform"],
        after: &["--output", "/dev/null", "--quiet", "--threads", "1"],
    },
    Counted {
        name: "score-short",
        made: ["results", "--profile=short", "--size=6"],
        before: &["score"],
        after: &["--json", "--threads", "1"],
    },
    Counted {
        name: "score-long",
        made: ["results", "--profile=long", "--size=6"],
        before: &["score"],
        after: &["--json", "--threads", "1"],
    },
];

/// `cargo xtask bench instructions [--renew]`: prints the counts, and writes them down if that is asked.
pub(crate) fn measure(flags: &[String]) -> Result<(), String> {
    let renew = match flags {
        [] => false,
        [flag] if flag == "--renew" => true,
        _ => return Err("instructions takes --renew and nothing else".to_owned()),
    };
    shell::succeeds(&mut shell::cargo(&["build", "--release", "--package", "cli"]))?;
    let counts = count(&shell::target().join("release").join("batch-eval"))?;
    let text = fs::read_to_string(shell::root().join(BASELINE)).unwrap_or_default();
    println!("{:18}{:>14}{:>10}{:>9}", "", "instr./byte", "baseline", "ratio");
    for (name, per_byte) in &counts {
        match baseline(&text, name) {
            Some(was) => println!("{name:18}{per_byte:14.3}{was:10.3}{:9.3}", per_byte / was),
            None => println!("{name:18}{per_byte:14.3}{:>10}{:>9}", "-", "-"),
        }
    }
    if renew {
        let renewed = renewed(&text, &counts)?;
        return fs::write(shell::root().join(BASELINE), renewed)
            .map_err(|error| format!("failed to write {BASELINE}: {error}"));
    }
    held(&text, &counts).map(drop)
}

/// The check of `cargo xtask test`.
pub(crate) fn check(binary: &Path) -> Outcome {
    if let Err(why) = python::python3().and_then(|()| valgrind()) {
        return Outcome::Skipped(why);
    }
    let text = match fs::read_to_string(shell::root().join(BASELINE)) {
        Ok(text) => text,
        Err(error) => return Outcome::Failed(format!("failed to read {BASELINE}: {error}")),
    };
    if !text.lines().any(|line| line.starts_with(std::env::consts::ARCH)) {
        let machine = std::env::consts::ARCH;
        return Outcome::Skipped(format!("no counts were taken on {machine} yet"));
    }
    checks::outcome(count(binary).and_then(|counts| held(&text, &counts)))
}

fn valgrind() -> Result<(), String> {
    let found = shell::output(&mut shell::program("valgrind", &["--version"]));
    found.map(drop).map_err(|_| "there is no valgrind".to_owned())
}

/// Instructions per byte of each pass, without what a run takes that has hardly a byte to read.
fn count(binary: &Path) -> Result<Vec<(&'static str, f64)>, String> {
    valgrind()?;
    let scratch = shell::target().join("instructions");
    fs::create_dir_all(&scratch)
        .map_err(|error| format!("failed to make {}: {error}", scratch.display()))?;
    let mut counts = Vec::new();
    for counted in &COUNTED {
        let file = scratch.join(counted.name).with_extension("jsonl");
        let [kind, profile, size] = counted.made;
        let small = scratch.join(counted.name).with_extension("first.jsonl");
        made(&[kind, profile, size], &file)?;
        let text = fs::read(&file).map_err(|error| format!("failed to read: {error}"))?;
        let end = text.iter().position(|byte| *byte == b'\n').map_or(text.len(), |at| at + 1);
        fs::write(&small, &text[..end]).map_err(|error| format!("failed to write: {error}"))?;
        let (all, base) = (run(binary, counted, &file)?, run(binary, counted, &small)?);
        #[expect(clippy::cast_precision_loss, reason = "both are far below 2^52")]
        let per_byte = (all.saturating_sub(base)) as f64 / (text.len() - end) as f64;
        counts.push((counted.name, per_byte));
    }
    Ok(counts)
}

fn made(words: &[&str], file: &Path) -> Result<(), String> {
    let mut make = shell::program("python3", &["-B", "tests/bench/data/make.py"]);
    shell::output(make.args(words).arg(file)).map(drop)
}

/// The instructions of one run under callgrind.
fn run(binary: &Path, counted: &Counted, file: &Path) -> Result<u64, String> {
    let out: PathBuf = file.with_extension("callgrind");
    let mut command = shell::program("valgrind", &["--tool=callgrind"]);
    command.arg(format!("--callgrind-out-file={}", out.display()));
    command.arg(binary).args(counted.before).arg(file).args(counted.after);
    shell::output(&mut command)?;
    let text = fs::read_to_string(&out).map_err(|error| format!("no counts: {error}"))?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
    let total = total.and_then(|total| total.trim().parse().ok());
    total.ok_or_else(|| format!("no total in {}", out.display()))
}

/// The count on the line `ARCH NAME COUNT`.
fn baseline(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let is_it = words.next() == Some(std::env::consts::ARCH) && words.next() == Some(name);
        words.next().filter(|_| is_it)?.parse().ok()
    })
}

/// The baseline's text with our counts in place of those of this kind of machine.
fn renewed(text: &str, counts: &[(&str, f64)]) -> Result<String, String> {
    let machine = std::env::consts::ARCH;
    let kept = text.lines().filter(|line| !line.starts_with(machine) && !line.starts_with('#'));
    let rustc = shell::output(&mut shell::program("rustc", &["--version"]))?;
    let mut lines = vec![
        "# Instructions per byte under callgrind: kind of machine, pass, count.".to_owned(),
        format!("# cargo xtask bench instructions --renew; last with {}", rustc.trim()),
    ];
    lines.extend(kept.map(str::to_owned));
    lines.extend(counts.iter().map(|(name, count)| format!("{machine} {name} {count:.3}")));
    Ok(lines.join("\n") + "\n")
}

/// Says how the counts stand to the baseline, or which of them do not hold.
fn held(text: &str, counts: &[(&str, f64)]) -> Result<String, String> {
    let (mut said, mut broken) = (Vec::new(), Vec::new());
    for (name, count) in counts {
        let Some(was) = baseline(text, name) else {
            broken.push(format!("{name} has no baseline in {BASELINE}"));
            continue;
        };
        let ratio = count / was;
        let line = format!("{name} {count:.2} a byte, {ratio:.3} of its baseline");
        if ratio > MOST {
            broken.push(format!("{line}: more than {MOST}"));
        } else if ratio < LEAST {
            broken.push(format!(
                "{line}: less than {LEAST}, so renew it: bench instructions --renew"
            ));
        }
        said.push(line);
    }
    if broken.is_empty() { Ok(said.join(", ")) } else { Err(broken.join("\n")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(count: &str) -> String {
        format!("# a remark\nother 1.0\n{} a {count}\n", std::env::consts::ARCH)
    }

    #[test]
    fn a_pass_may_take_a_tenth_more_and_not_a_fifth() {
        assert!(held(&text("5.000"), &[("a", 5.4)]).is_ok());
        assert!(held(&text("5.000"), &[("a", 6.0)]).is_err());
    }

    #[test]
    fn much_less_wants_a_new_baseline_and_so_does_a_new_pass() {
        assert!(held(&text("5.000"), &[("a", 4.0)]).is_err_and(|why| why.contains("--renew")));
        assert!(held(&text("5.000"), &[("b", 5.0)]).is_err());
    }

    #[test]
    fn a_renewed_baseline_keeps_what_other_machines_counted() {
        let text = renewed(&text("5.000"), &[("a", 4.0)]).unwrap_or_default();
        assert!(text.contains("\nother 1.0\n") && !text.contains("5.000"));
        assert_eq!(baseline(&text, "a"), Some(4.0));
    }
}
