//! Answers questions about statistics, one JSON object a line in and one JSON array of numbers a line out, so that
//! programs in other languages can hold this crate against their own figures.

use std::io::{self, BufRead, Write};

use eval_stats::{
    Bootstrap, Design, Disagreement, Interval, PairedCounts, Prior, benjamini_hochberg,
    beta_interval, bonett_price, clopper_pearson, clustered_mean, cochran_q, holm, kappa, mcnemar,
    mcnemar_power, mean, newcombe, paired_t, pass_at_k, pass_hat_k, sign_flip_exact, tango, wilson,
};
use serde_json::{Value, json};

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let question: Value = serde_json::from_str(&line?)?;
        // A question without an answer gets null: what it asks for does not exist.
        let answer = answer(&Question(&question)).map_or(Value::Null, |numbers| json!(numbers));
        writeln!(out, "{answer}")?;
    }
    Ok(())
}

/// The parameters of a question, each by its name; a missing one makes the question one without an answer.
struct Question<'a>(&'a Value);

impl Question<'_> {
    fn count(&self, name: &str) -> Option<u64> {
        self.0[name].as_u64()
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.0[name].as_f64()
    }

    fn numbers(&self, name: &str) -> Option<Vec<f64>> {
        self.0[name].as_array()?.iter().map(Value::as_f64).collect()
    }

    fn counts(&self, name: &str) -> Option<Vec<u64>> {
        self.0[name].as_array()?.iter().map(Value::as_u64).collect()
    }

    fn table(&self, name: &str) -> Option<Vec<Vec<u64>>> {
        let row = |row: &Value| row.as_array()?.iter().map(Value::as_u64).collect();
        self.0[name].as_array()?.iter().map(row).collect()
    }

    fn pairs(&self) -> Option<PairedCounts> {
        match self.counts("counts")?[..] {
            [both, only_a, only_b, neither] => Some(PairedCounts { both, only_a, only_b, neither }),
            _ => None,
        }
    }
}

fn ends(interval: Interval) -> Vec<f64> {
    vec![interval.low, interval.high]
}

fn answer(ask: &Question<'_>) -> Option<Vec<f64>> {
    let name = ask.0["ask"].as_str()?;
    one_share(name, ask).or_else(|| two_models(name, ask)).or_else(|| many_rows(name, ask))
}

fn one_share(name: &str, ask: &Question<'_>) -> Option<Vec<f64>> {
    let confidence = ask.number("confidence");
    let share = || Some((ask.count("k")?, ask.count("n")?));
    match name {
        "wilson" => wilson(share()?.0, share()?.1, confidence?).map(ends),
        "clopper_pearson" => clopper_pearson(share()?.0, share()?.1, confidence?).map(ends),
        "uniform" => beta_interval(share()?.0, share()?.1, Prior::Uniform, confidence?).map(ends),
        "jeffreys" => beta_interval(share()?.0, share()?.1, Prior::Jeffreys, confidence?).map(ends),
        "newcombe" => {
            let other = (ask.count("k2")?, ask.count("n2")?);
            newcombe(share()?, other, confidence?).map(ends)
        }
        "tries" => {
            let ((passes, n), k) = (share()?, ask.count("tries")?);
            Some(vec![pass_at_k(n, passes, k)?, pass_hat_k(n, passes, k)?])
        }
        _ => None,
    }
}

fn two_models(name: &str, ask: &Question<'_>) -> Option<Vec<f64>> {
    let confidence = ask.number("confidence");
    match name {
        "mcnemar" => mcnemar(&ask.pairs()?).map(|test| vec![test.mid_p, test.exact_p]),
        "tango" => tango(&ask.pairs()?, confidence?).map(ends),
        "bonett_price" => bonett_price(&ask.pairs()?, confidence?).map(ends),
        "detectable" => {
            let design = Design { alpha: ask.number("alpha")?, power: ask.number("power")? };
            let variance = ask.number("variance")?;
            let effect = design.detectable(variance, ask.count("n")?)?;
            Some(vec![effect, design.rows_needed(variance, effect)?])
        }
        "mcnemar_power" => {
            let (a, b) = (ask.number("a")?, ask.number("b")?);
            let power = mcnemar_power(ask.count("n")?, a, b, ask.number("alpha")?)?;
            Some(vec![power.mid_p, power.exact_p])
        }
        "paired_t" => {
            let paired = paired_t(&ask.numbers("a")?, &ask.numbers("b")?, confidence?)?;
            let interval = paired.difference.interval?;
            Some(vec![paired.t?, paired.p?, interval.low, interval.high])
        }
        "kappa" => {
            let how = match ask.0["weights"].as_str() {
                Some("linear") => Disagreement::Linear,
                Some("quadratic") => Disagreement::Quadratic,
                _ => Disagreement::Alike,
            };
            let agreement = kappa(&ask.table("table")?, how, 0.95)?;
            Some(vec![agreement.kappa?, agreement.se?])
        }
        _ => None,
    }
}

fn many_rows(name: &str, ask: &Question<'_>) -> Option<Vec<f64>> {
    let confidence = ask.number("confidence");
    match name {
        "mean" => {
            let mean = mean(&ask.numbers("values")?, confidence?)?;
            let interval = mean.interval?;
            Some(vec![mean.mean, mean.se?, interval.low, interval.high])
        }
        "clustered_mean" => {
            let (values, clusters) = (ask.numbers("values")?, ask.counts("clusters")?);
            let mean = clustered_mean(&values, &clusters, confidence?)?;
            let interval = mean.interval?;
            Some(vec![mean.mean, mean.se_cr0?, mean.se?, interval.low, interval.high])
        }
        "sign_flip" => sign_flip_exact(&ask.numbers("values")?).map(|p| vec![p]),
        "bootstrap" => {
            let draws = u32::try_from(ask.count("draws")?).ok()?;
            let bootstrap = Bootstrap { draws, seed: ask.count("seed")?, confidence: confidence? };
            let values = ask.numbers("values")?;
            let n: f64 = values.iter().map(|_| 1.0).sum();
            let found = bootstrap.rows(&values, |rows| rows.iter().sum::<f64>() / n)?;
            let (bca, plain) = (found.bca?, found.percentile?);
            Some(vec![found.se, bca.low, bca.high, plain.low, plain.high])
        }
        "holm" => holm(&ask.numbers("values")?),
        "bh" => benjamini_hochberg(&ask.numbers("values")?),
        "cochran" => {
            let models = ask.table("models")?;
            let passes = |model: &Vec<u64>| model.iter().map(|pass| *pass > 0).collect();
            let models: Vec<Vec<bool>> = models.iter().map(passes).collect();
            cochran_q(&models).map(|test| vec![test.q, test.p])
        }
        _ => None,
    }
}
