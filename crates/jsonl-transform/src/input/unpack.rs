//! Unpacks gzip and zstd while it is read, and tells a cut file from a damaged one.

use std::{
    fmt,
    io::{self, BufRead, BufReader, Cursor, Read},
    mem,
};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::{
    BlockDecodingStrategy, FrameDecoder,
    errors::{FrameDecoderError, ReadFrameHeaderError},
};

use super::InputError;
use crate::{InputKind, sniff::MAGIC_LEN};

/// What one read of a packed input asks for.
const CHUNK: usize = 64 << 10;

/// The most that a zstd frame may ask to be kept in memory, as much as the `zstd` command allows.
const MAX_WINDOW: u64 = 128 << 20;

/// Frames that hold no data begin with one of sixteen such numbers.
const SKIPPABLE: &[u8] = b"\x2A\x4D\x18";

/// Wraps an input in what unpacks it; a plain one is only given its first bytes back.
pub(super) fn unpack<'a>(
    mut input: Box<dyn Read + Send + 'a>,
) -> io::Result<Box<dyn Read + Send + 'a>> {
    let mut head = Vec::with_capacity(MAGIC_LEN);
    input.by_ref().take(MAGIC_LEN as u64).read_to_end(&mut head)?;
    let is_gzip = head.starts_with(b"\x1F\x8B");
    let is_zstd = head.starts_with(b"\x28\xB5\x2F\xFD")
        || head.get(1..4) == Some(SKIPPABLE) && (0x50..=0x5F).contains(&head[0]);
    let whole = Cursor::new(head).chain(input);
    if !(is_gzip || is_zstd) {
        return Ok(Box::new(whole));
    }
    let packed = BufReader::with_capacity(CHUNK, Watched { input: whole, seen: Seen::Data });
    Ok(if is_gzip {
        Box::new(Gzip(MultiGzDecoder::new(packed)))
    } else {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_WINDOW);
        Box::new(Zstd { packed, decoder, in_frame: false })
    })
}

/// Remembers how reading ended, because decoders blur it.
struct Watched<R> {
    input: R,
    seen: Seen,
}

enum Seen {
    Data,
    End,
    Error(io::Error),
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.input.read(out) {
            Ok(0) if !out.is_empty() => {
                self.seen = Seen::End;
                Ok(0)
            }
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                let kind = error.kind();
                self.seen = Seen::Error(error);
                Err(kind.into())
            }
            read => read,
        }
    }
}

impl<R: Read> Watched<R> {
    /// What a decoder's failure really was.
    fn explain(&mut self, kind: InputKind, error: &dyn fmt::Display) -> io::Error {
        match mem::replace(&mut self.seen, Seen::Data) {
            Seen::Error(error) => error,
            Seen::End => InputError::Truncated(kind).into(),
            Seen::Data => InputError::Damaged(kind, error.to_string()).into(),
        }
    }
}

struct Gzip<R: Read>(MultiGzDecoder<BufReader<Watched<R>>>);

impl<R: Read> Read for Gzip<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.0.read(out) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                let at_end = error.kind() == io::ErrorKind::UnexpectedEof;
                let watched = self.0.get_mut().get_mut();
                // Damage in the last bytes is seen after their end was, too.
                if !at_end && matches!(watched.seen, Seen::End) {
                    watched.seen = Seen::Data;
                }
                Err(watched.explain(InputKind::Gzip, &error))
            }
            read => read,
        }
    }
}

struct Zstd<R: Read> {
    packed: BufReader<Watched<R>>,
    decoder: FrameDecoder,
    in_frame: bool,
}

impl<R: Read> Read for Zstd<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !out.is_empty() {
            if !self.in_frame && !self.next_frame()? {
                return Ok(0);
            }
            if self.decoder.can_collect() > 0 {
                return self.decoder.read(out);
            }
            if self.decoder.is_finished() {
                self.check_sum()?;
                self.in_frame = false;
            } else {
                let step = BlockDecodingStrategy::UptoBlocks(1);
                if let Err(error) = self.decoder.decode_blocks(&mut self.packed, step) {
                    return Err(self.explain(&error));
                }
            }
        }
        Ok(0)
    }
}

impl<R: Read> Zstd<R> {
    /// Begins the next frame that holds data; false at the end of the input.
    fn next_frame(&mut self) -> io::Result<bool> {
        loop {
            if self.packed.fill_buf()?.is_empty() {
                return Ok(false);
            }
            match self.decoder.reset(&mut self.packed) {
                Ok(()) => {
                    self.in_frame = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let length = u64::from(length);
                    let skipped = io::copy(&mut self.packed.by_ref().take(length), &mut io::sink());
                    if skipped? < length {
                        return Err(InputError::Truncated(InputKind::Zstd).into());
                    }
                }
                Err(error) => return Err(self.explain(&error)),
            }
        }
    }

    fn check_sum(&mut self) -> io::Result<()> {
        let stored = self.decoder.get_checksum_from_data();
        if stored.is_some() && stored != self.decoder.get_calculated_checksum() {
            let error = InputError::Damaged(InputKind::Zstd, "the checksum differs".to_owned());
            return Err(error.into());
        }
        Ok(())
    }

    fn explain(&mut self, error: &FrameDecoderError) -> io::Error {
        self.packed.get_mut().explain(InputKind::Zstd, error)
    }
}
