//! Files that appear whole or not at all.

use std::fs;
use std::io::Write;

use run_store::{AtomicFile, atomic_write};

use crate::home::{Home, at, session};

fn names(folder: &std::path::Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn old_content_stands_until_the_new_is_whole() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("x");
    atomic_write(&path, b"old").unwrap();
    let mut file = AtomicFile::create(&path).unwrap();
    file.write_all(&vec![b'n'; 1 << 20]).unwrap();
    file.flush().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"old");
    drop(file);
    assert_eq!(
        (names(home.path()), fs::read(&path).unwrap()),
        (vec!["x".to_owned()], b"old".to_vec())
    );
    let mut file = AtomicFile::create(&path).unwrap();
    file.write_all(&vec![b'n'; 1 << 20]).unwrap();
    file.restart().unwrap();
    file.write_all(b"new").unwrap();
    file.commit().unwrap();
    assert_eq!(
        (names(home.path()), fs::read(&path).unwrap()),
        (vec!["x".to_owned()], b"new".to_vec())
    );
}

#[test]
fn failed_commit_leaves_what_was_there() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("x");
    fs::create_dir(&path).unwrap();
    let error = atomic_write(&path, b"new").unwrap_err();
    assert!(error.to_string().starts_with("failed to rename "), "{error}");
    assert_eq!(names(home.path()), ["x"]);
    assert!(AtomicFile::create(&home.path().join("no/such/folder")).is_err());
    assert!(AtomicFile::create(std::path::Path::new("/")).is_err());
}

#[test]
fn two_writers_of_one_path_do_not_meet() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("x");
    let mut one = AtomicFile::create(&path).unwrap();
    let mut two = AtomicFile::create(&path).unwrap();
    one.write_all(b"one").unwrap();
    two.write_all(b"two").unwrap();
    one.commit().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"one");
    two.commit().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"two");
}

#[test]
fn lock_sweeps_up_what_killed_processes_left() {
    let home = Home::new();
    let run = home.run("r");
    let root = run.paths().root();
    fs::create_dir_all(root.join("scores/f")).unwrap();
    let left =
        [".run.json.9-0.tmp", "input/.index.bin.9-1.tmp", "scores/f/.s0001.v0.m0.jsonl.9-2.tmp"];
    for name in left {
        fs::write(root.join(name), "half").unwrap();
    }
    fs::write(root.join("notes.tmp"), "a person's").unwrap();
    let _lock = run.lock(&session(), at(1)).unwrap();
    for name in left {
        assert!(!root.join(name).exists(), "{name}");
    }
    assert!(root.join("notes.tmp").exists());
    assert!(root.join("input/s0001.v0.jsonl").exists());
}
