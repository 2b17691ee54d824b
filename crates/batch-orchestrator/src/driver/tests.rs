//! What a step costs does not grow with the number of jobs.

use std::future::pending;
use std::sync::atomic::{AtomicU64, Ordering};

use batch_backend::memory::MemoryBackend;
use batch_backend::{BytesPayload, ModelId};

use super::*;
use crate::{MemoryJournal, MemorySink, PlannedInput, RunTag, Silent, VirtualClock};

/// Jobs examined in all of a run, for each of its jobs.
async fn examined_for_each(shards: u32) -> f64 {
    let inputs = (1..=shards).map(|shard| {
        let payload = Arc::new(BytesPayload::from(b"{\"key\":\"r\"}\n".to_vec()));
        PlannedInput::new(InputId { shard, variant: 0 }, payload)
    });
    let models = ["a", "b"].map(|name| ModelId::parse(name).unwrap());
    let plan = Plan::new(RunTag::parse("many").unwrap(), inputs.collect(), models.into());
    let backend = MemoryBackend::echo().with_page_size(100);
    let (service, ticked) = (backend.clone(), AtomicU64::new(0));
    let clock = VirtualClock::new(move |now| {
        let due = now.as_secs() / 10;
        (ticked.swap(due, Ordering::Relaxed)..due).for_each(|_| service.tick());
    });
    let world = World {
        backend: Arc::new(backend),
        sink: Arc::new(MemorySink::default()),
        clock: Arc::new(clock),
        listener: Arc::new(Silent),
    };
    let mut journal = MemoryJournal::default();
    let policy = Policy::default();
    let driven = drive_mind(plan, policy, &[], &mut journal, &world, pending()).await;
    let (finish, mind) = driven.unwrap();
    assert_eq!(finish, Finish::Reached);
    f64::from(u32::try_from(mind.examined).unwrap()) / f64::from(2 * shards)
}

#[tokio::test]
async fn a_run_of_many_jobs_examines_each_as_often_as_one_of_few() {
    let (few, many) = (examined_for_each(100).await, examined_for_each(800).await);
    assert!(many < 2.0 * few, "{few} looks at each of 200 jobs, {many} at each of 1,600");
}
