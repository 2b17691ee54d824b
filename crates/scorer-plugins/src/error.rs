//! Why a plugin cannot be used, or cannot be used any longer.

use std::io;

/// Why a plugin cannot be used, or cannot be used any longer. Texts of the plugin are as it wrote them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PluginError {
    /// The program could not be started.
    #[error("failed to start {program:?}")]
    Start {
        /// The first word of the command.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// The process did not say hello as it should.
    #[error("scorer {scorer:?} did not say hello: {why}")]
    Hello {
        /// The name of the scorer.
        scorer: String,
        /// What it did instead.
        why: String,
    },
    /// The plugin said that it cannot work.
    #[error("scorer {scorer:?} cannot work: {why}")]
    Refused {
        /// The name of the scorer.
        scorer: String,
        /// What it said.
        why: String,
    },
    /// Its processes broke down too often.
    #[error("scorer {scorer:?} broke down {times} times, the last time it {why}")]
    TooOften {
        /// The name of the scorer.
        scorer: String,
        /// How often.
        times: u64,
        /// What was wrong the last time.
        why: String,
    },
}
