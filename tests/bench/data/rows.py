#!/usr/bin/env python3
"""Measures the passes over rows beside other programs on the same files, in turn.

    rows.py --program BIN --results BIN --python PYTHON --out FOLDER [--size MIB] [--seed N]
            [--rounds N] [--profile NAME]… [--without PEER]… [transform] [score] [join]

Started by `cargo xtask bench transform score join`, which builds and installs what is needed. All that
contenders give is compared in the warm-up, row by row, so that nobody wins by doing less; a peer that is
not installed is said to be missing. One table and one JSON file for each pass and profile.
"""

import argparse
import hashlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from bench import machine, store  # noqa: E402
from goals import LACKS, most_memory, verdicts  # noqa: E402
from make import MIB, TEMPLATES, write  # noqa: E402
from measure import in_turn  # noqa: E402

THREADS = (1, 2)
JQ_SCORE = """reduce inputs as $row ({rows: 0, good: 0, tokens: 0};
  .rows += 1
  | .good += (if (try ($row.response.candidates[0].content.parts[-1] | has("functionCall")) catch false)
              then 1 else 0 end)
  | .tokens += ($row.response.usageMetadata.totalTokenCount // 0))"""


def ours(threads):
    return f"batch-eval, {threads} thread" + "s" * (threads > 1)


class Peers:
    """Who is there, and the commands of each; `None` where a peer cannot do a thing."""

    def __init__(self, given):
        self.given = given
        self.scripts = {
            "python json": ["python3", "-B", str(HERE / "peers.py"), "json"],
            "orjson": [given.python, "-B", str(HERE / "peers.py"), "orjson"],
            "msgspec": [given.python, "-B", str(HERE / "peers.py"), "msgspec"],
            "duckdb": [given.python, "-B", str(HERE / "tables.py"), "duckdb", "2"],
            "polars": [given.python, "-B", str(HERE / "tables.py"), "polars", "2"],
        }
        self.versions, self.missing = {}, []
        asked = {name: [*words, "version"] for name, words in self.scripts.items()}
        asked |= {name: [name, "--version"] for name in ("jq", "jaq")}
        for name, words in asked.items():
            if name in given.without:
                self.missing.append(name)
            else:
                self.ask(name, words)
        self.ask("batch-eval", [given.program, "--version"])

    def ask(self, name, command):
        try:
            said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            self.versions[name] = said.strip()
        except (OSError, subprocess.CalledProcessError):
            self.missing.append(name)

    def there(self, commands):
        named = {name: words for name, words in commands.items() if name not in self.missing}
        return {name: lambda words=words: (words, None) for name, words in named.items()}

    def transform(self, source, folder):
        """Contenders, and the file that each writes."""
        program, commands, outputs = self.given.program, {}, {}

        def out(name):
            outputs[name] = folder / (name.replace(" ", "-").replace(",", "") + ".out")
            return str(outputs[name])

        for threads in THREADS:
            name = ours(threads)
            commands[name] = [program, "transform", source, "-o", out(name), "--quiet",
                              "--threads", str(threads)]
        commands["cp"] = ["cp", source, str(folder / "cp.out")]
        commands["wc -l"] = ["wc", "-l", source]
        for name, words in self.scripts.items():
            if name != "polars":
                commands[name] = [*words, "transform", source, out(name)]
        for name in ("jq", "jaq"):
            line = f"exec {name} -c 'del(.request.model, .response)' \"$1\" > \"$2\""
            commands[name] = ["sh", "-c", line, "sh", source, out(name)]
        return self.there(commands), outputs

    def score(self, source, n_rows):
        program, commands = self.given.program, {}
        for threads in THREADS:
            commands[ours(threads)] = [program, "score", source, "--json", "--threads", str(threads)]
        commands["the pass alone, keys verified"] = [
            self.given.results, "score", source, str(n_rows), "2"]
        commands["wc -l"] = ["wc", "-l", source]
        for name, words in self.scripts.items():
            commands[name] = [*words, "score", source]
        for name in ("jq", "jaq"):
            commands[name] = [name, "-n", "-c", JQ_SCORE, source]
        return self.there(commands)

    def join(self, first, second, n_rows):
        commands = {}
        for threads in THREADS:
            commands[ours(threads)] = [
                self.given.results, "join", first, second, str(n_rows), str(threads)]
        for name, words in self.scripts.items():
            commands[name] = [*words, "join", first, second]
        return self.there(commands)


def fingerprint(path):
    """How many rows, and the digest of all their requests as values in any order of members."""
    digest, rows = hashlib.sha256(), 0
    with open(path, "rb") as lines:
        for line in lines:
            request = json.loads(line)["request"]
            digest.update(json.dumps(request, sort_keys=True).encode())
            rows += 1
    return rows, digest.hexdigest()


def sums(printed):
    """What a contender counted: as a peer prints it, or as `batch-eval score --json` does."""
    found = json.loads(printed)
    if "report" in found:
        column = found["report"]["models"][0]
        found = {"rows": column["submitted"], "good": column["scores"][0]["passes"],
                 "tokens": column["tokens"]["total"]}
    return found


class Agreement:
    """Holds what each contender gave in its first run against what the first of them gave."""

    def __init__(self, of):
        self.of, self.first, self.seen = of, None, set()

    def __call__(self, name, result):
        if name in self.seen:
            return
        self.seen.add(name)
        gave = self.of(name, result)
        if gave is None:
            return
        self.first = self.first or (name, gave)
        if gave != self.first[1]:
            raise SystemExit(f"{name} gave {gave}, but {self.first[0]} {self.first[1]}")


