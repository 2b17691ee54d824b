#!/usr/bin/env python3
"""1.9 GB up and down with kill -9 in the middle: nothing is sent twice, every byte arrives, memory stays.

    big.py --program BIN --transfer BIN --out FOLDER [--size MIB]

Started by `cargo xtask bench big`. The upload is a run of the program, killed three times and resumed;
the download is that of a result file as long as its input, killed once. Takes a few minutes and about
four times the size in memory-backed space.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from bench import MIB, machine, sha256, store, write_dataset, write_rows
from measure import Peak
from servers import Server

# What is done of an upload when its process is killed.
DEATHS = (0.2, 0.5, 0.8)
# Promised is 32 MiB and four times the longest line; a line is 45 KB here.
MOST_MIB = 32.2


def need(holds, what):
    if not holds:
        raise SystemExit(f"big: {what}")


def held(folder):
    """Bytes in a folder that somebody else writes to."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total


def started(words, env=None):
    process = subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    peak = Peak(process.pid)
    peak.start()
    return process, peak


def killed_at(words, env, grown):
    """Runs a program until `grown()` and kills it; gives its peak memory in MiB."""
    process, peak = started(words, env)
    while not grown():
        need(process.poll() is None, f"it ended before it could be killed: {process.returncode}")
        time.sleep(0.002)
    process.kill()
    process.communicate()
    return peak.kib / 1024


def ended(words, env=None):
    process, peak = started(words, env)
    errors = process.communicate()[1]
    need(process.returncode == 0, f"exit {process.returncode}: {errors.decode()}")
    return peak.kib / 1024


def up(given, server, folder):
    dataset, runs = folder / "dataset.jsonl", folder / "runs"
    n_rows = write_dataset(dataset, given.size * MIB)
    env = {**os.environ, "GEMINI_API_KEY": "any-key"}
    words = [given.program, "run", str(dataset), "--runs-dir", str(runs), "--name", "big", "--quiet",
             "--base-url", server.url, "--model", "sim-flash", "--accept-partial",
             "--poll-interval", "100ms", "--settle", "1s"]
    began = time.monotonic()
    peaks = [ended([*words, "--until", "prepared"], env)]
    dataset.unlink()
    shards = sorted((runs / "big" / "input").glob("s*.jsonl"))
    size = sum(shard.stat().st_size for shard in shards)
    resume = [given.program, "resume", "big", "--runs-dir", str(runs), "--quiet", "--accept-partial",
              "--poll-interval", "100ms", "--settle", "1s"]
    # The moment the store outgrows what it held at first by this much, the process dies.
    at_first = held(folder / "emulator")
    for share in DEATHS:
        mark = at_first + share * size
        peaks.append(killed_at(resume, env, lambda: held(folder / "emulator") > mark))
    stood = held(folder / "emulator")
    peaks.append(ended(resume, env))
    wall = time.monotonic() - began

    ours = sorted(sha256(shard) for shard in shards)
    history = server.call("GET", "/__emulator/history")[1]
    starts = [seen for seen in history["requests"] if seen.get("command") == "start"]
    need(len(starts) == len(shards), f"{len(starts)} sessions for {len(shards)} files")
    need(len(history["creates"]) == len(shards), f"{len(history['creates'])} jobs")
    theirs = sorted(kept(folder / "emulator", size, len(shards)))
    need(ours == theirs, f"sent {ours}, kept {theirs}")
    report = json.loads((runs / "big" / "report" / "report.json").read_text(encoding="utf-8"))
    need(str(n_rows) in json.dumps(report), "the report does not know all rows")
    return {"rows": n_rows, "bytes": size, "deaths": len(DEATHS), "stood_at": stood,
            "wall_s": round(wall, 1), "peak_mib": round(max(peaks), 1)}


def kept(folder, size, n_files):
    """The hashes of the largest files that the emulator keeps: the uploads."""
    files = sorted((path for path in folder.rglob("*") if path.is_file()),
                   key=lambda path: path.stat().st_size)[-n_files:]
    need(sum(path.stat().st_size for path in files) == size, "the uploads have another length")
    return [sha256(path) for path in files]


def down(given, server, folder):
    rows, out = folder / "rows.jsonl", folder / "results.jsonl"
    write_rows(rows, given.size * MIB)
    up_peak = ended([given.transfer, server.url, "upload", str(rows)])
    rows.unlink()
    name = server.result_of(server.files()[0]["name"])
    link = f"{server.url}/v1beta/{name}:download?alt=media"
    subprocess.run(["curl", "-sS", "--fail", "-o", str(out), "-H", "x-goog-api-key: k", link], check=True)
    whole, size = sha256(out), out.stat().st_size
    out.unlink()
    words = [given.transfer, server.url, "download", name, str(out)]
    peaks = [up_peak, killed_at(words, None, lambda: out.exists() and out.stat().st_size > size / 2)]
    began = time.monotonic()
    peaks.append(ended(words))
    wall = time.monotonic() - began
    need(sha256(out) == whole, "the download differs from curl's")
    return {"bytes": size, "deaths": 1, "wall_s": round(wall, 1), "peak_mib": round(max(peaks), 1)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for option in ("--program", "--transfer", "--out"):
        parser.add_argument(option, required=True)
    parser.add_argument("--size", type=int, default=1812, help="MiB")
    given = parser.parse_args()
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    found = {}
    for name, act in (("up", up), ("down", down)):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="big-", dir=memory))
        server = Server(given.program, folder, 60, "--control")
        try:
            found[name] = act(given, server, folder)
        finally:
            server.stop()
            shutil.rmtree(folder, ignore_errors=True)
        print(f"{name}: {found[name]}", flush=True)
        need(found[name]["peak_mib"] < MOST_MIB, f"more than {MOST_MIB} MiB")
    store(given.out, f"big-{given.size}mib", {"machine": machine(), **found})


if __name__ == "__main__":
    main()
