//! Examples of commands whose words are shared with others: they stand with the command, not with its words.

pub(super) const RESUME: &str = "Examples:
  batch-eval resume                          the newest run
  batch-eval resume friday --accept-partial
  batch-eval resume friday --adopt batches/abc123   it is the one in doubt
  batch-eval resume friday --refetch         a result file was damaged";

pub(super) const STATUS: &str = "Examples:
  batch-eval status
  batch-eval status friday
  batch-eval status friday --json | jq .counts";

pub(super) const WATCH: &str = "Examples:
  batch-eval watch friday
  batch-eval watch friday --poll-interval 30s
  batch-eval watch friday --json | jq -r .type";

pub(super) const CANCEL: &str = "Examples:
  batch-eval cancel friday
  batch-eval cancel friday && batch-eval resume friday   fetch what is paid for";

pub(super) const JUDGE: &str = "Examples:
  batch-eval judge template rubric > rubric.txt
  batch-eval judge template pairwise | less";
