//! Tokens of a row and their sums: what an answer took, as the service states it.

use crate::View;
use crate::scan::Scan;

/// The tokens of one row as its `usageMetadata` states them; `None` for what is not said or not a whole number >= 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// `promptTokenCount`: the request, cached part included.
    pub prompt: Option<u64>,
    /// `cachedContentTokenCount`: the part of the prompt that came from a cache.
    pub cached: Option<u64>,
    /// `candidatesTokenCount`: the answer.
    pub candidates: Option<u64>,
    /// `thoughtsTokenCount`: the model's thinking, billed as output.
    pub thoughts: Option<u64>,
    /// `totalTokenCount`.
    pub total: Option<u64>,
    /// The part of the prompt that is audio, from `promptTokensDetails`.
    pub audio: Option<u64>,
    /// `toolUsePromptTokenCount`: what tools fed back to the model, billed as input.
    pub tool_use: Option<u64>,
}

impl Usage {
    /// Takes a member of a `usageMetadata`.
    pub(crate) fn take(&mut self, scan: &mut Scan<'_>, name: &[u8]) -> Option<()> {
        let slot = match name {
            b"promptTokenCount" | b"prompt_token_count" => &mut self.prompt,
            b"cachedContentTokenCount" | b"cached_content_token_count" => &mut self.cached,
            b"candidatesTokenCount" | b"candidates_token_count" => &mut self.candidates,
            b"thoughtsTokenCount" | b"thoughts_token_count" => &mut self.thoughts,
            b"totalTokenCount" | b"total_token_count" => &mut self.total,
            b"toolUsePromptTokenCount" | b"tool_use_prompt_token_count" => &mut self.tool_use,
            b"promptTokensDetails" | b"prompt_tokens_details" => {
                // Nearly every prompt is text alone, and the service writes nothing else of it.
                self.audio =
                    match scan.around_number(br#"[{"modality":"TEXT","tokenCount":"#, b"}]") {
                        Some(()) => None,
                        None => audio(scan.value()?),
                    };
                return Some(());
            }
            _ => return scan.skip(),
        };
        *slot = match scan.small_number() {
            None => count(scan.value()?),
            few_digits => few_digits,
        };
        Some(())
    }

    /// Whether nothing at all is known.
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}

/// A count, which some servers write as a text.
fn count(value: View<'_>) -> Option<u64> {
    let text = || value.as_str()?.parse().ok();
    value.as_u64().or_else(text).filter(|count| is_plausible(*count))
}

/// The audio among the parts of a prompt, if there is any.
fn audio(details: View<'_>) -> Option<u64> {
    // Hardly any prompt has some, and a look at the bytes is a tenth of a look at the parts.
    let may_have = memchr::memchr2(b'U', b'\\', details.text().as_bytes()).is_some();
    if !may_have {
        return None;
    }
    let of = |detail: View<'_>| {
        let [modality, camel, snake] = detail.pick(["modality", "tokenCount", "token_count"]);
        modality.and_then(View::as_str).filter(|modality| modality == "AUDIO")?;
        count(camel.or(snake)?)
    };
    details.elements().filter_map(of).reduce(u64::saturating_add)
}

/// Counts are 32-bit numbers at the service; what does not fit is damage, and must not drown the sums.
fn is_plausible(count: u64) -> bool {
    u32::try_from(count).is_ok()
}

/// Sums of [`Usage`] over rows; they stop at `u64::MAX` rather than wrap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TokenSums {
    /// Tokens of the requests, cached part included.
    pub prompt: u64,
    /// Tokens of the requests that came from a cache.
    pub cached: u64,
    /// Tokens of the answers.
    pub candidates: u64,
    /// Tokens of the models' thinking.
    pub thoughts: u64,
    /// Totals as stated, not recomputed.
    pub total: u64,
    /// Rows that stated any usage.
    pub rows: u64,
}

impl TokenSums {
    /// Adds one row.
    pub fn add(&mut self, usage: &Usage) {
        if usage.is_unknown() {
            return;
        }
        self.absorb(&Self {
            prompt: usage.prompt.unwrap_or(0),
            cached: usage.cached.unwrap_or(0),
            candidates: usage.candidates.unwrap_or(0),
            thoughts: usage.thoughts.unwrap_or(0),
            total: usage.total.unwrap_or(0),
            rows: 1,
        });
    }

