//! Where an upload stands and what to send next, as a pure state machine.
//!
//! `Asking` --answered--> `Sending` --acknowledged--> `Sending` … --final--> over.
//! Any trouble leads back to `Asking`; trouble in a row without a byte of progress is counted.

/// The service names the multiple that all but the last request must be of; this is its usual one.
pub(crate) const USUAL_GRANULARITY: u64 = 8 * 1024 * 1024;

const MAX_GRANULARITY: u64 = 1024 * 1024 * 1024;

/// One request's stretch of the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) offset: u64,
    pub(crate) len: u64,
    /// Whether the upload ends with it.
    pub(crate) last: bool,
}

impl Piece {
    fn end(self) -> u64 {
        self.offset + self.len
    }

    /// The command that goes with it. A file of no bytes is sent as the SDK does.
    pub(crate) fn command(self) -> &'static str {
        match self {
            Self { last: false, .. } => "upload",
            Self { len: 0, offset, .. } if offset > 0 => "finalize",
            _ => "upload, finalize",
        }
    }
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Ask how many bytes the service has.
    Ask,
    /// Send a piece.
    Send(Piece),
}

/// `X-Goog-Upload-Size-Received`, as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Received {
    Bytes(u64),
    Absent,
    Nonsense,
}

impl Received {
    pub(crate) fn read(header: Option<&str>) -> Self {
        match header.map(str::parse) {
            Some(Ok(bytes)) => Self::Bytes(bytes),
            Some(Err(_)) => Self::Nonsense,
            None => Self::Absent,
        }
    }
}

/// What an event came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Take the next step at once.
    GoOn,
    /// So many tries in a row brought nothing: wait, or give up.
    Stalled(u32),
    /// A refusal that looked passing was not.
    Refused,
}

/// An upload on its way.
#[derive(Debug, Clone)]
pub(crate) struct Transfer {
    total: u64,
    chunk: u64,
    /// The next byte to send; unknown after trouble and in an upload that goes on.
    at: Option<u64>,
    /// The most bytes that the service was known to have.
    high: u64,
    /// The most bytes it can have: all, when an earlier process may have sent them.
    most: u64,
    stalls: u32,
    suspect: bool,
}

impl Transfer {
    /// An upload from its start.
    pub(crate) fn fresh(total: u64, granularity: u64, request: u64) -> Self {
        Self {
            total,
            chunk: chunk(granularity, request),
            at: Some(0),
            high: 0,
            most: 0,
            stalls: 0,
            suspect: false,
        }
    }

    /// An upload of which bytes may be there already.
    pub(crate) fn resumed(total: u64, granularity: u64, request: u64) -> Self {
        Self { at: None, most: total, ..Self::fresh(total, granularity, request) }
    }

    /// How many bytes the service is known to have had.
    pub(crate) fn confirmed(&self) -> u64 {
        self.high
    }

    pub(crate) fn next(&self) -> Step {
        let Some(offset) = self.at else {
            return Step::Ask;
        };
        let rest = self.total.saturating_sub(offset);
        Step::Send(Piece { offset, len: rest.min(self.chunk), last: rest <= self.chunk })
    }

    /// A piece was taken, and the session stays open.
    pub(crate) fn acknowledged(&mut self, piece: Piece, received: Received) -> Turn {
        self.most = self.most.max(piece.end());
        match received {
            Received::Bytes(bytes) if bytes <= piece.end() => {
                self.at = Some(bytes);
                if self.progressed(bytes) { Turn::GoOn } else { self.stalled() }
            }
            Received::Absent if !piece.last => {
                self.at = Some(piece.end());
                self.progressed(piece.end());
                Turn::GoOn
            }
            _ => self.lost_track(),
        }
    }

    /// The service said how many bytes it has.
    pub(crate) fn answered(&mut self, received: Received) -> Turn {
        match received {
            Received::Bytes(bytes) if bytes <= self.most => {
                self.at = Some(bytes);
                let moved = self.progressed(bytes);
                if std::mem::take(&mut self.suspect) && !moved { Turn::Refused } else { Turn::GoOn }
            }
            _ => self.lost_track(),
        }
    }

