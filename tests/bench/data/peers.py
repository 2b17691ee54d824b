"""Peers in Python: the notebook's way with the standard library, and the same with fast JSON libraries.

    peers.py json|orjson|msgspec version | transform IN OUT | score FILE | join A B

`score` prints rows, rows whose last part calls a function, and the sum of total tokens; `join` prints how
many keys of two files go well in both, in one, in neither. Each as one JSON object.
"""

import json
import sys

PAIR = {(True, True): "both", (True, False): "first", (False, True): "second", (False, False): "neither"}


class Plain:
    """Rows as values of this library, whose whole job is to read and write them."""

    def __init__(self, name):
        if name == "json":
            self.read, self.write = json.loads, lambda value: json.dumps(value).encode()
            self.version = sys.version.split()[0]
        else:
            import orjson
            self.read, self.write, self.version = orjson.loads, orjson.dumps, orjson.__version__

    def transformed(self, line):
        row = self.read(line)
        row["request"].pop("model", None)
        row.pop("response", None)
        return self.write(row)

    def seen(self, line):
        row = self.read(line)
        answer = row.get("response") or {}
        try:
            good = "functionCall" in answer["candidates"][0]["content"]["parts"][-1]
        except (KeyError, IndexError):
            good = False
        return row.get("key"), good, answer.get("usageMetadata", {}).get("totalTokenCount", 0)


class Typed:
    """msgspec as it is meant to be used: members that nobody asks for stay raw or are skipped."""

    def __init__(self):
        import msgspec
        from msgspec import Raw, Struct
        self.version = msgspec.__version__
        self.members = msgspec.json.Decoder(dict[str, Raw]).decode
        self.write = msgspec.json.Encoder().encode

        class Content(Struct, gc=False):
            parts: list[dict[str, Raw]] = []

        class Candidate(Struct, gc=False):
            content: Content | None = None

        class Usage(Struct, gc=False):
            totalTokenCount: int = 0

        class Response(Struct, gc=False):
            candidates: list[Candidate] = []
            usageMetadata: Usage | None = None

        class Row(Struct, gc=False):
            key: str | None = None
            response: Response | None = None

        self.result = msgspec.json.Decoder(Row).decode

    def transformed(self, line):
        row = self.members(line)
        row.pop("response", None)
        request = self.members(row["request"])
        if request.pop("model", None) is not None:
            row["request"] = request
        return self.write(row)

    def seen(self, line):
        row = self.result(line)
        answer = row.response
        if answer is None:
            return row.key, False, 0
        content = answer.candidates[0].content if answer.candidates else None
        good = content is not None and bool(content.parts) and "functionCall" in content.parts[-1]
        return row.key, good, answer.usageMetadata.totalTokenCount if answer.usageMetadata else 0


def lines(path):
    return open(path, "rb", buffering=1 << 20)


def transform(library, source, target):
    with lines(source) as rows, open(target, "wb", buffering=1 << 20) as out:
        for row in rows:
            out.write(library.transformed(row))
            out.write(b"\n")


def score(library, path):
    rows = good = tokens = 0
    with lines(path) as results:
        for line in results:
            _, is_good, its_tokens = library.seen(line)
            rows += 1
            good += is_good
            tokens += its_tokens
    return {"rows": rows, "good": good, "tokens": tokens}


def join(library, first, second):
    of_first, table = {}, dict.fromkeys(PAIR.values(), 0)
    with lines(first) as results:
        for line in results:
            key, good, _ = library.seen(line)
            of_first[key] = good
    with lines(second) as results:
        for line in results:
            key, good, _ = library.seen(line)
            if key in of_first:
                table[PAIR[of_first[key], good]] += 1
    return table


def main():
    name, command, *paths = sys.argv[1:]
    library = Typed() if name == "msgspec" else Plain(name)
    if command == "version":
        print(library.version)
    elif command == "transform":
        transform(library, *paths)
    else:
        print(json.dumps({"score": score, "join": join}[command](library, *paths)))


if __name__ == "__main__":
    main()
