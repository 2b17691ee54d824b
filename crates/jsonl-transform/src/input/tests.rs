//! Packed, joined, cut and damaged inputs, read in pieces of any size.

use std::io::{self, Read, Write as _};

use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::{Dataset, DatasetReader, Input, InputError};
use crate::InputKind;

/// `printf '{"request":{"contents":[{}]}}\n' | zstd --check`.
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd\x04\x58\xf1\x00\x00{\"request\":{\"contents\":[{}]}}\n\
    \x73\xbe\xe4\xec";
const ROW: &[u8] = b"{\"request\":{\"contents\":[{}]}}\n";

/// Gives at most `step` bytes a read, and refuses to be asked for more after its end than once.
struct Drip<'a>(&'a [u8], usize);

impl Read for Drip<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let step = self.1.min(out.len());
        self.0.read(&mut out[..step])
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

fn dataset<'a>(inputs: &[&'a [u8]], step: usize) -> Dataset<'a> {
    let named = |(number, &bytes): (usize, &&'a [u8])| {
        Input::new(format!("{number}.jsonl"), move || Ok(Drip(bytes, step)))
    };
    Dataset::new(inputs.iter().enumerate().map(named).collect())
}

fn read(reader: &mut DatasetReader<'_, '_>) -> Result<Vec<u8>, io::Error> {
    let mut text = Vec::new();
    reader.read_to_end(&mut text).map(|_| text)
}

#[track_caller]
fn check(inputs: &[&[u8]], expect: &[u8]) {
    for step in [1, 2, 7, 4096, 1 << 20] {
        let dataset = dataset(inputs, step);
        let text = read(&mut dataset.reader()).expect("reads");
        assert_eq!(text.escape_ascii().to_string(), expect.escape_ascii().to_string(), "{step}");
        assert_eq!(read(&mut dataset.reader()).expect("reads again"), text);
    }
}

#[track_caller]
fn check_refused(inputs: &[&[u8]], expect: &InputError) {
    for step in [1, 3, 1 << 20] {
        let dataset = dataset(inputs, step);
        let mut reader = dataset.reader();
        let error = read(&mut reader).expect_err("refused");
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<InputError>());
        match (inner, expect) {
            (Some(InputError::Damaged(kind, _)), InputError::Damaged(expected, _)) => {
                assert_eq!(kind, expected);
            }
            (inner, expect) => assert_eq!(inner, Some(expect), "{error}"),
        }
        assert_eq!(reader.input_at_fault(), Some(inputs.len() - 1));
        reader.read(&mut [0; 9]).expect_err("still refused");
    }
}

#[test]
fn one_input_comes_as_it_is() {
    check(&[b""], b"");
    check(&[b"\n \n"], b"\n \n");
    check(&[b"{}"], b"{}");
    check(&[b"\xEF\xBB\xBF{}\r\n"], b"{}\r\n");
    check(&[b"plain text"], b"plain text");
    let long = b"{\"a\":1,\"b\":[2,3]}\n".repeat(10_000);
    check(&[&long], &long);
}

#[test]
fn inputs_follow_each_other_row_by_row() {
    check(&[b"{\"n\":1}", b"{\"n\":2}\n", b"{\"n\":3}"], b"{\"n\":1}\n{\"n\":2}\n{\"n\":3}");
    check(&[b"", b"{}", b"", b"\xEF\xBB\xBF", b"\xEF\xBB\xBF{}"], b"{}\n{}");
    check(&[b"{}\r\n", b"{}\r", b"{}"], b"{}\r\n{}\r\n{}");
}

#[test]
fn packed_inputs_are_told_by_their_first_bytes() {
    check(&[ZSTD], ROW);
    check(&[&gzip(ROW), ZSTD, ROW, &zstd(b"{}")], &[ROW, ROW, ROW, b"{}"].concat());
    check(&[&[gzip(b"{\"a\""), gzip(b""), gzip(b":1}\n")].concat()], b"{\"a\":1}\n");
    let skippable = b"\x50\x2A\x4D\x18\x03\0\0\0abc";
    check(&[&[skippable, ZSTD, skippable, ZSTD, skippable].concat()], &ROW.repeat(2));
    check(&[&[&gzip(b"\xEF\xBB\xBF{}")[..]].concat(), b"{}"], b"{}\n{}");
    let long = ROW.repeat(40_000);
    check(&[&zstd(&long)], &long);
    check(&[&gzip(&long)], &long);
}

