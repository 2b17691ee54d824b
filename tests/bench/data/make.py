#!/usr/bin/env python3
"""Makes datasets of logged requests and result files of jobs: made-up rows, the same bytes for the same seed.

    make.py dataset|results --profile short|long|blob --size MIB --seed N [--model flash|pro] OUT

short  about 1.6 KB a row: one text to sort, one function to call
long   about 45 KB a row: conversations; some answers with log probabilities or sources
blob   about 1 MB a row: a picture in base64 and a short question

Rows are filled-in templates: what differs from row to row is the key and the response's id, so that
gigabytes take seconds. Templates differ in what makes parsers slow or wrong: seven in ten are compact
UTF-8, two have blanks and every letter beyond ASCII escaped, one has `<`, `>`, `&` and `=` escaped as
Google's servers do; some have their members in another order, others beside them, deep nesting, an error
in place of a response. Result rows carry the keys that batch-eval gives and come shuffled in blocks.

Only `random.random` and `getrandbits` are drawn from, whose sequences Python promises to keep.
"""

import argparse
import base64
import json
import math
import random

MIB = 1 << 20
KEY, ID = "\x02key\x02", "\x02id\x02"
TEMPLATES = {"short": 2500, "long": 260, "blob": 20}
BLOCK = 1000

COMMON = """the a of to for from with your our this that is was are on at by not please order parcel invoice
refund meeting tomorrow monday account password click here free winner offer limited price deliver update
report minutes agenda holiday photo garden recipe train ticket seat gate late engine repair warranty phone
battery screen doctor appointment school lesson homework rent contract sign page copy attached regards thanks
hello dear team project budget review draft version branch release model token score dataset""".split()
RARE = ["Grüße", "garçon", "mañana", "Æther", "🙂", "🚲", "💶", "<p>text</p>", "R&D", "k=v", '"so-called"', "C:\\temp",
        "a\tb", "first.\nsecond", "½", "→", "https://shop.example/?id=7&ref=mail"]
SCRIPTS = ["明日の会議", "ありがとう", "发票已寄出", "您好", "добрый день", "счёт", "مرحبا", "शुक्रिया", "안녕하세요", "γειά"]


