//! Damaged files: what came is scored, what is wrong is counted and named, and nothing a line says stops the pass.

use std::io::{self, BufReader, Read};

use proptest::prelude::*;
use scoring::{Damage, Keys, Outcome, Pass, PassError, RowKey, Scores};

use crate::support::{HASH, call, error, file, key, letters, pass, scorers, text, with_parts};

#[test]
fn equal_doubles_are_counted_once_and_different_ones_are_a_conflict() {
    let (scores, summary) = pass(3, file(&[call(0), call(0), call(1), text(1), call(1), call(2)]));
    assert_eq!(letters(&scores), "AcA");
    assert_eq!((summary.doubles, summary.conflicts, summary.rows), (2, 1, 3));
    assert_eq!(summary.tokens.rows, 3, "tokens are those of first lines");
    assert_eq!(summary.damage(), [Damage::Conflicts(1)]);
    assert_eq!(scores.tally(0).unwrap().scored, 2, "a conflict is no answer");

    let crlf = format!("{}\r\n{}", call(0), call(0));
    assert_eq!(pass(1, crlf).1.doubles, 1, "a line end is no part of a line");
}

#[test]
fn foreign_keys_are_counted_and_the_first_five_named() {
    let other_hash = call(1).replace("1f9c03ab", "00000000");
    let stranger = call(1).replace(&key(1), "\\u001b[31mmine");
    let mut lines = vec![call(0), other_hash, stranger];
    lines.extend((2..8).map(call));
    let (scores, summary) = pass(2, file(&lines));
    assert_eq!(letters(&scores), "A-");
    assert_eq!((summary.foreign, summary.foreign_keys.len()), (8, 5));
    assert_eq!(summary.foreign_keys[0].text, "r00000001-00000000");
    assert_eq!(
        (summary.foreign_keys[1].line, summary.foreign_keys[1].text.as_str()),
        (3, "\u{1b}[31mmine")
    );
    assert_eq!(summary.damage(), [Damage::Foreign(8)]);
}

#[test]
fn a_cut_file_says_where_and_keeps_what_came() {
    let whole = file(&[text(0), call(1), call(2)]);
    let last = call(2).len();
    for length in 0..whole.len() - 1 {
        let (scores, summary) = pass(3, &whole[..length]);
        let ends = whole[..length].lines().count() as u64;
        let between = length == 0 || whole[..length].ends_with('\n');
        let is_whole = between || whole[length..].starts_with('\n');
        let damage = if is_whole { vec![] } else { vec![Damage::Cut(ends)] };
        assert_eq!(summary.damage(), damage, "{length}");
        let came = ends - u64::from(!is_whole);
        assert_eq!(scores.tally(0).unwrap().scored, came, "{length}");
        if length >= whole.len() - last {
            assert!(letters(&scores).starts_with("aA"), "{length}");
        }
    }
    let (scores, summary) = pass(3, &whole[..whole.len() - 1]);
    assert_eq!((letters(&scores).as_str(), summary.damage().len()), ("aAA", 0));
}

