#!/usr/bin/env python3
"""Holds batch-eval against Python's own JSON reader, on odd rows from a seed and on damaged ones.

    differential.py transform PROGRAM FOLDER ROWS SEED   which rows are good, and every byte of them
    differential.py score PROGRAM FOLDER ROWS SEED       outcomes, passes and tokens of result rows

The oracle reads a row with `json`, numbers as their digits, finds where its members stand, and cuts: what
it expects of a good row is bytes, not values. Prints one JSON object; ends with status 1 on a difference.
"""

import json
import pathlib
import re
import subprocess
import sys
from json.decoder import scanstring

from odd_json import Odd

DEEPEST = 128
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
BLANK = re.compile(r"[ \t\n\r]*")
LINE = re.compile(rb'\{"key":"r(\d{8,})-([0-9a-f]{8})","request":(.*)\}', re.DOTALL)
OUTCOMES = ("answered", "truncated", "blocked", "empty", "error", "unparsable")
WITHHELD = {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE", "IMAGE_SAFETY",
            "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"}
# Hand-made rows whose verdict or bytes are easy to get wrong.
ADVERSARIAL = [
    b'{"re\\u0071uest":{"mo\\u0064el":1,"contents":[1]},"res\\u0070onse":2}',
    b'{"request":{"model":"a","contents":[1],"model":"b"}}', b'{"request":{"contents":[1]},"request":{"contents":[2]}}',
    b'{"request":{"contents":[1],"contents":[2]}}', b'{"request":{"contents":[ \t]}}', b'{"request":{"contents":{}}}',
    b'{"request":{"contents":[{"model":"kept","response":"kept"}],"tools":{"model":"kept"}},"model":"beside"}',
    b'{"request":{"contents":["}]}\\\\\\"{["],"model":"}]\\"{"},"response":"{\\"request\\":1}"}',
    b'{"request":{"contents":[1e400,-1e400,0.1000000000000000055,123456789012345678901234567890,1E+2,-0]}}',
    b'{"request":{"contents":["\\ud83d"],"\\udc00":1,"model":1}}', b'{"request":{"contents":["\xed\xa0\x80"]}}',
    b'{"request":{"contents":["\xff"]}}', b'{"request":{"contents":[1]},"response":"\xff"}', b'{"request":{"contents":[NaN]}}',
    b'{"request":{"contents":[1]},"response":-Infinity}', b'{"request":{"contents":[01]}}', b'{"request":{"contents":[1.]}}',
    b'{"request":{"contents":[1],}}', b'{"request":{"contents":[1]}} {}', b'{"request":{"contents":[1]}}\x00',
    b'{"request":{"contents":["\x01"]}}', b'{"request":{"contents":["\x7f"]}}', b'{"request":\r{"contents":[1]}}',
    b'\xef\xbb\xbf{"request":{"contents":[1]}}', b"null", b"[]", b'"request"', b"12", b"{}", b"", b"   ", b"\t", b'{"request":null}',
    b'{"request":[]}', b'{"request":{}}', b'{ "request" : { "model" : "m" , "contents" : [ 1 ] } , "response" : { } } ',
    b'{"request":{"contents":' + b"[" * 126 + b"1" + b"]" * 126 + b'}}', b'{"request":{"contents":' + b"[" * 127 + b"1" + b"]" * 127 + b'}}',
    b'{"request":{"contents":[1]},"response":' + b"[" * 127 + b"]" * 127 + b'}', b'{"request":{"contents":[1]},"response":' + b"[" * 128 + b"]" * 128 + b'}',
    b'{"request":{"contents":[1]},"response":' + b"[" * 9000 + b"]" * 9000 + b'}', b'{"request":{"contents":[1]},"response":' + b"[" * 9000,
    b'{"request":{"contents":["' + b"\\\\" * 700 + b'\\""]}}', b'{"request":{"contents":["\\ud83d\\ude00 \\/ \\u0000 \\b"]}}',
]


