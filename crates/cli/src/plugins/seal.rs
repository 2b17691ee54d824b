//! A seal that only this user can have made: what tells the user's own run folders from those of others.

use std::fs;
use std::io::Read as _;
use std::path::PathBuf;

use run_store::atomic_write;

use crate::hashing::digest;

/// Bytes of chance in the secret.
const BYTES: u64 = 32;

/// A secret of this user on this machine, from which seals are made; it never leaves its file.
pub(crate) struct Sealer {
    secret: String,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer { .. }")
    }
}

impl Sealer {
    /// The user's, made on first use; `None` where the user has no folder for it.
    pub(crate) fn own() -> Option<Self> {
        let path = state_folder()?.join("seal.key");
        if let Some(sealer) = Self::read(&path) {
            return Some(sealer);
        }
        fs::create_dir_all(path.parent()?).ok()?;
        atomic_write(&path, fresh()?.as_bytes()).ok()?;
        // Of two processes that make one at a time the later one's stays.
        Self::read(&path)
    }

    /// The user's, if there is one.
    pub(crate) fn known() -> Option<Self> {
        Self::read(&state_folder()?.join("seal.key"))
    }

    fn read(path: &std::path::Path) -> Option<Self> {
        let secret = fs::read_to_string(path).ok()?.trim().to_owned();
        (secret.len() as u64 == 2 * BYTES).then_some(Self { secret })
    }

    /// The seal of a text.
    pub(crate) fn seal(&self, text: &str) -> String {
        // Twice, so that nothing can be added at the end.
        let inner = digest(format!("{}\n{text}", self.secret).as_bytes());
        digest(format!("{}\n{inner}", self.secret).as_bytes())
    }
}

/// Where programs keep what is the user's and no setting.
fn state_folder() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")))?;
    Some(base.join("batch-eval"))
}

fn fresh() -> Option<String> {
    let mut bytes = Vec::new();
    fs::File::open("/dev/urandom").ok()?.take(BYTES).read_to_end(&mut bytes).ok()?;
    let hex = bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    (hex.len() as u64 == 2 * BYTES).then_some(hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seals_are_of_a_secret_and_a_text() {
        let sealer = |secret: char| Sealer { secret: secret.to_string().repeat(64) };
        assert_eq!(sealer('a').seal("x"), sealer('a').seal("x"));
        assert_ne!(sealer('a').seal("x"), sealer('a').seal("y"));
        assert_ne!(sealer('a').seal("x"), sealer('b').seal("x"));
        assert_eq!(format!("{:?}", sealer('a')), "Sealer { .. }");
        assert_ne!(fresh(), fresh());
    }
}
