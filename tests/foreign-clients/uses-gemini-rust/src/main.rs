//! The crate gemini-rust, unchanged, against `batch-eval emulator` at the base URL in the first argument.

use std::error::Error;

use futures::{StreamExt as _, TryStreamExt as _, pin_mut};
use gemini_rust::{
    BatchHandle, BatchHandleError, BatchStatus, Gemini, GeminiBuilder, Message, Model,
};

type Step = Result<(), Box<dyn Error>>;

const LOOKS: u32 = 100_000;

#[tokio::main]
async fn main() -> Step {
    let base_url = std::env::args().nth(1).ok_or("usage: uses-gemini-rust BASE_URL")?;
    let gemini = GeminiBuilder::new("any-key-will-do")
        .with_base_url(url::Url::parse(&format!("{base_url}/v1beta/"))?)
        .with_model(Model::Custom("models/sim-flash".to_owned()))
        .build()?;
    files(&gemini).await?;
    let inlined = requests(&gemini, 3).execute().await?;
    let by_file = requests(&gemini, 40).execute_as_file().await?;
    succeeds(&inlined, 3).await?;
    succeeds(&by_file, 40).await?;
    let listed = gemini.list_batches(1);
    pin_mut!(listed);
    let mut names = Vec::new();
    while let Some(operation) = listed.next().await {
        names.push(operation?.name);
    }
    check(names == [by_file.name(), inlined.name()], &format!("listed: {names:?}"))?;
    cancel_and_delete(&gemini).await?;
    println!("{{\"steps\": 6}}");
    Ok(())
}

fn check(holds: bool, what: &str) -> Step {
    if holds { Ok(()) } else { Err(what.into()) }
}

/// It sends `X-Goog-Upload-Content-Length`, which is not a header of the protocol: that is its bug,
/// and the emulator must take an upload whose length was not announced.
async fn files(gemini: &Gemini) -> Step {
    let content = "{\"key\":\"a\",\"request\":{\"contents\":[]}}\n".repeat(1_000);
    let uploaded = gemini
        .create_file(content.clone())
        .display_name("rows")
        .with_mime_type(mime::APPLICATION_JSON)
        .upload()
        .await?;
    let all = gemini.list_files(1).try_collect::<Vec<_>>().await?;
    let found = all.iter().find(|file| file.name() == uploaded.name()).ok_or("not listed")?;
    let size = found.get_file_meta().size_bytes;
    check(size == Some(content.len() as i64), &format!("{size:?} bytes"))?;
    check(found.download().await.is_err(), "an uploaded file can be downloaded")?;
    let name = uploaded.name().to_owned();
    uploaded.delete().await.map_err(|(_, error)| error)?;
    check(gemini.get_file(&name).await.is_err(), "a deleted file is there")
}

fn requests(gemini: &Gemini, n_rows: usize) -> gemini_rust::BatchBuilder {
    let batch = gemini.batch_generate_content().with_name(format!("{n_rows} rows"));
    #[expect(deprecated, reason = "the crate has no other way to make a request for a batch")]
    let request = |n| {
        gemini.generate_content().with_message(Message::user(format!("What is {n} + {n}?"))).build()
    };
    batch.with_requests((0..n_rows).map(request).collect())
}

async fn succeeds(batch: &BatchHandle, n_rows: usize) -> Step {
    for _ in 0..LOOKS {
        match batch.status().await? {
            BatchStatus::Succeeded { results } => {
                let mut keys: Vec<usize> = results.iter().map(|item| item.meta.key).collect();
                keys.sort_unstable();
                return check(keys == (0..n_rows).collect::<Vec<_>>(), &format!("keys {keys:?}"));
            }
            BatchStatus::Pending | BatchStatus::Running { .. } => {}
            other => return Err(format!("it ended as {other:?}").into()),
        }
    }
    Err("it does not end".into())
}

async fn cancel_and_delete(gemini: &Gemini) -> Step {
    let batch = requests(gemini, 2).execute().await?;
    let name = batch.name().to_owned();
    batch.cancel().await.map_err(|(_, error)| error)?;
    let again = gemini.get_batch(&name);
    let status = again.status().await;
    // A cancelled job has an error of code 1 beside its state, and this client looks at that first.
    let cancelled =
        matches!(&status, Err(BatchHandleError::BatchFailed { source, .. }) if source.code == 1);
    check(cancelled, &format!("cancelled, it is {status:?}"))?;
    again.delete().await.map_err(|(_, error)| error)?;
    check(gemini.get_batch(&name).status().await.is_err(), "a deleted job is there")
}
