//! Work in any order on several threads, entered in the order of its numbers.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Something that is entered into by one thread at a time, each in its turn.
#[derive(Debug)]
pub(crate) struct Turns<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<T> {
    next: u64,
    /// Nobody comes in any more.
    over: bool,
    value: T,
}

impl<T> Turns<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { state: Mutex::new(State { next: 0, over: false, value }), changed: Condvar::new() }
    }

    /// Waits for turn `number` and enters; `enter` says whether the next may come in. `false` if it is all over.
    pub(crate) fn take(&self, number: u64, enter: impl FnOnce(&mut T) -> bool) -> bool {
        let mut state = lock(&self.state);
        while state.next < number && !state.over {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.over {
            return false;
        }
        // Until it comes back without a panic it is over for all others.
        let _ends = Ends(self);
        state.over = true;
        state.over = !enter(&mut state.value);
        state.next += 1;
        !state.over
    }

    /// Ends it when dropped by a panic, so that nobody waits for a turn that cannot come.
    pub(crate) fn end_on_panic(&self) -> impl Drop + '_ {
        EndsOnPanic(self)
    }

    pub(crate) fn into_inner(self) -> T {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).value
    }
}

/// Wakes those who wait.
struct Ends<'t, T>(&'t Turns<T>);

impl<T> Drop for Ends<'_, T> {
    fn drop(&mut self) {
        self.0.changed.notify_all();
    }
}

struct EndsOnPanic<'t, T>(&'t Turns<T>);

impl<T> Drop for EndsOnPanic<'_, T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            lock(&self.0.state).over = true;
            self.0.changed.notify_all();
        }
    }
}

/// Locks; what a panic left behind is only looked at in order to end.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