class Bad(ValueError):
    """The row cannot be sent."""


def refuse(constant):
    raise Bad(f"{constant} is not JSON")


READER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=refuse)


def members(text, at):
    """Name and place of each member of the object at `at` of valid text: (name, start, value, end)."""
    found = []
    at = BLANK.match(text, at + 1).end()
    while text[at] != "}":
        start = at
        name, at = scanstring(text, at + 1)
        at = BLANK.match(text, at).end() + 1
        value = BLANK.match(text, at).end()
        end = READER.raw_decode(text, value)[1]
        found.append((name, start, value, end))
        at = BLANK.match(text, end).end()
        if text[at] == ",":
            at = BLANK.match(text, at + 1).end()
    return found


def without(text, start, end, name):
    """The object's text without the members of this name, each with the comma that goes with it."""
    kept, last, cut_from = [], start, None
    kept_end = None
    for is_name, begins, _, ends in members(text, start):
        if is_name == name:
            cut_from = begins if cut_from is None else cut_from
            gone = ends
            continue
        if cut_from is not None:
            kept.append(text[last:cut_from])
            last, cut_from = begins, None
        kept_end = ends
    if cut_from is not None:
        kept.append(text[last:cut_from if kept_end is None else kept_end])
        last = gone
    return "".join(kept) + text[last:end]


def depth(text):
    deepest = now = 0
    for sign in STRING.sub("", text):
        if sign in "[{":
            now += 1
            deepest = max(deepest, now)
        elif sign in "]}":
            now -= 1
    return deepest


def whole(text):
    """Checks that the text is one value that is not too deep; gives where it begins and ends."""
    start = BLANK.match(text).end()
    try:
        end = READER.raw_decode(text, start)[1]
    except RecursionError as error:
        raise Bad("too deep") from error
    if BLANK.match(text, end).end() != len(text) or depth(text) > DEEPEST:
        raise Bad("text behind it, or too deep")
    return start, end


def only(found, name):
    named = [member for member in found if member[0] == name]
    if len(named) != 1:
        raise Bad(f"{len(named)} members {name}")
    return named[0]


def expected(line):
    """The bytes of the request that must be sent for a line of a dataset; `Bad` if none must be."""
    text = line.decode()
    start, end = whole(text)
    if text[start] != "{" or "\r" in text[start:end]:
        raise Bad("no object, or a carriage return in it")
    _, _, begins, ends = only(members(text, start), "request")
    if text[begins] != "{":
        raise Bad("request is no object")
    _, _, value, value_end = only(members(text, begins), "contents")
    if text[value] != "[" or not text[value + 1:value_end - 1].strip(" \t\n\r"):
        raise Bad("contents is no array, or an empty one")
    return without(text, begins, ends, "model").encode()


def datasets(odd, count):
    """Lines of a dataset without their ends; the first is a good one, so that the file is known for what it is."""
    yield b'{"request":{"model":"m","contents":[{"parts":[{"text":"first"}]}]},"response":{}}'
    yield from ADVERSARIAL
    for _ in range(count):
        row = odd.dataset_row().encode()
        yield odd.damaged(row) if odd.random.random() < 0.4 else row


def transform(program, folder, count, seed):
    odd = Odd(seed)
    source, target = folder / "odd.jsonl", folder / "odd.out"
    want, lines = [], []
    for line in datasets(odd, count):
        lines.append(line + odd.random.choice([b"\n", b"\n", b"\r\n"]))
        content = lines[-1].rstrip(b"\n")
        content = content[:-1] if content.endswith(b"\r") else content
        try:
            want.append((content, expected(content)))
        except ValueError:
            continue
    lines[-1] = lines[-1].rstrip(b"\r\n")
    source.write_bytes(b"".join(lines))
    different = []
    for threads in ("1", "2", "3"):
        target.unlink(missing_ok=True)
        subprocess.run([program, "transform", str(source), "-o", str(target), "--bad-rows", "skip", "--quiet",
                        "--threads", threads], check=True, stderr=subprocess.DEVNULL)
        different += unlike(want, target.read_bytes().split(b"\n")[:-1], threads)
    return {"rows": len(lines), "good": len(want), "equal": not different, "different": different[:5]}


