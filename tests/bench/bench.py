#!/usr/bin/env python3
"""Measures batch-eval beside curl and Google's Python SDK, all against one emulator on loopback.

    bench.py --program BIN --transfer BIN --sdk PYTHON --out FOLDER [--size MIB] [--rounds N] NAME…

Names: upload, download, pipeline, sweep. Started by `cargo xtask bench`, which builds what is needed.
Contenders take turns, one warm-up and then N rounds; printed are medians, and ratios of runs that
stood side by side: they hold on other machines, seconds do not. One JSON file a name goes to FOLDER.
"""

import argparse
import datetime
import hashlib
import json
import os
import pathlib
import platform
import shutil
import subprocess
import tempfile
import time
import urllib.request

from measure import in_turn, summary

HERE = pathlib.Path(__file__).resolve().parent
PEER = str(HERE / "peer.py")
MIB = 1 << 20
OURS = "batch-eval"
# The notebook's way to download takes seven times the file in memory.
MOST_IN_MEMORY = 1 << 30


class Server:
    """`batch-eval emulator`; a job takes 30 of its seconds, and a file lives for 48 of its hours."""

    def __init__(self, program, folder, time_scale, *further):
        words = [program, "emulator", "--listen", "127.0.0.1:0", "--time-scale", str(time_scale), *further]
        self.process = subprocess.Popen(
            [*words, "--state", str(folder / "emulator")],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        self.url = self.process.stdout.readline().strip()

    def call(self, method, path, body=None, headers=None):
        """One JSON call; gives headers and answer."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"x-goog-api-key": "any-key", "Content-Type": "application/json", **(headers or {})}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request) as answer:
            return answer.headers, json.loads(answer.read() or b"{}")

    def session(self, size):
        """A new upload session's URL."""
        headers = {
            "X-Goog-Upload-Protocol": "resumable", "X-Goog-Upload-Command": "start",
            "X-Goog-Upload-Header-Content-Length": str(size),
            "X-Goog-Upload-Header-Content-Type": "application/json",
        }
        got, _ = self.call("POST", "/upload/v1beta/files", {"file": {}}, headers)
        return got["X-Goog-Upload-URL"]

    def files(self):
        return self.call("GET", "/v1beta/files?pageSize=100")[1].get("files", [])

    def clear_files(self):
        for file in self.files():
            self.call("DELETE", f"/v1beta/{file['name']}")

    def job(self, model, source):
        path = f"/v1beta/models/{model}:batchGenerateContent"
        batch = {"batch": {"displayName": "bench", "inputConfig": source}}
        return self.call("POST", path, batch)[1]["name"]

    def result_of(self, file):
        """The result file of a job on an uploaded file, once the job has ended."""
        job = self.job("sim-flash", {"fileName": file})
        while not self.call("GET", f"/v1beta/{job}")[1].get("done"):
            time.sleep(0.05)
        return f"files/{job.replace('batches/', 'batch-')}"

    def stop(self):
        self.process.kill()
        self.process.wait()


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


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(MIB):
            digest.update(piece)
    return digest.hexdigest()


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
    if size < MOST_IN_MEMORY:
        contenders["SDK download, as the notebook"] = sdk("download")
    results = in_turn(contenders, given.rounds, arrived)
    server.clear_files()
    return {"bytes": next(iter(seen))[0], **table(results)}


def pipeline(given, server, folder):
    """15 rows, two models, from the dataset to two scores."""
    sample = (HERE.parents[1] / "crates/cli/data/sample.jsonl").read_text(encoding="utf-8")
    rows = folder / "fifteen.jsonl"
    rows.write_text("".join(sample.splitlines(keepends=True)[:15]), encoding="utf-8")
    models = ["sim-flash", "sim-pro"]
    numbers = iter(range(1_000_000))

    def ours():
        words = [given.program, "run", str(rows), "--base-url", server.url, "--quiet",
                 "--runs-dir", str(folder / "runs"), "--name", f"run-{next(numbers)}",
                 "--accept-partial", "--poll-interval", "5ms"]
        for model in models:
            words += ["--model", model]
        return words, {**os.environ, "GEMINI_API_KEY": "any-key"}

    contenders = {
        OURS: ours,
        "the notebook's steps": lambda: (
            [given.sdk, PEER, server.url, "notebook", str(rows), *models], None),
        "import of the SDK": lambda: ([given.sdk, "-c", "from google import genai"], None),
    }
    results = in_turn(contenders, given.rounds)
    server.clear_files()
    return {"rows": 15, **table(results)}


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
    for option in ("--program", "--transfer", "--sdk", "--out"):
        parser.add_argument(option, required=True)
    parser.add_argument("--size", type=int, default=256, help="MiB of a transfer")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    # Fast enough that a job ends at once, slow enough that files outlive the measuring.
    instant, calm = 1_000_000, 60
    benches = {
        "upload": (upload, calm), "download": (download, calm),
        "pipeline": (pipeline, instant), "sweep": (sweep, instant),
    }
    # In memory where there is such a folder: no disk is measured.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    for name in given.names or benches:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=memory))
        bench, time_scale = benches[name]
        server = Server(given.program, folder, time_scale)
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
