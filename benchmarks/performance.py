"""Measure `dedupe` beside other programs, by run, worker, size and stage: `make bench` writes docs/performance.md.

    python benchmarks/performance.py [--quick] [--write] [FOLDER]

Prints what it measured, or writes it to docs/performance.md, with a plot. Posts are made from the sample posts (posts.py);
the real ones in FOLDER (default: `../shared/corpus/posts-ja` beside the project) are measured too, where there are any.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.metadata
import json
import math
import os
import platform
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from measure import Cost, median, run, take_turns
from posts import write_posts
from rivals import Rival, find_rivals

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "performance.md"
PLOT = ROOT / "docs" / "performance.svg"
REAL = ROOT.parent / "shared" / "corpus" / "posts-ja"
SHARES = (1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8)
ONE_LINE = (1, 4)
SETTLED = 2.5
"""Seconds after which the index trusts the stat of a file."""
SHOWN = 0.02
"""Stages with less than that share of the time are told together."""

Rounds = Sequence[Mapping[str, Cost]]


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: megabytes of made posts, rounds, and each how manieth of the real posts."""

    megabytes: float
    rounds: int
    step: int


FULL, QUICK = Size(6, 3, 1), Size(1, 3, 24)


@dataclass(frozen=True, slots=True)
class Corpus:
    """Posts to measure with: a folder of their own, in which nothing else is."""

    name: str
    folder: Path

    @property
    def posts(self) -> list[Path]:
        return sorted(self.folder.rglob("*.md"))

    @property
    def megabytes(self) -> float:
        return sum(post.stat().st_size for post in self.posts) / 1e6

    def __str__(self) -> str:
        return f"{len(self.posts):,} {self.name}, {self.megabytes:.1f} MB"


def dedupe(*options: str) -> list[str]:
    return [sys.executable, "-m", "dedupe", *options]


def scan(corpus: Corpus, *options: str, jobs: int = 1) -> Cost:
    command = dedupe("scan", "--quiet", "--exit-zero", "--jobs", str(jobs), *(options or ("--no-cache",)))
    return run([*command, corpus.folder], corpus.folder.parent)


def run_rival(rival: Rival, corpus: Corpus) -> Cost:
    assert rival.command is not None
    return run([*rival.command, *(corpus.posts if rival.lists else [corpus.folder])], corpus.folder.parent)


def workers() -> list[int]:
    return sorted({1, 2, os.cpu_count() or 1})


def made(work: Path, share: float, megabytes: float) -> Corpus:
    place = work / f"made-{share}"
    write_posts(place / "posts", share * megabytes)
    return Corpus("posts made from the samples", place / "posts")


def real(work: Path, folder: Path, step: int) -> Corpus:
    place = work / "real" / "posts"
    place.mkdir(parents=True)
    for number, post in enumerate(sorted(folder.rglob("*.md"))[::step]):
        shutil.copyfile(post, place / f"{number:05}.md")
    return Corpus("Japanese posts of one site", place)


def say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def compare(corpus: Corpus, rivals: Sequence[Rival], rounds: int) -> Rounds:
    """Let `scan`, with all workers, and the others take turns."""
    say(f"beside other programs: {corpus}")
    works: dict[str, Callable[[], Cost]] = {
        rival.name: partial(run_rival, rival, corpus) for rival in rivals if rival.command is not None
    }
    works["dedupe scan"] = partial(scan, corpus, jobs=workers()[-1])
    works["dedupe fix --dry-run"] = partial(_repair, corpus)
    return take_turns(works, rounds)


def _repair(corpus: Corpus) -> Cost:
    command = dedupe("fix", "--dry-run", "--quiet", "--no-cache", "--jobs", str(workers()[-1]))
    # 1 says that something would change, 2 that something else could not be proved and would stay.
    return run([*command, corpus.folder], corpus.folder.parent, allowed=(0, 1, 2))


