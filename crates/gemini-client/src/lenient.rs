//! Reading of single JSON fields that tolerates what proto3 JSON and proxies do to them.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

/// A field as it came, or nothing when it was absent or null.
pub(crate) type Field<'a> = Option<&'a RawValue>;

/// A string; anything else counts as absent.
pub(crate) fn text(field: Field<'_>) -> Option<String> {
    serde_json::from_str(field?.get()).ok()
}

/// A whole number, as a number or (as proto3 JSON has it for 64 bits) as a string.
pub(crate) fn integer(field: Field<'_>) -> Option<i64> {
    let raw = field?.get();
    if raw.starts_with('"') {
        serde_json::from_str::<String>(raw).ok()?.trim().parse().ok()
    } else {
        serde_json::from_str(raw).ok()
    }
}

/// A whole number that counts something; negative ones count as absent.
pub(crate) fn count(field: Field<'_>) -> Option<u64> {
    integer(field).and_then(|n| u64::try_from(n).ok())
}

/// `true` or `false`; anything else counts as false.
pub(crate) fn flag(field: Field<'_>) -> bool {
    field.is_some_and(|raw| raw.get() == "true")
}

/// A moment in RFC 3339.
pub(crate) fn time(field: Field<'_>) -> Option<SystemTime> {
    let stamp: Timestamp = text(field)?.parse().ok()?;
    Some(SystemTime::from(stamp))
}

/// A nested object; what does not fit counts as absent. (Serde alone would fill it from a list.)
pub(crate) fn record<'a, T: Deserialize<'a>>(field: Field<'a>) -> Option<T> {
    nested(field.filter(|raw| raw.get().starts_with('{')))
}

/// A nested list; what does not fit counts as absent.
pub(crate) fn nested<'a, T: Deserialize<'a>>(field: Field<'a>) -> Option<T> {
    serde_json::from_str(field?.get()).ok()
}

/// A span as proto3 JSON has it: `"3s"`, `"0.5s"`. Negative ones count as absent.
pub(crate) fn seconds(text: &str) -> Option<Duration> {
    let number: f64 = text.strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(number).ok()
}

/// `Retry-After`: whole seconds, or a date that is read against the answer's own date.
pub(crate) fn retry_after(header: &str, answered: Option<SystemTime>) -> Option<Duration> {
    let header = header.trim();
    if header.bytes().all(|b| b.is_ascii_digit()) {
        return header.parse().ok().map(Duration::from_secs);
    }
    let until = http_date(header)?;
    Some(until.duration_since(answered?).unwrap_or_default())
}

/// A moment as HTTP headers have it: `Sun, 22 Nov 2026 15:52:15 GMT`.
pub(crate) fn http_date(header: &str) -> Option<SystemTime> {
    let zoned = jiff::fmt::rfc2822::parse(header.trim()).ok()?;
    Some(SystemTime::from(zoned.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::{count, http_date, integer, retry_after, seconds, time};
    use serde_json::value::RawValue;
    use std::time::Duration;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    #[test]
    fn numbers_come_as_numbers_or_strings() {
        for (json, expected) in [
            ("15", Some(15)),
            ("\"15\"", Some(15)),
            ("\" 15 \"", Some(15)),
            ("-3", Some(-3)),
            ("1.5", None),
            ("\"many\"", None),
            ("[]", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(integer(Some(&raw(json))), expected, "{json}");
        }
        assert_eq!(count(Some(&raw("-3"))), None);
        assert_eq!(count(None), None);
    }

    #[test]
    fn times_are_read_with_all_their_digits() {
        let read = time(Some(&raw("\"2026-11-22T15:52:15.602768123Z\""))).unwrap();
        let whole = http_date("Sun, 22 Nov 2026 15:52:15 GMT").unwrap();
        assert_eq!(read.duration_since(whole).unwrap().as_nanos(), 602_768_123);
        assert!(time(Some(&raw("\"yesterday\""))).is_none() && time(Some(&raw("7"))).is_none());
    }

    #[test]
    fn waits_are_read_or_left() {
        let now = http_date("Sun, 22 Nov 2026 15:52:15 GMT");
        for (header, expected) in [
            ("3", Some(3)),
            ("1000000000", Some(1_000_000_000)),
            ("Sun, 22 Nov 2026 15:53:15 GMT", Some(60)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("-1", None),
            ("soon", None),
        ] {
            let expected = expected.map(Duration::from_secs);
            assert_eq!(retry_after(header, now), expected, "{header}");
        }
        assert_eq!(retry_after("Sun, 22 Nov 2026 15:53:15 GMT", None), None);
        for (text, expected) in [
            ("3s", Some(3_000)),
            ("0.5s", Some(500)),
            ("36.123s", Some(36_123)),
            ("abc", None),
            ("-1s", None),
            ("1e300s", None),
            ("NaNs", None),
        ] {
            let expected = expected.map(Duration::from_millis);
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
