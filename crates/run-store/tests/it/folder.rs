//! One run's folder: lock, manifest, payloads, results, permissions.

use std::fs;
use std::io::Read;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use batch_backend::Payload;
use batch_orchestrator::{InputId, JobId, ResultSink, conformance};
use run_store::{FolderSink, Print, RunFolder, StoreError, StoreErrorKind};

use crate::home::{Home, INPUT, ROWS, asked, at, finish, made, open, session};

const JOB: JobId = JobId { input: INPUT, model: 0 };

#[test]
fn second_process_is_told_who_has_the_run() {
    let home = Home::new();
    let run = home.run("r");
    let lock = run.lock(&session(), at(1)).unwrap();
    let other = RunFolder::open(home.path("r")).unwrap();
    let error = other.lock(&session(), at(2)).unwrap_err();
    let StoreError::Busy { pid, host, since, .. } = &error else { panic!("{error}") };
    assert_eq!((*pid, host.as_deref()), (Some(4711), Some("sentinel")));
    assert_eq!(since.as_deref(), Some("2026-11-18T11:06:41Z"));
    let said = "in use by process 4711 on sentinel since 2026-11-18T11:06:41Z";
    assert!(error.to_string().ends_with(said), "{error}");
    assert!(other.replay().is_ok(), "reading needs no lock");
    drop(lock);
    assert_eq!(fs::read(run.paths().lock()).unwrap(), b"", "nobody is named who has gone");
    let _lock = other.lock(&session(), at(2)).unwrap();
}

#[test]
fn text_in_the_lock_decides_nothing() {
    let home = Home::new();
    let run = home.run("r");
    fs::write(run.paths().lock(), r#"{"pid":1,"host":"h","since":"s"}"#).unwrap();
    let lock = run.lock(&session(), at(1)).unwrap();
    fs::write(run.paths().lock(), "\u{1b}[2J not what a process writes").unwrap();
    let error = run.lock(&session(), at(2)).unwrap_err();
    assert!(error.to_string().ends_with("in use by another process"), "{error}");
    fs::write(run.paths().lock(), r#"{"pid":1,"host":"\u001b[2J","since":null}"#).unwrap();
    let error = run.lock(&session(), at(2)).unwrap_err();
    assert!(error.to_string().ends_with(r"process 1 on \u{1b}[2J"), "{error}");
    drop(lock);
}

#[test]
fn manifest_is_read_as_written_and_refused_when_newer_changed_or_broken() {
    let home = Home::new();
    let run = home.run("r");
    assert_eq!((&run.manifest().asked, &run.manifest().made), (&asked(), &made()));
    assert_eq!(run.manifest().difference(home.run("s").manifest()), [] as [&str; 0]);
    let path = run.paths().manifest();
    let text = fs::read_to_string(&path).unwrap();
    let cases = [
        (text.replacen("\"v\": 1", "\"v\": 2", 1), StoreErrorKind::Newer),
        ("{\"v\":3}".to_owned(), StoreErrorKind::Newer),
        (text.replacen("\"v\": 1", "\"v\": 0", 1), StoreErrorKind::Damaged),
        (text.replace("s0001.v0", "../../x"), StoreErrorKind::Damaged),
        (text[..text.len() / 2].to_owned(), StoreErrorKind::Damaged),
        (String::new(), StoreErrorKind::Damaged),
    ];
    for (text, kind) in cases {
        fs::write(&path, &text).unwrap();
        let error = RunFolder::open(home.path("r")).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}: {text}");
    }
    // Well formed and not what the run was made with: the journal knows.
    fs::write(&path, text.replace("sim-pro", "sim-max")).unwrap();
    let run = RunFolder::open(home.path("r")).unwrap();
    let error = open(&run).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Damaged);
    assert!(error.to_string().contains("run.json is damaged"), "{error}");
}

#[test]
fn fields_of_later_versions_are_skipped() {
    let home = Home::new();
    let run = home.run("r");
    let path = run.paths().manifest();
    let text = fs::read_to_string(&path).unwrap();
    let more = text.replacen("\"v\": 1,", "\"v\": 1, \"colour\": {\"a\": []},", 1);
    fs::write(&path, more.replacen("\"settle_ms\"", "\"haste\": 1, \"settle_ms\"", 1)).unwrap();
    assert_eq!(RunFolder::open(home.path("r")).unwrap().manifest(), run.manifest());
}

#[test]
fn input_is_read_from_any_byte_and_only_as_it_was_made() {
    let home = Home::new();
    let run = home.run("r");
    let payload = run.payload(INPUT).unwrap();
    let read = |offset| {
        let mut bytes = Vec::new();
        payload.open_at(offset).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    };
    assert_eq!(payload.len(), ROWS.len() as u64);
    for offset in [0, 1, ROWS.len() - 1, ROWS.len(), ROWS.len() + 5] {
        assert_eq!(read(offset as u64), ROWS[offset.min(ROWS.len())..]);
    }
    let mut reader = payload.open_at(0).unwrap();
    fs::write(run.paths().input(INPUT), [ROWS, b"more\n"].concat()).unwrap();
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, [ROWS, b"more\n"].concat()[..ROWS.len()], "what is added is not sent");
    let error = payload.open_at(0).err().unwrap();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    let errors = [run.payload(INPUT).unwrap_err(), run.plan().unwrap_err()];
    for error in errors {
        assert!(error.to_string().contains("s0001.v0.jsonl is damaged"), "{error}");
    }
    let other = InputId { shard: 2, variant: 0 };
    assert_eq!(run.payload(other).unwrap_err().kind(), StoreErrorKind::Damaged);
}

