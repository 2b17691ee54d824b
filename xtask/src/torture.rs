//! `cargo xtask torture`: the tests that can go on for hours, round after round with new seeds.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::shell;

/// One kind of torture: how a round of it is started, and how much a round tries.
#[derive(Debug)]
struct Torture {
    name: &'static str,
    /// What it tries, for people.
    what: &'static str,
    /// Cargo's arguments.
    cargo: &'static [&'static str],
    /// The variables that say where the seeds begin and how many there are, or `None` where the last words do.
    variables: Option<(&'static str, &'static str)>,
    /// What one round tries.
    per_round: u64,
}

const TORTURES: [Torture; 5] = [
    Torture {
        name: "calls",
        what: "death or an error at a system call, then `resume`",
        cargo: &["run", "--quiet", "--package", "tests", "--example", "system_calls", "--"],
        variables: None,
        per_round: 100,
    },
    Torture {
        name: "kills",
        what: "kill -9 at random moments, twice each",
        cargo: &["test", "--quiet", "--package", "tests", "--test", "it", "kills::"],
        variables: Some(("KILLS_FROM", "KILLS")),
        per_round: 40,
    },
    Torture {
        name: "chaos",
        what: "whole runs through faults on every route",
        cargo: &["test", "--quiet", "--package", "tests", "--test", "it", "chaos::"],
        variables: Some(("CHAOS_FROM", "CHAOS")),
        per_round: 20,
    },
    Torture {
        name: "simulation",
        what: "whole runs of the orchestrator on simulated time",
        cargo: &[
            "test",
            "--quiet",
            "--release",
            "--package",
            "batch-orchestrator",
            "--test",
            "it",
            "simulate::",
        ],
        variables: Some(("SIMULATED_FROM", "SIMULATED_RUNS")),
        per_round: 20_000,
    },
    Torture {
        name: "fuzz",
        what: "hostile bytes for the readers of rows and results",
        cargo: &["test", "--quiet", "--release", "--package", "tests", "--test", "it", "fuzz::"],
        variables: Some(("BATCH_EVAL_FUZZ_SEED", "BATCH_EVAL_FUZZ_RUNS")),
        per_round: 1_000_000,
    },
];

/// What `torture --help` says.
pub(crate) fn usage() -> String {
    let mut text = "Usage: cargo xtask torture [--minutes N] [--seed S] [TEST…]\n\n\
        Rounds of every named test, of all when none is named, with new seeds until the time is over (default 10\n\
        minutes) or one fails; then the command that repeats the round is printed.\n\n"
        .to_owned();
    for torture in &TORTURES {
        let _ =
            writeln!(text, "  {:11} {}, {} a round", torture.name, torture.what, torture.per_round);
    }
    text
}

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    minutes: u64,
    seed: u64,
    names: Vec<String>,
}

impl Asked {
    fn of(words: &[String]) -> Result<Self, String> {
        let mut asked = Self { minutes: 10, seed: 1, names: Vec::new() };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut number = || {
                let given = words.next().ok_or_else(|| format!("{word} wants a number"))?;
                given.parse().map_err(|_| format!("{given:?} is no number"))
            };
            match word.as_str() {
                "--minutes" => asked.minutes = number()?,
                "--seed" => asked.seed = number()?,
                name if TORTURES.iter().any(|torture| torture.name == name) => {
                    asked.names.push(name.to_owned());
                }
                other => return Err(format!("there is no torture {other:?}")),
            }
        }
        Ok(asked)
    }

    fn wants(&self, torture: &Torture) -> bool {
        self.names.is_empty() || self.names.iter().any(|name| name == torture.name)
    }
}

/// Runs rounds until the time is over or one fails.
#[expect(clippy::disallowed_methods, reason = "how long to go on is what the user asked for")]
pub(crate) fn run(words: &[String]) -> bool {
    let asked = match Asked::of(words) {
        Ok(asked) => asked,
        Err(why) => {
            eprintln!("{why}\n\n{}", usage());
            return false;
        }
    };
    let binary = match release() {
        Ok(binary) => binary,
        Err(why) => {
            eprintln!("torture failed: {why}");
            return false;
        }
    };
    let (began, most) = (Instant::now(), Duration::from_secs(asked.minutes * 60));
    let wanted: Vec<&Torture> = TORTURES.iter().filter(|torture| asked.wants(torture)).collect();
    let mut rounds = 0;
    while rounds == 0 || began.elapsed() < most {
        for torture in &wanted {
            let from = asked.seed + rounds * torture.per_round;
            let mut command = torture.round(from, &binary);
            if let Err(why) = shell::succeeds(&mut command) {
                eprintln!(
                    "{why}\nthis repeats it: cargo xtask torture --minutes 0 --seed {from} {}",
                    torture.name
                );
                return false;
            }
        }
        rounds += 1;
        let minutes = began.elapsed().as_secs() / 60;
        let tried =
            wanted.iter().map(|torture| format!("{} {}", rounds * torture.per_round, torture.name));
        println!("after {minutes} min: {}", tried.collect::<Vec<_>>().join(", "));
    }
    true
}

impl Torture {
    /// The command of the round whose first seed is `from`.
    fn round(&self, from: u64, binary: &Path) -> Command {
        let mut command = shell::cargo(self.cargo);
        command.env("BATCH_EVAL_BIN", binary);
        match self.variables {
            Some((first, many)) => {
                command.env(first, from.to_string()).env(many, self.per_round.to_string());
            }
            None => {
                command.args([self.per_round.to_string(), from.to_string()]);
            }
        }
        command
    }
}

/// The binary that dies, as users have it.
fn release() -> Result<PathBuf, String> {
    let words = ["build", "--quiet", "--release", "--package", "cli", "--bin", "batch-eval"];
    shell::succeeds(&mut shell::cargo(&words))?;
    Ok(shell::target().join("release").join("batch-eval"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str]) -> Result<Asked, String> {
        Asked::of(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn words_say_for_how_long_from_which_seed_and_what() {
        let asked = of(&["--minutes", "60", "kills", "--seed", "7", "calls"]).unwrap();
        let names = vec!["kills".to_owned(), "calls".to_owned()];
        assert_eq!(asked, Asked { minutes: 60, seed: 7, names });
        assert!(of(&["--minutes"]).is_err() && of(&["--seed", "x"]).is_err());
        assert!(of(&["sleep"]).is_err());
    }

    #[test]
    fn each_torture_is_told_where_its_seeds_begin() {
        let [calls, kills, ..] = &TORTURES;
        let words: Vec<_> =
            calls.round(300, Path::new("b")).get_args().map(ToOwned::to_owned).collect();
        assert!(words.ends_with(&["100".into(), "300".into()]), "{words:?}");
        let kills = kills.round(80, Path::new("b"));
        let first = kills.get_envs().find(|(name, _)| *name == "KILLS_FROM");
        assert_eq!(first, Some(("KILLS_FROM".as_ref(), Some("80".as_ref()))));
    }
}
