//! Our client as a program of its own, so that `cargo xtask bench` can measure it as a process.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;

use batch_backend::{BatchBackend as _, ByteSink, NoProgress, OutputName, Payload, Upload};
use gemini_client::{ApiKey, BaseUrl, Client};

const USAGE: &str = "usage: transfer BASE_URL upload FILE | download NAME FILE | sweep";

type Done = Result<String, Box<dyn std::error::Error>>;

/// A file to send; it is opened anew wherever the service stands.
#[derive(Debug)]
struct FilePayload {
    path: PathBuf,
    len: u64,
}

impl Payload for FilePayload {
    fn len(&self) -> u64 {
        self.len
    }

    fn open_at(&self, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(Box::new(file))
    }
}

/// A file that takes a download.
struct FileSink(File);

impl ByteSink for FileSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn restart(&mut self) -> io::Result<()> {
        self.0.set_len(0)?;
        self.0.rewind()
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (base_url, act) = words.split_first().ok_or(USAGE)?;
    let client =
        Client::builder(ApiKey::new("any-key")?).base_url(BaseUrl::parse(base_url)?).build()?;
    let said = match act {
        ["upload", file] => upload(&client, file).await?,
        ["download", name, file] => download(&client, name, file).await?,
        ["sweep"] => sweep(&client).await?,
        _ => return Err(USAGE.into()),
    };
    writeln!(io::stdout(), "{said}")?;
    Ok(())
}

async fn upload(client: &Client, file: &str) -> Done {
    let len = std::fs::metadata(file)?.len();
    let payload = FilePayload { path: file.into(), len };
    let session = client.open_upload("bench", len).await?;
    let (session, progress) = (&session, &NoProgress);
    let upload = Upload { session, resumed: false, payload: &payload, progress };
    Ok(client.upload(upload).await?.name.to_string())
}

async fn download(client: &Client, name: &str, file: &str) -> Done {
    let mut sink = FileSink(File::create(file)?);
    Ok(client.fetch(&OutputName::new(name), &mut sink).await?.bytes.to_string())
}

/// One look at every job of the account.
async fn sweep(client: &Client) -> Done {
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
