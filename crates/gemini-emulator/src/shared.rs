//! What all calls share: records, clock, script, history, settings.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;

use crate::answer::{Answerer, Judging};
use crate::clock::{Clock, Stamp};
use crate::dice::{Dice, mix};
use crate::faults::Faults;
use crate::guard::Guard;
use crate::history::{Created, History, Log};
use crate::limits::Limits;
use crate::refusal;
use crate::reply::Failure;
use crate::store::Store;
use crate::upload::Sessions;
use crate::work::Works;

#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) seed: u64,
    pub(crate) pending: Duration,
    pub(crate) running: Duration,
    pub(crate) bad_keys: Vec<String>,
    pub(crate) models: Vec<String>,
    pub(crate) only_models: bool,
    pub(crate) limits: Limits,
    pub(crate) control: bool,
    pub(crate) judging: Judging,
}

#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    pub(crate) settings: Settings,
    pub(crate) sessions: Sessions,
    pub(crate) guard: Guard,
    /// For what nobody shall guess: unlike all other chance it does not come from the seed.
    pub(crate) upload_chance: RandomState,
    pub(crate) uploads_begun: AtomicU64,
    /// Creates are applied one after the other, so that a job's index is its place.
    pub(crate) creating: Mutex<()>,
    pub(crate) answerer: Arc<dyn Answerer>,
    pub(crate) works: Works,
    /// Says true, or is gone, when the emulator stops.
    pub(crate) stopped: watch::Receiver<bool>,
}

impl Core {
    pub(crate) fn now(&self) -> Stamp {
        self.clock.now()
    }

    /// What is allowed now: a script may change it.
    pub(crate) fn limits(&self) -> Limits {
        self.faults.limits(&self.settings.limits)
    }

    /// A new identifier of `length` characters that `taken` does not know.
    pub(crate) fn fresh_id(
        &self,
        kind: &str,
        length: usize,
        taken: impl Fn(&str) -> bool,
    ) -> String {
        let now = self.now().0.to_le_bytes();
        let mut dice = Dice::new(mix(self.settings.seed, &[kind.as_bytes(), &now]));
        loop {
            let id = dice.id(length);
            if !taken(&id) {
                return id;
            }
        }
    }

    /// The id of a new upload session, which is the key to it: nobody can guess it.
    pub(crate) fn upload_id(&self) -> String {
        let n = self.uploads_begun.fetch_add(1, Ordering::Relaxed);
        let part = |part: u64| self.upload_chance.hash_one((n, part));
        format!("{:016x}{:016x}{:016x}", part(0), part(1), part(2))
    }

    pub(crate) fn check_key(&self, key: Option<&str>) -> Result<(), Failure> {
        let Some(key) = key.map(str::trim).filter(|key| !key.is_empty()) else {
            return Err(Failure::of(
                403,
                "Method doesn't allow unregistered callers (callers without established \
                 identity). Please use API Key or other form of API consumer identity to call \
                 this API.",
            ));
        };
        if self.settings.bad_keys.iter().any(|bad| bad == key) {
            return Err(refusal::bad_key());
        }
        Ok(())
    }

    pub(crate) fn check_model(&self, model: &str) -> Result<(), Failure> {
        let bare = model.split_once('/').map_or(model, |(_, bare)| bare);
        if self.settings.only_models && !self.settings.models.iter().any(|known| known == bare) {
            return Err(Failure::of(
                404,
                format!(
                    "{model} is not found for this API version, or is not supported for this \
                     method. Call ListModels to see the list of available models and their \
                     supported methods."
                ),
            ));
        }
        Ok(())
    }

    pub(crate) fn history(&self) -> History {
        let now = self.now();
        let tables = self.store.tables();
        let mut jobs: Vec<_> = tables.jobs.all().collect();
        jobs.sort_by_key(|job| job.index);
        History {
            now: now.rfc3339(),
            requests: self.log.requests(),
            creates: jobs.into_iter().map(|job| Created::of(job, now)).collect(),
        }
    }
}
