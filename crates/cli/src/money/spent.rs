//! What the jobs of a run cost, by the tokens that their results state.

use batch_cost::{Bill, Money, Spent, Tokens};
use batch_orchestrator::{Event, JobId, RunState};
use eval_report::Cost;
use run_store::RunFolder;
use scoring::Usage;

use super::Quotes;
use crate::judge::Cell;

/// The bill of every job of a run, filled by the passes that score its results.
#[derive(Debug)]
pub(crate) struct Bills<'a> {
    folder: &'a RunFolder,
    quotes: &'a Quotes,
    jobs: Vec<(JobId, Bill)>,
}

impl<'a> Bills<'a> {
    pub(crate) fn new(folder: &'a RunFolder, quotes: &'a Quotes) -> Self {
        Self { folder, quotes, jobs: Vec::new() }
    }

    /// The bill of a job, to which [`of_usage`] of each of its answers is added; `None` where nothing
    /// is paid for.
    pub(crate) fn open(&mut self, job: JobId) -> Option<&mut Bill> {
        let models = &self.folder.manifest().asked.models;
        let model = models.get(usize::try_from(job.model).ok()?)?;
        if self.quotes.is_free() {
            return None;
        }
        self.jobs.push((job, Bill::new(&self.quotes.quote(model))));
        self.jobs.last_mut().map(|(_, bill)| bill)
    }

    /// What a column of the report cost; `None` where nothing is paid for.
    pub(crate) fn cost(&self, cell: &Cell<'_>) -> Option<Cost> {
        if self.quotes.is_free() {
            return None;
        }
        let mut whole = Bill::new(&self.quotes.quote(cell.model_name));
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

/// What is billed of an answer; `None` where it states no tokens, or nobody can read it: it may have
/// cost something all the same.
pub(crate) fn of_usage(usage: &Usage) -> Option<Tokens> {
    // Counts of zero are left out on the wire.
    let count = |count: Option<u64>| count.unwrap_or(0);
    (!usage.is_unknown()).then(|| Tokens {
        prompt: count(usage.prompt),
        cached: count(usage.cached),
        audio: count(usage.audio),
        tool_use: count(usage.tool_use),
        candidates: count(usage.candidates),
        thoughts: count(usage.thoughts),
    })
}

#[cfg(test)]
mod tests {
    use scoring::{Pass, Scores};

    use super::*;

    /// What is billed of each of these result lines.
    fn billed(lines: &str) -> Vec<Option<Tokens>> {
        let mut billed = Vec::new();
        let mut meter = |usage: &Usage| billed.push(of_usage(usage));
        let mut scores = Scores::new(0, &[]);
        Pass::new(&[]).meter(&mut meter).run(lines.as_bytes(), &mut scores).unwrap();
        billed
    }

    #[test]
    fn tokens_are_read_as_the_service_writes_them() {
        let billed = billed(
            r#"{"response":{"usageMetadata":{"promptTokenCount":100,"candidatesTokenCount":"7","thoughtsTokenCount":30,"promptTokensDetails":[{"modality":"TEXT","tokenCount":90},{"modality":"AUDIO","tokenCount":10}]}}}"#,
        );
        let tokens = billed[0].unwrap();
        assert_eq!((tokens.input(), tokens.output(), tokens.audio), (100, 37, 10));
    }

    #[test]
    fn an_answer_without_tokens_is_not_free_of_charge() {
        let billed = billed(
            r#"{"response":{"usageMetadata":null}}
{"response":{}}
{ cut
{"error":{"code":3}}

{"response":{"usage_metadata":{"prompt_token_count":5,"promptTokensDetails":7}}}"#,
        );
        let prompt = |tokens: &Option<Tokens>| tokens.map(|tokens| tokens.prompt);
        assert_eq!(billed.iter().map(prompt).collect::<Vec<_>>(), [None, None, None, Some(5)]);
    }
}
