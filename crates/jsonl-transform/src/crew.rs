//! Works jobs off on several threads: each begins its own, does it, and ends it in its turn.

use std::{
    num::NonZeroUsize,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

/// What is begun, done and ended; used again for the next job.
pub(crate) trait Job: Default {
    /// How much is under way while it is.
    fn weight(&self) -> usize;

    /// How many bytes of memory it holds on to.
    fn capacity(&self) -> usize;
}

/// How much there may be of jobs at a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// While as much as this is under way no other job begins; the last one to begin may go over.
    pub(crate) under_way: usize,
    /// How many bytes of memory are kept to be used again.
    pub(crate) kept: usize,
}

/// Does jobs on the calling thread and `threads - 1` more.
///
/// One thread at a time is in `begin`, which tells whether there was another job, and one is in
/// `end`, which they enter in the order in which the jobs began. What `begin` fills is still in the
/// cache of the thread that works on it, and one thread reads while another one writes.
pub(crate) fn work_off<J: Job, E: Send>(
    (threads, limits): (NonZeroUsize, Limits),
    begin: impl FnMut(&mut J) -> bool + Send,
    work: impl Fn(&mut J) + Sync,
    end: impl FnMut(&mut J) -> Result<(), E> + Send,
) -> Result<(), E> {
    let entrance = Entrance { begin, begun: 0, under_way: 0, kept: 0, is_closed: false };
    let exit = Exit { end, ended: 0, is_closed: false, error: None };
    let hall = Hall {
        limits,
        entrance: Mutex::new(entrance),
        room: Condvar::new(),
        exit: Mutex::new(exit),
        turn: Condvar::new(),
    };
    thread::scope(|scope| {
        for _ in 1..threads.get() {
            scope.spawn(|| hall.toil(&work));
        }
        hall.toil(&work);
    });
    hall.exit.into_inner().unwrap_or_else(PoisonError::into_inner).error.map_or(Ok(()), Err)
}

/// Where the threads meet.
struct Hall<B, F, E> {
    limits: Limits,
    entrance: Mutex<Entrance<B>>,
    /// Told when less is under way.
    room: Condvar,
    exit: Mutex<Exit<F, E>>,
    /// Told when the next may end.
    turn: Condvar,
}

struct Entrance<B> {
    begin: B,
    begun: u64,
    under_way: usize,
    /// How much memory is kept by all threads.
    kept: usize,
    is_closed: bool,
}

struct Exit<F, E> {
    end: F,
    ended: u64,
    is_closed: bool,
    error: Option<E>,
}

impl<B, F, E> Hall<B, F, E> {
    /// Does jobs until there are no more.
    fn toil<J: Job>(&self, work: &impl Fn(&mut J))
    where
        B: FnMut(&mut J) -> bool,
        F: FnMut(&mut J) -> Result<(), E>,
    {
        let _close = CloseOnPanic(self);
        let (mut job, mut kept) = (J::default(), 0);
        while let Some(number) = self.begin(&mut job) {
            let weight = job.weight();
            work(&mut job);
            if !self.end(number, &mut job) {
                return self.close();
            }
            let mut entrance = lock(&self.entrance);
            entrance.under_way -= weight;
            entrance.kept -= kept;
            kept = job.capacity();
            if entrance.kept + kept > self.limits.kept {
                (job, kept) = (J::default(), 0);
            }
            entrance.kept += kept;
            drop(entrance);
            self.room.notify_one();
        }
    }

    /// Begins the next job when there is room for it; gives its number.
    fn begin<J: Job>(&self, job: &mut J) -> Option<u64>
    where
        B: FnMut(&mut J) -> bool,
    {
        let is_full = |entrance: &mut Entrance<B>| {
            let under_way = entrance.under_way;
            under_way > 0 && under_way >= self.limits.under_way && !entrance.is_closed
        };
        let entrance = lock(&self.entrance);
        let waited = self.room.wait_while(entrance, is_full);
        let mut entrance = waited.unwrap_or_else(PoisonError::into_inner);
        if entrance.is_closed || !(entrance.begin)(job) {
            entrance.is_closed = true;
            // The others may be waiting for room that they no longer need.
            self.room.notify_all();
            return None;
        }
        entrance.under_way += job.weight();
        entrance.begun += 1;
        Some(entrance.begun - 1)
    }

