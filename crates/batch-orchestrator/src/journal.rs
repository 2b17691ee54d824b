//! Where events are kept: the trait, and an implementation in memory.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use crate::Event;

/// Keeps events in order, for ever.
///
/// Implemented by a folder (in `run-store`) and by memory ([`MemoryJournal`]).
pub trait Journal: fmt::Debug + Send {
    /// Adds an event; when this returns, a crash or a power cut cannot lose it.
    ///
    /// # Errors
    /// Whatever storage gave. After an error nothing may be assumed about the event, and the
    /// journal takes no more of them.
    fn append(&mut self, event: &Event) -> io::Result<()>;
}

/// A journal in memory. Clones share their events, as two openings of one file do.
#[derive(Debug, Clone, Default)]
pub struct MemoryJournal {
    events: Arc<Mutex<Vec<Event>>>,
}

impl MemoryJournal {
    /// All events so far.
    pub fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Journal for MemoryJournal {
    fn append(&mut self, event: &Event) -> io::Result<()> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
        Ok(())
    }
}
