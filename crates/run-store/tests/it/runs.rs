//! Runs among runs: made, listed, found, and creations that were cut off.

use std::fs;

use run_store::{Listed, RunFolder, StoreError, StoreErrorKind};

use crate::home::{Home, at, finish, made, name_of, new_run, session};

#[test]
fn run_without_a_name_is_named_by_its_mark() {
    let home = Home::new();
    let draft = home.runs.create(&new_run(None, 0)).unwrap();
    assert_eq!(draft.name().as_str(), draft.tag().as_str());
    let (run, _lock) = finish(draft);
    assert_eq!(run.paths().root(), home.path(run.manifest().tag.as_str()));
    assert_eq!(run.manifest().created, at(0));
    let plan = run.plan().unwrap();
    assert_eq!((plan.tag.clone(), plan.models.len()), (run.manifest().tag.clone(), 2));
    assert_eq!(plan.inputs[0].payload.len(), made().inputs[0].bytes);
}

#[test]
fn name_is_taken_once() {
    let home = Home::new();
    let run = home.run("spam");
    assert_ne!(run.manifest().tag.as_str(), "spam", "jobs carry the mark, not the name");
    assert!(matches!(home.draft("spam").unwrap_err(), StoreError::Exists { .. }));
    let name = name_of("spam");
    let again = home.runs.recreate(&new_run(Some(&name), 0)).unwrap_err();
    assert!(matches!(again, StoreError::Exists { .. }));
    assert_eq!(RunFolder::open(home.path("spam")).unwrap(), run, "it is untouched");
}

#[test]
fn run_that_is_made_while_it_is_looked_at_is_unfinished_or_there() {
    let home = Home::new();
    for n in 0..50 {
        let name = format!("r{n}");
        let draft = home.draft(&name).unwrap();
        std::thread::scope(|scope| {
            let making = scope.spawn(|| finish(draft));
            while !making.is_finished() {
                let looked = RunFolder::open(home.path(&name));
                assert!(matches!(looked, Ok(_) | Err(StoreError::Unfinished { .. })), "{looked:?}");
                let again = home.draft(&name).unwrap_err();
                let there = matches!(again, StoreError::Exists { .. });
                assert!(there || matches!(again, StoreError::Unfinished { .. }), "{again}");
            }
        });
        RunFolder::open(home.path(&name)).unwrap();
    }
}

#[test]
fn newest_is_first_and_the_default() {
    let home = Home::new();
    assert!(home.runs.list().unwrap().is_empty(), "no folder, no runs");
    assert_eq!(home.runs.find(None).unwrap_err().kind(), StoreErrorKind::NotFound);
    for (name, later) in [("b", 5), ("c", 9), ("a", 7)] {
        drop(finish(home.runs.create(&new_run(Some(&name_of(name)), later)).unwrap()));
    }
    fs::create_dir(home.path("notes")).unwrap();
    fs::write(home.path("notes").join("x"), "").unwrap();
    fs::write(home.path("readme"), "").unwrap();
    fs::create_dir(home.path("cut")).unwrap();
    fs::write(home.path("b").join("run.json"), "{").unwrap();
    let shown: Vec<_> = home.runs.list().unwrap().iter().map(shown).collect();
    assert_eq!(shown, ["run c", "run a", "unreadable b", "unfinished cut"]);
    assert_eq!(home.runs.find(None).unwrap().manifest().name.as_str(), "c");
    assert_eq!(home.runs.find(Some("a")).unwrap().manifest().name.as_str(), "a");
    assert_eq!(home.runs.find(Some("b")).unwrap_err().kind(), StoreErrorKind::Damaged);
    assert_eq!(home.runs.find(Some("d")).unwrap_err().kind(), StoreErrorKind::NotFound);
    assert_eq!(home.runs.find(Some("../d")).unwrap_err().kind(), StoreErrorKind::NotFound);
    let path = home.path("a");
    let by_path = home.runs.find(path.to_str()).unwrap();
    assert_eq!(by_path.manifest().name.as_str(), "a");
}

