//! The words that name a service and its key.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Clone, Args)]
pub(crate) struct ServiceArgs {
    /// Another address of the API, such as an emulator's
    #[arg(long, value_name = "URL", env = "GOOGLE_GEMINI_BASE_URL")]
    pub(crate) base_url: Option<String>,
    /// The API version in paths [default: v1beta]
    #[arg(long, value_name = "VERSION")]
    pub(crate) api_version: Option<String>,
    #[command(flatten)]
    pub(crate) key: KeyArgs,
}

#[derive(Debug, Clone, Default, Args)]
#[expect(clippy::struct_field_names, reason = "the fields are named as the flags are")]
pub(crate) struct KeyArgs {
    /// Read the API key from a file that only you can read
    #[arg(long, value_name = "FILE", conflicts_with = "api_key_stdin")]
    pub(crate) api_key_file: Option<PathBuf>,
    /// Read the API key from standard input
    #[arg(long)]
    pub(crate) api_key_stdin: bool,
    /// Refused: a key on the command line is there for all to see
    #[arg(long, hide = true, value_name = "KEY", num_args = 0..=1, default_missing_value = "")]
    pub(crate) api_key: Option<String>,
}
