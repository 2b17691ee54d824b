#!/usr/bin/env python3
"""The steps of Google's batch evaluation notebook, written anew with the standard library alone.

The first two commands do what one cell of the notebook does each, the others compare:

    notebook.py transform IN OUT     take `request.model` and `response` out of every row
    notebook.py score RESULTS        count the rows whose last part is a function call
    notebook.py compare THEIRS OURS  are two transformed files equal, as JSON values, row by row?
    notebook.py agree RESULTS SCORE  does `batch-eval score RESULTS --json` (SCORE) count the same?
    notebook.py unkey IN OUT         take the keys away, as the notebook's own result files have none

Each prints one JSON object; `compare` and `agree` end with status 1 when there is a difference.
The tests hold `batch-eval transform` and `batch-eval score` against these.
"""

import json
import sys

# What `compare` leaves out of both files: the key that batch-eval gives to every row.
OUR_KEY = "key"
# What the notebook says of an empty result file.
NO_RESULTS = "no results"


def transform(source, target):
    """Writes every row of `source` to `target` without its model and its logged response."""
    rows = 0
    with open(source, encoding="utf-8") as lines, open(target, "w", encoding="utf-8") as out:
        for line in lines:
            row = json.loads(line)
            row["request"].pop("model", None)
            row.pop("response", None)
            out.write(json.dumps(row) + "\n")
            rows += 1
    return rows


def is_correct(row):
    """The notebook's rule: the last part of the first candidate holds a function call.

    The notebook catches a missing member; here every shape without such a part is simply wrong.
    """
    try:
        last = row["response"]["candidates"][0]["content"]["parts"][-1]
    except (KeyError, IndexError, TypeError):
        return False
    return isinstance(last, dict) and "functionCall" in last


def score(results):
    """Counts one result file: rows, correct ones, and the line that the notebook prints."""
    rows = correct = 0
    with open(results, encoding="utf-8") as lines:
        for line in lines:
            rows += 1
            correct += is_correct(json.loads(line))
    percent = 100.0 * correct / rows if rows else None
    return {"rows": rows, "correct": correct, "percent": percent, "text": shown(percent, 1)}


def compare(theirs, ours, beside=("request",)):
    """Compares two transformed files; returns the counts and the first few differences.

    The notebook leaves members that stand beside `request` where they are. batch-eval keeps them
    in the run folder and sends `key` and `request` only, so the members compared are `beside`.
    """
    left, right = read(theirs), read(ours)
    different = []
    if len(left) != len(right):
        different.append(f"{len(left)} rows in {theirs}, {len(right)} in {ours}")
    keys = [row.get(OUR_KEY) for row in right]
    if len(set(map(str, keys))) != len(keys) or not all(isinstance(key, str) for key in keys):
        different.append("the keys of the second file are not unique texts")
    for number, (one, other) in enumerate(zip(left, right), start=1):
        extra = set(other) - set(beside) - {OUR_KEY}
        if extra:
            different.append(f"row {number}: unexpected members {sorted(extra)}")
        for member in beside:
            if not same(one.get(member), other.get(member)):
                different.append(f"row {number}: {member} differs")
    return {"rows": len(left), "equal": not different, "different": different[:20]}


def agree(results, report):
    """Compares our count of a result file with what `batch-eval score --json` printed of it."""
    counts = score(results)
    with open(report, encoding="utf-8") as text:
        printed = json.load(text)
    different = []

    def need_equal(what, theirs, ours):
        if theirs != ours:
            different.append(f"{what}: {theirs} by the notebook's rule, {ours} by batch-eval")

    column = find(printed, "submitted") or {}
    scored = find(column, "passes") or {}
    need_equal("correct rows", counts["correct"], scored.get("passes", 0))
    need_equal("rows", counts["rows"], column.get("submitted", 0))
    need_equal("percent", shown(counts["percent"], 1), shown(scored.get("passes_of_submitted"), 100))
    return {"rows": counts["rows"], "equal": not different, "different": different}


def shown(share, factor):
    """A share as the notebook prints it."""
    return NO_RESULTS if share is None else f"{share * factor:.2f}%"


def find(value, member):
    """The first object that has this member, looking from the outside in."""
    level = [value]
    while level:
        for item in level:
            if isinstance(item, dict) and member in item:
                return item
        inner = []
        for item in level:
            inner += item.values() if isinstance(item, dict) else item if isinstance(item, list) else []
        level = inner
    return None


def unkey(source, target):
    """Copies result rows without their keys, byte for byte otherwise as Python writes JSON."""
    rows = read(source)
    with open(target, "w", encoding="utf-8") as out:
        for row in rows:
            row.pop(OUR_KEY, None)
            out.write(json.dumps(row) + "\n")
    return len(rows)


def same(one, other):
    """Equality of JSON values that also tells 1 from 1.0 and from true, and 0.0 from -0.0."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def read(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def main(arguments):
    match arguments:
        case ["transform", source, target]:
            print(json.dumps({"rows": transform(source, target)}))
        case ["score", results]:
            print(json.dumps(score(results)))
        case ["compare", theirs, ours]:
            answer = compare(theirs, ours)
            print(json.dumps(answer))
            return 0 if answer["equal"] else 1
        case ["agree", results, report]:
            answer = agree(results, report)
            print(json.dumps(answer))
            return 0 if answer["equal"] else 1
        case ["unkey", source, target]:
            print(json.dumps({"rows": unkey(source, target)}))
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
