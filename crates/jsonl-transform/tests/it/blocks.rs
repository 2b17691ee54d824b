//! Threads and block borders change nothing: streams, counts and errors are the same bytes.

use std::io::{self, Cursor, Read};
use std::num::NonZeroUsize;

use jsonl_transform::{
    BadRowPolicy, Edits, IndexReader, InputShape, RowKey, Selection, Streams, TransformError,
    Transformer, member,
};
use proptest::prelude::*;

use crate::support::{Chunks, Ran, run};

fn cut(transformer: &Transformer, threads: usize, block: usize) -> Transformer {
    let threads = NonZeroUsize::new(threads).expect("not zero");
    transformer.clone().threads(threads).block_size(block)
}

/// All that a run said and wrote.
fn all(ran: Ran) -> (String, [Vec<u8>; 3]) {
    let ended = match ran.ended {
        Ok(summary) => format!("{summary:?}"),
        Err(error) => format!("{error:?}"),
    };
    (ended, [ran.input, ran.logged, ran.index])
}

fn any_line() -> impl Strategy<Value = Vec<u8>> {
    let good = (0_u32..40, "[a-z\\\\\"é]{0,40}", 0_usize..4).prop_map(|(id, text, model)| {
        let text = serde_json::Value::from(text).to_string();
        let models = ["\"a\"", "\"\\u0062\"", "null", "\"c\",\"odd\":1,\"model\":\"d\""];
        format!(
            "{{\"id\":{id},\"request\":{{\"model\":{},\"contents\":[{text}]}},\"response\":{id}}}",
            models[model]
        )
        .into_bytes()
    });
    prop_oneof![
        12 => good,
        2 => prop::sample::select(vec![
            &b""[..], b" \t", b"\r", b"{}", b"[1]", b"{\"request\":", b"{\"request\":{\"contents\":[]}}",
            b"{\"request\":{\"contents\":[\"\xFF\"]}}", b"{\"request\":\r{\"contents\":[1]}}", b"\"half",
        ]).prop_map(<[u8]>::to_vec),
        1 => (0_usize..400).prop_map(|n| [&b"{\"request\":{\"contents\":[\""[..], &vec![b'x'; n], b"\"]}}"].concat()),
    ]
}

fn any_dataset() -> impl Strategy<Value = Vec<u8>> {
    let ends = prop::sample::select(vec![&b"\n"[..], b"\n", b"\r\n"]);
    let lines = prop::collection::vec((any_line(), ends), 0..30);
    (lines, any::<bool>(), any::<bool>()).prop_map(|(lines, bom, ends)| {
        let mut dataset = if bom { b"\xEF\xBB\xBF".to_vec() } else { Vec::new() };
        dataset.extend(lines.into_iter().flat_map(|(line, end)| [&line[..], end].concat()));
        if !ends {
            dataset.pop();
        }
        dataset
    })
}

fn any_transformer() -> impl Strategy<Value = Transformer> {
    let shape =
        prop::sample::select(vec![InputShape::Request, InputShape::Row, InputShape::Notebook]);
    (any::<bool>(), shape, any::<bool>(), 0_u64..6).prop_map(|(skip, shape, short, selects)| {
        let mut transformer = Transformer::new().shape(shape).forbid(b"aaa");
        if skip {
            transformer = transformer.bad_rows(BadRowPolicy::Skip);
        }
        if short {
            transformer = transformer.max_line(150);
        }
        match selects {
            0 => transformer.select(Selection::new().rows((2..12).into())),
            1 => transformer.select(Selection::new().keep(|row| Ok(row.len().is_multiple_of(2)))),
            2 => transformer.select(Selection::new().keep(is_even).head(5)),
            3 => transformer.dedupe(true),
            _ => transformer,
        }
    })
}

fn is_even(row: &[u8]) -> Result<bool, String> {
    if row.contains(&b'y') { Err("y".to_owned()) } else { Ok(row.len().is_multiple_of(2)) }
}

