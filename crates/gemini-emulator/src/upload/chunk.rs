//! One chunk of an upload on its way to the disk, and what speaks against it.

use sha2::{Digest, Sha256};
use tokio::io::{AsyncWriteExt, BufWriter};
use tokio::sync::watch;

use super::sessions::Running;
use super::{refused, still_active};
use crate::exchange::Ask;
use crate::limits;
use crate::payload::{Halt, Payload};
use crate::record::UploadRecord;
use crate::shared::Core;

const TOO_MUCH: &str = "More bytes than declared or allowed.";

/// One chunk on its way to the disk.
pub(super) struct Chunk<'a> {
    pub(super) core: &'a Core,
    pub(super) ask: &'a Ask,
    pub(super) record: &'a UploadRecord,
    /// The bytes there before it.
    pub(super) received: u64,
    pub(super) last: bool,
}

impl Chunk<'_> {
    /// Stores the chunk and gives the bytes there are now, and whether the script threw some away.
    /// If the connection breaks, what came stays; if the chunk is refused, nothing of it does, nor
    /// is more than may be ever kept.
    pub(super) async fn take(
        &self,
        digest: &mut Running,
        mut payload: Payload,
        mut turn: watch::Receiver<u64>,
    ) -> Result<(u64, bool), Halt> {
        let offset = self.ask.header("x-goog-upload-offset").and_then(|n| n.trim().parse().ok());
        if offset != Some(self.received) {
            payload.drain().await?;
            return Err(refused("X-Goog-Upload-Offset is not the size received.", self.received));
        }
        let said = self.ask.header("content-length").and_then(|n| n.parse::<u64>().ok());
        let wrong = said.and_then(|length| self.objection(self.received.saturating_add(length)));
        if let Some(wrong) = wrong {
            payload.drain().await?;
            return Err(refused(wrong, self.received));
        }
        if digest.bytes != self.received {
            *digest = Running { hash: Sha256::new(), bytes: u64::MAX };
        }
        let path = self.core.store.upload_data(&self.record.id);
        let file = tokio::fs::OpenOptions::new().create(true).append(true).open(&path).await?;
        let mut writer = BufWriter::with_capacity(1 << 20, file);
        let mut total = self.received;
        let mut looked = total;
        let ending = loop {
            let piece = tokio::select! {
                piece = payload.next() => piece,
                _ = turn.changed() => Err(Halt::Closed),
            };
            let piece = match piece {
                Ok(Some(piece)) => piece,
                Ok(None) => break self.whole(total),
                Err(halt) => break Err(halt),
            };
            let more = total.saturating_add(piece.len() as u64);
            // What is too much never comes to the disk.
            if let Err(halt) = self.fits(more, &mut looked) {
                break tokio::select! {
                    drained = payload.drain() => drained.and(Err(halt)),
                    _ = turn.changed() => Err(Halt::Closed),
                };
            }
            if digest.bytes == total {
                digest.hash.update(&piece);
                digest.bytes = more;
            }
            writer.write_all(&piece).await?;
            total = more;
        };
        writer.flush().await?;
        if let Err(Halt::Fail(_)) = &ending {
            writer.get_ref().set_len(self.received).await?;
        }
        ending?;
        let short = self.ask.short_by.min(total - self.received);
        if short > 0 {
            total -= short;
            writer.get_ref().set_len(total).await?;
        }
        Ok((total, short > 0))
    }

    /// Checks that there may be `total` bytes. The room for an upload that did not say its size is
    /// looked after every now and then; for others it is reserved.
    fn fits(&self, total: u64, looked: &mut u64) -> Result<(), Halt> {
        const SPAN: u64 = 8 << 20;
        if total > self.most() {
            return Err(refused(TOO_MUCH, self.received));
        }
        if self.record.declared_size.is_none() && total - *looked >= SPAN {
            *looked = total;
            self.room(total)?;
        }
        Ok(())
    }

    /// Checks a chunk that has come to its end.
    fn whole(&self, total: u64) -> Result<(), Halt> {
        if let Some(wrong) = self.objection(total) {
            return Err(refused(wrong, self.received));
        }
        if self.record.declared_size.is_none() { self.room(total) } else { Ok(()) }
    }

    fn room(&self, total: u64) -> Result<(), Halt> {
        let tables = self.core.store.tables();
        let room = limits::check_room(self.core, &tables, &self.record.id, total);
        room.map_err(|full| still_active(full, self.received))
    }

    fn most(&self) -> u64 {
        self.record.declared_size.unwrap_or(u64::MAX).min(self.core.limits().file_bytes)
    }

    /// What speaks against having `total` bytes after this chunk.
    fn objection(&self, total: u64) -> Option<&'static str> {
        let limits = self.core.limits();
        if !self.last && !(total - self.received).is_multiple_of(limits.granularity) {
            return Some("The size of a chunk must be a multiple of the chunk granularity.");
        }
        (total > self.most()).then_some(TOO_MUCH)
    }
}
