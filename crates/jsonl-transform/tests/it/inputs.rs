//! Datasets of several inputs: whose line is whose.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use flate2::read::GzEncoder;
use jsonl_transform::{
    BadRowPolicy, Dataset, Input, Sample, Selection, SteadyFile, Streams, Summary, TransformError,
    Transformer,
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
        Input::new(format!("{number}.jsonl"), move || Ok(io::Cursor::new(bytes.clone())))
    };
    Dataset::new(texts.iter().enumerate().map(input).collect())
}

fn run(transformer: &Transformer, texts: &[Vec<u8>]) -> (Result<Summary, TransformError>, String) {
    let mut input = Vec::new();
    let mut streams = Streams::new(&mut input, io::sink(), io::sink());
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

/// Takes the lines of a transform, and adds a row to its dataset at the first of them.
struct Meanwhile {
    dataset: PathBuf,
    row: Option<Vec<u8>>,
}

impl Write for Meanwhile {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        if let Some(row) = self.row.take() {
            File::options().append(true).open(&self.dataset)?.write_all(&row)?;
        }
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What becomes of a dataset, on so many threads, when `row` is added to its file while it is read.
fn grown(name: &str, bytes: &[u8], threads: usize, row: &[u8]) -> Result<u64, String> {
    let path = std::env::temp_dir().join(format!("grown-{}-{name}-{threads}", std::process::id()));
    fs::write(&path, bytes).expect("writes");
    let open = || SteadyFile::new(File::open(&path)?);
    let dataset = Dataset::new(vec![Input::new(name, open)]);
    let meanwhile = Meanwhile { dataset: path.clone(), row: Some(row.to_vec()) };
    let transformer = Transformer::new().threads(NonZeroUsize::new(threads).expect("some"));
    let ended = transformer.run_dataset(&dataset, &mut Streams::input_only(meanwhile));
    fs::remove_file(&path).expect("removes");
    ended.map(|summary| summary.written).map_err(|error| {
        std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string)
    })
}

#[test]
fn a_dataset_that_grows_while_rows_are_written_is_an_error_on_any_number_of_threads() {
    // Many blocks, packed too: of what is packed less is read ahead than stands in the file.
    let row = |number: u64| {
        let noise = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        format!("{{\"request\":{{\"contents\":[\"{:x}{noise:x}\"]}}}}\n", noise.rotate_left(31))
    };
    let rows: String = (0..20_000).map(row).collect();
    for threads in [1, 2] {
        for (name, bytes) in [("plain", rows.clone().into_bytes()), ("packed", gzip(&rows))] {
            assert_eq!(grown(name, &bytes, threads, b""), Ok(20_000), "{name}");
            let changed = "the file changed while it was read".to_owned();
            assert_eq!(grown(name, &bytes, threads, b"{}\n"), Err(changed), "{name}");
        }
    }
}
