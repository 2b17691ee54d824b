"""Odd but mostly valid JSON from a seed: spelled by hand, so that white space, escapes and digits vary."""

import random

TEXTS = ["", "a", "request", "response", "model", "contents", "functionCall", "naïve", "東京", "😀", "\u2028", '"', "\\",
         "}", "{", "]", ",", ":", "</script>", "\u007f", "\ufeff", "tab\tline\n", "\ud83d", "\udc00x"]
NUMBERS = ["0", "-0", "-0.0", "1e400", "-1E-400", "1E+2", "0.1000000000000000055", "12345678901234567890123",
           "5e-324", "1.0", "2", "18446744073709551616", "-9223372036854775809", "0.30000000000000004"]
SPACES = ["", "", "", "", " ", "  ", "\t", " \t "]
MUTANTS = [bytes([byte]) for byte in b'{}[],:"\\0123456789-+.eEtrufalsn \t\r\x00\x1f\x7f/b'] + [
    b"\x80", b"\xc3\xa9", b"\xed\xa0\x80", b"\xff", b"\xc0\xaf", b"\xf0\x9f\x99\x82", b"\\ud83d", b"\\u00", b"NaN",
    b"//", b"'", b'"a":1,', b",,", b'"model":2', b"1e999", b"01", b"-", b"1.", b"[[", b"}}"]


class Odd:
    """Values, rows and damaged rows, one after the other."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def space(self):
        return self.random.choice(SPACES)

    def string(self, text):
        """A text as JSON, each character raw or escaped as it comes."""
        short = {'"': '\\"', "\\": "\\\\", "/": "\\/", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
        out = []
        escaping = self.random.choice([0, 0, 0.2, 1])
        for sign in text:
            code = ord(sign)
            must = sign in '"\\' or code < 0x20 or 0xD800 <= code <= 0xDFFF
            if not must and self.random.random() >= escaping:
                out.append(sign)
            elif sign in short and self.random.random() < 0.7:
                out.append(short[sign])
            else:
                units = sign.encode("utf-16-be", "surrogatepass")
                form = self.random.choice(["\\u{:04x}", "\\u{:04X}"])
                out += [form.format(units[at] << 8 | units[at + 1]) for at in range(0, len(units), 2)]
        return '"' + "".join(out) + '"'

    def text(self):
        return self.string("".join(self.random.choice(TEXTS) for _ in range(self.random.randrange(4))))

    def value(self, depth=3):
        kind = self.random.randrange(7 if depth else 4)
        if kind == 0:
            return self.random.choice(NUMBERS)
        if kind == 1:
            return self.random.choice(["true", "false", "null"])
        if kind < 4:
            return self.text()
        if kind == 4:
            return "[" * 20 + self.value(0) + "]" * 20 if self.random.random() < 0.05 else self.array(depth)
        return self.members([(self.text(), self.value(depth - 1)) for _ in range(self.random.randrange(4))])

    def array(self, depth):
        items = [self.space() + self.value(depth - 1) + self.space() for _ in range(self.random.randrange(4))]
        return "[" + ",".join(items) + "]" if items else "[" + self.space() + "]"

    def members(self, pairs):
        parts = [self.space() + name + self.space() + ":" + self.space() + value + self.space()
                 for name, value in pairs]
        return "{" + (",".join(parts) if parts else self.space()) + "}"

    def some(self, pairs):
        """Members in any order, a few left out or doubled, with strangers between them."""
        pairs = [pair for pair in pairs if self.random.random() < 0.93]
        for _ in range(self.random.choice([0, 0, 1, 2])):
            pairs.append((self.text(), self.value()))
        if pairs and self.random.random() < 0.08:
            pairs.append(self.random.choice(pairs))
        self.random.shuffle(pairs)
        return self.members(pairs)

    def dataset_row(self):
        contents = self.array(3) if self.random.random() < 0.1 else "[" + self.value() + "]"
        request = [(self.string("contents"), contents)]
        for _ in range(self.random.choice([0, 1, 1, 1, 2])):
            request.append((self.string("model"), self.value(1)))
        request = self.value(1) if self.random.random() < 0.03 else self.some(request)
        row = [(self.string("request"), request), (self.string("response"), self.value())]
        return self.space() + self.some(row) + self.space()

    def result_row(self):
        call = (self.string(self.random.choice(["functionCall", "functionCall", "text"])), self.value(1))
        parts = ["[" + self.members([call]) + "]", "[" + self.text() + ", " + self.members([call]) + "]",
                 "[" + self.members([call]) + "," + self.value(1) + "]", self.array(2), self.value(1)]
        content = self.some([(self.string("parts"), self.random.choice(parts))])
        finish = self.random.choice(["STOP", "MAX_TOKENS", "SAFETY", "MOON"])
        candidate = self.some([(self.string("content"), content), (self.string("finishReason"), self.string(finish))])
        candidates = self.random.choice(["[" + candidate + "]"] * 4 + ["[]", self.value(1)])
        feedback = self.random.choice([[], [], [(self.string("promptFeedback"), self.value(1))]])
        tokens = self.random.choice(["7", "0", "12345", "-1", "1.0", '"3"', "18446744073709551616"])
        usage = self.members([(self.string("totalTokenCount"), tokens)])
        response = self.some([(self.string("candidates"), candidates), (self.string("usageMetadata"), usage), *feedback])
        row = [(self.string("response"), response if self.random.random() < 0.95 else self.value(1))]
        if self.random.random() < 0.06:
            row = [(self.string(self.random.choice(["error", "status"])), self.value(1))]
        return self.some([(self.string("key"), self.text()), *row])

    def damaged(self, line):
        """A line with one to three bytes put in, taken out or moved."""
        line = bytearray(line)
        for _ in range(self.random.randint(1, 3)):
            at = self.random.randrange(len(line) + 1)
            way = self.random.random()
            if way < 0.4:
                line[at:at + 1] = self.random.choice(MUTANTS)
            elif way < 0.7:
                line[at:at] = self.random.choice(MUTANTS)
            elif way < 0.9:
                del line[at:at + self.random.randint(1, 3)]
            else:
                end = min(len(line), at + self.random.randint(1, 30))
                line[at:at] = line[at:end]
        return bytes(line).replace(b"\n", b" ")
