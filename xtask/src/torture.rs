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
    seeds: Seeds,
    /// What one round tries.
    per_round: u64,
}

/// How a round is told which seeds are its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seeds {
    /// By two variables: the first seed, and how many.
    Variables(&'static str, &'static str),
    /// By the last words: how many, and the first seed.
    Words,
    /// There is no chance in it: once is enough.
    None,
}

/// The variables of a test, by the name of the one that says how many.
macro_rules! of {
    ($many:literal) => {
        Seeds::Variables(concat!($many, "_FROM"), $many)
    };
}

/// Tests of the binary, by the beginnings of their names.
macro_rules! it {
    ($($names:literal),+) => {
        &["test", "--quiet", "--package", "tests", "--test", "it", "--", $($names),+]
    };
}

/// Tests of one crate, built for speed.
macro_rules! fast {
    ($package:literal, $($words:literal),+) => {
        &["test", "--quiet", "--release", "--package", $package, $($words),+]
    };
}

const CALLS: &[&str] = &["run", "--quiet", "--package", "tests", "--example", "system_calls", "--"];

const TORTURES: [Torture; 12] = [
    torture("calls", "death or an error at a system call, then `resume`", CALLS, Seeds::Words, 100),
    torture("kills", "kill -9 at random moments, twice each", it!["kills::"], of!["KILLS"], 40),
    torture("signals", "signals at random moments", it!["signals::by_"], of!["SIGNALS"], 60),
    torture("races", "eight processes on one run at once", it!["signals::of_"], of!["RACES"], 20),
    torture("chaos", "whole runs through faults on every route", it!["chaos::"], of!["CHAOS"], 20),
    torture("flips", "a byte of a run folder that flips", it!["flips::"], of!["FLIPS"], 100),
    torture(
        "simulation",
        "whole runs of the orchestrator on simulated time",
        fast!["batch-orchestrator", "--test", "it", "simulate::"],
        Seeds::Variables("SIMULATED_FROM", "SIMULATED_RUNS"),
        20_000,
    ),
    torture(
        "fuzz",
        "hostile bytes for whatever reads or shows them",
        fast!["tests", "--test", "it", "fuzz"],
        Seeds::Variables("BATCH_EVAL_FUZZ_SEED", "BATCH_EVAL_FUZZ_RUNS"),
        1_000_000,
    ),
    torture(
        "calls-of-the-client",
        "each call of the client × each outcome",
        fast!["gemini-client", "--lib", "matrix::"],
        Seeds::None,
        1,
    ),
    torture(
        "load",
        "ten thousand jobs on simulated time",
        fast!["batch-orchestrator", "--test", "scale"],
        Seeds::None,
        1,
    ),
    torture("secrets", "the key in nothing that is written", it!["secrets::"], Seeds::None, 1),
    torture(
        "hostile",
        "bad inputs, terminals, scorers, sleep and full disks",
        it!["corpus::", "terminal::", "plugins::", "halted::", "hardships::"],
        Seeds::None,
        1,
    ),
];

const fn torture(
    name: &'static str,
    what: &'static str,
    cargo: &'static [&'static str],
    seeds: Seeds,
    per_round: u64,
) -> Torture {
    Torture { name, what, cargo, seeds, per_round }
}

/// What `torture --help` says.
pub(crate) fn usage() -> String {
    let mut text = "Usage: cargo xtask torture [--minutes N] [--seed S] [TEST…]\n\n\
        Rounds of every named test, of all when none is named, with new seeds until the time is over (default 10\n\
        minutes) or one fails; then the command that repeats the round is printed.\n\n"
        .to_owned();
    for torture in &TORTURES {
        let (name, what) = (torture.name, torture.what);
        let _ = match torture.seeds {
            Seeds::None => writeln!(text, "  {name:20} {what}, in the first round"),
            _ => writeln!(text, "  {name:20} {what}, {} a round", torture.per_round),
        };
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
        for torture in wanted.iter().filter(|torture| rounds == 0 || torture.seeds != Seeds::None) {
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
        let tried = wanted.iter().map(|torture| torture.tried(rounds));
        println!("after {minutes} min: {}", tried.collect::<Vec<_>>().join(", "));
    }
    true
}

impl Torture {
    /// The command of the round whose first seed is `from`.
    fn round(&self, from: u64, binary: &Path) -> Command {
        let mut command = shell::cargo(self.cargo);
        command.env("BATCH_EVAL_BIN", binary);
        match self.seeds {
            Seeds::Variables(first, many) => {
                command.env(first, from.to_string()).env(many, self.per_round.to_string());
            }
            Seeds::Words => {
                command.args([self.per_round.to_string(), from.to_string()]);
            }
            Seeds::None => {}
        }
        command
    }

    /// How much of it so many rounds tried.
    fn tried(&self, rounds: u64) -> String {
        match self.seeds {
            Seeds::None => format!("{} once", self.name),
            _ => format!("{} {}", rounds * self.per_round, self.name),
        }
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
