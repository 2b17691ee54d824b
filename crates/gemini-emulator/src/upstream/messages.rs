//! Turns and parts to messages: text, images, audio, calls and what they gave back.

use serde_json::value::RawValue;

use super::Untranslatable;
use super::calls::Calls;
use super::json::{Json, object};
use super::node::{Node, same};

/// `contents` and `systemInstruction` as OpenAI's messages.
///
/// Texts that follow each other in a turn go as one, with nothing in between: servers join
/// several with nothing, a space or a line end, and some take the last alone, so that only one text
/// is the same prompt everywhere.
pub(super) fn messages<'a>(request: &Node<'a>) -> Result<Vec<Json<'a>>, Untranslatable> {
    let mut messages = Vec::new();
    if let Some(system) = request.field("systemInstruction") {
        let what = "a part other than text in systemInstruction";
        let texts = system["parts"]
            .items()
            .iter()
            .map(|part| part["text"].text().ok_or_else(|| Untranslatable::new(what)));
        let text: String = texts.collect::<Result<_, _>>()?;
        messages.push(message("system", text));
    }
    let turns = request["contents"].items();
    let mut calls = Calls::of(turns);
    for turn in turns {
        match turn["role"].text().unwrap_or("user") {
            "user" | "function" | "" => user(turn, &mut calls, &mut messages)?,
            "model" => messages.extend(model(turn, &mut calls)?),
            other => return Err(Untranslatable::new(format!("the role {other:?}"))),
        }
    }
    calls.all_answered()?;
    Ok(messages)
}

fn message<'a>(role: &str, content: impl Into<Json<'a>>) -> Json<'a> {
    object([("role", role.into()), ("content", content.into())]).into()
}

/// The parts of a turn but for thoughts, which no prompt has again; `None` when there is nothing
/// else.
fn said<'n, 'a>(turn: &'n Node<'a>) -> Option<Vec<&'n Node<'a>>> {
    let parts = turn["parts"].items();
    let said: Vec<&Node<'a>> = parts.iter().filter(|part| !part["thought"].is_true()).collect();
    (parts.is_empty() || !said.is_empty()).then_some(said)
}

/// What a part is apart from what describes it.
fn kind<'n>(part: &'n Node<'_>) -> &'n str {
    let beside = ["thought", "thoughtSignature", "partMetadata", "mediaResolution"];
    let mut names = part.members().iter().map(|(name, _)| name.as_str());
    names.find(|name| !beside.iter().any(|known| same(known, name))).unwrap_or_default()
}

/// What a user says: text and media in their order.
#[derive(Debug, Default)]
struct Content<'a>(Vec<Piece<'a>>);

#[derive(Debug)]
enum Piece<'a> {
    Text(String),
    Media(Json<'a>),
}

impl<'a> Content<'a> {
    fn text(&mut self, text: &str) {
        match self.0.last_mut() {
            Some(Piece::Text(before)) => before.push_str(text),
            _ => self.0.push(Piece::Text(text.to_owned())),
        }
    }

    fn media(&mut self, media: Json<'a>) {
        self.0.push(Piece::Media(media));
    }

    /// Text alone as a text, which every server takes; else a list.
    fn into_json(mut self) -> Json<'a> {
        if let [Piece::Text(text)] = self.0.as_mut_slice() {
            return std::mem::take(text).into();
        }
        if self.0.is_empty() {
            return "".into();
        }
        let pieces = self.0.into_iter().map(|piece| match piece {
            Piece::Text(text) => object([("type", "text".into()), ("text", text.into())]).into(),
            Piece::Media(media) => media,
        });
        pieces.collect::<Vec<_>>().into()
    }
}

fn user<'a>(
    turn: &Node<'a>,
    calls: &mut Calls,
    messages: &mut Vec<Json<'a>>,
) -> Result<(), Untranslatable> {
    let Some(parts) = said(turn) else { return Ok(()) };
    let mut content = Content::default();
    let mut responded = false;
    for part in parts {
        if let Some(text) = part["text"].text() {
            content.text(text);
        } else if let Some(blob) = part.field("inlineData") {
            content.media(inline(blob)?);
        } else if let Some(file) = part.field("fileData") {
            content.media(linked(file)?);
        } else if let Some(response) = part.field("functionResponse") {
            messages.push(tool(response, calls)?);
            responded = true;
        } else {
            return Err(Untranslatable::new(format!("the part {:?}", kind(part))));
        }
        if part.field("videoMetadata").is_some() {
            return Err(Untranslatable::new("videoMetadata"));
        }
    }
    if responded && content.0.is_empty() {
        return Ok(());
    }
    calls.all_answered()?;
    messages.push(message("user", content.into_json()));
    Ok(())
}

