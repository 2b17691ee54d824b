#!/usr/bin/env python3
"""What somebody would do with Google's Python SDK, as a process to be measured.

    peer.py BASE_URL upload FILE
    peer.py BASE_URL download NAME OUT      the whole file in memory, decoded, written: the notebook's way
    peer.py BASE_URL stream NAME OUT        straight to a file
    peer.py BASE_URL sweep                  every job, 100 a page
    peer.py BASE_URL notebook DATASET MODEL…  all steps of the notebook, its sleeps taken out
"""

import json
import os
import pathlib
import sys
import tempfile

from google import genai
from google.genai import types

JSON = {"mime_type": "application/json"}


def transform(source, target):
    with open(source, encoding="utf-8") as lines, open(target, "w", encoding="utf-8") as out:
        for line in lines:
            row = json.loads(line)
            row["request"].pop("model", None)
            row.pop("response", None)
            out.write(json.dumps(row) + "\n")


def is_correct(row):
    try:
        return "functionCall" in row["response"]["candidates"][0]["content"]["parts"][-1]
    except (KeyError, IndexError):
        return False


def notebook(client, dataset, models):
    folder = pathlib.Path(tempfile.mkdtemp())
    clear = folder / "clear.jsonl"
    transform(dataset, clear)
    uploaded = client.files.upload(file=clear, config=JSON)
    jobs = [client.batches.create(model=model, src=uploaded.name) for model in models]
    for model, job in zip(models, jobs):
        while job.state.name not in {"JOB_STATE_SUCCEEDED", "JOB_STATE_FAILED"}:
            job = client.batches.get(name=job.name)
        content = client.files.download(file=job.dest.file_name).decode("utf-8")
        results = folder / f"{model}.jsonl"
        results.write_text(content, encoding="utf-8")
        rows = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
        print(model, sum(map(is_correct, rows)), len(rows))


def main(base_url, command, *words):
    options = types.HttpOptions(base_url=base_url)
    client = genai.Client(api_key="any-key", http_options=options)
    if command == "upload":
        uploaded = client.files.upload(file=words[0], config=JSON)
        assert uploaded.size_bytes == os.path.getsize(words[0]), uploaded
        print(uploaded.name)
    elif command == "download":
        content = client.files.download(file=words[0])
        pathlib.Path(words[1]).write_text(content.decode("utf-8"), encoding="utf-8")
    elif command == "stream":
        client.files.download(file=words[0], destination=words[1])
    elif command == "sweep":
        print(sum(1 for _ in client.batches.list(config={"page_size": 100})))
    elif command == "notebook":
        notebook(client, words[0], words[1:])
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
