//! One place in the pool: a process that is asked, watched, and replaced when it breaks down.

mod child;
pub(crate) mod lines;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use scoring::{Row, Verdict};

use crate::protocol::{self, Greeting, Hello};
use crate::question::Question;
use crate::{PluginError, PluginEvent, Settings};
#[cfg(feature = "fuzzing")]
pub(crate) use child::LONGEST_ANSWER;
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
    breakdowns: Mutex<Breakdowns>,
    answered: AtomicU64,
}

/// How often processes broke down, and what it came to.
#[derive(Debug, Default)]
struct Breakdowns {
    times: u64,
    /// What was wrong when it was too often.
    last: Option<String>,
}

impl Shared {
    pub(crate) fn new(name: String, words: Vec<OsString>, settings: Settings) -> Self {
        let (breakdowns, answered) = (Mutex::default(), AtomicU64::new(0));
        Self { name, words, settings, breakdowns, answered }
    }

    /// The same with nothing counted yet.
    pub(crate) fn afresh(&self) -> Self {
        Self::new(self.name.clone(), self.words.clone(), self.settings.clone())
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

    /// Starts one more process of a scorer that has said hello: one that does not is a breakdown like others.
    fn start_another(&self) -> Result<Child, PluginError> {
        loop {
            match self.start() {
                Err(PluginError::Hello { why, .. }) => {
                    self.broke_down(&Trouble(format!("did not say hello: {why}")))?;
                }
                started => return started.map(|(child, _)| child),
            }
        }
    }

    /// Counts a breakdown. Once there were too many, those of other workers are the same one's end: they neither count
    /// nor are told.
    fn broke_down(&self, trouble: &Trouble) -> Result<(), PluginError> {
        let mut breakdowns = self.breakdowns.lock().unwrap_or_else(PoisonError::into_inner);
        if breakdowns.last.is_none() {
            self.settings.tell(PluginEvent::Restarted { why: &trouble.0 });
            breakdowns.times += 1;
            let allowed = self.settings.restarts + self.answered.load(Ordering::Relaxed) / 100;
            if breakdowns.times <= allowed {
                return Ok(());
            }
        }
        let why = breakdowns.last.get_or_insert_with(|| trouble.0.clone()).clone();
        Err(PluginError::TooOften { scorer: self.name.clone(), times: breakdowns.times, why })
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
        let mut questions: Vec<usize> = (0..rows.len()).collect();
        while !questions.is_empty() {
            let alone = self.suspects > 0;
            let asked = if alone { 1 } else { questions.len() };
            let mut child = match self.child.take() {
                Some(child) => child,
                None => self.shared.start_another()?,
            };
            let asked = questions.get(..asked).unwrap_or_default();
            let broken = self.exchange(&mut child, rows, asked, &mut verdicts);
            let before = questions.len();
            questions.retain(|at| verdicts.get(*at).is_some_and(Option::is_none));
            let answered = before - questions.len();
            self.shared.answered.fetch_add(answered as u64, Ordering::Relaxed);
            self.suspects = self.suspects.saturating_sub(answered);
            match broken {
                Ok(()) => self.child = Some(child),
                Err(Broken::Unreadable) => {
                    self.child = Some(child);
                    self.suspects = questions.len();
                }
                Err(Broken::Down(trouble)) => {
                    child.kill();
                    self.suspects = questions.len();
                    if alone && !questions.is_empty() {
                        let lost = questions.remove(0);
                        self.lose(rows, lost, &trouble, &mut verdicts);
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

    /// Asks for the rows in these places, and takes answers in any order, until there is one for each message.
    ///
    /// Messages are made as they are sent, so that the process works on the first while the others are made.
    pub(crate) fn exchange(
        &mut self,
        child: &mut impl Partner,
        rows: &[Row<'_>],
        places: &[usize],
        verdicts: &mut [Option<Verdict>],
    ) -> Result<(), Broken> {
        let limit = self.limit();
        let mut unasked = places;
        let mut open: BTreeMap<u64, Asked> = BTreeMap::new();
        let mut bytes = 0;
        let mut outcome = Ok(());
        while !unasked.is_empty() || !open.is_empty() {
            while !unasked.is_empty() && open.len() < WINDOW && bytes < WINDOW_BYTES {
                let id = self.next;
                self.next += 1;
                let (message, asked) = self.message(id, rows, &mut unasked, verdicts);
                if !asked.places.is_empty() {
                    bytes += asked.bytes;
                    child.send(message);
                    open.insert(id, asked);
                }
            }
            if open.is_empty() {
                continue;
            }
            let line = child.next(limit).map_err(Broken::Down)?;
            let answer = protocol::answer(&line).map_err(|why| Broken::Down(Trouble(why)))?;
            let Some(asked) = open.remove(&answer.id) else {
                let why =
                    format!("answered {}, which was not asked, or was answered before", answer.id);
                return Err(Broken::Down(Trouble(why)));
            };
            bytes -= asked.bytes;
            match (answer.verdicts, asked.places.as_slice()) {
                (Ok(said), places) if said.len() == places.len() => {
                    for (at, verdict) in places.iter().zip(said) {
                        set(verdicts, *at, verdict);
                    }
                }
                (Ok(said), places) => {
                    let why = format!("gave {} verdicts for {} rows", said.len(), places.len());
                    return Err(Broken::Down(Trouble(why)));
                }
                (Err(why), [only]) => set(verdicts, *only, Verdict::unscorable(why)),
                (Err(_), _) => outcome = Err(Broken::Unreadable),
            }
        }
        outcome
    }

    /// The next message and what it asks for, which is taken from `unasked`: one row, or as many as a message may have.
    /// A row that can be handed to nobody gets its verdict here.
    fn message(
        &self,
        id: u64,
        rows: &[Row<'_>],
        unasked: &mut &[usize],
        verdicts: &mut [Option<Verdict>],
    ) -> (Vec<u8>, Asked) {
        let mut places = Vec::new();
        let mut question = Question::new(id, &self.hello);
        while !question.is_full()
            && let Some((at, rest)) = unasked.split_first()
        {
            *unasked = rest;
            let Some(row) = rows.get(*at) else { continue };
            match question.add(row) {
                Ok(()) => places.push(*at),
                Err(why) => set(verdicts, *at, Verdict::unscorable(why)),
            }
        }
        let asked = Asked { places, bytes: question.len() };
        (question.end(""), asked)
    }

    /// One that takes batches watches the time of each row itself; it is given twice the time, for its own limit to act.
    fn limit(&self) -> Duration {
        let row_limit = self.shared.settings.row_limit;
        if self.hello.takes_batches { row_limit * 2 + Duration::from_secs(1) } else { row_limit }
    }
}

/// What a message that is not answered yet asked for.
struct Asked {
    /// The places of its rows.
    places: Vec<usize>,
    bytes: usize,
}

/// Who is asked in an exchange: a process, or what stands for one.
pub(crate) trait Partner {
    /// Hands over a line; does not wait until it is read.
    fn send(&self, line: Vec<u8>);
    /// The next line, if it comes within `limit`.
    fn next(&mut self, limit: Duration) -> Result<Vec<u8>, Trouble>;
}

/// Why an exchange gave no verdicts for some rows.
pub(crate) enum Broken {
    /// The process cannot be used any longer.
    Down(Trouble),
    /// The process could not read a message of many rows, and goes on.
    Unreadable,
}

fn set(verdicts: &mut [Option<Verdict>], at: usize, verdict: Verdict) {
    if let Some(slot) = verdicts.get_mut(at) {
        *slot = Some(verdict);
    }
}