def transform(peers, given, profile, folder):
    source = str(folder / "dataset.jsonl")
    rows = write(source, "dataset", profile, given.size * MIB, given.seed)
    contenders, outputs = peers.transform(source, folder)

    def written(name, _):
        return fingerprint(outputs[name]) if name in outputs else None

    results = in_turn(contenders, given.rounds, Agreement(written))
    return source, rows, results


def counted(name, result):
    return None if name == "wc -l" else sums(result["printed"])


def score(peers, given, profile, folder):
    source = str(folder / "results.jsonl")
    rows = write(source, "results", profile, given.size * MIB, given.seed + 1)
    contenders = peers.score(source, rows)
    return source, rows, in_turn(contenders, given.rounds, Agreement(counted))


def join(peers, given, profile, folder):
    first, second = str(folder / "flash.jsonl"), str(folder / "pro.jsonl")
    size = given.size * MIB
    rows = write(first, "results", profile, size, given.seed + 1)
    rows = max(rows, write(second, "results", profile, size, given.seed + 2, "pro"))
    contenders = peers.join(first, second, rows)
    return first, rows, in_turn(contenders, given.rounds, Agreement(counted))


def longest_line(path):
    with open(path, "rb") as lines:
        return max(map(len, lines))


def median(values):
    return round(statistics.median(values), 4)


def row_of(name, runs, results, what, profile):
    """One line of the table: medians, spread, and our wall time divided by this contender's."""
    walls = [run["wall"] for run in runs]
    ratios = {threads: median(mine["wall"] / run["wall"] for mine, run in zip(results[ours(threads)], runs))
              for threads in THREADS}
    # On a busy machine CPU time says more than the wall clock.
    cpu = median(mine["cpu"] / max(run["cpu"], 1e-4) for mine, run in zip(results[ours(1)], runs))
    return {
        "wall_s": median(walls), "wall_spread_s": [round(min(walls), 4), round(max(walls), 4)],
        "cpu_s": median(run["cpu"] for run in runs),
        "peak_mib": round(max(run["mib"] for run in runs), 1),
        "ours_to_it": ratios, "our_cpu_to_its": cpu, "goals": verdicts(what, profile, name, ratios),
        "lacks": LACKS.get(name),
    }


def show(what, profile, found):
    print(f"\n{what} {profile}: {found['bytes']} bytes, {found['rows']} rows, "
          f"{found['rounds']} rounds, seed {found['seed']}")
    print(f"  {'':30}{'wall s':>9}{'min–max':>14}{'cpu s':>8}{'peak MiB':>10}{'1 thr/it':>10}{'2 thr/it':>10}{'cpu/its':>9}")
    for name, row in found["contenders"].items():
        low, high = row["wall_spread_s"]
        spread = f"{low:.2f}–{high:.2f}"
        one, two = (row["ours_to_it"][threads] for threads in THREADS)
        print(f"  {name:30}{row['wall_s']:9.3f}{spread:>14}{row['cpu_s']:8.3f}{row['peak_mib']:10.1f}"
              f"{one:10.3f}{two:10.3f}{row['our_cpu_to_its']:9.3f}", flush=True)
        for goal in row["goals"]:
            held = "held" if goal["held"] else "NOT HELD"
            print(f"  {'':30}  goal: {goal['threads']} thr at most {goal['at_most']} of {name}: {held}")
    memory = found["memory"]
    held = "held" if memory["held"] else "NOT HELD"
    print(f"  {'':30}  goal: memory at most {memory['at_most_mib']} MiB: {held}")


def measured(what, profile, peers, given, folder):
    source, rows, results = {"transform": transform, "score": score, "join": join}[what](
        peers, given, profile, folder)
    contenders = {name: row_of(name, runs, results, what, profile) for name, runs in results.items()}
    # A join holds the verdicts of two files.
    most = most_memory(longest_line(source), rows * (2 if what == "join" else 1))
    peak = max(contenders[ours(threads)]["peak_mib"] for threads in THREADS)
    return {
        "bytes": os.path.getsize(source), "rows": rows, "rounds": given.rounds, "seed": given.seed,
        "versions": peers.versions, "missing": peers.missing, "contenders": contenders,
        "memory": {"peak_mib": peak, "at_most_mib": round(most, 1), "held": peak <= most},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for option in ("--program", "--results", "--python", "--out"):
        parser.add_argument(option, required=True)
    parser.add_argument("--size", type=int, default=256, help="MiB of a file")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", action="append", choices=list(TEMPLATES))
    parser.add_argument("--without", action="append", default=[], help="a peer to leave out: some take minutes")
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    peers = Peers(given)
    for name in peers.missing:
        print(f"left out, so not measured: {name}" if name in given.without else f"missing, so not measured: {name}")
    print(", ".join(f"{name} {version}" for name, version in peers.versions.items()))
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    profiles = given.profile or list(TEMPLATES)
    for what in given.names or ("transform", "score", "join"):
        # Pictures are in requests only, and a join reads nothing that a longer answer changes.
        wanted = {"transform": profiles, "score": ["short", "long"], "join": ["short"]}[what]
        for profile in (profile for profile in wanted if profile in profiles):
            folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=memory))
            before = machine()
            try:
                found = measured(what, profile, peers, given, folder)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            show(what, profile, found)
            store(given.out, f"{what}-{profile}-{given.size}mib", {"machine": before, **found})


if __name__ == "__main__":
    main()
