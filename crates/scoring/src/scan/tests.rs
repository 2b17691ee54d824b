//! The scanner takes what `serde_json` takes, and nothing else.

use proptest::prelude::*;
use serde_json::value::RawValue;

use super::*;

/// Whether a text is JSON, by stepping into whatever there is at the top.
fn accepts(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let by_value = || {
        let mut scan = Scan::new(text);
        scan.value()?;
        scan.ends()
    };
    let by_object = || {
        let mut scan = Scan::new(text);
        scan.object(|scan, _| scan.array(|scan| scan.value().map(drop)).map(drop))?;
        scan.ends()
    };
    let accepted = by_value().is_some();
    assert_eq!(by_object().is_some(), accepted, "{}", text.escape_debug());
    accepted
}

fn serde_accepts(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| serde_json::from_str::<&RawValue>(text).is_ok())
}

const SEEDS: &[&str] = &[
    r#"{"a":[1,-0.5e+3,true,null,"x\u00e9\"é東"],"b":{"c":{}},"d":[[],{}],"":"long enough to be words"}"#,
    r#"[ 0 , 1E400 , "\ud83d" , { "k" : false } ]"#,
    "\"\\ud83d\\ude00 \\b\\f\\n\\r\\t\\/\\\\ é 🎉\"",
    "-0",
];

#[test]
fn strings_and_numbers_of_every_length_end_where_serde_json_has_it() {
    for length in 0..200 {
        let filler = "x".repeat(length);
        for odd in
            ["", "\\n", "\\", "\\u00e9", "\\u00g9", "\"", "\n", "\u{1f}", " ", "!", "é", "\u{7f}"]
        {
            for rest in ["", "xyz", &"x".repeat(70)] {
                let text = format!("[\"{filler}{odd}{rest}\"]");
                assert_eq!(accepts(text.as_bytes()), serde_accepts(text.as_bytes()), "{text}");
            }
        }
        let digits = "7".repeat(length);
        for number in [
            digits.clone(),
            format!("0{digits}"),
            format!("-{digits}.{digits}"),
            format!("1.{digits}"),
            format!("{digits}.5e-{digits}"),
            format!("{digits}E{digits}"),
            format!("{digits}.{digits}.1"),
        ] {
            for text in [number.clone(), format!("[{number},{{\"a\":{number}}}]")] {
                assert_eq!(accepts(text.as_bytes()), serde_accepts(text.as_bytes()), "{text}");
            }
        }
    }
}

#[test]
fn names_of_every_length_end_where_serde_json_has_it() {
    for length in 0..70 {
        let name = "n".repeat(length);
        for odd in ["", "\\n", "\\", "\u{1f}", "\"", "é"] {
            for colon in [":", ": ", " :", ":  ", ":\t", " ", ":,", ": }"] {
                for rest in ["1}", "\"\"}", "1,\"a\":2}", &format!("[{}]}}", "1,".repeat(40) + "1")]
                {
                    let text = format!("{{\"{name}{odd}\"{colon}{rest}");
                    assert_eq!(accepts(text.as_bytes()), serde_accepts(text.as_bytes()), "{text}");
                    let mut found = None;
                    let walked = Scan::new(&text).object(|scan, name| {
                        found.get_or_insert(String::from_utf8_lossy(name).into_owned());
                        scan.skip()
                    });
                    let decoded = serde_json::from_str::<String>(&format!("\"{name}{odd}\""));
                    assert!(walked.is_none() || found == decoded.ok(), "{text}");
                }
            }
        }
    }
}

#[test]
fn small_numbers_are_what_serde_json_has_for_whole_numbers() {
    let digits = [
        "0", "7", "10", "942", "1234", "56789", "901234", "8765432", "12345678", "00", "012", "",
        "-1",
    ];
    for number in digits {
        for rest in [",", "}", "]", "", " ,", ".5,", "e3,", "x,", "\"", ":", "/,", "é,", "\u{b0},"]
        {
            for more in ["", "1,2]", "99999999999999999999"] {
                let text = format!("{number}{rest}{more}");
                let end = text.bytes().position(|byte| !byte.is_ascii_digit());
                let (written, after) = text.split_at(end.unwrap_or(text.len()));
                let whole: Option<u64> = serde_json::from_str(written).ok();
                let ends = after.starts_with([',', '}', ']']);
                let mut scan = Scan::of_line(&text, 0..text.len(), "");
                let found = scan.small_number();
                let is_seen = ends && written.len() < 8 && text.len() >= 8;
                assert_eq!(found, whole.filter(|_| is_seen), "{text}");
                assert_eq!(scan.at, if found.is_some() { written.len() } else { 0 }, "{text}");
            }
        }
    }
}

