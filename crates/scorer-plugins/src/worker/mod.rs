//! One place in the pool: a process that is asked, watched, and replaced when it breaks down.

mod child;
mod lines;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use scoring::{Row, Verdict};

use crate::protocol::{self, Greeting, Hello};
use crate::{PluginError, PluginEvent, Settings};
pub(crate) use child::{Child, Trouble};

/// How many messages a process may have that it has not answered.
const WINDOW: usize = 256;
/// How many bytes; what is more is sent when answers came.
const WINDOW_BYTES: usize = 4 << 20;

/// What all workers of a plugin share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) name: String,
    pub(crate) words: Vec<OsString>,
    pub(crate) settings: Settings,
    restarts: AtomicU64,
    answered: AtomicU64,
}

impl Shared {
    pub(crate) fn new(name: String, words: Vec<OsString>, settings: Settings) -> Self {
        let (restarts, answered) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { name, words, settings, restarts, answered }
    }

    /// Starts a process and exchanges hellos.
    pub(crate) fn start(&self) -> Result<(Child, Hello), PluginError> {
        let mut child = Child::start(&self.words, &self.settings).map_err(|source| {
            let program = self.words.first().map(|word| word.to_string_lossy().into_owned());
            PluginError::Start { program: program.unwrap_or_default(), source }
        })?;
        child.send(protocol::hello(self.settings.row_limit));
        let hello = |why| PluginError::Hello { scorer: self.name.clone(), why };
        let line = child.next(self.settings.start_limit);
        let line = line.map_err(|trouble| {
            child.kill();
            hello(format!("it {trouble}"))
        })?;
        match protocol::greeting(&line) {
            Ok(Greeting::Hello(greeting)) => Ok((child, greeting)),
            Ok(Greeting::Refused(why)) => {
                Err(PluginError::Refused { scorer: self.name.clone(), why })
            }
            Err(why) => {
                child.kill();
                Err(hello(why))
            }
        }
    }

    /// Counts a breakdown.
    fn broke_down(&self, trouble: &Trouble) -> Result<(), PluginError> {
        self.settings.tell(PluginEvent::Restarted { why: &trouble.0 });
        let times = self.restarts.fetch_add(1, Ordering::Relaxed) + 1;
        let allowed = self.settings.restarts + self.answered.load(Ordering::Relaxed) / 100;
        if times <= allowed {
            return Ok(());
        }
        Err(PluginError::TooOften { scorer: self.name.clone(), times, why: trouble.0.clone() })
    }
}

/// One place in the pool.
#[derive(Debug)]
pub(crate) struct Worker {
    shared: Arc<Shared>,
    hello: Hello,
    child: Option<Child>,
    /// The number of the next message.
    next: u64,
    /// How many rows are still asked one at a time, since one of them broke a process down.
    suspects: usize,
}

impl Worker {
    pub(crate) fn new(shared: Arc<Shared>, hello: Hello, child: Option<Child>) -> Self {
        Self { shared, hello, child, next: 0, suspects: 0 }
    }