    /// Adds the sums of other rows.
    pub fn absorb(&mut self, other: &Self) {
        for (mine, theirs) in [
            (&mut self.prompt, other.prompt),
            (&mut self.cached, other.cached),
            (&mut self.candidates, other.candidates),
            (&mut self.thoughts, other.thoughts),
            (&mut self.total, other.total),
            (&mut self.rows, other.rows),
        ] {
            *mine = mine.saturating_add(theirs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(json: &str) -> Usage {
        let mut usage = Usage::default();
        Scan::new(json).object(|scan, name| usage.take(scan, name)).unwrap();
        usage
    }

    #[test]
    fn odd_numbers_are_unknown() {
        for odd in [
            "-1",
            "1.5",
            "1e3",
            "\"80.0\"",
            "\"-8\"",
            "null",
            "9223372036854775808",
            "99999999999999999999999",
            "[1]",
        ] {
            let usage = usage(&format!(r#"{{"promptTokenCount":{odd},"totalTokenCount":7}}"#));
            assert_eq!((usage.prompt, usage.total), (None, Some(7)), "{odd}");
        }
        assert!(usage("[]").is_unknown());
    }

    #[test]
    fn both_spellings_and_the_parts_of_the_prompt_are_read() {
        let read = usage(
            r#"{"prompt_token_count":"90","toolUsePromptTokenCount":5,"promptTokensDetails":
            [{"modality":"TEXT","tokenCount":70},{"modality":"AUDIO","tokenCount":20},null,7,
            {"modality":null,"tokenCount":3},{"modality":"AUDIO","token_count":"1"},{"modality":"AUDIO"}]}"#,
        );
        assert_eq!((read.prompt, read.tool_use, read.audio), (Some(90), Some(5), Some(21)));
        for odd in [
            "null",
            "7",
            "{}",
            "[null]",
            r#"[{"modality":"AUDIO","tokenCount":-1}]"#,
            r#"[{"modality":"TEXT","tokenCount":5}]"#,
            r#"[{"modality":"TEXT","tokenCount":5} ]"#,
            r#"[{"modality":"TEXT","tokenCount":5.5}]"#,
            r#"[{"modality":"TEXT","tokenCount":5,"a":"}]"}]"#,
            r#"[{"modality":"TEXT","tokenCount":123456789012}]"#,
        ] {
            let read = usage(&format!(r#"{{"promptTokenCount":5,"promptTokensDetails":{odd}}}"#));
            assert_eq!((read.prompt, read.audio), (Some(5), None), "{odd}");
        }
        let both = r#"{"promptTokensDetails":[{"modality":"TEXT","tokenCount":5},{"modality":"AUDIO","tokenCount":6}]}"#;
        assert_eq!(usage(both).audio, Some(6));
        for bad in ["05}]", "5]", "5}", "5}}", "5}],", "5}] 1"] {
            let bad =
                format!(r#"{{"promptTokensDetails":[{{"modality":"TEXT","tokenCount":{bad}}}"#);
            let mut usage = Usage::default();
            let mut scan = Scan::new(&bad);
            let read = scan.object(|scan, name| usage.take(scan, name));
            assert_eq!(read.and_then(|()| scan.ends()), None, "{bad}");
        }
    }

    #[test]
    fn sums_count_rows_with_usage_and_never_wrap() {
        let mut sums = TokenSums::default();
        sums.add(&usage(
            r#"{"promptTokenCount":80,"candidatesTokenCount":12,"thoughtsTokenCount":64,"totalTokenCount":156}"#,
        ));
        sums.add(&usage("{}"));
        let want =
            TokenSums { prompt: 80, candidates: 12, thoughts: 64, total: 156, rows: 1, cached: 0 };
        assert_eq!(sums, want);
        sums.total = u64::MAX;
        sums.absorb(&want);
        assert_eq!((sums.total, sums.prompt), (u64::MAX, 160));
    }
}
