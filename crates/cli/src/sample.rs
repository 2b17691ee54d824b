//! The bundled dataset: made up by us, so that a first run needs nothing.

/// Its name in manifests and reports.
pub(crate) const LABEL: &str = "bundled sample";

/// Its rows.
pub(crate) const BYTES: &[u8] = include_bytes!("../data/sample.jsonl");
