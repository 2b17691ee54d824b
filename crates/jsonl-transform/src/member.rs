//! Looks into one JSON text: is it valid, which members has it, where do they stand.

use std::{fmt, ops::Range};

use crate::{
    scan::{Scanner, SyntaxError},
    text,
};

/// One member of an object, as byte ranges into the text that was scanned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The name with its quotes, as it is spelled there.
    pub name: Range<usize>,
    /// The value without the white space around it.
    pub value: Range<usize>,
}

impl Member {
    /// Whether the member is called `name`, escapes read: `"mod\u0065l"` is called `model`.
    ///
    /// `json` is the text that the member was found in.
    pub fn is(&self, json: &[u8], name: &str) -> bool {
        json.get(self.name.clone()).is_some_and(|token| text::spells(token, name))
    }
}

/// Checks that `json` is one JSON value in UTF-8 with white space around it at most.
///
/// RFC 8259 to the letter: numbers of any size pass, and so do `\u` escapes of lone surrogates.
///
/// # Errors
/// The first byte that is wrong, and why; also nesting beyond [`MAX_DEPTH`](crate::MAX_DEPTH).
///
/// ```
/// assert!(jsonl_transform::validate(b"[1e400, \"\\ud800\"]").is_ok());
/// assert_eq!(jsonl_transform::validate(b"[1, 2,]").unwrap_err().offset(), 6);
/// ```
pub fn validate(json: &[u8]) -> Result<(), SyntaxError> {
    let mut scanner = Scanner::new(json)?;
    scanner.value()?;
    scanner.end()
}

/// The members of the object `json`, in order, doubled names included; the whole text is checked.
///
/// # Errors
/// As [`validate`], and when the value is not an object.
pub fn members(json: &[u8]) -> Result<Vec<Member>, SyntaxError> {
    let mut members = Vec::new();
    each_member(json, |member| members.push(member))?;
    Ok(members)
}

/// The value of the member `name` of the object `json`, as a range; the last one if it is doubled.
///
/// # Errors
/// As [`members`].
///
/// ```
/// let row = br#"{"request": {"model": "m"}, "n": 12345678901234567890123}"#;
/// let value = jsonl_transform::member(row, "n")?.unwrap();
/// assert_eq!(&row[value], b"12345678901234567890123");
/// # Ok::<_, jsonl_transform::SyntaxError>(())
/// ```
pub fn member(json: &[u8], name: &str) -> Result<Option<Range<usize>>, SyntaxError> {
    let mut found = None;
    each_member(json, |member| {
        if member.is(json, name) {
            found = Some(member.value);
        }
    })?;
    Ok(found)
}

fn each_member(json: &[u8], mut take: impl FnMut(Member)) -> Result<(), SyntaxError> {
    let mut scanner = Scanner::new(json)?;
    scanner.whitespace();
    let mut cursor = scanner.enter_object()?;
    while let Some(name) = cursor.next(&mut scanner)? {
        let value = scanner.value()?;
        take(Member { name: name.span, value });
    }
    scanner.end()
}

/// What kind of value a JSON text is, told by its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are JSON's own")]
pub enum JsonKind {
    Object,
    Array,
    String,
    Number,
    Boolean,
    Null,
}

impl JsonKind {
    /// The kind of the value that starts with `first`, which must begin a valid value.
    pub(crate) fn of(first: u8) -> Self {
        match first {
            b'{' => Self::Object,
            b'[' => Self::Array,
            b'"' => Self::String,
            b't' | b'f' => Self::Boolean,
            b'n' => Self::Null,
            _ => Self::Number,
        }
    }
}

