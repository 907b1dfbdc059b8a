"""Count what examining and repairing a few posts costs, and refuse what costs more than before.

    python benchmarks/cost.py             compare with cost.json
    python benchmarks/cost.py --update    write down what is counted now

Counts are no seconds: neither the speed of the machine nor what else runs on it matters. Two things are counted. *Steps* are
the lines of `dedupe` that Python executes, by module: the same to the last one wherever Python has the same minor version; they
say where a cost went up. *Instructions* are those of the whole process under valgrind, with numpy, the parser and the imports:
they show what no line shows. These depend on the build of Python, so where that is another one, or valgrind is missing, only
steps are compared, and a word is said. CI refuses to do without valgrind.

cost.json goes up only by hand, where a review sees it. What became cheaper is to be written down, too: a floor far below
what is needed would let the next slow-down pass.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Any

from posts import write_posts

HERE = Path(__file__).resolve().parent
FLOOR = HERE / "cost.json"
MEGABYTES = 0.15
MORE, LESS = 1.02, 0.95
"""How far a count may be from what is written down. Instructions vary by 0.4 % from run to run, steps by nothing."""
MINOR = 0.002
"""Modules with less than that share of all steps do not count, and none fails for having gained as much."""
_RENEW = "if that is meant, write it down with `python benchmarks/cost.py --update`"
_SETTLED = {"PYTHONHASHSEED": "0", "SOURCE_DATE_EPOCH": "0", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": ""}

Costs = Mapping[str, Any]


def work(posts: Path, home: Path) -> None:
    """Do what is counted: an audit, and a repair with near copies, up to its proof."""
    from dedupe import Config, fix, scan  # noqa: PLC0415 (start-up is counted apart)

    scan([posts])
    fix([posts], Config(unsafe_fixes=True), dry_run=True, home=home)


def count_steps(posts: Path, home: Path) -> Counter[str]:
    """Return how many lines of each module Python executes for the work, imports not counted."""
    from dedupe import pipeline, run  # noqa: F401, PLC0415 (imported before anything is counted)

    steps: Counter[str] = Counter()

    def within(frame: FrameType, event: str, _: object) -> object:
        if event == "line":
            steps[frame.f_globals["__name__"]] += 1
        return within

    def entered(frame: FrameType, _: str, __: object) -> object:
        return within if frame.f_globals.get("__name__", "").startswith("dedupe.") else None

    sys.settrace(entered)
    try:
        work(posts, home)
    finally:
        sys.settrace(None)
    return steps


def count_instructions(command: Sequence[str]) -> int:
    """Return how many instructions a Python program takes, start-up included."""
    with tempfile.TemporaryDirectory() as home:
        tool = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", sys.executable]
        done = subprocess.run([*tool, *command], cwd=home, env=_settled(), capture_output=True, check=False)
    found = re.search(rb"I +refs: +([\d,]+)", done.stderr)
    if done.returncode or found is None:
        raise SystemExit(f"valgrind failed:\n{done.stderr.decode()}")
    return int(found[1].replace(b",", b""))


def _settled() -> dict[str, str]:
    return {**os.environ, **_SETTLED}


def measure() -> Costs:
    """Count everything, each count in a process of its own, two at a time: counts do not mind."""
    this = str(HERE / "cost.py")
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(2) as pool:
        one, all_ = Path(name) / "one", Path(name) / "all"
        write_posts(one, 0)
        write_posts(all_, MEGABYTES)
        # What is not compiled yet would be compiled, and counted, in the first run only.
        subprocess.run([sys.executable, "-m", "compileall", "-q", HERE, HERE.parent / "src"], check=True, env=_settled())
        commands = {"all": [this, "--work", str(all_)], "one": [this, "--work", str(one)], "start": ["-m", "dedupe", "--version"]}
        there = shutil.which("valgrind") is not None
        counts = {what: pool.submit(count_instructions, command) for what, command in commands.items() if there}
        counted = [sys.executable, this, "--steps", str(all_)]
        steps = pool.submit(subprocess.run, counted, cwd=name, env=_settled(), capture_output=True, check=True)
        taken = {what: count.result() for what, count in counts.items()}
        instructions = there and {
            "start up": taken["start"],
            "examine a first post": taken["one"],
            "examine the others": taken["all"] - taken["one"],
        }
        return {
            "python": sys.version,
            "instructions": instructions or {},
            "steps": _without_minor(json.loads(steps.result().stdout)),
        }


def _without_minor(steps: Mapping[str, int]) -> dict[str, int]:
    least = MINOR * sum(steps.values())
    return {module: count for module, count in steps.items() if count > least}


def compare(floor: Costs, now: Costs) -> list[str]:
    """Return a sentence for each count that is too far from what is written down."""
    problems = []
    before, after = floor["steps"], now["steps"]
    if _minor(floor) == _minor(now):
        total = sum(before.values())
        problems += [
            f"{module} takes {count:,} steps, {before.get(module, 0):,} before"
            for module, count in after.items()
            if count > before.get(module, 0) * MORE + total * MINOR
        ]
        problems += _compare("steps in all", total, sum(after.values()))
    if floor["python"] == now["python"]:
        for what, count in now["instructions"].items():
            problems += _compare(f"million instructions to {what}", floor["instructions"][what] // 10**6, count // 10**6)
    return problems


def _compare(what: str, before: int, after: int) -> list[str]:
    if before * LESS <= after <= before * MORE:
        return []
    return [f"{after:,} {what}, {before:,} before ({after / before - 1:+.1%})"]


def _minor(costs: Costs) -> str:
    return ".".join(costs["python"].split(".")[:2])


def uncompared(floor: Costs, now: Costs) -> list[str]:
    """Return a sentence for each kind of count that says nothing here."""
    words = []
    if not now["instructions"]:
        words.append("valgrind is not installed: instructions are not counted.")
    elif floor["python"] != now["python"]:
        words.append("This is another build of Python than the one in cost.json: instructions are not compared.")
    if _minor(floor) != _minor(now):
        words.append("This is another version of Python than the one in cost.json: steps are not compared.")
    return words


def table(floor: Costs, now: Costs) -> str:
    """Return the counts as lines of text, the largest first, with how far they are from what is written down."""
    rows = [(f"instructions to {what}", count, floor["instructions"].get(what)) for what, count in now["instructions"].items()]
    rows.append(("steps in all", sum(now["steps"].values()), sum(floor["steps"].values())))
    rows += [(f"steps in {module}", count, floor["steps"].get(module)) for module, count in now["steps"].items()]
    return "\n".join(
        f"{what:34}{count:>15,}" + (f"{count / old - 1:>+9.1%}" if old else "      new") for what, count, old in rows
    )


def main(arguments: Sequence[str] | None = None, place: Path = FLOOR) -> int:
    """Count and compare; return 0 when nothing is too far from what is written down, else 1."""
    parser = argparse.ArgumentParser(description="Count what a few posts cost and compare it with cost.json.")
    parser.add_argument("--update", action="store_true", help="write down what is counted now")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--steps", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.work:
        work(given.work, Path())
    elif given.steps:
        print(json.dumps(dict(count_steps(given.steps, Path()).most_common())))
    else:
        return judge(measure(), place, update=given.update)
    return 0


def judge(now: Costs, place: Path, *, update: bool) -> int:
    if update and not now["instructions"]:
        raise SystemExit("valgrind is not installed; without it nothing is written down. `apt-get install valgrind` brings it")
    if update:
        place.write_text(json.dumps(now, indent=2) + "\n", "utf-8")
    floor = json.loads(place.read_text("utf-8"))
    problems = compare(floor, now)
    words = uncompared(floor, now)
    if os.environ.get("CI") and not now["instructions"]:
        problems.append("CI counts instructions: `apt-get install valgrind` brings what is missing")
    print("\n".join([table(floor, now), *words, *(f"{problem}; {_RENEW}." for problem in problems)]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
