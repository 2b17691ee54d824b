//! What a line amounts to: its outcome, tokens and names, read leniently, so that no shape can make it fail.

use std::borrow::Cow;

use crate::{Form, Kind, Outcome, Usage, View};

/// One line, understood; everything borrowed from it.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    pub(crate) outcome: Outcome,
    /// The `key` member, whatever it is.
    pub(crate) key: Option<View<'a>>,
    pub(crate) response: Option<View<'a>>,
    pub(crate) request: Option<View<'a>>,
    /// The `parts` of the first candidate's content, whatever they are.
    pub(crate) parts: Option<View<'a>>,
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
    pub(crate) message: Cow<'a, str>,
}

/// Reads one line, which is valid JSON but may be anything.
pub(crate) fn read(line: View<'_>, form: Form) -> Reading<'_> {
    let [key, response, error, status, request, model] =
        line.pick(["key", "response", "error", "status", "request", "model"]);
    let present = |member: Option<View<'_>>| member.is_some_and(|value| !value.is_null());
    let mut reading = Reading {
        outcome: Outcome::Unparsable,
        key,
        response: None,
        request,
        parts: None,
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
            let is_status = |value: &View<'_>| !present(response) || value.kind() == Kind::Object;
            let failure = error
                .filter(|value| !value.is_null())
                .or(status.filter(|value| !value.is_null()).filter(is_status));
            match (response, failure) {
                (Some(response), Some(_)) if !response.is_null() => {
                    reading.problem = Some("both response and error");
                }
                (_, Some(failure)) => reading.fail(failure),
                (Some(response), None) => reading.respond(response),
                (None, None) => reading.problem = Some("neither response nor error"),
            }
        }
        // A dataset may hold any field, so only an `error` object where no response is says that the call failed.
        Form::Logged => match (response.filter(|value| !value.is_null()), error) {
            (Some(response), _) => {
                reading.respond(response);
                let asked = || model.or_else(|| request?.get("model"));
                reading.model = reading.model.or_else(|| asked()?.as_str());
            }
            (None, Some(error)) if error.kind() == Kind::Object => reading.fail(error),
            (None, _) => reading.outcome = Outcome::Missing,
        },
    }
    reading
}

impl<'a> Reading<'a> {
    fn fail(&mut self, failure: View<'a>) {
        self.outcome = Outcome::Error;
        let [code, message] = failure.pick(["code", "message"]);
        let message =
            message.and_then(View::as_str).or_else(|| failure.as_str()).unwrap_or_default();
        self.error = Some(RowError { code: code.and_then(View::as_i64), message });
    }

    fn respond(&mut self, response: View<'a>) {
        if !matches!(response.kind(), Kind::Object | Kind::Null) {
            self.problem = Some("response is not an object");
            return;
        }
        let [candidates, feedback, usage, model] =
            response.pick(["candidates", "promptFeedback", "usageMetadata", "modelVersion"]);
        self.response = Some(response);
        self.usage = usage.map(Usage::of_metadata).unwrap_or_default();
        self.model = model.and_then(View::as_str);
        if let Some(candidate) = candidates.and_then(|candidates| candidates.at(0)) {
            let [finish, content] = candidate.pick(["finishReason", "content"]);
            self.finish = finish.and_then(View::as_str);
            self.parts = content.and_then(|content| content.get("parts"));
            let has_parts = self.parts.is_some_and(|parts| parts.at(0).is_some());
            self.outcome = of_candidate(self.finish.as_deref(), has_parts);
        } else if let Some(feedback) =
            feedback.filter(|feedback| feedback.members().next().is_some())
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
        let raw = serde_json::from_str(line).unwrap();
        let got = read(View::new(raw), form);
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
    fn the_logged_model_is_the_version_then_the_model_then_the_one_in_the_request() {
        let model = |line: &str| {
            let raw = serde_json::from_str(line).unwrap();
            read(View::new(raw), Form::Logged).model.map(Cow::into_owned)
        };
        let asked = r#""model":"a","request":{"model":"b"}"#;
        let version = format!(r#"{{"response":{{"modelVersion":"v"}},{asked}}}"#);
        assert_eq!(model(&version).as_deref(), Some("v"));
        assert_eq!(model(&format!(r#"{{"response":{{}},{asked}}}"#)).as_deref(), Some("a"));
        let request = r#"{"response":{},"request":{"model":"b"}}"#;
        assert_eq!(model(request).as_deref(), Some("b"));
        assert_eq!(model(&format!("{{{asked}}}")), None, "without a response nobody answered");
    }
}
