//! What this process remembers of upload sessions under way; what must last is on disk.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::Sha256;
use tokio::sync::watch;

/// Upload sessions of this process; what must last is on disk.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    open: Mutex<HashMap<String, Arc<Session>>>,
}

#[derive(Debug, Default)]
pub(super) struct Session {
    /// Grows with each request, so that one whose client has gone makes room for the next.
    pub(super) turn: watch::Sender<u64>,
    pub(super) digest: tokio::sync::Mutex<Running>,
}

/// The digest of the bytes received so far, as long as they came in order through here.
#[derive(Debug, Default)]
pub(super) struct Running {
    pub(super) hash: Sha256,
    pub(super) bytes: u64,
}

impl Sessions {
    pub(super) fn of(&self, id: &str) -> Arc<Session> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(open.entry(id.to_owned()).or_default())
    }

    /// Forgets all sessions; those that are taking bytes see it.
    pub(crate) fn clear(&self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, session) in open.drain() {
            session.turn.send_modify(|turn| *turn += 1);
        }
    }

    /// Forgets a session; whoever is sending bytes in it sees it.
    pub(super) fn close(&self, id: &str) {
        let closed = self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        if let Some(session) = closed {
            session.turn.send_modify(|turn| *turn += 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use crate::Emulator;

    #[tokio::test]
    async fn strangers_leave_nothing_behind() {
        let emulator = Emulator::builder().start().await.unwrap();
        for n in 0..20 {
            let mut stream = TcpStream::connect(emulator.local_addr()).await.unwrap();
            let head = format!(
                "POST /upload/v1/files?upload_id=nobody-{n} HTTP/1.1\r\nHost: localhost\r\n\
                 X-Goog-Upload-Command: upload\r\nContent-Length: 100\r\n\r\ncut short"
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
        assert_eq!(emulator.core().sessions.open.lock().unwrap().len(), 0);
    }
}
