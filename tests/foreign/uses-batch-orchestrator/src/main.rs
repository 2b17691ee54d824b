//! Brings two jobs to their ends over a service in memory, stops half way, and goes on.

use std::error::Error;
use std::future::{pending, ready};
use std::sync::Arc;

use batch_backend::memory::MemoryBackend;
use batch_backend::{BytesPayload, ModelId, Operation};
use batch_orchestrator::{
    Finish, Goal, InputId, MemoryJournal, MemorySink, Plan, PlannedInput, Policy, RunTag, Silent,
    VirtualClock, World, drive,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let backend = MemoryBackend::echo();
    let service = backend.clone();
    let sink = MemorySink::default();
    let world = World {
        backend: Arc::new(backend.clone()),
        sink: Arc::new(sink.clone()),
        clock: Arc::new(VirtualClock::new(move |_| service.tick())),
        listener: Arc::new(Silent),
    };
    let rows = b"{\"key\":\"a\"}\n{\"key\":\"b\"}\n".to_vec();
    let id = InputId { shard: 1, variant: 0 };
    let plan = Plan::new(
        RunTag::parse("stranger")?,
        vec![PlannedInput::new(id, Arc::new(BytesPayload::from(rows)))],
        vec![ModelId::parse("one")?, ModelId::parse("two")?],
    );

    let mut journal = MemoryJournal::default();
    let policy = Policy::default();
    let (stopped, state) =
        drive(plan.clone(), policy.clone(), &[], &mut journal, &world, ready(())).await?;
    assert_ne!(stopped, Finish::Reached);
    assert!(!state.reached(Goal::Fetched));

    let so_far = journal.events().to_vec();
    let (finish, state) =
        drive(plan.clone(), policy, &so_far, &mut journal, &world, pending()).await?;
    assert_eq!(finish, Finish::Reached);
    assert!(state.reached(Goal::Fetched));
    assert!(plan.jobs().all(|job| sink.kept(job).is_some()));
    assert_eq!(backend.calls(Operation::Create), 2, "one job for each model");
    println!("{finish:?} after {} events", journal.events().len());
    Ok(())
}
