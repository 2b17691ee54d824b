//! JSON as Python's `marshal` has it: Python reads that in less than half the time that JSON takes it.

use std::borrow::Cow;

/// Whoever writes a value notes that it will be referred to.
const NOTED: u8 = 0x80;
/// As many keys are remembered at a time, each in a place that its letters give.
const PLACES: usize = 256;

/// A list of values that grows.
///
/// A key that came before is referred to instead of being written again, so that Python makes and hashes each once.
pub(crate) struct List {
    out: Vec<u8>,
    count: u32,
    keys: Vec<Key>,
    noted: u32,
}

/// Where a key was written, and its number among those that are noted.
#[derive(Clone, Copy, Default)]
struct Key {
    from: usize,
    upto: usize,
    number: u32,
}

/// A value that is left to Python to read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Odd;

impl List {
    /// An empty one, which is to have about so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        let mut out = Vec::with_capacity(bytes);
        out.extend_from_slice(b"[\0\0\0\0");
        Self { out, count: 0, keys: vec![Key::default(); PLACES], noted: 0 }
    }

    /// Adds what `json` says, as Python's own `json.loads` would read it.
    ///
    /// # Errors
    /// [`Odd`] where that is not certain to be the same: integers beyond 64 bits, halves of surrogate pairs, and what
    /// is no JSON. Nothing is added then.
    pub(crate) fn add(&mut self, json: &str) -> Result<(), Odd> {
        let (before, noted) = (self.out.len(), self.noted);
        let mut reader = Reader { json: json.as_bytes(), at: 0 };
        if self.value(&mut reader).is_none() || reader.peek().is_some() {
            self.out.truncate(before);
            self.noted = noted;
            self.keys.fill(Key::default());
            return Err(Odd);
        }
        self.count += 1;
        Ok(())
    }

    /// Adds a text.
    pub(crate) fn add_text(&mut self, text: &str) {
        self.text(text.as_bytes(), 0);
        self.count += 1;
    }

    /// How many bytes it has.
    pub(crate) fn len(&self) -> usize {
        self.out.len()
    }

    /// The whole list.
    pub(crate) fn end(mut self) -> Vec<u8> {
        if let Some(count) = self.out.get_mut(1..5) {
            count.copy_from_slice(&self.count.to_le_bytes());
        }
        self.out
    }

    fn value(&mut self, json: &mut Reader<'_>) -> Option<()> {
        match json.peek()? {
            b'{' => self.object(json)?,
            b'[' => self.array(json)?,
            b'"' => {
                let text = json.string()?;
                self.text(&text, 0);
            }
            b't' => self.word(json, b"true", b'T')?,
            b'f' => self.word(json, b"false", b'F')?,
            b'n' => self.word(json, b"null", b'N')?,
            _ => self.number(json)?,
        }
        Some(())
    }

    fn word(&mut self, json: &mut Reader<'_>, word: &[u8], code: u8) -> Option<()> {
        json.rest()?.starts_with(word).then_some(())?;
        json.at += word.len();
        self.out.push(code);
        Some(())
    }

    fn object(&mut self, json: &mut Reader<'_>) -> Option<()> {
        json.at += 1;
        self.out.push(b'{');
        let mut goes_on = json.peek()? != b'}';
        json.at += usize::from(!goes_on);
        while goes_on {
            json.peek();
            let key = json.string()?;
            self.key(&key);
            json.peek();
            json.take(b':')?;
            self.value(json)?;
            goes_on = json.goes_on(b'}')?;
        }
        self.out.push(b'0');
        Some(())
    }

    fn array(&mut self, json: &mut Reader<'_>) -> Option<()> {
        json.at += 1;
        self.out.push(b'[');
        let (at, mut count) = (self.out.len(), 0_u32);
        self.out.extend_from_slice(&count.to_le_bytes());
        let mut goes_on = json.peek()? != b']';
        json.at += usize::from(!goes_on);
        while goes_on {
            self.value(json)?;
            count += 1;
            goes_on = json.goes_on(b']')?;
        }
        self.out.get_mut(at..at + 4)?.copy_from_slice(&count.to_le_bytes());
        Some(())
    }

    fn key(&mut self, key: &[u8]) {
        let letter = |at: usize| usize::from(key.get(at).copied().unwrap_or_default());
        let sum = key.len()
            + 7 * letter(0)
            + 31 * letter(key.len() / 2)
            + 61 * letter(key.len().wrapping_sub(2));
        let at = sum % PLACES;
        let place = self.keys.get(at).copied().unwrap_or_default();
        if place.upto > 0 && self.out.get(place.from..place.upto) == Some(key) {
            self.out.push(b'r');
            self.out.extend_from_slice(&place.number.to_le_bytes());
            return;
        }
        self.text(key, NOTED);
        let upto = self.out.len();
        if let Some(place) = self.keys.get_mut(at) {
            *place = Key { from: upto - key.len(), upto, number: self.noted };
        }
        self.noted += 1;
    }

    fn text(&mut self, bytes: &[u8], flag: u8) {
        match (u8::try_from(bytes.len()), bytes.is_ascii()) {
            (Ok(length), true) => self.out.extend_from_slice(&[b'z' | flag, length]),
            (_, is_ascii) => {
                self.out.push(if is_ascii { b'a' } else { b'u' } | flag);
                // No message is as long as four gibibytes.
                let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                self.out.extend_from_slice(&length.to_le_bytes());
            }
        }
        self.out.extend_from_slice(bytes);
    }

    fn number(&mut self, json: &mut Reader<'_>) -> Option<()> {
        let (text, is_float) = json.number()?;
        if is_float {
            self.out.push(b'g');
            self.out.extend_from_slice(&text.parse::<f64>().ok()?.to_le_bytes());
            return Some(());
        }
        let integer: i64 = text.parse().ok()?;
        if let Ok(small) = i32::try_from(integer) {
            self.out.push(b'i');
            self.out.extend_from_slice(&small.to_le_bytes());
            return Some(());
        }
        // Digits of 15 bits, the smallest first; how many says the sign too.
        let mut rest = integer.unsigned_abs();
        let digits = (64 - rest.leading_zeros()).div_ceil(15);
        let signed = i32::try_from(digits).ok()?;
        self.out.push(b'l');
        self.out.extend_from_slice(&(if integer < 0 { -signed } else { signed }).to_le_bytes());
        for _ in 0..digits {
            self.out.extend_from_slice(&u16::try_from(rest & 0x7fff).ok()?.to_le_bytes());
            rest >>= 15;
        }
        Some(())
    }
}

