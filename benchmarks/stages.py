"""Run `dedupe` and tell in which module its time went: `python benchmarks/stages.py FILE scan --jobs 1 posts`.

Writes to FILE, as JSON, for each module how often it was at work when a millisecond of CPU time had passed (what it calls
outside of `dedupe` is its own work), and by how many MB the peak of memory rose meanwhile.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

from dedupe.cli import main

_INTERVAL = 0.001


class Sampler:
    """Looks at the stack whenever the interval has passed; a call into C is looked at when it returns, in its caller."""

    def __init__(self) -> None:
        self.samples: Counter[str] = Counter()
        self.grown: Counter[str] = Counter()
        self.peak = _peak()

    def __call__(self, _: int, frame: FrameType | None) -> None:
        inner = frame
        while frame is not None and not frame.f_globals.get("__name__", "").startswith("dedupe."):
            frame = frame.f_back
        module = "start-up" if _is_import(inner) or frame is None else frame.f_globals["__name__"].removeprefix("dedupe.")
        # Where a long call into C returns, several intervals have passed and one signal came.
        now = _cpu()
        self.samples[module] += max(1, round((now - self.last) / _INTERVAL))
        self.last = now
        peak = _peak()
        self.grown[module] += peak - self.peak
        self.peak = peak

    last = 0.0


def _is_import(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def profile(file: Path, arguments: list[str]) -> None:
    sampler = Sampler()
    sampler.last = _cpu()
    signal.signal(signal.SIGPROF, sampler)
    signal.setitimer(signal.ITIMER_PROF, _INTERVAL, _INTERVAL)
    sys.argv = ["dedupe", *arguments]
    try:
        main()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        grown = {module: size / 1024 for module, size in sampler.grown.items()}
        file.write_text(json.dumps({"samples": sampler.samples, "grown": grown}), "utf-8")


if __name__ == "__main__":
    profile(Path(sys.argv[1]), sys.argv[2:])
