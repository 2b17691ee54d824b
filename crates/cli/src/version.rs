//! What the program is called in `--version`: its version, and the commit it was built from where that is known.

/// `0.1.0 (a1b2c3d4e5 2026-11-23)`, or `0.1.0` where no commit is known.
pub(crate) const LONG: &str = env!("BATCH_EVAL_VERSION");