/// Goes through JSON that was checked before; what it does not expect it leaves to others.
struct Reader<'j> {
    json: &'j [u8],
    at: usize,
}

impl<'j> Reader<'j> {
    fn rest(&self) -> Option<&'j [u8]> {
        self.json.get(self.at..)
    }

    /// The next byte that is no space.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.json.get(self.at)? {
                b' ' | b'\n' | b'\r' | b'\t' => self.at += 1,
                byte => return Some(*byte),
            }
        }
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.json.get(self.at).copied();
        self.at += 1;
        byte
    }

    fn take(&mut self, wanted: u8) -> Option<()> {
        (self.next()? == wanted).then_some(())
    }

    /// Behind a value: whether a comma and another one follow, or the closing bracket.
    fn goes_on(&mut self, close: u8) -> Option<bool> {
        self.peek();
        let found = self.next()?;
        (found == b',' || found == close).then_some(found == b',')
    }

    /// A number, and whether it has a part behind a dot or an exponent.
    fn number(&mut self) -> Option<(&'j str, bool)> {
        let (rest, mut length, mut is_float) = (self.rest()?, 0, false);
        while let Some(byte @ (b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')) = rest.get(length) {
            is_float |= matches!(byte, b'.' | b'e' | b'E');
            length += 1;
        }
        self.at += length;
        Some((std::str::from_utf8(rest.get(..length)?).ok()?, is_float))
    }

    fn string(&mut self) -> Option<Cow<'j, [u8]>> {
        self.take(b'"')?;
        let mut own: Option<Vec<u8>> = None;
        loop {
            let rest = self.rest()?;
            let found = memchr::memchr2(b'"', b'\\', rest)?;
            let (piece, is_end) = (rest.get(..found)?, rest.get(found) == Some(&b'"'));
            self.at += found + 1;
            match (&mut own, is_end) {
                (None, true) => return Some(Cow::Borrowed(piece)),
                (Some(own), _) => own.extend_from_slice(piece),
                (None, false) => own = Some(piece.to_vec()),
            }
            if is_end {
                return own.map(Cow::Owned);
            }
            let escaped = self.escaped()?;
            own.get_or_insert_default()
                .extend_from_slice(escaped.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    /// What stands behind a backslash.
    fn escaped(&mut self) -> Option<char> {
        Some(match self.next()? {
            byte @ (b'"' | b'\\' | b'/') => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.unit()?;
                if !(0xd800..0xdc00).contains(&first) {
                    return char::from_u32(first);
                }
                self.take(b'\\')?;
                self.take(b'u')?;
                let second = self.unit()?;
                let is_low = (0xdc00..0xe000).contains(&second);
                let code = is_low.then(|| 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00));
                char::from_u32(code?)?
            }
            _ => return None,
        })
    }

    /// Four digits.
    fn unit(&mut self) -> Option<u32> {
        let digits = self.json.get(self.at..self.at + 4)?;
        self.at += 4;
        digits.iter().try_fold(0, |unit, digit| Some(16 * unit + char::from(*digit).to_digit(16)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(json: &str) -> Result<Vec<u8>, Odd> {
        let mut list = List::new(0);
        list.add(json)?;
        Ok(list.end().split_off(5))
    }

    #[test]
    fn values_are_written_as_python_writes_them() {
        for (json, bytes) in [
            ("null", b"N".as_slice()),
            (" true ", b"T"),
            ("-7", b"i\xf9\xff\xff\xff"),
            ("-0", b"i\0\0\0\0"),
            ("2147483648", b"l\x03\0\0\0\0\0\0\0\x02\0"),
            ("-9223372036854775808", b"l\xfb\xff\xff\xff\0\0\0\0\0\0\0\0\x08\0"),
            ("0.5", b"g\0\0\0\0\0\0\xe0\x3f"),
            (r#""a\"\u00e4""#, b"u\x04\0\0\0a\"\xc3\xa4"),
            (r#"[ "x" , [ ] ]"#, b"[\x02\0\0\0z\x01x[\0\0\0\0"),
            (r#"{"a":{"a":{}}}"#, b"{\xfa\x01a{r\0\0\0\0{000"),
            (r#"{"":{"":1}}"#, b"{\xfa\0{r\0\0\0\0i\x01\0\0\x0000"),
        ] {
            assert_eq!(written(json).as_deref(), Ok(bytes), "{json}");
        }
        let long = written(&format!("\"{}\"", "x".repeat(256))).unwrap();
        assert!(long.starts_with(b"a\0\x01\0\0x") && long.len() == 261);
    }

    #[test]
    fn what_is_odd_is_left_out() {
        let mut list = List::new(0);
        list.add(r#"{"a":1}"#).unwrap();
        for odd in [
            "9223372036854775808",
            r#"{"a":1,"b":"\ud800"}"#,
            r#""\ud800\u0041""#,
            r#""\udc00""#,
            "",
            "[1",
            "[1 2]",
            "[1,]",
            r#"{"a" 1}"#,
            "{1:2}",
            r#""\u+123""#,
            r#""\x""#,
            "tru",
            "1 2",
            "NaN",
            "--1",
            "\"a",
        ] {
            assert_eq!(list.add(odd), Err(Odd), "{odd}");
        }
        // What was noted within it is forgotten.
        list.add(r#"{"b":1,"a":2}"#).unwrap();
        let all = list.end();
        assert!(all.starts_with(b"[\x02\0\0\0{\xfa\x01a"));
        assert!(all.ends_with(b"{\xfa\x01bi\x01\0\0\0\xfa\x01ai\x02\0\0\x000"));
    }

    #[test]
    fn keys_that_share_a_place_are_told_apart() {
        let mut list = List::new(0);
        for number in 0..2 * PLACES {
            list.add(&format!("{{\"key {number}\":{{\"key {number}\":0}}}}")).unwrap();
        }
        // Each is new where it stands first, and referred to right after.
        let all = list.end();
        let last = format!("{{\u{0}\u{7}key {}{{r", 2 * PLACES - 1).into_bytes();
        let last: Vec<u8> = last.iter().map(|byte| if *byte == 0 { 0xfa } else { *byte }).collect();
        assert!(memchr::memmem::find(&all, &last).is_some());
        let number = u32::try_from(2 * PLACES - 1).unwrap();
        assert!(all.ends_with(&[&number.to_le_bytes()[..], b"i\0\0\0\x0000"].concat()));
    }
}
