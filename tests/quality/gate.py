"""Measure the labelled cases kind by kind, and refuse what is worse than before.

python tests/quality/gate.py            print the measures, compare them with floor.json and the list of known failures
python tests/quality/gate.py --update   raise the floors to what is reached now; never lowers one

A floor falls only by hand, in floor.json, where a review sees it: as when cases are added that are known to fail.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from rapidfuzz import fuzz

from dedupe import Config, examine, read_post

HERE = Path(__file__).parent
FLOOR = HERE / "floor.json"
INDEX = tomllib.loads((HERE / "cases.toml").read_text("utf-8"))
KINDS = {kind: Config(unsafe_fixes=entry["unsafe_fixes"]) for kind, entry in INDEX["kinds"].items()}
KNOWN: Mapping[str, str] = INDEX["known"]

_ALIKE = 90
_SENTENCE_ENDS = re.compile(r"(?<=[。！？])(?![」』）】])|(?<=[.!?])\s+|\n+")
_SIGNS = re.compile(r"[\W_]+")
_BLANK_LINES = re.compile(r"\n\s*\n")


class Case(NamedTuple):
    """A damaged post and what an editor makes of it."""

    kind: str
    name: str
    damaged: str
    expected: str

    @property
    def key(self) -> str:
        return f"{self.kind}/{self.name}"


class Score(NamedTuple):
    """How a repair compares with the expected one: shares of the expected text it lacks, and of its text nobody expects."""

    exact: float
    lost: float
    residual: float
    f1: float


Floor = Mapping[str, Mapping[str, float]]


def read_cases() -> list[Case]:
    """Return all cases, in order; every kind has to be told in cases.toml."""
    return [
        Case(
            kind=file.parent.name,
            name=file.name.removesuffix(".in.md"),
            damaged=file.read_text("utf-8"),
            expected=file.with_name(file.name.replace(".in.", ".out.")).read_text("utf-8"),
        )
        for file in sorted(HERE.glob("*/*.in.md"))
    ]


@cache
def measure(case: Case) -> Score:
    """Repair the damaged post and score the result; it counts as exact only when it is proved and settled too."""
    config = KINDS[case.kind]
    outcome = examine(read_post(case.name, case.damaged), config)
    again = examine(read_post(case.name, outcome.repaired), config)
    done = outcome.proof_error is None and again.repaired == outcome.repaired
    score = compare(case.expected, outcome.repaired)
    return score._replace(exact=score.exact if done else 0.0)


def compare(expected: str, given: str) -> Score:
    """Score a text against the expected one by the longest common subsequence of sentences, each as long as it is."""
    wanted, had = _sentences(expected), _sentences(given)
    row = [(0, 0)] * (len(had) + 1)
    for one in wanted:
        above, row = row, [(0, 0)]
        for at, other in enumerate(had):
            best = max(above[at + 1], row[at])
            if _are_alike(one, other):
                best = max(best, (above[at][0] + len(one), above[at][1] + len(other)))
            row.append(best)
    kept = row[-1][0] / max(1, sum(map(len, wanted)))
    right = row[-1][1] / max(1, sum(map(len, had)))
    return Score(float(_squash(expected) == _squash(given)), 1 - kept, 1 - right, 2 * kept * right / max(1e-9, kept + right))


def _sentences(text: str) -> list[str]:
    folded = (_SIGNS.sub("", unicodedata.normalize("NFKC", part).casefold()) for part in _SENTENCE_ENDS.split(text))
    return [part for part in folded if part]


def _are_alike(one: str, other: str) -> bool:
    return one == other or (min(len(one), len(other)) >= 6 and fuzz.ratio(one, other, score_cutoff=_ALIKE) > 0)


def _squash(text: str) -> str:
    return _BLANK_LINES.sub("\n\n", "\n".join(line.rstrip() for line in text.strip().splitlines()))


def average(scores: Iterable[tuple[str, Score]]) -> dict[str, tuple[int, Score]]:
    """Return for each kind, and for all together as "total", the number of cases and their mean score."""
    groups: dict[str, list[Score]] = {}
    for kind, score in scores:
        groups.setdefault(kind, []).append(score)
    groups["total"] = [score for members in groups.values() for score in members]
    return {kind: (len(members), Score(*map(fmean, zip(*members, strict=True)))) for kind, members in groups.items()}


def table(means: Mapping[str, tuple[int, Score]]) -> str:
    """Return the means as lines of text."""
    lines = [f"{'kind':<14}{'cases':>6}{'exact %':>9}{'lost':>8}{'residual':>10}{'f1':>8}"]
    for kind, (count, score) in means.items():
        lines.append(f"{kind:<14}{count:>6}{score.exact:>9.1%}{score.lost:>8.4f}{score.residual:>10.4f}{score.f1:>8.4f}")
    return "\n".join(lines)


def floor_of(means: Mapping[str, tuple[int, Score]]) -> dict[str, dict[str, float]]:
    """Return the means as floors, rounded to the lenient side."""
    return {
        kind: {
            "exact": math.floor(score.exact * 1e4) / 1e4,
            "f1": math.floor(score.f1 * 1e4) / 1e4,
            "lost": math.ceil(score.lost * 1e4) / 1e4,
        }
        for kind, (_, score) in means.items()
    }


def below(floor: Floor, now: Floor) -> list[str]:
    """Return a sentence for every measure that is worse than its floor."""
    problems = [f"{kind} has a floor and no cases." for kind in floor if kind not in now]
    for kind, least in floor.items():
        reached = now.get(kind, least)
        problems += [
            f"{kind}: {name} is {reached[name]}, below the floor of {least[name]}."
            for name in ("exact", "f1")
            if reached[name] < least[name]
        ]
        if reached["lost"] > least["lost"]:
            problems.append(f"{kind}: lost is {reached['lost']}, above the {least['lost']} that is the most allowed.")
    return problems


def surprises(exact: Mapping[str, bool]) -> list[str]:
    """Return a sentence for every case whose result is not what the list of known failures says."""
    problems = [f"{key} is a known failure and no case." for key in KNOWN if key not in exact]
    problems += [f"{key} passes now: take it off the known failures in cases.toml." for key in KNOWN if exact.get(key)]
    return problems + [
        f"{key} fails, and is not a known failure." for key, passes in exact.items() if not passes and key not in KNOWN
    ]


def main(arguments: Sequence[str] | None = None, place: Path = FLOOR) -> int:
    """Run the gate; return 0 when nothing is worse than before, else 1."""
    parser = argparse.ArgumentParser(description="Measure the labelled cases and compare them with the floors.")
    parser.add_argument("--update", action="store_true", help="raise the floors to what is reached now")
    update = parser.parse_args(arguments).update
    cases = read_cases()
    scores = [measure(case) for case in cases]
    means = average((case.kind, score) for case, score in zip(cases, scores, strict=True))
    now = floor_of(means)
    floor = json.loads(place.read_text("utf-8")) if place.exists() else {}
    problems = below(floor, now)
    if update and not problems:
        place.write_text(json.dumps(now, indent=2) + "\n", "utf-8")
    elif update:
        problems.append("No floor was changed: a floor is never lowered here.")
    else:
        problems += [f"{kind} has no floor: run with --update." for kind in now if kind not in floor]
    problems += surprises({case.key: score.exact == 1 for case, score in zip(cases, scores, strict=True)})
    sys.stdout.write("\n".join([table(means), f"{len(KNOWN)} known failures", *problems]) + "\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