    /// Ends a job in its turn; false when it is all over.
    fn end<J>(&self, number: u64, job: &mut J) -> bool
    where
        F: FnMut(&mut J) -> Result<(), E>,
    {
        let is_early = |exit: &mut Exit<F, E>| exit.ended < number && !exit.is_closed;
        let waited = self.turn.wait_while(lock(&self.exit), is_early);
        let mut exit = waited.unwrap_or_else(PoisonError::into_inner);
        if exit.is_closed {
            return false;
        }
        exit.error = (exit.end)(job).err();
        exit.is_closed = exit.error.is_some();
        exit.ended += 1;
        self.turn.notify_all();
        !exit.is_closed
    }

    /// Sends everyone home.
    fn close(&self) {
        lock(&self.entrance).is_closed = true;
        self.room.notify_all();
        lock(&self.exit).is_closed = true;
        self.turn.notify_all();
    }
}

/// Locks; what a panic left behind is only looked at in order to go home.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Nobody must wait for the job of a thread that panicked.
struct CloseOnPanic<'h, B, F, E>(&'h Hall<B, F, E>);

impl<B, F, E> Drop for CloseOnPanic<'_, B, F, E> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroUsize, sync::atomic::AtomicUsize, sync::atomic::Ordering};

    use super::{Job, Limits, work_off};

    /// A number, which weighs 1.
    #[derive(Default)]
    struct Number(u64);

    impl Job for Number {
        fn weight(&self) -> usize {
            1
        }

        fn capacity(&self) -> usize {
            1
        }
    }

    /// Takes longer for some than for others.
    fn square(Number(job): &mut Number) {
        let rounds = (*job % 7) * 1000;
        let spun = (0..rounds).fold(0, |sum: u64, round| std::hint::black_box(sum ^ round));
        *job = *job * *job + spun / u64::MAX;
    }

    /// Squares the numbers up to `end`; gives them as they came back, up to one that is refused.
    fn squares(threads: usize, end: u64, refuses: u64, most: usize) -> (Vec<u64>, Result<(), u64>) {
        let (mut next, mut back) = (0, Vec::new());
        let (under_way, peak) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let begin = |job: &mut Number| {
            next += 1;
            job.0 = next;
            if next <= end {
                let now = under_way.fetch_add(1, Ordering::SeqCst) + 1;
                peak.fetch_max(now, Ordering::SeqCst);
            }
            next <= end
        };
        let done = |job: &mut Number| {
            under_way.fetch_sub(1, Ordering::SeqCst);
            back.push(job.0);
            if job.0 == refuses { Err(job.0) } else { Ok(()) }
        };
        let threads = NonZeroUsize::new(threads).expect("not zero");
        let limits = Limits { under_way: most, kept: 3 };
        let ended = work_off((threads, limits), begin, square, done);
        assert!(peak.into_inner() <= most.max(1));
        (back, ended)
    }

    #[test]
    fn jobs_end_in_order_whatever_the_threads_and_the_room() {
        for threads in [1, 2, 3, 8] {
            for (end, most) in [(0, 5), (1, 5), (500, 5), (500, 0), (500, 2), (500, 100)] {
                let (back, ended) = squares(threads, end, 0, most);
                assert_eq!(ended, Ok(()));
                assert_eq!(back, (1..=end).map(|n| n * n).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn a_refusal_ends_it_and_everyone_goes_home() {
        for threads in [1, 2, 8] {
            let (back, ended) = squares(threads, 10_000, 25, 5);
            assert_eq!((back, ended), (vec![1, 4, 9, 16, 25], Err(25)));
        }
    }

    #[test]
    fn a_panic_anywhere_is_passed_on_and_hangs_nobody() {
        for threads in [1, 2, 8] {
            for place in 0..3 {
                let panics = std::panic::catch_unwind(|| {
                    let mut next = 0;
                    let begin = |job: &mut Number| {
                        next += 1;
                        job.0 = next;
                        assert!(place != 0 || next != 42);
                        next < 100
                    };
                    let work = |job: &mut Number| assert!(place != 1 || job.0 != 42);
                    let end = |job: &mut Number| {
                        assert!(place != 2 || job.0 != 42);
                        Ok::<_, ()>(())
                    };
                    let threads = NonZeroUsize::new(threads).expect("not zero");
                    work_off((threads, Limits { under_way: 5, kept: 9 }), begin, work, end)
                });
                assert!(panics.is_err(), "{threads} threads, place {place}");
            }
        }
    }
}
