//! The API key as a type that cannot be printed by accident.

use std::fmt;
use std::sync::Arc;

use reqwest::header::HeaderValue;

use crate::settings::SetupError;

/// An API key. It has no `Display`, its `Debug` shows nothing of it, and it goes out in one header
/// only.
///
/// ```
/// use gemini_client::ApiKey;
///
/// let key = ApiKey::new(" AIza-not-a-real-key\n")?;
/// assert_eq!(format!("{key:?}"), "ApiKey(****)");
/// assert!(ApiKey::new("two words").is_err());
/// # Ok::<(), gemini_client::SetupError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(Arc<str>);

impl ApiKey {
    const MAX_LEN: usize = 512;

    /// Takes a key; white space around it is dropped.
    ///
    /// # Errors
    /// [`SetupError::Key`] when what is left is empty, longer than 512 characters, or has
    /// anything but visible ASCII in it, or a quote. The message never shows it.
    pub fn new(text: &str) -> Result<Self, SetupError> {
        let key = text.trim();
        if key.is_empty() {
            return Err(SetupError::Key("it is empty"));
        }
        if key.len() > Self::MAX_LEN {
            return Err(SetupError::Key("it is longer than 512 characters"));
        }
        if !key.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(SetupError::Key(
                "only visible ASCII characters may stand in it, and no white space",
            ));
        }
        if key.contains(['"', '\'', '`']) {
            return Err(SetupError::Key("there is a quote in it"));
        }
        Ok(Self(key.into()))
    }

    pub(crate) fn header(&self) -> Result<HeaderValue, SetupError> {
        let mut value = HeaderValue::from_str(&self.0)
            .map_err(|_| SetupError::Key("it cannot stand in a header"))?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// The key itself, to be looked for in texts and taken out of them.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(****)")
    }
}

#[cfg(test)]
mod tests {
    use super::ApiKey;

    #[test]
    fn keys_are_trimmed_and_checked() {
        assert_eq!(ApiKey::new("\tAIzaKey\r\n").unwrap().expose(), "AIzaKey");
        let overlong = "k".repeat(513);
        for bad in ["", "  ", "a b", "a\nb", "\"k\"", "clé", "a\u{7f}b", &overlong] {
            let error = ApiKey::new(bad).expect_err("not a key").to_string();
            assert!(bad.trim().is_empty() || !error.contains(bad), "{error}");
        }
    }

    #[test]
    fn nothing_prints_a_key() {
        let key = ApiKey::new("AIzaSecretSecret").unwrap();
        assert_eq!(format!("{key:?}"), "ApiKey(****)");
        assert_eq!(format!("{:?}", key.header().unwrap()), "Sensitive");
    }
}
