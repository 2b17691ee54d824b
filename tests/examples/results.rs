//! The pass over result files as a program of its own, for `cargo xtask bench`: keys verified, two files joined.

use std::fs::File;
use std::io::Write as _;
use std::num::NonZeroUsize;

use scoring::{Keys, Pass, PassSummary, Registry, Scorer, Scores};
use serde_json::json;

const USAGE: &str =
    "usage: results score FILE ROWS THREADS | results join FIRST SECOND ROWS THREADS";

type Failed = Box<dyn std::error::Error>;

fn main() -> Result<(), Failed> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let printed = match words[..] {
        ["score", file, rows, threads] => score(file, rows.parse()?, threads.parse()?)?,
        ["join", first, second, rows, threads] => {
            join(first, second, rows.parse()?, threads.parse()?)?
        }
        _ => return Err(USAGE.into()),
    };
    writeln!(std::io::stdout(), "{printed}")?;
    Ok(())
}

fn score(file: &str, rows: u64, threads: NonZeroUsize) -> Result<serde_json::Value, Failed> {
    let scorers = vec![Registry::builtin().build("function-call")?];
    let (scores, summary) = pass(file, rows, threads, &scorers)?;
    let passes = scores.tally(0).map_or(0, |tally| tally.passes);
    Ok(json!({"rows": summary.rows, "good": passes, "tokens": summary.tokens.total}))
}

/// How many rows both files have, by how they went in each; a row that failed went badly.
fn join(
    first: &str,
    second: &str,
    rows: u64,
    threads: NonZeroUsize,
) -> Result<serde_json::Value, Failed> {
    let scorers = vec![Registry::builtin().build("function-call")?];
    let (one, _) = pass(first, rows, threads, &scorers)?;
    let (other, _) = pass(second, rows, threads, &scorers)?;
    let mut table = [0_u64; 4];
    let is_there = |scores: &Scores, row| scores.outcome(row) != scoring::Outcome::Missing;
    for row in (0..rows).filter(|row| is_there(&one, *row) && is_there(&other, *row)) {
        let good = |scores: &Scores| scores.passed(0, row) == Some(true);
        table[usize::from(good(&one)) * 2 + usize::from(good(&other))] += 1;
    }
    let [neither, second, first, both] = table;
    Ok(json!({"both": both, "first": first, "second": second, "neither": neither}))
}

fn pass(
    file: &str,
    rows: u64,
    threads: NonZeroUsize,
    scorers: &[Box<dyn Scorer>],
) -> Result<(Scores, PassSummary), Failed> {
    let mut scores = Scores::new(rows, scorers);
    let pass = Pass::new(scorers).keys(Keys::ours(0..rows)).threads(threads);
    let summary = pass.run(File::open(file)?, &mut scores)?;
    let damage = summary.damage();
    if !damage.is_empty() {
        return Err(format!("{file} is damaged: {damage:?}").into());
    }
    Ok((scores, summary))
}
