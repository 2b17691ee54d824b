"""Peers that see files as tables: DuckDB and polars, on as many threads as the last argument says.

    tables.py duckdb|polars THREADS version | transform IN OUT | score FILE | join A B

They print what peers.py prints. polars cannot transform: it has no type for JSON of any shape.
"""

import json
import os
import sys


class DuckDb:
    RESULTS = """SELECT json->>'$.key' AS key,
        coalesce(json_exists(json, '$.response.candidates[0].content.parts[#-1].functionCall'), false) AS good,
        coalesce((json->>'$.response.usageMetadata.totalTokenCount')::BIGINT, 0) AS tokens FROM {}"""
    DROP = """COPY (SELECT json_merge_patch(json, '{{"response": null, "request": {{"model": null}}}}') FROM {})
        TO '{}' (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER E'\\x01')"""

    def __init__(self, threads):
        import duckdb
        self.version = duckdb.__version__
        self.run = duckdb.connect(config={"threads": threads}).execute

    def rows(self, path):
        return f"read_ndjson_objects('{path}', maximum_object_size=134217728)"

    def results(self, path):
        return "(" + self.RESULTS.format(self.rows(path)) + ")"

    def transform(self, source, target):
        self.run(self.DROP.format(self.rows(source), target))

    def score(self, path):
        sums = "SELECT count(*), sum(good::INT), sum(tokens) FROM " + self.results(path)
        return self.run(sums).fetchone()

    def join(self, first, second):
        a, b = self.results(first), self.results(second)
        pairs = f"SELECT a.good, b.good, count(*) FROM {a} a JOIN {b} b USING (key) GROUP BY 1, 2"
        return self.run(pairs).fetchall()


class Polars:
    def __init__(self, threads):
        os.environ["POLARS_MAX_THREADS"] = str(threads)
        import polars
        self.pl, self.version = polars, polars.__version__

    def results(self, path):
        """Only the members that are read stand in the schema, so the others are passed over."""
        pl = self.pl
        part = pl.Struct({"functionCall": pl.Struct({"name": pl.String})})
        content = pl.Struct({"parts": pl.List(part)})
        answer = pl.Struct({"candidates": pl.List(pl.Struct({"content": content})),
                            "usageMetadata": pl.Struct({"totalTokenCount": pl.Int64})})
        response = pl.col("response")
        first = response.struct.field("candidates").list.get(0, null_on_oob=True)
        last = first.struct.field("content").struct.field("parts").list.get(-1, null_on_oob=True)
        good = last.struct.field("functionCall").struct.field("name").is_not_null()
        tokens = response.struct.field("usageMetadata").struct.field("totalTokenCount")
        rows = pl.scan_ndjson(path, schema={"key": pl.String, "response": answer})
        return rows.select("key", good.alias("good"), tokens.fill_null(0).alias("tokens"))

    def transform(self, source, target):
        raise SystemExit("polars has no type for JSON of any shape")

    def score(self, path):
        pl = self.pl
        sums = self.results(path).select(pl.len().alias("rows"), pl.col("good").sum(), pl.col("tokens").sum())
        return sums.collect(engine="streaming").row(0)

    def join(self, first, second):
        pairs = self.results(first).join(self.results(second), on="key", suffix="_second")
        return pairs.group_by("good", "good_second").len().collect(engine="streaming").rows()


def main():
    name, threads, command, *paths = sys.argv[1:]
    library = {"duckdb": DuckDb, "polars": Polars}[name](int(threads))
    if command == "version":
        print(library.version)
    elif command == "transform":
        library.transform(*paths)
    elif command == "score":
        print(json.dumps(dict(zip(("rows", "good", "tokens"), map(int, library.score(*paths))))))
    else:
        from peers import PAIR
        table = dict.fromkeys(PAIR.values(), 0)
        table |= {PAIR[one, other]: count for one, other, count in library.join(*paths)}
        print(json.dumps(table))


if __name__ == "__main__":
    main()
