//! Which row of one run is which of the other: by their places in the same dataset, or by their requests.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher as _};
use std::io;

use eval_report::{Clusters, sanitize};
use run_store::RunFolder;
use scoring::{DatasetReader as _, Needs, Scores};
use serde_json::{Value, json};

use crate::context::Context;
use crate::dataset_rows::{FolderRows, unread};
use crate::exit::{Failure, Outcome};

/// The rows that two runs have in common.
#[derive(Debug)]
pub(super) struct Matched {
    how: How,
    only_first: u64,
    only_second: u64,
}

#[derive(Debug)]
enum How {
    /// All of them, at the same places.
    Places(u64),
    /// These: the row of the one run and that of the other. Eight bytes a row.
    Requests(Vec<(u32, u32)>),
}

impl Matched {
    pub(super) fn of(context: &Context, first: &RunFolder, second: &RunFolder) -> Outcome<Self> {
        let (one, other) = (first.manifest(), second.manifest());
        let same = one.asked.dataset.sha256.is_some()
            && one.asked.dataset.sha256 == other.asked.dataset.sha256
            && one.asked.rows == other.asked.rows
            && one.made.rows == other.made.rows;
        if same {
            return Ok(Self { how: How::Places(one.made.rows), only_first: 0, only_second: 0 });
        }
        let pairs = by_request(context, first, second)?;
        if pairs.is_empty() {
            let of = |folder: &RunFolder| {
                let manifest = folder.manifest();
                let label = sanitize(&manifest.asked.dataset.label).into_owned();
                format!("{} is of {label}", manifest.name.as_str())
            };
            let what = "the two runs have no row in common, so there is nothing to compare";
            let mut failure = Failure::usage(what);
            failure.causes = vec![of(first), of(second)];
            return Err(failure.next("run the same dataset twice, with the same first variant"));
        }
        let both = pairs.len() as u64;
        let (only_first, only_second) = (one.made.rows - both, other.made.rows - both);
        Ok(Self { how: How::Requests(pairs), only_first, only_second })
    }

    pub(super) fn rows(&self) -> u64 {
        match &self.how {
            How::Places(rows) => *rows,
            How::Requests(pairs) => pairs.len() as u64,
        }
    }

    /// The scores of the first run, on the rows in common.
    pub(super) fn of_first(&self, scores: Scores) -> Scores {
        match &self.how {
            How::Places(_) => scores,
            How::Requests(pairs) => scores.picked(pairs.iter().map(|pair| u64::from(pair.0))),
        }
    }

    /// The scores of the second run, on the same rows in the same order.
    pub(super) fn of_second(&self, scores: Scores) -> Scores {
        match &self.how {
            How::Places(_) => scores,
            How::Requests(pairs) => scores.picked(pairs.iter().map(|pair| u64::from(pair.1))),
        }
    }

    /// The clusters of the rows in common, given those of the first run.
    pub(super) fn clusters(&self, clusters: Clusters) -> Clusters {
        match &self.how {
            How::Places(_) => clusters,
            How::Requests(pairs) => clusters.picked(pairs.iter().map(|pair| u64::from(pair.0))),
        }
    }

    /// How they were matched, in words.
    pub(super) fn how(&self) -> &'static str {
        match self.how {
            How::Places(_) => "the same rows of the same dataset",
            How::Requests(_) => "matched by equal requests",
        }
    }

    pub(super) fn only(&self) -> (u64, u64) {
        (self.only_first, self.only_second)
    }

    pub(super) fn json(&self) -> Value {
        let by = match self.how {
            How::Places(_) => "dataset",
            How::Requests(_) => "request",
        };
        json!({
            "rows": self.rows(), "by": by, "only_before": self.only_first,
            "only_after": self.only_second,
        })
    }
}

/// Rows with equal requests in their runs' first variants, equal ones among themselves in their order.
fn by_request(
    context: &Context,
    first: &RunFolder,
    second: &RunFolder,
) -> Outcome<Vec<(u32, u32)>> {
    let mut known: Vec<(u64, u32)> = Vec::new();
    each_hash(context, first, |row, hash| known.push((hash, row)))?;
    known.sort_unstable();
    let mut used: HashMap<u64, usize> = HashMap::new();
    let mut pairs = Vec::new();
    each_hash(context, second, |row, hash| {
        let start = known.partition_point(|(other, _)| *other < hash);
        let repeated = |at: usize| known.get(at).is_some_and(|(other, _)| *other == hash);
        // Only what occurs more than once needs to be remembered as used.
        let at =
            if repeated(start + 1) { start + used.get(&hash).copied().unwrap_or(0) } else { start };
        if repeated(at) {
            if repeated(start + 1) {
                *used.entry(hash).or_default() += 1;
            }
            pairs.push((known[at].1, row));
        }
    })?;
    pairs.sort_unstable();
    // A single row that was met twice counts once.
    pairs.dedup_by_key(|pair| pair.0);
    Ok(pairs)
}

/// A hash of every row's request as it was sent, of the first variant.
fn each_hash(context: &Context, folder: &RunFolder, mut take: impl FnMut(u32, u64)) -> Outcome<()> {
    let mut rows = FolderRows::open(folder, 0)?;
    let failed = |error: &io::Error| unread("failed to read the run's requests", error);
    for number in 0..folder.manifest().made.rows {
        context.stop.failure().map_or(Ok(()), Err)?;
        let row =
            rows.fetch(number, Needs::NOTHING.and_request()).map_err(|error| failed(&error))?;
        let Some(request) = row.request else { continue };
        let mut hasher = DefaultHasher::new();
        hasher.write(request.get().as_bytes());
        let number = u32::try_from(number).map_err(|_| {
            Failure::usage("runs of more than 4,294,967,295 rows are not matched by request")
        })?;
        take(number, hasher.finish());
    }
    Ok(())
}
