"""Processes run in turn, A B C A B C …, and what each took: wall time, CPU, peak memory."""

import os
import statistics
import subprocess
import threading
import time

READ_EVERY = 0.002  # seconds between two looks at a process's memory, at first
READ_SHARE = 0.01  # of its time so far, later: what looks takes a core from those who use all


class Peak(threading.Thread):
    """Reads `VmHWM` of a process until it ends.

    `ru_maxrss` would not do: a child begins with the size of whoever started it, and that is Python.
    """

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.path, self.kib, self.ended = f"/proc/{pid}/status", 0, False
        self.began = time.monotonic()

    def run(self):
        while not self.ended:
            try:
                with open(self.path, encoding="ascii") as status:
                    for line in status:
                        if line.startswith("VmHWM:"):
                            self.kib = int(line.split()[1])
                            break
            except OSError:
                return
            # What is read never falls, so that little is missed at the end.
            time.sleep(min(max(READ_EVERY, READ_SHARE * (time.monotonic() - self.began)), 0.05))


def run(command, env=None):
    """Runs a command to its end; gives seconds of wall and CPU, peak MiB and its output."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
    peak = Peak(process.pid)
    peak.start()
    errors = []
    reader = threading.Thread(target=lambda: errors.append(process.stderr.read()), daemon=True)
    reader.start()
    printed = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    peak.ended = True
    reader.join()
    if process.returncode:
        text = errors[0].decode(errors="replace")
        raise SystemExit(f"exit {process.returncode}: {' '.join(command)}\n{text}")
    cpu = used.ru_utime + used.ru_stime
    return {"wall": wall, "cpu": cpu, "mib": peak.kib / 1024, "printed": printed.decode()}


def in_turn(contenders, rounds, after=lambda name, result: None):
    """Runs all contenders `rounds` times in turn after one warm-up; `contenders` maps a name to a
    function that prepares and gives the command. `after` tidies up behind each run.
    """
    results = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, prepare in contenders.items():
            command, env = prepare()
            result = run(command, env)
            after(name, result)
            if number:
                results[name].append(result)
    return results


def summary(results, ours):
    """Medians of each contender, and the median of the ratios of its runs to ours."""
    median = statistics.median
    table = {}
    for name, runs in results.items():
        pairs = zip(results[ours], runs)
        table[name] = {
            "wall_s": round(median(run["wall"] for run in runs), 4),
            "cpu_s": round(median(run["cpu"] for run in runs), 4),
            "peak_mib": round(max(run["mib"] for run in runs), 1),
            "ours_to_it": round(median(mine["wall"] / run["wall"] for mine, run in pairs), 4),
        }
    return table
