//! What a run is: `run.json`, written once when the run is made and never changed.

use std::time::SystemTime;

use batch_orchestrator::RunTag;
use serde::{Deserialize, Serialize};

use crate::{FORMAT, Made, OwnName, Settings, StoreError, Variant, text};

/// All of `run.json`. Fields that later versions add are skipped by this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the whole folder's format.
    pub v: u64,
    /// The run's mark in the names of its jobs.
    #[serde(with = "text")]
    pub tag: RunTag,
    /// Its name, and the name its folder was made with.
    #[serde(with = "text")]
    pub name: OwnName,
    /// When it was made.
    #[serde(with = "text")]
    pub created: SystemTime,
    /// What made it, as `batch-eval 0.1.0`.
    pub program: String,
    /// What was asked for.
    pub asked: Asked,
    /// What was made of the dataset.
    pub made: Made,
}

/// What was asked for: everything that says whether another call means the same run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The service.
    pub backend: Backend,
    /// Whether the answers are made up by an emulator.
    pub emulated: bool,
    /// The dataset.
    pub dataset: Dataset,
    /// Which of its rows, in the words they were asked for with; `None` for all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<String>,
    /// The models, in the order of their numbers in job names.
    pub models: Vec<String>,
    /// The variants, in the order of their numbers in input names.
    pub variants: Vec<Variant>,
    /// The scorers, as they were given.
    pub scorers: Vec<String>,
    /// How the run goes about it.
    pub settings: Settings,
    /// A fingerprint of the key, made elsewhere; another key of the same project is no other run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_fingerprint: Option<String>,
}

/// The service a run is sent to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backend {
    /// Which.
    pub kind: BackendKind,
    /// Where. An emulator started by the program itself may stand elsewhere each time.
    pub base_url: String,
    /// The version in its addresses, as `v1beta`.
    pub api_version: String,
}

/// A kind of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BackendKind {
    /// The Gemini API at some address.
    Gemini,
    /// The emulator inside the program, with its state in the run folder.
    Emulator,
}

/// The dataset as it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dataset {
    /// A path as the user wrote it, `-`, or the name of a bundled sample.
    pub label: String,
    /// Length in bytes, where it can be known beforehand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Lower-case hex SHA-256 of those bytes, if it was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

#[derive(Deserialize)]
struct Version {
    v: u64,
}

impl Manifest {
    /// Reads `run.json`; `path` is for the message.
    pub(crate) fn parse(bytes: &[u8], path: &std::path::Path) -> Result<Self, StoreError> {
        let damaged = |error: serde_json::Error| StoreError::damaged(path, error.to_string());
        // The version first: what else a newer file holds is not ours to judge.
        match serde_json::from_slice::<Version>(bytes).map_err(damaged)?.v {
            FORMAT => serde_json::from_slice(bytes).map_err(damaged),
            0 => Err(StoreError::damaged(path, "there is no format 0")),
            v => Err(StoreError::Newer {
                path: path.to_owned(),
                line: None,
                what: format!("it has format {v}"),
            }),
        }
    }

    /// The bytes of `run.json`.
    pub(crate) fn to_bytes(&self) -> serde_json::Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}
