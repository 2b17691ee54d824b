//! What a run consists of: inputs, models, and one job for each pair of them.

use std::fmt;
use std::sync::Arc;

use batch_backend::{JobToken, ModelId, Payload};
use sha2::{Digest, Sha256};

use crate::{InputSource, Load, MemoryInputs};

/// The run's own mark in the names of its jobs: 1 to 20 of `[a-z0-9]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RunTag(String);

/// A text that cannot be a [`RunTag`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no run tag: 1 to 20 of a-z and 0-9 are taken")]
pub struct RunTagError(String);

impl RunTag {
    /// Takes a tag.
    ///
    /// # Errors
    /// When it is empty, longer than 20, or has other characters than `a-z` and `0-9`.
    pub fn parse(text: &str) -> Result<Self, RunTagError> {
        let fits = (1..=20).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if fits { Ok(Self(text.to_owned())) } else { Err(RunTagError(text.to_owned())) }
    }

    /// The tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the names of all jobs of this run start with.
    pub fn prefix(&self) -> String {
        format!("be1.{}.", self.0)
    }
}

/// One input: a shard of the dataset under one variant. Written `s0001.v0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InputId {
    /// Shard, from 1.
    pub shard: u32,
    /// Variant, from 0.
    pub variant: u32,
}

impl fmt::Display for InputId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s{:04}.v{}", self.shard, self.variant)
    }
}

/// One job of the plan: an input answered by a model. Written `s0001.v0.m1`.
///
/// ```
/// use batch_orchestrator::JobId;
///
/// let id = JobId::parse("s0001.v0.m1").unwrap();
/// assert_eq!((id.input.shard, id.model, id.to_string().as_str()), (1, 1, "s0001.v0.m1"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId {
    /// The input.
    pub input: InputId,
    /// The model's place in the plan, from 0.
    pub model: u32,
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.m{}", self.input, self.model)
    }
}

impl InputId {
    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (shard, variant) = text.split_once('.')?;
        let id = Self { shard: numbered(shard, 's')?, variant: numbered(variant, 'v')? };
        (id.to_string() == text).then_some(id)
    }
}

impl JobId {
    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (input, model) = text.rsplit_once('.')?;
        let id = Self { input: InputId::parse(input)?, model: numbered(model, 'm')? };
        (id.to_string() == text).then_some(id)
    }

    /// What the names of this job's attempts start with, up to the attempt.
    pub fn prefix(self, tag: &RunTag) -> String {
        format!("{}{self}.a", tag.prefix())
    }

    /// The name that another attempt at the work of `token` has: of the same bytes and model.
    pub(crate) fn token_like(
        self,
        tag: &RunTag,
        attempt: u32,
        token: &JobToken,
    ) -> Option<JobToken> {
        let (_, print) = token.as_str().rsplit_once('.')?;
        Some(JobToken::new(format!("{}{attempt}.{print}", self.prefix(tag))))
    }

    /// The name of one attempt: `be1.<run>.<shard>.<variant>.<model>.a<attempt>.<fp8>`.
    ///
    /// The fingerprint binds it to the bytes and the model, so that a name cannot be taken for
    /// another dataset's.
    pub fn token(self, tag: &RunTag, attempt: u32, sha256: &str, model: &ModelId) -> JobToken {
        let digest =
            Sha256::new().chain_update(sha256).chain_update([0]).chain_update(model.as_str());
        let digest = digest.finalize();
        let fp = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
        JobToken::new(format!("{}{attempt}.{fp:08x}", self.prefix(tag)))
    }
}

fn numbered(text: &str, letter: char) -> Option<u32> {
    text.strip_prefix(letter)?.parse().ok()
}

/// Which job a token belongs to, and which attempt it is; `None` for jobs of others.
pub fn owner(token: &JobToken, tag: &RunTag) -> Option<(JobId, u32)> {
    let rest = token.as_str().strip_prefix(&tag.prefix())?;
    let (id, rest) = rest.split_once(".a")?;
    let (attempt, _) = rest.split_once('.')?;
    Some((JobId::parse(id)?, attempt.parse().ok()?))
}

/// One input of the plan and its bytes.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PlannedInput {
    /// Which it is.
    pub id: InputId,
    /// What is uploaded.
    pub payload: Arc<dyn Payload>,
    /// How heavy its job is for each model, in the plan's order; what is missing is unknown.
    pub loads: Vec<Load>,
    /// How many rows it has, if that is known.
    pub rows: Option<u64>,
}

impl PlannedInput {
    /// An input of unknown weight.
    pub fn new(id: InputId, payload: Arc<dyn Payload>) -> Self {
        Self { id, payload, loads: Vec::new(), rows: None }
    }

    /// The same with how many rows it has.
    #[must_use]
    pub fn with_rows(mut self, rows: u64) -> Self {
        self.rows = Some(rows);
        self
    }

    /// The same with how heavy its job is for each model.
    #[must_use]
    pub fn with_loads(mut self, loads: Vec<Load>) -> Self {
        self.loads = loads;
        self
    }

    /// How heavy its job is for a model.
    pub fn load(&self, model: u32) -> Load {
        let at = usize::try_from(model).ok();
        at.and_then(|at| self.loads.get(at)).copied().unwrap_or_default()
    }
}

/// All of a run: each input is answered by each model.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Plan {
    /// The run's mark.
    pub tag: RunTag,
    /// Its inputs; those that attempts added are told by the journal.
    pub inputs: Vec<PlannedInput>,
    /// Its models.
    pub models: Vec<ModelId>,
    /// The bytes of inputs that attempts added.
    pub again: Arc<dyn InputSource>,
}

impl Plan {
    /// A plan whose attempts, if there are any, have no bytes.
    pub fn new(tag: RunTag, inputs: Vec<PlannedInput>, models: Vec<ModelId>) -> Self {
        Self { tag, inputs, models, again: Arc::new(MemoryInputs::default()) }
    }

    /// The same with the bytes of inputs that attempts added, or will add.
    #[must_use]
    pub fn with_again(mut self, source: Arc<dyn InputSource>) -> Self {
        self.again = source;
        self
    }

    /// Every job of its own: inputs in order, and for each the models in order.
    pub fn jobs(&self) -> impl Iterator<Item = JobId> + '_ {
        self.inputs.iter().flat_map(|input| {
            (0u32..).zip(&self.models).map(|(model, _)| JobId { input: input.id, model })
        })
    }

    /// The model of a job, if the plan has it.
    pub fn model(&self, job: JobId) -> Option<&ModelId> {
        self.models.get(usize::try_from(job.model).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_short_and_names_its_owner() {
        let tag = RunTag::parse("0k3v9qh2m7x1c0abcdef").unwrap();
        let job = JobId { input: InputId { shard: 9999, variant: 99 }, model: 99 };
        let model = ModelId::parse("sim-pro").unwrap();
        let token = job.token(&tag, 123, "00ff", &model);
        assert!(token.as_str().len() <= 64, "{token}");
        assert_eq!(owner(&token, &tag), Some((job, 123)));
        assert_eq!(owner(&token, &RunTag::parse("other").unwrap()), None);
        assert_ne!(token, job.token(&tag, 123, "00fe", &model), "other bytes, other name");
    }

    #[test]
    fn ids_are_read_only_as_written() {
        for odd in ["s1.v0", "s0001", "s0001.v0.m", "s0001.v+1", "", "s0001.v0.m0.x"] {
            assert_eq!(InputId::parse(odd), None, "{odd}");
            assert_eq!(JobId::parse(odd), None, "{odd}");
        }
        assert_eq!(InputId::parse("s12345.v0").unwrap().shard, 12_345);
    }
}
