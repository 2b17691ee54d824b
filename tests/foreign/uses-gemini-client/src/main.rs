//! Sends two rows to a job and reads the answers, with nothing but the client and a server.

use std::error::Error;

use batch_backend::{
    BatchBackend, BytesPayload, JobSpec, JobState, JobToken, ModelId, NoProgress, Payload as _,
    Upload,
};
use gemini_client::{ApiKey, BaseUrl, Client};
use gemini_emulator::Emulator;

const ROWS: &str = concat!(
    r#"{"key":"one","request":{"contents":[{"role":"user","parts":[{"text":"Is this spam?"}]}]}}"#,
    "\n",
    r#"{"key":"two","request":{"contents":[{"role":"user","parts":[{"text":"And this?"}]}]}}"#,
    "\n",
);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let emulator = Emulator::builder().time_scale(1000.0).start().await?;
    let client = Client::builder(ApiKey::new("any-key")?)
        .base_url(BaseUrl::parse(&emulator.base_url())?)
        .build()?;

    let payload = BytesPayload::from(ROWS.as_bytes().to_vec());
    let session = client.open_upload("two rows", payload.len()).await?;
    let upload =
        Upload { session: &session, resumed: false, payload: &payload, progress: &NoProgress };
    let stored = client.upload(upload).await?;
    assert_eq!(stored.bytes, payload.len());

    let spec = JobSpec {
        token: JobToken::new("stranger-1"),
        model: ModelId::parse("sim-flash")?,
        input: stored.name.clone(),
    };
    let mut job = client.create(&spec).await?;
    for _ in 0..100_000 {
        if job.ended() {
            break;
        }
        job = client.get(&job.name).await?;
    }
    assert_eq!(job.state, JobState::Succeeded);
    assert_eq!(job.token, Some(spec.token));

    let mut results = Vec::new();
    let output = job.output.ok_or("the job has no results")?;
    client.fetch(&output, &mut results).await?;
    let results = String::from_utf8(results)?;
    assert_eq!(results.lines().count(), 2);
    assert!(results.contains("\"one\"") && results.contains("\"two\""), "{results}");
    client.discard(&stored.name).await?;
    println!("{results}");
    Ok(())
}
