//! Keeps the key in our environment and memory from other programs of the same user, scorers above all.

/// From now on neither `/proc/PID/environ` nor a core file shows what this process holds; the programs that it
/// starts have environments of their own. Only Linux has this, and where it is refused all goes on as before.
pub(crate) fn close() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
            tracing::debug!(target: "run", %error, "other programs may look into this one");
        }
    }
}
