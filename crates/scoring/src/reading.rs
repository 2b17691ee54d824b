//! What a line amounts to: its outcome, tokens and names, read leniently, so that no shape can make it fail.

use std::borrow::Cow;
use std::ops::Range;

use crate::scan::Scan;
use crate::{Form, Kind, Outcome, Usage, View};

/// One line, understood; everything borrowed from it.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    /// The whole line.
    pub(crate) line: View<'a>,
    pub(crate) form: Form,
    pub(crate) outcome: Outcome,
    /// The `key` member, whatever it is.
    pub(crate) key: Option<View<'a>>,
    pub(crate) response: Option<View<'a>>,
    pub(crate) request: Option<View<'a>>,
    /// What the first candidate says.
    pub(crate) parts: Parts<'a>,
    pub(crate) usage: Usage,
    /// The model that answered.
    pub(crate) model: Option<Cow<'a, str>>,
    /// Why the first candidate ended, or why the prompt was blocked.
    pub(crate) finish: Option<Cow<'a, str>>,
    pub(crate) error: Option<RowError<'a>>,
    /// Why the outcome is unparsable.
    pub(crate) problem: Option<&'static str>,
}

#[derive(Debug)]
pub(crate) struct RowError<'a> {
    pub(crate) code: Option<i64>,
    /// The status in words, such as `RESOURCE_EXHAUSTED`.
    pub(crate) status: Option<Cow<'a, str>>,
    pub(crate) message: Cow<'a, str>,
}

impl RowError<'_> {
    /// The code as a number, or the status in words.
    pub(crate) fn name(&self) -> Cow<'_, str> {
        match (self.code, &self.status) {
            (Some(code), _) => code.to_string().into(),
            (None, Some(status)) => status.as_ref().into(),
            (None, None) => "unknown".into(),
        }
    }
}

/// The `parts` of the first candidate's content, whatever they are.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Parts<'a> {
    pub(crate) all: Option<View<'a>>,
    /// The last one, if they are an array with at least one.
    pub(crate) last: Option<View<'a>>,
    /// Whether that is an object with a `functionCall`, which nearly everybody asks.
    pub(crate) last_calls: bool,
}

/// Reads lines, each in one walk.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    form: Form,
    /// The safety ratings of a line before, which nearly every answer has alike; of lines that stand in one text.
    ratings: &'a str,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(form: Form) -> Self {
        Self { form, ratings: "" }
    }

    /// Reads one line; `None` if it is no JSON.
    pub(crate) fn read(&mut self, line: &'a str) -> Option<Reading<'a>> {
        self.walk(Scan::new(line))
    }

    /// The same with the line at `place`, without the space around it, of all those in `text`.
    pub(crate) fn read_at(&mut self, text: &'a str, place: Range<usize>) -> Option<Reading<'a>> {
        self.walk(Scan::of_line(text, place, self.ratings))
    }

    fn walk(&mut self, mut scan: Scan<'a>) -> Option<Reading<'a>> {
        let mut members = Members::default();
        let line = scan.seen(|scan| scan.object(|scan, name| members.take(scan, name)))?;
        self.ratings = scan.passed_last();
        scan.ends()?;
        Some(members.amount_to(line, self.form))
    }
}

/// The members of a line that are looked at. Where a member comes twice the last one counts, here and below.
#[derive(Debug, Default)]
struct Members<'a> {
    key: Option<View<'a>>,
    response: Option<View<'a>>,
    answer: Answer<'a>,
    error: Option<View<'a>>,
    status: Option<View<'a>>,
    request: Option<View<'a>>,
    model: Option<View<'a>>,
}

/// The members of a response that are looked at.
#[derive(Debug, Default)]
struct Answer<'a> {
    candidate: Option<Candidate<'a>>,
    feedback: Option<View<'a>>,
    usage: Usage,
    model: Option<View<'a>>,
}

/// The members of the first candidate that are looked at.
#[derive(Debug, Default)]
struct Candidate<'a> {
    finish: Option<View<'a>>,
    parts: Parts<'a>,
}

