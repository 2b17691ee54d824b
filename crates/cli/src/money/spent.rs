//! What the jobs of a run cost, by the tokens that their results state.

use std::io::{BufRead as _, BufReader};

use batch_cost::{Bill, Money, Quote, Spent, Tokens};
use batch_orchestrator::{Event, Job, JobId, Phase, RunState, Verdict};
use eval_report::Cost;
use run_store::RunFolder;
use serde::{Deserialize, Deserializer};

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
            Spent::Known(money) => Some((*id, money)),
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
        // A failed row has no response and is taken to cost nothing.
        if let Some(response) = serde_json::from_slice::<Line>(&line).ok().and_then(|l| l.response)
        {
            bill.add(response.usage_metadata.map(Tokens::from).as_ref());
        }
    }
}

#[derive(Deserialize)]
struct Line {
    response: Option<Response>,
}

#[derive(Deserialize)]
struct Response {
    #[serde(rename = "usageMetadata", alias = "usage_metadata")]
    usage_metadata: Option<Usage>,
}

/// Counts that are zero are left out on the wire; some servers write them as strings.
#[derive(Deserialize)]
struct Usage {
    #[serde(rename = "promptTokenCount", default, deserialize_with = "count")]
    prompt: u64,
    #[serde(rename = "cachedContentTokenCount", default, deserialize_with = "count")]
    cached: u64,
    #[serde(rename = "toolUsePromptTokenCount", default, deserialize_with = "count")]
    tool_use: u64,
    #[serde(rename = "candidatesTokenCount", default, deserialize_with = "count")]
    candidates: u64,
    #[serde(rename = "thoughtsTokenCount", default, deserialize_with = "count")]
    thoughts: u64,
    #[serde(rename = "promptTokensDetails", default)]
    prompt_details: Vec<Detail>,
}

#[derive(Deserialize)]
struct Detail {
    #[serde(default)]
    modality: String,
    #[serde(rename = "tokenCount", default, deserialize_with = "count")]
    tokens: u64,
}

fn count<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let value = serde_json::Value::deserialize(from)?;
    let text = value.as_str().and_then(|text| text.parse().ok());
    Ok(value.as_u64().or(text).unwrap_or(0))
}

impl From<Usage> for Tokens {
    fn from(usage: Usage) -> Self {
        let audio = usage.prompt_details.iter().filter(|detail| detail.modality == "AUDIO");
        Self {
            prompt: usage.prompt,
            cached: usage.cached,
            audio: audio.map(|detail| detail.tokens).sum(),
            tool_use: usage.tool_use,
            candidates: usage.candidates,
            thoughts: usage.thoughts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_as_the_service_writes_them() {
        let line = r#"{"key":"r00000000-00000000","response":{"usageMetadata":{
            "promptTokenCount":100,"candidatesTokenCount":"7","thoughtsTokenCount":30,
            "promptTokensDetails":[{"modality":"TEXT","tokenCount":90},
                {"modality":"AUDIO","tokenCount":10}]}}}"#;
        let line: Line = serde_json::from_str(line).unwrap();
        let tokens = Tokens::from(line.response.unwrap().usage_metadata.unwrap());
        assert_eq!((tokens.input(), tokens.output(), tokens.audio), (100, 37, 10));
    }
}
