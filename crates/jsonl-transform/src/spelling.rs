//! Whether two spellings name one field: `system_instruction` and `systemInstruction` do.

use std::borrow::Cow;

use crate::text;

/// How names below a place are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Names {
    #[default]
    /// They are the API's: `camelCase` and `snake_case` are one.
    Fields,
    /// The next one is the user's, what is below it is the API's again.
    OneFree,
    /// They are the user's, all the way down.
    Free,
}

/// Maps from names of the user's to schemas.
const MAPS: &[&str] = &["properties", "$defs", "defs"];

/// Values that the API takes as they are.
const FREE: &[&str] = &["args", "response", "labels", "responseJsonSchema", "parametersJsonSchema"];

impl Names {
    /// How names below the member `name` are compared.
    pub(crate) fn below(self, name: &str) -> Self {
        let is_one_of = |list: &[&str]| list.iter().any(|known| self.same(name, known));
        match self {
            Self::Free => Self::Free,
            Self::Fields if is_one_of(MAPS) => Self::OneFree,
            Self::Fields if is_one_of(FREE) => Self::Free,
            Self::OneFree | Self::Fields => Self::Fields,
        }
    }

    /// Whether two names are one here.
    pub(crate) fn same(self, a: &str, b: &str) -> bool {
        a == b || self == Self::Fields && camel(a.as_bytes()).eq(camel(b.as_bytes()))
    }

    /// Whether the string token `token` (quotes included) spells `name` here.
    pub(crate) fn token_is(self, token: &[u8], name: &str) -> bool {
        match text::decode(token) {
            // Most names are plain; comparing the bytes first keeps them quick.
            Cow::Borrowed(plain) => self.same(plain, name),
            Cow::Owned(decoded) => self.same(&decoded, name),
        }
    }
}

/// The letters of a name in camelCase, as the API's own reader of JSON makes them.
fn camel(name: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let mut after_underscore = false;
    name.iter().filter_map(move |&byte| {
        if byte == b'_' {
            after_underscore = true;
            return None;
        }
        let letter = if after_underscore { byte.to_ascii_uppercase() } else { byte };
        after_underscore = false;
        Some(letter)
    })
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn both_cases_are_one_field_but_names_of_the_users_are_not() {
        for (a, b, same) in [
            ("systemInstruction", "system_instruction", true),
            ("topK", "top_k", true),
            ("topK", "topk", false),
            ("topK", "TopK", false),
            ("a", "ab", false),
        ] {
            assert_eq!(Names::Fields.same(a, b), same, "{a} {b}");
            assert!(!Names::Free.same(a, b) && !Names::OneFree.same(a, b));
        }
        assert!(Names::Fields.token_is(br#""top\u005fk""#, "topK"));
        assert_eq!(Names::Fields.below("properties"), Names::OneFree);
        assert_eq!(Names::OneFree.below("userName"), Names::Fields);
        assert_eq!(Names::Fields.below("response_json_schema"), Names::Free);
        assert_eq!(Names::Free.below("generationConfig"), Names::Free);
    }
}
