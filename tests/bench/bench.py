#!/usr/bin/env python3
"""Measures batch-eval beside curl and Google's Python SDK, all against one server on loopback.

    bench.py --program BIN --transfer BIN --bare BIN --sdk PYTHON --out FOLDER [--size MIB] [--rounds N] NAME…

Names: upload, download against the emulator; with `-bare` and `-tls` against a server that only takes and
gives bytes, as pipeline-big is; pipeline, sweep. Started by `cargo xtask bench`, which builds what is needed.
Contenders take turns, one warm-up and then N rounds; printed are medians, and ratios of runs that
stood side by side: they hold on other machines, seconds do not. One JSON file a name goes to FOLDER.
"""

import argparse
import datetime
import hashlib
import json
import math
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

from measure import in_turn, summary
from servers import BareServer, Server

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "data"))

import make  # noqa: E402

PEER = str(HERE / "peer.py")
MIB = 1 << 20
OURS = "batch-eval"
DIGESTED = "curl -T, openssl dgst beside it"
NOTEBOOK = "the notebook's steps"
# A key as batch-eval gives it: the row's number, and a hash of its request.
KEY = re.compile(rb'\br([0-9]{8,})-[0-9a-f]{8}(?=")')
# The notebook's way to download takes seven times the file in memory.
MOST_IN_MEMORY = 1 << 30


def write_rows(path, size):
    """Rows of about 45 KB up to `size` bytes. What stands beside a request comes back beside its
    answer, so the results are as long as the rows.
    """
    text = "Lorem ipsum dolor sit amet, consectetur adipiscing elit. " * 790
    written = number = 0
    with open(path, "wb") as out:
        while written < size:
            request = {"contents": [{"role": "user", "parts": [{"text": f"row {number}"}]}]}
            row = json.dumps({"key": f"r{number:08}", "request": request, "beside": text})
            written += out.write(row.encode() + b"\n")
            number += 1
    return written


def write_dataset(path, size):
    """Logged rows of about 45 KB: a request with its model, and the logged response."""
    text = "Lorem ipsum dolor sit amet, consectetur adipiscing elit. " * 780
    answer = {"candidates": [{"content": {"role": "model", "parts": [{"text": "ok"}]}}]}
    written = number = 0
    with open(path, "wb") as out:
        while written < size:
            contents = [{"role": "user", "parts": [{"text": f"row {number}: {text}"}]}]
            row = {"request": {"model": "models/old", "contents": contents}, "response": answer}
            written += out.write(json.dumps(row).encode() + b"\n")
            number += 1
    return number


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(MIB):
            digest.update(piece)
    return digest.hexdigest()


def digested(rows, words, env):
    """curl, and beside it the digest that our upload takes too: the same work in two processes."""
    both = 'openssl dgst -sha256 "$0" >&2 & "$@"; sent=$?; wait; exit $sent'
    return ["sh", "-c", both, str(rows), *words], env


def upload(given, server, folder):
    rows = folder / "rows.jsonl"
    size = write_rows(rows, given.size * MIB)

    def curl():
        url = server.session(size)
        words = ["curl", "--silent", "--show-error", "--fail", "--request", "POST"]
        for header in ("X-Goog-Upload-Command: upload, finalize", "X-Goog-Upload-Offset: 0", "Expect:"):
            words += ["--header", header]
        return [*words, "--upload-file", str(rows), url], None

    def arrived(name, _):
        sizes = [file["sizeBytes"] for file in server.files()]
        if sizes != [str(size)]:
            raise SystemExit(f"{name} sent {sizes}, not {size}")
        server.clear_files()

    contenders = {
        OURS: lambda: ([given.transfer, server.url, "upload", str(rows)], None),
        "curl -T": curl,
        DIGESTED: lambda: digested(rows, *curl()),
        "SDK files.upload": lambda: ([given.sdk, PEER, server.url, "upload", str(rows)], None),
    }
    return {"bytes": size, **table(in_turn(contenders, given.rounds, arrived))}


