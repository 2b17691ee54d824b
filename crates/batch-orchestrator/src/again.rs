//! Rows that are sent again: inputs beyond the dataset's own, and where their bytes come from.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use batch_backend::Payload;

use crate::{InputId, JobId, Load};

/// Rows that are sent again, each in one of these new inputs, to the model that had them before.
///
/// The inputs are written first and this is journalled then: from that moment on their jobs belong
/// to the run like all others, with marks of their own, so that what holds for first attempts
/// holds for these. Where rows came twice, those of the later round count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// What for.
    pub why: Why,
    /// Jobs whose rows these are: all over, of one variant and one model.
    pub of: Vec<JobId>,
    /// Their new inputs, with shard numbers from [`RunState::next_shard`](crate::RunState) on.
    /// None at all where it turned out that no row is missing.
    pub inputs: Vec<NewInput>,
}

/// Why rows are sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// They failed or did not come.
    Rows,
    /// The same, and a person asked for them although their job was stopped or given up before it
    /// was known to be over: they may be paid for twice.
    Asked,
    /// Their job was stuck and was cut short; this does not count as a round.
    Split,
}

/// An input that an attempt adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewInput {
    /// Which it is.
    pub id: InputId,
    /// Its rows.
    pub rows: u64,
    /// Its length.
    pub bytes: u64,
    /// A hash of its bytes, by which whoever wrote them sees that they are the same still.
    pub print: Option<u64>,
    /// How heavy its job is.
    pub load: Load,
}

impl Attempt {
    /// The jobs that this adds.
    pub fn jobs(&self) -> impl Iterator<Item = JobId> + '_ {
        let model = self.of.first().map(|job| job.model);
        self.inputs.iter().filter_map(move |input| Some(JobId { input: input.id, model: model? }))
    }
}

/// Gives the bytes of inputs that attempts added.
///
/// Implemented by a run's folder (in `run-store`) and by memory ([`MemoryInputs`]).
pub trait InputSource: fmt::Debug + Send + Sync {
    /// The bytes of an input.
    ///
    /// # Errors
    /// Whatever storage gave; also for an input that is not there.
    fn open(&self, input: &NewInput) -> io::Result<Arc<dyn Payload>>;
}

/// Inputs in memory. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryInputs {
    inputs: Arc<Mutex<BTreeMap<InputId, Arc<dyn Payload>>>>,
}

impl MemoryInputs {
    /// Adds an input.
    pub fn put(&self, input: InputId, payload: Arc<dyn Payload>) {
        self.inputs.lock().unwrap_or_else(PoisonError::into_inner).insert(input, payload);
    }
}

impl InputSource for MemoryInputs {
    fn open(&self, input: &NewInput) -> io::Result<Arc<dyn Payload>> {
        let inputs = self.inputs.lock().unwrap_or_else(PoisonError::into_inner);
        let absent =
            || io::Error::new(io::ErrorKind::NotFound, format!("there is no input {}", input.id));
        inputs.get(&input.id).cloned().ok_or_else(absent)
    }
}
