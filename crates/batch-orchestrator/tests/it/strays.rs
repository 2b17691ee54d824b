//! Jobs that a mended journal lost: they are looked for as long as they may still show up.

use std::collections::BTreeSet;
use std::sync::Arc;

use batch_backend::memory::Fault;
use batch_backend::{
    BatchBackend, BytesPayload, ErrorKind, InputName, JobSpec, Operation, Progress, Upload,
};
use batch_orchestrator::{InputId, JobId, Silent, Stray, strays};

use crate::world::{Sim, shard};

#[derive(Debug)]
struct Unheard;

impl Progress for Unheard {
    fn bytes(&self, _done: u64, _total: u64) {}
}

async fn stored(sim: &Sim) -> InputName {
    let payload = BytesPayload::from(b"{\"key\":\"r1.0\"}\n".to_vec());
    let session = sim.backend.open_upload("rows again", 15).await.unwrap();
    let upload =
        Upload { session: &session, resumed: false, payload: &payload, progress: &Unheard };
    sim.backend.upload(upload).await.unwrap().name
}

/// Creates a job that no journal tells of, and does not wait for the answer.
async fn forgotten(sim: &Sim, job: JobId, attempt: u32) {
    let model = sim.plan.models[job.model as usize].clone();
    let token = job.token(&sim.plan.tag, attempt, "00ff", &model);
    let input = stored(sim).await;
    let _ = sim.backend.create(&JobSpec { token, model, input }).await;
}

async fn found(sim: &Sim, inputs: &[InputId]) -> Vec<Stray> {
    let world = sim.world(Arc::new(sim.backend.clone()), Arc::new(Silent));
    let inputs: BTreeSet<InputId> = inputs.iter().copied().collect();
    strays(&sim.plan.tag, &inputs, &sim.policy, &world).await.unwrap()
}

#[tokio::test]
async fn what_is_there_is_found_at_once_whatever_else_is() {
    let sim = Sim::new(&["a", "b"]);
    sim.session().await.unwrap();
    forgotten(&sim, shard(2, 1), 1).await;
    forgotten(&sim, shard(2, 1), 2).await;
    forgotten(&sim, shard(3, 0), 1).await;
    let before = sim.ticks.load(std::sync::atomic::Ordering::Relaxed);
    let strays = found(&sim, &[shard(2, 0).input, shard(3, 0).input]).await;
    let jobs: Vec<_> = strays.iter().map(|stray| (stray.job, stray.attempt)).collect();
    assert_eq!(jobs, [(shard(2, 1), 1), (shard(2, 1), 2), (shard(3, 0), 1)]);
    assert_eq!(sim.ticks.load(std::sync::atomic::Ordering::Relaxed), before, "nobody waits");
    assert_eq!(found(&sim, &[]).await.len(), 0);
}

#[tokio::test]
async fn a_creation_that_is_still_under_way_is_waited_for() {
    let sim = Sim::new(&["a"]);
    // Within the settle time of ten minutes, and not a tick of it more.
    for (ticks, is_found) in [(55, true), (100_000, false)] {
        sim.backend.fail(Operation::Create, [Fault::Late(ticks)]);
        forgotten(&sim, shard(2, 0), 1).await;
        assert_eq!(found(&sim, &[shard(2, 0).input]).await.len(), usize::from(is_found));
        let sees = sim.backend.calls(Operation::List);
        assert!(sees >= 2, "{sees}");
        break_off(&sim).await;
    }
}

/// Removes what is at the service, so that the next one is looked for alone.
async fn break_off(sim: &Sim) {
    let page = sim.backend.list(None).await.unwrap();
    for job in page.jobs {
        sim.backend.delete(&job.name).await.unwrap();
    }
}

#[tokio::test]
async fn failed_lists_are_not_taken_for_no_such_job() {
    let sim = Sim::new(&["a"]);
    forgotten(&sim, shard(2, 0), 1).await;
    // Longer than the settle time.
    sim.backend.fail(Operation::List, [Fault::Before; 12]);
    assert_eq!(found(&sim, &[shard(2, 0).input]).await.len(), 1);
    for lasting in [vec![Fault::Before; 200], vec![Fault::Refused]] {
        sim.backend.fail(Operation::List, lasting);
        let world = sim.world(Arc::new(sim.backend.clone()), Arc::new(Silent));
        let inputs = BTreeSet::from([shard(2, 0).input]);
        let error = strays(&sim.plan.tag, &inputs, &sim.policy, &world).await.unwrap_err();
        let kind = error.kind();
        assert!(matches!(kind, ErrorKind::Transient { .. } | ErrorKind::Rejected), "{kind:?}");
        sim.backend.calm();
    }
}
