//! What single answers cost, for scorers that ask: by the prices of whatever is scored at the time.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use batch_cost::{Bill, Quote, Spent};
use scoring::{Prices, Usage};

use super::{Quotes, of_usage};

/// More names than any run has: models that a file of results merely claims fill no memory.
const MOST_MODELS: usize = 1_000;

/// The prices that scorers see; all its clones are one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tariff(Arc<RwLock<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    quotes: Option<Quotes>,
    /// What was found of each model so far.
    known: HashMap<String, Quote>,
}

impl Tariff {
    /// From now on answers cost what these say: those of a run, or of today.
    pub(crate) fn go_by(&self, quotes: &Quotes) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) =
            Inner { quotes: Some(quotes.clone()), known: HashMap::new() };
    }

    fn find(&self, model: &str) -> Quote {
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let quote = inner.quotes.as_ref().map(|quotes| quotes.listed(model));
        let quote = quote.unwrap_or(Quote::Unknown(batch_cost::Unpriced::NotListed));
        if inner.known.len() < MOST_MODELS {
            inner.known.insert(model.to_owned(), quote.clone());
        }
        quote
    }
}

impl Prices for Tariff {
    fn dollars(&self, model: Option<&str>, usage: &Usage) -> Option<f64> {
        let (model, tokens) = (model?, of_usage(usage)?);
        let inner = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut bill = inner.known.get(model).map(Bill::new);
        drop(inner);
        let bill = bill.get_or_insert_with(|| Bill::new(&self.find(model)));
        bill.add(Some(&tokens));
        match bill.spent() {
            Spent::Free => Some(0.0),
            #[expect(clippy::cast_precision_loss, reason = "no answer costs nine billion dollars")]
            Spent::Known(money) => Some(money.micros() as f64 / 1e6),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use run_store::{Backend, BackendKind};

    use super::*;
    use crate::config::MoneyConfig;

    fn usage(prompt: u64, candidates: u64) -> Usage {
        let mut usage = Usage::default();
        (usage.prompt, usage.candidates) = (Some(prompt), Some(candidates));
        usage
    }

    #[test]
    fn answers_cost_what_the_table_lists_also_where_nothing_is_billed() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_hours(24 * 20_779);
        let base_url = "http://127.0.0.1:1".to_owned();
        let backend =
            Backend { kind: BackendKind::Emulator, base_url, api_version: "v1beta".to_owned() };
        let quotes = Quotes::of(&backend, &MoneyConfig::default(), at).unwrap();
        assert!(quotes.is_free());
        let tariff = Tariff::default();
        let dollars = |model: &str| tariff.dollars(Some(model), &usage(1_000, 400));
        assert_eq!(dollars("gemini-3.5-flash-lite"), None, "nobody said which prices hold");
        tariff.go_by(&quotes);
        for _ in 0..2 {
            // 1,000 × $0.15 and 400 × $1.25 a million.
            assert_eq!(dollars("gemini-3.5-flash-lite"), Some(0.000_65));
            assert_eq!(dollars("models/gemini-3.5-flash-lite-001"), Some(0.000_65));
            assert_eq!(dollars("sim-flash"), Some(0.0));
            assert_eq!(dollars("nobody-lists-this"), None);
        }
        assert_eq!(tariff.dollars(None, &usage(1, 1)), None);
        assert_eq!(tariff.dollars(Some("sim-flash"), &Usage::default()), None);
    }
}
