//! What the fake service answers to a row: a call of the row's first tool, or text, or an error.

use serde_json::{Value, json};

use super::knobs::{End, Knobs};

/// The result file of a job: rows out of order, each answered by chance from its own bytes.
pub(crate) fn result_file(input: &[u8], model: &str, knobs: &Knobs) -> Vec<u8> {
    let mut rows: Vec<(u64, Value)> = input
        .split(|&byte| byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<Value>(line).ok())
        .map(|row| answer(&row, model))
        .collect();
    if knobs.end == End::PartiallySucceeded {
        rows.truncate(rows.len() / 2);
    }
    if knobs.missing_every > 0 {
        let mut number = 0;
        rows.retain(|_| {
            number += 1;
            number % knobs.missing_every != 0
        });
    }
    if knobs.contradicts.as_deref() == Some(model) {
        let other = |(chance, row): &(u64, Value)| {
            let mut row = row.clone();
            row["response"]["responseId"] = json!("another");
            (*chance, row)
        };
        let others: Vec<_> = rows.iter().map(other).collect();
        rows.extend(others);
    }
    rows.sort_by_key(|(chance, _)| *chance);
    rows.iter().flat_map(|(_, row)| format!("{row}\n").into_bytes()).collect()
}

/// Bytes as lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}

/// How many rows of a result file were answered, and how many failed.
pub(crate) fn count(results: &[u8]) -> (usize, usize) {
    let rows = || results.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    let failed = |line: &&[u8]| line.windows(9).any(|window| window == b"{\"error\":");
    let bad = rows().filter(failed).count();
    (rows().count() - bad, bad)
}

fn answer(row: &Value, model: &str) -> (u64, Value) {
    let request = &row["request"];
    let chance = fnv(model, &request.to_string());
    let text = request["contents"].to_string();
    let tokens = text.len() / 4 + 1;
    let part = match chance % 5 {
        0 | 1 => json!({"text": format!("{} characters, nothing to call", text.len())}),
        _ => match first_tool(request) {
            Some(tool) => json!({"functionCall": {"name": tool, "args": {}}}),
            None => json!({"text": "there is nothing to call"}),
        },
    };
    let mut answered = if chance % 37 == 5 {
        json!({"error": {"code": 13, "message": "Internal error encountered."}})
    } else if chance % 41 == 7 {
        json!({"response": {
            "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
            "usageMetadata": {"promptTokenCount": tokens, "totalTokenCount": tokens},
            "modelVersion": model,
        }})
    } else {
        json!({"response": {
            "candidates": [{
                "content": {"parts": [part], "role": "model"}, "finishReason": "STOP", "index": 0,
            }],
            "usageMetadata": {
                "promptTokenCount": tokens, "candidatesTokenCount": 6, "totalTokenCount": tokens + 6,
            },
            "modelVersion": model,
            "responseId": format!("{chance:016x}"),
        }})
    };
    if let Some(key) = row.get("key") {
        answered["key"] = key.clone();
    }
    (chance, answered)
}

fn first_tool(request: &Value) -> Option<&str> {
    let declarations = &request["tools"][0];
    let list = [&declarations["functionDeclarations"], &declarations["function_declarations"]];
    list.into_iter().find_map(|list| list[0]["name"].as_str())
}

/// FNV-1a over both texts, stirred once more: the same row and model, the same answer.
fn fnv(model: &str, request: &str) -> u64 {
    let hash = model
        .bytes()
        .chain([0])
        .chain(request.bytes())
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    (hash ^ (hash >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11
}
