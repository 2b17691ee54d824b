#!/usr/bin/env bash
# Runs or goes on with one run, writes its report to the step's summary, and ends as the run did.
set -uo pipefail

words=(run "$DATASET" --name "$NAME" --budget "$BUDGET" --deadline "$DEADLINE")
add() { # FLAG TEXT: each line of the text that is not empty, after the flag if there is one
  local line
  while IFS= read -r line; do
    line="${line#"${line%%[![:space:]]*}"}"
    line="${line%"${line##*[![:space:]]}"}"
    if [ -n "$line" ]; then words+=(${1:+"$1"} "$line"); fi
  done <<<"$2"
}
add --model "$MODELS"
add --gate "$GATE"
add "" "$WORDS"

code=0
"$BATCH_EVAL" "${words[@]}" || code=$?
folder="$BATCH_EVAL_RUNS_DIR/$NAME"
{
  echo "exit-code=$code"
  echo "run-folder=$folder"
} >>"$GITHUB_OUTPUT"

# Figures and sentences, and no rows: what the dataset and the models wrote stays in the run folder.
if [ -f "$folder/report/report.md" ]; then
  cat "$folder/report/report.md" >>"$GITHUB_STEP_SUMMARY"
fi
case "$code" in
11) echo "::warning::The gate is undecided: more rows are needed, or a wider margin." ;;
75)
  echo "::warning::The jobs are not over yet. They go on at the service; the next run of this workflow goes on with them."
  echo "batch-eval: the jobs of $NAME are not over yet; the next run of this workflow goes on with them." >>"$GITHUB_STEP_SUMMARY"
  ;;
esac
exit "$code"
