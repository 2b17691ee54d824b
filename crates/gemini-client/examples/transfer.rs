//! Uploads a file or downloads results, and says how fast and in how much memory: a yardstick.
//!
//! ```text
//! transfer upload   BASE_URL FILE               # the session to go on with: TRANSFER_SESSION
//! transfer download BASE_URL files/batch-… FILE
//! ```
//! The key is taken from `GEMINI_API_KEY`. Lines of JSON come out.

#![expect(clippy::print_stdout, reason = "a program whose output is its purpose")]

use std::env;
use std::error::Error;
use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use batch_backend::{
    BatchBackend, ByteSink, NoProgress, OutputName, Payload, Upload, UploadSession,
};
use gemini_client::{ApiKey, BaseUrl, Client};

/// A file that is read again from wherever it is needed.
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

/// A file that results go to.
struct FileSink(File);

impl ByteSink for FileSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn restart(&mut self) -> io::Result<()> {
        self.0.set_len(0)?;
        self.0.seek(SeekFrom::Start(0)).map(drop)
    }
}

async fn upload(client: &Client, path: &Path) -> Result<u64, Box<dyn Error>> {
    let payload = FilePayload { len: path.metadata()?.len(), path: path.to_owned() };
    // Where the session is kept, so that a killed upload goes on: it is a secret.
    let kept = env::var_os("TRANSFER_SESSION").map(PathBuf::from);
    let known = kept.as_ref().and_then(|path| std::fs::read_to_string(path).ok());
    let (session, resumed) = match known {
        Some(address) => (UploadSession::new(address), true),
        None => (client.open_upload("transfer", payload.len).await?, false),
    };
    if let (Some(path), false) = (&kept, resumed) {
        std::fs::write(path, session.expose())?;
    }
    let upload = Upload { session: &session, resumed, payload: &payload, progress: &NoProgress };
    let stored = client.upload(upload).await?;
    println!(r#"{{"name":"{}","sha256":"{}"}}"#, stored.name, stored.sha256);
    Ok(stored.bytes)
}

async fn download(client: &Client, name: &str, path: &Path) -> Result<u64, Box<dyn Error>> {
    let mut sink = FileSink(File::create(path)?);
    Ok(client.fetch(&OutputName::new(name), &mut sink).await?.bytes)
}

/// The most memory this process has had, in KiB; nothing where there is no `/proc`.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

#[tokio::main(flavor = "multi_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let usage = "transfer upload BASE_URL FILE | transfer download BASE_URL NAME FILE";
    let [_, base, ..] = arguments[..] else {
        return Err(usage.into());
    };
    let client = Client::builder(ApiKey::new(&env::var("GEMINI_API_KEY")?)?)
        .base_url(BaseUrl::parse(base)?)
        .build()?;
    #[expect(clippy::disallowed_methods, reason = "to measure is its purpose")]
    let started = Instant::now();
    let bytes = match arguments[..] {
        ["upload", _, file] => upload(&client, Path::new(file)).await?,
        ["download", _, name, file] => download(&client, name, Path::new(file)).await?,
        _ => return Err(usage.into()),
    };
    let seconds = started.elapsed().max(Duration::from_micros(1)).as_secs_f64();
    let peak = peak().map_or_else(|| "null".to_owned(), |kib| kib.to_string());
    println!(r#"{{"bytes":{bytes},"seconds":{seconds:.3},"peak_kib":{peak}}}"#);
    Ok(())
}
