//! Run folders that somebody prepared: links, open permissions, things in a file's place.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use batch_orchestrator::{JobId, ResultSink};
use run_store::{FolderSink, RunFolder, StoreError, StoreErrorKind};

use crate::home::{Home, INPUT, at, name_of, new_run, open, session};

/// Puts a link in the place of `name`, to what was there before, moved out of the run.
fn plant(home: &Home, name: &str) {
    let (place, away) = (home.path("r").join(name), home.folder.path().join("away"));
    if place.exists() {
        fs::rename(&place, &away).unwrap();
    } else {
        fs::create_dir(&away).unwrap();
    }
    symlink(&away, &place).unwrap();
}

fn bytes_below(path: &Path) -> Vec<u8> {
    if path.is_dir() {
        let mut names: Vec<_> = fs::read_dir(path).unwrap().map(|e| e.unwrap().path()).collect();
        names.sort();
        names
            .iter()
            .flat_map(|path| {
                [path.to_str().unwrap().as_bytes().to_vec(), bytes_below(path)].concat()
            })
            .collect()
    } else {
        fs::read(path).unwrap()
    }
}

fn outcome<T>(result: Result<T, StoreError>) -> std::io::Result<()> {
    result.map(drop).map_err(Into::into)
}

#[test]
fn planted_links_are_not_followed() {
    type Use = fn(&RunFolder) -> std::io::Result<()>;
    let job = JobId { input: INPUT, model: 0 };
    let uses: [(&str, Use); 7] = [
        ("LOCK", |run| outcome(run.lock(&session(), at(1)))),
        ("journal.jsonl", |run| outcome(open(run))),
        ("journal.jsonl", |run| outcome(run.replay())),
        ("input", |run| outcome(run.plan())),
        ("input/s0001.v0.jsonl", |run| outcome(run.payload(INPUT))),
        ("jobs", |run| FolderSink::new(run).begin(JobId { input: INPUT, model: 0 }).map(drop)),
        ("report", |run| outcome(run.paths().create_file(&run.paths().report(&name_of("r.html"))))),
    ];
    for (name, act) in uses {
        let home = Home::new();
        let run = home.run("r");
        plant(&home, name);
        let away = home.folder.path().join("away");
        let before = bytes_below(&away);
        let error = act(&run).expect_err(name);
        assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied, "{name}: {error}");
        assert!(error.to_string().ends_with("it is a symbolic link"), "{name}: {error}");
        assert_eq!(bytes_below(&away), before, "{name}: nothing behind the link is touched");
    }
    let home = Home::new();
    let run = home.run("r");
    let folder = run.paths().root().join("jobs");
    fs::create_dir(&folder).unwrap();
    symlink(home.folder.path(), folder.join(job.to_string())).unwrap();
    assert!(FolderSink::new(&run).begin(job).is_err());
}

#[test]
fn link_under_a_final_name_is_replaced_not_written_through() {
    let home = Home::new();
    let run = home.run("r");
    let target = home.folder.path().join("precious");
    fs::write(&target, "mine").unwrap();
    let report = run.paths().report(&name_of("report.json"));
    run.paths().make_folder(report.parent().unwrap()).unwrap();
    symlink(&target, &report).unwrap();
    run.paths().create_file(&report).unwrap().commit().unwrap();
    assert_eq!(fs::read_to_string(&target).unwrap(), "mine");
    assert!(fs::symlink_metadata(&report).unwrap().is_file());
}

#[test]
fn linked_run_and_linked_manifest_are_refused() {
    let home = Home::new();
    let run = home.run("r");
    symlink(home.path("r"), home.path("l")).unwrap();
    assert_eq!(RunFolder::open(home.path("l")).unwrap_err().kind(), StoreErrorKind::Unsafe);
    assert_eq!(home.runs.find(Some("l")).unwrap_err().kind(), StoreErrorKind::Unsafe);
    assert_eq!(home.runs.list().unwrap().len(), 1);
    plant(&home, "run.json");
    assert_eq!(RunFolder::open(home.path("r")).unwrap_err().kind(), StoreErrorKind::Unsafe);
    drop(run);
}

#[test]
fn folder_that_others_can_write_to_is_refused_with_the_remedy() {
    let home = Home::new();
    let run = home.run("r");
    for (mode, fits) in [(0o755, true), (0o770, false), (0o702, false), (0o1777, false)] {
        fs::set_permissions(home.path("r"), Permissions::from_mode(mode)).unwrap();
        let opened = RunFolder::open(home.path("r")).map(drop);
        let locked = run.lock(&session(), at(1)).map(drop);
        for result in [opened, locked] {
            assert_eq!(result.is_ok(), fits, "{mode:o}");
            if let Err(error) = result {
                assert_eq!(error.kind(), StoreErrorKind::Unsafe);
                assert!(error.hint().unwrap().contains("chmod go-w"), "{error}");
            }
        }
    }
}

#[test]
fn folder_of_another_user_is_refused() {
    // The root folder is root's; who runs the tests as root has no other user's folder at hand,
    // but can give one away.
    let home = Home::new();
    let folder = home.folder.path().join("theirs");
    fs::create_dir(&folder).unwrap();
    let given = std::os::unix::fs::chown(&folder, Some(65_534), None).is_ok();
    let path = if given { folder.as_path() } else { Path::new("/") };
    let error = RunFolder::open(path).unwrap_err();
    assert!(error.to_string().ends_with("it belongs to another user"), "{error}");
}

#[test]
fn fifo_or_folder_in_a_files_place_is_refused_at_once() {
    let home = Home::new();
    let run = home.run("r");
    let name = name_of("r");
    for place in [run.paths().journal(), run.paths().manifest(), run.paths().lock()] {
        fs::remove_file(&place).unwrap();
        let made = std::process::Command::new("mkfifo").arg(&place).status();
        if !made.is_ok_and(|status| status.success()) {
            fs::create_dir(&place).unwrap();
        }
    }
    assert_eq!(run.replay().unwrap_err().kind(), StoreErrorKind::Unsafe);
    assert_eq!(RunFolder::open(home.path("r")).unwrap_err().kind(), StoreErrorKind::Unsafe);
    assert!(run.lock(&session(), at(1)).is_err());
    assert!(home.runs.recreate(&new_run(Some(&name), 0)).is_err());
}

#[test]
fn path_out_of_the_run_is_refused() {
    let home = Home::new();
    let run = home.run("r");
    let root = run.paths().root();
    for path in [root.join("../x/y"), root.join("input/../../x"), home.folder.path().join("y")] {
        let error = run.paths().create_file(&path).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unsafe, "{}", path.display());
        assert_eq!(run.paths().open_file(&path).unwrap_err().kind(), StoreErrorKind::Unsafe);
    }
    assert!(!home.folder.path().join("y").exists());
}
