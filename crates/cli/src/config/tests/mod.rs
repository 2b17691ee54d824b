//! The configuration from outside: a file with everything in it, mistakes with their places, the schema.

mod mistakes;
mod schema;

use std::path::Path;
use std::time::Duration;

use batch_cost::{Money, UsageTier};

use super::*;

pub(super) const FULL: &str = include_str!("full.toml");

fn edit(pointer: &str, json: Option<&str>) -> (String, Option<String>) {
    (pointer.to_owned(), json.map(str::to_owned))
}

#[test]
fn every_field_is_read() {
    let config = Config::parse(FULL).unwrap();
    assert_eq!(config.dataset.as_deref(), Some("logs.jsonl"));
    assert_eq!(config.models, ["gemini-3.8-flash", "gemini-3.5-flash-lite"]);
    assert_eq!(config.expected.as_deref(), Some("labels.jsonl:/label"));
    assert_eq!(config.baseline.as_deref(), Some("logged"));
    assert_eq!(config.gates, ["gemini-3.8-flash >= logged - 0.02"]);
    assert_eq!(config.slices, ["/metadata/language"]);
    assert_eq!(config.cluster.as_deref(), Some("/metadata/conversation"));
    assert_eq!((config.bad_rows, config.accept_partial), (Some(BadRows::Skip), Some(true)));
    assert_eq!(config.runs_dir.as_deref(), Some(Path::new("runs")));
    let money = MoneyConfig {
        budget: Some(Money::from_dollars(5)),
        ask_above: Some(Money::from_micros(500_000)),
        prices: Some("prices.toml".into()),
    };
    assert_eq!(config.money, money);
    let limits = LimitsConfig {
        rows_per_shard: Some(50_000),
        bytes_per_shard: Some(1_900_000_000),
        jobs: Some(20),
        tier: Some(UsageTier::Two),
        enqueued_tokens: [("gemini-3.8-flash".to_owned(), 3_000_000)].into(),
        file: Some("limits.toml".into()),
    };
    assert_eq!(config.limits, limits);
    let hours = |hours| Some(Duration::from_hours(hours));
    let pace = PaceConfig {
        retry_rows: Some(1),
        stuck_after: hours(24),
        stuck_then: Some(StuckThen::Split),
        poll_interval: Some(Duration::from_secs(30)),
        settle: Some(Duration::from_mins(10)),
        deadline: hours(48),
        patience: hours(6),
        on_ambiguous: Some(Ambiguous::Stop),
        max_result_bytes: Some(10_000_000_000),
    };
    assert_eq!(config.pace, pace);
    assert_eq!(config.check(), Ok(()));
    assert_eq!(Config::parse("").unwrap(), Config::default());
}

#[test]
fn scorers_become_the_texts_that_flags_have() {
    let config = Config::parse(FULL).unwrap();
    let want = [
        "function-call:any-part",
        "function-call(any-part=true, name_of=\"x\")",
        "not(all(function-call, any(a, b)))",
    ];
    assert_eq!(config.scorers, want);
    let tables =
        Config::parse("[[scorer]]\nname = \"function-call\"\nname_ = 1\n[[scorer]]\nnot = \"a\"");
    assert_eq!(tables.unwrap().scorers, ["function-call(name_=1)", "not(a)"]);
}

#[test]
fn variants_become_edits_with_the_digits_and_the_order_of_the_file() {
    let config = Config::parse(FULL).unwrap();
    let [as_logged, terse] = config.variants.as_slice() else { panic!("{:?}", config.variants) };
    assert_eq!((as_logged.name.as_str(), as_logged.edits.len()), ("as-logged", 0));
    let want = [
        edit(
            "/systemInstruction",
            Some(r#"{"parts":[{"text":"Answer in one \"short\" sentence."}]}"#),
        ),
        edit("/generationConfig/temperature", Some("0.70")),
        edit("/generationConfig/maxOutputTokens", Some("256")),
        edit(
            "/generationConfig/responseSchema",
            Some(
                r#"{"type":"OBJECT","properties":{"z_last":{"type":"STRING"},"a_b":{"type":"NUMBER"}}}"#,
            ),
        ),
        edit("/tools", Some(r#"[{"function_declarations":[{"name":"report_spam"}]}]"#)),
        edit("/toolConfig", Some(r#"{"function_calling_config":{"mode":"ANY"}}"#)),
        edit(
            "/safetySettings",
            Some(r#"[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_NONE"}]"#),
        ),
        edit("/labels/a~1b", Some("\"x\"")),
        edit("/cachedContent", None),
        edit("/generationConfig/stopSequences", None),
    ];
    assert_eq!(terse.edits, want);
    let content = "[[variant]]\nname = \"a\"\nsystem_instruction = { parts = [{ text = \"x\" }] }";
    let config = Config::parse(content).unwrap();
    let want = [edit("/systemInstruction", Some(r#"{"parts":[{"text":"x"}]}"#))];
    assert_eq!(config.variants[0].edits, want);
}

#[test]
fn flags_come_before_the_file() {
    let file = Config::parse(FULL).unwrap();
    let flags = "models = [\"sim-pro\"]\nbudget = 1\nretry_rows = 0\naccept_partial = false\n\
                 limits = { jobs = 5, enqueued_tokens = { a = 1 } }";
    let merged = Config::parse(flags).unwrap().over(file.clone());
    assert_eq!(merged.models, ["sim-pro"]);
    assert_eq!(merged.money.budget, Some(Money::from_dollars(1)));
    assert_eq!(merged.money.ask_above, file.money.ask_above);
    assert_eq!((merged.pace.retry_rows, merged.accept_partial), (Some(0), Some(false)));
    assert_eq!((merged.limits.jobs, merged.limits.tier), (Some(5), file.limits.tier));
    assert_eq!(merged.limits.enqueued_tokens.len(), 2);
    assert_eq!(Config::default().over(file.clone()), file);
    assert_eq!(file.clone().over(Config::default()), file);
}

#[test]
fn paths_are_counted_from_the_files_folder() {
    let config = Config::parse(FULL).unwrap().in_folder(Path::new("/evals/spam"));
    assert_eq!(config.dataset.as_deref(), Some("/evals/spam/logs.jsonl"));
    assert_eq!(config.runs_dir.as_deref(), Some(Path::new("/evals/spam/runs")));
    assert_eq!(config.money.prices.as_deref(), Some(Path::new("/evals/spam/prices.toml")));
    assert_eq!(config.limits.file.as_deref(), Some(Path::new("/evals/spam/limits.toml")));
    for stays in ["dataset = \"-\"", "dataset = \"/data/logs.jsonl\""] {
        let config = Config::parse(stays).unwrap();
        assert_eq!(config.clone().in_folder(Path::new("/evals")), config);
    }
}
