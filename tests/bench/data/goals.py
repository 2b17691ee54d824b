"""The goals: by how much a pass of ours must be faster than a peer's, and what memory it may take."""

# (what, profile, peer) -> (threads, our wall time divided by the peer's at most), …
RATIOS = {
    ("transform", "short", "cp"): [(1, 1.8), (2, 1.0)],
    ("transform", "long", "cp"): [(1, 1.8), (2, 1.0)],
    ("transform", "blob", "cp"): [(1, 1.5), (2, 1.0)],
    ("transform", "short", "python json"): [(1, 1 / 14), (2, 1 / 25)],
    ("transform", "long", "python json"): [(1, 1 / 8)],
    ("transform", "blob", "python json"): [(1, 1 / 4.5)],
    ("transform", "short", "jq"): [(1, 1 / 18)],
    ("transform", "short", "msgspec"): [(1, 1 / 2.2)],
    ("transform", "long", "msgspec"): [(1, 1 / 1.7)],
    ("transform", "blob", "msgspec"): [(1, 1 / 2)],
    ("score", "short", "python json"): [(1, 1 / 11), (2, 1 / 20)],
    ("score", "long", "python json"): [(1, 1 / 12)],
    ("score", "short", "msgspec"): [(1, 1 / 2.5)],
    ("score", "long", "msgspec"): [(1, 1 / 1.6)],
    ("score", "short", "wc -l"): [(2, 2.5)],
    ("join", "short", "python json"): [(1, 1 / 9)],
    ("join", "short", "duckdb"): [(1, 1 / 2.2), (2, 1 / 4)],
}

# What a peer does not do that ours does in the same time.
LACKS = {
    "cp": "looks at no byte",
    "wc -l": "looks for line ends only and writes nothing",
    "python json": "takes NaN, loses digits of numbers beyond 64 bits, checks no contents, gives no keys",
    "orjson": "writes numbers anew, refuses lone surrogates, checks no contents, gives no keys",
    "msgspec": "does not check UTF-8 in what it passes on, checks no contents, gives no keys",
    "jq": "writes numbers anew, turns NaN to null, makes rows out of nothing, gives no keys",
    "jaq": "maps the whole file, makes rows out of nothing, gives no keys",
    "duckdb": "takes trailing commas, loses digits, makes rows out of nothing, gives no keys",
    "polars": "sees only what its schema names; cannot transform",
}


def most_memory(longest_row, keys):
    """MiB that a pass may take: 32, four times the longest row, 2 bytes for the verdict of each row."""
    return 32 + (4 * longest_row + 2 * keys) / (1 << 20)


def verdicts(what, profile, peer, ratios):
    """What is said beside a peer's line, from our ratios to it by number of threads."""
    said = []
    for threads, most in RATIOS.get((what, profile, peer), []):
        held = ratios[threads] <= most
        said.append({"threads": threads, "at_most": round(most, 3), "held": held})
    return said
