//! Sizes and failures: overlong lines, broken inputs, full sinks, what is written before an error.

use std::io::{self, Read};

use jsonl_transform::{
    BadRowPolicy, RowSink, Rows, Streams, TransformError, Transformer, WriteError,
};

use crate::support::{run, told};

const GOOD: &[u8] = b"{\"request\":{\"contents\":[1]}}\n";

#[test]
fn a_line_over_the_limit_is_a_bad_row() {
    let long = format!("{{\"request\":{{\"contents\":[\"{}\"]}}}}\n", "x".repeat(1 << 20));
    let dataset = [GOOD, long.as_bytes(), GOOD].concat();
    let ran = run(&Transformer::new().max_line(1 << 20).bad_rows(BadRowPolicy::Skip), &dataset[..]);
    assert_eq!(ran.bad(), ["line 2 column 1048577: line too long (limit 1 MiB)"]);
    assert_eq!(ran.summary().written, 2);
    assert_eq!(ran.summary().bytes_in, dataset.len() as u64);
    assert_eq!(run(&Transformer::new(), &dataset[..]).summary().written, 3);
}

#[test]
fn a_json_array_is_named_even_where_its_line_is_too_long() {
    let array = format!("[ {{\"request\":{{}}}}{}]", ",{}".repeat(1000));
    let error =
        run(&Transformer::new().max_line(100), array.as_bytes()).ended.expect_err("an array");
    assert!(error.to_string().contains("one JSON array"), "{error}");
}

#[test]
fn a_big_response_passes_through() {
    let response = format!("\"{}\"", "y".repeat(20 << 20));
    let row = format!("{{\"response\":{response},\"request\":{{\"contents\":[1]}}}}");
    let ran = run(&Transformer::new(), row.as_bytes());
    assert_eq!(ran.summary().written, 1);
    assert_eq!(told(&ran.input), "{\"key\":\"#0\",\"request\":{\"contents\":[1]}}\n");
    let logged = String::from_utf8(ran.logged).expect("UTF-8");
    assert!(logged.contains(&format!("\"response\":{response},\"row\":{{}}}}\n")));
}

/// Gives its bytes, then an error.
struct Breaks<'a>(&'a [u8]);

impl Read for Breaks<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.0.read(out)? {
            0 => Err(io::Error::other("the disk is gone")),
            read => Ok(read),
        }
    }
}

#[test]
fn a_read_error_tells_how_far_it_came() {
    let error = run(&Transformer::new(), Breaks(&GOOD.repeat(3))).ended.expect_err("broken");
    assert!(matches!(error, TransformError::Read { line: 3, .. }), "{error}");
    assert_eq!(error.to_string(), "failed to read the dataset after line 3");
}

/// Takes so many bytes, then is full.
struct Full(usize);

impl io::Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        match taken {
            0 => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(taken),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_sink_names_the_stream() {
    let dataset = GOOD.repeat(10);
    for (full, room) in
        [("input", [0, 9999, 9999]), ("logged", [9999, 10, 9999]), ("index", [9999, 9999, 20])]
    {
        let [input, logged, index] = room.map(Full);
        let ended = Transformer::new().run(&dataset[..], &mut Streams::new(input, logged, index));
        let Err(TransformError::Write(error)) = ended else {
            panic!("{full} took it all");
        };
        assert_eq!((error.stream, error.source.kind()), (full, io::ErrorKind::StorageFull));
    }
}

/// Counts what it is given.
#[derive(Default)]
struct Counts {
    rows: u64,
    finished: u64,
}

impl RowSink for Counts {
    fn rows(&mut self, rows: &Rows<'_>) -> Result<(), WriteError> {
        for row in rows.iter() {
            assert_eq!((row.key.number(), self.finished), (self.rows, 0));
            self.rows += 1;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), WriteError> {
        self.finished += 1;
        Ok(())
    }
}

#[test]
fn the_input_alone_is_the_same_input() {
    let dataset = [GOOD, b"{\"a\":1,\"request\":{\"model\":\"m\",\"contents\":[1]}}\n"].concat();
    let mut input = Vec::new();
    let mut streams = Streams::input_only(&mut input);
    let summary = Transformer::new().run(&dataset[..], &mut streams).expect("good rows");
    drop(streams);
    assert_eq!(input, run(&Transformer::new(), &dataset[..]).input);
    assert_eq!((summary.written, summary.bytes_logged), (2, 0));
}

#[test]
fn a_sink_is_finished_only_when_all_is_well() {
    let dataset = [&GOOD.repeat(4), &b"{}\n"[..], &GOOD.repeat(3)].concat();
    let mut counts = Counts::default();
    assert!(Transformer::new().run(&dataset[..], &mut counts).is_err());
    assert_eq!((counts.rows, counts.finished), (4, 0), "nothing more after the first bad row");
    let mut counts = Counts::default();
    let skipping = Transformer::new().bad_rows(BadRowPolicy::Skip);
    assert_eq!(skipping.run(&dataset[..], &mut counts).expect("skips").written, 7);
    assert_eq!((counts.rows, counts.finished), (7, 1));
}