    /// Judges rows: one verdict a row, in order. A row that breaks the process down though it is asked alone is
    /// unscorable; the others are asked again.
    pub(crate) fn judge(&mut self, rows: &[Row<'_>]) -> Result<Vec<Verdict>, PluginError> {
        let mut verdicts: Vec<Option<Verdict>> = rows.iter().map(|_| None).collect();
        let mut questions = Vec::new();
        for ((at, row), verdict) in rows.iter().enumerate().zip(&mut verdicts) {
            match protocol::members(row, self.hello.needs) {
                Ok(members) => questions.push((at, members)),
                Err(why) => *verdict = Some(Verdict::unscorable(why)),
            }
        }
        while !questions.is_empty() {
            let alone = self.suspects > 0;
            let asked = if alone { 1 } else { questions.len() };
            let mut child = match self.child.take() {
                Some(child) => child,
                None => self.shared.start()?.0,
            };
            let broken = self.exchange(
                &mut child,
                questions.get(..asked).unwrap_or_default(),
                &mut verdicts,
            );
            let before = questions.len();
            questions.retain(|(at, _)| verdicts.get(*at).is_some_and(Option::is_none));
            let answered = before - questions.len();
            self.shared.answered.fetch_add(answered as u64, Ordering::Relaxed);
            self.suspects = self.suspects.saturating_sub(answered);
            match broken {
                Ok(()) => self.child = Some(child),
                Err(Broken::Unreadable(why)) if alone => {
                    self.child = Some(child);
                    let lost = questions.remove(0);
                    set(&mut verdicts, lost.0, Verdict::unscorable(why));
                    self.suspects = 0;
                }
                Err(Broken::Unreadable(_)) => {
                    self.child = Some(child);
                    self.suspects = questions.len();
                }
                Err(Broken::Down(trouble)) => {
                    child.kill();
                    self.suspects = questions.len();
                    if alone && !questions.is_empty() {
                        let lost = questions.remove(0);
                        self.lose(rows, lost.0, &trouble, &mut verdicts);
                    }
                    self.shared.broke_down(&trouble)?;
                }
            }
        }
        self.suspects = 0;
        let missing = || Verdict::unscorable("the scorer did not answer");
        Ok(verdicts.into_iter().map(|verdict| verdict.unwrap_or_else(missing)).collect())
    }

    /// Closes the process's input and says whether it ends as it should.
    pub(crate) fn finish(&mut self) -> Result<(), Trouble> {
        self.child.take().map_or(Ok(()), Child::finish)
    }

    fn lose(
        &mut self,
        rows: &[Row<'_>],
        at: usize,
        trouble: &Trouble,
        verdicts: &mut [Option<Verdict>],
    ) {
        let number = rows.get(at).map_or(0, |row| row.number);
        self.shared.settings.tell(PluginEvent::RowLost { number, why: &trouble.0 });
        set(verdicts, at, Verdict::unscorable(format!("the scorer {trouble}")));
        // It is found; the others are asked together again.
        self.suspects = 0;
    }

    /// Asks, and takes answers in any order, until there is one for each question.
    fn exchange(
        &mut self,
        child: &mut Child,
        questions: &[(usize, Vec<u8>)],
        verdicts: &mut [Option<Verdict>],
    ) -> Result<(), Broken> {
        let limit = self.limit();
        let mut unasked = 0;
        let mut open: BTreeMap<u64, Range<usize>> = BTreeMap::new();
        let mut bytes = 0;
        while unasked < questions.len() || !open.is_empty() {
            while unasked < questions.len() && open.len() < WINDOW && bytes < WINDOW_BYTES {
                let id = self.next;
                self.next += 1;
                let asked = self.message(id, unasked, questions);
                bytes += asked.1.len();
                child.send(asked.1);
                open.insert(id, unasked..asked.0);
                unasked = asked.0;
            }
            let line = child.next(limit).map_err(Broken::Down)?;
            let answer = protocol::answer(&line).map_err(|why| Broken::Down(Trouble(why)))?;
            let Some(range) = open.remove(&answer.id) else {
                let why =
                    format!("answered {}, which was not asked, or was answered before", answer.id);
                return Err(Broken::Down(Trouble(why)));
            };
            let asked = questions.get(range).unwrap_or_default();
            bytes = bytes.saturating_sub(asked.iter().map(|(_, members)| members.len()).sum());
            let said = answer.verdicts.map_err(|why| {
                if open.is_empty() { Broken::Unreadable(why) } else { Broken::Down(Trouble(why)) }
            })?;
            if said.len() != asked.len() {
                let why = format!("gave {} verdicts for {} rows", said.len(), asked.len());
                return Err(Broken::Down(Trouble(why)));
            }
            for ((at, _), verdict) in asked.iter().zip(said) {
                set(verdicts, *at, verdict);
            }
        }
        Ok(())
    }

    /// The next message and the question after it: one row, or as many as there are and fit in a message.
    fn message(&self, id: u64, from: usize, questions: &[(usize, Vec<u8>)]) -> (usize, Vec<u8>) {
        let rest = questions.get(from..).unwrap_or_default();
        if !self.hello.takes_batches {
            let members = rest.first().map_or(&[][..], |(_, members)| members);
            return (from + 1, protocol::ask(id, members));
        }
        let mut bytes = 0;
        let fits = rest.iter().take_while(|(_, members)| {
            bytes += members.len();
            bytes <= WINDOW_BYTES
        });
        let many = fits.count().max(1);
        let rows: Vec<&[u8]> =
            rest.iter().take(many).map(|(_, members)| members.as_slice()).collect();
        (from + many, protocol::ask_all(id, &rows))
    }

    /// One that takes batches watches the time of each row itself; it is given twice the time, for its own limit to act.
    fn limit(&self) -> Duration {
        let row_limit = self.shared.settings.row_limit;
        if self.hello.takes_batches { row_limit * 2 + Duration::from_secs(1) } else { row_limit }
    }
}

/// Why an exchange ended early.
enum Broken {
    /// The process cannot be used any longer.
    Down(Trouble),
    /// The process says that it cannot read what it was asked, and goes on.
    Unreadable(String),
}

fn set(verdicts: &mut [Option<Verdict>], at: usize, verdict: Verdict) {
    if let Some(slot) = verdicts.get_mut(at) {
        *slot = Some(verdict);
    }
}