/// Whether the line at a place is JSON.
fn accepts_line(text: &str, place: Range<usize>) -> bool {
    let mut scan = Scan::of_line(text, place, "");
    scan.object(|scan, _| scan.skip()).and_then(|()| scan.ends()).is_some()
}

#[test]
fn a_line_ends_where_it_ends_whatever_follows() {
    let good = r#"{"a":[1,{"é":"é"}],"b":12}"#;
    let rest_of_rows = ["", "\n", "\n}", "\n]}\n", "\n,\"c\":2}", "\n\"}", "\n0", "\n\n:1}"];
    for cut in (0..=good.len()).filter(|cut| good.is_char_boundary(*cut)) {
        let line = &good[..cut];
        for rest in rest_of_rows.into_iter().chain([&good[cut..]].map(|rest| rest)) {
            for more in ["", "é", &"é".repeat(60), &format!("{:63}é", "")] {
                let before = "\u{feff}{}\n";
                let text = format!("{before}{line}{rest}{more}");
                let place = before.len()..before.len() + line.len();
                let expect = serde_accepts(line.as_bytes());
                assert_eq!(accepts_line(&text, place), expect, "{text:?}");
            }
        }
    }
}

#[test]
fn a_line_does_not_walk_over_those_that_follow() {
    let lines = "[\n".repeat(500_000);
    let mut scan = Scan::of_line(&lines, 0..1, "");
    assert!(scan.skip().is_none() && scan.text.len() <= 1 + BEYOND);
}

#[test]
fn what_is_not_json_is_refused() {
    for bad in [
        "",
        " ",
        "{",
        "}",
        "[1,]",
        "{\"a\":1,}",
        "{\"a\"1}",
        "{a:1}",
        "[1 2]",
        "{\"a\":}",
        "01",
        "-",
        "1.",
        ".5",
        "1e",
        "+1",
        "tru",
        "nul",
        "NaN",
        "\"\\q\"",
        "\"\\u12g4\"",
        "\"a\nb\"",
        "\"abc",
        "[1]]",
        "1 2",
        "[{]}",
        "[,1]",
        "{,}",
        "\u{a0}1",
        "[1}",
        "{\"a\":[1}]",
    ] {
        assert!(!accepts(bad.as_bytes()), "{bad:?}");
        assert!(!serde_accepts(bad.as_bytes()), "{bad:?}");
    }
    for bad in [b"\"\xff\"".as_slice(), b"\"\xc0\xaf\"", b"\"\xed\xa0\x80\"", b"\xff"] {
        assert!(!accepts(bad));
    }
}

#[test]
fn every_depth_around_the_words_of_the_stack_is_walked() {
    for depth in [1, 63, 64, 65, 127, 128, 129, 1000, 1_000_000] {
        let mixed = |n: usize| if n.is_multiple_of(3) { ("{\"a\":", "}") } else { ("[", "]") };
        let opening: String = (0..depth).map(|n| mixed(n).0).collect();
        let closing: String = (0..depth).rev().map(|n| mixed(n).1).collect();
        assert!(accepts(format!("{opening}1{closing}").as_bytes()), "{depth}");
        let wrong = closing.replacen(if closing.starts_with(']') { ']' } else { '}' }, ")", 1);
        assert!(!accepts(format!("{opening}1{wrong}").as_bytes()), "{depth}");
    }
}

proptest! {
    /// Bytes changed, doubled and cut anywhere: what serde_json takes is taken, and nothing else.
    #[test]
    fn mutated_texts_are_taken_as_serde_json_takes_them(
        seed in 0..SEEDS.len(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), 0..4_u8, any::<u8>()), 0..4),
        pick in proptest::collection::vec(prop::sample::select(b"\"\\{}[],:0 \tue\x00\x1f\x7f\x80\xc3\xa9-+.".to_vec()), 4),
    ) {
        let mut text = SEEDS[seed].as_bytes().to_vec();
        for (n, (at, how, byte)) in changes.into_iter().enumerate() {
            let byte = if byte < 200 { pick[n] } else { byte };
            let at = at.index(text.len().max(1));
            match how {
                0 if at < text.len() => text[at] = byte,
                1 if at < text.len() => drop(text.remove(at)),
                2 => text.truncate(at),
                _ => text.insert(at.min(text.len()), byte),
            }
        }
        // Space around a value is the caller's; serde_json takes the same.
        prop_assert_eq!(accepts(&text), serde_accepts(&text), "{}", text.escape_ascii());
    }
}
