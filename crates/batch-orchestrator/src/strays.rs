//! Finds jobs that carry a run's mark and of which its journal, once mended, knows nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use batch_backend::{BackendError, ErrorKind, JobSnapshot};

use crate::observe::next_hold;
use crate::pages::list;
use crate::settle::Settle;
use crate::{InputId, JobId, Policy, RunTag, World, owner};

/// A job at the service that is a run's by its mark.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Stray {
    /// Which job of the run it says it is.
    pub job: JobId,
    /// Which attempt at creating it.
    pub attempt: u32,
    /// How it was seen.
    pub seen: JobSnapshot,
}

/// Looks through the service's jobs for those that were made of `inputs`, which lie in the run's folder
/// and are told by no line of its journal; in the order of their inputs, the oldest first where there
/// are several of one. Jobs are looked for until each input has one, or until those that are left can
/// be held to have none: after two whole lists, the last one begun when the settle time was over.
///
/// # Errors
/// When a list fails in a way that waiting does not mend, or fails for longer than the policy's patience:
/// then nothing is known of any of them.
pub async fn strays(
    tag: &RunTag,
    inputs: &BTreeSet<InputId>,
    policy: &Policy,
    world: &World,
) -> Result<Vec<Stray>, BackendError> {
    if inputs.is_empty() {
        return Ok(Vec::new());
    }
    let mut settle = Settle::new(world.clock.now(), policy.settle);
    let mut trouble = None;
    loop {
        let due = settle.next().saturating_sub(world.clock.now());
        if due > Duration::ZERO {
            world.clock.sleep(due).await;
        }
        let begun = world.clock.now();
        match list(world.backend.as_ref(), &tag.prefix(), BTreeSet::new(), true).await {
            Ok(listing) => {
                trouble = None;
                let found = owned(tag, inputs, listing.jobs);
                if found.len() == inputs.len() || settle.absent(begun) {
                    return Ok(found.into_values().flatten().collect());
                }
            }
            Err(error) => {
                let now = world.clock.now();
                let passes =
                    matches!(error.kind(), ErrorKind::Transient { .. } | ErrorKind::Quota { .. });
                let hold = next_hold(trouble, &error, now);
                if !passes || now.saturating_sub(hold.since) > policy.patience {
                    return Err(error);
                }
                trouble = Some(hold);
                settle.failed(now);
                world.clock.sleep(hold.until.saturating_sub(now)).await;
            }
        }
    }
}

/// The jobs that were made of these inputs, by their marks.
fn owned(
    tag: &RunTag,
    inputs: &BTreeSet<InputId>,
    jobs: Vec<JobSnapshot>,
) -> BTreeMap<InputId, Vec<Stray>> {
    let mut found: BTreeMap<InputId, Vec<Stray>> = BTreeMap::new();
    for seen in jobs {
        let Some((job, attempt)) = seen.token.as_ref().and_then(|token| owner(token, tag)) else {
            continue;
        };
        if inputs.contains(&job.input) {
            found.entry(job.input).or_default().push(Stray { job, attempt, seen });
        }
    }
    for strays in found.values_mut() {
        strays.sort_by(|a, b| (a.seen.created, &a.seen.name).cmp(&(b.seen.created, &b.seen.name)));
    }
    found
}
