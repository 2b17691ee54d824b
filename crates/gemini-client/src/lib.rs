#![doc = include_str!("../README.md")]
#![doc = include_str!("guide.md")]

mod address;
mod backend;
mod batches;
mod body;
mod budget;
mod builder;
mod cause;
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
mod models;
mod name;
mod policy;
mod secret;
mod service_error;
mod settings;
mod spelling;
mod text;
mod upload;
mod wire;

#[cfg(test)]
mod tests;

/// The contract that [`Client`] keeps, with all its types: no need to depend on it besides.
pub use batch_backend;

pub use crate::address::{ApiVersion, BaseUrl};
pub use crate::batches::{InlineRow, RemoteJob, RemoteJobPage};
pub use crate::builder::ClientBuilder;
pub use crate::cause::Cause;
pub use crate::client::Client;
pub use crate::clock::{Clock, Wait};
pub use crate::error::Refusal;
pub use crate::files::{FilePage, RemoteFile};
pub use crate::models::{Model, ModelPage, TokenCount};
pub use crate::policy::{Policies, RetryPolicy};
pub use crate::secret::ApiKey;
pub use crate::settings::{SetupError, Timeouts, Transfers};
