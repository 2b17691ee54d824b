//! What the service takes at a time: jobs, bytes of files, tokens under way.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::file::{self, FileError};
use crate::{Day, name};

/// The name and version of the shape on disk.
const SCHEMA: &str = "batch-eval/limits/1";

/// Limits of the service, dated; a limit that is `None` is not known.
///
/// ```
/// use batch_cost::{Limits, UsageTier};
///
/// let limits = Limits::builtin();
/// assert_eq!(limits.jobs(), Some(100));
/// assert_eq!(limits.enqueued_tokens("gemini-3.6-flash", UsageTier::One), Some(3_000_000));
/// assert_eq!(limits.enqueued_tokens("gemini-3.7-flash", UsageTier::Two), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    date: Day,
    sources: Vec<String>,
    service: Service,
    models: Vec<ModelLimits>,
}

/// The usage tier of a project at the service; a new paid project is in the first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UsageTier {
    /// Tier 1.
    #[default]
    One,
    /// Tier 2.
    Two,
    /// Tier 3.
    Three,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitFile {
    schema: String,
    date: Day,
    #[serde(default)]
    sources: Vec<String>,
    #[serde(default)]
    service: Service,
    #[serde(default)]
    model: Vec<ModelLimits>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Service {
    jobs: Option<u32>,
    file_bytes: Option<u64>,
    storage_bytes: Option<u64>,
    file_hours: Option<u32>,
    job_hours: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelLimits {
    name: String,
    enqueued_tokens: Tiers,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the fields are named as in the table")]
struct Tiers {
    tier_1: Option<u64>,
    tier_2: Option<u64>,
    tier_3: Option<u64>,
}

impl Limits {
    /// The limits that come with this crate.
    ///
    /// # Panics
    /// Never: a test reads the table.
    #[expect(clippy::expect_used, reason = "the table is part of the program and read by a test")]
    pub fn builtin() -> Self {
        Self::parse(include_str!("../data/limits.toml")).expect("the table is right")
    }

    /// Reads a table of limits, in TOML.
    ///
    /// # Errors
    /// [`FileError`] with the line: no TOML, an unknown field, a limit that is none.
    pub fn parse(text: &str) -> Result<Self, FileError> {
        let file: LimitFile = file::read(text)?;
        file::check_schema(&file.schema, SCHEMA)?;
        file::check_names(file.model.iter().map(|model| model.name.as_str()))?;
        let LimitFile { date, sources, service, model: models, .. } = file;
        Ok(Self { date, sources, service, models })
    }

    /// These limits with another's before them: what the other states, and the models it lists, are its own.
    #[must_use]
    pub fn overridden_by(mut self, own: Self) -> Self {
        self.models.retain(|model| own.models.iter().all(|other| other.name != model.name));
        self.models.extend(own.models);
        self.sources.extend(own.sources);
        let (mine, theirs) = (self.service, own.service);
        self.service = Service {
            jobs: theirs.jobs.or(mine.jobs),
            file_bytes: theirs.file_bytes.or(mine.file_bytes),
            storage_bytes: theirs.storage_bytes.or(mine.storage_bytes),
            file_hours: theirs.file_hours.or(mine.file_hours),
            job_hours: theirs.job_hours.or(mine.job_hours),
        };
        self
    }

    /// These limits with some models' tokens set, whatever the tier, as a configuration states them.
    #[must_use]
    pub fn with_enqueued_tokens(mut self, tokens: &BTreeMap<String, u64>) -> Self {
        self.models.retain(|model| !tokens.contains_key(&model.name));
        self.models.extend(tokens.iter().map(|(name, &most)| {
            let most = Some(most);
            let enqueued_tokens = Tiers { tier_1: most, tier_2: most, tier_3: most };
            ModelLimits { name: name.clone(), enqueued_tokens }
        }));
        self
    }

    /// Jobs of a project that may wait or run at a time.
    pub fn jobs(&self) -> Option<u32> {
        self.service.jobs
    }

    /// Bytes of one file.
    pub fn file_bytes(&self) -> Option<u64> {
        self.service.file_bytes
    }

    /// Bytes of all files of a project.
    pub fn storage_bytes(&self) -> Option<u64> {
        self.service.storage_bytes
    }

    /// Hours that an uploaded file is kept.
    pub fn file_hours(&self) -> Option<u32> {
        self.service.file_hours
    }

    /// Hours after which a job that has not ended expires.
    pub fn job_hours(&self) -> Option<u32> {
        self.service.job_hours
    }

    /// Tokens of all waiting and running jobs of a model together.
    pub fn enqueued_tokens(&self, model: &str, tier: UsageTier) -> Option<u64> {
        let model = name::longest(model, &self.models, |model| &model.name)?;
        match tier {
            UsageTier::One => model.enqueued_tokens.tier_1,
            UsageTier::Two => model.enqueued_tokens.tier_2,
            UsageTier::Three => model.enqueued_tokens.tier_3,
        }
    }

    /// The date of the table, that of the built-in one if it was overridden.
    pub fn date(&self) -> Day {
        self.date
    }

    /// Where the limits are from.
    pub fn sources(&self) -> &[String] {
        &self.sources
    }

    /// The names of the models that it lists.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        self.models.iter().map(|model| model.name.as_str())
    }
}

impl UsageTier {
    /// Tier 1, 2 or 3.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::One, Self::Two, Self::Three].get(usize::from(number).checked_sub(1)?).copied()
    }
}