def download(given, server, folder):
    rows, out = folder / "rows.jsonl", folder / "results.jsonl"
    size = write_rows(rows, given.size * MIB)
    url = server.session(size)
    subprocess.run(
        ["curl", "-sS", "--fail", "-o", os.devnull, "-X", "POST", "-H", "Expect:",
         "-H", "X-Goog-Upload-Command: upload, finalize", "-H", "X-Goog-Upload-Offset: 0",
         "-T", str(rows), url], check=True,
    )
    rows.unlink()
    name = server.result_of(server.files()[0]["name"])
    link = f"{server.url}/v1beta/{name}:download?alt=media"
    seen = set()

    def arrived(contender, _):
        seen.add((out.stat().st_size, sha256(out)))
        if len(seen) > 1:
            raise SystemExit(f"{contender} got other bytes: {seen}")
        out.unlink()

    def sdk(way):
        return lambda: ([given.sdk, PEER, server.url, way, name, str(out)], None)

    contenders = {
        OURS: lambda: ([given.transfer, server.url, "download", name, str(out)], None),
        "curl -o": lambda: (["curl", "-sS", "--fail", "-o", str(out),
                             "-H", "x-goog-api-key: any-key", link], None),
        "SDK download(destination=)": sdk("stream"),
    }
    if given.size * MIB <= MOST_IN_MEMORY:
        contenders["SDK download, as the notebook"] = sdk("download")
    results = in_turn(contenders, given.rounds, arrived)
    server.clear_files()
    return {"bytes": next(iter(seen))[0], **table(results)}


def upload_bare(given, server, folder):
    rows = folder / "rows.jsonl"
    size = write_rows(rows, given.size * MIB)

    def curl():
        words = ["--request", "POST", "--upload-file", str(rows)]
        for header in ("X-Goog-Upload-Command: upload, finalize", "X-Goog-Upload-Offset: 0", "Expect:"):
            words += ["--header", header]
        return server.curl(*words, f"{server.url}/upload/v1beta/files?upload_id=1"), None

    def arrived(name, result):
        # The others look at what was stored themselves.
        if name in ("curl -T", DIGESTED) and str(size) not in result["printed"]:
            raise SystemExit(f"curl sent something else: {result['printed']}")

    contenders = {
        OURS: lambda: ([given.transfer, server.url, "upload", str(rows)], server.env()),
        "curl -T": curl,
        DIGESTED: lambda: digested(rows, *curl()),
        "SDK files.upload": lambda: ([given.sdk, PEER, server.url, "upload", str(rows)], server.env()),
    }
    return {"bytes": size, **table(in_turn(contenders, given.rounds, arrived))}


def download_bare(given, server, folder):
    out, name = folder / "results.jsonl", "files/batch-bare"
    link = f"{server.url}/v1beta/{name}:download?alt=media"
    seen = set()

    def arrived(contender, _):
        seen.add((out.stat().st_size, sha256(out)))
        if len(seen) > 1:
            raise SystemExit(f"{contender} got other bytes: {seen}")
        out.unlink()

    def sdk(way):
        return lambda: ([given.sdk, PEER, server.url, way, name, str(out)], server.env())

    contenders = {
        OURS: lambda: ([given.transfer, server.url, "download", name, str(out)], server.env()),
        "curl -o": lambda: (server.curl("--output", str(out), link), None),
        "SDK download(destination=)": sdk("stream"),
    }
    if given.size * MIB <= MOST_IN_MEMORY:
        contenders["SDK download, as the notebook"] = sdk("download")
    results = in_turn(contenders, given.rounds, arrived)
    return {"bytes": next(iter(seen))[0], **table(results)}


def pipeline(given, server, folder):
    """15 rows, two models, from the dataset to two scores."""
    sample = (HERE.parents[1] / "crates/cli/data/sample.jsonl").read_text(encoding="utf-8")
    rows = folder / "fifteen.jsonl"
    rows.write_text("".join(sample.splitlines(keepends=True)[:15]), encoding="utf-8")
    contenders = steps(given, server, folder, rows, ["sim-flash", "sim-pro"])
    contenders["import of the SDK"] = lambda: ([given.sdk, "-c", "from google import genai"], None)
    return {"rows": 15, **table(in_turn(contenders, given.rounds))}


def prepared(given, folder):
    """1 GB of short logged rows, and the answers to all of them with the keys that they will have, made
    beforehand: the server that gives them out does nothing else, so that no one waits for answering.
    """
    rows, keyed = folder / "dataset.jsonl", folder / "keyed.jsonl"
    answers, results = folder / "answers.jsonl", folder / "results.jsonl"
    n_rows = make.write(rows, "dataset", "short", 1_000_000_000, seed=1)
    subprocess.run([given.program, "transform", str(rows), "--output", str(keyed), "--quiet"], check=True)
    with open(keyed, "rb") as lines:
        keys = [KEY.search(line)[0] for line in lines]
    make.write(answers, "results", "short", math.inf, seed=1, most_rows=n_rows)
    with open(answers, "rb") as lines, open(results, "wb", buffering=MIB) as out:
        for line in lines:
            out.write(KEY.sub(lambda found: keys[int(found[1])], line, count=1))
    keyed.unlink()
    answers.unlink()
    return results


