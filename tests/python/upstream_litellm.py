#!/usr/bin/env python3
"""LiteLLM's proxy, with mock answers, behind the emulator: rows go there and come back.

    upstream_litellm.py COMMAND...

COMMAND starts an emulator that forwards rows to the server at {url} with the key that is in the
environment variable UPSTREAM_KEY, and prints its base URL as its first line, as
`batch-eval emulator --listen 127.0.0.1:0 --upstream {url} --upstream-key-env UPSTREAM_KEY` does.
Nothing leaves this machine. Every step asserts what it got; the first surprise ends the program
with status 1. The last line printed is one JSON object with the counts.
"""

import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

KEY = "sk-check-1234"
GIVE_UP_AFTER = 120  # seconds
CALL = [
    {
        "id": "call_mock",
        "type": "function",
        "function": {"name": "flag_spam", "arguments": '{"why": "it pushes"}'},
    }
]
MODELS = {
    "mock-text": {"mock_response": "I have read it."},
    "mock-call": {"mock_response": "", "mock_tool_calls": CALL},
    "mock-busy": {"mock_response": "litellm.RateLimitError", "num_retries": 0},
}


class Surprise(Exception):
    """A step did not give what it should have given."""


def need(condition, what):
    if not condition:
        raise Surprise(what)


def ask(method, url, body=None, headers=None):
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method)
    for name, value in {"x-goog-api-key": "any", **(headers or {})}.items():
        request.add_header(name, value)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as response:
        return dict(response.headers), response.read()


def until(what, look):
    end = time.monotonic() + GIVE_UP_AFTER
    while time.monotonic() < end:
        try:
            found = look()
        except (urllib.error.URLError, OSError):
            found = None
        if found is not None:
            return found
        time.sleep(0.1)
    raise Surprise(f"{what} never came")


def start_proxy(folder):
    listed = [
        {"model_name": name, "litellm_params": {"model": "openai/none", "api_key": "none", **mock}}
        for name, mock in MODELS.items()
    ]
    # JSON is YAML.
    config = folder / "config.yaml"
    settings = {"num_retries": 0, "telemetry": False}
    router = {"num_retries": 0, "disable_cooldowns": True}
    config.write_text(
        json.dumps(
            {"model_list": listed, "litellm_settings": settings, "router_settings": router}
        )
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "LITELLM_MASTER_KEY": KEY,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "PYTHONUNBUFFERED": "1",
    }
    program = pathlib.Path(sys.executable).with_name("litellm")
    command = [program, "--config", config, "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "proxy.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)
    url = f"http://127.0.0.1:{port}"

    def ready():
        need(process.poll() is None, (folder / "proxy.log").read_text()[-2000:])
        return ask("GET", f"{url}/health/liveliness")

    until("the proxy", ready)
    return process, url


def row(key, **request):
    return {"key": key, "request": request}


def rows():
    text = [{"role": "user", "parts": [{"text": "Claim your prize!!!"}]}]
    schema = {"type": "OBJECT", "properties": {"why": {"type": "STRING", "nullable": True}}}
    tools = [{"functionDeclarations": [{"name": "flag_spam", "parameters": schema}]}]
    config = {
        "temperature": 0.5,
        "topP": 0.9,
        "maxOutputTokens": "64",
        "stopSequences": ["END"],
        "seed": 7,
        "responseMimeType": "application/json",
        "responseSchema": schema,
    }
    history = [
        *text,
        {"role": "model", "parts": [{"functionCall": {"name": "flag_spam", "args": {"why": "x"}}}]},
        {
            "role": "user",
            "parts": [{"functionResponse": {"name": "flag_spam", "response": {"done": True}}}],
        },
    ]
    dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    image = [{"parts": [{"text": "?"}, {"inlineData": {"mimeType": "image/png", "data": dot}}]}]
    forced = {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["flag_spam"]}}
    return [
        row("plain", contents=text),
        row("system", contents=text, systemInstruction={"parts": [{"text": "Be brief."}]}),
        row("tools", contents=text, tools=tools, toolConfig=forced),
        row("history", contents=history, tools=tools),
        row("config", contents=text, generationConfig=config),
        row("image", contents=image),
        row("search", contents=text, tools=[{"googleSearch": {}}]),
    ]


def upload(base):
    data = b"".join(json.dumps(one).encode() + b"\n" for one in rows())
    start = {
        "X-Goog-Upload-Protocol": "resumable",
        "X-Goog-Upload-Command": "start",
        "X-Goog-Upload-Header-Content-Length": str(len(data)),
        "X-Goog-Upload-Header-Content-Type": "application/json",
    }
    headers, _ = ask("POST", f"{base}/upload/v1beta/files", {"file": {}}, start)
    session = {name.lower(): value for name, value in headers.items()}["x-goog-upload-url"]
    commands = {"X-Goog-Upload-Command": "upload, finalize", "X-Goog-Upload-Offset": "0"}
    return json.loads(ask("POST", session, data, commands)[1])["file"]["name"]


def job(base, model, file):
    batch = {"batch": {"displayName": model, "inputConfig": {"fileName": file}}}
    made = ask("POST", f"{base}/v1beta/models/{model}:batchGenerateContent", batch)
    name = json.loads(made[1])["name"]

    def ended():
        seen = json.loads(ask("GET", f"{base}/v1beta/{name}")[1])
        return seen if seen.get("done") else None

    done = until(f"the end of {model}", ended)
    need(done["metadata"]["state"] == "BATCH_STATE_SUCCEEDED", done)
    output = done["response"]["responsesFile"]
    text = ask("GET", f"{base}/v1beta/{output}:download?alt=media")[1].decode()
    results = {result["key"]: result for result in map(json.loads, text.splitlines())}
    need(set(results) == {one["key"] for one in rows()}, f"{model} answered {sorted(results)}")
    search = results.pop("search")
    need(search["error"]["code"] == 3 and "googleSearch" in search["error"]["message"], search)
    return results


def check(base):
    file = upload(base)
    for key, result in job(base, "mock-text", file).items():
        need("response" in result, result)
        response = result["response"]
        candidate = response["candidates"][0]
        need(candidate["content"]["parts"] == [{"text": "I have read it."}], (key, candidate))
        need(candidate["finishReason"] == "STOP", (key, candidate))
        usage = response["usageMetadata"]
        total = usage["promptTokenCount"] + usage["candidatesTokenCount"]
        need(usage["totalTokenCount"] == total > 0, (key, usage))
        need(response["modelVersion"] and response["responseId"], (key, response))
    for key, result in job(base, "mock-call", file).items():
        parts = result["response"]["candidates"][0]["content"]["parts"]
        call = parts[-1]["functionCall"]
        need((call["name"], call["args"]) == ("flag_spam", {"why": "it pushes"}), (key, parts))
    for key, result in job(base, "mock-busy", file).items():
        need(result["error"]["code"] == 8, (key, result))
    for key, result in job(base, "mock-unknown", file).items():
        need(result["error"]["code"] in (3, 5), (key, result))
    return {"jobs": 4, "rows": 4 * len(rows())}


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        proxy, url = start_proxy(pathlib.Path(folder))
        emulator = None
        try:
            command = [word.replace("{url}", url) for word in sys.argv[1:]]
            environment = {**os.environ, "UPSTREAM_KEY": KEY}
            emulator = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
            counts = check(emulator.stdout.readline().strip())
        except Surprise as surprise:
            sys.exit(f"surprise: {surprise}")
        finally:
            for process in (emulator, proxy):
                if process is not None:
                    process.kill()
                    process.wait()
    print(json.dumps(counts))


if __name__ == "__main__":
    main()
