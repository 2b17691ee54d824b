#!/usr/bin/env python3
"""Google's own SDK (google-genai) walks through the notebook's steps against a given server.

    sdk_roundtrip.py BASE_URL DATASET

BASE_URL is where `batch-eval emulator` listens, DATASET a JSONL file of logged rows. Every step
asserts what it got; the first surprise ends the program with status 1 and says which step it was.
The last line printed is one JSON object with the counts.
"""

import json
import os
import pathlib
import sys
import tempfile
import time
import traceback

import notebook

MODELS = ["sim-flash", "sim-pro"]
ENDED = {
    "JOB_STATE_SUCCEEDED",
    "JOB_STATE_FAILED",
    "JOB_STATE_CANCELLED",
    "JOB_STATE_EXPIRED",
}
POLL_EVERY = 0.1  # seconds; the server's time is scaled
GIVE_UP_AFTER = 120  # seconds


class Surprise(Exception):
    """A step did not give what it should have given."""


def need(condition, what):
    if not condition:
        raise Surprise(what)


def client_for(base_url, version):
    """The SDK, pointed at `base_url`; a key is needed but any will do."""
    from google import genai

    for name in ("GOOGLE_API_KEY", "GEMINI_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI"):
        os.environ.pop(name, None)
    options = {"base_url": base_url, "timeout": 60_000}
    if version:
        options["api_version"] = version
    return genai.Client(api_key="any-key-will-do", http_options=options)


def upload(client, path):
    uploaded = client.files.upload(
        file=path, config={"display_name": "eval dataset", "mime_type": "application/json"}
    )
    need(uploaded.name.startswith("files/"), f"odd file name {uploaded.name!r}")
    need(uploaded.size_bytes == path.stat().st_size, f"size_bytes is {uploaded.size_bytes}")
    need(uploaded.mime_type == "application/json", f"mime_type is {uploaded.mime_type}")
    need(uploaded.display_name == "eval dataset", f"display_name is {uploaded.display_name}")
    need(uploaded.expiration_time > uploaded.create_time, "the file expires before it begins")
    again = client.files.get(name=uploaded.name)
    need(again.name == uploaded.name, "files.get gives another file")
    need(again.state.name == "ACTIVE", f"state is {again.state}")
    need(again.sha256_hash == uploaded.sha256_hash, "sha256_hash changed between two looks")
    return uploaded


def create(client, model, uploaded, name):
    job = client.batches.create(model=model, src=uploaded.name, config={"display_name": name})
    need(job.name.startswith("batches/"), f"odd job name {job.name!r}")
    need(job.display_name == name, f"display_name is {job.display_name!r}")
    need(job.model == f"models/{model}", f"model is {job.model!r}")
    need(job.state.name in {"JOB_STATE_PENDING", "JOB_STATE_RUNNING"}, f"state is {job.state}")
    return job


def wait(client, name):
    """Polls until the job has ended, as the notebook does, only faster and with an end."""
    deadline = time.monotonic() + GIVE_UP_AFTER
    while True:
        job = client.batches.get(name=name)
        need(job.name == name, f"asked for {name}, got {job.name}")
        if job.state.name in ENDED:
            return job
        need(time.monotonic() < deadline, f"{name} is still {job.state} after {GIVE_UP_AFTER} s")
        time.sleep(POLL_EVERY)


def fetch(client, job, folder):
    """Downloads the results both ways the SDK knows: as bytes and to a file."""
    need(job.dest is not None and job.dest.file_name, f"{job.name} has no result file")
    content = client.files.download(file=job.dest.file_name)
    path = folder / f"{job.model.removeprefix('models/')}.jsonl"
    path.write_bytes(content)
    need(content.endswith(b"\n"), "the result file does not end in a line end")
    return path


def score(path, submitted):
    """Scores a result file by the notebook's rule and checks that it joins by key."""
    rows = notebook.read(path)
    keys = [row.get("key") for row in rows]
    need(len(set(keys)) == len(keys), "a key stands twice in the results")
    need(set(keys) <= set(submitted), "the results hold keys that were not sent")
    for row in rows:
        need(("response" in row) != ("error" in row), f"row {row['key']}: neither or both")
    counts = notebook.score(path)
    counts["errors"] = sum("error" in row for row in rows)
    return counts


def page(pager):
    """All items of a pager, and how many pages they came in."""
    items, pages = [], 1
    while True:
        items.extend(pager.page)
        try:
            pager.next_page()
        except IndexError:
            return items, pages
        pages += 1


def expect_error(action, code, what):
    from google.genai import errors

    try:
        action()
    except errors.APIError as error:
        need(error.code == code, f"{what}: expected {code}, got {error.code}: {error.message}")
        return
    raise Surprise(f"{what}: expected error {code}, got an answer")


