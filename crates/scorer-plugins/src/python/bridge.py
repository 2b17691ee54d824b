"""Serves one Python function as a scorer: batch-eval-scorer/1 over standard input and output.

    python3 -c BRIDGE FILE FUNCTION

The function gets the result line as a dict, and where it takes two arguments a dict with "request", "logged",
"expected" and "number" beside it. It says True or False, a number in 0..1, a text (a label), or a dict with one of
"pass", "score", "label" and "unscorable". What it prints goes to standard error.
"""

import gc
import importlib.util
import inspect
import json
import marshal
import math
import os
import signal
import sys
import traceback

MOST_TRACEBACKS = 5
# Longer texts are no labels to anybody, and what an answer may have is not theirs alone.
LONGEST_TEXT = 1000
# Taken before the module of the function is loaded, which may put something else in their place.
dumps, scan, unmarshal = json.dumps, json.JSONDecoder().scan_once, marshal.loads
# What rows look like as the host has them for `marshal`, whose form is Python's own affair.
SAMPLE = (b"[\x02\0\0\0{\xfa\x01az\x01xz\x01bl\x03\0\0\0\0\0\0\0\x02\0z\x01cg\0\0\0\0\0\0\xe0?z\x01du\x02\0\0\0\xc3\xa40"
          b"{r\0\0\0\0[\x04\0\0\0i\xf9\xff\xff\xffTFNz\x01ea\x01\0\0\0y0")
MEANT = [{"a": "x", "b": 1 << 31, "c": 0.5, "d": "\u00e4"}, {"a": [-7, True, False, None], "e": "y"}]


class Unfit(Exception):
    """What is named is no scorer: its text says all there is to say."""


class TooSlow(BaseException):
    """Raised in a row that takes too long; no `except Exception` of the function catches it."""


class Watch:
    """Looks four times per limit whether the same row is still at work; costs a row nothing."""

    def __init__(self, seconds):
        self.seconds, self.row, self.seen, self.looks = seconds, 0, 0, 0
        self.busy = False
        if hasattr(signal, "setitimer"):
            signal.signal(signal.SIGALRM, self.look)
            signal.setitimer(signal.ITIMER_REAL, seconds / 4, seconds / 4)

    def look(self, _number, _frame):
        if not self.busy or self.row != self.seen:
            self.seen, self.looks = self.row, 0
            return
        self.looks += 1
        if self.looks >= 4:
            self.looks = 0
            raise TooSlow(f"took longer than {self.seconds:g} s")