def by_run(corpus: Corpus, rounds: int) -> Rounds:
    """Let scans take turns that differ in their workers and in what the index knows."""
    say(f"runs: {corpus}")
    posts = corpus.posts
    post = sorted(posts, key=lambda each: each.stat().st_size)[len(posts) // 2]
    index = ("--cache-dir", str(corpus.folder.parent / "index"))

    def cold() -> Cost:
        shutil.rmtree(index[1], ignore_errors=True)
        return scan(corpus, *index)

    def changed() -> Cost:
        with post.open("a", encoding="utf-8") as file:
            file.write("\nOne more line.\n")
        return scan(corpus, *index)

    time.sleep(SETTLED)
    works: dict[str, Callable[[], Cost]] = {_with(jobs): partial(scan, corpus, jobs=jobs) for jobs in workers()}
    return take_turns(works | {"cold": cold, "warm": partial(scan, corpus, *index), "one post changed": changed}, rounds)


def _with(jobs: int) -> str:
    return f"{jobs} worker{'s' * (jobs > 1)}"


def grow(work: Path, megabytes: float, rivals: Sequence[Rival]) -> dict[float, dict[str, Cost]]:
    """Return what `scan` and the others take of each share of the corpus, from 1/8 of it to 8 times as much, by its megabytes."""
    found = {}
    for share in SHARES:
        corpus = made(work, share, megabytes)
        say(f"growth: {corpus}")
        works: dict[str, Callable[[], Cost]] = {
            rival.name: partial(run_rival, rival, corpus) for rival in rivals if rival.command is not None and not rival.lists
        }
        works["dedupe scan"] = partial(scan, corpus)
        # Small sizes are soon measured, and vary most; the least is what it took when nothing came between.
        turns = take_turns(works, 3 if share <= 1 else 1)
        found[corpus.megabytes] = {name: min((turn[name] for turn in turns), key=lambda cost: cost.cpu) for name in works}
        shutil.rmtree(corpus.folder.parent)
    return found


def exponent(sizes: Sequence[float], cpu: Sequence[float], start: float) -> float:
    """Return the slope of time over size, both as logarithms, start-up taken off: 1 where twice the posts take twice the time."""
    taken = [math.log(max(1e-3, each - start)) for each in cpu]
    return statistics.linear_regression(list(map(math.log, sizes)), taken).slope


def profile(corpus: Corpus) -> list[tuple[str, float, float]]:
    """Return for each module its share of the time of a scan, and the MB by which memory rose while it was at work."""
    say(f"stages: {corpus}")
    place = corpus.folder.parent
    file = place / "stages.json"
    options = ("scan", "--quiet", "--exit-zero", "--no-cache", "--jobs", "1", corpus.folder)
    run([sys.executable, ROOT / "benchmarks" / "stages.py", file, *options], place)
    told = json.loads(file.read_text("utf-8"))
    total = sum(told["samples"].values())
    rows = [(module, count / total, told["grown"][module]) for module, count in told["samples"].items()]
    shown = sorted((row for row in rows if row[1] >= SHOWN or row[2] >= 1), key=lambda row: -row[1])
    rest = [row for row in rows if row not in shown]
    return [*shown, ("all others", sum(row[1] for row in rest), sum(row[2] for row in rest))]


def on_one_line(work: Path) -> dict[str, float]:
    """Return how much more each MB of a post on one line takes in the larger one than in the smaller one."""
    say("posts on one line")
    found = {}
    for name, twice in (("all of it new", 1), ("all of it standing twice", 2)):
        cost = []
        for megabytes in ONE_LINE:
            rng = random.Random(1)
            letters = rng.choices(range(0x4E00, 0x9000), k=megabytes * 1_000_000 // (3 * twice))
            text = "".join("。" if rng.random() < 0.03 else chr(letter) for letter in letters)
            place = work / f"line-{twice}-{megabytes}" / "posts"
            place.mkdir(parents=True)
            (place / "a.md").write_text(text * twice, "utf-8")
            corpus = Corpus("one line", place)
            cost.append(scan(corpus).cpu / megabytes)
        found[name] = cost[-1] / cost[0]
    return found


def start_up(work: Path, rounds: int) -> Rounds:
    say("start-up")
    empty = work / "empty" / "posts"
    empty.mkdir(parents=True)
    (empty / "a.md").write_text("text\n", "utf-8")
    works: dict[str, Callable[[], Cost]] = {
        "python": partial(run, [sys.executable, "-c", "pass"], work),
        "version": partial(run, dedupe("--version"), work),
        "help": partial(run, dedupe("--help"), work),
        "one": partial(scan, Corpus("post", empty)),
    }
    return take_turns(works, rounds * 3)


def of(rounds: Rounds, what: str, than: str, kind: str) -> float:
    """Return how many times as much one takes as the other, the median of all rounds."""
    return median(getattr(turn[what], kind) / getattr(turn[than], kind) for turn in rounds)


def peak(rounds: Rounds, what: str) -> float:
    return median(turn[what].peak for turn in rounds)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    marks = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, marks, *rows))


