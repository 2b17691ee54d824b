//! One run of ten thousand jobs: in its own process, so that its memory can be told.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use batch_backend::memory::MemoryBackend;
use batch_backend::{BytesPayload, ModelId, Operation};
use batch_orchestrator::{
    Clock as _, Finish, InputId, MemoryJournal, MemorySink, Plan, PlannedInput, Policy, RunTag,
    Silent, VirtualClock, World, drive,
};

const JOBS: u32 = 10_000;
/// What the orchestrator may take, in KiB.
const MEMORY: u64 = 200 << 10;

/// The most memory this process ever had, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn ten_thousand_jobs_take_little_memory_and_few_requests() {
    let inputs = (1..=JOBS / 2).map(|shard| {
        let rows = format!("{{\"key\":\"r{shard}\"}}\n").into_bytes();
        PlannedInput::new(InputId { shard, variant: 0 }, Arc::new(BytesPayload::from(rows)))
    });
    let models = ["a", "b"].map(|name| ModelId::parse(name).unwrap());
    let plan = Plan::new(RunTag::parse("scale").unwrap(), inputs.collect(), models.into());
    let backend = MemoryBackend::echo().with_page_size(100);
    let (service, ticked) = (backend.clone(), AtomicU64::new(0));
    let clock = VirtualClock::new(move |now| {
        // Jobs take half an hour.
        let due = now.as_secs() / 900;
        (ticked.swap(due, Ordering::Relaxed)..due).for_each(|_| service.tick());
    });
    let world = World {
        backend: Arc::new(backend.clone()),
        sink: Arc::new(MemorySink::default()),
        clock: Arc::new(clock.clone()),
        listener: Arc::new(Silent),
    };
    let mut journal = MemoryJournal::default();
    let policy = Policy::default();
    let driven = drive(plan, policy, &[], &mut journal, &world, pending()).await;
    assert_eq!(driven.unwrap().0, Finish::Reached);
    let calls = |operation| backend.calls(operation);
    assert_eq!(calls(Operation::Create), u64::from(JOBS), "nothing is sent in vain");
    assert_eq!(calls(Operation::Get), u64::from(JOBS), "one look at each, when it has ended");
    let minutes = clock.now().as_secs() / 60;
    let lists = calls(Operation::List);
    // A list of a hundred live jobs takes one page, and the last one, of all jobs, a hundred.
    assert!(lists <= 70 * minutes / 60 + 100, "{lists} pages in {minutes} minutes");
    assert!(peak() <= MEMORY, "{} KiB", peak());
}
