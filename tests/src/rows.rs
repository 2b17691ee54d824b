//! Logged rows made by chance from a seed: other tools and other texts than the bundled sample has.

use serde_json::{Value, json};

/// `n_rows` lines of a dataset in the export's shape, without line ends; the same for the same seed.
///
/// ```
/// let rows: Vec<String> = tests::rows::generated(7, 3).collect();
/// assert_eq!(rows, tests::rows::generated(7, 3).collect::<Vec<_>>());
/// assert_ne!(rows, tests::rows::generated(8, 3).collect::<Vec<_>>());
/// ```
pub fn generated(seed: u64, n_rows: usize) -> impl Iterator<Item = String> {
    let mut chance = Chance(seed);
    (0..n_rows).map(move |_| row(&mut chance).to_string())
}

/// `n_rows` rows as the bytes of a JSONL file.
pub fn file(seed: u64, n_rows: usize) -> Vec<u8> {
    generated(seed, n_rows).flat_map(|row| format!("{row}\n").into_bytes()).collect()
}

/// Row `n` of a plain dataset: one question, a logged answer with its tokens, a field of its own.
pub fn plain(n: usize) -> String {
    json!({
        "request": {
            "model": "models/old-one",
            "contents": [turn("user", &format!("What is {n} plus {n}?"))],
            "generationConfig": {"temperature": 0.5, "maxOutputTokens": 64},
        },
        "response": {
            "candidates": [{
                "content": {"parts": [{"text": (n + n).to_string()}], "role": "model"},
                "finishReason": "STOP", "index": 0,
            }],
            "usageMetadata": {"promptTokenCount": 8, "candidatesTokenCount": 4},
        },
        "metadata": {"number": n},
    })
    .to_string()
}

/// Rows of [`plain`] as the text of a JSONL file.
pub fn plain_file(numbers: impl IntoIterator<Item = usize>) -> String {
    numbers.into_iter().map(|n| plain(n) + "\n").collect()
}

/// One kind of assistant: what it is told, what it can do, what people ask of it.
struct Desk {
    system: &'static str,
    tools: fn() -> Value,
    asks: &'static [&'static str],
    fills: &'static [&'static str],
}

const DESKS: [Desk; 5] = [
    Desk {
        system: "You keep the calendar of a small dental practice.",
        tools: || {
            json!([
                function(
                    "create_event",
                    &[("title", "STRING"), ("start", "STRING"), ("minutes", "INTEGER")]
                ),
                function("cancel_event", &[("eventId", "STRING")]),
            ])
        },
        asks: &[
            "Book {} for half past nine on Thursday, please.",
            "Could you move the appointment of {} to next week?",
            "Wann hat {} den nächsten freien Termin?",
            "{} no puede venir mañana, anula la cita.",
            "What are your opening hours? I am asking for {}.",
        ],
        fills: &["Mrs. Okafor", "Herr Brandt", "little Ana", "the Nguyen twins", "señor Ibáñez"],
    },
    Desk {
        system: "You answer questions about the weather at sea.",
        tools: || json!([function("get_forecast", &[("place", "STRING"), ("hours", "INTEGER")])]),
        asks: &[
            "Will there be fog off {} tonight?",
            "Wind and waves near {}, next 48 hours.",
            "Kann man morgen vor {} segeln?",
            "Merci pour hier, la sortie à {} était magnifique !",
            "{}の明日の波の高さを教えてください。",
        ],
        fills: &["Lerwick", "Helgoland", "Brest", "Bodø", "Choshi"],
    },
    Desk {
        system: "You help customers of a shoe shop. Refunds up to 200 euros are yours to give.",
        tools: || {
            json!([
                function("issue_refund", &[("orderId", "STRING"), ("amount", "NUMBER")]),
                function("escalate", &[("orderId", "STRING"), ("why", "STRING")]),
                function("track_parcel", &[("orderId", "STRING")]),
            ])
        },
        asks: &[
            "The sole of my {} came off after two days. Money back, please.",
            "Where is my parcel? I ordered {} on Monday.",
            "Ich hätte gern {} eine Nummer größer, geht ein Umtausch?",
            "Are {} true to size?",
            "I want to speak to a person about {}, now.",
        ],
        fills: &["hiking boots", "red sandals", "the Oslo loafer", "two pairs of wellies"],
    },
    Desk {
        system: "You run a house: heating, blinds and lights.",
        tools: || {
            json!([
                function("set_temperature", &[("room", "STRING"), ("celsius", "NUMBER")]),
                function("set_blinds", &[("room", "STRING"), ("percent", "INTEGER")]),
            ])
        },
        asks: &[
            "It is freezing in {}.",
            "Close the blinds in {} halfway.",
            "Mets 19 degrés dans {}, s'il te plaît.",
            "How warm was it in {} at noon?",
            "В {} слишком светло.",
        ],
        fills: &["the study", "the nursery", "la cuisine", "the hall", "спальне"],
    },
    Desk {
        system: "You translate kitchen recipes and never do anything else.",
        tools: || json!([]),
        asks: &[
            "How do I say “{}” in Polish?",
            "Translate: fold {} under the egg whites.",
            "Is {} the same thing in Austria and Germany?",
        ],
        fills: &["crème fraîche", "icing sugar", "Topfen", "a pinch of mace"],
    },
];

