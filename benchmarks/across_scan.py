"""Measure what comparing posts with each other costs a scan, and what the index saves of it.

    python benchmarks/across_scan.py [FOLDER] [ROUNDS]

FOLDER has posts (default: `../shared/corpus/posts-ja` beside the project); where it is missing, a word is said and nothing
measured. Works on a copy. In each round four scans of one worker follow each other: a cold one without the rules across posts,
a cold one with them, a warm one in which nothing changed, and one after a post got another paragraph. Each round changes
another post. What is told are the medians of the ratios within a round, and of the differences, which are seconds of this
machine.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from itertools import count
from pathlib import Path

from measure import Cost, median, run, take_turns

ROOT = Path(__file__).resolve().parents[1]
REAL = ROOT.parent / "shared" / "corpus" / "posts-ja"
ROUNDS = 7
_AGO = 3600
"""Seconds since which each post is as it is: one that changed just now is read again by the next scan."""


def scan(work: Path, cache: str, *options: str) -> Cost:
    return run(
        [sys.executable, "-m", "dedupe", "scan", "posts", "--exit-zero", "--jobs", "1", "--cache-dir", cache, *options], work
    )


def cold(work: Path, cache: str, *options: str) -> Cost:
    shutil.rmtree(work / cache, ignore_errors=True)
    return scan(work, cache, *options)


def change(post: Path, number: int) -> None:
    """Write another paragraph at the end of a post, as if an hour ago."""
    text = f"\n\nParagraph {number}, written since the last scan, says what no other post says about the harbour at six.\n"
    with post.open("a", encoding="utf-8") as file:
        file.write(text)
    settle(post, _AGO - number - 1)


def settle(post: Path, ago: int = _AGO) -> None:
    os.utime(post, (time.time() - ago,) * 2)


def main(source: Path, rounds: int) -> None:
    if not source.is_dir():
        print(f"{source} has no posts; nothing measured")
        return
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        shutil.copytree(source, work / "posts")
        posts = sorted(file for file in (work / "posts").rglob("*.md"))
        for post in posts:
            post.chmod(0o644)
            settle(post)
        numbers = count()

        def changed() -> Cost:
            number = next(numbers)
            change(posts[number * 37 % len(posts)], number)
            return scan(work, "all")

        works = {
            "without": lambda: cold(work, "some", "--ignore", "POST"),
            "cold": lambda: cold(work, "all"),
            "warm": lambda: scan(work, "all"),
            "changed": changed,
        }
        cold(work, "all")  # compiles the modules
        turns = take_turns(works, rounds)
    size = sum(post.stat().st_size for post in source.rglob("*.md"))
    print(f"{len(posts)} posts, {size / 1e6:.1f} MB, {rounds} rounds")
    print(
        f"cold with the rules across posts / without: CPU {median(turn['cold'].cpu / turn['without'].cpu for turn in turns):.2f}"
    )
    print(f"cold / nothing changed: wall {median(turn['cold'].wall / turn['warm'].wall for turn in turns):.1f}")
    print(f"one post changed / nothing changed: wall {median(turn['changed'].wall / turn['warm'].wall for turn in turns):.1f}")
    print(
        f"nothing changed: {median(turn['warm'].wall for turn in turns):.2f} s; "
        f"one post changed: {median(turn['changed'].wall - turn['warm'].wall for turn in turns):.2f} s more"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else REAL).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS)