def compare_table(rounds: Rounds, rivals: Sequence[Rival]) -> str:
    """One row for each program; times as multiples of those of `dedupe scan`."""
    does = {rival.name: rival.does for rival in rivals}
    does |= {"dedupe scan": "all findings, by all rules", "dedupe fix --dry-run": "all findings, repaired and proved"}
    rows = []
    for name, what in does.items():
        if name in rounds[0]:
            times = [f"{of(rounds, name, 'dedupe scan', kind):.2f}" for kind in ("cpu", "wall")]
            rows.append([f"`{name}`: {what}", *times, f"{peak(rounds, name):.0f} MB"])
    return table(("program", "CPU", "wall", "peak memory"), rows)


def run_table(rounds: Rounds) -> str:
    notes = {"cold": "1 worker, writes the index", "warm": "nothing changed", "one post changed": "the others known"}
    rows = []
    for name in rounds[0]:
        times = [f"{of(rounds, name, '1 worker', kind):.3f}" for kind in ("cpu", "wall")]
        rows.append([name + (f" ({notes[name]})" if name in notes else ""), *times, f"{peak(rounds, name):.0f} MB"])
    return table(("run of `dedupe scan`", "CPU", "wall", "peak memory"), rows)


def growth_table(found: Mapping[float, Mapping[str, Cost]], start: float) -> str:
    whole = list(found)[SHARES.index(1)]
    base = (found[whole]["dedupe scan"].cpu - start) / whole
    rows = []
    for share, (size, costs) in zip(SHARES, found.items(), strict=True):
        cost = costs["dedupe scan"]
        rows.append([_times(share), f"{size:.1f} MB", f"{(cost.cpu - start) / size / base:.2f}", f"{cost.peak:.0f} MB"])
    return table(("posts", "size", "CPU for each MB", "peak memory"), rows)


def _times(share: float) -> str:
    return f"{share:.0f} ×" if share >= 1 else f"1/{1 / share:.0f}"


def draw(found: Mapping[float, Mapping[str, Cost]], place: Path) -> None:
    """Draw CPU time over size, both as multiples of a scan of the whole corpus, and peak memory beside it."""
    import matplotlib as mpl  # noqa: PLC0415 (what measures is to be small: programs begin as copies of it)
    from matplotlib.figure import Figure  # noqa: PLC0415
    from matplotlib.ticker import FuncFormatter  # noqa: PLC0415

    mpl.rcParams.update({"svg.hashsalt": "dedupe", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10})
    sizes = list(found)
    unit = found[sizes[SHARES.index(1)]]["dedupe scan"].cpu
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name in found[sizes[0]]:
        width = 2.4 if name == "dedupe scan" else 1.2
        left.loglog(sizes, [costs[name].cpu / unit for costs in found.values()], marker="o", markersize=3, lw=width, label=name)
        right.semilogx(sizes, [costs[name].peak for costs in found.values()], marker="o", markersize=3, lw=width, label=name)
    left.set(title="CPU time (1 = scan of the corpus)", xlabel="MB of posts")
    right.set(title="peak memory (MB)", xlabel="MB of posts")
    right.set_ylim(bottom=0)
    for axes in (left, right):
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.grid(visible=True, which="major", color="#dddddd", lw=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    left.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    left.legend(frameon=False)
    figure.savefig(place, metadata={"Date": None})


def describe_machine(rivals: Sequence[Rival]) -> str:
    day = dt.datetime.now(dt.UTC).date()
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("dedupe-posts", "numpy"))
    words = [f"Measured on {day} with Python {platform.python_version()}, {versions}; {os.cpu_count()} cores."]
    words += [f"{rival.name} was not measured: {rival.missing}." for rival in rivals if rival.command is None]
    load = os.getloadavg()[2] / (os.cpu_count() or 1)
    if load > 1.5:
        words.append(f"The machine was busy with other work as well ({load:.1f} programs waiting for each core).")
    return " ".join(words)


NO_REAL = "Real posts were not at hand."
INTRODUCTION = """\
# Performance

`make bench` wrote this page and writes it anew. Times are told as ratios, for seconds of two machines, or of two hours on one, do
not compare; the programs of one table took turns, and each figure is the median of the ratios within a turn. All posts are read
from the page cache.
"""