class Dice:
    """Chance from a seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def share(self):
        return self.random.random()

    def hit(self, share):
        return self.random.random() < share

    def whole(self, low, high):
        """A whole number from low to high, both included."""
        return low + int(self.random.random() * (high - low + 1))

    def one_of(self, items):
        return items[int(self.random.random() * len(items))]

    def data(self, length):
        """Base64 text of about this length."""
        raw = self.random.getrandbits(length * 6).to_bytes(length * 6 // 8 + 1, "little")
        return base64.b64encode(raw).decode()

    def text(self, length):
        """Words of about this many bytes; one text in seven is in another script."""
        words, written = [], 0
        foreign = self.hit(1 / 7)
        while written < length:
            pool = RARE if self.hit(0.04) else SCRIPTS if foreign else COMMON
            word = self.one_of(pool)
            words.append(word)
            written += len(word.encode()) + 1
        return " ".join(words)


def nested(dice, depth):
    """A schema that is this deep."""
    value = {"type": "STRING", "enum": [dice.one_of(COMMON), dice.one_of(COMMON)]}
    for level in range(depth):
        value = {"type": "ARRAY", "items": value} if level % 2 else {"anyOf": [value, {"type": "NULL"}]}
    return value


def tools(dice):
    properties = {"spam": {"type": "BOOLEAN", "description": dice.text(60)}, "why": {"type": "STRING"}}
    if dice.hit(0.01):
        properties["shape"] = nested(dice, 50)
    declaration = {"name": "sort_mail", "description": dice.text(120),
                   "parameters": {"type": "OBJECT", "properties": properties, "required": ["spam"]}}
    return [{"functionDeclarations": [declaration]}]


def contents(dice, profile):
    if profile == "blob":
        picture = {"mimeType": "image/jpeg", "data": dice.data(dice.whole(500_000, 1_500_000))}
        return [{"role": "user", "parts": [{"inlineData": picture}, {"text": dice.text(150)}]}]
    if profile == "short":
        return [{"role": "user", "parts": [{"text": dice.text(dice.whole(40, 320))}]}]
    turns, left = [], dice.whole(10_000, 48_000)
    while left > 0:
        length = min(left, dice.whole(1_500, 20_000))
        role = "model" if len(turns) % 2 else "user"
        turns.append({"role": role, "parts": [{"text": dice.text(length)}]})
        left -= length
    return turns


def request(dice, profile, model):
    body = {
        "contents": contents(dice, profile),
        "systemInstruction": {"parts": [{"text": dice.text(120)}]},
        "tools": tools(dice),
        "generationConfig": {"temperature": 0.3, "topP": 0.95, "maxOutputTokens": 2048,
                             "seed": dice.whole(0, 2**31 - 1)},
    }
    last = dice.hit(0.05)
    return {**body, "model": model} if last else {"model": model, **body}


def log_probabilities(dice):
    def token():
        return {"token": dice.one_of(COMMON), "tokenId": dice.whole(0, 250_000),
                "logProbability": -20 * dice.share()}
    return {"chosenCandidates": [token() for _ in range(180)],
            "topCandidates": [{"candidates": [token() for _ in range(5)]} for _ in range(180)]}


def grounding(dice):
    chunks = [{"web": {"uri": f"https://page.example/{dice.whole(0, 10**12)}?a=1&b=2", "title": dice.text(24)}}
              for _ in range(10)]
    supports = [{"segment": {"startIndex": 80 * at, "endIndex": 80 * at + 75, "text": dice.text(75)},
                 "groundingChunkIndices": [at % 10], "confidenceScores": [dice.share()]} for at in range(18)]
    entry = {"renderedContent": "<style>.x{margin:0}</style><div class='x'>" + dice.text(1800) + "</div>"}
    return {"webSearchQueries": [dice.text(30)], "searchEntryPoint": entry,
            "groundingChunks": chunks, "groundingSupports": supports}


def usage(dice, profile):
    prompt = dice.whole(60, 450) if profile == "short" else dice.whole(2_000, 30_000)
    answer, thoughts = dice.whole(5, 900), dice.whole(0, 1_800)
    return {"promptTokenCount": prompt, "candidatesTokenCount": answer, "thoughtsTokenCount": thoughts,
            "totalTokenCount": prompt + answer + thoughts,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": prompt}]}


def response(dice, profile, model, calls, is_result):
    around = {"usageMetadata": usage(dice, profile), "modelVersion": model, "responseId": ID}
    if is_result and dice.hit(0.01):
        return {"promptFeedback": {"blockReason": "SAFETY"}, **around}
    parts = []
    if dice.hit(0.5):
        parts.append({"text": dice.text(dice.whole(200, 3_000) if profile == "long" else dice.whole(20, 130))})
    if dice.hit(calls):
        arguments = {"spam": dice.hit(0.5), "confidence": dice.share(), "why": dice.text(70)}
        parts.append({"functionCall": {"name": "sort_mail", "args": arguments}})
    else:
        parts.append({"text": dice.text(dice.whole(40, 220))})
    if is_result and dice.hit(0.25):
        parts[-1]["thoughtSignature"] = dice.data(dice.whole(900, 2_800))
    ratings = [{"category": f"HARM_CATEGORY_{name}", "probability": "NEGLIGIBLE"}
               for name in ("HARASSMENT", "HATE_SPEECH", "DANGEROUS_CONTENT")]
    candidate = {"content": {"parts": parts, "role": "model"}, "finishReason": "STOP", "index": 0,
                 "avgLogprobs": -dice.share(), "safetyRatings": ratings}
    if is_result and dice.hit(0.01):
        candidate["content"], candidate["finishReason"] = {"role": "model"}, "MAX_TOKENS"
    if profile == "long" and dice.hit(0.15):
        candidate["logprobsResult"] = log_probabilities(dice)
    if profile == "long" and dice.hit(0.10):
        candidate["groundingMetadata"] = grounding(dice)
    return {"candidates": [candidate], **around}


def failed(dice, code):
    return {"code": code, "message": dice.text(70)}


def dataset_row(dice, profile, _):
    model = "gemini-2.5-" + dice.one_of(["flash", "flash", "pro"])
    row = {"key": KEY} if dice.hit(0.3) else {}
    asked = request(dice, profile, "models/" + model)
    answer = response(dice, profile, model, 0.6, False)
    if dice.hit(0.02):
        answer = {"error": failed(dice, 429)}
    pair = {"response": answer, "request": asked} if dice.hit(0.1) else {"request": asked, "response": answer}
    row |= pair
    if dice.hit(0.03):
        row["metadata"] = {"createTime": "2026-10-05T08:30:00.123456789Z", "latencyMs": 731.5}
    return row


def result_row(dice, profile, model):
    if dice.hit(0.02):
        return {"key": KEY, "error": failed(dice, 8)}
    calls = {"flash": 0.56, "pro": 0.92}[model]
    answer = response(dice, profile, f"gemini-2.5-{model}", calls, True)
    return {"response": answer, "key": KEY} if dice.hit(0.5) else {"key": KEY, "response": answer}


def spelled(dice, row):
    """A row as text, in one of three spellings."""
    kind = dice.share()
    if kind < 0.2:
        return json.dumps(row)
    text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
    if kind < 0.3:
        for sign in "<>&=":
            text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def template(text):
    """The bytes between the slots: a list of pieces, and which slot follows each but the last."""
    pieces, slots = [], []
    for piece in text.split('"\\u0002'):
        if pieces:
            slot, piece = piece.split('\\u0002"', 1)
            slots.append(slot)
        pieces.append(piece.encode())
    return pieces, slots


def fill(pieces_and_slots, values):
    pieces, slots = pieces_and_slots
    parts = [pieces[0]]
    for slot, piece in zip(slots, pieces[1:]):
        parts += (values[slot], piece)
    return b"".join(parts)


def our_key(number):
    return b'"r%08d-%08x"' % (number, number * 2654435761 & 0xFFFFFFFF)


def write(path, kind, profile, size, seed, model="flash", most_rows=math.inf):
    """Writes rows up to `size` bytes, or `most_rows`; gives how many."""
    is_result = kind == "results"
    dice = Dice(f"{kind} {profile} {seed} {model}")
    of_row = result_row if is_result else dataset_row
    # Results on pictures are as long as those on short texts.
    profile_of_row = "short" if is_result and profile == "blob" else profile
    templates = [template(spelled(dice, of_row(dice, profile_of_row, model)))
                 for _ in range(TEMPLATES[profile_of_row])]
    written = number = 0
    with open(path, "wb", buffering=MIB) as out:
        while written < size and number < most_rows:
            block, end = [], number + BLOCK
            while number < min(end, most_rows) and written < size:
                key = our_key(number) if is_result else b'"mail %d"' % number
                values = {"key": key, "id": b'"%022x"' % dice.random.getrandbits(88)}
                line = fill(dice.one_of(templates), values) + b"\n"
                written += len(line)
                number += 1
                if is_result:
                    block.insert(dice.whole(0, len(block)), line)
                else:
                    out.write(line)
            out.writelines(block)
    return number


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("kind", choices=["dataset", "results"])
    parser.add_argument("out")
    parser.add_argument("--profile", choices=list(TEMPLATES), default="short")
    parser.add_argument("--size", type=float, default=256, help="MiB")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--model", choices=["flash", "pro"], default="flash")
    given = parser.parse_args()
    size = int(given.size * MIB)
    rows = write(given.out, given.kind, given.profile, size, given.seed, given.model)
    print(json.dumps({"rows": rows}))


if __name__ == "__main__":
    main()
