//! A run of shards and variants, with a budget, limits, a split and rows sent again: as a folder,
//! and driven to its end while it moves from place to place.

use std::collections::BTreeMap;
use std::fs;
use std::future::pending;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use batch_backend::memory::{Fault, MemoryBackend};
use batch_backend::{
    InputName, JobCounts, JobName, JobState, JobToken, Operation, OutputName, StoredInput,
    UploadSession,
};
use batch_orchestrator::{
    Attempt, Ending, Event, Finish, Goal, InputId, JobId, Journal as _, Load, Look, NewInput,
    Policy, RunState, Silent, StoredResult, VirtualClock, Why, World, drive,
};
use run_store::{
    Asked, FileJournal, FolderSink, Forecast, JobLoad, Limits, Made, MadeInput, RunFolder, Session,
    Settings, Stuck, Then, Variant,
};

use crate::home::{Home, at, clock, session};

pub(crate) const ROWS: &[u8] =
    b"{\"key\":\"r00000000-00000000\"}\n{\"key\":\"r00000001-00000000\"}\n";

pub(crate) fn asked() -> Asked {
    let terse = "[generation_config]\ntemperature = 0".to_owned();
    Asked {
        variants: vec![
            Variant::named("base"),
            Variant { name: "terse".into(), edits: Some(terse) },
        ],
        settings: Settings {
            retry_rows: 2,
            stuck: Some(Stuck { after_ms: 86_400_000, then: Then::Split }),
            limits: Limits {
                live_jobs: Some(20),
                live_tokens: BTreeMap::from([("sim-flash".to_owned(), 3_000_000)]),
                shard_rows: Some(2),
                shard_bytes: None,
            },
            budget: Some(2_000_000),
            ..Settings::default()
        },
        ..crate::home::asked()
    }
}

pub(crate) fn made() -> Made {
    let loads = vec![JobLoad { tokens: 500, cost: Some(150) }, JobLoad { tokens: 500, cost: None }];
    let ids = (1..=2).flat_map(|shard| (0..2).map(move |variant| InputId { shard, variant }));
    let bytes = ROWS.len() as u64;
    Made {
        rows: 4,
        inputs: ids
            .map(|id| MadeInput { loads: loads.clone(), ..MadeInput::new(id, 2, bytes) })
            .collect(),
        forecast: Some(Forecast {
            input_tokens: Some(2_000),
            output_tokens: Some(400),
            low: Some(500),
            likely: Some(600),
            high: Some(700),
            prices: Some("prices.toml of 2026-11-01".into()),
        }),
        ..crate::home::made()
    }
}

pub(crate) fn write_inputs(run: &RunFolder) {
    for input in &run.manifest().made.inputs {
        let mut file = run.paths().create_file(&run.paths().input(input.id)).unwrap();
        file.write_all(ROWS).unwrap();
        file.commit().unwrap();
    }
}

fn job(shard: u32, variant: u32, model: u32) -> JobId {
    JobId { input: InputId { shard, variant }, model }
}

/// The events of one job from its creation to its end.
fn life(events: &mut Vec<Event>, id: JobId, number: u32, rows: Option<u64>) {
    let name = JobName::new(format!("jobs/{number}"));
    let state = if rows.is_some() { JobState::Succeeded } else { JobState::Cancelled };
    let counts = JobCounts { total: Some(2), succeeded: rows, ..JobCounts::default() };
    let output = rows.map(|_| OutputName::new(format!("results/{number}")));
    events.extend([
        Event::CreateIntended {
            job: id,
            attempt: 1,
            token: JobToken::new(format!("be1.01m7q5cqg00000000007.{id}.a1.0000000{number}")),
            input: InputName::new("inputs/1"),
        },
        Event::Created { job: id, name, adopted: false, created: Some(at(110)) },
        Event::Looked {
            job: id,
            look: Look { state: JobState::Running, counts, seen: Some(at(120)) },
        },
    ]);
    if rows.is_none() {
        events.push(Event::Stuck { job: id, then: batch_orchestrator::Then::Split });
    }
    events.push(Event::Ended { job: id, ending: Ending { state, error: None, counts, output } });
    if let Some(lines) = rows {
        let result =
            StoredResult { bytes: 30 * lines, lines, sha256: "ab".repeat(32), whole: true };
        events.push(Event::Fetched { job: id, result });
    }
}

