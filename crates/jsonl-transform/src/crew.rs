//! Works jobs off on several threads and takes them back in their order.

use std::{
    collections::{BTreeMap, VecDeque},
    num::NonZeroUsize,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

/// Where jobs come from and go to; only the calling thread touches it, so it need not be `Send`.
pub(crate) trait Desk {
    type Job: Send;
    type Error;

    /// Whether another job may be begun while others are under way.
    fn has_room(&self) -> bool;

    /// The next job, or none after the last.
    fn next(&mut self) -> Option<Self::Job>;

    /// Takes a job that was done; they come in the order they were given out.
    fn done(&mut self, job: Self::Job) -> Result<(), Self::Error>;
}

/// Does all jobs of `desk`, on the calling thread and `threads - 1` more.
///
/// The calling thread reads and writes, and lends a hand when there is nothing to read or write.
pub(crate) fn work_off<D: Desk>(
    desk: &mut D,
    threads: NonZeroUsize,
    work: impl Fn(&mut D::Job) + Sync,
) -> Result<(), D::Error> {
    let shared = Shared::default();
    thread::scope(|scope| {
        // However the block below is left, the others must not wait for ever.
        let _close = Close(&shared);
        for _ in 1..threads.get() {
            scope.spawn(|| shared.help(&work));
        }
        lead(desk, &shared, &work)
    })
}

fn lead<D: Desk>(
    desk: &mut D,
    shared: &Shared<D::Job>,
    work: &impl Fn(&mut D::Job),
) -> Result<(), D::Error> {
    let (mut begun, mut ended) = (0, 0);
    let mut at_end = false;
    loop {
        if let Some(job) = shared.lock().done.remove(&ended) {
            ended += 1;
            desk.done(job)?;
        } else if !at_end && (begun == ended || desk.has_room()) {
            match desk.next() {
                Some(job) => {
                    shared.lock().open.push_back((begun, job));
                    shared.opened.notify_one();
                    begun += 1;
                }
                None => at_end = true,
            }
        } else if begun == ended {
            return Ok(());
        } else if !shared.work_one(work) {
            shared.wait_for(ended);
        }
    }
}

struct Shared<J> {
    state: Mutex<State<J>>,
    opened: Condvar,
    finished: Condvar,
}

struct State<J> {
    open: VecDeque<(u64, J)>,
    done: BTreeMap<u64, J>,
    is_closed: bool,
}

impl<J> Default for Shared<J> {
    fn default() -> Self {
        let state = State { open: VecDeque::new(), done: BTreeMap::new(), is_closed: false };
        Self { state: Mutex::new(state), opened: Condvar::new(), finished: Condvar::new() }
    }
}

impl<J> Shared<J> {
    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does the oldest open job; false if there is none.
    fn work_one(&self, work: &impl Fn(&mut J)) -> bool {
        let Some((number, mut job)) = self.lock().open.pop_front() else {
            return false;
        };
        work(&mut job);
        self.lock().done.insert(number, job);
        true
    }

    /// Does jobs until there will be no more.
    fn help(&self, work: &impl Fn(&mut J)) {
        // Were this thread to panic, the leader would wait for its job.
        let _close = Close(self);
        loop {
            if self.work_one(work) {
                self.finished.notify_one();
                continue;
            }
            let state = self.lock();
            let wait = |state: &mut State<J>| state.open.is_empty() && !state.is_closed;
            let state = self.opened.wait_while(state, wait).unwrap_or_else(PoisonError::into_inner);
            if state.is_closed {
                return;
            }
        }
    }

    fn wait_for(&self, number: u64) {
        let wait = |state: &mut State<J>| !state.done.contains_key(&number) && !state.is_closed;
        let state =
            self.finished.wait_while(self.lock(), wait).unwrap_or_else(PoisonError::into_inner);
        assert!(!state.is_closed, "a helping thread panicked");
    }
}

/// Sends everyone home when dropped.
struct Close<'a, J>(&'a Shared<J>);

impl<J> Drop for Close<'_, J> {
    fn drop(&mut self) {
        self.0.lock().is_closed = true;
        self.0.opened.notify_all();
        self.0.finished.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::{Desk, work_off};

    /// Gives out numbers and wants them back in order; refuses one of them.
    struct Numbers {
        next: u64,
        end: u64,
        under_way: usize,
        back: Vec<u64>,
        refuses: Option<u64>,
    }

    impl Desk for Numbers {
        type Job = u64;
        type Error = u64;

        fn has_room(&self) -> bool {
            self.under_way < 5
        }

        fn next(&mut self) -> Option<u64> {
            self.next += 1;
            self.under_way += 1;
            (self.next <= self.end).then_some(self.next)
        }

        fn done(&mut self, job: u64) -> Result<(), u64> {
            self.under_way -= 1;
            self.back.push(job);
            if self.refuses == Some(job) { Err(job) } else { Ok(()) }
        }
    }

    fn numbers(end: u64, refuses: Option<u64>) -> Numbers {
        Numbers { next: 0, end, under_way: 0, back: Vec::new(), refuses }
    }

    /// Takes longer for some than for others.
    fn square(job: &mut u64) {
        let rounds = (*job % 7) * 1000;
        let spun = (0..rounds).fold(0, |sum: u64, round| std::hint::black_box(sum ^ round));
        *job = *job * *job + spun / u64::MAX;
    }

    fn threads(count: usize) -> NonZeroUsize {
        NonZeroUsize::new(count).expect("not zero")
    }

    #[test]
    fn jobs_come_back_in_order_whatever_the_threads() {
        for count in [1, 2, 3, 8] {
            for end in [0, 1, 500] {
                let mut desk = numbers(end, None);
                assert_eq!(work_off(&mut desk, threads(count), square), Ok(()));
                assert_eq!(desk.back, (1..=end).map(|n| n * n).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn a_refusal_ends_it_and_everyone_goes_home() {
        for count in [1, 2, 8] {
            let mut desk = numbers(10_000, Some(25));
            assert_eq!(work_off(&mut desk, threads(count), square), Err(25));
            assert_eq!(desk.back, [1, 4, 9, 16, 25]);
        }
    }

    #[test]
    fn a_panic_in_a_job_is_passed_on_and_hangs_nobody() {
        for count in [1, 2, 8] {
            let panics = std::panic::catch_unwind(|| {
                work_off(&mut numbers(100, None), threads(count), |job| assert_ne!(*job, 42))
            });
            assert!(panics.is_err());
        }
    }
}
