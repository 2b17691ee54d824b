#![doc = include_str!("../README.md")]

mod address;
mod backend;
mod batches;
mod body;
mod budget;
mod builder;
mod client;
mod clock;
mod digest;
mod download;
mod error;
mod exchange;
mod failure;
mod files;
mod lenient;
mod locate;
mod name;
mod policy;
mod secret;
mod service_error;
mod settings;
mod text;
mod upload;
mod wire;

#[cfg(test)]
mod tests;

pub use crate::address::{ApiVersion, BaseUrl};
pub use crate::builder::ClientBuilder;
pub use crate::client::Client;
pub use crate::error::Refusal;
pub use crate::files::{FilePage, Model, RemoteFile};
pub use crate::policy::{Policies, RetryPolicy};
pub use crate::secret::ApiKey;
pub use crate::settings::{SetupError, Timeouts, Transfers};