def unlike(want, got, threads):
    different = [] if len(want) == len(got) else [f"{len(got)} rows for {len(want)} by {threads} threads"]
    hashes = {}
    for number, ((line, request), row) in enumerate(zip(want, got)):
        match = LINE.fullmatch(row)
        right = match and int(match[1]) == number and match[3] == request
        if not right or hashes.setdefault(request, match[2]) != match[2]:
            different.append(f"row {number} by {threads} threads: {line!r} gave {row!r}, not {request!r}")
            break
    return different


def outcome(row):
    """What the service gave, and the response; the rules of docs and README, said once more in Python."""
    if not isinstance(row, dict):
        return "unparsable", None
    response, error, status = row.get("response"), row.get("error"), row.get("status")
    if error is None and (response is None or isinstance(status, dict)):
        error = status
    if error is not None:
        return ("error" if response is None else "unparsable"), None
    if "response" not in row or not isinstance(response, dict | None):
        return "unparsable", None
    response = response or {}
    candidates = response.get("candidates")
    if not isinstance(candidates, list) or not candidates:
        feedback = response.get("promptFeedback")
        return ("blocked" if isinstance(feedback, dict) and feedback else "empty"), response
    first = candidates[0] if isinstance(candidates[0], dict) else {}
    content = first.get("content") if isinstance(first.get("content"), dict) else {}
    has_parts = isinstance(content.get("parts"), list) and bool(content["parts"])
    finish = first.get("finishReason")
    if finish == "MAX_TOKENS":
        return "truncated", response
    if isinstance(finish, str) and finish in WITHHELD:
        return "blocked", response
    return ("answered" if has_parts else "empty"), response


def calls(response):
    """The notebook's rule."""
    try:
        return "functionCall" in response["candidates"][0]["content"]["parts"][-1]
    except (KeyError, IndexError, TypeError):
        return False


def score(program, folder, count, seed):
    odd = Odd(seed)
    source = folder / "odd_results.jsonl"
    want = dict.fromkeys((*OUTCOMES, "passes"), 0)
    lines = [b'{"key":"first","response":{"candidates":[{"content":{"parts":[{"functionCall":{}}]}}]}}']
    for _ in range(count):
        line = odd.result_row().encode()
        lines.append(odd.damaged(line) if odd.random.random() < 0.3 else line)
    lines = [line for line in lines if line.strip()]
    for line in lines:
        try:
            row = json.loads(line.decode(), parse_float=str, parse_int=str, parse_constant=refuse)
        except ValueError:
            want["unparsable"] += 1
            continue
        gave, response = outcome(row)
        want[gave] += 1
        want["passes"] += response is not None and calls(response)
    source.write_bytes(b"\n".join(lines) + b"\n")
    different = []
    for threads in ("1", "2", "3"):
        printed = subprocess.run([program, "score", str(source), "--json", "--threads", threads],
                                 check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        column = json.loads(printed)["report"]["models"][0]
        got = {name: column["outcomes"][name] for name in OUTCOMES}
        got["passes"] = column["scores"][0]["passes"]
        if got != want or column["submitted"] != len(lines):
            different.append(f"by {threads} threads {got} of {column['submitted']}, not {want} of {len(lines)}")
    return {"rows": len(lines), "equal": not different, "different": different, **want}


def main():
    what, program, folder, count, seed = sys.argv[1:]
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    answer = {"transform": transform, "score": score}[what](program, folder, int(count), int(seed))
    print(json.dumps(answer))
    return 0 if answer["equal"] else 1


if __name__ == "__main__":
    sys.exit(main())
