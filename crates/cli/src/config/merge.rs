//! What comes before what: flags before the file, and the file's folder before paths in it.

use std::path::Path;

use super::{Config, LimitsConfig, MoneyConfig, PaceConfig};

/// The upper list if it says anything.
fn list<T>(upper: Vec<T>, lower: Vec<T>) -> Vec<T> {
    if upper.is_empty() { lower } else { upper }
}

impl Config {
    /// These settings, and `lower`'s where these say nothing. Lists are taken whole: models of flags take the
    /// place of all models of the file.
    #[must_use]
    pub(crate) fn over(self, lower: Self) -> Self {
        Self {
            dataset: self.dataset.or(lower.dataset),
            models: list(self.models, lower.models),
            variants: list(self.variants, lower.variants),
            scorers: list(self.scorers, lower.scorers),
            expected: self.expected.or(lower.expected),
            baseline: self.baseline.or(lower.baseline),
            gates: list(self.gates, lower.gates),
            slices: list(self.slices, lower.slices),
            cluster: self.cluster.or(lower.cluster),
            bad_rows: self.bad_rows.or(lower.bad_rows),
            accept_partial: self.accept_partial.or(lower.accept_partial),
            runs_dir: self.runs_dir.or(lower.runs_dir),
            money: self.money.over(lower.money),
            limits: self.limits.over(lower.limits),
            pace: self.pace.over(&lower.pace),
        }
    }

    /// The same settings with relative paths counted from `folder`, which is that of the file they stand in.
    #[must_use]
    pub(crate) fn in_folder(mut self, folder: &Path) -> Self {
        // `-` is standard input.
        if let Some(dataset) = self.dataset.as_mut().filter(|dataset| *dataset != "-")
            && let Some(path) = folder.join(&*dataset).to_str()
        {
            path.clone_into(dataset);
        }
        if let Some(expected) = &mut self.expected
            && !is_place(expected)
            && let Some(path) = folder.join(&*expected).to_str()
        {
            path.clone_into(expected);
        }
        for path in [&mut self.money.prices, &mut self.limits.file, &mut self.runs_dir]
            .into_iter()
            .flatten()
        {
            *path = folder.join(&*path);
        }
        self
    }
}

/// Whether expected values come from the dataset row rather than from a file.
fn is_place(expected: &str) -> bool {
    expected == "logged" || expected.starts_with(['/', '$'])
}

impl MoneyConfig {
    fn over(self, lower: Self) -> Self {
        Self {
            budget: self.budget.or(lower.budget),
            ask_above: self.ask_above.or(lower.ask_above),
            prices: self.prices.or(lower.prices),
        }
    }
}

impl LimitsConfig {
    /// Tokens are taken model by model.
    fn over(self, lower: Self) -> Self {
        let mut enqueued_tokens = lower.enqueued_tokens;
        enqueued_tokens.extend(self.enqueued_tokens);
        Self {
            rows_per_shard: self.rows_per_shard.or(lower.rows_per_shard),
            bytes_per_shard: self.bytes_per_shard.or(lower.bytes_per_shard),
            jobs: self.jobs.or(lower.jobs),
            tier: self.tier.or(lower.tier),
            enqueued_tokens,
            file: self.file.or(lower.file),
        }
    }
}

impl PaceConfig {
    fn over(self, lower: &Self) -> Self {
        Self {
            retry_rows: self.retry_rows.or(lower.retry_rows),
            stuck_after: self.stuck_after.or(lower.stuck_after),
            stuck_then: self.stuck_then.or(lower.stuck_then),
            poll_interval: self.poll_interval.or(lower.poll_interval),
            settle: self.settle.or(lower.settle),
            deadline: self.deadline.or(lower.deadline),
            patience: self.patience.or(lower.patience),
            on_ambiguous: self.on_ambiguous.or(lower.on_ambiguous),
            max_result_bytes: self.max_result_bytes.or(lower.max_result_bytes),
        }
    }
}