def walk(base_url, dataset, version, step):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sdk-roundtrip-"))
    client = client_for(base_url, version)

    step("write the clear dataset")
    clear = folder / "clear_dataset.json"
    notebook.transform(dataset, clear)
    rows = notebook.read(clear)
    for number, row in enumerate(rows):
        row["key"] = f"row-{number}"
    clear.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    submitted = [row["key"] for row in rows]

    step("upload it and look at it")
    uploaded = upload(client, clear)

    step("create two jobs")
    jobs = [create(client, model, uploaded, f"resubmit with {model}") for model in MODELS]
    need(jobs[0].name != jobs[1].name, "two creates gave one job")

    step("poll to the end")
    ended = [wait(client, job.name) for job in jobs]
    for job in ended:
        need(job.state.name == "JOB_STATE_SUCCEEDED", f"{job.name} ended {job.state}")
        need(job.end_time is not None, f"{job.name} has ended without an end time")

    step("download and score")
    counts = {}
    for job, model in zip(ended, MODELS):
        counts[model] = score(fetch(client, job, folder), submitted)
    for model, count in counts.items():
        need(0 < count["correct"] < count["rows"], f"{model} is all or nothing: {count}")
    need(len({count["correct"] for count in counts.values()}) > 1 or differ(folder),
         "both models gave the very same answers")

    step("the result file can be downloaded but neither looked up nor deleted")
    result_file = ended[0].dest.file_name
    expect_error(lambda: client.files.get(name=result_file), 400, "files.get of a result file")
    expect_error(lambda: client.files.delete(name=result_file), 400, "files.delete of a result file")

    step("create and cancel a third job")
    third = create(client, MODELS[0], uploaded, "to be cancelled")
    client.batches.cancel(name=third.name)
    cancelled = wait(client, third.name)
    need(cancelled.state.name == "JOB_STATE_CANCELLED", f"ended {cancelled.state}")

    step("list the jobs, page by page, newest first")
    listed, pages = page(client.batches.list(config={"page_size": 2}))
    names = [job.name for job in listed]
    need(len(set(names)) == len(names), "a job is listed twice")
    mine = [name for name in names if name in {third.name, *(job.name for job in jobs)}]
    need(mine == [third.name, jobs[1].name, jobs[0].name], f"order of the list: {mine}")
    need(pages == (len(names) + 1) // 2, f"{len(names)} jobs came in {pages} pages of two")

    step("delete the third job")
    client.batches.delete(name=third.name)
    expect_error(lambda: client.batches.get(name=third.name), 404, "get of a deleted job")
    left, _ = page(client.batches.list(config={"page_size": 100}))
    need(third.name not in {job.name for job in left}, "a deleted job is still listed")

    step("list and delete the input file")
    files, _ = page(client.files.list(config={"page_size": 1}))
    need(uploaded.name in {file.name for file in files}, "the upload is not listed")
    client.files.delete(name=uploaded.name)
    expect_error(lambda: client.files.get(name=uploaded.name), 403, "get of a deleted file")

    step("a job on a deleted file is refused")
    try:
        client.batches.create(model=MODELS[0], src=uploaded.name)
    except Exception as error:  # noqa: BLE001
        need(getattr(error, "code", None) in (403, 404), f"refused oddly: {error}")
    else:
        raise Surprise("a job was created on a deleted file")
    return {"rows": len(submitted), "models": counts, "pages": pages}


def differ(folder):
    """Do the two result files differ in which rows are correct?"""
    right = [
        {row["key"] for row in notebook.read(folder / f"{model}.jsonl") if notebook.is_correct(row)}
        for model in MODELS
    ]
    return right[0] != right[1]


def big_upload(base_url, version, step):
    """A file of more than two 8 MiB chunks, and one of exactly two."""
    client = client_for(base_url, version)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sdk-big-"))
    for name, size in (("odd", 2 * 8_388_608 + 1_234_567), ("exact", 2 * 8_388_608)):
        step(f"upload a big file ({name})")
        path = folder / f"{name}.json"
        path.write_bytes((b"x" * 99 + b"\n") * (size // 100) + b"y" * (size % 100))
        uploaded = client.files.upload(file=path, config={"mime_type": "application/json"})
        need(uploaded.size_bytes == size, f"sent {size} bytes, {uploaded.size_bytes} arrived")
        client.files.delete(name=uploaded.name)


def main(arguments):
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    base_url, dataset = arguments
    steps = []
    try:
        import google.genai

        summary = {"sdk": google.genai.__version__}
        for version in (None, "v1beta"):  # the SDK's own default, and the one in every example
            note = lambda text, v=version or "default": steps.append(f"{text} ({v})")  # noqa: E731
            summary[version or "default"] = walk(base_url, dataset, version, note)
        big_upload(base_url, None, steps.append)
    except Exception as error:  # noqa: BLE001
        if not isinstance(error, Surprise):
            traceback.print_exc()
        print(f"failed at: {steps[-1] if steps else 'start'}: {error}", file=sys.stderr)
        return 1
    summary["steps"] = len(steps)
    print(json.dumps(summary))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
