//! How tests move the world of the backend in memory, and what they may see of it.

use super::{Course, Fault, MemoryBackend, key};
use crate::{InputName, Operation};

impl MemoryBackend {
    /// Refuses creations while so many jobs are alive, as a project's quota does.
    pub fn limit_live(&self, jobs: usize) {
        self.world().max_live = Some(jobs);
    }

    /// Jobs that are there and have not ended: their marks.
    pub fn live(&self) -> Vec<String> {
        let world = self.world();
        let live = world.visible().filter(|job| !job.ended(world.tick));
        live.map(|job| job.token.to_string()).collect()
    }

    /// Lets one step of time pass.
    pub fn tick(&self) {
        self.world().tick += 1;
    }

    /// Makes the next calls of `operation` go wrong, in this order.
    pub fn fail(&self, operation: Operation, faults: impl IntoIterator<Item = Fault>) {
        self.world().faults.entry(key(operation)).or_default().extend(faults);
    }

    /// Lets nothing more go wrong.
    pub fn calm(&self) {
        self.world().faults.clear();
    }

    /// Sets how the next jobs move, in order of creation; later ones succeed.
    pub fn next_courses(&self, courses: impl IntoIterator<Item = Course>) {
        self.world().courses.extend(courses);
    }

    /// How often `operation` was called.
    pub fn calls(&self, operation: Operation) -> u64 {
        self.world().calls.get(key(operation)).copied().unwrap_or(0)
    }

    /// All jobs ever made, also late, cancelled and deleted ones: mark, and whether it was
    /// cancelled before its end.
    pub fn history(&self) -> Vec<(String, bool)> {
        let world = self.world();
        world.jobs.iter().map(|job| (job.token.to_string(), job.cancelled.is_some())).collect()
    }

    /// Forgets an input, as the service does when it expires.
    pub fn expire_input(&self, name: &InputName) {
        self.world().inputs.remove(name);
    }

    /// Forgets every open session, as a restarted service does.
    pub fn lose_sessions(&self) {
        self.world().sessions.clear();
    }
}
