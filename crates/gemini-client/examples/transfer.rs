//! The client as a program of its own: uploads a file, downloads results, looks at every job.
//!
//! ```text
//! transfer BASE_URL upload FILE               # prints the file's name
//! transfer BASE_URL download files/batch-… FILE   # prints its bytes
//! transfer BASE_URL sweep                     # prints pages and jobs
//! ```
//! The key is taken from `GEMINI_API_KEY`; a local server takes any. `cargo xtask bench` measures it.

use std::env;
use std::error::Error;
use std::fs::File;
use std::io::{self, Write as _};

use gemini_client::batch_backend::{
    BatchBackend as _, FilePayload, NoProgress, OutputName, Payload as _, Upload,
};
use gemini_client::{ApiKey, BaseUrl, Client};

const USAGE: &str = "usage: transfer BASE_URL upload FILE | download NAME FILE | sweep";

async fn upload(client: &Client, file: &str) -> Result<String, Box<dyn Error>> {
    let payload = FilePayload::open(file)?;
    let session = client.open_upload("transfer", payload.len()).await?;
    let (session, progress) = (&session, &NoProgress);
    let upload = Upload { session, resumed: false, payload: &payload, progress };
    Ok(client.upload(upload).await?.name.to_string())
}

async fn download(client: &Client, name: &str, file: &str) -> Result<String, Box<dyn Error>> {
    let mut sink = File::create(file)?;
    Ok(client.fetch(&OutputName::new(name), &mut sink).await?.bytes.to_string())
}

async fn sweep(client: &Client) -> Result<String, Box<dyn Error>> {
    let (mut pages, mut jobs, mut page) = (0_u64, 0, None);
    loop {
        let answer = client.list(page.as_ref()).await?;
        pages += 1;
        jobs += answer.jobs.len();
        match answer.next {
            Some(next) => page = Some(next),
            None => return Ok(format!("{pages} {jobs}")),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (base_url, act) = words.split_first().ok_or(USAGE)?;
    let key = env::var("GEMINI_API_KEY").unwrap_or_else(|_| "any-key".to_owned());
    let client = Client::builder(ApiKey::new(&key)?).base_url(BaseUrl::parse(base_url)?).build()?;
    let said = match act {
        ["upload", file] => upload(&client, file).await?,
        ["download", name, file] => download(&client, name, file).await?,
        ["sweep"] => sweep(&client).await?,
        _ => return Err(USAGE.into()),
    };
    writeln!(io::stdout(), "{said}")?;
    Ok(())
}