impl<'a> Members<'a> {
    fn take(&mut self, scan: &mut Scan<'a>, name: &[u8]) -> Option<()> {
        let slot = match name {
            b"key" => &mut self.key,
            b"response" => {
                self.answer = Answer::default();
                let response =
                    scan.seen(|scan| scan.object(|scan, name| self.answer.take(scan, name)))?;
                self.response = Some(response);
                return Some(());
            }
            b"error" => &mut self.error,
            b"status" => &mut self.status,
            b"request" => &mut self.request,
            b"model" => &mut self.model,
            _ => return scan.skip(),
        };
        *slot = Some(scan.value()?);
        Some(())
    }

    fn amount_to(&self, line: View<'a>, form: Form) -> Reading<'a> {
        let present = |member: Option<View<'a>>| member.filter(|value| !value.is_null());
        let mut reading = Reading {
            line,
            form,
            outcome: Outcome::Unparsable,
            key: self.key,
            response: None,
            request: self.request,
            parts: Parts::default(),
            usage: Usage::default(),
            model: None,
            finish: None,
            error: None,
            problem: None,
        };
        if line.kind() != Kind::Object {
            reading.problem = Some("not an object");
            return reading;
        }
        match form {
            // Where a response stands, a `status` that is no object is a stranger's field that the service echoed.
            Form::Results => {
                let has_response = present(self.response).is_some();
                let is_status = |value: &View<'_>| !has_response || value.kind() == Kind::Object;
                let failure = present(self.error).or(present(self.status).filter(is_status));
                match (self.response, failure) {
                    (Some(_), Some(_)) if has_response => {
                        reading.problem = Some("both response and error");
                    }
                    (_, Some(failure)) => reading.fail(failure),
                    (Some(response), None) => reading.respond(response, &self.answer),
                    (None, None) => reading.problem = Some("neither response nor error"),
                }
            }
            // A dataset may hold any field, so only an `error` object where no response is says that the call failed.
            Form::Logged => match (present(self.response), self.error) {
                (Some(response), _) => {
                    reading.respond(response, &self.answer);
                    let asked = || self.model.or_else(|| self.request?.get("model"));
                    reading.model = reading.model.or_else(|| asked()?.as_str());
                }
                (None, Some(error)) if error.kind() == Kind::Object => reading.fail(error),
                (None, _) => reading.outcome = Outcome::Missing,
            },
        }
        reading
    }
}

impl<'a> Answer<'a> {
    fn take(&mut self, scan: &mut Scan<'a>, name: &[u8]) -> Option<()> {
        match name {
            b"candidates" => {
                self.candidate = None;
                scan.array(|scan| {
                    if self.candidate.is_some() {
                        return scan.skip();
                    }
                    let candidate = self.candidate.insert(Candidate::default());
                    scan.object(|scan, name| candidate.take(scan, name))
                })
            }
            b"usageMetadata" | b"usage_metadata" => {
                self.usage = Usage::default();
                scan.object(|scan, name| self.usage.take(scan, name))
            }
            b"promptFeedback" => scan.value().map(|value| self.feedback = Some(value)),
            b"modelVersion" => scan.value().map(|value| self.model = Some(value)),
            _ => scan.skip(),
        }
    }
}

impl<'a> Candidate<'a> {
    fn take(&mut self, scan: &mut Scan<'a>, name: &[u8]) -> Option<()> {
        match name {
            b"finishReason" => scan.value().map(|value| self.finish = Some(value)),
            b"content" => {
                self.parts = Parts::default();
                scan.object(|scan, name| self.parts.take(scan, name))
            }
            b"safetyRatings" => scan.skip_again(),
            _ => scan.skip(),
        }
    }
}

impl<'a> Parts<'a> {
    /// Takes a member of a content.
    fn take(&mut self, scan: &mut Scan<'a>, name: &[u8]) -> Option<()> {
        if name != b"parts" {
            return scan.skip();
        }
        (self.last, self.last_calls) = (None, false);
        let Self { last, last_calls, .. } = self;
        let part = |scan: &mut Scan<'a>| {
            *last_calls = false;
            let part = scan.seen(|scan| {
                scan.object(|scan, name| {
                    *last_calls |= name == b"functionCall";
                    scan.skip()
                })
            })?;
            *last = Some(part);
            Some(())
        };
        self.all = Some(scan.seen(|scan| scan.array(part))?);
        Some(())
    }
}

