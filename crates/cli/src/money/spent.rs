//! What the jobs of a run cost, by the tokens that their results state.

use std::io::{BufRead as _, BufReader};

use batch_cost::{Bill, Money, Quote, Spent, Tokens};
use batch_orchestrator::{Event, Job, JobId, Phase, RunState, Verdict};
use eval_report::Cost;
use run_store::RunFolder;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::Quotes;
use crate::context::store;
use crate::exit::{Failure, Outcome};
use crate::judge::{Cell, cells};

/// The bill of every cell of a run, job by job.
#[derive(Debug, Default)]
pub(crate) struct Bills {
    jobs: Vec<(JobId, Bill)>,
}

impl Bills {
    /// Reads what the results of a run state; nothing where nothing is paid for.
    pub(crate) fn of(folder: &RunFolder, state: &RunState, quotes: &Quotes) -> Outcome<Self> {
        let mut jobs = Vec::new();
        if quotes.is_free() {
            return Ok(Self { jobs });
        }
        for cell in cells(folder) {
            let quote = quotes.quote(cell.model_name);
            for job in state.cell(cell.variant, cell.model) {
                if matches!(job.phase, Phase::Over(Verdict::Results { .. })) {
                    jobs.push((job.id, bill(folder, job, &quote)?));
                }
            }
        }
        Ok(Self { jobs })
    }

    /// What a column of the report cost; `None` where nothing is paid for.
    pub(crate) fn cost(&self, cell: &Cell<'_>, quotes: &Quotes) -> Option<Cost> {
        if quotes.is_free() {
            return None;
        }
        let mut whole = Bill::new(&quotes.quote(cell.model_name));
        let own = |id: &JobId| (id.input.variant, id.model) == (cell.variant, cell.model);
        self.jobs.iter().filter(|(id, _)| own(id)).for_each(|(_, bill)| whole.absorb(bill));
        let (micros, unknown) = match whole.spent() {
            Spent::Free => (Some(0), None),
            Spent::Known(money) => (Some(money.micros()), None),
            Spent::Unknown(why) => (None, Some(why.to_string())),
            _ => (None, None),
        };
        Some(Cost {
            micros,
            unknown,
            rows_without_usage: whole.rows_without_usage(),
            assumed_tokens: whole.assumed_tokens(),
        })
    }

    /// What the ledger of the run does not know yet.
    pub(crate) fn news(&self, state: &RunState) -> Vec<Event> {
        let spent = |(id, bill): &(JobId, Bill)| match bill.spent() {
            // Where an answer states no tokens, what was set aside for the job stays set aside.
            Spent::Known(money) if bill.rows_without_usage() == 0 => Some((*id, money)),
            _ => None,
        };
        let known = |job: JobId, money: Money| {
            state.job(job).and_then(|job| job.spent) == Some(money.micros())
        };
        let news = self.jobs.iter().filter_map(spent).filter(|(job, money)| !known(*job, *money));
        news.map(|(job, money)| Event::Spent { job, cost: money.micros() }).collect()
    }
}

fn bill(folder: &RunFolder, job: &Job, quote: &Quote) -> Outcome<Bill> {
    let path = folder.paths().raw(job.id);
    let file = folder.paths().open_file(&path).map_err(|error| store(&error))?;
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let (mut bill, mut line) = (Bill::new(quote), Vec::new());
    loop {
        line.clear();
        let read = reader
            .read_until(b'\n', &mut line)
            .map_err(|error| Failure::io(format!("failed to read {}", path.display()), &error))?;
        if read == 0 {
            return Ok(bill);
        }
        match tokens(&line) {
            Answer::None => {}
            Answer::States(tokens) => bill.add(Some(&tokens)),
            Answer::Silent => bill.add(None),
        }
    }
}

/// What a result line says of its tokens.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    /// A failed row: it has no answer and is taken to cost nothing.
    None,
    States(Tokens),
    /// An answer that states no tokens, or a line that nobody can read: it may have cost something.
    Silent,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    response: Option<Response<'a>>,
}

