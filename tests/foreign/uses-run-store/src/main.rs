//! Keeps a run of its own in a folder, loses the end of its journal, and looks again.

use std::error::Error;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use batch_orchestrator::{Event, InputId, JobId, Journal as _};
use run_store::{
    Asked, Backend, BackendKind, Dataset, FileJournal, Made, MadeInput, NewRun, OnAmbiguous,
    OwnName, Runs, Session, Settings, Transformed, Variant,
};

const ROW: &[u8] = b"{\"key\":\"r00000000-00000000\",\"request\":{}}\n";

fn asked() -> Asked {
    Asked {
        backend: Backend {
            kind: BackendKind::Gemini,
            base_url: "http://127.0.0.1:9".into(),
            api_version: "v1beta".into(),
        },
        emulated: false,
        dataset: Dataset { label: "a stranger's rows".into(), bytes: None, sha256: None },
        models: vec!["one".into(), "two".into()],
        variants: vec![Variant::named("default")],
        scorers: vec!["function-call".into()],
        settings: Settings {
            poll_interval_ms: Some(100),
            settle_ms: 1000,
            deadline_ms: 60_000,
            on_ambiguous: OnAmbiguous::Stop,
            ..Settings::default()
        },
        rows: None,
        key_fingerprint: None,
    }
}

fn keep(home: &Path) -> Result<(), Box<dyn Error>> {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000);
    let runs = Runs::new(home.join("runs"));
    let session = Session::here("stranger 0");
    let name = OwnName::parse("friday")?;
    let new = NewRun { name: Some(&name), at: now, entropy: 1, session: &session };
    let input = InputId { shard: 1, variant: 0 };

    let draft = runs.create(&new)?;
    let mut file = draft.paths().create_file(&draft.paths().input(input))?;
    file.write_all(ROW)?;
    file.commit()?;
    let inputs = vec![MadeInput::new(input, 1, ROW.len() as u64)];
    let made =
        Made { rows: 1, inputs, logged: None, transformed: Transformed::default(), forecast: None };
    let (run, lock) = draft.commit(asked(), made, "stranger 0")?;
    assert!(runs.create(&new).is_err(), "the name is taken");
    assert!(run.lock(&session, now).is_err(), "the run is being worked on");

    let (mut journal, _) = FileJournal::open(&run, &lock, &session, Box::new(move || now))?;
    let events = [0, 1].map(|model| Event::CancelRequested { job: JobId { input, model } });
    for event in &events {
        journal.append(event)?;
    }
    drop((journal, lock));

    // A power cut leaves half a line behind.
    let path = run.paths().root().join("journal.jsonl");
    OpenOptions::new().append(true).open(path)?.write_all(b"{\"seq\":99,\"ev")?;
    let run = runs.find(Some("friday"))?;
    let kept: Vec<Event> = run.replay()?.events().cloned().collect();
    assert_eq!(kept, events);
    assert_eq!(run.manifest().asked.models, ["one", "two"]);
    println!("{} events kept in {}", kept.len(), run.paths().root().display());
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let home = std::env::temp_dir().join(format!("uses-run-store-{}", std::process::id()));
    std::fs::create_dir_all(&home)?;
    let done = keep(&home);
    std::fs::remove_dir_all(&home)?;
    done
}
