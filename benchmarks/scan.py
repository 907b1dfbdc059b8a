"""Measure `dedupe scan`: CPU against `wc -m` on the same files, two workers against one, growth, memory.

    python benchmarks/scan.py [FOLDER]

Prints ratios, each from one run of this script, since seconds of different runs do not compare. FOLDER holds posts; without
it a corpus is made from the sample posts, some 1,000 copies with their text shuffled by paragraph.
"""

from __future__ import annotations

import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 5
ONE_LINE_MEGABYTES = (1, 2, 5, 10)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command took: CPU and wall time in seconds, peak memory of its largest process in MB."""

    cpu: float
    wall: float
    peak: float


def measure(command: list[str], folder: Path) -> Cost:
    begin = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, used = os.wait4(process.pid, 0)
    return Cost(used.ru_utime + used.ru_stime, time.perf_counter() - begin, used.ru_maxrss / 1024)


def scan(folder: Path, jobs: int) -> Cost:
    return measure(
        [sys.executable, "-m", "dedupe", "scan", "--quiet", "--exit-zero", "--no-cache", "--jobs", str(jobs), "."], folder
    )


def sample_corpus(folder: Path) -> None:
    """Write about 5 MB of posts: the sample posts, their paragraphs in another order in each copy."""
    rng = random.Random(0)
    samples = sorted((ROOT / "corpus").rglob("*.md"))
    for number in range(1000):
        text = samples[number % len(samples)].read_bytes().decode()
        paragraphs = text.split("\n\n")
        half = len(paragraphs) // 2
        rng.shuffle(paragraphs[half:])
        (folder / f"{number:04}.md").write_bytes("\n\n".join(paragraphs).encode())


def share(source: Path, parts: int, folder: Path) -> Path:
    """Link every `parts`-th post of `source` into a folder of its own."""
    part = folder / f"part{parts}"
    part.mkdir()
    for number, post in enumerate(sorted(source.rglob("*.md"))[::parts]):
        os.link(post, part / f"{number}.md") if post.stat().st_dev == part.stat().st_dev else (part / f"{number}.md").write_bytes(
            post.read_bytes()
        )
    return part


def report(folder: Path, work: Path) -> None:
    files = sorted(map(str, folder.rglob("*.md")))
    size = sum(Path(file).stat().st_size for file in files)
    print(f"{len(files):,} posts, {size / 1e6:.1f} MB; medians of {ROUNDS} rounds, each round interleaved")
    rounds = [(measure(["wc", "-m", *files], folder), scan(folder, 1), scan(folder, 2)) for _ in range(ROUNDS)]

    def median(values: list[float]) -> float:
        return statistics.median(values)

    print(f"CPU, scan --jobs 1 / wc -m            {median([one.cpu / wc.cpu for wc, one, _ in rounds]):6.1f}")
    print(f"wall, scan --jobs 1 / scan --jobs 2   {median([one.wall / two.wall for _, one, two in rounds]):6.2f}")
    print(f"peak memory, scan --jobs 1            {max(one.peak for _, one, _ in rounds):6.0f} MB")
    empty = work / "empty"
    empty.mkdir()
    (empty / "a.md").write_text("text\n")
    start = median([scan(empty, 1).cpu for _ in range(ROUNDS)])
    costs = {parts: median([scan(share_, 1).cpu - start for _ in range(ROUNDS)]) for parts, share_ in _parts(folder, work)}
    print("CPU without start-up, by share of the corpus (1.00 = linear):")
    for parts, cost in costs.items():
        print(f"  1/{parts}: {cost * parts / costs[1]:.2f}")
    _one_line(work, start)
    _start_up(work)


def _parts(folder: Path, work: Path) -> list[tuple[int, Path]]:
    return [(parts, folder if parts == 1 else share(folder, parts, work)) for parts in (1, 2, 4)]


def _one_line(work: Path, start: float) -> None:
    """One post on one line, all of it new, then all of it standing twice."""
    rng = random.Random(1)
    print("CPU for each MB of a post on one line, against the smallest (1.00 = linear):")
    for name, twice in (("new", False), ("standing twice", True)):
        base = 0.0
        for megabytes in ONE_LINE_MEGABYTES:
            count = megabytes * 1_000_000 // (6 if twice else 3)
            text = "".join("。" if rng.random() < 0.03 else chr(rng.randrange(0x4E00, 0x9000)) for _ in range(count))
            folder = work / f"{name}{megabytes}"
            folder.mkdir()
            (folder / "a.md").write_text(text * (2 if twice else 1))
            cost = (scan(folder, 1).cpu - start) / megabytes
            base = base or cost
            print(f"  {name}, {megabytes} MB: {cost / base:.2f}")


def _start_up(work: Path) -> None:
    python = statistics.median(measure([sys.executable, "-c", "pass"], work).cpu for _ in range(ROUNDS))
    for option in ("--help", "--version"):
        cost = statistics.median(measure([sys.executable, "-m", "dedupe", option], work).cpu for _ in range(ROUNDS))
        print(f"CPU, dedupe {option} / python -c pass  {cost / python:.1f}  ({cost:.2f} s)")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        if len(sys.argv) > 1:
            folder = Path(sys.argv[1]).resolve()
            if not folder.is_dir():
                print(f"{folder} is not there; nothing measured")
                return
        else:
            folder = work / "corpus"
            folder.mkdir()
            sample_corpus(folder)
        report(folder, work)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"peak memory of all of the above       {peak:6.0f} MB")


if __name__ == "__main__":
    main()