#[test]
fn a_damaged_line_is_its_rows_damage_where_the_key_can_still_be_read() {
    let broken = format!(r#"{{"key":"{}","response":{{"candid"#, key(0));
    let lines = [broken, "<html>".to_owned(), call(2), format!(r#"{{"key":"{}"}}"#, key(3))];
    let (scores, summary) = pass(4, file(&lines));
    assert_eq!(letters(&scores), "u-Au");
    assert_eq!((summary.rows, summary.unreadable), (3, 1));
    let problems: Vec<_> =
        summary.bad_lines.iter().map(|bad| (bad.line, bad.problem.as_str())).collect();
    assert_eq!(problems, [(1, "not JSON"), (2, "not JSON"), (4, "neither response nor error")]);
    assert_eq!(summary.bad_lines[1].text, "<html>");
    assert!(summary.damage().is_empty(), "line 4 is whole, however odd");
}

#[test]
fn keys_of_other_kinds_and_missing_ones_are_no_rows() {
    let response = r#""response":{}"#;
    let lines = [
        format!("{{{response}}}"),
        format!(r#"{{"key":7,{response}}}"#),
        format!(r#"{{"key":null,{response}}}"#),
        "[1]".to_owned(),
        "7".to_owned(),
    ];
    let (scores, summary) = pass(2, file(&lines));
    assert_eq!(letters(&scores), "--");
    assert_eq!((summary.keyless, summary.unreadable, summary.rows), (1, 4, 0));
}

#[test]
fn bytes_that_are_no_text_are_unparsable() {
    for odd in [b"\xff".as_slice(), b"\xc0\xaf", b"\xed\xa0\x80", b"\xe2\x82"] {
        let mut bytes = format!(r#"{{"key":"{}","response":{{"x":""#, key(0)).into_bytes();
        bytes.extend_from_slice(odd);
        bytes.extend_from_slice(b"\"}}\n");
        bytes.extend_from_slice(call(1).as_bytes());
        let (scores, summary) = pass(2, &bytes);
        assert_eq!(
            (letters(&scores).as_str(), summary.bad_lines[0].problem.as_str()),
            ("uA", "not UTF-8")
        );
    }
}

#[test]
fn a_line_over_the_limit_is_unparsable_and_the_next_one_is_fine() {
    let scorers = scorers();
    let mut scores = Scores::new(2, &scorers);
    let long = with_parts(0, &format!(r#"[{{"text":"{}"}}]"#, "x".repeat(5000)));
    let text = file(&[long, call(1)]);
    let pass = Pass::new(&scorers).keys(Keys::ours(0..2)).longest_line(2000);
    let summary = pass.run(text.as_bytes(), &mut scores).unwrap();
    assert_eq!((letters(&scores).as_str(), summary.unreadable), ("-A", 1));
    assert_eq!(summary.bad_lines[0].problem, "longer than a line may be");
    assert!(summary.bad_lines[0].text.len() <= 80);
}

#[test]
fn a_line_of_64_mib_is_read_and_one_byte_more_is_not() {
    const LIMIT: usize = 64 << 20;
    let [before, after] = [r#"[{"text":""#, r#""}]"#].map(str::len);
    let frame = with_parts(0, "").len() + before + after;
    let line = |row, length: usize| {
        let line = with_parts(row, r#"[{"text":"|"}]"#);
        let (start, end) = line.split_once('|').unwrap();
        let filler = io::repeat(b'x').take((length - frame) as u64);
        io::Cursor::new(start.to_owned())
            .chain(filler)
            .chain(io::Cursor::new(end.to_owned() + "\n"))
    };
    let lines = line(0, LIMIT).chain(line(1, LIMIT + 1)).chain(io::Cursor::new(call(2)));
    let scorers = scorers();
    let mut scores = Scores::new(3, &scorers);
    let summary = Pass::new(&scorers).keys(Keys::ours(0..3)).run(lines, &mut scores).unwrap();
    assert_eq!((letters(&scores).as_str(), summary.lines), ("auA", 3));
    assert_eq!(summary.bad_lines[0].problem, "longer than a line may be");
}

#[test]
fn compressed_results_are_refused_by_name() {
    for (magic, kind) in [(b"\x1f\x8b\x08\0".as_slice(), "gzip"), (b"\x28\xb5\x2f\xfd\0", "zstd")] {
        let error = Pass::new(&[]).run(magic, &mut Scores::new(0, &[])).unwrap_err();
        assert_eq!(error.to_string(), format!("results are {kind}-compressed, not JSONL"));
    }
}

#[test]
fn a_read_error_stops_with_the_line_it_came_after() {
    struct Breaks;
    impl Read for Breaks {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("disk on fire"))
        }
    }
    let text = file(&[call(0), call(1)]);
    let reader = BufReader::with_capacity(64, text.as_bytes().chain(Breaks));
    let scorers = scorers();
    let mut scores = Scores::new(3, &scorers);
    let error = Pass::new(&scorers).keys(Keys::ours(0..3)).run(reader, &mut scores).unwrap_err();
    assert_eq!(error.to_string(), "failed to read results after line 2");
    assert!(matches!(error, PassError::Read { line: 2, .. }));
    assert_eq!(letters(&scores), "AA-", "what came before stays");
}

#[test]
fn a_hundred_thousand_levels_do_not_hurt() {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let lines = [with_parts(0, &deep), with_parts(1, &format!(r#"[{{"functionCall":{deep}}}]"#))];
    assert_eq!(letters(&pass(2, file(&lines)).0), "aA");
}

proptest! {
    /// Whatever happens to the bytes of a file, the pass comes to its end and both ledgers add up.
    #[test]
    fn damage_never_stops_the_pass_or_breaks_the_ledger(
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = file(&[call(0), text(1), error(2), call(3), call(3), text(4)]).into_bytes();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        let check = |key: RowKey| key.hash == HASH;
        let scorers = scorers();
        let mut scores = Scores::new(5, &scorers);
        match Pass::new(&scorers).keys(Keys::checked(0..5, &check)).run(bytes.as_slice(), &mut scores) {
            Ok(summary) => {
                prop_assert!(summary.adds_up(), "{:?}", summary);
                let outcomes = scores.outcomes();
                prop_assert_eq!(outcomes.total(), 5);
                let tally = scores.tally(0).unwrap();
                prop_assert_eq!(tally.scored + tally.unscorable, outcomes.seen_by_scorers());
                prop_assert_eq!(outcomes.returned(), summary.rows);
                prop_assert!(outcomes.get(Outcome::Conflict) <= summary.conflicts);
            }
            Err(PassError::Compressed { .. }) => {}
            Err(error) => prop_assert!(false, "{}", error),
        }
    }
}
