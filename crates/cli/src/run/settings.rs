//! From the merged settings of flags and file to what a run is made with.

use std::path::Path;
use std::time::Duration;

use batch_cost::{Limits, UsageTier};
use batch_orchestrator::Policy;
use eval_report::sanitize;
use run_store::{Asked, OnAmbiguous, Settings, Stuck, Then, Variant};
use serde_json::{Value, json};

use crate::args::Ambiguous;
use crate::config::{Config, LimitsConfig, PaceConfig, StuckThen};
use crate::exit::{Failure, Outcome};
use crate::judge::{Judging, titles};
use crate::service::EMULATED_SETTLE;

/// The name of the one variant of a run that asked for none.
const BASE: &str = "base";

/// Finds out whether gates and the baseline name columns that the run will have.
pub(crate) fn check_conclusions(
    config: &Config,
    models: &[String],
    scorers: &[String],
) -> Outcome<()> {
    Judging::of(config).check(&titles(models, &variants(config)?), scorers)
}

/// How the run goes about it.
pub(super) fn settings(config: &Config, models: &[String], emulated: bool) -> Outcome<Settings> {
    let pace = &config.pace;
    let default = Policy::default();
    let settle = if emulated { EMULATED_SETTLE } else { default.settle };
    Ok(Settings {
        poll_interval_ms: pace.poll_interval.map(millis),
        settle_ms: millis(pace.settle.unwrap_or(settle)),
        deadline_ms: millis(pace.deadline.unwrap_or(default.deadline)),
        on_ambiguous: match pace.on_ambiguous {
            Some(Ambiguous::Stop) => OnAmbiguous::Stop,
            _ => OnAmbiguous::Retry,
        },
        retry_rows: pace.retry_rows.unwrap_or(0),
        stuck: stuck(pace),
        limits: limits(&config.limits, models, emulated)?,
        budget: config.money.budget.map(batch_cost::Money::micros),
        max_result_bytes: pace.max_result_bytes,
    })
}

/// The settings of a run that is there, as this call asks for them: what it leaves out stays, but for
/// the size of inputs, which is part of what a run is. Waits hold for the call alone and do not count.
pub(super) fn asked_again(config: &Config, asked: &Asked, kept: &Settings) -> Settings {
    let (money, limits, new) = (&config.money, &config.limits, &asked.settings);
    let tokens =
        limits.file.is_some() || limits.tier.is_some() || !limits.enqueued_tokens.is_empty();
    Settings {
        retry_rows: config.pace.retry_rows.unwrap_or(kept.retry_rows),
        budget: money.budget.map(batch_cost::Money::micros).or(kept.budget),
        limits: run_store::Limits {
            live_jobs: limits.jobs.map(u64::from).or(kept.limits.live_jobs),
            live_tokens: if tokens { &new.limits } else { &kept.limits }.live_tokens.clone(),
            ..new.limits.clone()
        },
        ..kept.clone()
    }
}

pub(crate) fn stuck(pace: &PaceConfig) -> Option<Stuck> {
    let then = match pace.stuck_then {
        Some(StuckThen::Cancel) => Then::Cancel,
        Some(StuckThen::Split) => Then::Split,
        Some(StuckThen::Wait) | None => Then::Wait,
    };
    pace.stuck_after.map(|after| Stuck { after_ms: millis(after), then })
}

pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// What may be at the service at once: the service's own limits, unless the user knows better.
/// The emulator in this process has none.
pub(crate) fn limits(
    config: &LimitsConfig,
    models: &[String],
    emulated: bool,
) -> Outcome<run_store::Limits> {
    let mut known = Limits::builtin();
    if let Some(path) = &config.file {
        let own = Limits::parse(&read(path)?).map_err(|error| in_file(path, &error))?;
        known = known.overridden_by(own);
    }
    let known = known.with_enqueued_tokens(&config.enqueued_tokens);
    let tier = config.tier.unwrap_or(UsageTier::One);
    let cap = |model: &String| Some((model.clone(), known.enqueued_tokens(model, tier)?));
    let live_tokens = if emulated {
        config.enqueued_tokens.clone()
    } else {
        models.iter().filter_map(cap).collect()
    };
    Ok(run_store::Limits {
        live_jobs: config.jobs.or(known.jobs()).map(u64::from),
        live_tokens,
        shard_rows: config.rows_per_shard,
        shard_bytes: config.bytes_per_shard,
    })
}

/// Reads a table that the user brings.
pub(crate) fn read(path: &Path) -> Outcome<String> {
    std::fs::read_to_string(path).map_err(|error| {
        let shown = path.display().to_string();
        Failure::usage(format!("failed to read {}: {error}", sanitize(&shown)))
    })
}

/// What is wrong with a table that the user brings.
pub(crate) fn in_file(path: &Path, error: &dyn std::error::Error) -> Failure {
    let shown = path.display().to_string();
    let text = error.to_string();
    Failure::usage(format!("{}: {}", sanitize(&shown), sanitize(&text)))
}

/// The variants with their edits as they are kept: a JSON list of `[pointer, value]` to set and
/// `[pointer]` to remove.
pub(crate) fn variants(config: &Config) -> Outcome<Vec<Variant>> {
    if config.variants.is_empty() {
        return Ok(vec![Variant::named(BASE)]);
    }
    config.variants.iter().map(variant).collect()
}

fn variant(variant: &crate::config::Variant) -> Outcome<Variant> {
    if variant.edits.is_empty() {
        return Ok(Variant::named(&variant.name));
    }
    let edit = |(pointer, value): &(String, Option<String>)| match value {
        Some(raw) => serde_json::from_str::<Value>(raw).map(|_| json!([pointer, raw])),
        None => Ok(json!([pointer])),
    };
    let edits: Vec<Value> = variant
        .edits
        .iter()
        .map(edit)
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::usage(format!("variant {}: {error}", variant.name)))?;
    Ok(Variant { name: variant.name.clone(), edits: Some(Value::Array(edits).to_string()) })
}
