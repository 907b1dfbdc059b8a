"""Measure a scan with the index: nothing known, nothing changed, one post changed.

    python benchmarks/incremental.py [FOLDER]

FOLDER holds posts (default: `../shared/corpus/posts-ja` beside the project; where it is missing, a word is said and nothing
measured). Works on a copy. Prints medians and ratios; every round measures all, so that they compare.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 7
SETTLED = 3.0
"""Seconds after which a stat is trusted."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command took, in seconds."""

    wall: float
    cpu: float


def measure(work: Path, *options: str) -> Cost:
    """Measure a scan, modules compiled as in an installed package."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(work / "compiled"), "PYTHONDONTWRITEBYTECODE": ""}
    command = [sys.executable, "-m", "dedupe", "scan", "--quiet", "--exit-zero", *options, "posts"]
    before, begin = os.times(), time.perf_counter()
    subprocess.run(command, cwd=work, stdout=subprocess.DEVNULL, env=environment, check=True)
    wall, after = time.perf_counter() - begin, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Cost(wall, cpu)


def one_round(work: Path, post: Path, number: int) -> dict[str, Cost]:
    shutil.rmtree(work / ".dedupe", ignore_errors=True)
    costs = {"without": measure(work, "--no-cache"), "cold": measure(work)}
    costs["warm"] = measure(work)
    with post.open("a", encoding="utf-8") as file:
        file.write(f"\nA line of round {number}.\n")
    costs["one changed"] = measure(work)
    return costs


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT.parent / "shared" / "corpus" / "posts-ja").resolve()
    if not folder.is_dir():
        print(f"{folder} is not there; nothing measured")
        return
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        shutil.copytree(folder, work / "posts", copy_function=shutil.copyfile)
        posts = sorted((work / "posts").rglob("*.md"))
        post = sorted(posts, key=lambda each: each.stat().st_size)[len(posts) // 2]
        measure(work)
        time.sleep(SETTLED)
        rounds = [one_round(work, post, number) for number in range(ROUNDS)]

    def median(what: str, kind: str) -> float:
        return statistics.median(getattr(costs[what], kind) for costs in rounds)

    print(f"{len(posts):,} posts; medians of {ROUNDS} rounds, each of them interleaved; seconds of wall time and CPU")
    for what in rounds[0]:
        print(f"{what:12} {median(what, 'wall'):6.2f} {median(what, 'cpu'):6.2f}")
    for kind in ("wall", "cpu"):
        ratio = statistics.median(getattr(costs["cold"], kind) / getattr(costs["warm"], kind) for costs in rounds)
        more = statistics.median(getattr(costs["one changed"], kind) - getattr(costs["warm"], kind) for costs in rounds)
        first = statistics.median(getattr(costs["cold"], kind) / getattr(costs["without"], kind) for costs in rounds)
        print(f"{kind:4}: cold / warm {ratio:5.1f}; one changed - warm {more:5.2f} s; cold / without an index {first:5.2f}")


if __name__ == "__main__":
    main()
