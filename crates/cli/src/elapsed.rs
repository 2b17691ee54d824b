//! How long a run took, and for how much of that no process was at work on it.

use std::time::{Duration, SystemTime};

use run_store::Replay;

/// Shorter times between two processes are told to nobody.
const TOLD: Duration = Duration::from_secs(1);

/// How long a run took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Elapsed {
    /// From its making to its end, by the calendar.
    pub(crate) whole: Duration,
    /// Of that, at most how long no process was at work on it.
    pub(crate) away: Option<Duration>,
}

/// The times between the sessions of a run: when each ended, and how long it was.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gaps(Vec<(SystemTime, Duration)>);

impl Gaps {
    /// Those of a journal, and the one before a session that began at `now`, if one did.
    pub(crate) fn of(replay: &Replay, now: Option<SystemTime>) -> Self {
        let starts = replay.sessions.iter().skip(1).map(|session| session.start).chain(now);
        let gap = |(session, next): (&run_store::SessionSpan, SystemTime)| {
            // One that was killed was there at least until it wrote its last line.
            let lines = replay.entries.iter().map(|entry| entry.at);
            let last = || lines.filter(|at| *at < next).max().unwrap_or(session.start);
            let end = session.end.as_ref().map_or_else(last, |(at, _)| *at).max(session.start);
            Some((next, next.duration_since(end).ok()?))
        };
        Self(replay.sessions.iter().zip(starts).filter_map(gap).collect())
    }

    /// The time from `since` to `until`; none where a clock went backwards.
    pub(crate) fn within(&self, since: SystemTime, until: SystemTime) -> Option<Elapsed> {
        let whole = until.duration_since(since).ok()?;
        let before = self.0.iter().filter(|(end, _)| *end <= until);
        let away: Duration = before.map(|(_, long)| *long).sum();
        Some(Elapsed { whole, away: Some(away).filter(|away| *away >= TOLD) })
    }
}

#[cfg(test)]
mod tests {
    use batch_orchestrator::{Event, InputId, JobId};
    use run_store::{Entry, Session, SessionSpan};

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn span(start: u64, end: Option<u64>) -> SessionSpan {
        let session = Session { pid: 1, host: "h".into(), program: "p".into() };
        SessionSpan { session, start: at(start), end: end.map(|end| (at(end), "reached".into())) }
    }

    fn replay(sessions: Vec<SessionSpan>, entries: &[u64]) -> Replay {
        let job = JobId { input: InputId { shard: 1, variant: 0 }, model: 0 };
        let entry = |&seconds| Entry { seq: 1, at: at(seconds), event: Event::Reopened { job } };
        Replay { sessions, entries: entries.iter().map(entry).collect(), ..Replay::default() }
    }

    #[test]
    fn hours_in_which_nobody_worked_are_told_apart() {
        let seconds = |elapsed: Option<Elapsed>| {
            let Elapsed { whole, away } = elapsed.unwrap();
            (whole.as_secs(), away.map(|away| away.as_secs()))
        };
        // Submitted in a minute, fetched the next day in two.
        let day = replay(vec![span(1, Some(60))], &[50]);
        let gaps = Gaps::of(&day, Some(at(86_400)));
        assert_eq!(seconds(gaps.within(at(0), at(86_520))), (86_520, Some(86_340)));
        // What came after its end is no part of it.
        assert_eq!(seconds(gaps.within(at(0), at(50))), (50, None));
        // The first was killed after its last line; one process at a time has no gaps.
        let killed = replay(vec![span(1, None), span(1000, Some(1010))], &[40, 1005]);
        assert_eq!(seconds(Gaps::of(&killed, None).within(at(0), at(1010))), (1010, Some(960)));
        let one = replay(vec![span(1, Some(60))], &[50]);
        assert_eq!(seconds(Gaps::of(&one, None).within(at(0), at(60))), (60, None));
        assert_eq!(Gaps::default().within(at(9), at(0)), None);
    }
}
