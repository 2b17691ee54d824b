#!/usr/bin/env python3
"""Google's Python SDK (google-genai) before sizes, states and faults; the walk is in sdk_roundtrip.py.

    sdk_faults.py BASE_URL SCRIPTED_URL

Two emulators listen there, the second with ../fixtures/sdk_script.json. What the SDK itself makes of
a fault is asserted too, so that a change of the emulator or of the SDK shows. The last line printed
is one JSON object with the number of steps.
"""

import json
import pathlib
import sys
import tempfile
import traceback

from sdk_roundtrip import Surprise, client_for, expect_error, need, page, wait

CHUNK = 8_388_608
ROW = b'{"key":"k","request":{"contents":[{"parts":[{"text":"xxxxxxxx"}]}]}}\n'
JSON = {"mime_type": "application/json"}


def made(folder, name, size):
    path = folder / name
    path.write_bytes((ROW * (size // len(ROW) + 1))[:size])
    return path


def sizes(client, folder, step):
    """Uploads of sizes at and beside the chunk's, an empty file, and a list of them in pages."""
    names = []
    for size in (0, 1, CHUNK, CHUNK + 1, 2 * CHUNK):
        step(f"upload {size} bytes")
        path = made(folder, f"size-{size}.json", size)
        uploaded = client.files.upload(file=path, config=JSON)
        # A zero is left out of the answer.
        need((uploaded.size_bytes or 0) == size, f"{uploaded.size_bytes} of {size} bytes arrived")
        names.append(uploaded.name)

    step("list the files, two a page")
    files, pages = page(client.files.list(config={"page_size": 2}))
    need({file.name for file in files} == set(names), f"listed: {[file.name for file in files]}")
    need(pages == 3, f"5 files came in {pages} pages of two")

    step("a file of a chosen name")
    chosen = client.files.upload(
        file=made(folder, "mine.json", 100), config={**JSON, "name": "my-file-0"}
    )
    need(chosen.name == "files/my-file-0", f"it is called {chosen.name}")
    for name in (*names, chosen.name):
        client.files.delete(name=name)
    need(page(client.files.list())[0] == [], "files are left")

    step("an empty list of jobs")
    need(page(client.batches.list())[0] == [], "there are jobs")


def created(client, model, source):
    return client.batches.create(model=model, src=source).name


def states(client, source, step):
    step("every end has its state")
    for model, state in (
        ("sim-failing", "JOB_STATE_FAILED"),
        ("sim-expiring", "JOB_STATE_EXPIRED"),
    ):
        job = wait(client, created(client, model, source))
        need(job.state.name == state, f"{model} ended {job.state}")
        need(job.dest is None, f"{model} has results")

    step("a state that the SDK does not know is passed through")
    name = created(client, "sim-partial", source)
    for _ in range(1200):
        job = client.batches.get(name=name)
        if job.end_time:
            break
    need(job.state == "BATCH_STATE_PARTIALLY_SUCCEEDED", f"it ended {job.state}")
    need(not job.done, "the SDK calls it done")

    step("a cancelled job may go on")
    name = created(client, "sim-stubborn", source)
    client.batches.cancel(name=name)
    job = wait(client, name)
    need(job.state.name == "JOB_STATE_SUCCEEDED", f"it ended {job.state}")


def faults(client, source, folder, step):
    step("503 on a chunk: the SDK sends the chunk again")
    uploaded = client.files.upload(file=made(folder, "busy.json", CHUNK + 5), config=JSON)
    need(uploaded.size_bytes == CHUNK + 5, f"{uploaded.size_bytes} bytes arrived")
    whole = client.files.upload(file=made(folder, "calm.json", CHUNK + 5), config=JSON)
    need(whole.sha256_hash == uploaded.sha256_hash, "what arrived is not what was sent")

    step("429")
    expect_error(lambda: created(client, "sim-quota", source), 429, "create over quota")

    step("a create whose answer is lost has made a job")
    try:
        created(client, "sim-lost", source)
    except Exception as error:  # noqa: BLE001
        need(getattr(error, "code", None) is None, f"there was an answer: {error}")
    else:
        raise Surprise("no error for a lost answer")
    jobs, _ = page(client.batches.list(config={"page_size": 3}))
    need([job.model for job in jobs].count("models/sim-lost") == 1, "the job is not listed once")

    step("a download that is cut is an error, the next is whole")
    job = wait(client, created(client, "sim-damaged", source))
    try:
        client.files.download(file=job.dest.file_name)
    except Exception as error:  # noqa: BLE001
        need("RemoteProtocolError" in type(error).__name__, f"another error: {error!r}")
    else:
        raise Surprise("a cut download went unnoticed")
    text = client.files.download(file=job.dest.file_name).decode()
    need("\n\n" in text, "no blank lines in the damaged results")
    rows = [json.loads(line) for line in text.splitlines() if line]
    need(sorted(row["key"] for row in rows) == ["b", "b", "c", "d"], "other rows are damaged")
    errors = [row["key"] for row in rows if "error" in row]
    need("c" in errors, f"errors in {errors}")

    step("HTML of a proxy")
    expect_error(lambda: client.files.delete(name=uploaded.name), 502, "delete through a gateway")
    client.files.delete(name=uploaded.name)


def main(arguments):
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    steps = []
    try:
        with tempfile.TemporaryDirectory(prefix="sdk-faults-") as folder:
            folder = pathlib.Path(folder)
            sizes(client_for(arguments[0], None), folder, steps.append)
            client = client_for(arguments[1], None)
            small = folder / "small.json"
            rows = ({"key": k, "request": {"contents": [{"parts": [{"text": k}]}]}} for k in "abcd")
            small.write_text("".join(json.dumps(row) + "\n" for row in rows))
            source = client.files.upload(file=small, config=JSON).name
            states(client, source, steps.append)
            faults(client, source, folder, steps.append)
    except Exception as error:  # noqa: BLE001
        if not isinstance(error, Surprise):
            traceback.print_exc()
        print(f"failed at: {steps[-1] if steps else 'start'}: {error}", file=sys.stderr)
        return 1
    print(json.dumps({"steps": len(steps)}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