impl<'a> Reading<'a> {
    fn fail(&mut self, failure: View<'a>) {
        self.outcome = Outcome::Error;
        let [code, message, status] = failure.pick(["code", "message", "status"]);
        let message =
            message.and_then(View::as_str).or_else(|| failure.as_str()).unwrap_or_default();
        let number = code.and_then(View::as_i64);
        let text = || code.and_then(View::as_str)?.parse().ok();
        let is_word = |word: &Cow<'_, str>| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        };
        // The status may stand in place of the code, or of the whole error.
        let words = [status, code, Some(failure)].into_iter().flatten();
        let status = words.filter_map(View::as_str).find(is_word);
        self.error = Some(RowError { code: number.or_else(text), status, message });
    }

    fn respond(&mut self, response: View<'a>, answer: &Answer<'a>) {
        if !matches!(response.kind(), Kind::Object | Kind::Null) {
            self.problem = Some("response is not an object");
            return;
        }
        self.response = Some(response);
        self.usage = answer.usage;
        self.model = answer.model.and_then(View::as_str);
        if let Some(candidate) = &answer.candidate {
            self.finish = candidate.finish.and_then(View::as_str);
            self.parts = candidate.parts;
            self.outcome = of_candidate(self.finish.as_deref(), self.parts.last.is_some());
        } else if let Some(feedback) =
            answer.feedback.filter(|feedback| feedback.members().next().is_some())
        {
            self.finish = feedback.get("blockReason").and_then(View::as_str);
            self.outcome = Outcome::Blocked;
        } else {
            self.outcome = Outcome::Empty;
        }
    }
}