def load(path, name):
    """The function, and whether it takes the dataset's side of a row too."""
    path = os.path.abspath(path)
    if not os.path.exists(path):
        raise Unfit(f"there is no file {path}")
    stem = os.path.splitext(os.path.basename(path))[0]
    sys.path.insert(0, os.path.dirname(path))
    sys.argv = [path]
    spec = importlib.util.spec_from_file_location(stem, path)
    if spec is None:
        raise Unfit(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[stem] = module
    spec.loader.exec_module(module)
    function = getattr(module, name, None)
    if not callable(function):
        own = [key for key, value in vars(module).items() if inspect.isfunction(value) and value.__module__ == stem]
        raise Unfit(f"{path} has no function {name}; it has {', '.join(own) or 'none'}")
    if inspect.iscoroutinefunction(function):
        raise Unfit(f"{name} is async; it must answer by itself")
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # Written in C, it does not say.
        return function, False
    required = sum(p.default is p.empty and p.kind in kinds for p in parameters)
    positional = sum(p.kind in kinds or p.kind is p.VAR_POSITIONAL for p in parameters)
    if positional < 1 or required > 2:
        raise Unfit(f"{name} must take one argument, the row, or two")
    return function, required == 2


def text(value, longest=LONGEST_TEXT):
    """A text that can be written: halves of surrogate pairs are replaced, and there is not too much of it."""
    return str(value)[:longest].encode("utf-8", "replace").decode("utf-8")


def said(value):
    """What a function said, as the protocol has it."""
    if value is True or value is False:
        return value
    if isinstance(value, str):
        return text(value)
    if isinstance(value, dict):
        fields = {key: said(value[key]) for key in ("pass", "score", "label", "unscorable") if value.get(key) is not None}
        if len(fields) == 1 and not any(isinstance(field, dict) for field in fields.values()):
            return fields
        return {"unscorable": "the function returned a dict without one of pass, score, label and unscorable"}
    if hasattr(value, "item") and not isinstance(value, (int, float)):  # A number or truth of NumPy.
        try:
            return said(value.item())
        except Exception:
            pass
    if isinstance(value, (int, float)):
        if math.isfinite(value) and 0 <= value <= 1:
            return float(value)
        return {"unscorable": f"the function returned {value!r:.40}, which is not in 0..1"}
    if value is None:
        return {"unscorable": "the function returned None, which is neither right nor wrong"}
    return {"unscorable": f"the function returned a {type(value).__name__}, which is no verdict"}


def own(error):
    """The way to an error from where it leaves this program for the file of the scorer."""
    way = error.__traceback__
    while way is not None and way.tb_frame.f_code.co_filename.startswith("<"):
        way = way.tb_next
    return way


class Bridge:
    def __init__(self, function, takes_two, watch):
        self.function, self.takes_two, self.watch = function, takes_two, watch
        self.tracebacks = 0

    def judge(self, rows, message):
        """One verdict a row: as JSON texts, which for True and False is quicker than to have them made."""
        function, watch, verdicts = self.function, self.watch, []
        say = verdicts.append
        if self.takes_two:
            rows = [(row["result"], beside(row)) for row in rows]
        at = 0
        while True:
            # What it costs to be ready for an error is paid for many rows at once.
            try:
                watch.busy = True
                if self.takes_two:
                    for at in range(at, len(rows)):
                        watch.row += 1
                        value = function(*rows[at])
                        say("true" if value is True else "false" if value is False else dumps(said(value)))
                else:
                    for at in range(at, len(rows)):
                        watch.row += 1
                        value = function(rows[at])
                        say("true" if value is True else "false" if value is False else dumps(said(value)))
                watch.busy = False
                return verdicts
            except (Exception, SystemExit, TooSlow) as error:
                watch.busy = False
                del verdicts[at:]
                number = rows[at][1]["number"] if self.takes_two else message["numbers"][at]
                say(dumps({"unscorable": self.failed(number, error)}))
                at += 1

    def failed(self, number, error):
        """Shows where it failed, the first times, and says what is kept of it."""
        if self.tracebacks < MOST_TRACEBACKS:
            self.tracebacks += 1
            lines = traceback.format_exception(type(error), error, own(error))
            print(f"row {number}:", *text("".join(lines), None).splitlines()[-12:], sep="\n", file=sys.stderr)
            if self.tracebacks == MOST_TRACEBACKS:
                print("(further errors of this process are counted, not shown)", file=sys.stderr)
            sys.stderr.flush()
        if isinstance(error, TooSlow):
            return f"the function {error}"
        return f"{type(error).__name__}: {text(error)}"[:200]


def beside(row):
    return {name: row.get(name) for name in ("request", "logged", "expected", "number")}


def reads_marshal():
    try:
        return unmarshal(SAMPLE) == MEANT
    except Exception:
        return False


def rows_of(message, lines):
    """The rows of a message; where it says a number of bytes, as many follow it, and are for `marshal`."""
    if "bytes" not in message:
        return message["rows"]
    rows = unmarshal(lines.read(message["bytes"]))
    for at in message["texts"]:
        rows[at] = scan(rows[at], 0)[0]
    return rows


def main(path, name):
    # The function's own input and output are nothing and standard error, so that it cannot disturb the protocol.
    lines, out = os.fdopen(os.dup(0), "rb", 1 << 20), os.fdopen(os.dup(1), "wb", 1 << 16)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    sys.stdout.reconfigure(line_buffering=True)

    def say(what):
        out.write(dumps(what).encode() + b"\n")
        out.flush()

    hello = json.loads(lines.readline() or b"{}")
    try:
        function, takes_two = load(path, name)
    except Unfit as error:
        say({"batch_eval_scorer": 1, "error": text(error)[:500]})
        return
    except (Exception, SystemExit) as error:
        traceback.print_exception(type(error), error, own(error))
        say({"batch_eval_scorer": 1, "error": f"{type(error).__name__}: {text(error)}"[:500]})
        return
    needs = ["request", "logged", "expected"] if takes_two else []
    takes = ["batch", "plain"]
    if "marshal" in hello.get("features", ()) and reads_marshal():
        takes.append("marshal")
    say({"batch_eval_scorer": 1, "name": f"python:{text(name)}", "version": sys.version.split()[0],
         "features": takes, "needs": needs})
    bridge = Bridge(function, takes_two, Watch(hello.get("row_limit_ms", 30_000) / 1000))
    # Rows are trees: looking for cycles after every few hundred objects would cost as much as reading them.
    gc.collect()
    gc.freeze()
    gc.disable()
    # `scan` is what json.loads does, without looking for an encoding and for spaces around it.
    for count, line in enumerate(lines):
        batch = int(line[len(b'{"batch":'):line.index(b",")])
        try:
            message = scan(line.decode(), 0)[0]
            rows = rows_of(message, lines)
        except (ValueError, RecursionError, StopIteration) as error:
            say({"batch": batch, "error": f"Python cannot read it: {text(error)}"[:200]})
            continue
        out.write(b'{"batch":%d,"verdicts":[%b]}\n' % (batch, ",".join(bridge.judge(rows, message)).encode()))
        out.flush()
        del message, rows
        if count % 32 == 31:
            gc.collect()


main(*sys.argv[1:3])
