//! The implementations in memory pass the suites that the folder passes too.

use batch_orchestrator::{MemoryJournal, MemorySink, conformance};

#[test]
fn memory_journal_conforms() {
    let shared = MemoryJournal::default();
    conformance::journal(|| (shared.clone(), shared.events()));
}

#[test]
fn memory_sink_conforms() {
    let sink = MemorySink::default();
    conformance::sink(&sink, |job| sink.kept(job));
}
