"""Processes run in turn, A B C A B C …, and what each took: wall time, CPU, peak memory."""

import os
import resource
import statistics
import subprocess
import threading
import time

READ_EVERY = 0.002  # seconds between two looks at a process's memory


class Peak(threading.Thread):
    """Reads `VmHWM` of a process until it ends.

    `ru_maxrss` would not do: a child begins with the size of whoever started it, and that is Python.
    """

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.path, self.kib, self.ended = f"/proc/{pid}/status", 0, False

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
            time.sleep(READ_EVERY)


def run(command, env=None, looks=True):
    """Runs a command to its end; gives seconds of wall and CPU, peak MiB and its output.

    Whoever looks at its memory all the time takes a part of a core from it. Where nobody does, its peak is known only
    if it is above ours, with which it began; otherwise it is 0.
    """
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
    peak = Peak(process.pid)
    if looks:
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
    if used.ru_maxrss > resource.getrusage(resource.RUSAGE_SELF).ru_maxrss:
        peak.kib = max(peak.kib, used.ru_maxrss)
    return {"wall": wall, "cpu": cpu, "mib": peak.kib / 1024, "printed": printed.decode()}


def in_turn(contenders, rounds, after=lambda name, result: None):
    """Runs all contenders `rounds` times in turn after one warm-up, in which their memory is looked at;
    `contenders` maps a name to a function that prepares and gives the command. `after` tidies up behind each run.
    """
    results = {name: [] for name in contenders}
    peaks = {}
    for number in range(rounds + 1):
        for name, prepare in contenders.items():
            command, env = prepare()
            result = run(command, env, looks=not number)
            result["mib"] = peaks[name] = max(result["mib"], peaks.get(name, 0))
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
