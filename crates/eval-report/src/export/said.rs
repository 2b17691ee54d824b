//! What an answer says, taken apart for exports.

use scoring::{Usage, View};

use crate::{RowAnswer, RunRow};

/// The parts of an answer that exports show.
#[derive(Debug, Default)]
pub(super) struct Said<'a> {
    /// Its texts one after another, thoughts left out.
    pub(super) text: String,
    /// Its function calls as they came.
    pub(super) calls: Vec<View<'a>>,
    pub(super) finish: Option<String>,
    pub(super) model_version: Option<String>,
    /// The error in place of an answer.
    pub(super) error: Option<View<'a>>,
    pub(super) usage: Usage,
}

impl<'a> Said<'a> {
    pub(super) fn of(number: u64, answer: &'a RowAnswer) -> Self {
        let Some(row) = answer.row(number) else { return Self::default() };
        let mut said = Self { usage: row.usage, ..Self::default() };
        if let Some(response) = row.response {
            let [candidates, version] = response.pick(["candidates", "modelVersion"]);
            said.finish =
                candidates.and_then(|all| all.at(0)).and_then(|c| text_at(c, "finishReason"));
            said.model_version = version.and_then(View::as_str).map(Into::into);
        } else {
            let [error, status] = row.result.pick(["error", "status"]);
            said.error = error.or(status);
        }
        for part in row.parts().into_iter().flat_map(View::elements) {
            let [call, text, thought] = part.pick(["functionCall", "text", "thought"]);
            said.calls.extend(call);
            if let (Some(text), None | Some(false)) =
                (text.and_then(View::as_str), thought.and_then(View::as_bool))
            {
                if !said.text.is_empty() {
                    said.text.push('\n');
                }
                said.text.push_str(&text);
            }
        }
        said
    }

    /// The calls as one JSON array.
    pub(super) fn calls_json(&self) -> String {
        let calls: Vec<&str> = self.calls.iter().map(|call| call.text()).collect();
        format!("[{}]", calls.join(","))
    }
}

fn text_at(view: View<'_>, name: &str) -> Option<String> {
    Some(view.get(name)?.as_str()?.into_owned())
}

/// The key and the line that the row has in the dataset.
pub(super) fn origin(row: &RunRow) -> (Option<String>, Option<u64>) {
    let [line, fields] = row.dataset().pick(["line", "row"]);
    let key = fields.and_then(|fields| fields.get("key"));
    let key = key.map(|key| key.as_str().map_or_else(|| key.text().to_owned(), Into::into));
    (key, line.and_then(View::as_u64))
}