impl fmt::Display for JsonKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Object => "an object",
            Self::Array => "an array",
            Self::String => "a string",
            Self::Number => "a number",
            Self::Boolean => "a boolean",
            Self::Null => "null",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{member, members, validate};
    use crate::{MAX_DEPTH, SyntaxKind};

    #[track_caller]
    fn check(json: &str, expect: &str) {
        let told = match validate(json.as_bytes()) {
            Ok(()) => "ok".to_owned(),
            Err(error) => error.to_string(),
        };
        assert_eq!(told, expect, "{json}");
    }

    #[test]
    fn the_grammar_is_strict_and_errors_point_at_the_byte() {
        check(" {\"a\" : [1, -0, 1e400, 0.5E+2, true, null]}\t", "ok");
        check(r#""\ud800 \uD83D\uDE00 \u2028""#, "ok");
        check("", "unexpected end of the text at byte 0");
        check("{\"a\":1", "unexpected end of the text at byte 6");
        check("\"abc", "unexpected end of the text at byte 4");
        check("{\"a\":1,}", "trailing comma at byte 7");
        check("[1,]", "trailing comma at byte 3");
        check("[,]", "expected a value, found ',' at byte 1");
        check("{} {}", "trailing characters at byte 3");
        check("NaN", "expected a value, found 'N' at byte 0");
        check("nul", "unexpected end of the text at byte 3");
        check("nulL", "expected true, false or null, found 'L' at byte 3");
        check("{'a':1}", "expected a name in double quotes, found ''' at byte 1");
        check("{\"a\" 1}", "expected ':', found '1' at byte 5");
        check("{\"a\":1]", "expected ',' or '}', found ']' at byte 6");
        check("[1}", "expected ',' or ']', found '}' at byte 2");
        check("[1 // x\n]", "expected ',' or ']', found '/' at byte 3");
        check("012", "trailing characters at byte 1");
        check("+1", "expected a value, found '+' at byte 0");
        check("[1.]", "expected a digit, found ']' at byte 3");
        check("-", "unexpected end of the text at byte 1");
        check("\"a\tb\"", "raw control character 0x09 in a string at byte 2");
        check("[\0]", "expected a value, found byte 0x00 at byte 1");
        check(r#""\x""#, "invalid escape in a string at byte 1");
        check(r#""ab\u12G4""#, "invalid escape in a string at byte 3");
        check(r#""\ud800\u12"#, "unexpected end of the text at byte 11");
    }

    #[test]
    fn bytes_that_are_not_utf8_are_refused_where_they_stand() {
        for bad in [&b"\"\xFF\""[..], b"\"\xC0\x80\"", b"\"\xED\xA0\x80\"", b"\"\xE2\x82"] {
            let error = validate(bad).expect_err("not UTF-8");
            assert_eq!((error.kind(), error.offset()), (SyntaxKind::NotUtf8, 1));
        }
    }

    #[test]
    fn depth_is_limited_without_recursion() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        let limit = MAX_DEPTH as usize;
        check(&nested(limit), "ok");
        check(&nested(limit + 1), "too deep (limit 128) at byte 128");
        check(&"{\"a\":".repeat(1_000_000), "too deep (limit 128) at byte 640");
        // Kinds of containers are told apart at every level.
        let mixed = "[{\"a\":".repeat(limit / 2) + "1" + &"}]".repeat(limit / 2);
        check(&mixed, "ok");
        check(&mixed.replace("1}", "1]"), "expected ',' or '}', found ']' at byte 385");
    }

    #[test]
    fn members_come_in_order_with_their_spans() {
        let json = br#" { "a" : [1] ,"\u0061":"x","b":{} } "#;
        let found: Vec<_> = members(json)
            .expect("valid")
            .into_iter()
            .map(|member| {
                let text = |range: std::ops::Range<usize>| String::from_utf8_lossy(&json[range]);
                format!("{}={}", text(member.name), text(member.value))
            })
            .collect();
        assert_eq!(found, [r#""a"=[1]"#, r#""\u0061"="x""#, r#""b"={}"#]);
        let last = member(json, "a").expect("valid").expect("there");
        assert_eq!(&json[last], b"\"x\"");
        assert_eq!(member(json, "c").expect("valid"), None);
        assert!(members(b"[1]").is_err());
        assert!(members(b"{\"a\":1} x").is_err());
        assert!(member(b"{\"a\":1 \"b\":2}", "a").is_err());
        assert_eq!(members(b"{}").expect("valid"), []);
    }
}
