"""Let the rules (`---`) that only fenced off what goes go with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

from dedupe.model import PROSE, Kind, Safety, Span, Verdict
from dedupe.scene import COPY, VOID, Scene, find_footers


def fence(scene: Scene, verdicts: list[Verdict]) -> list[Verdict]:
    """Return the verdicts, each with the rules beside it that only fenced what goes."""
    if Kind.RULE not in scene.kind:
        return verdicts
    going = [
        scene.units_in(verdict.spans) if verdict.safety is not Safety.DISPLAY and verdict.rule != "RPT004" else []
        for verdict in verdicts
    ]
    idle = set(_idle_rules(scene, {unit for units in going for unit in units}))
    fenced: list[Verdict] = []
    for verdict, units in zip(verdicts, going, strict=True):
        if not units:
            fenced.append(verdict)
            continue
        first, last = units[0], units[-1]
        while first - 1 in idle:
            first -= 1
            idle.remove(first)
        while last + 1 in idle:
            last += 1
            idle.remove(last)
        *most, end = verdict.spans
        spans = (*most, Span(end.start, scene.spans[last].end))
        at = next(index for index, span in enumerate(spans) if span.end > span.start)
        start = min(scene.spans[first].start, spans[at].start)
        fenced.append(replace(verdict, spans=(*spans[:at], Span(start, spans[at].end), *spans[at + 1 :])))
    return fenced


def _idle_rules(scene: Scene, gone: set[int]) -> Iterator[int]:
    """Yield the rules that fence nothing once all in `gone` goes.

    Those are the rules in its midst and at an end of the post, and one of two that would meet, both in a post that has no
    others but before its footer; there also the one at a seam where the text before it goes on behind what goes.
    """
    runs = [list(run) for void, run in groupby(range(len(scene)), lambda unit: unit in gone or scene.state[unit] is VOID) if void]
    rules = [[unit for unit in run if scene.kind[unit] is Kind.RULE and unit not in gone] for run in runs]
    footers = find_footers(scene)
    used = any(own and not gone.intersection(run) and run[-1] + 1 not in footers for run, own in zip(runs, rules, strict=True))
    for run, own in zip(runs, rules, strict=True):
        going = [unit for unit in run if unit in gone]
        if not going or not own:
            continue
        left, right = [unit for unit in own if unit < going[0]], [unit for unit in own if unit > going[-1]]
        yield from (unit for unit in own if going[0] < unit < going[-1])
        if run[0] == 0 or run[-1] + 1 == len(scene):
            yield from (*left, *right)
        elif left and right:
            yield from left if used else own
        elif not used and _goes_on_behind(scene, run, going):
            yield from own


def _goes_on_behind(scene: Scene, run: list[int], going: list[int]) -> bool:
    """Tell whether the last of what goes is a copy of what stands right before the run, and prose comes next."""
    copy, before, after = going[-1], run[0] - 1, run[-1] + 1
    return scene.state[copy] is COPY and scene.witness_end(copy) == scene.last[before] and scene.kind[after] in PROSE