#[test]
fn draft_with_an_input_of_another_length_is_refused() {
    let home = Home::new();
    let draft = home.draft("r").unwrap();
    let path = draft.paths().input(INPUT);
    draft.paths().create_file(&path).unwrap().commit().unwrap();
    let error = draft.commit(asked(), made(), "p").unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Damaged);
    assert!(!home.path("r").exists());
}

#[test]
fn an_input_of_this_process_is_read_before_it_is_sent_once_somebody_touched_it() {
    let home = Home::new();
    let draft = home.draft("r").unwrap();
    let path = draft.paths().input(INPUT);
    let mut file = draft.paths().create_file(&path).unwrap();
    file.write_all(ROWS).unwrap();
    file.commit().unwrap();
    draft.wrote(INPUT).unwrap();
    let mut made = made();
    // Whoever reads the file sees that this is not its print.
    made.inputs[0].print = Some(Print::new(1));
    let (run, _lock) = draft.commit(asked(), made, "p").unwrap();
    let check = |run: &RunFolder| run.payload(INPUT).unwrap().check();
    assert!(check(&run).is_ok() && check(&run.clone()).is_ok());
    let error = check(&RunFolder::open(run.paths().root()).unwrap()).unwrap_err();
    assert!(error.to_string().contains("changed after it was made"), "of another process: {error}");
    let copy = path.with_extension("copy");
    fs::copy(&path, &copy).unwrap();
    fs::rename(&copy, &path).unwrap();
    assert!(check(&run).is_err(), "the same bytes, but another file");
}

#[test]
fn sink_conforms() {
    let home = Home::new();
    let run = home.run("r");
    let kept = |job| fs::read(run.paths().raw(job)).ok();
    conformance::sink(&FolderSink::new(&run), kept);
    let names = |job| -> Vec<_> {
        let folder = fs::read_dir(run.paths().raw(job).parent().unwrap()).unwrap();
        folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert_eq!(names(JOB), ["raw.jsonl"], "nothing half written is left");
}

#[test]
fn download_replaced_before_it_is_dropped_harms_nothing() {
    let home = Home::new();
    let run = home.run("r");
    let sink = FolderSink::new(&run);
    fs::create_dir_all(run.paths().root().join("jobs/s0001.v0.m0")).unwrap();
    let stale = run.paths().root().join("jobs/s0001.v0.m0/.raw.jsonl.1-1.tmp");
    fs::write(&stale, "of a process that was killed").unwrap();
    let mut download = sink.begin(JOB).unwrap();
    assert!(!stale.exists());
    download.write(b"old").unwrap();
    download = sink.begin(JOB).unwrap();
    download.write(b"new\n").unwrap();
    download.keep().unwrap();
    assert_eq!(fs::read(run.paths().raw(JOB)).unwrap(), b"new\n");
}

#[test]
fn results_are_as_fetched_until_somebody_touches_them() {
    let home = Home::new();
    let run = home.run("r");
    let path = run.paths().raw(JOB);
    let sink = FolderSink::new(&run);
    let fetch = || {
        let mut download = sink.begin(JOB).unwrap();
        download.write(b"{}\n").unwrap();
        download.keep().unwrap();
    };
    let known =
        |run: &RunFolder, job| run.is_as_fetched(job, &run.paths().open_file(&path).unwrap());
    fetch();
    assert!(known(&run, JOB) && known(&run.clone(), JOB));
    assert!(!known(&run, JobId { model: 1, ..JOB }), "of another job");
    assert!(!known(&RunFolder::open(run.paths().root()).unwrap(), JOB), "of another process");
    // Whoever reads it sees that it was changed meanwhile.
    let open = run.paths().open_file(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{}\n").unwrap();
    assert!(!run.is_as_fetched(JOB, &open) && !known(&run, JOB));
    fetch();
    assert!(known(&run, JOB));
    let copy = path.with_extension("copy");
    fs::copy(&path, &copy).unwrap();
    fs::rename(&copy, &path).unwrap();
    assert!(!known(&run, JOB), "as many bytes, but another file");
}

fn modes(folder: &Path, into: &mut Vec<(String, u32)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let found = fs::symlink_metadata(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        into.push((name, found.permissions().mode() & 0o7777));
        if found.is_dir() {
            modes(&path, into);
        }
    }
}

#[test]
fn everything_is_private_and_results_are_read_only() {
    let home = Home::new();
    let (run, lock) = finish(home.draft("r").unwrap());
    drop(lock);
    let mut bytes = fs::read(run.paths().journal()).unwrap();
    bytes.extend(b"torn");
    fs::write(run.paths().journal(), bytes).unwrap();
    let (_journal, _lock, _) = open(&run).unwrap();
    let sink = FolderSink::new(&run);
    sink.begin(JOB).unwrap().keep().unwrap();
    let other = JobId { model: 1, ..JOB };
    let _begun = sink.begin(other).unwrap();
    let report = run.paths().report(&crate::home::name_of("report.json"));
    run.paths().create_file(&report).unwrap().commit().unwrap();
    let mut found = Vec::new();
    modes(home.runs.folder(), &mut found);
    for (name, mode) in &found {
        let folder = ["r", "input", "jobs", "report", "s0001.v0.m0", "s0001.v0.m1"];
        let wanted = match name.as_str() {
            "raw.jsonl" => 0o400,
            name if folder.contains(&name) => 0o700,
            _ => 0o600,
        };
        assert_eq!(*mode, wanted, "{name} is {mode:o}");
    }
    assert_eq!(found.len(), 14, "{found:?}");
}