proptest! {
    #[test]
    fn threads_and_blocks_change_nothing(
        dataset in any_dataset(),
        transformer in any_transformer(),
        threads in prop::sample::select(vec![1_usize, 2, 8]),
        block in prop_oneof![Just(1_usize), 2_usize..300],
        reads in prop::collection::vec(1_usize..200, 1..6),
    ) {
        let whole = all(run(&cut(&transformer, 1, 1 << 20), &dataset[..]));
        prop_assert_eq!(&all(run(&cut(&transformer, threads, block), &dataset[..])), &whole);
        let dripping = Chunks::new(&dataset, reads);
        prop_assert_eq!(&all(run(&cut(&transformer, threads, block), dripping)), &whole);
    }

    #[test]
    fn a_read_error_comes_after_all_whole_lines(
        dataset in any_dataset(),
        threads in prop::sample::select(vec![1_usize, 2, 8]),
        block in prop_oneof![Just(1_usize), 2_usize..300],
    ) {
        let skipping = Transformer::new().bad_rows(BadRowPolicy::Skip);
        let run = |threads, block| all(run(&cut(&skipping, threads, block), (&dataset[..]).chain(Broken)));
        let whole = run(1, 1 << 20);
        prop_assert!(whole.0.contains("Read") || whole.0.contains("Unsupported"), "{}", whole.0);
        prop_assert_eq!(run(threads, block), whole);
    }

    #[test]
    fn what_was_transformed_is_transformed_no_further(dataset in any_dataset(), block in 1_usize..300) {
        let skipping = cut(&Transformer::new().bad_rows(BadRowPolicy::Skip), 2, block);
        let once = run(&skipping, &dataset[..]);
        let twice = run(&skipping, &once.input[..]);
        prop_assert_eq!(twice.input, once.input);
    }
}

struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk is gone"))
    }
}

fn n_lines(bytes: &[u8]) -> usize {
    bytes.split(|byte| *byte == b'\n').count() - 1
}

#[test]
fn a_dataset_cut_at_any_byte_gives_the_whole_rows_before() {
    let rows: Vec<String> = (0..6)
        .map(|n| format!("{{\"request\":{{\"contents\":[{{\"é\":{n}}}],\"model\":\"m\"}},\"response\":[{n}]}}\n"))
        .collect();
    let dataset = rows.concat().into_bytes();
    let skipping = Transformer::new().bad_rows(BadRowPolicy::Skip);
    let whole = run(&skipping, &dataset[..]);
    for end in 0..dataset.len() {
        let ran = run(&cut(&skipping, 2, 64), &dataset[..end]);
        // The line feed may be missing, no other byte.
        let n_whole = n_lines(&dataset[..=end]);
        assert!(whole.input.starts_with(&ran.input), "cut at {end}");
        assert_eq!(n_lines(&ran.input), n_whole);
        let n_bad = match &ran.ended {
            Ok(summary) => summary.bad.count,
            Err(TransformError::NoRows { summary }) => summary.bad.count,
            // A lone brace may begin anything.
            Err(TransformError::Unsupported { .. }) if end == 1 => 1,
            Err(error) => panic!("cut at {end}: {error}"),
        };
        let is_border = end == 0 || dataset[end - 1] == b'\n' || dataset[end] == b'\n';
        assert_eq!(n_bad, u64::from(!is_border), "cut at {end}");
    }
}

#[test]
fn each_variant_has_its_own_input_keys_and_index_over_one_logged_stream() {
    let row = |n: usize| {
        format!(
            "{{\"n\":{n},\"request\":{{\"contents\":[{n}],\"model\":\"m{n}\"}},\"response\":{n}}}\n"
        )
    };
    let dataset: String = (0..100).map(row).collect();
    let longer = Edits::new().set("/generationConfig/seed", b"7").expect("an edit");
    let edits = [Edits::new(), longer];
    let plain = run(&Transformer::new(), dataset.as_bytes());
    for (threads, block) in [(1, 1 << 20), (2, 1), (8, 700)] {
        let [mut first, mut second, mut logged] = [const { Vec::new() }; 3];
        let [mut first_index, mut second_index] = [const { Vec::new() }; 2];
        let variants = [(&mut first, &mut first_index), (&mut second, &mut second_index)];
        let mut streams = Streams::of_variants(variants, &mut logged);
        let transformer = cut(&Transformer::new(), threads, block).variants(edits.clone());
        let summary = transformer.run(dataset.as_bytes(), &mut streams).expect("good rows");
        drop(streams);
        assert_eq!((&first, &logged, &first_index), (&plain.input, &plain.logged, &plain.index));
        assert_eq!(summary.bytes_input, (first.len() + second.len()) as u64);
        let mut index = IndexReader::open(Cursor::new(&second_index)).expect("an index");
        for (number, line) in second.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let n = number.to_string();
            let request = format!("{{\"contents\":[{n}],\"generationConfig\":{{\"seed\":7}}}}");
            let key = RowKey::new(number as u64, request.as_bytes());
            let expect = format!("{{\"key\":\"{key}\",\"request\":{request}}}\n");
            assert_eq!(String::from_utf8_lossy(line), expect);
            let record = index.get(number as u64).expect("reads").expect("there");
            let at = |offset: u64| usize::try_from(offset).expect("small");
            assert!(second[at(record.input)..].starts_with(line));
            let told = logged[at(record.logged)..].split(|byte| *byte == b'\n').next();
            let told = told.expect("a line");
            let response = member(told, "response").expect("valid").expect("there");
            assert_eq!(told[response], *n.as_bytes());
        }
    }
}