#[derive(Deserialize)]
struct Response<'a> {
    #[serde(borrow, rename = "usageMetadata", alias = "usage_metadata")]
    usage: Option<&'a RawValue>,
}

fn tokens(line: &[u8]) -> Answer {
    let Ok(line) = serde_json::from_slice::<Line<'_>>(line) else { return Answer::Silent };
    let Some(response) = line.response else { return Answer::None };
    let usage = response.usage.and_then(|usage| serde_json::from_str(usage.get()).ok());
    match usage {
        Some(Value::Object(usage)) => Answer::States(of_usage(&usage)),
        _ => Answer::Silent,
    }
}

/// Each count by itself: zero ones are left out on the wire, some servers write them as strings or
/// in `snake_case`, and what is no count is none.
fn of_usage(usage: &serde_json::Map<String, Value>) -> Tokens {
    let any = |names: [&str; 2]| names.iter().find_map(|name| usage.get(*name));
    let count = |names| any(names).map_or(0, count);
    let details = any(["promptTokensDetails", "prompt_tokens_details"]).and_then(Value::as_array);
    let audio = details.into_iter().flatten().filter(|detail| detail["modality"] == "AUDIO");
    let tokens = |detail: &Value| {
        detail.get("tokenCount").or_else(|| detail.get("token_count")).map_or(0, self::count)
    };
    Tokens {
        prompt: count(["promptTokenCount", "prompt_token_count"]),
        cached: count(["cachedContentTokenCount", "cached_content_token_count"]),
        audio: audio.map(tokens).fold(0, u64::saturating_add),
        tool_use: count(["toolUsePromptTokenCount", "tool_use_prompt_token_count"]),
        candidates: count(["candidatesTokenCount", "candidates_token_count"]),
        thoughts: count(["thoughtsTokenCount", "thoughts_token_count"]),
    }
}

/// Counts are 32-bit numbers at the service; a larger one is not believed beyond that.
fn count(value: &Value) -> u64 {
    let text = value.as_str().and_then(|text| text.parse().ok());
    value.as_u64().or(text).unwrap_or(0).min(u32::MAX.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(usage: &str) -> Answer {
        let key = r#""key":"r00000000-00000000""#;
        tokens(format!(r#"{{{key},"response":{{"usageMetadata":{usage}}}}}"#).as_bytes())
    }

    #[test]
    fn tokens_are_read_as_the_service_writes_them() {
        let Answer::States(tokens) = read(
            r#"{"promptTokenCount":100,"candidatesTokenCount":"7","thoughtsTokenCount":30,
            "promptTokensDetails":[{"modality":"TEXT","tokenCount":90},
                {"modality":"AUDIO","tokenCount":10}]}"#,
        ) else {
            panic!("it states tokens")
        };
        assert_eq!((tokens.input(), tokens.output(), tokens.audio), (100, 37, 10));
    }

    #[test]
    fn one_odd_count_does_not_hide_the_others_and_none_overflows() {
        for odd in ["null", "7", "[{\"modality\":null}]", "[null]", "{}"] {
            let usage = format!(r#"{{"prompt_token_count":5,"promptTokensDetails":{odd}}}"#);
            let Answer::States(tokens) = read(&usage) else { panic!("{odd}") };
            assert_eq!(tokens.prompt, 5, "{odd}");
        }
        let most = u64::MAX;
        let detail = format!(r#"{{"modality":"AUDIO","tokenCount":{most}}}"#);
        let usage = format!(r#"{{"promptTokensDetails":[{detail},{detail}]}}"#);
        assert!(matches!(read(&usage), Answer::States(_)));
    }

    #[test]
    fn an_answer_without_tokens_is_not_free_of_charge() {
        assert_eq!(read("null"), Answer::Silent);
        assert_eq!(tokens(br#"{"response":{}}"#), Answer::Silent);
        assert_eq!(tokens(b"{ cut"), Answer::Silent);
        assert_eq!(tokens(br#"{"error":{"code":3}}"#), Answer::None);
    }
}
