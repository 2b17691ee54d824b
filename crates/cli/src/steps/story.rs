//! A run under way: its folder, its journal, and all that has happened.

use std::path::PathBuf;
use std::time::SystemTime;

use batch_orchestrator::{Doubt, Event, Goal, JobId, Journal as _, Phase, Plan, RunState, Verdict};
use run_store::{FileJournal, Replay, RunFolder};

use crate::context::{store, unwritten};
use crate::elapsed::{Elapsed, Gaps};
use crate::exit::{Exit, Failure, Outcome};

/// See the module.
pub(crate) struct Story<'a> {
    pub(crate) folder: &'a RunFolder,
    pub(super) plan: Plan,
    pub(super) journal: &'a mut FileJournal,
    pub(super) events: Vec<Event>,
    /// Where the emulator has its state, for runs that go to one.
    pub(super) emulator: PathBuf,
    /// Whether the journal is known to have lost lines once.
    pub(super) mended: bool,
    /// Whether this process made the run.
    pub(super) is_new: bool,
    /// How many events there were when this session began.
    pub(super) told: usize,
    /// When the run was over, if it was when this session began.
    over: Option<SystemTime>,
    /// When no process worked on it.
    gaps: Gaps,
}

impl<'a> Story<'a> {
    pub(super) fn of(
        folder: &'a RunFolder,
        journal: &'a mut FileJournal,
        replay: &Replay,
        now: SystemTime,
    ) -> Outcome<Self> {
        let events: Vec<Event> = replay.events().cloned().collect();
        let mut story = Self {
            folder,
            plan: folder.plan().map_err(|error| store(&error))?,
            journal,
            emulator: folder.paths().emulator(),
            mended: replay.was_mended(),
            is_new: false,
            told: events.len(),
            over: None,
            gaps: Gaps::of(replay, Some(now)),
            events,
        };
        if story.state()?.reached(Goal::Fetched) {
            story.over = replay.entries.last().map(|entry| entry.at);
        }
        Ok(story)
    }

    /// Where the run stands by all that has happened.
    pub(super) fn state(&self) -> Outcome<RunState> {
        RunState::replay(&self.plan, &self.events)
            .map_err(|error| Failure::of(Exit::RunFolder, &error))
    }

    /// Writes events down that this program brought about itself.
    pub(super) fn add(&mut self, events: Vec<Event>) -> Outcome<()> {
        for event in with_doubts(self.mended, events) {
            self.journal.append(&event).map_err(|error| unwritten(&error))?;
            self.events.push(event);
        }
        Ok(())
    }

    /// Opens every job again whose results are here.
    pub(super) fn refetch(&mut self) -> Outcome<()> {
        let here = |phase: &Phase| match phase {
            Phase::Over(Verdict::Results { ending, .. }) => ending.output.is_some(),
            _ => false,
        };
        let state = self.state()?;
        let jobs = state.jobs().filter(|job| here(&job.phase));
        self.add(jobs.map(|job| Event::Reopened { job: job.id }).collect())
    }

    pub(super) fn end(&mut self, how: &'static str) -> Outcome<()> {
        self.journal.end(how).map_err(|error| unwritten(&error))
    }

    /// How long the run took: from its making to now, or to its last event if it was over before and
    /// nothing has happened since.
    pub(super) fn elapsed(&self, now: SystemTime) -> Option<Elapsed> {
        let over = self.over.filter(|_| self.events.len() == self.told);
        self.gaps.within(self.folder.manifest().created, over.unwrap_or(now))
    }
}

/// Where the journal was mended, what it lost may have been the same attempt as this one: jobs of
/// that name are looked for before they are created.
pub(super) fn with_doubts(mended: bool, events: Vec<Event>) -> impl Iterator<Item = Event> {
    events.into_iter().flat_map(move |event| {
        let jobs: Vec<JobId> = match &event {
            Event::Attempted { attempt } if mended => attempt.jobs().collect(),
            _ => Vec::new(),
        };
        let doubted = |job| Event::Doubted {
            job,
            doubt: Doubt::Unanswered,
            reason: "the journal was damaged and may lack its creation".to_owned(),
        };
        std::iter::once(event).chain(jobs.into_iter().map(doubted))
    })
}
