"""The one way the benchmarks measure: programs take turns, and what is told are medians of the ratios within a turn."""

from __future__ import annotations

import os
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

Key = TypeVar("Key")
Measured = TypeVar("Measured")
_OFTEN, _SELDOM = 0.005, 0.05


@dataclass(frozen=True, slots=True)
class Cost:
    """What a program took: seconds of CPU and of wall time, and the most memory of all its processes at a time, in MB."""

    cpu: float
    wall: float
    peak: float


def run(command: Sequence[str | Path], folder: Path, *, allowed: Sequence[int] = (0,)) -> Cost:
    """Run a program in `folder` to its end and return what it took; raises SystemExit where it fails."""
    # Modules are compiled once, as in an installed package.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    with (folder / "errors.txt").open("w+b") as errors:
        begin = time.perf_counter()
        process = subprocess.Popen([*map(str, command)], cwd=folder, stdout=subprocess.DEVNULL, stderr=errors, env=environment)
        memory = _Memory(process.pid)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        peak = memory.stop()
        errors.seek(0)
        if process.returncode not in allowed:
            raise SystemExit(f"{command[0]} failed with {process.returncode}:\n{errors.read().decode(errors='replace')}")
    return Cost(used.ru_utime + used.ru_stime, wall, peak)


class _Memory(threading.Thread):
    """Watches a process and those it starts. (What `wait4` tells begins with the memory of the process that asks.)"""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.most, self.over = pid, 0.0, threading.Event()
        self.start()

    def run(self) -> None:
        pause = 0.0
        while not self.over.wait(pause):
            family = _family(self.pid)
            if len(family) == 1:
                now, pause = _read(self.pid, "status", "VmHWM:"), _OFTEN
            else:
                # What processes share is split among them by the kernel; to ask is dear.
                now, pause = sum(_read(pid, "smaps_rollup", "Pss:") for pid in family), _SELDOM
            self.most = max(self.most, now)

    def stop(self) -> float:
        self.over.set()
        self.join()
        return self.most


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    except OSError:
        return [pid]
    return [pid, *(each for child in children for each in _family(int(child)))]


def _read(pid: int, file: str, field: str) -> float:
    """Return a field of a file about a process, in MB; 0 where the process is over."""
    try:
        lines = Path(f"/proc/{pid}/{file}").read_text("utf-8").splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def take_turns(works: Mapping[Key, Callable[[], Measured]], rounds: int) -> list[dict[Key, Measured]]:
    """Do all works in each round, so that whatever else the machine does meets all of them."""
    return [{name: work() for name, work in works.items()} for _ in range(rounds)]


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def median(values: Iterable[float]) -> float:
    return statistics.median(values)
