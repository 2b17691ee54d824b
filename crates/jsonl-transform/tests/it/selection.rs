//! Which rows are taken, and that threads and blocks make no difference to it.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use jsonl_transform::{BadRowPolicy, RowRange, Sample, Selection, TransformError, Transformer};

use crate::support::{Ran, run, told};

fn row(number: u64) -> String {
    format!(r#"{{"request":{{"contents":[{number}]}}}}"#)
}

fn dataset(rows: u64) -> String {
    (0..rows).map(|number| row(number) + "\n").collect()
}

/// The contents of the rows that were taken.
fn taken(ran: &Ran) -> Vec<u64> {
    let number = |line: &str| {
        let contents = line.split_once("\"contents\":[").expect("contents").1;
        contents.split(']').next().expect("a number").parse().expect("a number")
    };
    told(&ran.input).lines().map(number).collect()
}

/// Keeps rows with a seven in them.
fn sevens() -> Selection {
    Selection::new().keep(|row| Ok(row.contains(&b'7')))
}

#[track_caller]
fn check(selection: &Selection, dataset: &str, expect: &[u64], left_out: [u64; 4]) {
    for (threads, block) in [(1, 1 << 20), (1, 1), (2, 1), (3, 100), (2, 1 << 20)] {
        let transformer = Transformer::new()
            .threads(NonZeroUsize::new(threads).expect("threads"))
            .block_size(block)
            .bad_rows(BadRowPolicy::Skip)
            .select(selection.clone());
        let ran = run(&transformer, dataset.as_bytes());
        assert_eq!(taken(&ran), expect, "{threads} threads, blocks of {block}");
        let left = ran.summary().left_out;
        assert_eq!([left.range, left.predicate, left.head, left.sample], left_out);
        let summary = ran.summary();
        assert_eq!(summary.rows_in, summary.written + left.total() + summary.bad.count);
    }
}

#[test]
fn rows_are_numbered_from_0_and_blank_lines_do_not_count() {
    let range = |text: &str| Selection::new().rows(text.parse::<RowRange>().expect(text));
    let dataset = format!("\n{}", dataset(10).replace('\n', "\n\n"));
    check(&range("2..4"), &dataset, &[2, 3], [8, 0, 0, 0]);
    check(&range("8.."), &dataset, &[8, 9], [8, 0, 0, 0]);
    check(&range("..1"), &dataset, &[0], [9, 0, 0, 0]);
    check(&range("9..99"), &dataset, &[9], [9, 0, 0, 0]);
}

#[test]
fn range_predicate_and_head_come_in_that_order() {
    let dataset = dataset(100);
    check(&Selection::new().head(3), &dataset, &[0, 1, 2], [0, 0, 97, 0]);
    check(&sevens().head(3), &dataset, &[7, 17, 27], [0, 25, 72, 0]);
    let all = sevens().rows((10..80).into()).head(9);
    check(&all, &dataset, &[17, 27, 37, 47, 57, 67, 70, 71, 72], [30, 54, 7, 0]);
}

#[test]
fn a_sample_is_drawn_from_what_is_left() {
    let dataset = dataset(100);
    let selection = sevens().rows((0..60).into()).head(5);
    let mut samples = Vec::new();
    for (threads, block) in [(1, 1 << 20), (2, 1), (3, 64)] {
        let transformer = Transformer::new()
            .threads(NonZeroUsize::new(threads).expect("threads"))
            .block_size(block)
            .select(selection.clone());
        let sample = Sample { rows: 2, seed: 3 };
        samples.push(transformer.draw(dataset.as_bytes(), sample).expect("draws"));
    }
    samples.dedup();
    let [picked] = &samples[..] else { panic!("threads made a difference") };
    assert_eq!((picked.len(), picked.of()), (2, 5));
    let ran = run(
        &Transformer::new().select(selection.clone().picked(picked.clone())),
        dataset.as_bytes(),
    );
    let rows = taken(&ran);
    assert!(rows.len() == 2 && rows.iter().all(|row| row % 10 == 7 && *row < 60), "{rows:?}");
    check(&selection.picked(picked.clone()), &dataset, &rows, [40, 43, 12, 3]);
}

#[test]
fn a_sample_of_more_than_there_is_takes_all() {
    let dataset = dataset(5);
    let sample = Sample { rows: 9, seed: 1 };
    let picked = Transformer::new().draw(dataset.as_bytes(), sample).expect("draws");
    check(&Selection::new().picked(picked), &dataset, &[0, 1, 2, 3, 4], [0; 4]);
}

#[test]
fn a_sample_of_other_data_is_an_error() {
    let sample = Sample { rows: 3, seed: 1 };
    let picked = Transformer::new().draw(dataset(50).as_bytes(), sample).expect("draws");
    let transformer = Transformer::new().select(Selection::new().picked(picked));
    let error = run(&transformer, dataset(51).as_bytes()).ended.expect_err("other data");
    assert!(matches!(error, TransformError::Changed { before: 50, now: 51 }), "{error}");
}

#[test]
fn bad_rows_count_where_they_are_taken_and_only_there() {
    let dataset = [row(0), "{".to_owned(), row(2), "[]".to_owned(), row(4)].join("\n");
    let of = |selection| run(&Transformer::new().select(selection), dataset.as_bytes());
    assert_eq!(taken(&of(Selection::new().head(1))), [0]);
    assert_eq!(taken(&of(Selection::new().rows((2..3).into()))), [2]);
    assert_eq!(
        of(Selection::new().head(2)).bad(),
        ["line 2 column 2: bad JSON: unexpected end of the text"]
    );
    check(&Selection::new().head(4), &dataset, &[0, 2], [0, 0, 1, 0]);
}

#[test]
fn the_predicate_sees_valid_rows_as_they_came() {
    let deep = "[".repeat(129) + &"]".repeat(129);
    let rows =
        [r#" {"request" : {"contents":[1],"model":"m"},"response":{}} "#, "{", &deep, "[1]", "{}"];
    let seen = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&seen);
    let selection = Selection::new().keep(move |row| {
        counter.fetch_add(1, Ordering::Relaxed);
        assert!(row == b"[1]" || row == b"{}" || row.starts_with(b" {\"request\" : "), "{row:?}");
        Ok(row != b"{}")
    });
    let transformer = Transformer::new().bad_rows(BadRowPolicy::Skip).select(selection);
    let ran = run(&transformer, rows.join("\n").as_bytes());
    assert_eq!(seen.load(Ordering::Relaxed), 3);
    assert_eq!((ran.summary().bad.count, ran.summary().left_out.predicate), (3, 1));
}

#[test]
fn an_error_of_the_predicate_makes_the_row_bad() {
    let selection = Selection::new().keep(|row| {
        if row.contains(&b'1') {
            Err("cannot index number\x1b with \"a\"".to_owned())
        } else {
            Ok(true)
        }
    });
    let ran = run(&Transformer::new().select(selection), dataset(2).as_bytes());
    assert_eq!(
        ran.bad(),
        [
            "line 2 column 1: can't tell whether to keep the row: cannot index number\\u{1b} with \\\"a\\\""
        ]
    );
}