    /// A piece met trouble; any part of it may have arrived.
    pub(crate) fn troubled(&mut self, piece: Piece) -> Turn {
        self.most = self.most.max(piece.end());
        self.lost_track()
    }

    /// A piece met an answer that ends the upload unless part of the piece arrived all the same.
    pub(crate) fn doubted(&mut self, piece: Piece) -> Turn {
        self.suspect = true;
        self.troubled(piece)
    }

    /// Asking itself met trouble.
    pub(crate) fn unanswered(&mut self) -> Turn {
        self.lost_track()
    }

    fn progressed(&mut self, bytes: u64) -> bool {
        let moved = bytes > self.high;
        if moved {
            self.high = bytes;
            self.stalls = 0;
        }
        moved
    }

    fn lost_track(&mut self) -> Turn {
        self.at = None;
        self.stalled()
    }

    fn stalled(&mut self) -> Turn {
        self.stalls += 1;
        Turn::Stalled(self.stalls)
    }
}

fn chunk(granularity: u64, request: u64) -> u64 {
    let granularity = match granularity {
        1..=MAX_GRANULARITY => granularity,
        _ => USUAL_GRANULARITY,
    };
    (request / granularity * granularity).max(granularity)
}

#[cfg(test)]
mod tests {
    use super::{Piece, Received, Step, Transfer, Turn, chunk};

    fn send(offset: u64, len: u64, last: bool) -> Step {
        Step::Send(Piece { offset, len, last })
    }

    fn piece(step: Step) -> Piece {
        match step {
            Step::Send(piece) => piece,
            Step::Ask => panic!("asks"),
        }
    }

    #[test]
    fn requests_are_multiples_of_the_granularity() {
        assert_eq!(chunk(8, 64), 64);
        assert_eq!(chunk(8, 63), 56);
        assert_eq!(chunk(8, 3), 8);
        assert_eq!(chunk(0, 0), 8 * 1024 * 1024);
        assert_eq!(chunk(u64::MAX, 1), 8 * 1024 * 1024);
    }

    #[test]
    fn borders_are_those_of_the_sdk() {
        const MIB8: u64 = 8 * 1024 * 1024;
        let mut transfer = Transfer::fresh(18_875_230, MIB8, MIB8);
        let mut seen = Vec::new();
        loop {
            let piece = piece(transfer.next());
            seen.push((piece.offset, piece.command()));
            if piece.last {
                break;
            }
            let turn = transfer.acknowledged(piece, Received::Bytes(piece.end()));
            assert_eq!(turn, Turn::GoOn);
        }
        let expected = [(0, "upload"), (MIB8, "upload"), (2 * MIB8, "upload, finalize")];
        assert_eq!(seen, expected);
        let exact = Transfer::fresh(MIB8, MIB8, MIB8).next();
        assert_eq!(piece(exact).command(), "upload, finalize");
        let empty = Transfer::fresh(0, MIB8, MIB8).next();
        assert_eq!((empty, piece(empty).command()), (send(0, 0, true), "upload, finalize"));
    }

    #[test]
    fn short_receipt_moves_the_next_cut() {
        let mut transfer = Transfer::fresh(100, 8, 32);
        let first = piece(transfer.next());
        assert_eq!(transfer.acknowledged(first, Received::Bytes(13)), Turn::GoOn);
        assert_eq!(transfer.next(), send(13, 32, false));
        let second = piece(transfer.next());
        assert_eq!(transfer.acknowledged(second, Received::Bytes(13)), Turn::Stalled(1));
        assert_eq!(transfer.acknowledged(second, Received::Bytes(5)), Turn::Stalled(2));
        assert_eq!(transfer.next(), send(5, 32, false));
        assert_eq!(transfer.confirmed(), 13);
    }

