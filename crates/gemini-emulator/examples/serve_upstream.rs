//! A Gemini Batch API in front of a real model: `serve_upstream URL [MODEL] [KEY_VARIABLE]`.

use std::error::Error;
use std::io::Write;

use gemini_emulator::{Answers, Emulator, UpstreamConfig, UpstreamKey};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let url = args.next().ok_or("the URL of a server is missing")?;
    let mut upstream = UpstreamConfig::new(url);
    if let Some(model) = args.next().filter(|model| !model.is_empty()) {
        upstream = upstream.model(model);
    }
    if let Some(variable) = args.next() {
        upstream = upstream.key(UpstreamKey::from_env(&variable)?);
    }
    let emulator = Emulator::builder().answers(Answers::Upstream(upstream)).start().await?;
    writeln!(std::io::stdout(), "{}", emulator.base_url())?;
    std::future::pending().await
}