GUARD = """\
## What keeps it so

`make cost`, a part of CI, counts what a fixed handful of posts costs and compares it with `benchmarks/cost.json`: lines of Python
executed, by module, and instructions under valgrind, which numpy, the parser and imports cannot hide from. Neither depends on the
clock, so no noise fails it. It refuses 1 % more instructions for each further post, 3 % more to start and to load, and 2 % more
steps in a module; what became cheaper by 5 % has to be written down as well. Raising a count is a visible part of a change.

## Parts

`python benchmarks/sketch.py` measures the signatures of texts against those of datasketch, `benchmarks/report.py` how long a
browser takes to show a report, `benchmarks/review.py` the pages of a review.
"""


def write_up(work: Path, size: Size, folder: Path, plot: Path) -> str:
    """Measure everything and return the page; writes the plot."""
    rivals = find_rivals(work)
    base = made(work, 1, size.megabytes)
    corpora = [base, real(work, folder, size.step)] if folder.is_dir() else [base]
    parts = [INTRODUCTION, describe_machine(rivals) + ("" if folder.is_dir() else f" {NO_REAL}") + "\n"]
    parts.append(
        "## Beside other programs\n\nTimes are multiples of those of `dedupe scan`, which has as many workers as cores here.\n"
    )
    for corpus in corpora:
        rounds = compare(corpus, rivals, size.rounds)
        parts.append(f"{corpus}:\n\n{compare_table(rounds, rivals)}\n")
    parts.append("## Cold, warm, and by workers\n\nTimes are multiples of those of one worker without an index.\n")
    parts += [f"{corpus}:\n\n{run_table(by_run(corpus, size.rounds))}\n" for corpus in corpora]
    stages = [profile(corpus) for corpus in corpora]
    starts = start_up(work, size.rounds)
    start = median(turn["one"].cpu for turn in starts)
    found = grow(work / "growth", size.megabytes, rivals)
    costs = [each["dedupe scan"] for each in found.values()]
    slope = exponent(list(found), [cost.cpu for cost in costs], start)
    memory = costs[-1].peak / costs[SHARES.index(1)].peak
    draw(found, plot)
    parts.append(
        "## Growth\n\nOne worker, start-up not counted, against the middle size. CPU time grows with the size to the power of "
        f"{slope:.2f}; 8 times the posts take {memory:.2f} times the memory.\n\n{growth_table(found, start)}\n\n"
        "![CPU time and peak memory by size](performance.svg)\n"
    )
    lines = on_one_line(work)
    parts.append(
        f"A post on one line takes for each MB, at {ONE_LINE[-1]} MB and against {ONE_LINE[0]} MB: "
        + "; ".join(f"{what}, {ratio:.2f}" for what, ratio in lines.items())
        + ".\n"
    )
    parts.append(_stages(corpora, stages))
    ratios = {name: of(starts, name, "python", "cpu") for name in ("version", "help", "one")}
    parts.append(
        f"## Start-up\n\nAs multiples of the CPU time of `python -c pass`: `dedupe --version` {ratios['version']:.1f}, "
        f"`dedupe --help` {ratios['help']:.1f}, a scan of one short post {ratios['one']:.1f}.\n"
    )
    parts.append(GUARD)
    return "\n".join(parts)


def _stages(corpora: Sequence[Corpus], stages: Sequence[Sequence[tuple[str, float, float]]]) -> str:
    text = """\
## Stages

Where the time of a scan with one worker goes, by [module](architecture.md): sampled each millisecond, with all that a
module calls outside of `dedupe`; and by how much the peak of memory rose meanwhile. With one worker wall time is divided alike.
"""
    for corpus, rows in zip(corpora, stages, strict=True):
        told = [[f"`{name}`" if name.isidentifier() else name, f"{share:.1%}", f"{grown:.0f} MB"] for name, share, grown in rows]
        text += f"\n{corpus}:\n\n{table(('stage', 'share of CPU', 'memory'), told)}\n"
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure dedupe beside other programs, by run, worker, size and stage.")
    parser.add_argument("--quick", action="store_true", help="fewer posts and fewer rounds")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md and its plot")
    parser.add_argument("folder", nargs="?", type=Path, default=REAL, help="real posts to measure as well")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        page = write_up(
            Path(name), QUICK if given.quick else FULL, given.folder, PLOT if given.write else Path(name) / "plot.svg"
        )
    if given.write:
        PAGE.write_text(page, "utf-8")
    else:
        print(page)


if __name__ == "__main__":
    main()