def pipeline_big(given, server, folder):
    """1 GB of short logged rows, one model, from the dataset to the score."""
    rows, results = folder / "dataset.jsonl", folder / "results.jsonl"

    def after(*_):
        for left in ("runs", "tmp"):
            shutil.rmtree(folder / left, ignore_errors=True)
            (folder / left).mkdir()

    after()
    contenders = steps(given, server, folder, rows, ["sim-flash"])
    found = in_turn(contenders, min(given.rounds, 3), after)
    _, _, n_rows = found[NOTEBOOK][0]["printed"].split()
    return {"rows": int(n_rows), "dataset_bytes": rows.stat().st_size,
            "result_bytes": results.stat().st_size, **table(found)}


def steps(given, server, folder, rows, models):
    """From a dataset to scores: ours, and the notebook's steps."""
    numbers = iter(range(1_000_000))

    def ours():
        words = [given.program, "run", str(rows), "--base-url", server.url, "--quiet",
                 "--runs-dir", str(folder / "runs"), "--name", f"run-{next(numbers)}",
                 "--accept-partial", "--poll-interval", "5ms"]
        for model in models:
            words += ["--model", model]
        return words, {**os.environ, "GEMINI_API_KEY": "any-key"}

    env = {**os.environ, "TMPDIR": str(folder / "tmp")}
    (folder / "tmp").mkdir(exist_ok=True)
    return {
        OURS: ours,
        NOTEBOOK: lambda: (
            [given.sdk, PEER, server.url, "notebook", str(rows), *models], env),
    }


def sweep(given, server, _):
    """One look at 10,000 jobs."""
    n_jobs = 10_000
    source = {"requests": {"requests": [{"request": {"contents": [{"parts": [{"text": "x"}]}]}}]}}
    for _ in range(n_jobs):
        server.job("sim-flash", source)
    contenders = {
        OURS: lambda: ([given.transfer, server.url, "sweep"], None),
        "SDK batches.list": lambda: ([given.sdk, PEER, server.url, "sweep"], None),
    }
    results = in_turn(contenders, min(given.rounds, 3))
    requests, jobs = map(int, results[OURS][0]["printed"].split())
    if jobs < n_jobs:
        raise SystemExit(f"only {jobs} jobs were listed")
    return {"jobs": jobs, "requests": requests, **table(results)}


def table(results):
    return {"contenders": summary(results, OURS)}


def machine():
    model = "unknown"
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return {
        "cpu": model, "cpus": len(os.sched_getaffinity(0)), "kernel": platform.release(),
        "load_before": os.getloadavg()[0],
        "day": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
    }


def store(folder, name, found):
    path = pathlib.Path(folder) / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def show(name, found):
    facts = ", ".join(f"{key} {value}" for key, value in found.items() if key != "contenders")
    print(f"\n{name}: {facts}")
    print(f"  {'':32}{'wall s':>9}{'cpu s':>9}{'peak MiB':>10}{'ours / it':>11}")
    for contender, row in found["contenders"].items():
        print(f"  {contender:32}{row['wall_s']:9.3f}{row['cpu_s']:9.3f}{row['peak_mib']:10.1f}"
              f"{row['ours_to_it']:11.3f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for option in ("--program", "--transfer", "--bare", "--sdk", "--out"):
        parser.add_argument(option, required=True)
    parser.add_argument("--size", type=int, default=256, help="MiB of a transfer")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    # Fast enough that a job ends at once, slow enough that files outlive the measuring.
    instant, calm = 1_000_000, 60

    def emulator(time_scale):
        return lambda folder: Server(given.program, folder, time_scale, "--control")

    def bare(tls):
        return lambda folder: BareServer(given.bare, folder, given.size * MIB, tls)

    def replaying(folder):
        return BareServer(given.bare, folder, prepared(given, folder), False)

    benches = {
        "upload": (upload, emulator(calm)), "download": (download, emulator(calm)),
        "upload-bare": (upload_bare, bare(False)), "download-bare": (download_bare, bare(False)),
        "upload-tls": (upload_bare, bare(True)), "download-tls": (download_bare, bare(True)),
        "pipeline": (pipeline, emulator(instant)), "pipeline-big": (pipeline_big, replaying),
        "sweep": (sweep, emulator(instant)),
    }
    # In memory where there is such a folder: no disk is measured.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    for name in given.names or benches:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=memory))
        bench, start = benches[name]
        server = start(folder)
        try:
            found = bench(given, server, folder)
        finally:
            server.stop()
            shutil.rmtree(folder, ignore_errors=True)
        show(name, found)
        sized = f"{name}-{given.size}mib" if "bytes" in found else name
        store(given.out, sized, {"machine": machine(), **found})


if __name__ == "__main__":
    main()
