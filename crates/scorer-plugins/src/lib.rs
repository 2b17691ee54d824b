#![doc = include_str!("../README.md")]

mod gate;
#[cfg(feature = "jq")]
mod jq;
mod name;

#[cfg(feature = "jq")]
pub use jq::{JqFilter, JqScorer};