fn upload(events: &mut Vec<Event>, input: InputId) {
    let stored = StoredInput {
        name: InputName::new("inputs/1"),
        bytes: ROWS.len() as u64,
        sha256: "cd".repeat(32),
        expires: None,
    };
    events
        .push(Event::UploadOpened { input, session: UploadSession::new("https://x/?upload_id=1") });
    events.push(Event::InputStored { input, stored });
}

fn again(why: Why, of: JobId, shard: u32) -> Event {
    let id = InputId { shard, variant: of.input.variant };
    let load = Load { tokens: 250, cost: Some(100) };
    let inputs = vec![NewInput { id, rows: 1, bytes: 30, print: None, load }];
    Event::Attempted { attempt: Attempt { why, of: vec![of], inputs } }
}

/// Every kind of event that a plain run of one input does not have, and a whole run all the same.
pub(crate) fn events() -> Vec<Event> {
    let mut events = Vec::new();
    for id in made().inputs.iter().map(|input| input.id) {
        upload(&mut events, id);
    }
    life(&mut events, job(1, 0, 0), 1, Some(1));
    life(&mut events, job(1, 1, 0), 2, None);
    life(&mut events, job(2, 0, 0), 3, Some(2));
    life(&mut events, job(2, 1, 0), 4, Some(2));
    events.push(Event::Spent { job: job(2, 1, 0), cost: 600 });
    for variant in 0..2 {
        events.push(Event::NotAfforded { job: job(2, variant, 1), budget: 2_000_000 });
    }
    events.push(Event::Adopted {
        job: job(1, 0, 1),
        name: JobName::new("jobs/by-hand"),
        created: None,
    });
    events.push(Event::CancelRequested { job: job(1, 0, 1) });
    let counts = JobCounts::default();
    let ending = Ending { state: JobState::Expired, error: None, counts, output: None };
    events.push(Event::Ended { job: job(1, 0, 1), ending });
    events.push(Event::CreateIntended {
        job: job(1, 1, 1),
        attempt: 1,
        token: JobToken::new("be1.01m7q5cqg00000000007.s0001.v1.m1.a1.00000009"),
        input: InputName::new("inputs/1"),
    });
    events.push(Event::Abandoned { job: job(1, 1, 1) });
    events.push(again(Why::Rows, job(1, 0, 0), 3));
    events.push(again(Why::Split, job(1, 1, 0), 4));
    for (shard, variant) in [(3, 0), (4, 1)] {
        upload(&mut events, InputId { shard, variant });
        life(&mut events, job(shard, variant, 0), 2 + shard, Some(1));
    }
    events
}

fn made_run(home: &Home) -> RunFolder {
    let draft = home.draft("r").unwrap();
    for input in made().inputs {
        let mut file = draft.paths().create_file(&draft.paths().input(input.id)).unwrap();
        file.write_all(ROWS).unwrap();
        file.commit().unwrap();
    }
    draft.commit(asked(), made(), "batch-eval 0.1.0").unwrap().0
}

/// One session with the folder as journal and sink, until the program is stopped after `most`.
async fn work(run: &RunFolder, backend: &MemoryBackend, host: &str) -> (Finish, RunState) {
    let session = Session { host: host.to_owned(), ..session() };
    let lock = run.lock(&session, at(60)).unwrap();
    let (mut journal, replay) = FileJournal::open(run, &lock, &session, clock()).unwrap();
    let history: Vec<Event> = replay.events().cloned().collect();
    let service = backend.clone();
    let world = World {
        backend: Arc::new(backend.clone()),
        sink: Arc::new(FolderSink::new(run)),
        clock: Arc::new(VirtualClock::new(move |_| service.tick())),
        listener: Arc::new(Silent),
    };
    let policy = Policy { settle: Duration::from_mins(1), ..Policy::default() };
    let plan = run.plan().unwrap();
    drive(plan, policy, &history, &mut journal, &world, pending()).await.unwrap()
}

