//! Files of a run folder that lead to rows: one that is torn, gone or leads elsewhere is a damaged folder, not a disk
//! that failed, and no figure is another one for it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::json;
use tests::house::House;
use tests::process::Said;

const RUN: &str = "paths";
/// Of the header of an index, and of each of its records.
const RECORD: usize = 16;

/// A run of six rows, of which the last but one asks what the second does; each has its own right answer.
fn house() -> House {
    let house = House::with_rows(0);
    let row = |n: usize| {
        let text = format!("question {}", if n == 4 { 1 } else { n });
        json!({
            "request": {"contents": [{"role": "user", "parts": [{"text": text}]}]},
            "response": {"candidates": [
                {"content": {"role": "model", "parts": [{"text": format!("answer {n}")}]}, "finishReason": "STOP"},
            ]},
            "want": format!("answer {n}"),
        })
    };
    house.write_rows("data.jsonl", (0..6).map(row));
    let words = ["run", "data.jsonl", "--emulator", "-m", "sim-a", "--name", RUN, "--dedupe"];
    let said =
        house.call_without_key(&[&words[..], &["--scorer", "equals:expected=/want"]].concat());
    assert_eq!(said.code, Some(0), "{said:?}");
    house
}

/// Looks at the run in every way that reads its rows.
fn looks(house: &House) -> Vec<(&'static str, Said)> {
    let all: [&[&str]; 5] = [
        &["report", RUN, "--json"],
        &["show", RUN, "1"],
        &["show", RUN, "4"],
        &["report", RUN, "--format", "jsonl"],
        &["retry", RUN, "--dry-run"],
    ];
    all.iter().map(|words| (words[0], house.call_without_key(words))).collect()
}

/// Puts other bytes into a file's place, or none.
fn replace(path: &Path, bytes: Option<&[u8]>) {
    let _ = fs::remove_file(path);
    if let Some(bytes) = bytes {
        fs::write(path, bytes).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

/// Each look ends as before, or as at a damaged folder; at least `least` of them end so.
fn refused(house: &House, what: &str, before: &[(&'static str, Said)], least: usize) {
    let mut found = 0;
    for ((look, said), (_, before)) in looks(house).into_iter().zip(before) {
        let cell = format!("{what}: {look}: {said:?}");
        if said.code == Some(8) {
            found += 1;
            // With --json the failure is an object on standard output.
            let told = said.stderr.clone() + &said.stdout;
            assert!(told.contains("copy") || told.contains("without it"), "{cell}");
        } else {
            assert_eq!((said.code, &said.stdout), (before.code, &before.stdout), "{cell}");
        }
    }
    assert!(found >= least, "{what}: {found} of {least}");
}

fn swapped(bytes: &[u8], one: usize, other: usize) -> Vec<u8> {
    let mut records: Vec<&[u8]> = bytes.chunks(RECORD).collect();
    records.swap(one, other);
    records.concat()
}

fn flipped(bytes: &[u8], at: usize, bit: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= bit;
    bytes
}

#[test]
fn an_index_that_is_torn_gone_or_leads_elsewhere_is_a_damaged_folder() {
    let house = house();
    let before = looks(&house);
    let path = house.run(RUN).join("input/index.bin");
    let whole = fs::read(&path).unwrap();
    assert_eq!(whole.len(), RECORD * 7);
    for cut in [0, 5, 16, 17, 32, 96, 111] {
        replace(&path, Some(&whole[..cut]));
        refused(&house, &format!("cut at {cut}"), &before, 4);
    }
    let longer = [&whole[..], &[0; RECORD]].concat();
    for (what, bytes) in [
        ("gone", None),
        ("a record more", Some(longer)),
        ("two rows that change places", Some(swapped(&whole, 2, 3))),
        ("a sent row that says it is a copy", Some(flipped(&whole, 2 * RECORD + 7, 0x80))),
        ("a copy that says it was sent", Some(flipped(&whole, 5 * RECORD + 7, 0x80))),
        ("a place in the middle of a line", Some(flipped(&whole, 2 * RECORD + 8, 1))),
        ("a place beyond the end", Some(flipped(&whole, 2 * RECORD + 14, 0x40))),
    ] {
        replace(&path, bytes.as_deref());
        refused(&house, what, &before, 2);
    }
    replace(&path, Some(&whole));
    refused(&house, "as it was", &before, 0);
}

#[test]
fn copies_of_rows_that_there_are_not_take_no_memory_and_those_of_others_no_answer() {
    let house = house();
    let before = looks(&house);
    let path = house.run(RUN).join("input/copies.bin");
    let whole = fs::read(&path).unwrap();
    assert_eq!(whole.len(), RECORD * 2);
    for (what, bytes) in [
        ("gone", None),
        ("cut", Some(whole[..RECORD].to_vec())),
        ("a row far beyond the last", Some(flipped(&whole, RECORD + 7, 0x40))),
        ("another row", Some(flipped(&whole, RECORD, 1))),
        ("the answer of another row", Some(flipped(&whole, RECORD + 8, 2))),
    ] {
        replace(&path, bytes.as_deref());
        refused(&house, what, &before, 1);
    }
}

#[test]
fn inputs_and_logged_answers_that_are_damaged_or_gone_are_a_damaged_folder() {
    let house = house();
    let before = looks(&house);
    for name in ["s0001.v0.jsonl", "logged.jsonl"] {
        let path = house.run(RUN).join("input").join(name);
        let whole = fs::read(&path).unwrap();
        let second = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        for (what, bytes) in [
            ("gone", None),
            ("cut", Some(whole[..second + 20].to_vec())),
            ("another key", Some(flipped(&whole, second + 16, 1))),
            ("no JSON", Some(flipped(&whole, second + 28, 0x40))),
        ] {
            replace(&path, bytes.as_deref());
            refused(&house, &format!("{name}: {what}"), &before, 2);
        }
        replace(&path, Some(&whole));
    }
}

#[test]
fn places_of_results_that_lead_elsewhere_are_told_and_made_anew_without_their_file() {
    let house = house();
    let before = looks(&house);
    let path = house.run(RUN).join("scores/places/v0.m0.bin");
    let whole = fs::read(&path).unwrap();
    // Behind the header, the place of the second row: where it begins, how long it is, and in which file.
    let second = whole.len() - 5 * RECORD;
    for (what, at, bit) in [
        ("a byte later", second, 1),
        ("beyond the end", second + 6, 1),
        ("two gibibytes", second + 11, 0x80),
        ("a byte shorter or longer", second + 8, 1),
        ("a file that there is not", second + 13, 1),
    ] {
        replace(&path, Some(&flipped(&whole, at, bit)));
        refused(&house, what, &before, 2);
    }
    replace(
        &path,
        Some(&[&whole[..second], &whole[second + RECORD..], &whole[second..][..RECORD]].concat()),
    );
    refused(&house, "the place of another row", &before, 2);
    replace(&path, None);
    refused(&house, "gone", &before, 0);
    assert_eq!(fs::read(&path).unwrap(), whole, "made anew");
}
