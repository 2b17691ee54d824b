//! Variants, drops, copies and shards: what is uploaded of each row, and where it is found again.

use std::{
    collections::BTreeMap,
    io::{self, Cursor, Write},
    num::NonZeroUsize,
    sync::{Arc, Mutex},
};

use jsonl_transform::{
    Copies, Drops, Edits, IndexReader, InputShape, RefusalPolicy, ShardFiles, ShardLimits, Shards,
    Streams, Summary, TransformError, Transformer,
};

use crate::support::{run, told};

fn set(pointer: &str, json: &str) -> Edits {
    Edits::new().set(pointer, json.as_bytes()).expect("an edit")
}

fn drops(pointers: &[&str]) -> Drops {
    pointers.iter().fold(Drops::new(), |drops, pointer| drops.at(pointer).expect("a pointer"))
}

#[test]
fn what_edits_take_out_is_kept_in_the_logged_line() {
    let row = r#"{"request":{"labels":{"a":1},"model":"m","contents":[1],"generationConfig":{"topK":1.0}},"id":7}"#;
    let transformer = Transformer::new()
        .drop_pointers(drops(&["/request/labels", "/id"]))
        .variants([set("/generationConfig/topK", "2")]);
    let ran = run(&transformer, row.as_bytes());
    ran.summary();
    assert_eq!(
        told(&ran.input),
        "{\"key\":\"#0\",\"request\":{\"contents\":[1],\"generationConfig\":{\"topK\":2}}}\n"
    );
    assert_eq!(
        told(&ran.logged),
        "{\"key\":\"#0\",\"line\":1,\"model\":\"m\",\"taken\":{\"/labels\":{\"a\":1},\
         \"/generationConfig/topK\":1.0},\"row\":{\"id\":7}}\n"
    );
}

