//! Takes members out of an object's bytes, each with exactly the comma that goes with it.

use std::ops::Range;

/// Collects the byte ranges to leave out while the members of one object pass in order.
///
/// A dropped member takes the comma and the space after it along; at the end of the object there is
/// none, so it takes the comma before it. Every other byte stays.
#[derive(Debug, Default)]
pub(crate) struct Cutter {
    cuts: Vec<Range<usize>>,
    kept_end: Option<usize>,
    dropped: Option<Range<usize>>,
}

impl Cutter {
    pub(crate) fn member(&mut self, keep: bool, name: &Range<usize>, value: &Range<usize>) {
        if keep {
            if let Some(dropped) = self.dropped.take() {
                self.cuts.push(dropped.start..name.start);
            }
            self.kept_end = Some(value.end);
        } else {
            let start = self.dropped.as_ref().map_or(name.start, |dropped| dropped.start);
            self.dropped = Some(start..value.end);
        }
    }

    /// How many ranges there are so far.
    pub(crate) fn len(&self) -> usize {
        self.cuts.len()
    }

    /// Forgets all members, for the next object.
    pub(crate) fn clear(&mut self) {
        self.cuts.clear();
        self.kept_end = None;
        self.dropped = None;
    }

    /// Closes the last range; called once after the last member.
    pub(crate) fn finish(&mut self) {
        if let Some(dropped) = self.dropped.take() {
            let start = self.kept_end.unwrap_or(dropped.start);
            self.cuts.push(start..dropped.end);
        }
    }

    /// The ranges, in order and apart from each other.
    pub(crate) fn cuts(&self) -> &[Range<usize>] {
        &self.cuts
    }
}

/// Appends `bytes[span]` without the cuts that lie in it; a cut lies in a span whole or not at all.
pub(crate) fn copy_without(
    bytes: &[u8],
    span: Range<usize>,
    cuts: &[Range<usize>],
    out: &mut Vec<u8>,
) {
    each_without(span, cuts, |kept| out.extend_from_slice(&bytes[kept]));
}

/// Calls `take` with each part of `span` between the cuts that lie in it.
pub(crate) fn each_without(
    span: Range<usize>,
    cuts: &[Range<usize>],
    mut take: impl FnMut(Range<usize>),
) {
    let mut from = span.start;
    for cut in cuts {
        if span.start <= cut.start && cut.end <= span.end {
            take(from..cut.start);
            from = cut.end;
        }
    }
    take(from..span.end);
}

#[cfg(test)]
mod tests {
    use super::{Cutter, copy_without};

    #[track_caller]
    fn check(json: &str, expect: &str) {
        let bytes = json.as_bytes();
        let mut cutter = Cutter::default();
        for member in crate::members(bytes).expect("valid") {
            cutter.member(!member.is(bytes, "x"), &member.name, &member.value);
        }
        cutter.finish();
        let mut out = Vec::new();
        copy_without(bytes, 0..bytes.len(), cutter.cuts(), &mut out);
        assert_eq!(String::from_utf8_lossy(&out), expect, "{json}");
        assert!(crate::validate(&out).is_ok());
    }

    #[test]
    fn commas_go_with_their_members() {
        check(r#"{"x":1,"a":2,"b":3}"#, r#"{"a":2,"b":3}"#);
        check(r#"{"a":2,"x":1,"b":3}"#, r#"{"a":2,"b":3}"#);
        check(r#"{"a":2,"b":3,"x":1}"#, r#"{"a":2,"b":3}"#);
        check(r#"{"x":1}"#, "{}");
        check(r#"{"x":1,"x":{},"x":[]}"#, "{}");
        check(r#"{"x":1,"a":2,"x":3,"x":4,"b":5,"x":6}"#, r#"{"a":2,"b":5}"#);
        check(r#"{"a":2}"#, r#"{"a":2}"#);
        check("{}", "{}");
    }

    #[test]
    fn space_that_is_not_the_members_own_stays() {
        check("{ \"x\" : 1 , \"a\" : 2 }", "{ \"a\" : 2 }");
        check("{ \"a\" : 2 , \"x\" : 1 }", "{ \"a\" : 2 }");
        check("{\t\"a\":2,  \"x\":1,   \"b\" :3\t}", "{\t\"a\":2,  \"b\" :3\t}");
        check("{ \"x\":1 }", "{  }");
    }
}
