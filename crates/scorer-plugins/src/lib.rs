#![doc = include_str!("../README.md")]

mod check;
mod contents;
mod error;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod gate;
#[cfg(feature = "jq")]
mod jq;
mod name;
mod plugin;
mod process;
mod protocol;
mod python;
mod question;
mod settings;
mod words;
mod worker;

pub use check::{Check, Findings, check};
pub use error::PluginError;
#[cfg(feature = "jq")]
pub use jq::{JqFilter, JqScorer};
pub use plugin::Plugin;
pub use process::{ProcessPlan, ProcessScorer};
pub use protocol::{Hello, PROTOCOL};
pub use python::PythonFunction;
pub use settings::{Observer, PluginEvent, Settings};