#[tokio::test]
async fn a_run_goes_on_wherever_its_folder_lies_also_with_rows_sent_again() {
    let home = Home::new();
    let backend = MemoryBackend::echo();
    let run = made_run(&home);
    backend.fail(Operation::Fetch, [Fault::Short(1); 16]);
    let (finish, mut state) = work(&run, &backend, "here").await;
    assert_eq!(finish, Finish::Reached);
    // The folder moves; there, the missing row of a job is sent again.
    let elsewhere = home.folder.path().join("elsewhere");
    fs::rename(run.paths().root(), &elsewhere).unwrap();
    let run = RunFolder::open(&elsewhere).unwrap();
    let id = InputId { shard: state.next_shard(), variant: 1 };
    let row = ROWS.split_inclusive(|b| *b == b'\n').next().unwrap();
    let lock = run.lock(&session(), at(70)).unwrap();
    let mut file = run.paths().create_file(&run.paths().input(id)).unwrap();
    file.write_all(row).unwrap();
    file.commit().unwrap();
    let (mut journal, _) = FileJournal::open(&run, &lock, &session(), clock()).unwrap();
    let inputs =
        vec![NewInput { id, rows: 1, bytes: row.len() as u64, print: None, load: Load::default() }];
    let of = vec![job(1, 1, 0)];
    let event = Event::Attempted { attempt: Attempt { why: Why::Rows, of, inputs } };
    state.apply(&event).unwrap();
    journal.append(&event).unwrap();
    drop((journal, lock));
    let third = home.folder.path().join("third");
    fs::rename(&elsewhere, &third).unwrap();
    let run = RunFolder::open(&third).unwrap();
    let (finish, state) = work(&run, &backend, "there").await;
    assert_eq!(finish, Finish::Reached);
    assert!(state.reached(Goal::Fetched));
    let again = JobId { input: id, model: 0 };
    assert_eq!(fs::read(run.paths().raw(again)).unwrap(), row);
    let first = fs::read(run.paths().raw(job(1, 1, 0))).unwrap();
    assert_ne!(first, row, "the first attempt's results are kept apart");
    let hosts: Vec<String> =
        run.replay().unwrap().sessions.into_iter().map(|span| span.session.host).collect();
    assert_eq!(hosts, ["here", "sentinel", "there"]);
}

#[tokio::test]
async fn an_added_input_that_is_not_as_it_was_made_is_not_sent() {
    let home = Home::new();
    let backend = MemoryBackend::echo();
    let run = made_run(&home);
    let (_, state) = work(&run, &backend, "here").await;
    let id = InputId { shard: state.next_shard(), variant: 0 };
    let added = NewInput { id, rows: 1, bytes: 7, print: Some(1), load: Load::default() };
    let inputs = vec![added];
    let attempt = Attempt { why: Why::Rows, of: vec![job(1, 0, 0)], inputs };
    let lock = run.lock(&session(), at(70)).unwrap();
    let (mut journal, _) = FileJournal::open(&run, &lock, &session(), clock()).unwrap();
    journal.append(&Event::Attempted { attempt }).unwrap();
    for bytes in [None, Some("sho"), Some("another")] {
        if let Some(bytes) = bytes {
            fs::write(run.paths().input(id), bytes).unwrap();
        }
        let error = run.plan().unwrap().again.open(&added);
        assert_eq!(error.is_err(), bytes.is_none(), "{error:?}");
        let history: Vec<Event> = run.replay().unwrap().events().cloned().collect();
        let world = World {
            backend: Arc::new(backend.clone()),
            sink: Arc::new(FolderSink::new(&run)),
            clock: Arc::new(VirtualClock::new(|_| {})),
            listener: Arc::new(Silent),
        };
        let (plan, policy) = (run.plan().unwrap(), Policy::default());
        let driven = drive(plan, policy, &history, &mut journal, &world, pending()).await;
        let error = driven.unwrap_err().to_string();
        assert!(error.starts_with("failed to upload input s0003.v0: "), "{error}");
    }
    assert_eq!(backend.calls(Operation::Create), 8, "nothing was sent for it");
}
