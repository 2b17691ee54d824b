//! Which members a `GenerateContentRequest` may have, as data: unknown ones earn a warning.

use crate::text;

/// How a member of a request stands with the Batch API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Known,
    /// Known to be turned away by a batch, by the name it is listed under.
    Refused(&'static str),
    Unknown,
}

const KNOWN: &[&str] = &[
    "contents",
    "model",
    "generationConfig",
    "generation_config",
    "systemInstruction",
    "system_instruction",
    "tools",
    "toolConfig",
    "tool_config",
    "safetySettings",
    "safety_settings",
    "cachedContent",
    "cached_content",
];

/// Seen in logs or in SDK calls; inside a batch row they are "no such field" or not allowed.
const REFUSED: &[&str] = &["stream", "store", "config", "serviceTier", "service_tier", "labels"];

/// How the member whose name is the string token `name` stands.
pub(crate) fn standing(name: &[u8]) -> Standing {
    if KNOWN.iter().any(|known| text::spells(name, known)) {
        return Standing::Known;
    }
    match REFUSED.iter().find(|refused| text::spells(name, refused)) {
        Some(refused) => Standing::Refused(refused),
        None => Standing::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::{Standing, standing};

    #[test]
    fn both_spellings_are_known() {
        assert_eq!(standing(br#""toolConfig""#), Standing::Known);
        assert_eq!(standing(br#""tool_\u0063onfig""#), Standing::Known);
        assert_eq!(standing(br#""stream""#), Standing::Refused("stream"));
        assert_eq!(standing(br#""temperature""#), Standing::Unknown);
    }
}