/// The outcome of a first candidate; unknown reasons say nothing by themselves.
fn of_candidate(finish: Option<&str>, has_parts: bool) -> Outcome {
    // Nearly every answer ends so, and one comparison is quicker than a search through all.
    if has_parts && finish == Some("STOP") {
        return Outcome::Answered;
    }
    match finish {
        Some("MAX_TOKENS") => Outcome::Truncated,
        Some(
            "SAFETY"
            | "RECITATION"
            | "BLOCKLIST"
            | "PROHIBITED_CONTENT"
            | "SPII"
            | "LANGUAGE"
            | "IMAGE_SAFETY"
            | "IMAGE_PROHIBITED_CONTENT"
            | "IMAGE_RECITATION",
        ) => Outcome::Blocked,
        _ if has_parts => Outcome::Answered,
        _ => Outcome::Empty,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(form: Form, line: &str, want: Outcome) {
        let got = Reader::new(form).read(line).unwrap();
        assert_eq!(got.outcome, want, "{line}");
        assert_eq!(got.problem.is_some(), want == Outcome::Unparsable, "{line}");
        assert_eq!(got.error.is_some(), want == Outcome::Error, "{line}");
    }

    #[test]
    fn result_lines_have_these_outcomes() {
        use Outcome::{Answered, Blocked, Empty, Error, Truncated, Unparsable};
        for (line, want) in [
            (
                r#"{"response":{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}]}}"#,
                Answered,
            ),
            (
                r#"{"response":{"candidates":[{"content":{"parts":[null]},"finishReason":"MOON"}]}}"#,
                Answered,
            ),
            (
                r#"{"response":{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"MAX_TOKENS"}]}}"#,
                Truncated,
            ),
            (r#"{"response":{"candidates":[{"finishReason":"MAX_TOKENS"}]}}"#, Truncated),
            (r#"{"response":{"candidates":[{"finishReason":"SAFETY"}]}}"#, Blocked),
            (r#"{"response":{"promptFeedback":{"blockReason":"OTHER"}}}"#, Blocked),
            (
                r#"{"response":{"candidates":[],"promptFeedback":{"blockReason":"SAFETY"}}}"#,
                Blocked,
            ),
            (r#"{"response":{"candidates":[],"promptFeedback":{}}}"#, Empty),
            (r#"{"response":null}"#, Empty),
            (r#"{"response":{}}"#, Empty),
            (r#"{"response":{"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL"}]}}"#, Empty),
            (r#"{"response":{"candidates":[{"content":{}}]}}"#, Empty),
            (r#"{"response":{"candidates":[{"content":{"parts":null}}]}}"#, Empty),
            (r#"{"response":{"candidates":[{"content":{"parts":"text"}}]}}"#, Empty),
            (r#"{"response":{"candidates":[{"content":{"parts":[]}}]}}"#, Empty),
            (r#"{"response":{"candidates":"text"}}"#, Empty),
            (r#"{"error":{"code":13,"message":"Internal error encountered."}}"#, Error),
            (r#"{"error":"quota"}"#, Error),
            (r#"{"status":{"code":3,"details":[{"a":{}}]}}"#, Error),
            (r#"{"response":null,"error":{"code":8}}"#, Error),
            (r#"{"response":{},"error":null}"#, Empty),
            (r#"{"response":{},"status":"mine"}"#, Empty),
            (r#"{"response":{},"error":{"code":13}}"#, Unparsable),
            (r#"{"response":{},"status":{"code":13}}"#, Unparsable),
            (r#"{"response":"text"}"#, Unparsable),
            (r#"{"key":"r00000001-00000000"}"#, Unparsable),
            ("{}", Unparsable),
            ("[1]", Unparsable),
            ("null", Unparsable),
        ] {
            check(Form::Results, line, want);
        }
    }

    #[test]
    fn logged_lines_have_these_outcomes() {
        use Outcome::{Answered, Empty, Error, Missing, Unparsable};
        for (line, want) in [
            (
                r#"{"response":{"candidates":[{"content":{"parts":[{}]}}]},"status":{"code":1}}"#,
                Answered,
            ),
            (r#"{"response":{}}"#, Empty),
            (r#"{"response":null,"model":"m"}"#, Missing),
            (r#"{"key":"r00000001-00000000","row":{}}"#, Missing),
            (r#"{"error":{"code":4}}"#, Error),
            (r#"{"error":"not ours"}"#, Missing),
            (r#"{"response":7}"#, Unparsable),
            ("7", Unparsable),
        ] {
            check(Form::Logged, line, want);
        }
    }

    #[test]
    fn what_came_in_a_line_before_changes_nothing() {
        let values = [
            "1",
            "12",
            "[]",
            "[1]",
            "[1,2]",
            "[ 1]",
            "[1",
            "{}",
            "{\"a\":[1]}",
            "\"a\"",
            "null",
            "",
        ];
        let line = |ratings: &str| {
            format!(
                r#"{{"response":{{"candidates":[{{"safetyRatings":{ratings},"finishReason":"SAFETY"}}]}}}}"#
            )
        };
        for (one, other) in values.iter().flat_map(|one| values.map(|other| (one, other))) {
            let text = [one, other, one].map(line).join("\n");
            let (mut reader, mut start) = (Reader::new(Form::Results), 0);
            for line in text.lines() {
                let read = reader.read_at(&text, start..start + line.len());
                let alone = Reader::new(Form::Results).read(line);
                assert_eq!(format!("{read:?}"), format!("{alone:?}"), "{text}");
                start += line.len() + 1;
            }
        }
    }

    #[test]
    fn the_logged_model_is_the_version_then_the_model_then_the_one_in_the_request() {
        let model =
            |line: &str| Reader::new(Form::Logged).read(line).unwrap().model.map(Cow::into_owned);
        let asked = r#""model":"a","request":{"model":"b"}"#;
        let version = format!(r#"{{"response":{{"modelVersion":"v"}},{asked}}}"#);
        assert_eq!(model(&version).as_deref(), Some("v"));
        assert_eq!(model(&format!(r#"{{"response":{{}},{asked}}}"#)).as_deref(), Some("a"));
        let request = r#"{"response":{},"request":{"model":"b"}}"#;
        assert_eq!(model(request).as_deref(), Some("b"));
        assert_eq!(model(&format!("{{{asked}}}")), None, "without a response nobody answered");
    }
}