#[test]
fn cut_and_damaged_packs_are_told_apart() {
    for (kind, packed) in [
        (InputKind::Gzip, gzip(&ROW.repeat(100))),
        (InputKind::Zstd, zstd(&ROW.repeat(100))),
        (InputKind::Zstd, ZSTD.to_vec()),
    ] {
        // With less than that it is not known as packed.
        for length in 4..packed.len() {
            check_refused(&[ROW, &packed[..length]], &InputError::Truncated(kind));
        }
        let followed = [&packed[..], b"and something more"].concat();
        check_refused(&[ROW, &followed], &InputError::Damaged(kind, String::new()));
    }
    let mut flipped = ZSTD.to_vec();
    flipped[20] ^= 1;
    check_refused(&[&flipped], &InputError::Damaged(InputKind::Zstd, String::new()));
    let mut flipped = gzip(ROW);
    let checksum = flipped.len() - 6;
    flipped[checksum] ^= 1;
    check_refused(&[&flipped], &InputError::Damaged(InputKind::Gzip, String::new()));
}

#[test]
fn a_frame_that_wants_too_much_memory_is_refused() {
    // Window descriptor 0xA8: 2^31 bytes.
    let greedy = b"\x28\xB5\x2F\xFD\x00\xA8\x01\x00\x00";
    check_refused(&[greedy], &InputError::Damaged(InputKind::Zstd, String::new()));
}

#[test]
fn other_formats_are_refused_in_every_input() {
    for (bytes, kind) in [
        (&b"PK\x03\x04\x14\0"[..], InputKind::Zip),
        (b"\xFF\xFE{\0}\0", InputKind::Utf16),
        (b"[{\"request\":{}}]", InputKind::JsonArray),
        (b"\n\n[\n{}", InputKind::JsonArray),
        (b"{\n\"request\":{}}", InputKind::SpreadJson),
        (b"request,response\n1,2\n", InputKind::Csv),
        (b"BZh91AY", InputKind::Bzip2),
    ] {
        check_refused(&[bytes], &InputError::Unsupported(kind));
        check_refused(&[ROW, bytes], &InputError::Unsupported(kind));
        check_refused(&[ZSTD, ROW, &gzip(bytes)], &InputError::Unsupported(kind));
    }
    check_refused(&[&gzip(&gzip(ROW))], &InputError::Unsupported(InputKind::Gzip));
}

#[test]
fn lines_are_found_again() {
    let dataset = dataset(&[b"1\n2", b"", b"3\n", b"\n5\n6"], 1 << 20);
    let mut reader = dataset.reader();
    read(&mut reader).expect("reads");
    let places: Vec<_> = (1..=6).map(|line| reader.place_of(line)).collect();
    assert_eq!(places, [(0, 1), (0, 2), (2, 1), (3, 1), (3, 2), (3, 3)]);
    assert_eq!((reader.had_bom(), reader.input_at_fault()), (false, None));
}

#[test]
fn errors_of_the_input_itself_come_through() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::new(io::ErrorKind::ConnectionReset, "the cable is out"))
        }
    }
    for packed in [&ROW[..4], &gzip(ROW)[..12], &ZSTD[..12]] {
        let dataset = Dataset::new(vec![Input::new("x", move || Ok(packed.chain(Broken)))]);
        let error = read(&mut dataset.reader()).expect_err("broken");
        assert_eq!(error.to_string(), "the cable is out");
    }
    let missing = || Err::<&[u8], _>(io::ErrorKind::NotFound.into());
    let dataset = Dataset::new(vec![Input::new("a", || Ok(ROW)), Input::new("b", missing)]);
    let mut reader = dataset.reader();
    assert_eq!(read(&mut reader).expect_err("missing").kind(), io::ErrorKind::NotFound);
    assert_eq!(reader.input_at_fault(), Some(1));
}

proptest! {
    #[test]
    fn packing_changes_nothing(
        texts in proptest::collection::vec("(\\{\"[a-z]{0,9}\":1\\}\r?\n){0,20}(\\{\\})?", 1..4),
        packs in proptest::collection::vec(0..3_u8, 3),
        step in 1..100_usize,
    ) {
        let packed: Vec<_> = texts.iter().zip(&packs).map(|(text, pack)| match pack {
            0 => text.as_bytes().to_vec(),
            1 => gzip(text.as_bytes()),
            _ => zstd(text.as_bytes()),
        }).collect();
        let packed: Vec<_> = packed.iter().map(Vec::as_slice).collect();
        let text = read(&mut dataset(&packed, step).reader()).expect("reads");
        let rows = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let expect: Vec<_> = texts.iter().flat_map(|text| rows(text)).collect();
        prop_assert_eq!(rows(str::from_utf8(&text).expect("UTF-8")), expect);
    }
}