    #[test]
    fn trouble_leads_to_a_question_and_progress_clears_the_count() {
        let mut transfer = Transfer::fresh(100, 8, 32);
        let first = piece(transfer.next());
        assert_eq!(transfer.troubled(first), Turn::Stalled(1));
        assert_eq!(transfer.next(), Step::Ask);
        assert_eq!(transfer.unanswered(), Turn::Stalled(2));
        assert_eq!(transfer.answered(Received::Absent), Turn::Stalled(3));
        assert_eq!(transfer.answered(Received::Nonsense), Turn::Stalled(4));
        assert_eq!(transfer.answered(Received::Bytes(8)), Turn::GoOn);
        assert_eq!(transfer.next(), send(8, 32, false));
        let again = piece(transfer.next());
        assert_eq!(transfer.troubled(again), Turn::Stalled(1));
    }

    #[test]
    fn more_than_was_sent_is_not_believed() {
        let mut transfer = Transfer::fresh(100, 8, 32);
        let first = piece(transfer.next());
        assert_eq!(transfer.acknowledged(first, Received::Bytes(33)), Turn::Stalled(1));
        assert_eq!(transfer.answered(Received::Bytes(33)), Turn::Stalled(2));
        let mut resumed = Transfer::resumed(100, 8, 32);
        assert_eq!(resumed.next(), Step::Ask);
        assert_eq!(resumed.answered(Received::Bytes(101)), Turn::Stalled(1));
        assert_eq!(resumed.answered(Received::Bytes(99)), Turn::GoOn);
        assert_eq!(resumed.next(), send(99, 1, true));
    }

    #[test]
    fn doubtful_refusal_holds_unless_the_offset_moved() {
        let mut transfer = Transfer::fresh(100, 8, 32);
        let first = piece(transfer.next());
        transfer.doubted(first);
        assert_eq!(transfer.answered(Received::Bytes(16)), Turn::GoOn);
        let second = piece(transfer.next());
        transfer.doubted(second);
        assert_eq!(transfer.answered(Received::Bytes(16)), Turn::Refused);
    }

    #[test]
    fn all_bytes_there_but_still_open_is_finalized_bare() {
        let mut transfer = Transfer::resumed(100, 8, 32);
        assert_eq!(transfer.answered(Received::Bytes(100)), Turn::GoOn);
        let bare = piece(transfer.next());
        assert_eq!((bare.len, bare.command()), (0, "finalize"));
        assert_eq!(transfer.acknowledged(bare, Received::Bytes(100)), Turn::Stalled(1));
    }

    /// Whatever a service answers: offsets stay inside, and the count of stalls only starts over
    /// when bytes arrived.
    #[test]
    fn no_script_leads_astray() {
        let mut dice = 42_u64;
        let mut roll = |below: u64| {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (dice >> 33) % below
        };
        for _ in 0..2_000 {
            let total = roll(200);
            let mut transfer = Transfer::fresh(total, 1 + roll(16), roll(64));
            let (mut high, mut stalls) = (0, 0);
            for _ in 0..50 {
                let received = match roll(4) {
                    0 => Received::Absent,
                    1 => Received::Nonsense,
                    _ => Received::Bytes(roll(260)),
                };
                let turn = match (transfer.next(), roll(3)) {
                    (Step::Ask, 0) => transfer.unanswered(),
                    (Step::Ask, _) => transfer.answered(received),
                    (Step::Send(piece), 0) => transfer.troubled(piece),
                    (Step::Send(piece), _) => {
                        assert!(piece.end() <= total);
                        transfer.acknowledged(piece, received)
                    }
                };
                assert!(transfer.confirmed() <= total);
                if let Turn::Stalled(n) = turn {
                    let fresh = transfer.confirmed() > high;
                    assert_eq!(n, if fresh { 1 } else { stalls + 1 });
                    stalls = n;
                } else if transfer.confirmed() > high {
                    stalls = 0;
                }
                high = transfer.confirmed();
            }
        }
    }
}