fn function(name: &str, parameters: &[(&str, &str)]) -> Value {
    let properties: serde_json::Map<String, Value> =
        parameters.iter().map(|(name, kind)| ((*name).to_owned(), json!({"type": kind}))).collect();
    let required: Vec<&str> = parameters.iter().take(1).map(|(name, _)| *name).collect();
    json!({
        "name": name,
        "description": format!("Does what {} says.", name.replace('_', " ")),
        "parameters": {"type": "OBJECT", "properties": properties, "required": required},
    })
}

fn row(chance: &mut Chance) -> Value {
    let desk = chance.pick(&DESKS);
    let (ask, fill) = (*chance.pick(desk.asks), *chance.pick(desk.fills));
    let ask = ask.replace("{}", fill);
    let ask = format!("{ask} (order {}-{:04})", chance.below(900) + 100, chance.below(10_000));
    let mut contents = Vec::new();
    if chance.one_in(6) {
        contents.push(turn("user", "Good morning!"));
        contents.push(turn("model", "Good morning, what can I do for you?"));
    }
    contents.push(turn("user", &ask.repeat(if chance.one_in(25) { 40 } else { 1 })));
    let mut request = json!({"contents": contents});
    if !chance.one_in(12) {
        request["model"] = json!(format!("models/{}", chance.pick(&["old-one", "older-one"])));
    }
    if !chance.one_in(5) {
        request["systemInstruction"] = json!({"parts": [{"text": desk.system}]});
    }
    let functions = (desk.tools)();
    if functions.as_array().is_some_and(|list| !list.is_empty()) {
        request["tools"] = json!([{"functionDeclarations": functions}]);
        if chance.one_in(8) {
            let mode = chance.pick(&["AUTO", "ANY", "NONE"]);
            request["toolConfig"] = json!({"functionCallingConfig": {"mode": mode}});
        }
    }
    if chance.one_in(2) {
        let temperature = f64::from(u32::try_from(chance.below(20)).unwrap_or(0)) / 10.0;
        request["generationConfig"] =
            json!({"temperature": temperature, "maxOutputTokens": 256 << chance.below(4)});
    }
    let mut row = json!({"request": request});
    if !chance.one_in(15) {
        row["response"] = logged(chance, &functions);
    }
    row
}

fn logged(chance: &mut Chance, functions: &Value) -> Value {
    let name = functions[0]["name"].as_str().filter(|_| !chance.one_in(3));
    let part = match name {
        Some(name) => json!({"functionCall": {"name": name, "args": {}}}),
        None => json!({"text": "I am afraid I cannot help with that."}),
    };
    json!({
        "candidates": [{
            "content": {"parts": [part], "role": "model"},
            "finishReason": "STOP",
            "index": 0,
        }],
        "usageMetadata": {"promptTokenCount": 40 + chance.below(400), "candidatesTokenCount": 9},
        "modelVersion": "old-one",
    })
}

fn turn(role: &str, text: &str) -> Value {
    json!({"role": role, "parts": [{"text": text}]})
}

/// The splitmix64 generator: small, fast, and the same on every machine.
#[derive(Debug)]
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..bound`.
    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let length = u64::try_from(from.len()).unwrap_or(1);
        &from[usize::try_from(self.below(length)).unwrap_or(0)]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_thousand_rows_are_varied_and_share_no_tool_with_the_sample() {
        let rows: Vec<Value> =
            generated(1, 1000).map(|row| serde_json::from_str(&row).unwrap()).collect();
        let texts: BTreeSet<String> =
            rows.iter().map(|row| row["request"]["contents"].to_string()).collect();
        assert!(texts.len() > 990, "only {} different texts", texts.len());
        let without =
            |pointer: &str| rows.iter().filter(|row| row.pointer(pointer).is_none()).count();
        for pointer in
            ["/response", "/request/model", "/request/systemInstruction", "/request/tools"]
        {
            assert!(
                (20..500).contains(&without(pointer)),
                "{} rows without {pointer}",
                without(pointer)
            );
        }
        let sample = include_str!("../../crates/cli/data/sample.jsonl");
        for row in &rows {
            for tool in
                row["request"]["tools"][0]["functionDeclarations"].as_array().into_iter().flatten()
            {
                assert!(!sample.contains(&tool["name"].to_string()), "{tool}");
            }
        }
    }
}
