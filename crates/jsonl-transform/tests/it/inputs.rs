//! Datasets of several inputs: whose line is whose.

use std::io::Read;

use flate2::read::GzEncoder;
use jsonl_transform::{
    BadRowPolicy, Dataset, Input, Sample, Selection, Streams, Summary, TransformError, Transformer,
};

use crate::support::told;

const GOOD: &str = r#"{"request":{"contents":[1]}}"#;

fn gzip(text: &str) -> Vec<u8> {
    let mut packed = Vec::new();
    GzEncoder::new(text.as_bytes(), flate2::Compression::fast())
        .read_to_end(&mut packed)
        .expect("packs");
    packed
}

fn dataset(texts: &[Vec<u8>]) -> Dataset<'_> {
    let input = |(number, bytes): (usize, &'_ Vec<u8>)| {
        let bytes = bytes.clone();
        Input::new(format!("{number}.jsonl"), move || Ok(std::io::Cursor::new(bytes.clone())))
    };
    Dataset::new(texts.iter().enumerate().map(input).collect())
}

fn run(transformer: &Transformer, texts: &[Vec<u8>]) -> (Result<Summary, TransformError>, String) {
    let mut input = Vec::new();
    let mut streams = Streams::new(&mut input, std::io::sink(), std::io::sink());
    let ended = transformer.run_dataset(&dataset(texts), &mut streams);
    drop(streams);
    (ended, told(&input))
}

#[test]
fn rows_go_on_from_input_to_input() {
    let texts = [gzip(GOOD), format!("\u{FEFF}{GOOD}\n\n{GOOD}").into_bytes(), gzip("")];
    let (ended, input) = run(&Transformer::new(), &texts);
    let summary = ended.expect("transforms");
    assert_eq!((summary.written, summary.blank, summary.had_bom), (3, 1, true));
    assert_eq!(input.lines().count(), 3);
    assert!(input.lines().last().expect("a line").starts_with("{\"key\":\"#2\""));
}

#[test]
fn bad_rows_and_warnings_name_their_input() {
    let texts = [
        format!("{GOOD}\n{GOOD}").into_bytes(),
        gzip(&format!("{GOOD}\n{{\n")),
        format!("\n{}\n", GOOD.replace("contents", "stream\":1,\"contents")).into_bytes(),
    ];
    let (ended, _) = run(&Transformer::new(), &texts);
    let error = ended.expect_err("bad rows");
    let bad = &error.summary().expect("read to the end").bad.first;
    assert_eq!(bad[0].to_string(), "1.jsonl line 2 column 2: bad JSON: unexpected end of the text");
    let (ended, _) = run(&Transformer::new().bad_rows(BadRowPolicy::Skip), &texts);
    let summary = ended.expect("skips");
    let warning = summary.warnings().next().expect("a warning");
    assert_eq!((warning.input.as_deref(), warning.first_line), (Some("2.jsonl"), 2));
    let (ended, _) = run(&Transformer::new(), &texts[1..2]);
    let error = ended.expect_err("a bad row");
    let bad = &error.summary().expect("read to the end").bad.first;
    assert_eq!((&bad[0].input, bad[0].line), (&None, 2), "one input needs no name");
}

#[test]
fn inputs_that_can_not_be_read_are_named() {
    let good = GOOD.as_bytes().to_vec();
    let packed = gzip(&format!("{GOOD}\n").repeat(100));
    let told = |last: Vec<u8>| {
        let (ended, _) = run(&Transformer::new(), &[good.clone(), last]);
        ended.expect_err("refused").to_string()
    };
    assert_eq!(
        told(b"PK\x03\x04..".to_vec()),
        "1.jsonl looks like a zip archive, not like JSON lines"
    );
    assert_eq!(told(b"[{}]".to_vec()), "1.jsonl looks like one JSON array, not like JSON lines");
    let (ended, _) = run(&Transformer::new(), &[good.clone(), packed[..packed.len() - 9].to_vec()]);
    let Err(TransformError::Read { input, line, source }) = ended else { panic!("was read") };
    assert_eq!((input.as_deref(), line), (Some("1.jsonl"), 100));
    assert_eq!(source.to_string(), "the gzip data ends too early: the file is cut");
    let (ended, _) = run(&Transformer::new(), &[b"[{}]".to_vec()]);
    assert_eq!(
        ended.expect_err("refused").to_string(),
        "the dataset looks like one JSON array, not like JSON lines"
    );
}

#[test]
fn a_sample_is_drawn_over_all_inputs() {
    let texts =
        [format!("{GOOD}\n").repeat(30).into_bytes(), gzip(&format!("{GOOD}\n").repeat(20))];
    let sample = Sample { rows: 7, seed: 5 };
    let picked = Transformer::new().draw_dataset(&dataset(&texts), sample).expect("draws");
    assert_eq!((picked.len(), picked.of()), (7, 50));
    assert_eq!(picked, sample.of(50));
    let (ended, _) = run(&Transformer::new().select(Selection::new().picked(picked)), &texts);
    assert_eq!(ended.expect("transforms").written, 7);
}
