//! What must hold of every error that is shown: short, fit for a terminal, without a secret, of help.

use std::error::Error;
use std::iter;

use gemini_client::batch_backend::BackendError;

use super::KEY;

/// 500 characters of a message and of the quotas with it, each escaped at its longest, and the words around.
const LONGEST: usize = 2 * 500 * "\\u{10ffff}".len() + 400;

const MARK: &str = "upload_id=";
const HIDDEN: &str = "[secret]";

pub(super) fn check(error: &BackendError) {
    assert!(error.hint().is_some_and(|hint| !hint.is_empty()), "no hint: {error:?}");
    let first: &(dyn Error + 'static) = error;
    for cause in iter::successors(Some(first), |error| (*error).source()) {
        let shown = cause.to_string();
        assert!(!shown.chars().any(is_treacherous), "{shown:?} is shown");
        assert!(shown.chars().count() <= LONGEST, "{} bytes are shown", shown.len());
        for words in [shown, format!("{cause:?}")] {
            assert!(!words.contains(KEY), "the key is in {words:?}");
            assert!(words.split(MARK).skip(1).all(is_hidden), "an upload id is in {words:?}");
        }
    }
}

/// Whether a secret was taken out at this place, which may be where the text was cut.
fn is_hidden(rest: &str) -> bool {
    rest.starts_with(HIDDEN) || rest.split('…').next().is_some_and(|cut| HIDDEN.starts_with(cut))
}

/// Moves the cursor, or turns the direction of what is read.
fn is_treacherous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