#[test]
fn drops_reach_beside_the_request_where_the_row_is_kept() {
    let row = r#"{"id":{"a":1,"b":2},"response":3,"request":{"contents":[1],"x":1},"key":"k"}"#;
    for (shape, expect) in [
        (InputShape::Request, r##"{"key":"#0","request":{"contents":[1]}}"##),
        (InputShape::Row, r##"{"key":"#0","id":{"b":2},"request":{"contents":[1]}}"##),
        (InputShape::Notebook, r#"{"id":{"b":2},"request":{"contents":[1]},"key":"k"}"#),
    ] {
        let transformer =
            Transformer::new().shape(shape).drop_pointers(drops(&["/id/a", "/request/x"]));
        let ran = run(&transformer, row.as_bytes());
        ran.summary();
        assert_eq!(told(&ran.input), format!("{expect}\n"));
        assert!(told(&ran.logged).contains(r#""row":{"id":{"a":1,"b":2},"key":"k"}"#));
    }
}

#[test]
fn an_edit_that_does_not_fit_makes_the_row_bad() {
    let row = r#"{"request":{"model":"m","contents":[1],"generationConfig":7}}"#;
    let ran =
        run(&Transformer::new().variants([set("/generationConfig/topK", "2")]), row.as_bytes());
    assert_eq!(
        ran.bad(),
        [
            "line 1 column 59 at /request/generationConfig: an edit does not fit: the edit needs an object or array here"
        ]
    );
}

#[test]
fn refused_requests_are_bad_rows_unless_edits_mend_them() {
    let row = r#"{"request":{"contents":[1],"systemInstruction":"be brief"}}"#;
    let ran = run(&Transformer::new(), row.as_bytes());
    let text = "request.systemInstruction is a string, but must be an object with parts";
    assert_eq!(ran.bad(), [format!("line 1 column 48 at /request/systemInstruction: {text}")]);
    let lenient = run(&Transformer::new().refusals(RefusalPolicy::Warn), row.as_bytes());
    assert_eq!(lenient.warnings(), [format!("{text} x1 from line 1")]);
    let mended = set("/systemInstruction", r#"{"parts":[{"text":"be brief"}]}"#);
    let ran = run(&Transformer::new().variants([mended.clone()]), row.as_bytes());
    assert_eq!(ran.warnings(), [""; 0]);
    let both = Transformer::new().variants([mended, Edits::new()]);
    let ended = both.run(
        row.as_bytes(),
        &mut Streams::of_variants([(io::sink(), io::sink()), (io::sink(), io::sink())], io::sink()),
    );
    assert!(matches!(ended, Err(TransformError::BadRows { .. })));
}

#[test]
fn what_edits_bring_in_is_refused_at_its_place_in_the_request() {
    let row = r#"{"id":1,"request":{"model":"m","contents":[1]}}"#;
    let bare = set("/systemInstruction", r#""be brief""#);
    let ran = run(&Transformer::new().variants([bare]), row.as_bytes());
    let text = "request.systemInstruction is a string, but must be an object with parts";
    assert_eq!(ran.bad(), [format!("line 1 column 19 at /request/systemInstruction: {text}")]);
}

#[test]
fn a_row_counts_once_however_many_variants_and_media_it_has() {
    let row =
        r#"{"request":{"contents":[{"fileData":{"fileUri":"files/a"}}],"stream":true,"frob":1}}"#;
    let dataset = format!("{row}\n{row}\n");
    let plain = run(&Transformer::new(), dataset.as_bytes()).warnings();
    assert_eq!(plain.len(), 3);
    assert!(plain.iter().all(|warning| warning.ends_with(" x2 from line 1")), "{plain:?}");
    for (threads, block) in [(1, 1 << 18), (2, 1)] {
        let threads = NonZeroUsize::new(threads).expect("threads");
        let transformer = Transformer::new().threads(threads).block_size(block);
        let variants = [Edits::new(), set("/generationConfig/topK", "2"), Edits::new()];
        let mut streams =
            Streams::of_variants([0; 3].map(|_| (io::sink(), io::sink())), io::sink());
        let summary = transformer
            .variants(variants)
            .run(dataset.as_bytes(), &mut streams)
            .expect("good rows");
        assert!(
            summary.warnings().count() == 3 && summary.warnings().all(|found| found.count == 2)
        );
    }
}

#[test]
fn odd_requests_are_told_with_their_place() {
    let row = r#"{"request":{"contents":[{"fileData":{"fileUri":"files/a"}}],"stream":true,
        "generationConfig":{"frob":1},"tools":[],"tools":[]}}"#
        .replace('\n', "");
    let mut warnings = run(&Transformer::new(), row.as_bytes()).warnings();
    warnings.sort();
    assert_eq!(warnings.len(), 4, "{warnings:?}");
    assert!(warnings[0].starts_with("request refers to a file of the Files API"), "{warnings:?}");
    assert_eq!(warnings[1], "request.stream is refused in a batch x1 from line 1");
    assert_eq!(warnings[2], "request.tools is doubled x1 from line 1");
    assert_eq!(warnings[3], "unknown field request.generationConfig.frob x1 from line 1");
}

/// Files in memory, by shard and variant.
#[derive(Default)]
struct Files {
    done: BTreeMap<(usize, usize), Vec<u8>>,
    n_open: usize,
}

impl ShardFiles for &mut Files {
    type File = Vec<u8>;

    fn open(&mut self, _: usize, _: usize) -> io::Result<Vec<u8>> {
        self.n_open += 1;
        Ok(Vec::new())
    }

    fn close(&mut self, shard: usize, variant: usize, file: Vec<u8>) -> io::Result<()> {
        self.n_open -= 1;
        assert_eq!(self.done.insert((shard, variant), file), None);
        Ok(())
    }
}

/// A stream that can be looked at afterwards.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("sound").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Cut {
    summary: Summary,
    files: BTreeMap<(usize, usize), Vec<u8>>,
    rows: Vec<(u64, u64)>,
    indexes: Vec<Vec<u8>>,
    logged: Vec<u8>,
    copies: Copies,
}

fn cut(transformer: &Transformer, n_variants: usize, limits: ShardLimits, dataset: &str) -> Cut {
    let indexes: Vec<_> = (0..n_variants).map(|_| Shared::default()).collect();
    let (logged, copies) = (Shared::default(), Shared::default());
    let mut files = Files::default();
    let mut shards =
        Shards::new(limits, &mut files, indexes.clone(), logged.clone()).copies(copies.clone());
    let summary = transformer.run(dataset.as_bytes(), &mut shards).expect("transforms");
    let rows = shards.shards().iter().map(|shard| (shard.first_row, shard.rows)).collect();
    let sizes: Vec<_> = shards.shards().iter().map(|shard| shard.bytes.clone()).collect();
    drop(shards);
    assert_eq!(files.n_open, 0);
    for (&(shard, variant), file) in &files.done {
        assert_eq!(sizes[shard][variant], file.len() as u64);
        assert!(file.len() as u64 <= limits.bytes, "too large");
        assert!(file.split(|&byte| byte == b'\n').count() as u64 <= limits.rows.saturating_add(1));
    }
    let bytes = |stream: &Shared| stream.0.lock().expect("sound").clone();
    Cut {
        summary,
        rows,
        indexes: indexes.iter().map(bytes).collect(),
        logged: bytes(&logged),
        copies: Copies::read(&bytes(&copies)[..]).expect("copies"),
        files: files.done,
    }
}

impl Cut {
    /// All input of a variant, and the line of each row as the index finds it.
    fn lines(&self, variant: usize) -> Vec<String> {
        let input: Vec<u8> = self
            .files
            .iter()
            .filter(|((_, of), _)| *of == variant)
            .flat_map(|(_, file)| file.clone())
            .collect();
        let mut index = IndexReader::open(Cursor::new(&self.indexes[variant])).expect("an index");
        (0..index.rows())
            .map(|row| {
                let record = index.get(row).expect("reads").expect("a record");
                let logged = &self.logged[usize::try_from(record.logged).expect("small")..];
                assert!(told(logged).starts_with(&format!("{{\"key\":\"#{row}\"")));
                let line = &input[usize::try_from(record.input).expect("small")..];
                let end = line.iter().position(|&byte| byte == b'\n').expect("a line");
                told(&line[..end])
            })
            .collect()
    }
}

fn transformers() -> impl Iterator<Item = Transformer> {
    [(1, 1 << 20), (2, 1), (3, 200)].into_iter().map(|(threads, block)| {
        Transformer::new().threads(NonZeroUsize::new(threads).expect("threads")).block_size(block)
    })
}

fn rows(contents: &[u64]) -> String {
    let row = |number: &u64| format!("{{\"request\":{{\"contents\":[{number}]}},\"id\":0}}\n");
    contents.iter().map(row).collect()
}

#[test]
fn shards_hold_the_same_rows_in_every_variant() {
    let long = set("/generationConfig/stopSequences", r#"["a long word"]"#);
    for transformer in transformers() {
        let transformer = transformer.variants([Edits::new(), long.clone()]);
        let contents: Vec<u64> = (100..110).collect();
        // A line of the longer variant has 109 bytes.
        let limits = ShardLimits { rows: 100, bytes: 350 };
        let cut = cut(&transformer, 2, limits, &rows(&contents));
        assert_eq!(cut.rows, [(0, 3), (3, 3), (6, 3), (9, 1)]);
        assert_eq!(cut.files.len(), 8);
        for variant in 0..2 {
            for (row, line) in cut.lines(variant).iter().enumerate() {
                let start = format!(r##"{{"key":"#{row}","request":{{"contents":[{}]"##, row + 100);
                assert!(line.starts_with(&start), "{line}");
                assert_eq!(line.contains("a long word"), variant == 1);
            }
        }
        let by_rows = super::variants::cut(
            &transformer,
            2,
            ShardLimits { rows: 4, ..ShardLimits::default() },
            &rows(&contents),
        );
        assert_eq!(by_rows.rows, [(0, 4), (4, 4), (8, 2)]);
    }
}

#[test]
fn a_row_that_fits_no_shard_is_an_error() {
    let mut files = Files::default();
    let limits = ShardLimits { rows: 9, bytes: 40 };
    let mut shards = Shards::new(limits, &mut files, [io::sink()], io::sink());
    let error = Transformer::new().run(rows(&[1]).as_bytes(), &mut shards).expect_err("too large");
    let TransformError::Write(error) = error else { panic!("{error}") };
    assert_eq!(error.source.to_string(), "row 0 has 56 bytes, and a shard takes 40");
}

#[test]
fn equal_requests_are_uploaded_once_and_found_from_every_row() {
    for transformer in transformers() {
        let contents = [5, 6, 5, 7, 6, 5];
        let limits = ShardLimits { rows: 2, ..ShardLimits::default() };
        let cut = cut(&transformer.dedupe(true), 1, limits, &rows(&contents));
        assert_eq!((cut.summary.written, cut.summary.copies), (6, 3));
        assert_eq!(cut.rows, [(0, 2), (3, 1)]);
        assert_eq!(cut.copies.len(), 3);
        assert_eq!(cut.copies.of(0).collect::<Vec<_>>(), [2, 5]);
        assert_eq!(cut.copies.of(1).collect::<Vec<_>>(), [4]);
        let lines = cut.lines(0);
        for (row, (line, number)) in lines.iter().zip(contents).enumerate() {
            let first = contents.iter().position(|&other| other == number).expect("there");
            assert_eq!(
                line,
                &format!(r##"{{"key":"#{first}","request":{{"contents":[{number}]}}}}"##),
                "row {row}"
            );
        }
        let mut index = IndexReader::open(Cursor::new(&cut.indexes[0])).expect("an index");
        let firsts: Vec<_> = (0..6).map(|row| index.copy_of(row).expect("reads")).collect();
        assert_eq!(firsts, [None, None, Some(0), None, Some(1), Some(0)]);
    }
}

#[test]
fn requests_are_equal_only_as_they_are_uploaded() {
    let dataset = concat!(
        r#"{"request":{"model":"a","contents":[1],"labels":1}}"#,
        "\n",
        r#"{"request":{"contents":[1],"labels":2},"response":{}}"#,
        "\n",
        r#"{"request":{"contents": [1]}}"#,
        "\n",
    );
    let copies = |transformer: Transformer| {
        run(&transformer.dedupe(true), dataset.as_bytes()).summary().copies
    };
    assert_eq!(copies(Transformer::new()), 0);
    assert_eq!(copies(Transformer::new().drop_pointers(drops(&["/request/labels"]))), 1);
    assert_eq!(run(&Transformer::new(), dataset.as_bytes()).summary().copies, 0);
}