fn shown(listed: &Listed) -> String {
    let name = |path: &std::path::Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    match listed {
        Listed::Run(run) => format!("run {}", run.manifest().name),
        Listed::Unfinished(path) => format!("unfinished {}", name(path)),
        Listed::Unreadable(path, _) => format!("unreadable {}", name(path)),
        other => format!("{other:?}"),
    }
}

#[test]
fn dropped_draft_leaves_nothing() {
    let home = Home::new();
    let draft = home.draft("r").unwrap();
    let path = draft.paths().logged();
    draft.paths().create_file(&path).unwrap().commit().unwrap();
    assert!(path.exists());
    drop(draft);
    assert!(!home.path("r").exists());
    home.run("r");
}

/// A creation that was killed: what a draft leaves when nothing is cleaned up.
fn killed(home: &Home, steps: usize) {
    let whole = home.run("whole");
    let to = home.path("r");
    fs::create_dir(&to).unwrap();
    let files =
        ["LOCK", "input", "input/.logged.jsonl.1-1.tmp", "input/s0001.v0.jsonl", "journal.jsonl"];
    for file in &files[..steps] {
        let (from, to) = (whole.paths().root().join(file), to.join(file));
        match *file {
            "input" => fs::create_dir(to).unwrap(),
            "input/.logged.jsonl.1-1.tmp" => fs::write(to, "{").unwrap(),
            _ => drop(fs::copy(from, to).unwrap()),
        }
    }
}

#[test]
fn creation_that_was_killed_is_recognised_and_made_anew() {
    for steps in 0..=5 {
        let home = Home::new();
        killed(&home, steps);
        let opened = RunFolder::open(home.path("r")).unwrap_err();
        assert!(matches!(opened, StoreError::Unfinished { .. }), "{steps}: {opened}");
        let created = home.draft("r").unwrap_err();
        assert!(matches!(created, StoreError::Unfinished { .. }), "{steps}: {created}");
        let name = name_of("r");
        let draft = home.runs.recreate(&new_run(Some(&name), 3)).unwrap();
        assert!(!draft.paths().journal().exists(), "it starts from nothing");
        assert!(!draft.paths().logged().exists(), "it starts from nothing");
        assert_eq!(finish(draft).0.manifest().created, at(3));
    }
}

#[test]
fn run_whose_manifest_is_gone_is_not_made_anew() {
    let home = Home::new();
    let run = home.run("r");
    drop(crate::home::open(&run).unwrap());
    fs::remove_file(run.paths().manifest()).unwrap();
    let name = name_of("r");
    let errors = [
        RunFolder::open(home.path("r")).unwrap_err(),
        home.draft("r").unwrap_err(),
        home.runs.recreate(&new_run(Some(&name), 3)).unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), StoreErrorKind::Damaged, "{error}");
    }
    assert!(run.paths().journal().exists());
}

#[test]
fn folder_of_somebody_else_is_left_alone() {
    let home = Home::new();
    fs::create_dir_all(home.path("r/input")).unwrap();
    fs::write(home.path("r/thesis.tex"), "x").unwrap();
    let name = name_of("r");
    for error in [
        RunFolder::open(home.path("r")).unwrap_err(),
        home.draft("r").unwrap_err(),
        home.runs.recreate(&new_run(Some(&name), 3)).unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
    }
    assert_eq!(fs::read_dir(home.path("r")).unwrap().count(), 2, "not even a lock is added");
}

#[test]
fn run_being_made_by_another_process_is_busy() {
    let home = Home::new();
    let _draft = home.draft("r").unwrap();
    assert!(matches!(home.draft("r").unwrap_err(), StoreError::Unfinished { .. }));
    let name = name_of("r");
    let error = home.runs.recreate(&new_run(Some(&name), 3)).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Busy);
}

#[test]
fn run_moves_with_its_folder() {
    let home = Home::new();
    home.run("r");
    let to = home.folder.path().join("elsewhere");
    fs::rename(home.path("r"), &to).unwrap();
    let run = home.runs.find(to.to_str()).unwrap();
    let _lock = run.lock(&session(), at(1)).unwrap();
    assert!(run.plan().is_ok());
    assert_eq!(run.replay().unwrap().entries, []);
}
