//! An upload to a service that answers by a script of any bytes.

use gemini_client::Policies;
use gemini_client::batch_backend::{BatchBackend as _, BytesPayload, Progress, Upload};

use super::desk::converse;
use super::scripts::{LABEL, SECRET, Script, sha256};
use super::{FILE, words};

/// As the service tells them; what makes no sense counts as the usual 8 MiB.
const GRANULARITIES: [&str; 8] = ["4", "1", "3", "8", "0", "-4", "many", "18446744073709551615"];

const LONGEST: usize = 25;

/// A byte for the length (and whether it goes on with a session), one for the granularity, and the answers:
/// the upload ends, with the file whole or with an error, and nothing is sent that the payload does not have.
pub fn upload_session(bytes: &[u8]) {
    let mut bytes = bytes.iter().copied();
    let (length, granularity) = (bytes.next().unwrap_or(20), bytes.next().unwrap_or_default());
    let payload: Vec<u8> = (b'0'..).take(usize::from(length) % LONGEST).collect();
    let granularity = GRANULARITIES[usize::from(granularity) % GRANULARITIES.len()];
    let (resumed, total) = (length >= 0x80, payload.len() as u64);
    let script = Script::new(bytes.collect(), payload.clone(), granularity, resumed);
    let held = converse(script, async |client| {
        let session = client.open_upload(LABEL, total).await?;
        let sent = BytesPayload::from(payload.clone());
        let upload = Upload { session: &session, resumed, payload: &sent, progress: &Bounded };
        client.upload(upload).await
    });
    let script = held.service;
    assert!(script.faults.is_empty(), "{:?}", script.faults);
    let longest = Policies::default().upload.longest;
    assert!(held.waits.iter().all(|wait| *wait <= longest), "{:?}", held.waits);
    match held.result {
        Ok(stored) => {
            let told = (stored.name.as_str(), stored.bytes, stored.sha256);
            assert_eq!(told, (FILE, total, sha256(&payload)));
            assert!(script.said_final, "nobody said that the upload is over");
            assert!(script.forged || script.taken == payload, "{:?} is there", script.taken);
        }
        Err(error) => {
            words::check(&error);
            assert!(!format!("{error} {error:?}").contains(SECRET), "{error:?}");
        }
    }
}

/// Hears how far an upload has come, which is never too far.
#[derive(Debug)]
struct Bounded;

impl Progress for Bounded {
    fn bytes(&self, done: u64, total: u64) {
        assert!(done <= total, "{done} of {total} bytes");
    }
}
