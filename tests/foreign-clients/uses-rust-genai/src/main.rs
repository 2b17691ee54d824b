//! The crate rust-genai, unchanged, against `batch-eval emulator` at the base URL in the first argument.

use std::collections::BTreeSet;
use std::error::Error;

use rust_genai::Client;
use rust_genai::types::batches::{
    BatchJob, BatchJobSource, CreateBatchJobConfig, InlinedRequest, ListBatchJobsConfig,
};
use rust_genai::types::content::Content;
use rust_genai::types::files::{ListFilesConfig, UploadFileConfig};

type Step = Result<(), Box<dyn Error>>;

const CHUNK: usize = 8_388_608;
const LOOKS: u32 = 100_000;

#[tokio::main]
async fn main() -> Step {
    let base_url = std::env::args().nth(1).ok_or("usage: uses-rust-genai BASE_URL")?;
    let client = Client::builder().api_key("any-key-will-do").base_url(base_url).build()?;
    files(&client).await?;
    let input = rows(&client, 40).await?;
    let by_file = BatchJobSource { file_name: Some(input), ..Default::default() };
    let first = create(&client, by_file.clone()).await?;
    let second = create(&client, inlined()).await?;
    let file = ended(&client, &first).await?;
    let results = file.dest.and_then(|dest| dest.file_name).ok_or("no result file")?;
    let lines = client.files().download(results).await?;
    check(lines.split(|b| *b == b'\n').filter(|line| !line.is_empty()).count() == 40, "rows")?;
    let inline = ended(&client, &second).await?;
    let n_answers = inline.dest.and_then(|dest| dest.inlined_responses).map_or(0, |all| all.len());
    check(n_answers == 2, &format!("{n_answers} answers"))?;

    let third = create(&client, by_file).await?;
    client.batches().cancel(&third).await?;
    check(ended(&client, &third).await?.dest.is_none(), "a cancelled job has results")?;
    let paged = ListBatchJobsConfig { page_size: Some(1), ..Default::default() };
    let listed = client.batches().all_with_config(paged).await?;
    let names: Vec<&str> = listed.iter().filter_map(|job| job.name.as_deref()).collect();
    check(names == [&third, &second, &first], &format!("listed: {names:?}"))?;
    client.batches().delete(&third).await?;
    check(client.batches().get(&third).await.is_err(), "a deleted job is there")?;
    println!("{{\"steps\": 8}}");
    Ok(())
}

fn check(holds: bool, what: &str) -> Step {
    if holds { Ok(()) } else { Err(what.into()) }
}

async fn files(client: &Client) -> Step {
    let mut names = BTreeSet::new();
    for size in [1, CHUNK, 2 * CHUNK + 1_234_567] {
        let file = client.files().upload(vec![b'x'; size], "application/json").await?;
        check(file.size_bytes == Some(size.to_string()), &format!("{:?}", file.size_bytes))?;
        names.insert(file.name.ok_or("no name")?);
    }
    let paged = ListFilesConfig { page_size: Some(2), ..Default::default() };
    let listed = client.files().all_with_config(paged).await?;
    let listed: BTreeSet<String> = listed.into_iter().filter_map(|file| file.name).collect();
    check(listed == names, &format!("listed: {listed:?}"))?;
    for name in names {
        client.files().delete(&name).await?;
        check(client.files().get(&name).await.is_err(), "a deleted file is there")?;
    }
    Ok(())
}

async fn rows(client: &Client, n_rows: usize) -> Result<String, Box<dyn Error>> {
    let row = |n| {
        let contents = format!("[{{\"role\":\"user\",\"parts\":[{{\"text\":\"row {n}\"}}]}}]");
        format!("{{\"key\":\"r{n}\",\"request\":{{\"contents\":{contents}}}}}\n")
    };
    let text: String = (0..n_rows).map(row).collect();
    let config = UploadFileConfig {
        mime_type: Some("application/json".to_owned()),
        display_name: Some("rows".to_owned()),
        ..Default::default()
    };
    let file = client.files().upload_with_config(text.into_bytes(), config).await?;
    Ok(file.name.ok_or("no name")?)
}

fn inlined() -> BatchJobSource {
    let request = |text: &str| InlinedRequest {
        contents: Some(vec![Content::text(text)]),
        ..Default::default()
    };
    BatchJobSource {
        inlined_requests: Some(vec![request("one"), request("two")]),
        ..Default::default()
    }
}

async fn create(client: &Client, source: BatchJobSource) -> Result<String, Box<dyn Error>> {
    let config = CreateBatchJobConfig {
        display_name: Some("by rust-genai".to_owned()),
        ..Default::default()
    };
    let job = client.batches().create("sim-flash", source, config).await?;
    Ok(job.name.ok_or("no name")?)
}

/// Looks until the job has an end. It reads only `JOB_STATE_…`, and so sees no state of a service that
/// writes `BATCH_STATE_…`, as this one does: that is its bug. The time of the end it reads.
async fn ended(client: &Client, name: &str) -> Result<BatchJob, Box<dyn Error>> {
    for _ in 0..LOOKS {
        let job = client.batches().get(name).await?;
        if job.end_time.is_some() {
            return Ok(job);
        }
    }
    Err(format!("{name} does not end").into())
}