fn model<'a>(turn: &Node<'a>, calls: &mut Calls) -> Result<Option<Json<'a>>, Untranslatable> {
    let Some(parts) = said(turn) else { return Ok(None) };
    calls.all_answered()?;
    let mut said: Option<String> = None;
    let mut made = Vec::new();
    for part in parts {
        if let Some(text) = part["text"].text() {
            said.get_or_insert_default().push_str(text);
        } else if let Some(call) = part.field("functionCall") {
            made.push(function_call(call, calls));
        } else if !kind(part).is_empty() {
            let what = format!("the part {:?} of a turn of the model's", kind(part));
            return Err(Untranslatable::new(what));
        }
    }
    let content = match said {
        None if !made.is_empty() => Json::Null,
        said => said.unwrap_or_default().into(),
    };
    let mut message = object([("role", "assistant".into()), ("content", content)]);
    if !made.is_empty() {
        message.put("tool_calls", made);
    }
    Ok(Some(message.into()))
}

/// A call of the model's; its arguments go byte for byte.
fn function_call<'a>(call: &Node<'a>, calls: &mut Calls) -> Json<'a> {
    let name = call["name"].text().unwrap_or_default();
    let args = call.field("args").map_or("{}", |args| args.raw().get());
    let function = object([("name", name.into()), ("arguments", args.into())]);
    let id = calls.open(name, call["id"].some_text());
    object([("id", id.into()), ("type", "function".into()), ("function", function.into())]).into()
}

fn tool<'a>(response: &Node<'a>, calls: &mut Calls) -> Result<Json<'a>, Untranslatable> {
    let name = response["name"].text().unwrap_or_default();
    if response.field("parts").is_some() {
        return Err(Untranslatable::new("parts in a functionResponse"));
    }
    let id = calls.close(name, response["id"].some_text())?;
    let said = response.get("response").map_or(RawValue::NULL, Node::raw);
    Ok(object([
        ("role", "tool".into()),
        ("tool_call_id", id.into()),
        ("content", said.get().into()),
    ])
    .into())
}

fn inline<'a>(blob: &Node<'a>) -> Result<Json<'a>, Untranslatable> {
    let mime = blob.field("mimeType").and_then(Node::text).unwrap_or_default();
    // Proto JSON takes both alphabets, a data URL only the first.
    let data = blob["data"].text().unwrap_or_default();
    let data: String = data
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    if data.is_empty() {
        return Err(Untranslatable::new("inlineData without data"));
    }
    if mime.starts_with("image/") {
        return Ok(image(format!("data:{mime};base64,{data}")));
    }
    let format = match mime {
        "audio/wav" | "audio/x-wav" => "wav",
        "audio/mp3" | "audio/mpeg" => "mp3",
        _ => return Err(Untranslatable::new(format!("inlineData of type {mime:?}"))),
    };
    let audio = object([("data", data.into()), ("format", format.into())]);
    Ok(object([("type", "input_audio".into()), ("input_audio", audio.into())]).into())
}

/// An image that is anywhere on the web; files of the Files API can only be read with its key.
fn linked<'a>(file: &Node<'a>) -> Result<Json<'a>, Untranslatable> {
    let uri = file.field("fileUri").and_then(Node::text).unwrap_or_default();
    let mime = file.field("mimeType").and_then(Node::text).unwrap_or_default();
    let on_the_web = uri.starts_with("https://") || uri.starts_with("http://");
    if !on_the_web || uri.contains("/files/") || !mime.starts_with("image/") {
        return Err(Untranslatable::new("fileData that is not an image on the web"));
    }
    Ok(image(uri.to_owned()))
}

fn image<'a>(url: String) -> Json<'a> {
    let url = object([("url", url.into())]);
    object([("type", "image_url".into()), ("image_url", url.into())]).into()
}

#[cfg(test)]
#[path = "messages_tests.rs"]
mod tests;
